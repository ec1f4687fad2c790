"""Finds sessions that staff in WeCom's client have ended without the service being told.

WeCom tells of an end in its list of messages, keeps that for three days, and gives it to whoever asks first; it may also count from
the oldest again. Without the end the program would stay silent towards the citizen for good.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from zhixun.channels.tencent.api import PlatformError, UnreachableError
from zhixun.channels.wecom.carrier import NEW, PERSON, POOL
from zhixun.channels.wecom.door import WeComDoor
from zhixun.channels.wecom.reading import DOOR
from zhixun.clock import Clock, new_token
from zhixun.database import Database, consultations
from zhixun.doors import ENDED, LEFT, Address, ByStaff

__all__ = ["LOOK", "Endings"]

_log = logging.getLogger(__name__)

LOOK = timedelta(minutes=1)
"""So often WeCom is asked about each session that staff have there."""


class Endings:
    """Looks at the sessions that staff have in WeCom's client.

    Args:
        address: where a consultation's words go to. by_staff: notes what staff did there.
    """

    def __init__(
        self, database: Database, clock: Clock, door: WeComDoor, address: Callable[[str], Awaitable[Address | None]],
        by_staff: Callable[[ByStaff], Awaitable[object]],
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._door = door
        self._address = address
        self._by_staff = by_staff
        self._due: dict[str, datetime] = {}
        self._ended: set[str] = set()

    async def look(self) -> int:
        """Ask about each session whose time has come; returns how many were found to have ended. Called every few seconds.

        One that has ended is pulled for, and taken back the next time: by then what staff did there stands in its order.
        """
        now = self._clock.now()
        there = (consultations.c.channel == DOOR) & (consultations.c.state == "staff") & (consultations.c.operator == DOOR)
        async with self._database.read() as connection:
            numbers = (await connection.scalars(sa.select(consultations.c.number).where(there))).all()
        self._ended &= set(numbers)
        self._due = {number: self._due.get(number, now) for number in numbers}
        found = 0
        for number in numbers:
            if self._due[number] > now:
                continue
            self._due[number] = now + LOOK
            address = await self._address(number)
            found += address is not None and await self._taken_back(number, address)
        return found

    async def _taken_back(self, number: str, at: Address) -> bool:
        """Take one session back where it ended before the last look; returns whether it was."""
        try:
            state = await self._door.carrier.state(at.account, at.peer)
        except (PlatformError, UnreachableError) as error:
            _log.warning("the state of a session is not known: %s", error)
            return False
        if state in (POOL, PERSON):
            self._ended.discard(number)
        elif number not in self._ended:
            self._ended.add(number)
            self._door.pull(at.account)
        else:
            # In a new session the citizen has written since; somebody has to read it.
            await self._by_staff(ByStaff(DOOR, at.account, at.peer, new_token(), LEFT if state == NEW else ENDED))
            return True
        return False
