"""What all staff did, for those who look after it."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from zhixun.clock import Clock
from zhixun.desk.acts import KINDS
from zhixun.desk.audit import Act, Asked, Audit
from zhixun.desk.gate import Route
from zhixun.desk.pages.leading import address
from zhixun.desk.ports import Daybook
from zhixun.desk.staff import Account, Staff
from zhixun.desk.view import View, local
from zhixun.errors import CitizenError
from zhixun.numbers import valid_number, valid_request_number
from zhixun.posted import day_of

__all__ = ["AuditPages"]

_HOME = "/desk/audit"
_NAMES = ("who", "kind", "about", "since", "until")
_PAGE, _EXPORTED = 50, 500
"""So many acts are on a page, and read at once for an export."""
_HEADER = ("时间", "人员", "用户名", "做了什么", "咨询编号", "内容", "说明")


@dataclass(frozen=True, slots=True)
class AuditPages:
    """The routes of acts.

    Args:
        harmless: makes a text one that no spreadsheet computes.
        accounts: all accounts.
    """

    view: View
    audit: Audit
    daybook: Daybook
    clock: Clock
    harmless: Callable[[str], str]
    accounts: Callable[[], Awaitable[Sequence[Account]]]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [("GET", _HOME, self._page), ("GET", f"{_HOME}/export", self._export)]

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        given = _given(request.query)
        before = request.query.get("before", "")
        wrong: dict[str, str] = {}
        try:
            asked = _asked(given)
        except CitizenError as error:
            asked, wrong = Asked(), {str(error.field): error.message}
        place = int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else 0
        found = await self.audit.page(asked, before=place, most=_PAGE, opened=_opens(staff))
        return self.view.page(
            "audit.html", request, staff, status=422 if wrong else 200, found=found, given=given, wrong=wrong, opened=_opens(staff),
            people=[(one.name, one.shown) for one in await self.accounts()], kinds=KINDS.items(),
            older=address(_HOME, {**given, "before": str(found.before)}) if found.before else "",
            newest=address(_HOME, given) if place else "", export=address(f"{_HOME}/export", given),
            flash=(next(iter(wrong.values())), "over") if wrong else None,
        )  # fmt: skip

    async def _export(self, request: web.Request, staff: Staff) -> web.StreamResponse:
        """Write all acts that are asked for as a table (CSV), part by part; that it was done stands in the day book before."""
        given = _given(request.query)
        asked = _asked(given)
        filters = {name: value for name, value in given.items() if value}
        await self.daybook.note("exported", staff.name, {"what": "audit", "format": "csv", "filters": filters})
        headers = {
            "Content-Type": "text/csv; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
            "Content-Disposition": f'attachment; filename="audit-{self.clock.today():%Y%m%d}.csv"',
        }  # fmt: skip
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        # The mark at the beginning makes spreadsheets read the file as UTF-8.
        await response.write(f"\ufeff{_line(_HEADER)}".encode())
        before, more = 0, True
        while more:
            found = await self.audit.page(asked, before=before, most=_EXPORTED, opened=_opens(staff))
            await response.write("".join(_line([self.harmless(cell) for cell in self._cells(act)]) for act in found.acts).encode())
            before, more = found.before, found.before > 0
        return response

    def _cells(self, act: Act) -> Sequence[str]:
        return local(act.time), act.shown, act.who, act.title, act.about, act.told, act.words


def _opens(staff: Staff) -> bool:
    """Tell whether somebody reads what was written with an act: an auditor, whom it is kept for."""
    return staff.role == "auditor"


def _given(query: Mapping[str, str]) -> dict[str, str]:
    return {name: query.get(name, "").strip() for name in _NAMES}


def _asked(given: Mapping[str, str]) -> Asked:
    """Read the conditions.

    Raises:
        CitizenError: one of them is malformed.
    """
    about = given["about"].upper()
    if about and not (valid_number(about) or valid_request_number(about)):
        raise CitizenError("请填写完整的咨询编号或申请编号。", code="bad_number", field="about")
    kinds = (given["kind"],) if given["kind"] in KINDS else ()
    return Asked(given["who"], kinds, about, day_of(given, "since"), day_of(given, "until"))


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
