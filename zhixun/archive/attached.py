"""What the journal means for the table `attachments`: one row for each file that was sent in a consultation."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.database import attachments
from zhixun.messages import Entry

__all__ = ["fold_attachments", "project_attachments"]


async def project_attachments(connection: AsyncConnection, entry: Entry) -> None:
    """Carry `entry` into the table."""
    if entry.kind == "attached":
        await connection.execute(attachments.insert().values(**_row(entry)))
    elif entry.kind == "erased":
        own = attachments.c.consultation == entry.consultation
        await connection.execute(attachments.update().where(own).values(erased=True))


def fold_attachments(rows: dict[str, dict[str, Any]], entry: Entry) -> None:
    """Carry `entry` into the rows by id, as `project_attachments` does into the table."""
    if entry.kind == "attached":
        rows[str(entry.open["id"])] = _row(entry)
    elif entry.kind == "erased":
        for row in rows.values():
            row["erased"] = row["erased"] or row["consultation"] == entry.consultation


def _row(entry: Entry) -> dict[str, Any]:
    told = {name: entry.open[name] for name in ("id", "type", "size", "digest")}
    return {**told, "consultation": entry.consultation, "seq": entry.seq, "sender": entry.actor, "erased": False}
