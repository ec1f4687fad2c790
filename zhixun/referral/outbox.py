"""Letters to agencies that are on their way: the table `deliveries`, written in the transaction of what they tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import stamp
from zhixun.database import deliveries
from zhixun.retries import RUNNING

__all__ = ["Delivery", "attempted", "change", "find", "queue"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A letter on its way.

    Attributes:
        what: slip, reminder or withdrawal. next: when it is tried again, or given up as lost by whoever carries it (UTC stamps).
        error: why it did not arrive the last time, in Chinese, for staff.
    """

    id: int
    slip: str
    way: str
    what: str
    made: str
    next: str
    attempts: int
    standing: str
    error: str


async def queue(connection: AsyncConnection, slip: str, way: str, what: str, now: datetime) -> None:
    """Have a letter sent as soon as possible, unless the same one waits already."""
    same = (deliveries.c.slip == slip, deliveries.c.what == what, deliveries.c.standing.in_(RUNNING))
    if await connection.scalar(sa.select(sa.exists().where(*same))):
        return
    row = {"slip": slip, "way": way, "what": what, "made": stamp(now), "next": stamp(now)}
    await connection.execute(deliveries.insert().values(**row))


async def attempted(connection: AsyncConnection, slip: str) -> bool:
    """Tell whether anything of a slip may have reached the agency."""
    query = sa.select(sa.exists().where(deliveries.c.slip == slip, deliveries.c.attempts > 0))
    return bool(await connection.scalar(query))


async def change(connection: AsyncConnection, delivery: int, **values: object) -> None:
    """Write what became of a letter."""
    await connection.execute(deliveries.update().where(deliveries.c.id == delivery).values(**values))


async def find(connection: AsyncConnection, *conditions: sa.ColumnElement[bool]) -> Sequence[Delivery]:
    """Return the letters that all conditions hold for, in order of when they are due."""
    query = sa.select(deliveries).where(*conditions).order_by(deliveries.c.next, deliveries.c.id)
    return [Delivery(**row) for row in (await connection.execute(query)).mappings()]
