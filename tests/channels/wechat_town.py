"""A deployment behind WeChat's door: the real door, inbox, outbox and store, and a stand-in for WeChat on both sides of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.channels.hall import Hall, Reach, join_hall
from tests.doubles.wechat import AES_KEY, APP_ID, GH, PLAIN, SAFE, SECRET, TOKEN, Pusher, WeChat
from tests.support import HandClock, Office, office_in
from zhixun.channels.faults import faults
from zhixun.channels.tencent.account import Account
from zhixun.channels.wechat.door import PATH, WeChatDoor

FAN = "oFanOpenId_0001"
ASKED = "商标异议期多久"
QUICK = 0.05


@dataclass
class Town:
    """Both sides of the door."""

    wechat: WeChat
    office: Office
    hall: Hall
    door: WeChatDoor
    pusher: Pusher
    url: str

    def seen(self, peer: str = FAN) -> list[str]:
        """Return what a citizen has on the screen."""
        return self.wechat.fans[peer].seen

    async def number(self, peer: str = FAN) -> str:
        """Return the consultation that a citizen is in."""
        return await self.hall.arrivals.current("wechat", GH, peer)

    async def reach(self, peer: str = FAN) -> Reach:
        """Return what may still be sent to a citizen."""
        return self.hall.reach(await self.number(peer))

    def other_pusher(self, **more: Any) -> Pusher:
        """Return a pusher that behaves otherwise."""
        return Pusher(self.wechat, self.url, **more)


@asynccontextmanager
async def town_in(folder: Path, mode: str, *, patience: float = 20, aes_key: str = AES_KEY, **more: Any) -> AsyncIterator[Town]:
    """Join a deployment with WeChat's door, whose console is set to `mode`; without a key for what comes in the clear."""
    clock = HandClock()
    account = Account(APP_ID, TOKEN, SECRET, "" if mode == PLAIN else aes_key)
    async with WeChat(clock) as wechat, office_in(folder, clock) as office:
        door = WeChatDoor(account, wechat.url, clock, patience)
        hall = join_hall(office, {"wechat": door.carrier})
        application = web.Application(middlewares=[faults])
        application.add_routes(door.routes(hall.inbox))
        # As the service listens: not by aiohttp's test server, which cancels what nobody waits for any more.
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=3)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
        try:
            async with door.running(hall.inbox):
                yield Town(wechat, office, hall, door, Pusher(wechat, url, mode=mode, **more), url)
                wechat.gate.set()
                office.engine.gate.set()
                await hall.settle()
        finally:
            await runner.cleanup()
        assert wechat.violations == []


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with town_in(tmp_path, SAFE) as joined:
        yield joined


@pytest.fixture
async def hasty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """Give a door that waits for no answer that is not there almost at once."""
    monkeypatch.setattr("zhixun.channels.inbox.PATIENCE", QUICK)
    async with town_in(tmp_path, SAFE, patience=QUICK) as joined:
        yield joined
