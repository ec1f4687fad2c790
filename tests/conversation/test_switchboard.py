"""The present engine: who asks does not know which one it is, and a turn ends where it began."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support import until
from zhixun.conversation.engine import EngineClient
from zhixun.conversation.switchboard import Switchboard
from zhixun.errors import TryLater


class Door:
    """An engine's door that answers with its name, when it is let."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.open = asyncio.Event()
        self.open.set()
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        await self.open.wait()
        return web.json_response({"messages": [{"text": self.name}], "parsed": {"intent": "ask", "model": self.name}})


@asynccontextmanager
async def _engine(door: Door, version: str = "") -> AsyncIterator[EngineClient]:
    application = web.Application()
    application.router.add_post("/webhooks/zhixun/webhook", door.answer)
    async with TestServer(application) as server, EngineClient(str(server.make_url("")).rstrip("/"), "token", version) as client:
        client.ready = True
        yield client


async def test_without_an_engine_it_is_not_ready_and_says_try_later() -> None:
    board = Switchboard()
    assert (board.ready, board.client) == (False, None)
    with pytest.raises(TryLater):
        await board.ask("ZX-1", "你好", "西宁市")
    with pytest.raises(TryLater):
        await board.understand("你好")
    await board.forget("ZX-1")


async def test_a_turn_ends_with_the_engine_with_which_it_began() -> None:
    old_door, new_door = Door("old"), Door("new")
    async with _engine(old_door, "v1") as old, _engine(new_door, "v2") as new:
        board = Switchboard(old)
        old_door.open.clear()
        begun = asyncio.create_task(board.ask("ZX-1", "你好", "西宁市"))
        await until(lambda: old_door.asked)
        assert board.put(new) is old
        later = await board.ask("ZX-2", "你好", "西宁市")
        drained = asyncio.create_task(old.idle())
        await asyncio.sleep(0)
        assert not drained.done(), "somebody still waits for the old one"
        old_door.open.set()
        first = await begun
        await drained
    assert [first.parsed, later.parsed] == [
        {"intent": "ask", "model": "old", "version": "v1"}, {"intent": "ask", "model": "new", "version": "v2"}
    ]  # fmt: skip


async def test_a_failed_turn_leaves_nobody_waiting() -> None:
    async with EngineClient("http://127.0.0.1:9", "token") as client:
        with pytest.raises(TryLater):
            await client.ask("ZX-1", "你好", "西宁市")
        await asyncio.wait_for(client.idle(), 5)
