"""Improving answers: what was not answered well, what runs out, and the versions that are tried, live, or can be gone back to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from zhixun.desk.gate import Route, fields_of
from zhixun.desk.pages.leading import address, lead_on
from zhixun.desk.staff import LEADERS, WRITERS, Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["HOME", "ImprovePages", "Improvements", "improve_tabs", "number_of"]

HOME = "/desk/improve"
_SPANS = ((7, "近 7 天"), (30, "近 30 天"), (90, "近 90 天"))


class Improvements(Protocol):
    """What the desk knows of improvement; see `improving.py`."""

    @property
    def form(self) -> Mapping[str, Any]:
        """What the form of a draft offers."""

    async def missed(self, days: int, why: str) -> Mapping[str, Any]:
        """Return groups of turns that want a better answer."""

    async def settle(self, turns: str, how: str, by: str) -> None:
        """Mark turns as dealt with."""

    def expiring(self) -> Sequence[Mapping[str, Any]]:
        """Return the answers that somebody has to look at soon."""

    async def drafts(self, staff: Staff) -> Sequence[Mapping[str, Any]]:
        """Return the open drafts."""

    async def waiting(self) -> int:
        """Return how many drafts wait for a second person."""

    def fields(self, question: str) -> Mapping[str, str]:
        """Return the form of a question as it is live."""

    async def draft(self, id: int, staff: Staff) -> Mapping[str, Any]:
        """Return a draft."""

    async def text(self, id: int, version: int) -> str:
        """Return an older text of a draft."""

    async def look(self, given: Mapping[str, str]) -> Mapping[str, Any]:
        """Return what a form would mean."""

    async def begin(self, given: Mapping[str, str], turns: str, by: str) -> int:
        """Begin a draft."""

    async def save(self, id: int, given: Mapping[str, str], by: str) -> None:
        """Keep a further version of a draft."""

    async def approve(self, id: int, version: int, by: str) -> None:
        """Approve a draft."""

    async def send_back(self, id: int, why: str, by: str) -> None:
        """Tell the authors what to change."""

    async def drop(self, id: int, by: str) -> None:
        """Give a draft up."""

    async def releases(self) -> Mapping[str, Any]:
        """Return the newest candidates."""

    async def release(self, id: int) -> Mapping[str, Any]:
        """Return a candidate with what the gate found."""

    async def start(self, by: str) -> int:
        """Begin a candidate of all approved drafts."""

    async def cancel(self, id: int, by: str) -> None:
        """Stop working at a candidate."""

    async def roll_back(self, id: int, by: str) -> int:
        """Go back to a version."""


@dataclass(frozen=True, slots=True)
class ImprovePages:
    """The routes, all but those of drafts.

    Args:
        names: login name to shown name.
    """

    view: View
    improvements: Improvements
    names: Callable[[str], str]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        one = f"{HOME}/versions/{{id}}"
        return [
            ("GET", HOME, self._missed),
            ("POST", f"{HOME}/settle", self._settle),
            ("GET", f"{HOME}/expiring", self._expiring),
            ("GET", f"{HOME}/versions", self._versions),
            ("POST", f"{HOME}/versions", self._start),
            ("GET", one, self._version),
            ("GET", f"{one}/progress", self._progress),
            ("POST", f"{one}/cancel", self._cancel),
            ("POST", f"{one}/back", self._back),
        ]

    async def counts(self) -> Mapping[str, int]:
        """Return what the navigation shows beside these pages: how many drafts wait for a second person."""
        return {HOME: await self.improvements.waiting()}

    async def _missed(self, request: web.Request, staff: Staff) -> web.Response:
        days, why = request.query.get("days", ""), request.query.get("why", "")
        span = next((span for span, _ in _SPANS if str(span) == days), 30)
        found = await self.improvements.missed(span, why)
        reasons = [{"title": title, "href": address(HOME, {"days": str(span), "why": code}), "current": code == why,
                    "count": found["counts"].get(code) if code else sum(found["counts"].values())}
                   for code, title in {"": "全部", **found["reasons"]}.items()]  # fmt: skip
        return self.view.page(
            "improve.html", request, staff, tabs=await improve_tabs(self.improvements, HOME), found=found, reasons=reasons, spans=_SPANS,
            days=span, why=why, writes=staff.role in WRITERS,
        )  # fmt: skip

    async def _settle(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        await self.improvements.settle(given.get("turns", ""), given.get("how", ""), staff.name)
        return lead_on(HOME, days=given.get("days", ""), why=given.get("why", ""), done="settled")

    async def _expiring(self, request: web.Request, staff: Staff) -> web.Response:
        tabs = await improve_tabs(self.improvements, f"{HOME}/expiring")
        found = self.improvements.expiring()
        due, settled = ([one for one in found if one["settled"] == is_] for is_ in (False, True))
        return self.view.page("improve_expiring.html", request, staff, tabs=tabs, due=due, settled=settled, writes=staff.role in WRITERS)

    async def _versions(self, request: web.Request, staff: Staff) -> web.Response:
        tabs = await improve_tabs(self.improvements, f"{HOME}/versions")
        found = await self.improvements.releases()
        may = staff.role in LEADERS
        return self.view.page("improve_versions.html", request, staff, tabs=tabs, found=found, names=self.names, may=may)

    async def _start(self, request: web.Request, staff: Staff) -> web.Response:
        return lead_on(f"{HOME}/versions/{await self.improvements.start(staff.name)}")

    async def _version(self, request: web.Request, staff: Staff) -> web.Response:
        one = await self.improvements.release(number_of(request))
        may = staff.role in LEADERS
        return self.view.page("improve_version.html", request, staff, one=one, names=self.names, may=may)

    async def _progress(self, request: web.Request, staff: Staff) -> web.Response:
        one = await self.improvements.release(number_of(request))
        # What has ended has more to tell than fits in here.
        headers = {} if one["runs"] else {"HX-Refresh": "true"}
        return self.view.part("improve_progress.html", staff, headers=headers, one=one)

    async def _cancel(self, request: web.Request, staff: Staff) -> web.Response:
        id = number_of(request)
        await self.improvements.cancel(id, staff.name)
        return lead_on(f"{HOME}/versions/{id}", done="cancelled")

    async def _back(self, request: web.Request, staff: Staff) -> web.Response:
        return lead_on(f"{HOME}/versions/{await self.improvements.roll_back(number_of(request), staff.name)}")


async def improve_tabs(improvements: Improvements, current: str) -> list[dict[str, Any]]:
    """Return the tabs of the pages of improvement."""
    expiring = sum(not one["settled"] for one in improvements.expiring())
    counts = {f"{HOME}/drafts": await improvements.waiting(), f"{HOME}/expiring": expiring}
    titles = {HOME: "没答好的", f"{HOME}/drafts": "草稿", f"{HOME}/versions": "版本", f"{HOME}/expiring": "快到期"}
    return [{"title": title, "href": href, "current": href == current, "count": counts.get(href)} for href, title in titles.items()]


def number_of(request: web.Request, part: str = "id") -> int:
    """Return a number in an address.

    Raises:
        CitizenError: (404) it is none.
    """
    text = request.match_info[part]
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise CitizenError("没有这一页。", code="no_page", status=404)
    return int(text)
