"""A deployment with the Telegram door, run as in the service, and Telegram's faithful double on the other side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.channels.hall import Hall, join_hall
from tests.doubles.telegram import BOT, SECRET, TOKEN, Given, Telegram, telegram_at
from tests.support import HandClock, office_in, until
from zhixun.channels.faults import faults
from zhixun.channels.telegram.access import Access
from zhixun.channels.telegram.door import TelegramDoor

PUBLIC = "https://ip.example.cn"
PERSON = "5550001"


@dataclass
class Pauses:
    """How long was waited, which takes no time unless the gate is shut."""

    taken: list[float] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await asyncio.sleep(0)
        await self.gate.wait()


@dataclass
class Station:
    """The door and both its sides."""

    hall: Hall
    double: Telegram
    door: TelegramDoor
    access: Access
    pauses: Pauses

    async def hears(self, update: Given, **how: Any) -> list[int]:
        """Deliver an update and wait until all that follows has happened."""
        answers = await self.double.push(update, **how)
        await self.hall.settle()
        return answers

    async def number(self, person: str = PERSON) -> str:
        return await self.hall.arrivals.current("telegram", BOT, person)

    async def said(self, person: str = PERSON) -> list[tuple[str, str]]:
        """Return what the citizen said, and in which form."""
        entries = await self.hall.office.entries(await self.number(person))
        own = [entry for entry in entries if entry.kind == "said" and entry.actor == "citizen"]
        return [(str((entry.private or {})["text"]), str(entry.open.get("form", ""))) for entry in own]


def access_to(double: Telegram, **more: Any) -> Access:
    return replace(Access(TOKEN, SECRET, double.url, PUBLIC), **more)


@asynccontextmanager
async def station_in(folder: Path, *, clock: HandClock | None = None, running: bool = True, **access: Any) -> AsyncIterator[Station]:
    """Join a deployment in `folder`; with `running`, the door runs and Telegram knows where it is."""
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(office_in(folder, clock))
        double = await stack.enter_async_context(telegram_at(office.clock))
        pauses = Pauses()
        given = access_to(double, **access)
        door = TelegramDoor(given, pauses)
        hall = join_hall(office, {door.name: door.carrier})
        application = web.Application(middlewares=[faults], client_max_size=64 * 1024)
        application.add_routes(door.routes(hall.inbox))
        server = await stack.enter_async_context(TestServer(application))
        double.hosts[PUBLIC] = f"http://{server.host}:{server.port}"
        if running:
            await stack.enter_async_context(door.running(hall.inbox))
        if running and given.webhook and not given.polling:
            await until(lambda: double.webhook)
        try:
            yield Station(hall, double, door, given, pauses)
        finally:
            pauses.gate.set()
            office.engine.gate.set()
            await hall.settle()
            assert double.violations == []
