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
        running = sa.select(consultations).where(consultations.c.state.in_(_STATES))
        async with self._database.read() as connection:
            rows = (await connection.execute(running)).mappings().all()
        told = 0
        for number in [row["number"] for row in rows if self._news(row)]:
            async with self._database.write() as connection:
                # It may have been closed, and sealed, while this one waited to write.
                row = (await connection.execute(running.where(consultations.c.number == number))).mappings().first()
                words = self._news(row) if row is not None else ""
                if words:
                    await self._journal.append(connection, number, [Event("escalated", "zhixun", {"told": words})])
            if words:
                told += 1
                self._wake(number)
        return told

    def _news(self, row: sa.RowMapping) -> str:
        """Return what is told of a consultation altogether when something new is to be told, else an empty string.

        That is the last of each kind: of a long talk every further answer has its own limit.
        """
        times = Times(**{name: row[name] for name in Times.__slots__})
        before = {mark.partition(":")[0]: mark for mark in filter(None, row["escalated"].split(","))}
        now = [(one.kind, _mark(one, row["last"])) for one in countdowns(times, self._clock.now(), self._limits, self._hours)
               if one.level != "fine"]  # fmt: skip
        new = {kind: mark for kind, mark in now if before.get(kind) != mark}
        return ",".join({**before, **new}.values()) if new else ""


def _mark(found: Countdown, last: str) -> str:
    # A citizen's next word starts the limit of the next answer anew.
    return f"{found.kind}:{found.level}" + (f":{last[11:19]}" if found.kind == "next" else "")
