"""Referrals: drawing up a slip for an outside agency, following it, and the register of agencies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from zhixun.desk.gate import Route, fields_of
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.ports import Daybook
from zhixun.desk.staff import Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["ReferralPages", "Slips"]

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class Slips(Protocol):
    """What the pages need of the referral room; slips and letters are given as plain values."""

    async def running(self) -> Sequence[Mapping[str, Any]]:
        """Return the slips that are still running, overdue ones first."""

    async def failed(self) -> Sequence[Mapping[str, Any]]:
        """Return the letters that did not arrive and are not tried again."""

    async def one(self, number: str) -> Mapping[str, Any]:
        """Return a slip with its letters and where it may go next; raises CitizenError (404)."""

    async def draft(self, consultation: str, agency: str) -> Mapping[str, Any]:
        """Return what a new slip may begin with: agencies proposed and all, facts, wish, ways, what the citizen must be told."""

    async def issue(self, consultation: str, given: Mapping[str, str], by: str) -> str:
        """Issue a slip from a form's fields; returns its number."""

    async def move(self, number: str, standing: str, by: str, said: str) -> None:
        """Carry a slip on."""

    async def send_again(self, number: str) -> None:
        """Have a slip sent once more."""

    async def paper(self, number: str) -> str:
        """Return a slip as a page for printing."""

    async def docx(self, number: str) -> bytes:
        """Return a slip as a document."""


@dataclass(frozen=True, slots=True)
class ReferralPages:
    """The routes of referrals.

    Args:
        agencies: the register, for a page. names: login name to shown name.
    """

    view: View
    slips: Slips
    agencies: Callable[[], Sequence[Mapping[str, Any]]]
    daybook: Daybook
    names: Callable[[str], str]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [
            ("GET", "/desk/referrals", self._list),
            ("GET", "/desk/referrals/agencies", self._agencies),
            ("GET", "/desk/referrals/{number}", self._slip),
            ("GET", "/desk/referrals/{number}/paper", self._paper),
            ("GET", "/desk/referrals/{number}/docx", self._docx),
            ("POST", "/desk/referrals/{number}", self._move),
            ("POST", "/desk/referrals/{number}/again", self._again),
            ("GET", "/desk/cases/{number}/refer", self._ask),
            ("POST", "/desk/cases/{number}/refer", self._issue),
        ]

    async def _list(self, request: web.Request, staff: Staff) -> web.Response:
        return self.view.page(
            "referrals.html", request, staff, running=await self.slips.running(), failed=await self.slips.failed(), names=self.names
        )

    async def _agencies(self, request: web.Request, staff: Staff) -> web.Response:
        return self.view.page("agencies.html", request, staff, agencies=self.agencies())

    async def _slip(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._shown(request, staff)

    async def _shown(self, request: web.Request, staff: Staff, *, wrong: str = "", said: str = "", status: int = 200) -> web.Response:
        slip = await self.slips.one(request.match_info["number"])
        await self.daybook.note("looked", staff.name, {"about": slip["consultation"], "slip": slip["number"]})
        return self.view.page(
            "slip.html", request, staff, slip=slip, names=self.names, wrong=wrong, said=said, may_move=staff.role != "auditor", status=status
        )

    async def _paper(self, request: web.Request, staff: Staff) -> web.Response:
        number = request.match_info["number"]
        text = await self.slips.paper(number)
        await self.daybook.note("printed", staff.name, {"about": number})
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def _docx(self, request: web.Request, staff: Staff) -> web.Response:
        number = request.match_info["number"]
        data = await self.slips.docx(number)
        await self.daybook.note("exported", staff.name, {"what": "slip", "about": number})
        headers = {"Content-Disposition": f'attachment; filename="{number}.docx"', "Cache-Control": "no-store", "Content-Type": _DOCX}
        return web.Response(body=data, headers=headers)

    async def _move(self, request: web.Request, staff: Staff) -> web.Response:
        number, given = request.match_info["number"], await fields_of(request)
        try:
            await self.slips.move(number, given.get("standing", ""), staff.actor, given.get("said", ""))
        except CitizenError as error:
            return await self._shown(request, staff, wrong=error.message, said=given.get("said", ""), status=422)
        return lead_on(f"/desk/referrals/{number}?done=slip_moved")

    async def _again(self, request: web.Request, staff: Staff) -> web.Response:
        number = request.match_info["number"]
        await self.slips.send_again(number)
        return lead_on(f"/desk/referrals/{number}?done=sent_again")

    async def _ask(self, request: web.Request, staff: Staff) -> web.Response:
        agency = request.query.get("agency", "")
        shown = await self._form(request, staff, agency, {})
        if agency:
            # The draft begins with the citizen's own words, as they were written.
            await self.daybook.note("looked", staff.name, {"about": request.match_info["number"], "agency": agency})
        return shown

    async def _issue(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        try:
            number = await self.slips.issue(request.match_info["number"], given, staff.actor)
        except CitizenError as error:
            return await self._form(request, staff, given.get("agency", ""), given, wrong=error.message, field=error.field or "", status=422)
        return lead_on(f"/desk/referrals/{number}?done=issued")

    async def _form(
        self, request: web.Request, staff: Staff, agency: str, given: Mapping[str, str], *,
        wrong: str = "", field: str = "", status: int = 200,
    ) -> web.Response:  # fmt: skip
        number = request.match_info["number"]
        draft = await self.slips.draft(number, agency)
        return self.view.page(
            "refer.html", request, staff, number=number, draft=draft, given=given, wrong=wrong, field=field, status=status
        )

