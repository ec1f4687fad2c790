"""The archive: finding consultations, keeping searches, taking tables and packages out. What is taken out is noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from aiohttp import web

from zhixun.desk.casework import Casework
from zhixun.desk.gate import Route, fields_of
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.ports import Daybook
from zhixun.desk.staff import Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["Archive", "ArchivePages"]

_TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_NOT_ASKED = ("csrf", "form", "why", "title", "clear", "page", "done")
_LONGEST = 200


class Archive(Protocol):
    """What is filed."""

    async def find(self, given: Mapping[str, str]) -> Mapping[str, Any]:
        """Return a page of what is found (`page`), the search as it was read (`query`) and its conditions (`chips`)."""

    async def offered(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Return what each filter may offer: value and words."""

    async def kept_views(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the saved searches of a member of staff."""

    async def keep_view(self, name: str, title: str, given: Mapping[str, str]) -> None:
        """Save a search."""

    async def drop_view(self, name: str, view: int) -> None:
        """Delete a saved search."""

    async def export(self, given: Mapping[str, str], form: str, *, clear: bool) -> tuple[bytes, int]:
        """Return the table of all that is found, and how many there are."""

    async def days(self) -> Sequence[Any]:
        """Return the newest days of the ledger: `day`, `files`, `root`, and what is `wrong`."""

    async def package(self, numbers: Sequence[str], *, clear: bool) -> bytes:
        """Return the sealed files of consultations, with what is needed to check them, as a ZIP."""


@dataclass(frozen=True, slots=True)
class ArchivePages:
    """The routes of the archive."""

    view: View
    archive: Archive
    casework: Casework
    daybook: Daybook

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [
            ("GET", "/desk/archive", self._search),
            ("POST", "/desk/archive/views", self._keep),
            ("POST", "/desk/archive/views/{id}", self._drop),
            ("POST", "/desk/archive/export", self._export),
            ("POST", "/desk/archive/package", self._package),
            ("POST", "/desk/archive/label", self._label),
            ("GET", "/desk/archive/days", self._days),
        ]

    async def _search(self, request: web.Request, staff: Staff) -> web.Response:
        given = {name: value for name, value in request.query.items() if value.strip() and name != "done"}
        wrong, status, found = "", 200, None
        try:
            found = await self.archive.find(given)
        except CitizenError as error:
            wrong, status = error.message, 422
        if found is not None and found["query"]:
            # What is searched for may name a person.
            await self.daybook.note("searched", staff.name, {"found": found["page"].total}, {"query": dict(found["query"])})
        return self.view.page(
            "archive.html", request, staff, status=status, wrong=wrong, found=found, given=given, offered=await self.archive.offered(),
            views=[{**one, "href": _href(one["query"])} for one in await self.archive.kept_views(staff.name)],
            chips=[{"title": one["title"], "href": _href(one["without"])} for one in found["chips"]] if found else [],
            leaf=_href({name: value for name, value in given.items() if name != "page"}, more=True), may_export=staff.role != "clerk",
        )  # fmt: skip

    async def _keep(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        asked = _asked(given)
        await self.archive.keep_view(staff.name, given.get("title", ""), asked)
        return lead_on(_href({**asked, "done": "saved"}))

    async def _drop(self, request: web.Request, staff: Staff) -> web.Response:
        view = request.match_info["id"]
        if view.isdecimal() and len(view) < 10:
            await self.archive.drop_view(staff.name, int(view))
        return lead_on("/desk/archive?done=removed")

    async def _export(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        form, asked, clear = given.get("form", ""), _asked(given), given.get("clear") == "yes"
        if form not in _TYPES:
            raise CitizenError("请选择导出格式。", code="bad_format", field="form")
        why = _why(given)
        data, count = await self.archive.export(asked, form, clear=clear)
        await self.daybook.note("exported", staff.name, {"what": form, "count": count, "clear": clear}, {"why": why, "query": asked})
        return _file(data, f"zhixun-cases.{form}", _TYPES[form])

    async def _days(self, request: web.Request, staff: Staff) -> web.Response:
        return self.view.page("days.html", request, staff, days=await self.archive.days())

    async def _label(self, request: web.Request, staff: Staff) -> web.Response:
        """Put labels on all that were chosen."""
        add = (await fields_of(request)).get("add", "").replace("，", " ").split()
        for number in await _chosen(request):
            await self.casework.label(number, staff.name, add, ())
        return lead_on("/desk/archive?done=labelled")

    async def _package(self, request: web.Request, staff: Staff) -> web.Response:
        given, numbers = await fields_of(request), await _chosen(request)
        clear, why = given.get("clear") == "yes", _why(given)
        data = await self.archive.package(numbers, clear=clear)
        for number in numbers:
            await self.daybook.note("exported", staff.name, {"what": "package", "about": number, "clear": clear}, {"why": why})
        return _file(data, "zhixun-package.zip", "application/zip")


async def _chosen(request: web.Request) -> list[str]:
    numbers = [str(one) for one in (await request.post()).getall("number", [])]
    if not numbers:
        raise CitizenError("请先勾选咨询件。", code="none_chosen", field="number")
    return numbers


def _asked(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in _NOT_ASKED and value.strip()}


def _why(given: Mapping[str, str]) -> str:
    why = given.get("why", "").strip()
    if not why or len(why) > _LONGEST:
        raise CitizenError(f"请写明用途（1–{_LONGEST} 字），会记入操作记录。", code="no_reason", field="why")
    return why


def _href(query: Mapping[str, str], *, more: bool = False) -> str:
    """Return the address of a search; with `more` it ends so that a page's number can follow."""
    address = f"/desk/archive?{urlencode(query)}" if query else "/desk/archive"
    return address + ("&page=" if query else "?page=") if more else address


def _file(data: bytes, name: str, kind: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store", "Content-Type": kind}
    return web.Response(body=data, headers=headers)

