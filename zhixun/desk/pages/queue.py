"""The first page: who waits, what one has in hand, and the stream of what changes."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from zhixun.desk.case import REASONS
from zhixun.desk.events import Events
from zhixun.desk.gate import COOKIE, Route
from zhixun.desk.limits import TITLES
from zhixun.desk.staff import Staff
from zhixun.desk.view import View
from zhixun.desk.waiting import Queue

__all__ = ["QueuePages"]


@dataclass(frozen=True, slots=True)
class QueuePages:
    """The routes of the queue.

    Args:
        names: login name to shown name. known: whether a session's token still opens anything.
        duty: who is on duty today, and whether the office is open right now.
    """

    view: View
    queue: Queue
    events: Events
    names: Callable[[str], str]
    known: Callable[[str], Awaitable[Staff | None]]
    duty: Callable[[], Awaitable[Mapping[str, Any]]]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [("GET", "/desk", self._home), ("GET", "/desk/queue", self._part), ("GET", "/desk/events", self._stream)]

    async def _home(self, request: web.Request, staff: Staff) -> web.Response:
        return self.view.page("queue.html", request, staff, **await self._shown(staff))

    async def _part(self, request: web.Request, staff: Staff) -> web.Response:
        return self.view.part("queue_lists.html", staff, **await self._shown(staff))

    async def _shown(self, staff: Staff) -> dict[str, Any]:
        found = await self.queue.overview(staff.name, staff.teams)
        return {"found": found, "names": self.names, "reasons": REASONS,
                "limit_titles": TITLES, "present": self.events.present(), "duty": await self.duty(),
                "may_claim": staff.role != "auditor"}  # fmt: skip

    async def _stream(self, request: web.Request, staff: Staff) -> web.StreamResponse:
        self.events.demand_room(staff.name)
        # Proxies would gather what must come at once.
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        # Whoever closes the page ends the stream, be it before it has begun.
        with contextlib.suppress(ConnectionResetError):
            await response.prepare(request)
            with self.events.listen(staff.name, staff.shown, request.query.get("case", "")) as listener:
                async for message in self.events.messages(listener):
                    # A session that was revoked hears nothing more.
                    if await self.known(request.cookies.get(COOKIE, "")) is None:
                        await response.write(b"event: ended\ndata: {}\n\n")
                        break
                    await response.write(message)
        return response
