"""Requests for services: all that run, and one with its fields, its history and what can be done next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from zhixun.clock import ZONE, Clock, local_of
from zhixun.database import Database
from zhixun.desk.gate import Route, fields_of
from zhixun.desk.limits import LEVELS
from zhixun.desk.pages.leading import address, lead_on
from zhixun.desk.ports import Daybook, Request, Requests, WorkingTime
from zhixun.desk.staff import Account, Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError
from zhixun.masking import mask
from zhixun.messages import ENDED, Entry
from zhixun.numbers import valid_request_number
from zhixun.ports import Journal

__all__ = ["RequestPages"]

_HOME = "/desk/requests"
_MOST = 200
_LONGEST = 1000
_NEED_NOTE = ("returned", "declined")
_VERBS: Mapping[str, str] = {
    "accepted": "受理", "in_progress": "开始办理", "done": "办结", "received": "已补充，待受理", "returned": "要求补充",
    "declined": "不予办理",
}  # fmt: skip
"""What the button says that carries a request on to a standing; what leads on comes first."""
_VIEWS: Mapping[str, str] = {"": "全部", "mine": "我负责的", "over": "已超时"}


@dataclass(frozen=True, slots=True)
class _Due:
    """How the time of a request stands: how much of it is used, one of `LEVELS`, and in words."""

    share: float
    level: str
    words: str


@dataclass(frozen=True, slots=True)
class RequestPages:
    """The routes of requests.

    Args:
        hours: in which time is counted. warn_at: the share of the time from which on it is warned of.
        standings: every standing and how it is called. following: the standings to which a request may go from one.
        names: login name to shown name. accounts: all of them. teams: the groups of staff.
        linked: the records of registers that name a request.
    """

    view: View
    database: Database
    journal: Journal
    book: Requests
    daybook: Daybook
    clock: Clock
    hours: WorkingTime
    warn_at: float
    standings: Mapping[str, str]
    following: Callable[[str], Sequence[str]]
    names: Callable[[str], str]
    linked: Callable[[str], Awaitable[Sequence[Mapping[str, str]]]]
    accounts: Callable[[], Awaitable[Sequence[Account]]]
    teams: Sequence[str]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        one = f"{_HOME}/{{number}}"
        return [("GET", _HOME, self._list), ("GET", one, self._page), ("POST", one, self._move), ("POST", f"{one}/unmask", self._unmask)]

    async def counts(self) -> Mapping[str, int]:
        """Return what the navigation shows beside this page: how many requests are overdue."""
        return {_HOME: sum(self._due(one).level == LEVELS[-1] for one in await self.book.waiting())}

    async def _list(self, request: web.Request, staff: Staff) -> web.Response:
        number = request.query.get("q", "").strip().upper()
        if valid_request_number(number) and await self.book.look_up(number) is not None:
            return lead_on(f"{_HOME}/{number}")
        chosen = {name: request.query.get(name, "") for name in ("view", "team", "standing", "first")}
        running = await self.book.waiting()
        dues = {one.number: self._due(one) for one in running}
        views = {
            "": running, "mine": [one for one in running if one.owner == staff.name],
            "over": [one for one in running if dues[one.number].level == LEVELS[-1]],
        }  # fmt: skip
        wanted = [one for one in views.get(chosen["view"], running) if _wanted(one, chosen)]
        tabs: list[dict[str, Any]] = [
            {"title": _VIEWS[view], "href": address(_HOME, {**chosen, "view": view}), "current": view == chosen["view"],
             "count": len(of), "level": "over" if view == "over" and of else ""}
            for view, of in views.items()
        ]  # fmt: skip
        return self.view.page(
            "requests.html", request, staff, found=wanted[:_MOST], hidden=max(0, len(wanted) - _MOST), dues=dues, tabs=tabs,
            chosen=chosen, q=number, team_pairs=[(team, team) for team in self.teams], standings=self.standings, names=self.names,
            running_standings=[(name, words) for name, words in self.standings.items() if name not in ENDED],
            flash=(f"没有申请 {number}，请核对编号。", "warn") if number else None,
        )  # fmt: skip

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        found = await self._find(request)
        if found.owner != staff.name:
            await self.daybook.note("looked", staff.name, {"about": found.consultation, "request": found.number})
        return await self._draw(request, staff, found)

    async def _unmask(self, request: web.Request, staff: Staff) -> web.Response:
        """Show the page once with all numbers in the clear; that it was done, and why, stays in the day book."""
        found, why = await self._find(request), (await fields_of(request)).get("why", "").strip()
        if not why or len(why) > 200:
            wrong = {"why": "请写明查看完整内容的原因（1–200 字），会记入操作记录。"}
            return await self._draw(request, staff, found, wrong=wrong, given={"why": why}, status=422)
        await self.daybook.note("unmasked", staff.name, {"about": found.consultation, "request": found.number}, {"why": why})
        return await self._draw(request, staff, found, clear=True)

    async def _move(self, request: web.Request, staff: Staff) -> web.Response:
        found, given = await self._find(request), await fields_of(request)
        standing, note, owner = (given.get(name, "").strip() for name in ("standing", "note", "owner"))
        wrong = await self._flaws(standing, note, owner)
        if wrong:
            return await self._draw(request, staff, found, wrong=wrong, given=given, status=422)
        try:
            moved = await self.book.move(found.number, standing, staff.actor, note=note, owner=owner)
        except CitizenError as error:
            # A colleague was faster: the page as it stands now says what can be done.
            return await self._draw(request, staff, await self._find(request), wrong={"": error.message}, given=given, status=error.status)
        return lead_on(f"{_HOME}/{moved.number}", done="moved")

    async def _flaws(self, standing: str, note: str, owner: str) -> dict[str, str]:
        """Return what is wrong with a step, by field."""
        wrong = {}
        if standing not in self.standings:
            wrong[""] = "请按一个办理按钮。"
        if standing in _NEED_NOTE and not note:
            wrong["note"] = f"“{_VERBS[standing]}”要写明原因，申请人会看到。"
        if len(note) > _LONGEST:
            wrong["note"] = f"说明最多 {_LONGEST} 字。"
        if owner and owner not in {one.name for one in await self._able()}:
            wrong["owner"] = "请从在职的同事里选择负责人。"
        return wrong

    async def _draw(
        self, request: web.Request, staff: Staff, found: Request, *, wrong: Mapping[str, str] | None = None,
        given: Mapping[str, str] | None = None, clear: bool = False, status: int = 200,
    ) -> web.Response:  # fmt: skip
        async with self.database.read() as connection:
            entries = await self.journal.read(connection, found.consultation)
        clear = clear or found.owner == staff.name
        words = (wrong or {}).get("", "")
        return self.view.page(
            "request.html", request, staff, status=status, one=found, due=self._due(found) if found.running else None, clear=clear,
            facts=[(name, value if clear else mask(value)) for name, value in found.facts], history=_history(found.number, entries),
            records=await self.linked(found.number), standings=self.standings, steps=self._steps(found, staff),
            able=[(one.name, one.shown) for one in await self._able()], names=self.names, wrong=wrong or {}, given=given or {},
            flash=(words, "over") if words else None,
        )  # fmt: skip

    def _steps(self, found: Request, staff: Staff) -> list[tuple[str, str]]:
        """Return where a request may go from here, and what the button says."""
        may = self.following(found.standing) if staff.role != "auditor" else ()
        return [(standing, verb) for standing, verb in _VERBS.items() if standing in may]

    async def _able(self) -> list[Account]:
        """Return who can have a request."""
        return [one for one in await self.accounts() if one.active and one.role != "auditor"]

    async def _find(self, request: web.Request) -> Request:
        found = await self.book.look_up(request.match_info["number"])
        if found is None:
            raise CitizenError(f"没有申请 {request.match_info['number']}。", code="no_request", status=404)
        return found

    def _due(self, one: Request) -> _Due:
        """Tell how much of a request's time is used, in working time."""
        if not one.due:
            return _Due(0, "fine", "时限未定")
        received, due = (local_of(text) for text in (one.received, one.due))
        now = self.clock.now().astimezone(ZONE)
        used, whole = self.hours.minutes_between(received, now), self.hours.minutes_between(received, due)
        share = used / whole if used is not None and whole else 0.0
        level = "over" if now > due else "warn" if share >= self.warn_at else "fine"
        return _Due(1.0 if level == "over" else share, level, f"{'已过' if level == 'over' else '限'} {due:%m-%d %H:%M}")


def _wanted(one: Request, chosen: Mapping[str, str]) -> bool:
    first = bool(one.priority) or not chosen["first"]
    return first and chosen["team"] in ("", one.target) and chosen["standing"] in ("", one.standing)


def _history(number: str, entries: Sequence[Entry]) -> list[dict[str, str]]:
    """Return how a request came to where it is, the oldest first: time, who, standing, reason, owner and words."""
    return [
        {"time": entry.time, "who": entry.actor, "standing": entry.open["standing"], "reason": entry.open.get("reason", ""),
         "owner": entry.open.get("owner", ""), "note": str((entry.private or {}).get("note", ""))}
        for entry in entries
        if entry.kind in ("requested", "request_moved") and entry.open["request"] == number
    ]  # fmt: skip
