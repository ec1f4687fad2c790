"""Call-backs and follow-ups: what is owed to whom, the number to call, and how it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from zhixun.clock import Clock
from zhixun.desk.casework import KINDS, RESULTS, Casework
from zhixun.desk.gate import Route, fields_of
from zhixun.desk.pages.leading import address, lead_on
from zhixun.desk.ports import Daybook
from zhixun.desk.staff import Staff
from zhixun.desk.task_list import GROUPS, VIEWS, TaskList
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["TaskPages"]

_HOME = "/desk/tasks"
_MENTION_RESULTS: Mapping[str, str] = {"done": "已处理", "open": "还需再跟进"}
"""How a colleague's call for attention can end: nobody is telephoned."""


@dataclass(frozen=True, slots=True)
class TaskPages:
    """The routes of what is owed.

    Args:
        names: login name to shown name.
    """

    view: View
    tasks: TaskList
    casework: Casework
    daybook: Daybook
    clock: Clock
    names: Callable[[str], str]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        one = f"{_HOME}/{{number}}/{{seq}}"
        return [
            ("GET", _HOME, self._list),
            ("POST", f"{_HOME}/print", self._print),
            ("POST", one, self._record),
            ("POST", f"{one}/contact", self._contact),
        ]

    async def counts(self) -> Mapping[str, int]:
        """Return what the navigation shows beside this page: how many tasks are overdue."""
        return {_HOME: await self.tasks.overdue()}

    async def _list(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._draw(request, staff)

    async def _print(self, request: web.Request, staff: Staff) -> web.Response:
        """Show a list for paper with the numbers in the clear; which ones is kept in the day book."""
        chosen = _chosen(request.query)
        view = chosen["view"] if chosen["view"] != "done" else ""
        found = await self.tasks.listed(view, staff.name, kind=chosen["kind"], number=chosen["number"])
        about = sorted({one.task.consultation for one in found.all if one.phone})
        await self.daybook.note("printed", staff.name, {"what": "call_list", "about": about})
        return self.view.page(
            "tasks_print.html", request, staff, found=found.all, kinds=KINDS, now=self.clock.local(), back=address(_HOME, chosen)
        )  # fmt: skip

    async def _record(self, request: web.Request, staff: Staff) -> web.Response:
        given, number, seq = await fields_of(request), request.match_info["number"], _seq(request)
        result, words, again = (given.get(name, "") for name in ("result", "words", "again"))
        try:
            await self.casework.follow_up(number, seq, staff.name, result, words, again)
        except CitizenError as error:
            if error.field is None:
                raise
            wrong = {"again" if error.field == "due" else error.field: error.message}
            return await self._draw(request, staff, at=f"{number}/{seq}", given=given, wrong=wrong, status=422)
        return lead_on(_HOME, **_chosen(request.query), done="followed_up")

    async def _contact(self, request: web.Request, staff: Staff) -> web.Response:
        """Show the number to call; that it was looked at stays in the day book."""
        number, seq = request.match_info["number"], _seq(request)
        one = await self.tasks.one(f"{number}/{seq}")
        await self.daybook.note("unmasked", staff.name, {"about": number, "task": one.task.id})
        if "HX-Request" in request.headers:
            return self.view.part("task_phone.html", staff, one=one)
        return await self._draw(request, staff, at=one.task.id, clear=True)

    async def _draw(
        self, request: web.Request, staff: Staff, *, at: str = "", given: Mapping[str, str] | None = None,
        wrong: Mapping[str, str] | None = None, clear: bool = False, status: int = 200,
    ) -> web.Response:  # fmt: skip
        """Draw the list.

        Args:
            at: the id of the task whose form is open, with what was `given` and what of it is `wrong`.
            clear: show the number of that one task as it was written.
        """
        chosen = _chosen(request.query)
        found = await self.tasks.listed(chosen["view"], staff.name, kind=chosen["kind"], number=chosen["number"])
        tabs: list[dict[str, Any]] = [
            {"title": title, "href": address(_HOME, {**chosen, "view": view}), "current": view == chosen["view"],
             "count": found.counts.get(view), "level": "over" if view == "over" and found.counts["over"] else ""}
            for view, title in VIEWS.items()
        ]  # fmt: skip
        words = next(iter((wrong or {}).values()), "")
        return self.view.page(
            "tasks.html", request, staff, status=status, found=found, tabs=tabs, chosen=chosen, query=address("", chosen),
            groups=GROUPS, kinds=KINDS, results=RESULTS, mention_results=_MENTION_RESULTS, names=self.names, may_act=staff.role != "auditor",
            today=self.clock.today().isoformat(), at=at, given=given or {}, wrong=wrong or {}, clear=clear,
            flash=(words, "over") if words else None,
        )  # fmt: skip


def _chosen(query: Mapping[str, str]) -> dict[str, str]:
    """Return which list an address asks for; what is not known there is passed over."""
    view, kind, number = (query.get(name, "").strip() for name in ("view", "kind", "number"))
    return {"view": view if view in VIEWS else "", "kind": kind if kind in KINDS else "", "number": number.upper()}


def _seq(request: web.Request) -> int:
    text = request.match_info["seq"]
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise CitizenError("没有这项任务。", code="no_task", status=404)
    return int(text)
