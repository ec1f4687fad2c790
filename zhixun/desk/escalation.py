"""Tells when a limit is nearly used up or overrun: once for each, in the consultation's journal and to everybody at the desk."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from zhixun.clock import Clock
from zhixun.database import Database, consultations
from zhixun.desk.limits import Countdown, Times, countdowns
from zhixun.desk.ports import Limits, WorkingTime
from zhixun.messages import Event
from zhixun.ports import Journal

__all__ = ["Escalation"]

_STATES = ("queued", "message_left", "staff")
_LONGEST = 64


class Escalation:
    """Watches the limits.

    Args:
        wake: tells the open pages of a consultation, and the queue, to look again.
    """

    def __init__(
        self, database: Database, journal: Journal, clock: Clock, limits: Limits, hours: WorkingTime, wake: Callable[[str], None]
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._clock = clock
        self._limits = limits
        self._hours = hours
        self._wake = wake

    async def watch(self) -> int:
        """Note every limit that has reached its warning or its end since the last look; returns in how many consultations."""
        async with self._database.read() as connection:
            rows = (await connection.execute(sa.select(consultations).where(consultations.c.state.in_(_STATES)))).mappings().all()
        told = [(row["number"], words) for row in rows if (words := self._news(row))]
        for number, words in told:
            async with self._database.write() as connection:
                await self._journal.append(connection, number, [Event("escalated", "zhixun", {"told": words})])
            self._wake(number)
        return len(told)

    def _news(self, row: sa.RowMapping) -> str:
        """Return what is told of a consultation altogether when something new is to be told, else an empty string."""
        times = Times(**{name: row[name] for name in Times.__slots__})
        before = list(filter(None, row["escalated"].split(",")))
        now = [_mark(one, row["last"]) for one in countdowns(times, self._clock.now(), self._limits, self._hours) if one.level != "fine"]
        new = [mark for mark in now if mark not in before]
        # Only the newest are kept: of a long talk every further answer has its own limit.
        while new and len(",".join([*before, *new])) > _LONGEST:
            before, new = (before[1:], new) if before else ([], new[1:])
        return ",".join([*before, *new]) if new else ""


def _mark(found: Countdown, last: str) -> str:
    # A citizen's next word starts the limit of the next answer anew.
    return f"{found.kind}:{found.level}" + (f":{last[11:19]}" if found.kind == "next" else "")
