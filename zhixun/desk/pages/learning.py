"""Learning: rounds of the quiz, how they went, the certificate, and for administrators who has passed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from aiohttp import web

from zhixun.clock import Clock
from zhixun.desk.access import TALK
from zhixun.desk.gate import Route, fields_of
from zhixun.desk.learning import Learning, Round
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.ports import Daybook
from zhixun.desk.staff import ROLES, Account, Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["LearningPages", "Rules"]

_HOME = "/desk/learning"
_LOOKERS = ("administrator", "auditor")


class Rules(Protocol):
    """How the quiz is held."""

    @property
    def questions(self) -> int:
        """So many there are in a round."""

    @property
    def pass_percent(self) -> int:
        """So many of them must be right."""

    @property
    def required(self) -> bool:
        """Whether only who has passed may take consultations over."""

    @property
    def confirmed(self) -> bool:
        """Whether the office has confirmed all this."""


@dataclass(frozen=True, slots=True)
class LearningPages:
    """The routes of learning.

    Args:
        accounts: all accounts; names: login name to shown name. on_duty: who is on duty on a day.
        office: who trains. duty: the clause that asks for it, in words; empty when none does.
    """

    view: View
    learning: Learning
    rules: Rules
    clock: Clock
    daybook: Daybook
    accounts: Callable[[], Awaitable[Sequence[Account]]]
    names: Callable[[str], str]
    on_duty: Callable[[date], Awaitable[Sequence[str]]]
    office: str
    duty: str

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        one = f"{_HOME}/{{id}}"
        return [
            ("GET", _HOME, self._page), ("POST", _HOME, self._begin), ("GET", one, self._round), ("POST", one, self._hand_in),
            ("GET", f"{one}/certificate", self._certificate),
        ]  # fmt: skip

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        team = await self._team() if staff.role in _LOOKERS else None
        return self.view.page(
            "learning.html", request, staff, rounds=await self.learning.rounds(staff.name), rules=self.rules, team=team, roles=ROLES,
            serves=staff.role in TALK, duty=self.duty, last=(await self.learning.passes()).get(staff.name),
        )  # fmt: skip

    async def _begin(self, request: web.Request, staff: Staff) -> web.Response:
        return lead_on(f"{_HOME}/{await self.learning.begin(staff.name)}")

    async def _round(self, request: web.Request, staff: Staff) -> web.Response:
        return self._draw(request, staff, await self._own(request, staff))

    async def _hand_in(self, request: web.Request, staff: Staff) -> web.Response:
        one, given = await self._own(request, staff), await fields_of(request)
        chosen = [given.get(f"q{place}", "") for place in range(1, one.asked + 1)]
        answers = [_choice(text, len(item.choices)) for text, item in zip(chosen, one.items, strict=True)]
        if one.day is None and None in answers:
            return self._draw(request, staff, one, chosen=chosen, missing=[answer is None for answer in answers])
        await self.learning.hand_in(one.id, staff.name, [answer for answer in answers if answer is not None])
        return lead_on(f"{_HOME}/{one.id}")

    async def _certificate(self, request: web.Request, staff: Staff) -> web.Response:
        one = await self.learning.round(_id(request))
        if (one.name != staff.name and staff.role not in _LOOKERS) or not one.passed:
            raise CitizenError("没有这份证明。", code="no_round", status=404)
        await self.daybook.note("printed", staff.name, {"what": "certificate", "quiz": one.id, "names": [one.name]})
        return self.view.page(
            "certificate.html", request, staff, one=one, whose=self.names(one.name), office=self.office, rules=self.rules,
            duty=self.duty,
        )  # fmt: skip

    async def _own(self, request: web.Request, staff: Staff) -> Round:
        """Return the round of the address; what somebody does not know is shown to nobody else."""
        one = await self.learning.round(_id(request))
        if one.name != staff.name:
            raise CitizenError("没有这一份试卷。", code="no_round", status=404)
        return one

    async def _team(self) -> list[Mapping[str, object]]:
        """Return everybody who serves: when they have passed, and whether they are on duty today without."""
        passes, duty = await self.learning.passes(), set(await self.on_duty(self.clock.today()))
        return [
            {"account": account, "pass": passes.get(account.name), "duty": account.name in duty}
            for account in await self.accounts()
            if account.active and account.role in TALK
        ]

    def _draw(
        self, request: web.Request, staff: Staff, one: Round, *, chosen: Sequence[str] = (), missing: Sequence[bool] = ()
    ) -> web.Response:
        left = sum(missing)
        words = (f"还有 {left} 题没有答，请答完再交。", "over") if left else None
        return self.view.page(
            "quiz.html", request, staff, status=422 if left else 200, one=one, chosen=chosen or [""] * one.asked,
            missing=missing or [False] * one.asked, rules=self.rules, flash=words,
        )  # fmt: skip


def _choice(text: str, count: int) -> int | None:
    """Return the place of a choice; None when none was made."""
    return int(text) if text in map(str, range(count)) else None


def _id(request: web.Request) -> int:
    text = request.match_info["id"]
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise CitizenError("没有这一份试卷。", code="no_round", status=404)
    return int(text)
