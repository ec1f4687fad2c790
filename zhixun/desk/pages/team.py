"""Accounts of staff: who there is, and for administrators making and changing them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from aiohttp import web

from zhixun.database import Database, staff_sessions
from zhixun.desk.accounts import Accounts
from zhixun.desk.gate import Route, fields_of
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.ports import Daybook
from zhixun.desk.staff import ADMINISTRATOR, ROLES, Staff
from zhixun.desk.staff_sessions import StaffSessions
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["TeamPages"]

_HOME = "/desk/team"
_OWN = "不能改自己的角色、停用自己或重发自己的密码；需要时请另一位管理员来做。"
_ABOUT: Mapping[str, str] = {
    "clerk": "接待咨询，办理申请、回访和转办", "reviewer": "坐席的全部权限，另可质检答复、维护常用语",
    ADMINISTRATOR: "另可管理账号、排班和应答开关", "auditor": "只查看，另可审阅操作记录，不接触咨询人",
}  # fmt: skip
"""What each role may do, as it is told to who chooses one."""


@dataclass(frozen=True, slots=True)
class TeamPages:
    """The routes of accounts.

    Args:
        teams: the groups of staff of this deployment.
    """

    view: View
    database: Database
    accounts: Accounts
    sessions: StaffSessions
    daybook: Daybook
    teams: Sequence[str]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        one = f"{_HOME}/{{name}}"
        return [("GET", _HOME, self._list), ("POST", _HOME, self._add), ("GET", one, self._page), ("POST", one, self._act)]

    async def _list(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._draw_list(request, staff)

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._draw(request, staff, request.match_info["name"])

    async def _add(self, request: web.Request, staff: Staff) -> web.Response:
        """Make an account; its one-time password stands on the very page that answers, and nowhere else."""
        given = await fields_of(request)
        name = given.get("name", "").strip().lower()
        try:
            password = await self.accounts.add(
                name, given.get("role", ""), by=staff.name, shown=given.get("shown", ""), teams=_teams(given)
            )  # fmt: skip
        except CitizenError as error:
            return await self._draw_list(request, staff, given=given, wrong=error)
        return await self._draw(request, staff, name, password=password)

    async def _act(self, request: web.Request, staff: Staff) -> web.Response:
        given, name = await fields_of(request), request.match_info["name"]
        acts: Mapping[str, Callable[[str, Staff, Mapping[str, str]], Awaitable[str]]] = {
            "change": self._change, "reset": self._reset, "factor": self._factor, "sessions": self._end,
        }  # fmt: skip
        act = acts.get(given.get("act", ""))
        if act is None:
            raise CitizenError("请按页面上的按钮操作。", code="bad_act")
        try:
            password = await act(name, staff, given)
        except CitizenError as error:
            if error.status == 404:
                raise
            return await self._draw(request, staff, name, given=given, wrong=error)
        if password:
            return await self._draw(request, staff, name, password=password)
        return lead_on(f"{_HOME}/{name}", done="revoked" if given["act"] == "sessions" else "saved")

    async def _change(self, name: str, staff: Staff, given: Mapping[str, str]) -> str:
        role, active = given.get("role", ""), given.get("active") == "yes"
        if name == staff.name and (role != staff.role or not active):
            raise CitizenError(_OWN, code="own_account", status=409)
        await self.accounts.change(name, by=staff.name, role=role, shown=given.get("shown", ""), teams=_teams(given), active=active)
        return ""

    async def _reset(self, name: str, staff: Staff, given: Mapping[str, str]) -> str:
        if name == staff.name:
            raise CitizenError(_OWN, code="own_account", status=409)
        return await self.accounts.reset(name, by=staff.name)

    async def _factor(self, name: str, staff: Staff, given: Mapping[str, str]) -> str:
        await self.accounts.second_factor.remove(name, staff.name)
        return ""

    async def _end(self, name: str, staff: Staff, given: Mapping[str, str]) -> str:
        await self.accounts.find(name)
        await self.sessions.revoke(name, staff.session if name == staff.name else "")
        await self.daybook.note("sessions_revoked", staff.name, {"name": name})
        return ""

    async def _draw_list(
        self, request: web.Request, staff: Staff, *, given: Mapping[str, str] | None = None, wrong: CitizenError | None = None
    ) -> web.Response:
        return self.view.page(
            "team.html", request, staff, status=_status(wrong), accounts=await self.accounts.list(), seen=await self._seen(),
            **self._form(given or {}, wrong), chosen=_teams(given or {}), may_act=staff.role == ADMINISTRATOR,
        )  # fmt: skip

    async def _draw(
        self, request: web.Request, staff: Staff, name: str, *, password: str = "", given: Mapping[str, str] | None = None,
        wrong: CitizenError | None = None,
    ) -> web.Response:  # fmt: skip
        account = await self.accounts.find(name)
        kept = given if given is not None and given.get("act") == "change" else None
        return self.view.page(
            "member.html", request, staff, status=_status(wrong), account=account, own=name == staff.name, password=password,
            open_sessions=await self.sessions.list(name, staff.session), **self._form(kept or {}, wrong), changing=kept is not None,
            chosen=account.teams if kept is None else _teams(kept),
        )  # fmt: skip

    def _form(self, given: Mapping[str, str], wrong: CitizenError | None) -> dict[str, object]:
        """Return what the fields of an account need; what is wrong and belongs to none of them is told above the page."""
        field = wrong.field if wrong is not None else None
        return {
            "given": given, "wrong": {field: wrong.message} if wrong is not None and field else {}, "teams": self.teams, "roles": ROLES,
            "role_choices": [(role, words, _ABOUT[role]) for role, words in ROLES.items()],
            "flash": (wrong.message, "over") if wrong is not None else None,
        }  # fmt: skip

    async def _seen(self) -> Mapping[str, str]:
        """Return when each member of staff was last seen, as far as their sessions tell."""
        query = sa.select(staff_sessions.c.name, sa.func.max(staff_sessions.c.seen)).group_by(staff_sessions.c.name)
        async with self.database.read() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}


def _teams(given: Mapping[str, str]) -> tuple[str, ...]:
    """Return the teams that were ticked: a field for each, since a form's field has one value."""
    return tuple(name.removeprefix("team:") for name, value in given.items() if name.startswith("team:") and value)


def _status(wrong: CitizenError | None) -> int:
    if wrong is None:
        return 200
    return wrong.status if wrong.status == 409 else 422
