"""Canned replies: reading them, and for reviewers writing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from zhixun.desk.canned import LONGEST, LONGEST_TITLE, Canned
from zhixun.desk.gate import Route, fields_of
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.staff import LEADERS, Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["CannedPages"]

_HOME = "/desk/canned"


@dataclass(frozen=True, slots=True)
class CannedPages:
    """The routes of canned replies.

    Args:
        teams: the groups of staff.
    """

    view: View
    canned: Canned
    teams: Sequence[str]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [("GET", _HOME, self._page), ("POST", _HOME, self._save), ("POST", f"{_HOME}/{{id}}/remove", self._remove)]

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._draw(request, staff)

    async def _save(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        id, team = given.get("id", ""), given.get("team", "")
        try:
            if team and team not in {*self.teams, *(one.team for one in await self.canned.list())}:
                raise CitizenError("请从列表里选择组。", code="bad_team", field="team")
            await self.canned.save(_id(id) if id else None, team, given.get("title", ""), given.get("text", ""), staff.name)
        except CitizenError as error:
            if error.field is None:
                raise
            return await self._draw(request, staff, given=given, wrong={error.field: error.message})
        return lead_on(_HOME, done="saved")

    async def _remove(self, request: web.Request, staff: Staff) -> web.Response:
        await self.canned.remove(_id(request.match_info["id"]), staff.name)
        return lead_on(_HOME, done="removed")

    async def _draw(
        self, request: web.Request, staff: Staff, *, given: Mapping[str, str] | None = None, wrong: Mapping[str, str] | None = None
    ) -> web.Response:
        writes = staff.role in LEADERS
        found = await self.canned.list() if writes else await self.canned.of(staff)
        teams = dict.fromkeys([*self.teams, *(one.team for one in found if one.team)])
        words = next(iter((wrong or {}).values()), "")
        return self.view.page(
            "canned.html", request, staff, status=422 if wrong else 200, found=found, writes=writes, teams=[(team, team) for team in teams],
            given=given or {}, wrong=wrong or {}, most=LONGEST, most_title=LONGEST_TITLE, flash=(words, "over") if words else None,
        )  # fmt: skip


def _id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise CitizenError("没有这条常用语。", code="no_canned", status=404)
    return int(text)
