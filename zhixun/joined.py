"""Joins the requests with the catalogue, the archive and the pages; a part of `app.py` that the commands need too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from zhixun.archive.journal import Journal
from zhixun.archive.receipt import Receipts
from zhixun.clock import Clock, local_of
from zhixun.conversation.rating import Ratings
from zhixun.conversation.redact import clean
from zhixun.database import Database
from zhixun.errors import CitizenError
from zhixun.knowledge.guides.fields import FREE_KINDS
from zhixun.knowledge.guides.model import SERVICE
from zhixun.knowledge.model import Knowledge
from zhixun.knowledge.services.intake import Intake, read_form
from zhixun.knowledge.site import Site
from zhixun.numbers import valid_request_number
from zhixun.ports import Seal
from zhixun.referral.book import Referrals
from zhixun.referral.words import told_slip
from zhixun.requests.book import Book
from zhixun.requests.codes import Codes
from zhixun.requests.words import told_due, told_request

__all__ = ["Progress", "RatingForms", "Received", "rating_path", "request_book"]

_RATED = "rated "
"""Before the number, so that the code opens nothing else."""
_STATES = {"bot": "进行中", "queued": "等待工作人员", "message_left": "已留言，等待回电", "staff": "工作人员正在接待", "closed": "已结束"}


def request_book(
    database: Database, journal: Journal, codes: Codes, clock: Clock, knowledge: Knowledge, site: Site, *,
    seal: Seal, wake: Callable[[str], None],
) -> Book:  # fmt: skip
    """Return the book of requests of an opened store."""
    return Book(database, journal, Intake(knowledge, site), codes, clock, site.requests.prefix, seal=seal, wake=wake)


@dataclass(frozen=True, slots=True)
class Received:
    """Takes the forms of the pages: reads them against the catalogue, hides what should not be kept, and makes the request."""

    knowledge: Knowledge
    site: Site
    clock: Clock
    book: Book

    def read(self, service: str, given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Return the canonical values and what is wrong, by field."""
        found = self.knowledge.services[SERVICE + service]
        free = {step.id for step in found.form.steps.values() if step.kind in FREE_KINDS}
        kept = {name: clean(value).text if name in free else value for name, value in given.items()}
        return read_form(found, kept, self.clock.today())

    async def submit(self, service: str, values: Mapping[str, str], once: str) -> Mapping[str, Any]:
        """Make the request; the same `once` again returns the same."""
        sent = await self.book.submit(service, values, self.site.region, once)
        request = await self.book.find(sent.number, sent.code)
        due = datetime.fromisoformat(request.due) if request.due else None
        return {**asdict(sent), "due": told_due(due, confirmed=request.confirmed)}


def rating_path(codes: Codes, number: str) -> str:
    """Return where a consultation can be rated on a page; whoever holds it can do nothing else with it."""
    return f"/r/{number}/{codes.code_of(_RATED + number)}"


@dataclass(frozen=True, slots=True)
class RatingForms:
    """The pages on which consultations are rated that were had by another door."""

    ratings: Ratings
    codes: Codes

    async def offered(self, number: str) -> str:
        """Return where it can be rated; empty when there is nothing to be rated any more."""
        return rating_path(self.codes, number) if await self.ratings.to_rate(number) else ""

    async def open(self, number: str, code: str) -> Sequence[str]:
        """Return what is still to be rated.

        Raises:
            CitizenError: (404) number or code is wrong; it is not said which.
        """
        if not self.codes.is_code(_RATED + number, code):
            raise CitizenError("没有这个评价页面，请核对地址。", code="no_rating", status=404)
        return await self.ratings.to_rate(number)

    async def rate(self, number: str, code: str, scores: Mapping[str, int], words: str, subject: str) -> None:
        """Keep a rating of all five indicators.

        Raises:
            CitizenError: (400) something of it is missing or wrong; (404) number or code is wrong; (409) it is rated already.
        """
        await self.open(number, code)
        await self.ratings.rate(number, scores, words, subject)


@dataclass(frozen=True, slots=True)
class Progress:
    """What the holder of a number and its code may see: of a consultation with its requests, or of one request."""

    receipts: Receipts
    book: Book
    referrals: Referrals
    ratings: RatingForms

    async def of(self, number: str, code: str) -> Mapping[str, Any]:
        """Return it as the citizen API gives it.

        Raises:
            CitizenError: (404) number or code is wrong; it is not said which.
        """
        number = number.strip().upper()
        if valid_request_number(number):
            return {"requests": [told_request(await self.book.find(number, code))]}
        receipt = asdict(await self.receipts.check(number, code))
        made, slips = await self.book.of(number), await self.referrals.of(number)
        return {**receipt, "requests": [told_request(one) for one in made], "referrals": [told_slip(one) for one in slips]}

    async def shown(self, number: str, code: str) -> Mapping[str, Any]:
        """Return it as a page shows it: states in words, times as the clock on the wall."""
        found = await self.of(number, code)
        requests = [{**one, **{name: _wall(one[name]) for name in ("received", "changed", "due")}} for one in found["requests"]]
        for one in requests:
            one["due"] += "（示例，以本单位公布为准）" if one["due"] and not one["confirmed"] else ""
        state = _STATES.get(found.get("state", ""), "")
        slips = [{**one, "issued": _wall(one["issued"])} for one in found.get("referrals", ())]
        rate = await self.ratings.offered(number.strip().upper()) if found.get("state") == "closed" else ""
        return {"intact": found.get("intact"), "state": state, "requests": requests, "referrals": slips, "rate": rate}


def _wall(stamped: str) -> str:
    if not stamped:
        return ""
    local = local_of(stamped)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
