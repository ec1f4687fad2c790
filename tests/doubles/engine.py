"""A stand-in for the engine's door, in the moods that an engine can be in; written from what the service asks of it."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType

from aiohttp import web
from aiohttp.test_utils import TestServer

__all__ = ["MOODS", "WELL", "Engine"]

WELL, SLOW, HUNG, DEAD, RUBBISH = "well", "slow", "hung", "dead", "rubbish"
MOODS = (WELL, SLOW, HUNG, DEAD, RUBBISH)
_SLOW_SECONDS = 1.0


class Engine:
    """Answers `答：` and the words. Use it with `async with`.

    Attributes:
        mood: `slow` takes a second, `hung` never answers, `dead` breaks the line, `rubbish` answers what is no turn.
        heard: every text that it was asked, in order of coming.
    """

    def __init__(self) -> None:
        self.mood = WELL
        self.heard: list[str] = []
        self._end = asyncio.Event()

    async def __aenter__(self) -> Engine:
        application = web.Application()
        application.router.add_get("/webhooks/zhixun/", self._health)
        application.router.add_post("/webhooks/zhixun/webhook", self._turn)
        application.router.add_post("/webhooks/zhixun/forget", self._health)
        self._server = TestServer(application, host="127.0.0.1")
        await self._server.start_server()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _turn(self, request: web.Request) -> web.StreamResponse:
        text = str((await request.json())["message"])
        self.heard.append(text)
        if self.mood == DEAD and request.transport is not None:
            request.transport.abort()
        elif self.mood == RUBBISH:
            return web.Response(body=b"\x00<html>not a turn", content_type="application/json")
        elif self.mood in (HUNG, SLOW):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), _SLOW_SECONDS if self.mood == SLOW else None)
        reply = {"text": f"答：{text}"}
        turn = {"messages": [{"custom": {"status": "answered", "replies": [reply]}}], "parsed": {"intent": "ask", "confidence": 0.9}}
        return web.json_response(turn)
