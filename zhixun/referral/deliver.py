"""Carries letters to agencies: claims them one by one, sends, and notes what became of them, by the rules of `retries.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa

from zhixun.clock import Clock, stamp
from zhixun.database import Database, deliveries
from zhixun.referral import words
from zhixun.referral.book import Referrals
from zhixun.referral.letters import Letters, wanted
from zhixun.referral.outbox import Delivery, change, find
from zhixun.referral.ports import Agencies, Carrier
from zhixun.referral.slip import Slip
from zhixun.retries import DONE, DROPPED, FAILED, RUNNING, claimed, is_spent, not_arrived
from zhixun.signing import NotSent

__all__ = ["Deliveries"]


class Deliveries:
    """Carries what waits in `deliveries`.

    Args:
        referrals: notes that a slip went out. letters: writes them.
        agencies: where they go to. carriers: by which way.
    """

    def __init__(
        self, database: Database, referrals: Referrals, letters: Letters, agencies: Agencies, carriers: Mapping[str, Carrier],
        clock: Clock,
    ) -> None:  # fmt: skip
        self._database = database
        self._referrals = referrals
        self._letters = letters
        self._agencies = agencies
        self._carriers = carriers
        self._clock = clock

    async def carry_due(self) -> int:
        """Carry all letters that are due; returns how many were tried. Call it again and again."""
        tried = 0
        while await self._some_due() and (claimed := await self._claim()) is not None:
            await self._carry(*claimed)
            tried += 1
        return tried

    async def of(self, slip: str) -> list[Delivery]:
        """Return the letters of a slip, for staff."""
        async with self._database.read() as connection:
            return list(await find(connection, deliveries.c.slip == slip))

    async def failed(self) -> list[Delivery]:
        """Return the letters that did not arrive and are not tried again, unless the slip has gone on without them."""
        async with self._database.read() as connection:
            found = await find(connection, deliveries.c.standing == FAILED)
            return [one for one in found if wanted(one.what, await self._referrals.reader.read(connection, one.slip))]

    async def _some_due(self) -> bool:
        """Look before the one writing connection is asked for."""
        async with self._database.read() as connection:
            return bool(await find(connection, *self._due()))

    def _due(self) -> tuple[sa.ColumnElement[bool], ...]:
        return deliveries.c.standing.in_(RUNNING), deliveries.c.next <= stamp(self._clock.now())

    async def _claim(self) -> tuple[Delivery, Slip] | None:
        """Take the next letter that still makes sense; what makes none is dropped."""
        async with self._database.write() as connection:
            for one in await find(connection, *self._due()):
                slip = await self._referrals.reader.read(connection, one.slip)
                if not wanted(one.what, slip):
                    await change(connection, one.id, standing=DROPPED)
                elif is_spent(one.attempts):
                    await change(connection, one.id, standing=FAILED, error=words.INTERRUPTED)
                else:
                    await change(connection, one.id, **claimed(one.attempts, self._clock.now()))
                    return replace(one, attempts=one.attempts + 1), slip
        return None

    async def _carry(self, delivery: Delivery, slip: Slip) -> None:
        try:
            agency, carrier = self._agencies.find(slip.agency), self._carriers.get(delivery.way)
            if agency is None or carrier is None or not agency.confirmed or not carrier.reaches(agency):
                raise NotSent(words.NO_ADDRESS, final=True)
            if delivery.what == words.SLIP and not slip.facts:
                raise NotSent(words.FORGOTTEN, final=True)
            # Making the document takes a while; others must not wait for it.
            await carrier.carry(agency, await asyncio.to_thread(self._letters.letter, slip, delivery))
        except NotSent as error:
            await self._not_arrived(delivery, error)
        else:
            await self._arrived(delivery)

    async def _not_arrived(self, delivery: Delivery, error: NotSent) -> None:
        noted = not_arrived(delivery.attempts, self._clock.now(), error.words, final=error.final)
        async with self._database.write() as connection:
            await change(connection, delivery.id, **noted)

    async def _arrived(self, delivery: Delivery) -> None:
        async with self._database.write() as connection:
            await change(connection, delivery.id, standing=DONE, error="")
            moved = await self._referrals.sent(connection, delivery.slip) if delivery.what == words.SLIP else None
        if moved is not None:
            slip, closed = moved
            await self._referrals.finish(slip, closed=closed)
