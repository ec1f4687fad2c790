"""Tells the staff's group on Telegram what is new in the queue and what has waited too long."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from zhixun.clock import Clock
from zhixun.database import Database, consultations
from zhixun.desk.case import REASONS

__all__ = ["GroupNews", "Notices"]


class Notices(Protocol):
    """What tells the group."""

    def queued(self, number: str, reason: str) -> Awaitable[None]:
        """Tell that a consultation waits."""

    def overdue(self, number: str, reason: str, minutes: int) -> Awaitable[None]:
        """Tell that a consultation has waited too long."""


class GroupNews:
    """Looks at the queue, and tells what has changed since it looked last."""

    def __init__(self, database: Database, clock: Clock, notices: Notices) -> None:
        self._database = database
        self._clock = clock
        self._notices = notices
        self._known: dict[str, tuple[str, bool]] | None = None

    async def look(self) -> int:
        """Tell what is new; returns how much. Call it again and again: what waits already at the first look is not told anew."""
        query = sa.select(consultations).where(consultations.c.state.in_(("queued", "message_left")))
        async with self._database.read() as connection:
            rows = {row["number"]: row for row in (await connection.execute(query)).mappings()}
        now = {number: (str(row["handed"]), ":over" in row["escalated"]) for number, row in rows.items()}
        before, self._known = self._known, now
        if before is None:
            return 0
        told = 0
        for number, (handed, over) in now.items():
            known_handed, known_over = before.get(number, ("", False))
            reason = REASONS.get(rows[number]["reason"], "")
            if handed != known_handed:
                await self._notices.queued(number, reason)
            elif over and not known_over:
                await self._notices.overdue(number, reason, self._minutes(handed))
            else:
                continue
            told += 1
        return told

    def _minutes(self, since: str) -> int:
        return int((self._clock.now() - datetime.fromisoformat(since)).total_seconds() // 60)
