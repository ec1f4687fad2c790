"""Pages that work without scripts: the catalogue of services, the form of each, and how a request stands."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from aiohttp import web

from zhixun.channels.faults import SORRY
from zhixun.clock import new_token
from zhixun.drawn import drawn, environment_of
from zhixun.errors import CitizenError, TryLater
from zhixun.limits import ADDRESS, FORMS, RECEIPTS, Limiter
from zhixun.names import INDICATORS, SCALE, SUBJECTS
from zhixun.posted import fields_of, once_of, refuse_cross_site

__all__ = ["FormPages", "Receiver"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger(__name__)
_LONGEST = 2000
_SCORES = ("1", "2", "3", "4", "5")
_NOTHING: Mapping[str, str] = MappingProxyType({})
_ENVIRONMENT = environment_of(Path(__file__).parent / "templates")


class Receiver(Protocol):
    """What takes a form that was sent."""

    def read(self, service: str, given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Return the canonical values and what is wrong, by field."""

    async def submit(self, service: str, values: Mapping[str, str], once: str) -> Mapping[str, Any]:
        """Make the request; the same `once` again returns the same."""


class RatingForms(Protocol):
    """What takes ratings."""

    async def open(self, number: str, code: str) -> Sequence[str]:
        """Return what is still to be rated of a consultation; raises CitizenError when number or code is wrong."""

    async def rate(self, number: str, code: str, scores: Mapping[str, int], words: str, subject: str) -> None:
        """Keep a rating."""


@dataclass(frozen=True, slots=True)
class FormPages:
    """The routes.

    Args:
        site: its name and office. services: by id, as `catalogue_page` gives them.
        progress: what the holder of a number and its code may see; raises CitizenError when one of them is wrong.
        address: who sends a request. ratings: takes what citizens think of a consultation.
    """

    site: Mapping[str, Any]
    services: Mapping[str, Mapping[str, Any]]
    receiver: Receiver
    progress: Callable[[str, str], Awaitable[Mapping[str, Any]]]
    limiter: Limiter
    address: Callable[[web.Request], str]
    ratings: RatingForms

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to be added to the application."""
        return [
            web.get("/services", self._told(self._catalogue)),
            web.get("/services/{id}", self._told(self._form)),
            web.post("/services/{id}", self._told(self._send)),
            web.get("/requests", self._told(self._ask_number)),
            web.post("/requests", self._told(self._progress)),
            web.get("/r/{number}/{code}", self._told(self._ask_rating)),
            web.post("/r/{number}/{code}", self._told(self._rate)),
        ]

    def _told(self, handler: _Handler) -> _Handler:
        """Return the handler with its faults told on a page, as people read it, and not as JSON."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                self.limiter.take(ADDRESS, self.address(request))
                return await handler(request)
            except (CitizenError, TryLater) as error:
                return self._fault(error.status, error.message)
            except web.HTTPRequestEntityTooLarge:
                return self._fault(413, "内容太长了，请精简以后再提交。")
            except Exception as error:  # the end of the way: people get a page, the log gets no words of theirs
                _log.error("%s failed: %s", request.path, type(error).__name__)
                return self._fault(500, SORRY)

        return handle

    async def _catalogue(self, request: web.Request) -> web.Response:
        groups = [(group, list(services)) for group, services in groupby(self.services.values(), key=lambda one: one["group"])]
        return self._page("services.html", groups=groups)

    async def _form(self, request: web.Request) -> web.Response:
        service = self._service(request)
        return self._page("service.html", service=service, given={}, errors={}, fault="", once=new_token())

    async def _send(self, request: web.Request) -> web.Response:
        service = self._service(request)
        given = await _fields_of(request)
        values, errors = self.receiver.read(service["id"], given)
        once = once_of(given)
        shown: dict[str, Any] = {"service": service, "given": given, "once": once}
        if errors:
            return self._page("service.html", **shown, errors=errors, fault="", status=400)
        try:
            self.limiter.take(FORMS, self.address(request))
            sent = await self.receiver.submit(service["id"], values, once)
        except TryLater as error:
            # Nothing was lost: what was filled in stands in the page, to be sent again.
            return self._page("service.html", **shown, errors={}, fault=error.message, status=error.status)
        return self._page("sent.html", service=service, sent=sent)

    async def _ask_number(self, request: web.Request) -> web.Response:
        return self._page("progress.html", number="", fault="", found=None)

    async def _progress(self, request: web.Request) -> web.Response:
        given = await _fields_of(request)
        number, code = given.get("number", ""), given.get("code", "")
        try:
            self.limiter.take(RECEIPTS, self.address(request))
            found = await self.progress(number, code)
        except (CitizenError, TryLater) as error:
            return self._page("progress.html", number=number, fault=error.message, found=None, status=error.status)
        return self._page("progress.html", number=number, fault="", found=found)

    async def _ask_rating(self, request: web.Request) -> web.Response:
        return self._rating(request, await self._to_rate(request))

    async def _rate(self, request: web.Request) -> web.Response:
        """Keep a rating; then what else can be rated is asked for, or thanks are said."""
        given, (number, code) = await _fields_of(request), _named(request)
        subject, words = given.get("subject", ""), given.get("words", "").strip()
        left = await self._to_rate(request)
        if subject not in left:
            return self._rating(request, left)  # rated a moment ago, as in another window
        errors = {name: f"请给“{shown}”打分。" for name, shown in INDICATORS.items() if given.get(name) not in _SCORES}
        if not errors:
            self.limiter.take(FORMS, self.address(request))
            scores = {name: int(given[name]) for name in INDICATORS}
            try:
                await self.ratings.rate(number, code, scores, words, subject)
            except CitizenError as error:
                if error.field is None:
                    raise
                errors = {error.field: error.message}
        if errors:
            return self._rating(request, [subject], given, errors)
        return self._rating(request, await self.ratings.open(number, code), thanks=True)

    async def _to_rate(self, request: web.Request) -> Sequence[str]:
        try:
            return await self.ratings.open(*_named(request))
        except CitizenError:
            # Whoever guesses codes is slowed down.
            self.limiter.take(RECEIPTS, self.address(request))
            raise

    def _rating(
        self, request: web.Request, left: Sequence[str], given: Mapping[str, str] = _NOTHING, errors: Mapping[str, str] = _NOTHING,
        *, thanks: bool = False,
    ) -> web.Response:  # fmt: skip
        return self._page(
            "rate.html", status=422 if errors else 200, path=request.path, number=_named(request)[0], subject=left[0] if left else "",
            subjects=SUBJECTS, indicators=INDICATORS, scale=SCALE, given=given, errors=errors, thanks=thanks,
        )  # fmt: skip

    def _fault(self, status: int, words: str) -> web.Response:
        return self._page("fault.html", status=status, title="没有办成", fault=words)

    def _service(self, request: web.Request) -> Mapping[str, Any]:
        service = self.services.get(request.match_info["id"])
        if service is None:
            raise CitizenError("没有这项服务：地址可能写错了，或者这项服务已经调整。", code="no_service", status=404)
        return service

    def _page(self, template: str, status: int = 200, **what: Any) -> web.Response:
        return drawn(_ENVIRONMENT, template, status, site=self.site, **what)


async def _fields_of(request: web.Request) -> dict[str, str]:
    refuse_cross_site(request)
    return await fields_of(request, _LONGEST)


def _named(request: web.Request) -> tuple[str, str]:
    return request.match_info["number"].strip().upper(), request.match_info["code"]
