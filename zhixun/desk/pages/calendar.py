"""The calendar: a month or a list, to be printed, and a feed for the calendar of a telephone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web

from zhixun.clock import Clock
from zhixun.desk.calendar import KINDS, Calendar, feed_of, weeks_of
from zhixun.desk.calendar_links import CalendarLinks
from zhixun.desk.gate import Route
from zhixun.desk.pages.leading import address, lead_on
from zhixun.desk.staff import Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["CalendarPages"]

_HOME = "/desk/calendar"
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_BACK, _AHEAD = timedelta(days=31), timedelta(days=366)
_WEEKDAYS = "一二三四五六日"
_VIEWS = {"": "月历", "list": "列表"}


@dataclass(frozen=True, slots=True)
class CalendarPages:
    """The routes of the calendar.

    Args:
        unknown: titles of days that nobody has verified yet, each with a line about it.
        base: the public address; empty when it is not set.
    """

    view: View
    calendar: Calendar
    links: CalendarLinks
    clock: Clock
    unknown: Sequence[tuple[str, str]]
    base: str

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [
            ("GET", _HOME, self._page),
            ("POST", f"{_HOME}/link", self._make),
            ("POST", f"{_HOME}/link/revoke", self._revoke),
            ("GET", f"{_HOME}/{{token}}.ics", self._feed),
        ]

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._draw(request, staff)

    async def _make(self, request: web.Request, staff: Staff) -> web.Response:
        # Drawn at once and not led on to: the address stands nowhere but on this page.
        return await self._draw(request, staff, token=await self.links.make(staff.name))

    async def _revoke(self, request: web.Request, staff: Staff) -> web.Response:
        await self.links.revoke(staff.name)
        return lead_on(_HOME, done="removed")

    async def _feed(self, request: web.Request, staff: Staff) -> web.Response:
        try:
            name = await self.links.whose(request.match_info["token"])
        except CitizenError as error:
            return web.Response(status=error.status, text=error.message)
        today = self.clock.today()
        found = await self.calendar.between(today - _BACK, today + _AHEAD)
        own = [one for one in found if one.owner in ("", name)]
        data = feed_of("知询工作日历", own, self.clock.now(), self.base)
        headers = {"Cache-Control": "private, no-store", "Content-Disposition": 'inline; filename="zhixun.ics"'}
        return web.Response(body=data, content_type="text/calendar", charset="utf-8", headers=headers)

    async def _draw(self, request: web.Request, staff: Staff, *, token: str = "") -> web.Response:
        month, query = self._month(request.query.get("month", "")), request.query
        kinds = [kind for kind in query.getall("kind", []) if kind in KINDS]
        view = query.get("view", "") if query.get("view", "") in _VIEWS else ""
        weeks = weeks_of(month)
        found = await self.calendar.between(weeks[0][0], weeks[-1][-1], kinds)
        days = {day: [one for one in found if one.day <= day <= one.ends] for week in weeks for day in week}
        return self.view.page(
            "calendar.html", request, staff, month=month, weeks=weeks, days=days, kinds=KINDS, chosen=kinds, weekdays=_WEEKDAYS,
            listed=[one for one in found if one.ends >= month and one.day < _next(month)], today=self.clock.today(), shape=view,
            before=_href(month - timedelta(days=1), view), after=_href(_next(month), view), now=_href(self.clock.today(), view),
            tabs=[{"title": title, "href": _href(month, name), "current": name == view} for name, title in _VIEWS.items()],
            link=await self.links.of(staff.name), token=f"{self.base}{_HOME}/{token}.ics" if token else "", unknown=self.unknown,
        )  # fmt: skip

    def _month(self, text: str) -> date:
        """Return the first day of the month that an address asks for, else of this month."""
        try:
            day = date.fromisoformat(f"{text}-01")
        except ValueError:
            day = self.clock.today()
        if not _FIRST_YEAR <= day.year < _LAST_YEAR:
            day = self.clock.today()
        return day.replace(day=1)


def _next(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def _href(month: date, view: str) -> str:
    return address(_HOME, {"month": f"{month:%Y-%m}", "view": view})

