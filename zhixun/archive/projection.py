"""What the journal means for the tables that are read every day; used at each append and by `rebuild` alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.canonical import canonical
from zhixun.database import consultations
from zhixun.messages import Entry

__all__ = ["fold", "project"]


async def project(connection: AsyncConnection, entry: Entry) -> None:
    """Carry `entry` into the `consultations` table."""
    if entry.kind == "opened":
        await connection.execute(consultations.insert().values(**fold({}, entry)))
        return
    change = fold({}, entry)
    await connection.execute(consultations.update().where(consultations.c.number == entry.consultation).values(**change))


def fold(row: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """Return the row of `consultations` as it is after `entry`."""
    if entry.kind == "opened":
        return {"number": entry.consultation, "channel": entry.open["channel"], "region": entry.open["region"],
                "state": "bot", "opened": entry.time, "last": entry.time, "closed": None, "turns": 0, "seq": entry.seq,
                "rating": None, "callback": False, "in_guide": False}  # fmt: skip
    change: dict[str, Any] = {"seq": entry.seq}
    if "state" in entry.open:
        change["state"] = entry.open["state"]
    if entry.kind == "said" and entry.actor == "citizen":
        change |= {"turns": entry.open["turn"], "last": entry.time}
    elif entry.kind == "closed":
        change["closed"] = entry.time
    elif entry.kind == "rated":
        change["rating"] = canonical(entry.open["scores"]).decode()
    elif entry.kind == "parsed":
        change["in_guide"] = bool(entry.open.get("in_guide"))
    elif entry.kind == "contact_left":
        change["callback"] = True
    return {**row, **change}
