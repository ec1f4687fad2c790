"""Carries what partners are to be told: in the order in which it happened in each consultation, again until it is taken.

A partner that does not answer keeps nobody else waiting, and one thing of a consultation that is not taken keeps back what came
after it, until it is taken or given up (`retries.py`).
"""

from __future__ import annotations

import asyncio
import json
import logging

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.channels.partners.hooks import Hook, Hooks
from zhixun.clock import Clock, stamp
from zhixun.database import Database, hook_deliveries
from zhixun.errors import OurFault
from zhixun.retries import DONE, DROPPED, FAILED, RUNNING, claimed, is_spent, not_arrived
from zhixun.signing import NotSent, SignedPost

__all__ = ["Posts"]

_INTERRUPTED = "发送多次中断，不清楚对方是否收到"

_log = logging.getLogger(__name__)


class Posts:
    """Carries what waits in `hook_deliveries`.

    Args:
        hooks: where each partner is told.
    """

    def __init__(self, database: Database, clock: Clock, hooks: Hooks, post: SignedPost) -> None:
        self._database = database
        self._clock = clock
        self._hooks = hooks
        self._post = post

    async def carry_due(self) -> int:
        """Carry what is due; returns how much was tried. Call it again and again."""
        async with self._database.read() as connection:
            query = sa.select(hook_deliveries.c.partner).where(*self._due()).distinct()
            due = (await connection.scalars(query)).all()
        tried = await asyncio.gather(*(self._carry_all(partner) for partner in due), return_exceptions=True)
        for one in tried:
            if isinstance(one, BaseException):
                raise one  # only now: what is going out to others has gone out
        return sum(one for one in tried if isinstance(one, int))

    async def failed(self) -> dict[str, int]:
        """Return how many things each partner was not told, and will not be, in the last weeks."""
        query = sa.select(hook_deliveries.c.partner, sa.func.count()).where(hook_deliveries.c.standing == FAILED)
        async with self._database.read() as connection:
            return {str(name): int(count) for name, count in await connection.execute(query.group_by(hook_deliveries.c.partner))}

    def _due(self) -> tuple[sa.ColumnElement[bool], ...]:
        """What is due now: the oldest thing of each consultation that is not over."""
        older = hook_deliveries.alias()
        earlier = sa.exists().where(
            older.c.consultation == hook_deliveries.c.consultation, older.c.seq < hook_deliveries.c.seq, older.c.standing.in_(RUNNING)
        )
        return hook_deliveries.c.standing.in_(RUNNING), hook_deliveries.c.next <= stamp(self._clock.now()), ~earlier

    async def _carry_all(self, partner: str) -> int:
        """Carry what is due to one partner, up to the first thing that it does not take."""
        tried = 0
        while (claim := await self._claim(partner)) is not None:
            tried += 1
            if not await self._carry(*claim):
                break
        return tried

    async def _claim(self, partner: str) -> tuple[sa.RowMapping, Hook] | None:
        """Take the next thing for a partner; all is dropped when it is not to be told any more."""
        now = self._clock.now()
        async with self._database.write() as connection:
            try:
                hook = await self._hooks.find(connection, partner)
            except OurFault as error:
                _log.error("%s", error.message)
                return None
            if hook is None:
                await _change(connection, hook_deliveries.c.partner == partner, standing=DROPPED)
                return None
            query = sa.select(hook_deliveries).where(hook_deliveries.c.partner == partner, *self._due())
            for row in (await connection.execute(query.order_by(hook_deliveries.c.next, hook_deliveries.c.id))).mappings():
                if not is_spent(row["attempts"]):
                    await _change(connection, hook_deliveries.c.id == row["id"], **claimed(row["attempts"], now))
                    return row, hook
                await _change(connection, hook_deliveries.c.id == row["id"], standing=FAILED, error=_INTERRUPTED)
        return None

    async def _carry(self, row: sa.RowMapping, hook: Hook) -> bool:
        """Post one thing and note what became of it; returns whether it was taken."""
        try:
            await self._post.send(hook.url, hook.secret, f"{row['consultation']}/{row['seq']}", json.loads(row["body"]))
        except NotSent as error:
            noted = not_arrived(row["attempts"] + 1, self._clock.now(), error.words, final=error.final)
        else:
            noted = {"standing": DONE, "error": ""}
        async with self._database.write() as connection:
            await _change(connection, hook_deliveries.c.id == row["id"], **noted)
        return bool(noted["standing"] == DONE)


async def _change(connection: AsyncConnection, which: sa.ColumnElement[bool], **values: object) -> None:
    running = which & hook_deliveries.c.standing.in_(RUNNING)
    await connection.execute(hook_deliveries.update().where(running).values(**values))
