"""What the journal means for the tables that are read every day; used at each append and by `rebuild` alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.canonical import canonical
from zhixun.database import consultations, requests
from zhixun.messages import Entry

__all__ = ["PRIVATE_COLUMNS", "fold", "fold_requests", "project"]

PRIVATE_COLUMNS = ("mark", "same_as")
"""The columns of `requests` that follow from what is encrypted."""

_Requests = dict[str, dict[str, Any]]


async def project(connection: AsyncConnection, entry: Entry) -> None:
    """Carry `entry` into the tables `consultations` and `requests`."""
    if entry.kind == "opened":
        await connection.execute(consultations.insert().values(**fold({}, entry)))
        return
    change = fold({}, entry)
    await connection.execute(consultations.update().where(consultations.c.number == entry.consultation).values(**change))
    if entry.kind == "requested":
        await connection.execute(requests.insert().values(**_requested(entry)))
    elif entry.kind == "request_moved":
        await connection.execute(requests.update().where(requests.c.number == entry.open["request"]).values(**_moved(entry)))
    elif entry.kind == "erased":
        own = requests.c.consultation == entry.consultation
        await connection.execute(requests.update().where(requests.c.same_as.in_(sa.select(requests.c.number).where(own))).values(same_as=""))
        await connection.execute(requests.update().where(own).values(dict.fromkeys(PRIVATE_COLUMNS, "")))


def fold(row: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """Return the row of `consultations` as it is after `entry`."""
    if entry.kind == "opened":
        return {"number": entry.consultation, "channel": entry.open["channel"], "region": entry.open["region"],
                "state": "bot", "opened": entry.time, "last": entry.time, "closed": None, "turns": 0, "seq": entry.seq,
                "rating": None, "callback": False, "in_guide": False, "wants": ""}  # fmt: skip
    change: dict[str, Any] = {"seq": entry.seq}
    if "state" in entry.open:
        change["state"] = entry.open["state"]
    if entry.kind == "said" and entry.actor == "citizen":
        change |= {"turns": entry.open["turn"], "last": entry.time}
    elif entry.kind == "closed":
        change["closed"] = entry.time
    elif entry.kind == "rated":
        change["rating"] = canonical(entry.open["scores"]).decode()
    elif entry.kind == "parsed" and "in_guide" in entry.open:
        change |= {"in_guide": entry.open["in_guide"], "wants": entry.open.get("wants", "")}
    elif entry.kind == "contact_left" and entry.open.get("for") is None:
        change["callback"] = True
    return {**row, **change}


def fold_requests(rows: _Requests, entry: Entry) -> None:
    """Carry `entry` into the rows of `requests`, by number."""
    if entry.kind == "requested":
        rows[str(entry.open["request"])] = _requested(entry)
    elif entry.kind == "request_moved" and entry.open["request"] in rows:
        rows[str(entry.open["request"])] |= _moved(entry)
    elif entry.kind == "erased":
        own = {number for number, row in rows.items() if row["consultation"] == entry.consultation}
        for number, row in rows.items():
            if row["same_as"] in own:
                row["same_as"] = ""
            if number in own:
                row.update(dict.fromkeys(PRIVATE_COLUMNS, ""))


def _requested(entry: Entry) -> dict[str, Any]:
    told = entry.open
    return {"number": told["request"], "consultation": entry.consultation, "service": told["service"],
            "target": told["target"], "standing": told["standing"], "received": entry.time, "changed": entry.time,
            "due": told["due"], "priority": told["priority"], "owner": "", "follow_up": "",
            **{name: str((entry.private or {}).get(name, "")) for name in PRIVATE_COLUMNS}}  # fmt: skip


def _moved(entry: Entry) -> dict[str, Any]:
    change = {"standing": entry.open["standing"], "changed": entry.time}
    return change | {name: entry.open[name] for name in ("owner", "follow_up") if entry.open.get(name)}
