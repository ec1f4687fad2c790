"""Who is on duty on which day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock
from zhixun.database import Database, duty, staff
from zhixun.desk.ports import Daybook
from zhixun.errors import CitizenError

__all__ = ["Roster"]

_WEEK = timedelta(days=7)

_Working = Callable[[date], bool]
"""Tells whether the office is open on a day."""


class Roster:
    """Keeps who is on duty; whoever has left is on duty no more.

    Args:
        clock: tells which day is today. daybook: where changes are noted.
    """

    def __init__(self, database: Database, clock: Clock, daybook: Daybook) -> None:
        self._database = database
        self._clock = clock
        self._daybook = daybook

    async def planned(self, first: date, last: date) -> dict[date, tuple[str, ...]]:
        """Return who is on duty on each day from `first` to `last`, by name; empty for a day with nobody."""
        query = (
            sa.select(duty.c.day, duty.c.name).join(staff, staff.c.name == duty.c.name)
            .where(staff.c.active, duty.c.day.between(first.isoformat(), last.isoformat())).order_by(duty.c.name)
        )  # fmt: skip
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
        return {day: tuple(name for on, name in rows if on == day.isoformat()) for day in days}

    async def on_duty(self, day: date) -> tuple[str, ...]:
        """Return who is on duty on `day`; nobody when the day is not planned."""
        return (await self.planned(day, day))[day]

    async def set(self, day: date, names: Iterable[str], by: str) -> None:
        """Put `names` on duty on `day` instead of who was before, and note it; nobody when there are none.

        Raises:
            CitizenError: there is no such member of staff, or not any more.
        """
        wanted = tuple(sorted({*names}))
        await self._known(wanted)
        if wanted == await self.on_duty(day):
            return
        # Noted first: there may be a note of a change that failed, never a change without a note.
        await self._daybook.note("duty_set", by, {"day": day.isoformat(), "names": list(wanted)})
        async with self._database.write() as connection:
            await _write(connection, day, wanted)

    async def copy_week(self, day: date, by: str, working: _Working) -> tuple[date, ...]:
        """Carry the week of `day` on to the next: to its working days on which nobody is on duty yet.

        Returns:
            The days that were filled. A make-up workday has no forerunner in a common week and is left to `watch`.
        """
        monday = day - timedelta(days=day.weekday())
        plan = await self.planned(monday, monday + 2 * _WEEK - timedelta(days=1))
        empty = [later for later in plan if later >= monday + _WEEK and not plan[later] and working(later)]
        filled = tuple(later for later in empty if plan[later - _WEEK])
        for later in filled:
            await self.set(later, plan[later - _WEEK], by)
        return filled

    async def watch(self, days: int, working: _Working) -> tuple[date, ...]:
        """Return on which of the next `days` days, today included, the office is open and nobody is on duty.

        The specification (6.1) wants at least one full-time or two part-time people.
        """
        today = self._clock.today()
        plan = await self.planned(today, today + timedelta(days=days - 1))
        return tuple(day for day, names in plan.items() if not names and working(day))

    async def _known(self, names: tuple[str, ...]) -> None:
        query = sa.select(staff.c.name).where(staff.c.active, staff.c.name.in_(names))
        async with self._database.read() as connection:
            active = {*(await connection.scalars(query)).all()}
        unknown = [name for name in names if name not in active]
        if unknown:
            raise CitizenError(f"没有可以值班的人员 {'、'.join(unknown)}，请从在职人员里选择。", code="no_staff", field="names")


async def _write(connection: AsyncConnection, day: date, names: tuple[str, ...]) -> None:
    await connection.execute(duty.delete().where(duty.c.day == day.isoformat()))
    if names:
        await connection.execute(duty.insert(), [{"day": day.isoformat(), "name": name} for name in names])
