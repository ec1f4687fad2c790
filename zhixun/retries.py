"""What is sent to other systems until it arrives: how long is waited, how long a claim holds, and when it is given up.

A row is claimed in the store before it is sent and noted after it. Whoever dies between the two leaves a claim that runs out;
then it is sent again, so that it may come twice, with the same id, but never not at all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from zhixun.clock import stamp

__all__ = ["AGAIN", "CLAIM", "DONE", "DROPPED", "FAILED", "RUNNING", "SENDING", "WAITING", "claimed", "is_spent", "not_arrived"]

WAITING, SENDING, DONE, FAILED, DROPPED = "waiting", "sending", "done", "failed", "dropped"
RUNNING = (WAITING, SENDING)
"""The standings of what is still to be carried."""
AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""How long is waited after each attempt that failed; after one more it is given up."""
CLAIM = timedelta(minutes=5)
"""So long a claim holds: longer than any carrier may take."""


def is_spent(attempts: int) -> bool:
    """Tell whether no attempt is left after so many."""
    return attempts > len(AGAIN)


def claimed(attempts: int, now: datetime) -> dict[str, Any]:
    """Return how a row that was tried `attempts` times stands while it is being sent once more."""
    return {"standing": SENDING, "attempts": attempts + 1, "next": stamp(now + CLAIM)}


def not_arrived(attempts: int, now: datetime, words: str, *, final: bool) -> dict[str, Any]:
    """Return how a row stands after an attempt that failed, `attempts` counting it.

    Args:
        words: why it did, in Chinese, for staff. final: whether it is useless to try again.
    """
    if final or is_spent(attempts):
        return {"standing": FAILED, "error": words}
    return {"standing": WAITING, "next": stamp(now + AGAIN[attempts - 1]), "error": words}
