"""What citizens say of the service on the telephone or at the counter, written down by staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from zhixun.desk.entries import CHANNELS
from zhixun.desk.gate import Route, fields_of
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.ports import Ratings
from zhixun.desk.staff import Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError
from zhixun.names import INDICATORS, SCALE

__all__ = ["RatingPages"]

_MOST = 500


@dataclass(frozen=True, slots=True)
class RatingPages:
    """The routes of ratings that staff write down."""

    view: View
    ratings: Ratings

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        path = "/desk/cases/{number}/rating"
        return [("GET", path, self._page), ("POST", path, self._save)]

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        await self._demand(request)
        return self._draw(request, staff)

    async def _save(self, request: web.Request, staff: Staff) -> web.Response:
        given, number = await fields_of(request), await self._demand(request)
        # What is no figure is refused with the others: as far as it is one, the conversation holds it against the scale.
        scores = {name: int(given[name]) if given[name].isdecimal() else 0 for name in INDICATORS if given.get(name)}
        try:
            await self.ratings.rate(number, scores, given.get("words", ""), "staff", by=staff.actor, whole=False)
        except CitizenError as error:
            if error.field is None:
                raise
            return self._draw(request, staff, given=given, wrong={error.field: error.message})
        return lead_on(f"/desk/cases/{number}", done="rated")

    async def _demand(self, request: web.Request) -> str:
        """Return the consultation, of which staff alone heard how it was.

        Raises:
            CitizenError: (404) there is none; (409) its citizen rates at another door, or it is rated already.
        """
        number = request.match_info["number"]
        if await self.ratings.channel(number) not in CHANNELS:
            raise CitizenError("只有电话和窗口登记的咨询由工作人员代记评价，其他入口由咨询人自己评。", code="not_by_staff", status=409)
        if not await self.ratings.to_rate(number):
            raise CitizenError("这次咨询已经评价过。", code="rated", status=409)
        return number

    def _draw(
        self, request: web.Request, staff: Staff, *, given: Mapping[str, str] | None = None, wrong: Mapping[str, str] | None = None
    ) -> web.Response:
        words = next(iter((wrong or {}).values()), "")
        return self.view.page(
            "rating.html", request, staff, status=422 if wrong else 200, number=request.match_info["number"], indicators=INDICATORS,
            scale=[(str(place), f"{place} {word}") for place, word in enumerate(SCALE, 1)], most=_MOST, given=given or {}, wrong=wrong or {},
            flash=(words, "over") if words else None,
        )  # fmt: skip
