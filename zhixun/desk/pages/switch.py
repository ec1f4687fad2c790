"""The switch of the program's own answers: how it stands, who turned it, and turning it."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from zhixun.desk.audit import Asked, Audit
from zhixun.desk.gate import Route, fields_of
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.ports import Daybook, Switch
from zhixun.desk.staff import ADMINISTRATOR, Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["SwitchPages"]

_HOME = "/desk/switch"
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class SwitchPages:
    """The routes of the switch."""

    view: View
    switch: Switch
    audit: Audit
    daybook: Daybook

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [("GET", _HOME, self._page), ("POST", _HOME, self._turn)]

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._draw(request, staff)

    async def _turn(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        if given.get("act") == "resume":
            await self.switch.resume()
            await self.daybook.note("bot_resumed", staff.name, {})
            return lead_on(_HOME, done="resumed")
        try:
            await self.switch.pause(given.get("reason", ""))
        except CitizenError as error:
            return await self._draw(request, staff, reason=given.get("reason", ""), wrong=error.message)
        await self.daybook.note("bot_paused", staff.name, {"reason": self.switch.reason})
        return lead_on(_HOME, done="paused")

    async def _draw(self, request: web.Request, staff: Staff, *, reason: str = "", wrong: str = "") -> web.Response:
        turned = await self.audit.page(Asked(kinds=("bot_paused", "bot_resumed")), most=_SHOWN)
        return self.view.page(
            "switch.html", request, staff, status=422 if wrong else 200, paused=self.switch.reason, turned=turned.acts, reason=reason,
            wrong=wrong, may_act=staff.role == ADMINISTRATOR,
        )  # fmt: skip
