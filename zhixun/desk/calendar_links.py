"""Secret addresses of the calendar, one a person: long, random, known by their hash alone, and good until they are revoked."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from zhixun.clock import Clock, new_token, stamp
from zhixun.database import Database, calendar_links, staff
from zhixun.desk.ports import Daybook
from zhixun.errors import CitizenError

__all__ = ["CalendarLinks"]


class CalendarLinks:
    """Keeps them.

    Args:
        daybook: where it is noted that one was made or revoked.
    """

    def __init__(self, database: Database, clock: Clock, daybook: Daybook) -> None:
        self._database = database
        self._clock = clock
        self._daybook = daybook

    async def make(self, name: str) -> str:
        """Make a new one for a member of staff, which ends the one before; returns the token, which is shown once."""
        token = new_token()
        row = {"hash": _hash(token), "staff": name, "made": stamp(self._clock.now()), "used": ""}
        async with self._database.write() as connection:
            await connection.execute(calendar_links.delete().where(calendar_links.c.staff == name))
            await connection.execute(calendar_links.insert().values(**row))
        await self._daybook.note("calendar_link_made", name, {})
        return token

    async def revoke(self, name: str) -> None:
        """End the one of a member of staff; nothing happens when there is none."""
        async with self._database.write() as connection:
            gone = await connection.execute(calendar_links.delete().where(calendar_links.c.staff == name))
        if gone.rowcount:
            await self._daybook.note("calendar_link_revoked", name, {})

    async def of(self, name: str) -> tuple[str, str] | None:
        """Return when the one of a member of staff was made (UTC) and on which day it was used last; None when there is none."""
        query = sa.select(calendar_links.c.made, calendar_links.c.used).where(calendar_links.c.staff == name)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return (row.made, row.used) if row else None

    async def whose(self, token: str) -> str:
        """Return whose token it is, and note the day on which it was used.

        Raises:
            CitizenError: (404) it is nobody's, it was revoked, or its owner's account is not in use any more.
        """
        own = calendar_links.c.hash == _hash(token)
        query = sa.select(calendar_links.c.staff, calendar_links.c.used).join(staff, staff.c.name == calendar_links.c.staff)
        async with self._database.read() as connection:
            row = (await connection.execute(query.where(own, staff.c.active))).first()
        if row is None:
            raise CitizenError("没有这个日历地址，可能已经停用。", code="no_calendar", status=404)
        today = self._clock.today().isoformat()
        if row.used != today:
            async with self._database.write() as connection:
                await connection.execute(calendar_links.update().where(own).values(used=today))
        return str(row.staff)


def _hash(token: str) -> str:
    # 256 random bits need no salt, and looking a hash up tells nothing of the token by its time.
    return hashlib.sha256(token.encode()).hexdigest()
