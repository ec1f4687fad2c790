"""Guessing is made useless, without anybody who merely knows a login name being able to lock its owner out.

* Wrong passwords are counted by account and place (`limits.place_of`): five in a row lock that place out of that account for a
  quarter of an hour, each further five for twice as long, up to four hours. Other places go on.
* All wrong ones in a row are counted by account, too. From the twentieth on each one makes the account wait for a minute, at every
  place but those where its person signed in before, which are bound by their own locks. So a botnet has, however many addresses
  it owns, 20 guesses at an account for each time that its person signs in, and after them one a minute: 1440 a day, of passwords of
  ten characters and more. Under such an attack the person may have to wait at a place that is new.
* Wrong codes are counted by account alone and lock it wholly: who gets to that step has the password already, and of a
  code's million there are three right.

How often somebody was wrong in all and the lock by codes stand in the table `staff`: a restart neither lifts that lock nor gives the
twenty back. The counts by place and the known places are kept in memory, bounded; a restart costs them, which is five guesses
for a place, within the bound of the account. What the store says rules: where it says that nobody was wrong since, as after a
right password or one issued anew (by another process, too), the counts in memory are void.

Everything happens in the caller's transaction, so that guesses that come all at once are counted one by one.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import stamp
from zhixun.database import staff
from zhixun.desk.ports import Daybook

__all__ = ["ALLOWED", "CODES", "UNLOCKED", "Lockout", "Verdict", "note_failure"]

ALLOWED = 5
"""So many wrong ones in a row lock."""
CODES = "codes"
"""Stands for the place where codes are counted: wherever they come from."""
UNLOCKED = {"failures": 0, "locked_until": ""}
"""What is written when somebody has proved who they are, or an administrator vouches for them."""
_FIRST, _DOUBLINGS = timedelta(minutes=15), 4
"""How long the first lock holds, and how often the time is doubled: up to four hours."""
_UNHINDERED, _WAIT = 20, timedelta(minutes=1)
"""So many wrong ones in a row from anywhere make an account slow, and how long it waits after each from then on."""
_PLACES = 1000
"""Of one account; who is forgotten first has been silent longest."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt came to.

    Attributes:
        right: it opens. locked_until: until when nothing opens from there (UTC), empty when it is not locked.
        locked_now: it was this attempt that locked it.
    """

    right: bool
    locked_until: str = ""
    locked_now: bool = False


@dataclass(slots=True)
class _Slate:
    """What is remembered of one account: how often each place was wrong, till when each is locked, and who is known."""

    wrong: OrderedDict[str, int] = field(default_factory=OrderedDict)
    locked: dict[str, str] = field(default_factory=dict)
    waits_until: str = ""
    known: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def until(self, place: str) -> str:
        """Return until when nothing opens from a place."""
        waits = "" if place in self.known or place == CODES else self.waits_until
        return max(self.locked.get(place, ""), waits)

    def count(self, place: str, now: datetime) -> str:
        """Count a wrong one; returns until when it locks the place, empty when it does not."""
        self.wrong[place] = self.wrong.pop(place, 0) + 1
        if len(self.wrong) > _PLACES:
            self.locked.pop(self.wrong.popitem(last=False)[0], None)
        rounds, over = divmod(self.wrong[place], ALLOWED)
        until = "" if over else stamp(now + _FIRST * 2 ** min(rounds - 1, _DOUBLINGS))
        self.locked[place] = until
        return until

    def void(self) -> None:
        """Forget who was wrong."""
        self.wrong.clear()
        self.locked.clear()
        self.waits_until = ""

    def know(self, place: str) -> None:
        """Remember that the person was at a place."""
        self.known.pop(place, None)
        self.known[place] = None
        if len(self.known) > _PLACES:
            self.known.popitem(last=False)


class Lockout:
    """Counts what was wrong, for all accounts of the store."""

    def __init__(self) -> None:
        # Only of accounts that exist, so that nobody fills it with names.
        self._slates: dict[str, _Slate] = {}

    async def judge(self, connection: AsyncConnection, name: str, place: str, now: datetime, *, right: bool) -> Verdict:
        """Say whether an attempt counts, and count it when it was wrong.

        While a place is locked even the right password opens nothing there, or guessing could go on during the lock.

        Args:
            place: where it came from, or `CODES`.
        """
        query = sa.select(staff.c.failures, staff.c.locked_until).where(staff.c.name == name)
        row = (await connection.execute(query)).first()
        slate = _Slate() if row is None else self._slates.setdefault(name, _Slate())
        if row is not None and not row.failures:
            slate.void()
        until = max(row.locked_until, slate.until(place)) if row else ""
        if row is None or until > stamp(now):
            # Up and down again costs the same write as a wrong password does, so that the time does not tell which names exist.
            some = staff.update().where(staff.c.name == sa.select(sa.func.min(staff.c.name)).scalar_subquery())
            for step in (1, -1):
                await connection.execute(some.values(failures=staff.c.failures + step))
            return Verdict(right=False, locked_until=until)
        if right:
            return Verdict(right=True)
        until = slate.count(place, now)
        if row.failures + 1 >= _UNHINDERED:
            slate.waits_until = stamp(now + _WAIT)
        kept = {"failures": row.failures + 1} | ({"locked_until": until} if place == CODES else {})
        await connection.execute(staff.update().where(staff.c.name == name).values(**kept))
        return Verdict(right=False, locked_until=until, locked_now=bool(until))

    async def unlock(self, connection: AsyncConnection, name: str, place: str) -> None:
        """Begin all counts of an account anew, whose person has proved wholly who they are, and know the place from now on."""
        await connection.execute(staff.update().where(staff.c.name == name).values(**UNLOCKED))
        self._slates.setdefault(name, _Slate()).know(place)


async def note_failure(daybook: Daybook, name: str, step: str, verdict: Verdict) -> None:
    """Note an attempt that failed, and that it locked; by nobody, since who it was has not been proved.

    Args:
        step: what was wrong: `password`, `code`, or the present password at a `change`.
    """
    await daybook.note("sign_in_failed", "", {"name": name, "step": step})
    if verdict.locked_now:
        await daybook.note("locked", "", {"name": name, "until": verdict.locked_until})
