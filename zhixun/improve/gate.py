"""The gate: whether a candidate may go live. No protected question may be answered worse, all together not worse, the new ones right.

Every new question moves the ranking of all others a little. So one in a hundred may be asked back where it was answered, as long as
the right question is among those offered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from zhixun.messages import EngineTurn

__all__ = ["DRAFT", "REVIEWED", "SET", "Case", "Outcome", "Verdict", "outcome_of", "put_to", "verdict_of"]

SET, REVIEWED, DRAFT = "set", "reviewed", "draft"
"""Where a case comes from: the regression set, a consultation that staff found answered rightly, the draft's own wordings."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question that is put to both models.

    Attributes:
        expect: of these one must be answered; empty when only `status` is asked for. shown: how staff read of it, where the words are a
            citizen's: the consultation in which they stand.
    """

    text: str
    expect: tuple[str, ...] = ()
    status: str = ""
    protected: bool = False
    origin: str = SET
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the turn's status, what was answered, and what was offered."""

    status: str
    given: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()

    def grade(self, case: Case) -> int:
        """Return 2 when it is right, 1 when the right one was at least offered, 0 otherwise."""
        if case.status:
            return 2 if self.status == case.status else 0
        if set(case.expect) & set(self.given):
            return 2
        return 1 if set(case.expect) & set(self.offered) else 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the gate decided.

    Attributes:
        asked, before, after: how many cases of the standing set there were, and how many were right.
        broken: what the candidate answers worse, protected ones first: text, expected, before, after, protected, origin.
        mended: how many it answers right that were not.
        reasons: why it is refused; empty when it may go live.
    """

    asked: int
    before: int
    after: int
    broken: tuple[dict[str, Any], ...]
    mended: int
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it may go live."""
        return not self.reasons

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return asdict(self)


def outcome_of(turn: EngineTurn, named: Callable[[str], str]) -> Outcome:
    """Return what came of a turn.

    Args:
        named: the id of the question that a button's words ask; empty for others.
    """
    asks_back = turn.status == "clarify"
    given = tuple(dict.fromkeys(name for reply in turn.replies for name in reply.knowledge))
    offered = tuple(filter(None, (named(button.payload) for reply in turn.replies for button in reply.buttons)))
    return Outcome("handoff" if turn.handoff else turn.status, () if asks_back else given, (*given, *offered) if asks_back else offered)


async def put_to(
    cases: Sequence[Case], ask: Callable[[str], Awaitable[Outcome]], told: Callable[[int], object]
) -> list[Outcome]:
    """Put all cases to a model, one after the other; `told` hears how many are done."""
    outcomes = []
    for number, case in enumerate(cases, 1):
        outcomes.append(await ask(case.text))
        told(number)
    return outcomes


def verdict_of(cases: Sequence[Case], before: Sequence[Outcome], after: Sequence[Outcome]) -> Verdict:
    """Compare what two models answered."""
    standing = [(case, old, new) for case, old, new in zip(cases, before, after, strict=True) if case.origin != DRAFT]
    worse = [one for one in standing if one[2].grade(one[0]) < one[1].grade(one[0])]
    protected = [one for one in worse if _is_protected(one[0]) and one[1].grade(one[0]) == _RIGHT]
    missed = [
        one for one in zip(cases, before, after, strict=True) if one[0].origin == DRAFT and one[2].grade(one[0]) < _RIGHT
    ]
    right = sum(old.grade(case) == _RIGHT for case, old, _ in standing), sum(new.grade(case) == _RIGHT for case, _, new in standing)
    reasons = [f"受保护的问题有 {len(protected)} 个答错了"] if protected else []
    asked_back = sum(old.grade(case) == _RIGHT and new.grade(case) == _OFFERED for case, old, new in worse)
    borne = min(asked_back, len(standing) // _BORNE)
    reasons += [f"总体变差：原来答对 {right[0]} 个，现在 {right[1]} 个"] if right[1] + borne < right[0] else []
    reasons += [f"草稿自己的问法有 {len(missed)} 个没有答到"] if missed else []
    order = sorted([*worse, *missed], key=lambda one: (one[0].origin == DRAFT, not _is_protected(one[0])))
    mended = sum(new.grade(case) == _RIGHT > old.grade(case) for case, old, new in standing)
    return Verdict(len(standing), right[0], right[1], tuple(_told(*one) for one in order), mended, tuple(reasons))


_RIGHT, _OFFERED = 2, 1
_BORNE = 100
"""One in so many may be asked back."""


def _is_protected(case: Case) -> bool:
    # What staff have found right must stay right, too.
    return case.protected or case.origin == REVIEWED


def _told(case: Case, before: Outcome, after: Outcome) -> dict[str, Any]:
    return {"text": case.shown or case.text, "expected": list(case.expect) or [case.status], "before": _words(before), "after": _words(after),
            "protected": _is_protected(case), "origin": case.origin}  # fmt: skip


def _words(outcome: Outcome) -> dict[str, Any]:
    return {"status": outcome.status, "given": list(outcome.given or outcome.offered)}
