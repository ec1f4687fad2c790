"""What waits for a person."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from zhixun.database import Database, consultations

__all__ = ["Waiting", "waiting"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One consultation in the queue: `state` is queued or message_left, `last` the citizen's last word (UTC)."""

    number: str
    state: str
    channel: str
    region: str
    last: str
    callback: bool


async def waiting(database: Database) -> list[Waiting]:
    """Return what waits, the longest wait first."""
    columns = [consultations.c[name] for name in Waiting.__slots__]
    query = sa.select(*columns).where(consultations.c.state.in_(("queued", "message_left"))).order_by(consultations.c.last)
    async with database.read() as connection:
        return [Waiting(**row) for row in (await connection.execute(query)).mappings()]
