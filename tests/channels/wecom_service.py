"""A service with the door of WeCom alone, over a real store, and the stand-in that it talks to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.channels.hall import Hall, join_hall
from tests.doubles.wecom import AES_KEY, CORP, KF, SECRET, TOKEN, Pusher, WeCom
from tests.support import HandClock, Office, office_in
from zhixun.channels.tencent.account import Account
from zhixun.channels.wecom.door import WeComDoor
from zhixun.messages import Entry

ACCOUNT = Account(CORP, TOKEN, SECRET, AES_KEY)


@dataclass
class Service:
    """One process: the door is open, and its platform calls it."""

    wecom: WeCom
    hall: Hall
    door: WeComDoor
    pusher: Pusher

    @property
    def office(self) -> Office:
        return self.hall.office

    async def pulled(self, kf: str = KF) -> None:
        """Tell the service that there is something, and wait until all that follows has happened."""
        assert await self.pusher.calls(kf) == (200, b"")
        await self.settle()

    async def settle(self) -> None:
        await self.door.settled()
        await self.hall.settle()
        await self.door.settled()

    async def said(self, peer: str, text: str) -> list[str]:
        """Have somebody write, and return what they are shown for it."""
        before = len(self.wecom.seen(peer))
        self.wecom.writes(peer, text)
        await self.pulled()
        return self.wecom.seen(peer)[before:]

    async def number(self, peer: str, kf: str = KF) -> str:
        return await self.hall.arrivals.current("wecom", kf, peer)

    async def entries(self, peer: str) -> list[Entry]:
        return await self.office.entries(await self.number(peer))

    async def citizens_words(self, peer: str) -> list[str]:
        return [(entry.private or {})["text"] for entry in await self.entries(peer) if (entry.kind, entry.actor) == ("said", "citizen")]

    def state(self, number: str) -> tuple[object, ...]:
        return self.office.sql("SELECT state, operator FROM consultations WHERE number=?", number)[0]


@asynccontextmanager
async def process(office: Office, wecom: WeCom, *, staff_in_wecom: bool = False) -> AsyncIterator[Service]:
    """Run a service on the office's store."""
    door = WeComDoor(ACCOUNT, wecom.url, office.database, office.clock, staff_in_wecom=staff_in_wecom, pauses=[0.0])
    hall = join_hall(office, {"wecom": door.carrier})
    application = web.Application()
    application.add_routes(door.routes(hall.inbox))
    server = TestServer(application, host="127.0.0.1")
    await server.start_server()
    try:
        await hall.outbox.settle()
        async with door.running(hall.inbox):
            service = Service(wecom, hall, door, Pusher(wecom, str(server.make_url("/channels/wecom"))))
            await service.settle()
            yield service
            await hall.settle()
    finally:
        await server.close()


@asynccontextmanager
async def opened(folder: Path, *, staff_in_wecom: bool = False) -> AsyncIterator[Service]:
    """Open a deployment with its stand-in; what the client did against the protocol fails the test."""
    clock = HandClock()
    async with office_in(folder, clock) as office, WeCom(clock) as wecom:
        assert isinstance(wecom, WeCom)
        async with process(office, wecom, staff_in_wecom=staff_in_wecom) as service:
            yield service
        assert wecom.violations == []
