"""How staff answer: one's own figures, and for administrators those of who agrees and the mean of all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from zhixun.clock import Clock
from zhixun.desk.access import TALK
from zhixun.desk.coverage import Span, read_span
from zhixun.desk.gate import Route, fields_of
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.ports import Daybook
from zhixun.desk.quality import LEAST, MEASURES, Agreements, Figures, Quality, mean_of
from zhixun.desk.staff import ADMINISTRATOR, Account, Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["FiguresPages"]

_HOME = "/desk/learning/figures"


@dataclass(frozen=True, slots=True)
class FiguresPages:
    """The routes of figures of staff.

    Args:
        accounts: all accounts.
    """

    view: View
    quality: Quality
    agreements: Agreements
    clock: Clock
    daybook: Daybook
    accounts: Callable[[], Awaitable[Sequence[Account]]]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [("GET", _HOME, self._page), ("POST", "/desk/me/figures", self._agree)]

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        given = {name: request.query.get(name, "").strip() for name in ("since", "until")}
        today, wrong = self.clock.today(), dict[str, str]()
        month = {"since": today.replace(day=1).isoformat(), "until": today.isoformat()}
        try:
            span = read_span({**month, **{name: day for name, day in given.items() if day}}, today)
        except CitizenError as error:
            span, wrong = read_span(month, today), {str(error.field): error.message}
        own = (await self.quality.figures((staff.name,), span))[staff.name]
        agreed = await self.agreements.all()
        return self.view.page(
            "figures.html", request, staff, status=422 if wrong else 200, span=span, given=given, wrong=wrong, own=own, least=LEAST,
            agrees=staff.name in agreed, others=await self._others(staff, span, agreed) if staff.role == ADMINISTRATOR else None,
            measures=MEASURES, flash=(next(iter(wrong.values())), "over") if wrong else None,
        )  # fmt: skip

    async def _others(self, staff: Staff, span: Span, agreed: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the figures of those who agree, and the means; whose were shown stands in the day book before."""
        people = {one.name: one.shown for one in await self.accounts() if one.active and one.role in TALK}
        shown = sorted(people.keys() & agreed.keys() - {staff.name})
        await self.daybook.note("looked", staff.name, {"what": "figures", "names": shown, "span": span.words})
        figures: Mapping[str, Figures] = await self.quality.figures(people, span)
        open_to = {*agreed, staff.name}
        return {
            "people": [(people[name], figures[name]) for name in shown],
            "means": {measure: mean_of(figures, measure, open_to) for measure in MEASURES},
            "hidden": len(people.keys() - open_to),
        }

    async def _agree(self, request: web.Request, staff: Staff) -> web.Response:
        agrees = {"yes": True, "no": False}.get((await fields_of(request)).get("agrees", ""))
        if agrees is None:
            raise CitizenError("请按页面上的按钮操作。", code="bad_act")
        await self.agreements.set(staff.name, agrees=agrees)
        return lead_on("/desk/me", done="shown" if agrees else "hidden")
