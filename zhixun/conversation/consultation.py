"""The life of a consultation around its turns: opening, reading, closing, and closing by itself."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock, new_token, stamp
from zhixun.conversation.order import Order
from zhixun.conversation.owner import owner_of, step
from zhixun.conversation.ports import Phrases
from zhixun.database import Database, consultations, outbox, sessions
from zhixun.doors import PARTNER_SESSION
from zhixun.errors import CitizenError, ZhixunError
from zhixun.messages import Button, Entry, Event, Reply
from zhixun.ports import Journal, Seal

__all__ = ["Consultations"]

_log = logging.getLogger(__name__)

_NOBODY: Mapping[str, str] = MappingProxyType({})


class Consultations:
    """Opens, reads and closes consultations.

    Args:
        seal: seals the file of a closed consultation and returns its receipt's code.
        quick: the buttons under the greeting.
        idle: after how long without a word the bot closes a consultation it owns; `in_guide`: the same in the middle of a guide.
    """

    def __init__(
        self, database: Database, journal: Journal, site: Phrases, clock: Clock, order: Order, *,
        seal: Seal, wake: Callable[[str], None], quick: tuple[Mapping[str, str], ...], idle: timedelta,
        in_guide: timedelta,
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._site = site
        self._clock = clock
        self._order = order
        self._seal = seal
        self._wake = wake
        self._quick = tuple(Button(button["title"], button["payload"]) for button in quick)
        self._idle, self._in_guide = idle, in_guide

    async def open(
        self, channel: str, region: str, consent: bool, through: Mapping[str, str] = _NOBODY
    ) -> tuple[str, str, tuple[Reply, ...]]:
        """Begin a consultation; returns the session token, the number and the greeting.

        Args:
            through: whose system opened it and with which key (`partner`, `key`), or on whose `site` the window stands; empty for our own.
        """
        token = (PARTNER_SESSION if "partner" in through else "") + new_token()
        phrases = self._site.phrases
        # The widget has told what the program is before the citizen agreed; other doors tell it first.
        told = () if channel == "web" else (Reply(phrases["program"], kind="notice"),)
        replies = (*told, Reply(phrases["greeting"], buttons=self._quick, kind="greeting"))
        async with self._database.write() as connection:
            opened = Event("opened", "zhixun", {"channel": channel, "region": region, "consent": consent, **through})
            entry = await self._journal.open(connection, opened)
            await self._say(connection, entry.consultation, replies)
            await connection.execute(sessions.insert().values(token=_hash(token), consultation=entry.consultation))
        return token, entry.consultation, replies

    async def find(self, token: str) -> str:
        """Return the consultation of a session.

        Raises:
            CitizenError: nobody holds such a session.
        """
        async with self._database.read() as connection:
            query = sa.select(sessions.c.consultation).where(sessions.c.token == _hash(token))
            number = await connection.scalar(query)
        if number is None:
            raise CitizenError("会话不存在或已失效，请重新开始咨询。", code="no_session", status=401)
        return str(number)

    async def transcript(self, number: str, after: int = 0) -> tuple[str, list[Entry]]:
        """Return who owns the consultation and its entries above `after`."""
        async with self._database.read() as connection:
            state = await self._state(connection, number)
            return owner_of(state), await self._journal.read(connection, number, after)

    async def delivered(self, number: str, through: int) -> None:
        """Note that everything up to the entry `through` has reached the citizen."""
        async with self._database.write() as connection:
            reached = (outbox.c.consultation == number) & (outbox.c.seq <= through) & outbox.c.delivered.is_(None)
            await connection.execute(outbox.update().where(reached).values(delivered=stamp(self._clock.now())))

    async def close(self, number: str, by: str = "citizen") -> str:
        """Close and seal; returns the receipt's code, the same one when it was closed before."""
        async with self._order.turn(number):
            async with self._database.write() as connection:
                state = await self._state(connection, number)
                if state != "closed":
                    events = [Event("closed", by, {"state": step(state, "closed"), "reason": by})]
                    await self._journal.append(connection, number, events)
            self._wake(number)
            return await self._seal(number)

    async def close_idle(self) -> int:
        """Close every consultation that the bot owns and nobody spoke in for the idle time; returns how many."""
        async with self._database.read() as connection:
            query = sa.select(consultations.c.number).where(self._is_idle())
            numbers = (await connection.scalars(query)).all()
        closed = 0
        for number in numbers:
            try:
                async with self._order.turn(number):
                    if await self._end_idle(number):
                        closed += 1
                        self._wake(number)
                        await self._seal(number)
            except (ZhixunError, OSError) as error:
                # One that cannot be sealed now is sealed later; the others must not wait for it.
                _log.error("%s could not be closed: %s", number, type(error).__name__)
        return closed

    async def _end_idle(self, number: str) -> bool:
        """Say farewell and close in one breath, unless the citizen spoke or was handed over since it was looked for."""
        async with self._database.write() as connection:
            query = sa.select(consultations.c.number).where(consultations.c.number == number, self._is_idle())
            if await connection.scalar(query) is None:
                return False
            await self._say(connection, number, (Reply(self._site.phrases["idle_closed"], kind="closed"),))
            await self._journal.append(connection, number, [Event("closed", "idle", {"state": "closed", "reason": "idle"})])
        return True

    def _is_idle(self) -> sa.ColumnElement[bool]:
        """Who has been silent for too long; somebody in the middle of a guide may come back on another day."""
        now = self._clock.now()
        limit = sa.case((consultations.c.in_guide, stamp(now - self._in_guide)), else_=stamp(now - self._idle))
        return sa.and_(consultations.c.state == "bot", consultations.c.last < limit)

    async def _say(self, connection: AsyncConnection, number: str, replies: tuple[Reply, ...]) -> None:
        """Say something outside of a turn."""
        events = [
            Event("said", "bot", {"turn": 0, "kind": reply.kind},
                  {"text": reply.text, "buttons": [{"title": b.title, "payload": b.payload} for b in reply.buttons]})
            for reply in replies
        ]  # fmt: skip
        await self._journal.append(connection, number, events)

    async def _state(self, connection: AsyncConnection, number: str) -> str:
        return str(await connection.scalar(sa.select(consultations.c.state).where(consultations.c.number == number)))


def _hash(token: str) -> str:
    """A token is kept only as its hash, so that the store opens no session."""
    # What strangers send as a token may not even be text.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

