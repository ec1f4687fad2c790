"""Files over the citizen API: each is sent as the raw body of a request, and given back to whoever holds the consultation."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, unquote

from aiohttp import web

from zhixun.channels.web import WebDoor
from zhixun.errors import CitizenError, OurFault
from zhixun.limits import UPLOADS

__all__ = ["AttachmentDoor", "File", "Files", "give"]

_log = logging.getLogger(__name__)

LONGEST_SECONDS = 300
"""So long a file may be on its way to somebody."""
_PIECE = 64 * 1024


class File(Protocol):
    """What is told of a file that is kept."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def name(self) -> str:
        """Its name, fit to be saved under."""

    @property
    def type(self) -> str:
        """Its type, by its content."""

    @property
    def size(self) -> int:
        """How many bytes it has."""


class Files(Protocol):
    """What the door needs of the archive."""

    def demand_size(self, size: int) -> None:
        """Refuse a file that is too large."""

    async def keep(self, number: str, sender: str, name: str, stream: AsyncIterable[bytes]) -> File:
        """Take a file in."""

    async def read(self, number: str, identity: str) -> tuple[File, AsyncIterator[bytes]]:
        """Give a file of a consultation."""


@dataclass(frozen=True, slots=True)
class AttachmentDoor:
    """The routes of files.

    Args:
        door: the HTTP door whose sessions and limits hold here too.
        files: where they are kept.
        wake: tells the open windows of a consultation that there is something new.
    """

    door: WebDoor
    files: Files
    wake: Callable[[str], None]

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to be added to the application."""
        return [
            web.post("/api/v1/attachments", self._take),
            web.get("/api/v1/attachments/{id}", self._give, allow_head=False),
        ]

    async def _take(self, request: web.Request) -> web.Response:
        number = await self.door.session(request)
        self.door.limiter.take(UPLOADS, self.door.sender(request, number))
        self.files.demand_size(request.content_length or 0)
        name = unquote(request.headers.get("X-File-Name", ""), errors="replace")
        try:
            # Not `request.read`: the application's bound is that of words, and the file must not stand in memory.
            kept = await self.files.keep(number, "citizen", name, request.content.iter_chunked(_PIECE))
        except (ConnectionError, web.RequestPayloadError) as error:
            raise CitizenError("文件没有传完，请重新发送。", code="interrupted") from error
        self.wake(number)
        return web.json_response({"id": kept.id, "name": kept.name, "type": kept.type, "size": kept.size}, status=201)

    async def _give(self, request: web.Request) -> web.StreamResponse:
        number = await self.door.session(request)
        return await give(request, *await self.files.read(number, request.match_info["id"]))


async def give(request: web.Request, file: File, content: AsyncIterator[bytes]) -> web.StreamResponse:
    """Answer with a file to be saved; a browser neither shows it nor runs anything in it."""
    response = web.StreamResponse(headers={
        "Content-Type": file.type,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    })  # fmt: skip
    response.content_length = file.size
    await response.prepare(request)
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            async for piece in content:
                await response.write(piece)
            await response.write_eof()
    except (ConnectionError, TimeoutError, OurFault) as error:
        _log.warning("a file was not given to its end: %s", type(error).__name__)
        # The head is on its way already: only a line that breaks can tell that the file is not whole.
        if request.transport is not None:
            request.transport.abort()
    return response
