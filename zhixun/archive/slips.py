"""What the journal means for the table `slips`: one row for each slip, by number."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.database import slips
from zhixun.messages import Entry

__all__ = ["fold_slips", "project_slips"]


async def project_slips(connection: AsyncConnection, entry: Entry) -> None:
    """Carry `entry` into the table."""
    if entry.kind == "referred":
        await connection.execute(slips.insert().values(**_row(entry)))
    elif change := _change(entry):
        await connection.execute(slips.update().where(slips.c.number == entry.open["slip"]).values(**change))


def fold_slips(rows: dict[str, dict[str, Any]], entry: Entry) -> None:
    """Carry `entry` into the rows by number, as `project_slips` does into the table."""
    if entry.kind == "referred":
        rows[str(entry.open["slip"])] = _row(entry)
    elif (change := _change(entry)) and entry.open["slip"] in rows:
        rows[str(entry.open["slip"])] |= change


def _row(entry: Entry) -> dict[str, Any]:
    told = {name: entry.open[name] for name in ("agency", "kind", "standing", "way", "due")}
    return {**told, "number": entry.open["slip"], "consultation": entry.consultation, "issued": entry.time, "changed": entry.time,
            "reminded": "", "owner": entry.actor.removeprefix("staff:")}  # fmt: skip


def _change(entry: Entry) -> dict[str, Any]:
    if entry.kind == "slip_moved":
        return {"standing": entry.open["standing"], "changed": entry.time}
    return {"reminded": entry.time} if entry.kind == "slip_reminded" else {}
