"""What the journal means for the table `records`: one row for each record of a register, from what is open of it alone."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.database import records
from zhixun.messages import Entry

__all__ = ["fold_records", "project_records"]

_TOLD = ("recorded", "record_changed")


async def project_records(connection: AsyncConnection, entry: Entry) -> None:
    """Carry `entry` into the table."""
    change = _change(entry)
    if entry.kind == "recorded":
        await connection.execute(records.insert().values(**_begin(entry), **change))
    elif change:
        await connection.execute(records.update().where(records.c.number == entry.consultation).values(**change))


def fold_records(rows: dict[str, dict[str, Any]], entry: Entry) -> None:
    """Carry `entry` into the rows by number, as `project_records` does into the table."""
    change = _change(entry)
    if entry.kind == "recorded":
        rows[entry.consultation] = {**_begin(entry), **change}
    elif change and entry.consultation in rows:
        rows[entry.consultation] |= change


def _begin(entry: Entry) -> dict[str, Any]:
    return {"number": entry.consultation, "added": entry.time, "ended": "", "erased": False}


def _change(entry: Entry) -> dict[str, Any]:
    who = {"changed": entry.time, "by": entry.actor.removeprefix("staff:")}
    if entry.kind in _TOLD:
        told = entry.open
        return {**who, "register": told["register"], "standing": told["standing"], "year": told["year"], "seq": entry.seq,
                "dues": json.dumps(told["dues"], sort_keys=True), "links": " ".join(["", *told["links"], ""])}  # fmt: skip
    match entry.kind:
        case "record_ended":
            return {**who, "ended": entry.time}
        case "record_restored":
            return {**who, "ended": ""}
        case "erased":
            # Nothing is owed any more to who is not known; that there was a record stays.
            return {"erased": True, "dues": "{}"}
    return {}
