"""Public pages and figures: the widget, the demo page, liveness, readiness, metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

__all__ = ["Pages", "guard"]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_STARTING = (
    "<!doctype html><html lang=zh-CN><meta charset=utf-8><title>知询</title>"
    "<p>页面文件尚未生成。请在项目目录运行 make setup，再重新启动。</p>"
)


class Pages:
    """Routes that anyone may read.

    Args:
        folder: the built front end; ready: the state of each part and whether all are well; registry: the figures.
    """

    def __init__(
        self, folder: Path, ready: Callable[[], Awaitable[tuple[bool, Mapping[str, Any]]]], registry: CollectorRegistry
    ) -> None:
        self._folder = folder
        self._ready = ready
        self._registry = registry

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to be added to the application."""
        files = [
            web.get(f"/{path.name}", self._file)
            for path in sorted(self._folder.glob("*"))
            if path.is_file() and path.name != "index.html" and path.suffix not in (".gz", ".br")
        ]
        return [
            web.get("/", self._index),
            web.get("/healthz", self._health),
            web.get("/readyz", self._readiness),
            web.get("/metrics", self._metrics),
            *files,
        ]

    async def _index(self, request: web.Request) -> web.StreamResponse:
        page = self._folder / "index.html"
        if not page.exists():
            return web.Response(text=_STARTING, content_type="text/html", status=503)
        return web.FileResponse(page, headers={"Cache-Control": "no-cache"})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(self._folder / request.path.removeprefix("/"), headers={"Cache-Control": "no-cache"})

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def _readiness(self, request: web.Request) -> web.Response:
        well, parts = await self._ready()
        return web.json_response({"ready": well, "parts": parts}, status=200 if well else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def guard(request: web.Request, response: web.StreamResponse) -> None:
    """Put the protecting headers on every response; the widget and the description of the API are everybody's."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path in ("/widget.js", "/widget.css", "/openapi.json"):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.path.startswith("/api/"):
        response.headers["Cache-Control"] = "no-store"
