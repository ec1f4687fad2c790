"""A deployment with doors: arrivals, inbox and outbox over a real store, and a platform that keeps what it is brought."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from tests.support import HandClock, Office, office_in
from zhixun.channels.inbox import Inbox
from zhixun.channels.outbox import Carrier, Outbox, Undelivered
from zhixun.channels.wording import Parcel, size_in_bytes
from zhixun.conversation.arrivals import Arrivals
from zhixun.doors import Address, Incoming
from zhixun.messages import Button, Reply

DOOR = "wechat"
ACCOUNT = "gh_office"
DAYS_2 = 48 * 3600


@dataclass
class Platform:
    """The other side of a carrier: it keeps what arrived, and refuses, loses or delays as the test says."""

    limit: int = 2048
    knows_again: bool = False
    brought: list[tuple[str, str]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    refusals: list[Undelivered] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def size(self, text: str) -> int:
        return size_in_bytes(text)

    async def carry(self, to: Address, parcel: Parcel, once: str) -> None:
        await self.gate.wait()
        if self.refusals:
            raise self.refusals.pop(0)
        self.brought.append((to.peer, parcel.with_numbers()))
        self.ids.append(once)

    def texts(self, peer: str) -> list[str]:
        return [text for to, text in self.brought if to == peer]


class Reach(NamedTuple):
    """What the platform still lets through: so many messages (None: it does not count) until then (UTC stamp)."""

    left: int | None
    until: str


@dataclass
class Hall:
    """What the doors lead into."""

    office: Office
    arrivals: Arrivals
    platform: Platform
    outbox: Outbox
    inbox: Inbox
    carriers: Mapping[str, Carrier]
    fetched: list[str] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)

    def word(self, text: str, id: str = "1", peer: str = "citizen-a", **more: Any) -> Incoming:
        """Make words that somebody writes."""
        return Incoming(DOOR, ACCOUNT, peer, id, text, **more)

    async def say(self, text: str, id: str = "1", peer: str = "citizen-a", **more: Any) -> str:
        """Bring words in and wait until all that follows has happened; returns the consultation."""
        stored = await self.inbox.take([self.word(text, id, peer, **more)])
        await self.settle()
        return stored[0].consultation

    async def settle(self) -> None:
        """Wait until nothing is being answered or carried."""
        await self.inbox.finish()
        await self.outbox.carry_due()
        await self.outbox.finish()

    def reach(self, number: str) -> Reach:
        """Return what still gets through to whoever came by a door."""
        (row,) = self.office.sql("SELECT left, until FROM threads WHERE consultation=?", number)
        return Reach._make(row)

    def standings(self, number: str) -> list[str]:
        """Return how what was said stands in the outbox, in order."""
        return [str(row[0]) for row in self.office.sql("SELECT standing FROM outbox WHERE consultation=? ORDER BY seq", number)]


def join_hall(office: Office, carriers: Mapping[str, Carrier], platform: Platform | None = None) -> Hall:
    """Join the doors of a new process on the office's store."""
    arrivals = Arrivals(
        office.database, office.journal, office.turns, office.site, office.clock, key=bytes(32), region=office.site.region,
        quick=[Button(one["title"], one["payload"]) for one in office.site.quick], ratings=office.ratings,
    )  # fmt: skip

    async def receipt(connection: AsyncConnection, number: str) -> Reply:
        code = await office.receipts.code(connection, number)
        if not code:
            return Reply("")
        told, asked = office.site.phrases["door_closed"].format(number=number, code=code), await office.ratings.ask(connection, number)
        return Reply(f"{told}\n\n{asked.text}", buttons=asked.buttons) if asked else Reply(told)

    fetched, carried = list[str](), list[str]()
    outbox = Outbox(
        office.database, office.journal, office.clock, carriers, address=arrivals.address, receipt=receipt, carried=carried.append
    )

    async def fetch(number: str) -> None:
        fetched.append(number)

    def wake(number: str) -> None:
        office.woken.append(number)
        outbox.wake(number)

    inbox = Inbox(arrivals, outbox, office.turns.catch_up, wake, fetch, office.consultations.close)
    return Hall(office, arrivals, platform or Platform(), outbox, inbox, carriers, fetched, carried)


@asynccontextmanager
async def hall_in(folder: Path, *, clock: HandClock | None = None, **platform: Any) -> AsyncIterator[Hall]:
    """Join a deployment with one door in `folder`."""
    other = Platform(**platform)
    async with office_in(folder, clock) as office:
        hall = join_hall(office, {DOOR: other}, other)
        try:
            yield hall
        finally:
            other.gate.set()
            office.engine.gate.set()
            await hall.settle()
