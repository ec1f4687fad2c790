"""The pages on which an agency reads a slip and answers it; they work without scripts.

The link carries number and code behind its hash, which no browser sends to a server: a script fills them into the form and
takes them out of the address. Without scripts both are typed, as they stand on the paper.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from zhixun.clock import new_token
from zhixun.drawn import drawn
from zhixun.errors import CitizenError, OurFault, TryLater
from zhixun.limits import ADDRESS, RECEIPTS, Limiter
from zhixun.posted import fields_of, once_of, refuse_cross_site
from zhixun.referral.book import Referrals
from zhixun.referral.letters import Letters
from zhixun.referral.paper import ENVIRONMENT, qr_of
from zhixun.referral.slip import LONGEST_WORDS, Slip, plain
from zhixun.referral.standing import AGENCY, ANSWERS, STANDINGS, WITH_WORDS, steps
from zhixun.referral.words import SORRY, TOO_LONG, told_closed, told_time

__all__ = ["SlipPages"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SlipPages:
    """The routes.

    Args:
        site: its name and office. letters: gives what a slip says on paper.
        address: who sends a request.
    """

    site: Mapping[str, Any]
    referrals: Referrals
    letters: Letters
    limiter: Limiter
    address: Callable[[web.Request], str]

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to be added to the application."""
        return [
            web.get("/referral", self._told(self._ask)),
            web.post("/referral", self._told(self._show)),
            web.post("/referral/answer", self._told(self._answer)),
        ]

    def _told(self, handler: _Handler) -> _Handler:
        """Return the handler with its faults told on a page, as people read it, and not as JSON."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                self.limiter.take(ADDRESS, self.address(request))
                return await handler(request)
            except (CitizenError, TryLater, OurFault) as error:
                return self._asked(fault=error.message, status=error.status)
            except web.HTTPRequestEntityTooLarge:
                return self._asked(fault=TOO_LONG.format(most=LONGEST_WORDS), status=413)
            except Exception as error:  # the end of the way: people get a page, the log gets no words of theirs
                _log.error("%s failed: %s", request.path, type(error).__name__)
                return self._asked(fault=SORRY, status=500)

        return handle

    async def _ask(self, request: web.Request) -> web.Response:
        return self._asked()

    async def _show(self, request: web.Request) -> web.Response:
        given = await _fields_of(request)
        self.limiter.take(RECEIPTS, self.address(request))
        slip = await self.referrals.find(given["number"], given["code"])
        return self._shown(slip, given["code"], given={**given, "once": new_token()})

    async def _answer(self, request: web.Request) -> web.Response:
        given = await _fields_of(request)
        self.limiter.take(RECEIPTS, self.address(request))
        slip = await self.referrals.find(given["number"], given["code"])
        given["once"] = once_of(given)
        try:
            slip = await self.referrals.answer(slip.number, given["code"], given["standing"], given["words"], given["once"])
        except (CitizenError, TryLater) as error:
            # Nothing was lost: what was written stands in the page, to be sent again.
            slip = await self.referrals.find(slip.number, given["code"])
            return self._shown(slip, given["code"], given=given, fault=error.message, status=error.status)
        return self._shown(slip, given["code"], given={"standing": "", "words": "", "once": new_token()}, noted=True)

    def _shown(
        self, slip: Slip, code: str, *, given: Mapping[str, str], fault: str = "", noted: bool = False, status: int = 200
    ) -> web.Response:
        if not slip.running:
            return self._page("closed.html", status, slip=slip, words=told_closed(slip.standing), noted=noted)
        sheet = self.letters.sheet(slip)
        may = [(standing, ANSWERS[standing], WITH_WORDS.get(standing, "")) for standing in steps(slip.standing, AGENCY)]
        return self._page(
            "slip.html", status, slip=slip, sheet=sheet, qr=qr_of(sheet.link), code=code, given=given, fault=fault, noted=noted, may=may,
            standing=STANDINGS[slip.standing], changed=told_time(slip.changed), longest=LONGEST_WORDS,
        )  # fmt: skip

    def _asked(self, fault: str = "", status: int = 200) -> web.Response:
        return self._page("ask.html", status, fault=fault)

    def _page(self, template: str, status: int, **what: Any) -> web.Response:
        return drawn(ENVIRONMENT, template, status, site=self.site, **what)


async def _fields_of(request: web.Request) -> dict[str, str]:
    """Read a form; what it does not have is empty."""
    refuse_cross_site(request)
    given = await fields_of(request, LONGEST_WORDS)
    return {name: plain(given.get(name, "")) for name in ("number", "code", "standing", "words", "once")}
