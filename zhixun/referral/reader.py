"""Reads slips: how they stand from the table, what they say from the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock
from zhixun.database import slips
from zhixun.errors import CitizenError
from zhixun.messages import Entry
from zhixun.ports import Journal
from zhixun.referral.ports import Agencies
from zhixun.referral.slip import Slip
from zhixun.referral.standing import FINAL, UNANSWERED
from zhixun.referral.words import NOT_FOUND

__all__ = ["Reader"]


class Reader:
    """Reads slips.

    Args:
        agencies: gives the name of an agency where the slip's own words are not read, or were erased.
    """

    def __init__(self, journal: Journal, agencies: Agencies, clock: Clock) -> None:
        self._journal = journal
        self._agencies = agencies
        self._clock = clock

    async def read(self, connection: AsyncConnection, number: str) -> Slip:
        """Return a slip.

        Raises:
            CitizenError: (404) there is none.
        """
        consultation = await connection.scalar(sa.select(slips.c.consultation).where(slips.c.number == number))
        made = await self.of(connection, consultation) if consultation is not None else []
        slip = next((slip for slip in made if slip.number == number), None)
        if slip is None:
            raise CitizenError(NOT_FOUND, code="no_slip", status=404)
        return slip

    async def of(self, connection: AsyncConnection, consultation: str) -> list[Slip]:
        """Return the slips of a consultation, in order."""
        query = sa.select(slips).where(slips.c.consultation == consultation).order_by(slips.c.number)
        rows = (await connection.execute(query)).mappings().all()
        entries = await self._journal.read(connection, consultation) if rows else []
        return [self._slip(row, [entry for entry in entries if entry.open.get("slip") == row["number"]]) for row in rows]

    async def running(self, connection: AsyncConnection) -> list[Slip]:
        """Return all slips that are not ended, without their contents: overdue ones first, then by when they are due."""
        query = sa.select(slips).where(slips.c.standing.not_in(FINAL)).order_by(slips.c.due, slips.c.number)
        found = [self._slip(row, ()) for row in (await connection.execute(query)).mappings()]
        return sorted(found, key=lambda slip: not slip.overdue)

    def _slip(self, row: sa.RowMapping, entries: Sequence[Entry]) -> Slip:
        told: dict[str, Any] = {}
        for entry in entries:
            private = entry.private or {}
            if entry.kind == "referred":
                told |= private
            elif entry.kind == "slip_moved":
                told |= {"words": private.get("words", ""), "once": entry.open.get("once", "")}
            elif entry.kind == "slip_reminded":
                told["reminders"] = entry.open["times"]
        agency = self._agencies.find(row["agency"])
        return Slip(
            **row,
            overdue=row["standing"] in UNANSWERED and row["due"] < self._clock.today().isoformat(),
            reminders=int(told.get("reminders", 0)),
            agency_name=str(told.get("agency_name") or (agency.name if agency else row["agency"])),
            facts=tuple((str(name), str(value)) for name, value in told.get("facts", ())),
            evidence=tuple(map(str, told.get("evidence", ()))),
            **{name: str(told.get(name, "")) for name in ("wish", "contact", "consent", "words", "once")},
        )
