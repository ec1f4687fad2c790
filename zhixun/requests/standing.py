"""How a request stands: the one table of standings and of the steps between them."""

from __future__ import annotations

from collections.abc import Mapping

from zhixun.errors import CitizenError
from zhixun.messages import ENDED

__all__ = ["DECLINED", "DONE", "IN_PROGRESS", "RECEIVED", "RETURNED", "STANDINGS", "WITHDRAWN", "following", "step", "words_of"]

RECEIVED, ACCEPTED, RETURNED, IN_PROGRESS, DONE, DECLINED = "received", "accepted", "returned", "in_progress", "done", "declined"
STANDINGS: Mapping[str, str] = {
    RECEIVED: "已收到，等待受理", ACCEPTED: "已受理", RETURNED: "需要补充", IN_PROGRESS: "正在办理", DONE: "已办结", DECLINED: "不予办理",
}  # fmt: skip
"""Each standing and how it is called."""
WITHDRAWN = "withdrawn"
"""Why a request was declined when the citizen took it back."""

_STEPS: Mapping[str, frozenset[str]] = {
    RECEIVED: frozenset((ACCEPTED, RETURNED, DECLINED)),
    ACCEPTED: frozenset((IN_PROGRESS, RETURNED, DONE, DECLINED)),
    RETURNED: frozenset((RECEIVED, ACCEPTED, DECLINED)),
    IN_PROGRESS: frozenset((RETURNED, DONE, DECLINED)),
    **dict.fromkeys(ENDED, frozenset[str]()),
}


def step(standing: str, new: str) -> str:
    """Return `new` when a request may go there from `standing`.

    Raises:
        CitizenError: (409) it may not.
    """
    if new not in _STEPS[standing]:
        may = "、".join(f"{STANDINGS[one]}（{one}）" for one in following(standing)) or "没有下一步"
        words = f"申请现在是“{STANDINGS[standing]}”，不能改为“{STANDINGS.get(new, new)}”；可以：{may}。"
        raise CitizenError(words, code="bad_standing", status=409)
    return new


def following(standing: str) -> list[str]:
    """Return to which standings a request may go from `standing`."""
    return [one for one in STANDINGS if one in _STEPS[standing]]


def words_of(standing: str, reason: str = "") -> str:
    """Return how a citizen is told of a standing."""
    return "已按您的要求撤回" if reason == WITHDRAWN else STANDINGS[standing]
