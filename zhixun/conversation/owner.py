"""Who owns a consultation: the one table of states and of the steps between them."""

from __future__ import annotations

from zhixun.errors import CitizenError

__all__ = ["owner_of", "step"]

_OWNERS = {"bot": "bot", "queued": "queue", "message_left": "queue", "staff": "staff", "closed": "closed"}

_STEPS = {
    "bot": {"queued", "message_left", "staff", "closed"},
    "queued": {"staff", "bot", "message_left", "closed"},
    "message_left": {"staff", "bot", "queued", "closed"},
    "staff": {"queued", "bot", "closed"},
    "closed": set[str](),
}


def owner_of(state: str) -> str:
    """Return who owns a consultation in `state`: bot, queue, staff or closed."""
    return _OWNERS[state]


def step(state: str, new: str) -> str:
    """Return `new` when a consultation may go there from `state`.

    Raises:
        CitizenError: it may not, e.g. because the consultation is closed.
    """
    if new not in _STEPS[state]:
        raise CitizenError("本次咨询已结束，请开始新的咨询。", code="closed", status=409)
    return new
