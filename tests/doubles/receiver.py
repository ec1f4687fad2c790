"""Another system that is sent signed posts: it keeps what came, checks the form of each, and answers as the test says."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

_HEAD = {"X-Zhixun-Delivery", "X-Zhixun-Timestamp", "X-Zhixun-Signature"}


@dataclass
class Receiver:
    """The other side. A status of 0 keeps the sender waiting until the gate opens; what is amiss stands in `violations`."""

    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    other: str = ""
    secret: bytes = b""
    violations: list[str] = field(default_factory=list)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Return what came, read."""
        return [json.loads(body) for _, body in self.got]

    async def take(self, request: web.Request) -> web.Response:
        """Take a post."""
        body = await request.read()
        self.got.append((dict(request.headers), body))
        self._check(request, body)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            await self.gate.wait()
        headers = {"Location": self.other} if 300 <= status < 400 else {}
        return web.Response(status=status or 200, headers={**headers, "Set-Cookie": "a=b"})

    def _check(self, request: web.Request, body: bytes) -> None:
        if request.method != "POST" or request.content_type != "application/json" or request.charset != "utf-8":
            self.violations.append(f"{request.method} {request.content_type}")
        if missing := _HEAD - request.headers.keys():
            self.violations.append(f"without {sorted(missing)}")
            return
        if "Cookie" in request.headers or "Authorization" in request.headers:
            self.violations.append("with what is nobody's business")
        signed = request.headers["X-Zhixun-Timestamp"].encode() + b"." + body
        if self.secret and hmac.new(self.secret, signed, hashlib.sha256).hexdigest() != request.headers["X-Zhixun-Signature"]:
            self.violations.append("not signed")
        json.loads(body)


@asynccontextmanager
async def receiving(receiver: Receiver, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve `receiver` on loopback; gives its address."""
    application = web.Application()
    application.router.add_route("*", "/{any:.*}", receiver.take)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield f"{'https://localhost' if tls else 'http://127.0.0.1'}:{runner.addresses[0][1]}/hook"
    finally:
        await runner.cleanup()
