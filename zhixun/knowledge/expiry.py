"""Answers that run out, or that nobody has compared with their sources for long: what somebody has to look at in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from zhixun.knowledge.model import Answer, Knowledge, Question

__all__ = ["NEAR_DAYS", "STALE_DAYS", "Expiring", "expiring"]

NEAR_DAYS = 60
"""How long before an answer runs out it is told of."""
STALE_DAYS = 365
"""After so many days an answer should be compared with its sources anew."""


@dataclass(frozen=True, slots=True)
class Expiring:
    """An answer with the day by which somebody has to look at it.

    Attributes:
        why: `ends` (it holds no longer after that day, and nothing follows it), `changes` (another answer follows) or `stale`.
    """

    question: str
    title: str
    region: str
    day: date
    why: str


def expiring(knowledge: Knowledge, today: date, near: int = NEAR_DAYS, stale: int = STALE_DAYS) -> Sequence[Expiring]:
    """Return what runs out within `near` days from `today`, or is by then `stale` days unchecked; the next first.

    What ran out before today counts too as long as nothing follows it: nobody is answered then.
    """
    until = today + timedelta(days=near)
    found = [
        one
        for question in knowledge.questions.values()
        for answer in question.answers
        for one in [_of(question, answer, today, until, stale)]
        if one is not None
    ]
    return sorted(found, key=lambda one: (one.day, one.question, one.region))


def _of(question: Question, answer: Answer, today: date, until: date, stale: int) -> Expiring | None:
    if answer.until is not None and answer.until <= until:
        follows = [one for one in question.answers if one.region == answer.region and one.since and one.since > answer.until]
        if answer.until < today and follows:
            return None
        return Expiring(question.id, question.title, answer.region, answer.until, "changes" if follows else "ends")
    due = answer.checked + timedelta(days=stale)
    return Expiring(question.id, question.title, answer.region, due, "stale") if due <= until else None
