"""The public page on which participants of a training sign in."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from zhixun.drawn import drawn, environment_of
from zhixun.errors import CitizenError, OurFault, TryLater
from zhixun.limits import ADDRESS, RECEIPTS, SIGNING, Limiter
from zhixun.names import SCALE
from zhixun.posted import fields_of, refuse_cross_site
from zhixun.registers.attendance import Attendance, Meeting

__all__ = ["AttendancePages"]

_LONGEST = 200
_SORRY = "系统出了问题，这一步没有完成，请稍后再试，或者找工作人员登记。"
_ENVIRONMENT = environment_of(Path(__file__).with_name("templates"))
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AttendancePages:
    """The routes.

    Args:
        site: its name and office. address: who sends a request.
    """

    site: Mapping[str, Any]
    attendance: Attendance
    limiter: Limiter
    address: Callable[[web.Request], str]

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to be added to the application."""
        return [web.get("/t/{code}", self._told(self._ask)), web.post("/t/{code}", self._told(self._sign))]

    def _told(self, handler: Callable[[web.Request], Awaitable[web.Response]]) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return the handler with its faults told on a page."""

        async def handle(request: web.Request) -> web.Response:
            try:
                self.limiter.take(ADDRESS, self.address(request))
                return await handler(request)
            except (CitizenError, TryLater, OurFault) as error:
                return self._page(error.status, meeting=None, fault=error.message)
            except web.HTTPRequestEntityTooLarge:
                return self._page(413, meeting=None, fault="内容太长了。")
            except Exception as error:  # the end of the way: people get a page, the log gets no words of theirs
                _log.error("/t failed: %s", type(error).__name__)
                return self._page(500, meeting=None, fault=_SORRY)

        return handle

    async def _ask(self, request: web.Request) -> web.Response:
        return self._page(200, meeting=await self._meeting(request))

    async def _sign(self, request: web.Request) -> web.Response:
        refuse_cross_site(request)
        meeting = await self._meeting(request)
        given = {name: value.strip() for name, value in (await fields_of(request, _LONGEST)).items()}
        try:
            # A whole room signs in from behind one address within minutes.
            self.limiter.take(SIGNING, self.address(request))
            await self.attendance.sign(request.match_info["code"], given.get("name", ""), given.get("tail", ""), given.get("score", ""))
        except (CitizenError, TryLater) as error:
            return self._page(422 if error.field else error.status, meeting=meeting, given=given, fault=error.message, wrong=error.field)
        return self._page(200, meeting=meeting, given=given, done=True)

    async def _meeting(self, request: web.Request) -> Meeting:
        try:
            return await self.attendance.meeting(request.match_info["code"])
        except CitizenError:
            # Whoever tries codes is slowed down; whoever has the right one is not.
            self.limiter.take(RECEIPTS, self.address(request))
            raise

    def _page(
        self, status: int, *, meeting: Meeting | None, given: Mapping[str, str] | None = None, fault: str = "", wrong: str | None = None,
        done: bool = False,
    ) -> web.Response:  # fmt: skip
        told: dict[str, Any] = {"meeting": meeting, "given": given or {}, "fault": fault, "wrong": wrong, "done": done}
        return drawn(_ENVIRONMENT, "attend.html", status, site=self.site, scale=SCALE, **told)
