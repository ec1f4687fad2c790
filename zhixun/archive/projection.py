"""What the journal means for the tables that are read every day; used at each append and by `rebuild` alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.canonical import canonical
from zhixun.database import consultations
from zhixun.messages import Entry

__all__ = ["project"]


async def project(connection: AsyncConnection, entry: Entry) -> None:
    """Carry `entry` into the `consultations` table."""
    if entry.kind == "opened":
        row = {"number": entry.consultation, "channel": entry.open["channel"], "region": entry.open["region"],
               "state": "bot", "opened": entry.time, "last": entry.time, "closed": None, "turns": 0, "seq": entry.seq,
               "rating": None, "callback": False}  # fmt: skip
        await connection.execute(consultations.insert().values(**row))
        return
    change = {"seq": entry.seq, **_changes(entry)}
    await connection.execute(consultations.update().where(consultations.c.number == entry.consultation).values(**change))


def _changes(entry: Entry) -> Mapping[str, Any]:
    change: dict[str, Any] = {}
    if "state" in entry.open:
        change["state"] = entry.open["state"]
    if entry.kind == "said" and entry.actor == "citizen":
        change |= {"turns": entry.open["turn"], "last": entry.time}
    elif entry.kind == "closed":
        change["closed"] = entry.time
    elif entry.kind == "rated":
        change["rating"] = canonical(entry.open["scores"]).decode()
    elif entry.kind == "contact_left":
        change["callback"] = True
    return change
