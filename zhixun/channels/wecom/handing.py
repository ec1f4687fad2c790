"""Hands those who wait for a person over to staff in WeCom's client, once they have been told that they wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from zhixun.channels.wecom.reading import DOOR
from zhixun.clock import Clock
from zhixun.database import Database, consultations, outbox
from zhixun.doors import SENDING, WAITING, Address

__all__ = ["AGAIN", "HandingOver"]

AGAIN = timedelta(minutes=1)
"""So long after it failed a hand-over is tried again; until then staff at the desk can take the citizen."""


class _Door(Protocol):
    async def hand_over(self, account: str, peer: str) -> bool: ...


class HandingOver:
    """Looks for who waits; what it needs stands in the store, so that a crash loses nobody.

    Args:
        address: where a consultation's words go to.
    """

    def __init__(self, database: Database, clock: Clock, door: _Door, address: Callable[[str], Awaitable[Address | None]]) -> None:
        self._database = database
        self._clock = clock
        self._door = door
        self._address = address
        self._failed: dict[str, datetime] = {}

    async def hand_over_waiting(self) -> int:
        """Hand everyone over who waits in the queue and is not passed to somebody by name; returns how many. Called every few seconds."""
        now = self._clock.now()
        self._failed = {number: until for number, until in self._failed.items() if until > now}
        # In the pool nothing more would get through to them.
        unsaid = sa.exists().where(outbox.c.consultation == consultations.c.number, outbox.c.standing.in_((WAITING, SENDING)))
        waiting = (consultations.c.channel == DOOR) & (consultations.c.state == "queued") & (consultations.c.assigned == "")
        query = sa.select(consultations.c.number).where(waiting, ~unsaid).order_by(consultations.c.handed)
        async with self._database.read() as connection:
            numbers = (await connection.scalars(query)).all()
        done = 0
        for number in numbers:
            address = await self._address(number) if number not in self._failed else None
            if address is not None and await self._door.hand_over(address.account, address.peer):
                done += 1
            elif address is not None:
                self._failed[number] = now + AGAIN
        return done
