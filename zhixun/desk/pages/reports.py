"""The analysis report of a span: the page with its drawings, and the report taken away as a document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from aiohttp import web

from zhixun.desk.gate import Route, fields_of
from zhixun.desk.ports import Daybook
from zhixun.desk.staff import Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["ReportPages", "Reports"]

_HOME = "/desk/reports"
_SPAN = ("kind", "day", "since", "until")
_UNRECORDED = "未记录"
_DRAWN_ROWS = 12
"""So many bars can be told apart; the table beneath has them all."""


class Reports(Protocol):
    """What reports there are."""

    async def page(self, given: Mapping[str, str]) -> Mapping[str, Any]:
        """Return a report: `report`, its `span`, whether words are still `waiting`, the `spans` to choose from and their `kinds`."""

    async def waiting(self, given: Mapping[str, str]) -> bool:
        """Tell whether the words of a span are still being looked through."""

    async def file(self, given: Mapping[str, str], form: str) -> tuple[bytes, str, str]:
        """Return a report as a file: its bytes, name and type."""


@dataclass(frozen=True, slots=True)
class ReportPages:
    """The routes of the reports."""

    view: View
    reports: Reports
    daybook: Daybook

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [("GET", _HOME, self._page), ("GET", f"{_HOME}/waiting", self._waiting), ("POST", f"{_HOME}/export", self._export)]

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        given = _asked(request.query)
        try:
            found = await self.reports.page(given)
        except CitizenError as error:
            if error.field is None:
                raise
            found, wrong = await self.reports.page({}), {error.field: error.message}
            return self._draw(request, staff, found, given, wrong)
        return self._draw(request, staff, found, given, {})

    def _draw(
        self, request: web.Request, staff: Staff, found: Mapping[str, Any], given: Mapping[str, str], wrong: Mapping[str, str]
    ) -> web.Response:
        report, span = found["report"], found["span"]
        charts = {table.name: _chart(table) for section in report.sections for table in section.tables if table.chart and len(table.rows) > 1}
        tabs = [{"title": one["title"], "href": _href(one["query"]), "current": one["current"]} for one in found["spans"]]
        return self.view.page(
            "reports.html", request, staff, status=422 if wrong else 200, report=report, span=span, query=span.query, tabs=tabs,
            kinds=found["kinds"], given={**span.query, **given}, wrong=wrong, waiting=found["waiting"], charts=charts,
            poll=f"{_HOME}/waiting?{urlencode(span.query)}",
        )  # fmt: skip

    async def _waiting(self, request: web.Request, staff: Staff) -> web.Response:
        """Tell when the words are there; until then the page asks again. Whoever reads it decides when it is drawn anew."""
        asked = _asked(request.query)
        if await self.reports.waiting(asked):
            return web.Response(status=204)
        return self.view.part("reports_words.html", staff, href=_href(asked))

    async def _export(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        form, asked = given.get("form", ""), _asked(given)
        data, name, kind = await self.reports.file(asked, form)
        await self.daybook.note("exported", staff.name, {"what": "report", "format": form, "filters": asked})
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store", "Content-Type": kind}
        return web.Response(body=data, headers=headers)


def _asked(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given[name] for name in _SPAN if given.get(name, "").strip()}


def _href(query: Mapping[str, str]) -> str:
    return f"{_HOME}?{urlencode(query)}"


def _chart(table: Any) -> str:
    """Return what a script draws of a table, as JSON for an attribute."""
    # What was not recorded would dwarf what was.
    known = [row for row in table.rows if row[0] != _UNRECORDED]
    rows = known if table.chart == "line" else known[:_DRAWN_ROWS]
    drawn = {"kind": table.chart, "title": table.title, "names": [str(row[0]) for row in rows], "values": [row[1] for row in rows],
             "unit": table.columns[1]}  # fmt: skip
    return json.dumps(drawn, ensure_ascii=False)
