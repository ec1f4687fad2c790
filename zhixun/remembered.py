"""What the store remembers under a name, beside its tables: how far a reader of the journal has come, how a switch stands."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.database import meta

__all__ = ["RESTORED", "forget", "remember", "remembered", "restored_at"]

RESTORED = "restored"


async def remembered(connection: AsyncConnection, name: str) -> str | None:
    """Return what stands under `name`; None when nothing does."""
    value: str | None = await connection.scalar(sa.select(meta.c.value).where(meta.c.name == name))
    return value


async def remember(connection: AsyncConnection, name: str, value: str) -> None:
    """Put `value` under `name` (at most 32 letters), in place of what stood there; in the caller's write transaction."""
    row = insert(meta).values(name=name, value=value)
    await connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


async def forget(connection: AsyncConnection, *names: str) -> None:
    """Take away what stands under `names`; in the caller's write transaction."""
    await connection.execute(meta.delete().where(meta.c.name.in_(names)))


async def restored_at(connection: AsyncConnection) -> dict[str, Any] | None:
    """Return what was noted when this store was restored from sealed files; None when it never was.

    Returns:
        `day` (ISO), `leaves` (how many sealed files) and `journal` (`id` and `hash` that its first row follows).
    """
    value = await remembered(connection, RESTORED)
    return None if value is None else dict(json.loads(value))
