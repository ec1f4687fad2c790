"""The day book: what staff did that belongs to no consultation, and whom they looked up.

It is a file like a consultation's, of the channel `desk`, one for each day: in the same chain, sealed and signed with the
others, so that nobody at the desk can take back what was noted. Yesterday's is closed and sealed when the first act of
today comes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock
from zhixun.database import Database, consultations
from zhixun.errors import ZhixunError
from zhixun.messages import Event
from zhixun.numbers import day_of
from zhixun.ports import Journal, Seal

__all__ = ["CHANNEL", "Daybook"]

CHANNEL = "desk"
_PREFIX = "GZ"


class Daybook:
    """Notes acts of staff.

    Args:
        region: of the deployment. seal: seals the book of a day that is over.
    """

    def __init__(self, database: Database, journal: Journal, clock: Clock, region: str, *, seal: Seal) -> None:
        self._database = database
        self._journal = journal
        self._clock = clock
        self._region = region
        self._seal = seal

    async def note(self, kind: str, staff_name: str, open: Mapping[str, Any], private: Mapping[str, Any] | None = None) -> None:
        """Write an act into today's book.

        Args:
            kind: what was done, e.g. `signed_in`. staff_name: who; empty when it was nobody of the staff.
            open: what may be read by whoever holds the file. private: what is encrypted.
        """
        event = Event(kind, f"staff:{staff_name}" if staff_name else "zhixun", dict(open), private)
        async with self._database.write() as connection:
            number, ended = await self._today(connection)
            await self._journal.append(connection, number, [event])
        if ended:
            # What cannot be sealed now is in the journal, and its keeper seals it later.
            with contextlib.suppress(ZhixunError, OSError):
                await self._seal(ended)

    async def _today(self, connection: AsyncConnection) -> tuple[str, str]:
        """Return the number of today's book, which is opened when there is none yet, and that of an older one that was closed."""
        query = sa.select(consultations.c.number).where(consultations.c.channel == CHANNEL, consultations.c.state == "book")
        number = await connection.scalar(query)
        if number is not None and day_of(number) == self._clock.today():
            return str(number), ""
        if number is not None:
            await self._journal.append(connection, number, [Event("closed", "zhixun", {"state": "closed", "reason": "day"})])
        opened = Event("opened", "zhixun", {"channel": CHANNEL, "region": self._region, "consent": False, "state": "book"})
        return (await self._journal.open(connection, opened, _PREFIX)).consultation, str(number or "")
