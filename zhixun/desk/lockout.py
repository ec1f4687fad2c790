"""Guessing is made useless: after five wrong passwords or codes in a row an account is locked for a while.

Everything happens in the caller's transaction, so that guesses that come all at once are counted one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import stamp
from zhixun.database import staff
from zhixun.desk.ports import Daybook

__all__ = ["ALLOWED", "UNLOCKED", "Verdict", "judge", "note_failure"]

ALLOWED = 5
"""So many wrong ones in a row lock."""
_FIRST, _DOUBLINGS = timedelta(minutes=15), 4
"""How long the first lock holds, and how often the time is doubled: up to four hours."""
UNLOCKED = {"failures": 0, "locked_until": ""}
"""What is written when somebody has proved who they are, or an administrator vouches for them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt came to.

    Attributes:
        right: it opens. locked_until: until when the account is locked (UTC), empty when it is not.
        locked_now: it was this attempt that locked it.
    """

    right: bool
    locked_until: str = ""
    locked_now: bool = False


async def judge(connection: AsyncConnection, name: str, now: datetime, *, right: bool) -> Verdict:
    """Say whether an attempt counts, and count it when it was wrong.

    While an account is locked even the right password opens nothing, or guessing could go on during the lock.
    """
    query = sa.select(staff.c.failures, staff.c.locked_until).where(staff.c.name == name)
    row = (await connection.execute(query)).first()
    if row is None or row.locked_until > stamp(now):
        # Up and down again costs the same write as a wrong password does, so that the time does not tell which names exist.
        some = staff.update().where(staff.c.name == sa.select(sa.func.min(staff.c.name)).scalar_subquery())
        for step in (1, -1):
            await connection.execute(some.values(failures=staff.c.failures + step))
        return Verdict(right=False, locked_until=row.locked_until if row else "")
    if right:
        return Verdict(right=True)
    failures = row.failures + 1
    rounds, over = divmod(failures, ALLOWED)
    until = "" if over else stamp(now + _FIRST * 2 ** min(rounds - 1, _DOUBLINGS))
    await connection.execute(staff.update().where(staff.c.name == name).values(failures=failures, locked_until=until))
    return Verdict(right=False, locked_until=until, locked_now=bool(until))


async def note_failure(daybook: Daybook, name: str, step: str, verdict: Verdict) -> None:
    """Note an attempt that failed, and that it locked the account; by nobody, since who it was has not been proved.

    Args:
        step: what was wrong: `password`, `code`, or the present password at a `change`.
    """
    await daybook.note("sign_in_failed", "", {"name": name, "step": step})
    if verdict.locked_now:
        await daybook.note("locked", "", {"name": name, "until": verdict.locked_until})
