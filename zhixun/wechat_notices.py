"""Tells citizens on WeChat how a call-back went, when an ordinary message no longer reaches them: by a notice they have subscribed to.

A keeper reads on in the journal from a remembered place. It notes the place before it sends, so that nobody is told twice; what
became of each notice is an entry in the consultation, which staff read.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.channels.outbox import Undelivered
from zhixun.clock import Clock, local_of, stamp
from zhixun.conversation.arrivals import NEVER
from zhixun.database import Database, consultations, journal, threads
from zhixun.doors import Address
from zhixun.messages import Event
from zhixun.ports import Journal, Seal
from zhixun.remembered import remember, remembered

__all__ = ["Notifier", "WeChatNotices"]

_PLACE = "notices"
_TOLD = {"done": "已联系并办结", "open": "已联系，正在办理", "no_answer": "给您回电没有接通"}
"""How a follow-up went, as the citizen is told; other results are told to nobody."""
_LONGEST = 20
"""So many letters WeChat takes in a field of words."""


class Notifier(Protocol):
    """What sends notices."""

    async def notify(self, peer: str, template: str, data: Mapping[str, str], page: str = "") -> None:
        """Send one.

        Raises:
            Undelivered: it is not taken.
        """


class WeChatNotices:
    """Sends what is to be told.

    Args:
        template: its number in WeChat's console. fields: the template's field for each that it shows of
            `number`, `result`, `time` and `office`, as `wechat_notice` in site.yml has them.
        address: where a consultation's words go to. seal: seals what was added to a closed one.
    """

    def __init__(
        self, database: Database, journal: Journal, clock: Clock, notifier: Notifier, *, template: str, fields: Mapping[str, str],
        office: str, address: Callable[[str], Awaitable[Address | None]], seal: Seal,
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._clock = clock
        self._notifier = notifier
        self._template = template
        self._fields = fields
        self._office = office
        self._address = address
        self._seal = seal

    async def catch_up(self) -> int:
        """Send what is new since the last look; returns how many were tried. What happened before the first look is not told."""
        tried = 0
        for number, seq, time, result in await self._claim():
            address = await self._address(number)
            if address is not None:
                tried += 1
                await self._send(number, seq, address, self._filled(number, time, result))
        return tried

    async def _claim(self) -> list[tuple[str, int, str, str]]:
        """Take what happened since the remembered place, and remember the end of it."""
        async with self._database.write() as connection:
            value = await remembered(connection, _PLACE)
            head = int(await connection.scalar(sa.select(sa.func.max(journal.c.id))) or 0)
            if value is not None and int(value) == head:
                return []
            await remember(connection, _PLACE, str(head))
            return [] if value is None else await self._happened(connection, int(value))

    async def _happened(self, connection: AsyncConnection, after: int) -> list[tuple[str, int, str, str]]:
        """Return the follow-ups of those whom no ordinary message reaches: consultation, entry, time and result."""
        now = stamp(self._clock.now())
        join = journal.join(consultations, consultations.c.number == journal.c.consultation)
        join = join.outerjoin(threads, threads.c.consultation == journal.c.consultation)
        # Who has stopped following gets no notice either.
        unreached = (consultations.c.state == "closed") | (threads.c.left < 1) | (threads.c.until < now)
        query = sa.select(journal).select_from(join).order_by(journal.c.id)
        query = query.where(journal.c.id > after, journal.c.kind == "followed_up", consultations.c.channel == "wechat", unreached)
        rows = (await connection.execute(query.where(sa.func.coalesce(threads.c.until, "") != NEVER))).mappings().all()
        told = [(row, str(json.loads(row["body"])["open"].get("result", ""))) for row in rows]
        return [(row["consultation"], row["seq"], row["time"], _TOLD[result]) for row, result in told if result in _TOLD]

    def _filled(self, number: str, time: str, result: str) -> Mapping[str, str]:
        local = local_of(time)
        known = {"number": number, "result": result, "time": f"{local:%Y年%m月%d日 %H:%M}", "office": self._office[:_LONGEST]}
        return {field: known[name] for name, field in self._fields.items()}

    async def _send(self, number: str, of: int, address: Address, data: Mapping[str, str]) -> None:
        try:
            await self._notifier.notify(address.peer, self._template, data)
        except Undelivered as error:
            event = Event("notice_lost", "zhixun", {"of": of}, {"why": error.words})
        else:
            event = Event("notice_sent", "zhixun", {"of": of})
        async with self._database.write() as connection:
            await self._journal.append(connection, number, [event])
            state = await connection.scalar(sa.select(consultations.c.state).where(consultations.c.number == number))
        if state == "closed":
            await self._seal(number)
