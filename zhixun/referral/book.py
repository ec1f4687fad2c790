"""The book of slips: issuing them, carrying them on, and reminding agencies that do not answer.

What is written here is the journal; the table `slips` follows from it. Letters that go out stand in `deliveries`, written in
the same transaction, and are carried by `deliver.py`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock
from zhixun.database import Database, consultations, slips
from zhixun.errors import CitizenError, ZhixunError
from zhixun.messages import Event, Reply
from zhixun.numbers import request_number, valid_request_number
from zhixun.outgoing import tell
from zhixun.ports import Journal, Seal
from zhixun.referral import words
from zhixun.referral.outbox import attempted, queue
from zhixun.referral.ports import Agencies, Agency, Carrier, Codes, Rules
from zhixun.referral.reader import Reader
from zhixun.referral.slip import HAND, LONGEST_WORDS, Draft, Slip, checked, plain
from zhixun.referral.standing import (
    AGENCY,
    DONE,
    ISSUED,
    SENT,
    STAFF,
    SYSTEM,
    WITH_WORDS,
    WITHDRAWN,
    step,
)
from zhixun.referral.terms import HELD, due_day, wants_reminder

__all__ = ["MOST", "Referrals"]

MOST = 20
"""So many slips may be issued in one consultation."""
_log = logging.getLogger(__name__)


class Referrals:
    """Issues slips and carries them on.

    Args:
        codes: proves who holds a slip. agencies: the register. rules: what the office has set.
        carriers: the ways by which letters can go out now; without them every slip goes by hand.
        seal: seals what was added to a closed consultation. wake: tells open windows that there is something new.
    """

    def __init__(
        self, database: Database, journal: Journal, clock: Clock, codes: Codes, agencies: Agencies, rules: Rules,
        carriers: Mapping[str, Carrier], *, seal: Seal, wake: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._clock = clock
        self._codes = codes
        self._agencies = agencies
        self.reader = Reader(journal, agencies, clock)
        self._rules = rules
        self._carriers = carriers
        self._seal = seal
        self._wake = wake

    def ways(self, agency: Agency) -> tuple[str, ...]:
        """Return the ways by which a slip can go to an agency now; by hand it always can."""
        sent = (way for way, carrier in self._carriers.items() if agency.confirmed and carrier.reaches(agency))
        return (*sent, HAND)

    def notice(self, agency: str, *, contact: bool, name: str = "", agency_contact: str = "") -> str:
        """Return what the citizen must be told before consenting to a slip, with or without the contact.

        Args:
            name, agency_contact: of an agency that the register has not confirmed, as in `Draft`.

        Raises:
            CitizenError: the register has no such agency, or it is not known who exactly it is and how it is reached.
        """
        return words.told_consent(self._receiver(agency, name, agency_contact), self._rules.office, contact=contact)

    async def issue(self, consultation: str, draft: Draft, by: str) -> Slip:
        """Issue a slip; the same one again, while it runs, is the first one.

        Where the agency cannot be reached the wanted way, the slip that is returned goes by hand.

        Args:
            by: the member of staff, as an actor (`staff:NAME`).

        Raises:
            CitizenError: there is no consent, a field is wrong, the register has no such agency; (409) there are too many slips;
                (410) the consultation was erased.
        """
        draft = checked(draft)
        agency = self._receiver(draft.agency, draft.agency_name, draft.agency_contact)
        told = words.told_consent(agency, self._rules.office, contact=bool(draft.contact))
        private = {"agency_name": agency.name, "facts": [list(fact) for fact in draft.facts], "evidence": list(draft.evidence),
                   "wish": draft.wish, "contact": draft.contact, "consent": words.told_consented(draft.how, told)}  # fmt: skip
        async with self._database.write() as connection:
            made = await self.reader.of(connection, consultation)
            again = next((slip for slip in made if _same(slip, draft)), None)
            if again is not None:
                return again
            if len(made) >= MOST:
                raise CitizenError(words.TOO_MANY, code="too_many", status=409)
            number = request_number(self._rules.prefix, consultation, len(made) + 1)
            way = draft.way if draft.way in self.ways(agency) else HAND
            opened = {"slip": number, "agency": agency.id, "kind": agency.kind, "way": way, "standing": ISSUED,
                      "due": due_day(self._rules, self._clock.today(), draft.due_days)}  # fmt: skip
            await self._journal.append(connection, consultation, [Event("referred", by, opened, private)])
            slip = await self.reader.read(connection, number)
            if not slip.facts:
                # The journal keeps nothing private of an erased consultation.
                raise CitizenError(words.ERASED, code="erased", status=410)
            if way != HAND:
                await queue(connection, number, way, words.SLIP, self._clock.now())
            closed = await self._tell(connection, slip)
        await self.finish(slip, closed=closed)
        return slip

    async def find(self, number: str, code: str) -> Slip:
        """Return the slip that a number and its code belong to; once it is ended, without what it told.

        Raises:
            CitizenError: (404) there is none; it is not said which of the two is wrong.
        """
        number = number.strip().upper()
        right = self._codes.is_code(number, code) and valid_request_number(number)
        found = await self.look_up(number) if right else None
        if found is None:
            raise CitizenError(words.NOT_FOUND, code="no_slip", status=404)
        return found if found.running else found.bare()

    async def look_up(self, number: str) -> Slip | None:
        """Return a slip by its number, for staff."""
        async with self._database.read() as connection:
            try:
                return await self.reader.read(connection, number)
            except CitizenError:
                return None

    async def of(self, consultation: str) -> list[Slip]:
        """Return the slips of a consultation, in order."""
        async with self._database.read() as connection:
            return await self.reader.of(connection, consultation)

    async def open(self) -> list[Slip]:
        """Return all slips that are still running, without their contents: overdue ones first, then by when they are due."""
        async with self._database.read() as connection:
            return await self.reader.running(connection)

    async def move(self, number: str, standing: str, by: str, said: str = "") -> Slip:
        """Carry a slip on, by staff; the citizen is told, in the consultation where it is still open.

        Args:
            by: who does it, as an actor. said: words to the citizen.

        Raises:
            CitizenError: (404) there is no such slip; (409) it cannot go there; (400) the standing needs words, or they are too long.
        """
        return await self._move(number, standing, STAFF, by, said)

    async def answer(self, number: str, code: str, standing: str, said: str = "", once: str = "") -> Slip:
        """Carry a slip on, by the agency that holds it.

        Args:
            once: what the page carried, so that sending it twice is one answer.

        Raises:
            CitizenError: (404) number or code is wrong; (410) the slip is ended; (409) it cannot go there; (400) words are missing.
        """
        slip = await self.find(number, code)
        digest = hashlib.sha256(f"{slip.number}\0{standing}\0{once}".encode()).hexdigest()[:16] if once else ""
        answered = await self._move(slip.number, standing, AGENCY, f"agency:{slip.agency}", said, digest)
        return answered if answered.running else answered.bare()

    async def send_again(self, number: str) -> Slip:
        """Have a slip sent once more, e.g. when the address was mended.

        Raises:
            CitizenError: (404) there is no such slip; (409) it went by hand, or the agency has signed for it.
        """
        async with self._database.write() as connection:
            slip = await self.reader.read(connection, number)
            if slip.standing not in (ISSUED, SENT) or slip.way == HAND:
                raise CitizenError(words.NO_ROUTE if slip.way == HAND else words.NOT_AGAIN, code="no_route", status=409)
            await queue(connection, number, slip.way, words.SLIP, self._clock.now())
        return slip

    async def remind_due(self) -> int:
        """Remind the agencies that have not answered in time, in working hours only; returns how many. Call it again and again."""
        if not self._rules.hours.is_open(self._clock.local()):
            return 0
        today = self._clock.today()
        late = (slips.c.standing.in_(HELD), slips.c.way != HAND, slips.c.due < today.isoformat())
        async with self._database.read() as connection:
            numbers = (await connection.scalars(sa.select(slips.c.number).where(*late).order_by(slips.c.number))).all()
            found = [await self.reader.read(connection, number) for number in numbers]
        return sum([await self._remind(slip.number, today) for slip in found if wants_reminder(slip, self._rules, today)])

    async def sent(self, connection: AsyncConnection, number: str) -> tuple[Slip, bool] | None:
        """Note that a slip went out, in the caller's transaction; None when it has come further in the meantime.

        Returns the slip and whether its consultation is closed, both for `finish` after the transaction.
        """
        slip = await self.reader.read(connection, number)
        return await self._carry_on(connection, slip, SENT, SYSTEM) if slip.standing == ISSUED else None

    async def finish(self, slip: Slip, *, closed: bool) -> None:
        """Do what follows a written change: seal what was added to a closed consultation, wake open windows.

        What cannot be sealed now, as on a full disk, is sealed by the keeper later; the slip stands all the same.
        """
        if closed:
            try:
                await self._seal(slip.consultation)
            except (ZhixunError, OSError) as error:
                _log.error("%s could not be sealed: %s", slip.consultation, type(error).__name__)
        self._wake(slip.consultation)

    async def _move(self, number: str, standing: str, who: str, by: str, said: str, once: str = "") -> Slip:
        """Take one step, if `who` may take it."""
        said = plain(said)
        async with self._database.write() as connection:
            slip = await self.reader.read(connection, number)
            if once and once == slip.once:
                return slip
            if who == AGENCY and not slip.running:
                raise CitizenError(words.told_closed(slip.standing), code="closed", status=410)
            step(slip.standing, standing, who)
            if len(said) > LONGEST_WORDS or (standing in WITH_WORDS and not said):
                wrong = words.TOO_LONG.format(most=LONGEST_WORDS) if said else words.wanted_words(standing)
                raise CitizenError(wrong, code="no_words", field="words")
            slip, closed = await self._carry_on(connection, slip, standing, by, said, once)
        await self.finish(slip, closed=closed)
        return slip

    async def _carry_on(
        self, connection: AsyncConnection, slip: Slip, standing: str, by: str, said: str = "", once: str = ""
    ) -> tuple[Slip, bool]:
        """Write the next standing and what follows from it; returns the slip and whether its consultation is closed."""
        told = {"slip": slip.number, "standing": standing, **({"once": once} if once else {})}
        events = [Event("slip_moved", by, told, {"words": said} if said else None)]
        if standing == DONE:
            due = self._clock.today() + timedelta(days=self._rules.follow_up_days)
            plan = {"kind": "referral", "subject": slip.number, "due": due.isoformat()}
            events.append(Event("planned", SYSTEM, plan, {"words": words.told_follow_up(slip)}))
        await self._journal.append(connection, slip.consultation, events)
        if standing == WITHDRAWN and slip.way != HAND and (slip.standing != ISSUED or await attempted(connection, slip.number)):
            await queue(connection, slip.number, slip.way, words.WITHDRAWAL, self._clock.now())
        moved = await self.reader.read(connection, slip.number)
        return moved, await self._tell(connection, moved)

    async def _tell(self, connection: AsyncConnection, slip: Slip) -> bool:
        """Say how the slip stands in its consultation, unless that is closed; tells whether it is."""
        notice = Reply(words.told_standing(slip), kind="notice")
        return await tell(connection, self._journal, slip.consultation, notice) is None

    async def _remind(self, number: str, today: date) -> bool:
        async with self._database.write() as connection:
            slip = await self.reader.read(connection, number)
            if not wants_reminder(slip, self._rules, today):
                return False
            event = Event("slip_reminded", SYSTEM, {"slip": number, "times": slip.reminders + 1})
            await self._journal.append(connection, slip.consultation, [event])
            await queue(connection, number, slip.way, words.REMINDER, self._clock.now())
            state = await connection.scalar(sa.select(consultations.c.state).where(consultations.c.number == slip.consultation))
        await self.finish(slip, closed=state == "closed")
        return True

    def _receiver(self, agency: str, name: str, contact: str) -> Agency:
        """Return who gets a slip; of an agency that is not confirmed, staff say who exactly it is and how it is reached."""
        found = self._agencies.find(agency)
        if found is None:
            raise CitizenError(words.NO_AGENCY, code="no_agency", field="agency")
        if not found.confirmed:
            found = replace(found, name=name or found.name, contact=contact)
        if not found.contact:
            raise CitizenError(words.NO_CONTACT, code="no_contact", field="agency_contact")
        return found


def _same(slip: Slip, draft: Draft) -> bool:
    """Tell whether a slip says what a draft says."""
    return slip.running and all(getattr(slip, name) == getattr(draft, name) for name in ("agency", "facts", "evidence", "wish", "contact"))
