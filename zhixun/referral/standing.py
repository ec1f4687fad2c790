"""How a slip stands: the one table of standings, of the steps between them, and of who may take them."""

from __future__ import annotations

from collections.abc import Mapping

from zhixun.errors import CitizenError
from zhixun.messages import SLIP_ENDED

__all__ = [
    "ACCEPTED", "AGENCY", "ANSWERS", "DONE", "FINAL", "ISSUED", "RECEIVED", "REFUSED", "SENT", "STAFF", "STANDINGS", "SYSTEM", "UNANSWERED",
    "WITHDRAWN", "WITH_WORDS", "step", "steps",
]  # fmt: skip

ISSUED, SENT, RECEIVED, ACCEPTED = "issued", "sent", "received", "accepted"
REFUSED, DONE, WITHDRAWN = "refused", "done", "withdrawn"
STANDINGS: Mapping[str, str] = {
    ISSUED: "已开具", SENT: "已发出", RECEIVED: "接收机构已签收", ACCEPTED: "已受理", REFUSED: "不予受理",
    DONE: "已办结", WITHDRAWN: "已撤回",
}  # fmt: skip
"""Each standing and how it is called."""
FINAL = SLIP_ENDED
"""Nothing more will be done, and the agency's link is closed."""
UNANSWERED = (ISSUED, SENT, RECEIVED)
"""The agency has not yet said whether it takes the matter."""
WITH_WORDS: Mapping[str, str] = {REFUSED: "不予受理的原因", DONE: "办理结果", WITHDRAWN: "撤回的原因"}
"""The standings that say nothing without words, and what the words tell."""

ANSWERS: Mapping[str, str] = {RECEIVED: "签收", ACCEPTED: "受理", REFUSED: "不予受理", DONE: "已经办结"}
"""What an agency may say, and how it says it."""

STAFF, AGENCY, SYSTEM = "staff", "agency", "system"
_ANSWER = (AGENCY, STAFF)  # staff note what an agency said by telephone or on paper

_STEPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # An agency may hold the slip before it was noted that it went out: given by hand, or the note was lost in a crash.
    ISSUED: {SENT: (STAFF, SYSTEM), RECEIVED: _ANSWER, WITHDRAWN: (STAFF,)},
    SENT: {RECEIVED: _ANSWER, WITHDRAWN: (STAFF,)},
    RECEIVED: {ACCEPTED: _ANSWER, REFUSED: _ANSWER, WITHDRAWN: (STAFF,)},
    ACCEPTED: {DONE: _ANSWER, WITHDRAWN: (STAFF,)},
    REFUSED: {},
    DONE: {},
    WITHDRAWN: {},
}


def steps(standing: str, who: str) -> tuple[str, ...]:
    """Return where a slip may go from `standing` by the hand of `who`: staff, agency or system."""
    return tuple(new for new, hands in _STEPS[standing].items() if who in hands)


def step(standing: str, new: str, who: str) -> str:
    """Return `new` when `who` may carry a slip there from `standing`.

    Raises:
        CitizenError: (409) it may not go there, or not by that hand.
    """
    if new not in steps(standing, who):
        may = "、".join(STANDINGS[one] for one in steps(standing, who)) or "没有下一步"
        words = f"转介单现在是“{STANDINGS[standing]}”，不能改为“{STANDINGS.get(new, new)}”；可以：{may}。"
        raise CitizenError(words, code="bad_standing", status=409)
    return new
