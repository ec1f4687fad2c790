"""What the stand-ins for WeChat's and WeCom's servers share: tokens that end, strict reading, and faults on demand.

Written from the protocol, not from the client.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support import HandClock

HANG, DROP, GARBAGE, REDIRECT = "hang", "drop", "garbage", "redirect"
"""Faults: no answer until the gate opens, a line that breaks, an answer that is no JSON, an address elsewhere."""

_LIFE = timedelta(seconds=7200)
_OVERLAP = timedelta(minutes=5)
_FORCE_APART = timedelta(seconds=30)
_FORCES = 20


@dataclass
class TokenDesk:
    """Gives out access tokens, and knows which of them are good."""

    clock: HandClock
    issued: int = 0
    forced: list[datetime] = field(default_factory=list)
    _until: dict[str, datetime] = field(default_factory=dict)
    _current: str = ""

    def stable(self, *, force: bool = False) -> dict[str, Any]:
        """Return the token as `stable_token` does: the same again, until its last five minutes, in which both are good."""
        now = self.clock.now()
        left = self._until.get(self._current, now) - now
        if force:
            if len(self.forced) >= _FORCES or (self.forced and now - self.forced[-1] < _FORCE_APART):
                return error(45009)
            self.forced.append(now)
            self._until.pop(self._current, None)
            self._issue()
        elif left <= _OVERLAP:
            self._issue()
        return {"access_token": self._current, "expires_in": int((self._until[self._current] - now).total_seconds())}

    def fresh(self) -> dict[str, Any]:
        """Return a token as `token` and `gettoken` may do: a new one, the one before stays good for five minutes."""
        if self._current in self._until:
            self._until[self._current] = min(self._until[self._current], self.clock.now() + _OVERLAP)
        self._issue()
        return {"access_token": self._current, "expires_in": int(_LIFE.total_seconds())}

    def fault(self, token: str) -> int:
        """Return the error code that a token is answered with; 0 when it is good."""
        if not token:
            return 41001
        if token not in self._until:
            return 40001
        return 42001 if self._until[token] <= self.clock.now() else 0

    def void(self) -> None:
        """Make all tokens void, as when the secret is reset or another system has fetched one."""
        self._until.clear()
        self._current = ""

    def refuse_current(self) -> None:
        """Refuse the token in spite of giving it out again, as after a fault on their side."""
        self._until[f"{self._current}#"] = self._until.pop(self._current)

    def _issue(self) -> None:
        self.issued += 1
        self._current = f"ACCESS-{self.issued:04}-" + "x" * 500
        self._until[self._current] = self.clock.now() + _LIFE


class Double:
    """A platform on a loopback port; use it with `async with`.

    Attributes:
        violations: what a client did against the protocol; tests assert that there is nothing.
        calls: how often each path was called. faults: what the next calls of a path are answered: an error code, an HTTP
        status as "502", or one of `HANG`, `DROP`, `GARBAGE`.
    """

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.desk = TokenDesk(clock)
        self.violations: list[str] = []
        self.calls: Counter[str] = Counter()
        self.faults: defaultdict[str, list[int | str]] = defaultdict(list)
        self.gate = asyncio.Event()
        self.gate.set()
        self.most_at_once: Counter[str] = Counter()
        self._now: Counter[str] = Counter()
        self._server: TestServer | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return str(self._server.make_url("/")).rstrip("/")

    def routes(self) -> list[web.RouteDef]:
        raise NotImplementedError

    async def __aenter__(self) -> Double:
        application = web.Application(middlewares=[self._watched])
        application.add_routes(self.routes())
        self._server = TestServer(application, host="127.0.0.1")
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.gate.set()
        assert self._server is not None
        await self._server.close()

    @web.middleware
    async def _watched(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        path = request.path
        self.calls[path] += 1
        self._now[path] += 1
        self.most_at_once[path] = max(self.most_at_once[path], self._now[path])
        try:
            fault = self.faults[path].pop(0) if self.faults[path] else 0
            if isinstance(fault, int):
                return web.json_response(error(fault)) if fault else await handler(request)
            return await self._broken(fault, request)
        finally:
            self._now[path] -= 1

    async def _broken(self, fault: str, request: web.Request) -> web.StreamResponse:
        if fault == HANG:
            self.gate.clear()
            await self.gate.wait()
            return web.json_response(error(0))
        if fault == DROP:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if fault == REDIRECT:
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        return web.Response(text="<html>") if fault == GARBAGE else web.Response(status=int(fault))

    def token_fault(self, request: web.Request) -> int:
        """Return what is wrong with the token of a call; 0 for nothing."""
        return self.desk.fault(request.query.get("access_token", ""))

    async def json_of(self, request: web.Request) -> dict[str, Any] | None:
        """Read a body as their servers do; None when it is none, and note what they would show wrongly."""
        raw = await request.read()
        if b"\\u" in raw:
            self.violations.append(f"{request.path}: text is escaped; citizens would see \\u4f60")
        if request.method != "POST":
            self.violations.append(f"{request.path}: not posted")
        try:
            body = json.loads(raw.decode("utf-8"))
        except ValueError:
            self.violations.append(f"{request.path}: no JSON in UTF-8")
            return None
        return body if isinstance(body, dict) else None

    def demand(self, path: str, body: dict[str, Any], needed: set[str], allowed: Iterable[str] = ()) -> None:
        """Note missing and unknown fields."""
        if missing := needed - set(body):
            self.violations.append(f"{path}: lacks {sorted(missing)}")
        if unknown := set(body) - needed - set(allowed):
            self.violations.append(f"{path}: does not know {sorted(unknown)}")


def error(code: int, words: str = "") -> dict[str, Any]:
    """Return an answer with an error code; 0 is success."""
    return {"errcode": code, "errmsg": words or ("ok" if not code else f"error {code} rid: 6560-1")}
