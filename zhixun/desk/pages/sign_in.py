"""Signing in: password, code, a password of one's own, setting up the second factor; and one's own account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from zhixun.desk.access import TALK
from zhixun.desk.accounts import Accounts
from zhixun.desk.gate import COOKIE, Route, fields_of
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.ports import Daybook
from zhixun.desk.second_factor import Enrolment
from zhixun.desk.staff import FULL, Staff
from zhixun.desk.staff_sessions import StaffSessions
from zhixun.desk.view import View
from zhixun.errors import CitizenError, TryLater
from zhixun.limits import SIGN_IN, Limiter

__all__ = ["SignInPages"]


@dataclass(frozen=True, slots=True)
class SignInPages:
    """The routes of signing in.

    Args:
        address: who sends a request.
        agreed: since when (UTC stamp) administrators may see somebody's figures; empty when they may not.
    """

    view: View
    accounts: Accounts
    sessions: StaffSessions
    daybook: Daybook
    limiter: Limiter
    address: Callable[[web.Request], str]
    agreed: Callable[[str], Awaitable[str]]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [
            ("GET", "/desk/login", self._ask),
            ("POST", "/desk/login", self._sign_in),
            ("POST", "/desk/logout", self._sign_out),
            ("POST", "/desk/here", self._here),
            ("GET", "/desk/code", self._ask_code),
            ("POST", "/desk/code", self._check_code),
            ("GET", "/desk/password", self._ask_password),
            ("POST", "/desk/password", self._set_password),
            ("GET", "/desk/enrol", self._ask_enrolment),
            ("POST", "/desk/enrol", self._enrol),
            ("GET", "/desk/me", self._me),
            ("POST", "/desk/me/revoke", self._revoke),
        ]

    async def _ask(self, request: web.Request, staff: Staff) -> web.Response:
        ended = ("登录已失效，请重新登录。没有发出的话还留在原来的标签页里。", "warn") if request.query.get("ended") else None
        return self._login(request, flash=ended)

    async def _sign_in(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        try:
            self.limiter.take(SIGN_IN, self.address(request))
            account = await self.accounts.check_password(given.get("name", ""), given.get("password", ""), self.address(request))
        except (CitizenError, TryLater) as error:
            return self._login(request, name=given.get("name", ""), wrong=error.message, status=error.status)
        # Whoever signs in here anew leaves what the browser still carries, be it their own or a colleague's.
        await self.sessions.close(request.cookies.get(COOKIE, ""))
        stage = self.accounts.first_stage(account)
        token, _ = await self.sessions.open(account.name, stage, request.headers.get("User-Agent", ""), self.address(request))
        return self._entered(token, request.query.get("next", ""))

    async def _sign_out(self, request: web.Request, staff: Staff) -> web.Response:
        await self.sessions.close(request.cookies.get(COOKIE, ""))
        await self.daybook.note("signed_out", staff.name, {})
        response = lead_on("/desk/login?done=signed_out")
        response.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
        return response

    async def _here(self, request: web.Request, staff: Staff) -> web.Response:
        return web.Response(status=204)

    async def _ask_code(self, request: web.Request, staff: Staff) -> web.Response:
        return self.view.page("code.html", request, None, wrong="", csrf=staff.csrf)

    async def _check_code(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        try:
            self.limiter.take(SIGN_IN, self.address(request))
            account = await self.accounts.second_factor.check(staff.name, given.get("code", ""), self.address(request))
        except (CitizenError, TryLater) as error:
            return self.view.page("code.html", request, None, wrong=error.message, csrf=staff.csrf, status=error.status)
        return await self._go_on(request, self.accounts.next_stage(account))

    async def _ask_password(self, request: web.Request, staff: Staff) -> web.Response:
        return self._password(request, staff)

    async def _set_password(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        if given.get("new") != given.get("again"):
            return self._password(request, staff, wrong="两次输入的新密码不一样。", field="again", status=400)
        try:
            old, new = given.get("old", ""), given.get("new", "")
            account = await self.accounts.set_password(staff.name, old, new, staff.session, self.address(request))
        except (CitizenError, TryLater) as error:
            return self._password(request, staff, wrong=error.message, field=error.field or "new", status=error.status)
        if staff.stage != FULL:
            return await self._go_on(request, self.accounts.next_stage(account))
        return lead_on("/desk/me?done=password")

    async def _ask_enrolment(self, request: web.Request, staff: Staff) -> web.Response:
        return self._enrolment(request, staff, await self._begun(staff.name))

    async def _enrol(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        try:
            codes = await self.accounts.second_factor.confirm(staff.name, given.get("code", ""), staff.session)
        except (CitizenError, TryLater) as error:
            shown = await self._begun(staff.name) if error.status != 409 else None
            return self._enrolment(request, staff, shown, wrong=error.message, status=error.status)
        response = self.view.page("recovery.html", request, None, codes=codes)
        if staff.stage != FULL:
            account = await self.accounts.find(staff.name)
            token, _ = await self.sessions.advance(request.cookies.get(COOKIE, ""), self.accounts.next_stage(account))
            _keep(response, token)
        return response

    async def _begun(self, name: str) -> Enrolment | None:
        """Return the enrolment that is under way, or begin one; None for somebody who has a second factor."""
        factor = self.accounts.second_factor
        if (await self.accounts.find(name)).second_factor:
            return None
        try:
            return await factor.again(name)
        except CitizenError:
            return await factor.begin(name)

    async def _me(self, request: web.Request, staff: Staff) -> web.Response:
        return self.view.page(
            "me.html", request, staff, account=await self.accounts.find(staff.name),
            open_sessions=await self.sessions.list(staff.name, staff.session), left=await self.accounts.second_factor.left(staff.name),
            agreed=await self.agreed(staff.name) if staff.role in TALK else None,
        )  # fmt: skip

    async def _revoke(self, request: web.Request, staff: Staff) -> web.Response:
        await self.sessions.revoke(staff.name, staff.session)
        await self.daybook.note("sessions_revoked", staff.name, {"name": staff.name})
        return lead_on("/desk/me?done=revoked")

    async def _go_on(self, request: web.Request, stage: str) -> web.Response:
        token, _ = await self.sessions.advance(request.cookies.get(COOKIE, ""), stage)
        return self._entered(token, "")

    def _login(
        self, request: web.Request, *, name: str = "", wrong: str = "", flash: tuple[str, str] | None = None, status: int = 200
    ) -> web.Response:
        return self.view.page("login.html", request, None, name=name, wrong=wrong, to=request.query_string, flash=flash, status=status)

    def _password(self, request: web.Request, staff: Staff, *, wrong: str = "", field: str = "", status: int = 200) -> web.Response:
        whole = staff if staff.stage == FULL else None
        return self.view.page("password.html", request, whole, wrong=wrong, field=field, csrf=staff.csrf, status=status)

    def _enrolment(
        self, request: web.Request, staff: Staff, shown: Enrolment | None, *, wrong: str = "", status: int = 200
    ) -> web.Response:
        whole = staff if staff.stage == FULL else None
        return self.view.page("enrol.html", request, whole, shown=shown, wrong=wrong, csrf=staff.csrf, status=status)

    @staticmethod
    def _entered(token: str, to: str) -> web.Response:
        """Lead on with a new session; only to a page of the desk, whatever the address says."""
        response = lead_on(to if to == "/desk" or to.startswith(("/desk/", "/desk?")) else "/desk")
        _keep(response, token)
        return response


def _keep(response: web.Response, token: str) -> None:
    # Without an age: it ends with the browser, and by itself in the store. `Secure` holds for loopback addresses too.
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="Strict")



