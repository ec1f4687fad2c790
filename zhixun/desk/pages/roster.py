"""The roster: two weeks as a grid of days and colleagues."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web

from zhixun.clock import Clock
from zhixun.desk.gate import Route, fields_of
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.roster import Roster
from zhixun.desk.staff import ADMINISTRATOR, Account, Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["RosterPages"]

_HOME = "/desk/roster"
_DAYS = 14
_WEEK = timedelta(days=7)
_WEEKDAYS = "一二三四五六日"
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


@dataclass(frozen=True, slots=True)
class _Day:
    """One line of the grid: `open` is None when the calendar does not know the day; what is `past` is only read."""

    date: date
    open: bool | None
    past: bool
    names: tuple[str, ...]

    @property
    def title(self) -> str:
        """How it is called."""
        return _title(self.date)


@dataclass(frozen=True, slots=True)
class RosterPages:
    """The routes of the roster.

    Args:
        spans: when the office works on a day: no spans on a day off, None when the calendar does not know it.
        accounts: all accounts. names: login name to shown name.
    """

    view: View
    roster: Roster
    clock: Clock
    spans: Callable[[date], Sequence[object] | None]
    accounts: Callable[[], Awaitable[Sequence[Account]]]
    names: Callable[[str], str]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [("GET", _HOME, self._page), ("POST", _HOME, self._save)]

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._draw(request, staff, self._monday(request.query.get("week", "")))

    async def _save(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        monday = self._monday(given.get("week", ""))
        try:
            if given.get("act") == "copy":
                done = "copied" if await self.roster.copy_week(monday, staff.name, self._working) else "nothing"
            else:
                for day, names in self._changed(given, monday):
                    await self.roster.set(day, names, staff.name)
                done = "saved"
        except CitizenError as error:
            return await self._draw(request, staff, monday, wrong=error.message)
        return lead_on(_HOME, week=monday.isoformat(), done=done)

    def _changed(self, given: Mapping[str, str], monday: date) -> Iterator[tuple[date, tuple[str, ...]]]:
        """Yield the days that were changed on the page; the others may have been changed by somebody else since."""
        for day in _days(monday):
            before, prefix = given.get(f"was:{day}"), f"on:{day}:"
            names = tuple(sorted(name.removeprefix(prefix) for name in given if name.startswith(prefix)))
            if before is not None and day >= self.clock.today() and names != tuple(filter(None, before.split(","))):
                yield day, names

    async def _draw(self, request: web.Request, staff: Staff, monday: date, *, wrong: str = "") -> web.Response:
        plan = await self.roster.planned(monday, _days(monday)[-1])
        today = self.clock.today()
        days = [_Day(day, self._opens(day), day < today, names) for day, names in plan.items()]
        able = [one for one in await self.accounts() if one.active and one.role != "auditor"]
        bare = [_title(day) for day in await self.roster.watch(_DAYS, self._working)]
        return self.view.page(
            "roster.html", request, staff, status=422 if wrong else 200, weeks=[days[:7], days[7:]], able=able, names=self.names,
            bare=bare, today=today, week=monday.isoformat(), before=(monday - _WEEK).isoformat(), after=(monday + _WEEK).isoformat(),
            may_act=staff.role == ADMINISTRATOR, flash=(wrong, "over") if wrong else None,
        )  # fmt: skip

    def _monday(self, text: str) -> date:
        """Return the Monday of the week that an address asks for, else of this week."""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = self.clock.today()
        if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            day = self.clock.today()
        return day - timedelta(days=day.weekday())

    def _opens(self, day: date) -> bool | None:
        spans = self.spans(day)
        return None if spans is None else bool(spans)

    def _working(self, day: date) -> bool:
        return bool(self.spans(day))


def _days(monday: date) -> list[date]:
    return [monday + timedelta(days=ahead) for ahead in range(_DAYS)]


def _title(day: date) -> str:
    return f"{day:%m-%d} 周{_WEEKDAYS[day.weekday()]}"
