"""The specification against the service: each duty with what serves it, how often that was used, and what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from aiohttp import web

from zhixun.clock import Clock, stamp
from zhixun.desk.assessment import SIGNED, TITLE, assessment_of, used_words
from zhixun.desk.coverage import FORCES, Asked, Coverage, CoverageRow, Span, read_asked, read_span, tallies
from zhixun.desk.gate import Route
from zhixun.desk.pages.leading import address
from zhixun.desk.ports import Daybook
from zhixun.desk.staff import Staff
from zhixun.desk.view import View
from zhixun.documents import About
from zhixun.errors import CitizenError

__all__ = ["CoveragePages"]

_HOME = "/desk/coverage"
_NAMES = ("since", "until", "document", "clause", "force", "standing", "unused")
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MONTHS = (3, 6, 12, 24)
_LEVELS = ("good", "warn", "over")


@dataclass(frozen=True, slots=True)
class CoveragePages:
    """The routes of the specification against the service.

    Args:
        office: whose self-assessment it is.
    """

    view: View
    coverage: Coverage
    clock: Clock
    daybook: Daybook
    office: str

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [
            ("GET", _HOME, self._page), ("GET", f"{_HOME}/docx", self._document), ("GET", f"{_HOME}/checked", self._checked),
            ("GET", f"{_HOME}/{{name}}", self._content),
        ]  # fmt: skip

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        given = {name: request.query.get(name, "").strip() for name in _NAMES}
        today, wrong = self.clock.today(), dict[str, str]()
        try:
            span = read_span(given, today)
        except CitizenError as error:
            span, wrong = read_span({}, today), {str(error.field): error.message}
        asked, every, rows = await self._asked(given, span)
        standings = self.coverage.standings
        return self.view.page(
            "coverage.html", request, staff, status=422 if wrong else 200, given=given, wrong=wrong, span=span, today=today, title=TITLE,
            rows=rows, groups={title: [row for row in rows if row.title == title] for title in dict.fromkeys(row.title for row in rows)},
            tallies=tallies(every, standings), standings=standings, forces=FORCES, signed=SIGNED,
            levels=dict(zip(standings, _LEVELS, strict=True)), documents=self.coverage.documents, used=used_words,
            spans=_spans(given, today), docx=address(f"{_HOME}/docx", given), filtered=asked != Asked(),
            flash=(next(iter(wrong.values())), "over") if wrong else None,
        )  # fmt: skip

    async def _document(self, request: web.Request, staff: Staff) -> web.Response:
        """Give the self-assessment as a document; that it was taken along stands in the day book before."""
        given = {name: request.query.get(name, "").strip() for name in _NAMES}
        today = self.clock.today()
        span = read_span(given, today)
        asked, every, rows = await self._asked(given, span)
        await self.daybook.note("exported", staff.name, {"what": "assessment", "format": "docx", "span": span.words})
        facts = [("单位", self.office), ("期间", span.words), ("制表日期", today.isoformat()),
                 ("对照条目", f"{len(rows)} 条" + ("" if asked == Asked() else f"（按条件选出，共 {len(every)} 条）"))]  # fmt: skip
        standings = self.coverage.standings
        made = stamp(self.clock.now())
        about = About(TITLE, f"自评 {span.words}", self.office, made)
        data = await asyncio.to_thread(assessment_of, about, facts, standings, tallies(every, standings), rows)
        headers = {"Content-Disposition": f'attachment; filename="assessment-{span.since:%Y%m%d}-{span.until:%Y%m%d}.docx"',
                   "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}  # fmt: skip
        return web.Response(body=data, content_type=_DOCX, headers=headers)

    async def _asked(self, given: Mapping[str, str], span: Span) -> tuple[Asked, Sequence[CoverageRow], Sequence[CoverageRow]]:
        """Return the conditions, all rows, and those that are asked for."""
        asked = read_asked(given, [name for name, _ in self.coverage.documents], self.coverage.standings)
        every = await self.coverage.rows(span)
        return asked, every, [row for row in every if asked.keeps(row)]

    async def _checked(self, request: web.Request, staff: Staff) -> web.Response:
        given = request.query.get("months", "")
        months = int(given) if given in map(str, _MONTHS) else 6
        found, oldest = await self.coverage.unchecked(months)
        choices = [(one, f"{one} 个月以上") for one in _MONTHS]
        return self.view.page("checked.html", request, staff, found=found, months=months, choices=choices, oldest=oldest, office=self.office)

    async def _content(self, request: web.Request, staff: Staff) -> web.Response:
        return self.view.page("content.html", request, staff, one=await self.coverage.content(request.match_info["name"]))


def _spans(given: Mapping[str, str], today: date) -> list[dict[str, Any]]:
    """Return the spans that are offered at a touch."""
    year, month = today.replace(month=1, day=1), today.replace(day=1)
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    ended = year - timedelta(days=1)
    last = Span(ended.replace(month=1, day=1), ended)
    offered = {"本年": Span(year, today), "本季": Span(quarter, today), "本月": Span(month, today), "上年": last}
    chosen = (given["since"] or year.isoformat(), given["until"] or today.isoformat())
    return [
        {"title": title, "href": address(_HOME, {**given, **_told(span)}), "current": chosen == tuple(_told(span).values())}
        for title, span in offered.items()
    ]


def _told(span: Span) -> dict[str, str]:
    return {name: day.isoformat() for name, day in asdict(span).items()}
