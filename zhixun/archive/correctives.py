"""What the journal means for the table `correctives`: one row for each corrective action, by number."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.database import correctives
from zhixun.messages import Entry

__all__ = ["fold_correctives", "project_correctives"]

_OVER = ("finished", "dropped")
_TOLD = ("owner", "carrier", "due", "rounds")


async def project_correctives(connection: AsyncConnection, entry: Entry) -> None:
    """Carry `entry` into the table."""
    if entry.kind == "corrective_opened":
        await connection.execute(correctives.insert().values(**_row(entry)))
    elif entry.kind == "corrective_moved":
        own = correctives.c.number == entry.open["corrective"]
        await connection.execute(correctives.update().where(own).values(**_change(entry)))
    elif entry.kind == "erased":
        own = (correctives.c.consultation == entry.consultation) & correctives.c.standing.not_in(_OVER)
        await connection.execute(correctives.update().where(own).values(**_dropped(entry)))


def fold_correctives(rows: dict[str, dict[str, Any]], entry: Entry) -> None:
    """Carry `entry` into the rows by number, as `project_correctives` does into the table."""
    if entry.kind == "corrective_opened":
        rows[str(entry.open["corrective"])] = _row(entry)
    elif entry.kind == "corrective_moved" and entry.open["corrective"] in rows:
        rows[str(entry.open["corrective"])] |= _change(entry)
    elif entry.kind == "erased":
        for row in rows.values():
            if row["consultation"] == entry.consultation and row["standing"] not in _OVER:
                row.update(_dropped(entry))


def _row(entry: Entry) -> dict[str, Any]:
    told = entry.open
    return {"number": told["corrective"], "consultation": entry.consultation, "origin": told["origin"],
            "cause": told.get("of", entry.seq), "standing": told["standing"], "owner": told.get("owner", ""), "carrier": "",
            "due": told["due"], "opened": entry.time, "changed": entry.time, "rounds": 0}  # fmt: skip


def _change(entry: Entry) -> dict[str, Any]:
    change = {name: entry.open[name] for name in _TOLD if name in entry.open}
    return {**change, "standing": entry.open["standing"], "changed": entry.time}


def _dropped(entry: Entry) -> dict[str, Any]:
    """With the words of a consultation go those of what was being set right: nothing more can be written down of it."""
    return {"standing": "dropped", "changed": entry.time}
