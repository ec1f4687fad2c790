"""Corrective actions: all that run, and one with its problem, its measure, its history and what can be done next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from zhixun.clock import Clock
from zhixun.desk.corrective_steps import ACTS, LONGEST, Corrective, acts_for, read_step
from zhixun.desk.correctives import VIEWS, Correctives
from zhixun.desk.gate import Route, fields_of
from zhixun.desk.mentions import able
from zhixun.desk.pages.leading import address, lead_on
from zhixun.desk.ports import Daybook
from zhixun.desk.staff import LEADERS, Account, Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError
from zhixun.masking import mask
from zhixun.messages import Entry

__all__ = ["CorrectivePages", "corrective_lines"]

_HOME = "/desk/correctives"
_WRITTEN: Mapping[str, str] = {"words": "说明", "cause": "原因分析", "measure": "纠正措施", "plan": "实施计划", "effect": "效果"}
_LEVELS: Mapping[str, str] = {"acting": "fine", "checking": "warn", "effective": "good", "finished": "good"}


@dataclass(frozen=True, slots=True)
class CorrectivePages:
    """The routes of corrective actions.

    Args:
        names: login name to shown name. accounts: all of them.
    """

    view: View
    correctives: Correctives
    daybook: Daybook
    clock: Clock
    names: Callable[[str], str]
    accounts: Callable[[], Awaitable[Sequence[Account]]]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        one, case = f"{_HOME}/{{number}}", "/desk/cases/{number}/correct"
        return [
            ("GET", _HOME, self._list), ("GET", one, self._page), ("POST", one, self._move),
            ("GET", case, self._ask), ("POST", case, self._open),
        ]  # fmt: skip

    async def counts(self) -> Mapping[str, int]:
        """Return what the navigation shows beside this page: how many are overdue."""
        return {_HOME: await self.correctives.overdue()}

    async def _list(self, request: web.Request, staff: Staff) -> web.Response:
        chosen = {name: request.query.get(name, "") for name in ("view", "owner")}
        listed = await self.correctives.listed(chosen["view"], staff.name, chosen["owner"])
        tabs: list[dict[str, Any]] = [
            {"title": title, "href": address(_HOME, {**chosen, "view": view}), "current": view == chosen["view"],
             "count": listed.counts[view], "level": "over" if view == "over" and listed.counts[view] else ""}
            for view, title in VIEWS.items()
        ]  # fmt: skip
        return self.view.page(
            "correctives.html", request, staff, listed=listed, tabs=tabs, chosen=chosen, names=self.names, is_over=self.correctives.is_over,
            able=await self._able(),
        )  # fmt: skip

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        found = await self.correctives.one(request.match_info["number"])
        if found[0].owner != staff.name:
            await self.daybook.note("looked", staff.name, {"about": found[0].consultation, "corrective": found[0].number})
        return await self._draw(request, staff, found)

    async def _move(self, request: web.Request, staff: Staff) -> web.Response:
        given, found = await fields_of(request), await self.correctives.one(request.match_info["number"])
        step, wrong = read_step(found[0], given, [name for name, _ in await self._able()], self.clock.today())
        if wrong:
            return await self._draw(request, staff, found, wrong=wrong, given=given, status=422)
        try:
            await self.correctives.move(found[0].number, step, staff.name, staff.role)
        except CitizenError as error:
            # A colleague was faster, or it is another's to do: the page as it stands now says what can be done.
            now = await self.correctives.one(found[0].number)
            return await self._draw(request, staff, now, wrong={"": error.message}, given=given, status=error.status)
        return lead_on(f"{_HOME}/{found[0].number}", done="carried_on")

    async def _draw(
        self, request: web.Request, staff: Staff, found: tuple[Corrective, str, list[Entry]], *, wrong: Mapping[str, str] | None = None,
        given: Mapping[str, str] | None = None, status: int = 200,
    ) -> web.Response:  # fmt: skip
        one, problem, entries = found
        words = (wrong or {}).get("", "")
        return self.view.page(
            "corrective.html", request, staff, status=status, one=one, problem=problem, over=self.correctives.is_over(one),
            level=_level(one, over=self.correctives.is_over(one)), written=_written(entries),
            history=[_told(entry) for entry in entries], names=self.names,
            acts=[(name, ACTS[name]) for name in acts_for(one, staff.name, staff.role)], able=await self._able(), most=LONGEST,
            leads=staff.role in LEADERS, today=self.clock.today().isoformat(),
            check_due=self.correctives.check_due(), wrong=wrong or {}, given=given or {}, flash=(words, "over") if words else None,
        )  # fmt: skip

    async def _ask(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._draw_opening(request, staff)

    async def _open(self, request: web.Request, staff: Staff) -> web.Response:
        given, number = await fields_of(request), request.match_info["number"]
        owner = given.get("owner", "")
        try:
            if owner and owner not in {name for name, _ in await self._able()}:
                raise CitizenError("请从在职的同事里选择负责人。", code="bad_owner", field="owner")
            opened = await self.correctives.open(number, staff.name, given.get("words", ""), owner)
        except CitizenError as error:
            if error.field is None:
                raise
            return await self._draw_opening(request, staff, given=given, wrong={error.field: error.message})
        return lead_on(f"{_HOME}/{opened}", done="corrective")

    async def _draw_opening(
        self, request: web.Request, staff: Staff, *, given: Mapping[str, str] | None = None, wrong: Mapping[str, str] | None = None
    ) -> web.Response:
        return self.view.page(
            "corrective_new.html", request, staff, status=422 if wrong else 200, number=request.match_info["number"],
            able=await self._able(), most=LONGEST, given=given or {}, wrong=wrong or {},
        )  # fmt: skip

    async def _able(self) -> list[tuple[str, str]]:
        return [(one.name, one.shown) for one in able(await self.accounts())]


async def corrective_lines(correctives: Correctives, consultation: str) -> list[dict[str, Any]]:
    """Return those of a consultation, for its page: number, origin, standing, and how that is coloured."""
    return [
        {"number": one.number, "origin": one.origin, "standing": one.standing, "level": _level(one, over=correctives.is_over(one))}
        for one in await correctives.of(consultation)
    ]


def _level(one: Corrective, *, over: bool) -> str:
    return "over" if over else _LEVELS.get(one.standing, "soft")


def _told(entry: Entry) -> dict[str, Any]:
    """Return a step as a page shows it; numbers are masked."""
    private = entry.private or {}
    words = [(shown, mask(str(private[name]))) for name, shown in _WRITTEN.items() if private.get(name)]
    return {
        "time": entry.time, "who": entry.actor, "standing": entry.open["standing"], "owner": entry.open.get("owner", ""),
        "due": entry.open.get("due", ""), "words": words,
    }  # fmt: skip


def _written(entries: Sequence[Entry]) -> Mapping[str, str]:
    """Return cause, measure and plan as they were written last, to be gone on from when it is analysed again."""
    written = [entry.private for entry in entries if entry.private and entry.private.get("measure")]
    return {name: str(written[-1].get(name, "")) for name in ("cause", "measure", "plan")} if written else {}
