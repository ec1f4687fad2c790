"""What is said to citizens on other platforms: carried in order, again where it surely did not arrive, and never twice.

A message is claimed in the store before it goes out and noted after it. Whoever dies between the two leaves something that may
have arrived: it stays `unsure`, and staff see it, unless the platform itself recognises what comes twice. Where a platform lets
nothing through until the citizen speaks again, words are `held` until then.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.channels.web import entry_for_citizen
from zhixun.channels.wording import Parcel, Shown, pack, worded
from zhixun.clock import Clock, stamp
from zhixun.database import Database, outbox, threads
from zhixun.doors import DONE, FAILED, HELD, SENDING, UNSURE, WAITING, Address
from zhixun.messages import Entry, Reply
from zhixun.ports import Journal

__all__ = ["AGAIN", "Carrier", "Outbox", "Undelivered"]

AGAIN = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600))
"""How long is waited after each attempt that surely failed."""
AFTER_HANDED = timedelta(seconds=1)
"""So long what follows waits after a message was handed out."""
TOGETHER = 8
"""So many consultations are carried at once."""
SPENT = "对方须先再发一条消息，平台才允许送达；届时自动补送。"

_log = logging.getLogger(__name__)
_ONCE = re.compile(r"(?a)([A-Z]{2,6})(\d{8})(\d{6})(\d)_(\d{1,9})_\d{1,4}")
"""What `_brought` makes of a consultation's number, the first entry, and the part."""


class Undelivered(Exception):
    """A message did not arrive.

    Args:
        words: why, in Chinese, for staff.
        standing: what becomes of it: `waiting` (it is tried again), `held`, `unsure` or `failed`.
        after: seconds until it is tried again, where the platform says so.
    """

    def __init__(self, words: str, standing: str = WAITING, after: float | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.standing = standing
        self.after = after


class Carrier(Protocol):
    """Brings messages to one platform."""

    limit: int
    """The largest text of a message, as `size` counts it."""
    knows_again: bool
    """Whether the platform takes a message with the same id only once."""

    def size(self, text: str) -> int:
        """Return what a text counts."""

    async def carry(self, to: Address, parcel: Parcel, once: str) -> None:
        """Bring a message.

        Args:
            once: the same for the same message when it is brought again: digits, letters and `_`, at most 32.

        Raises:
            Undelivered: it did not arrive, or nobody can tell.
        """


@dataclass(frozen=True, slots=True)
class _Claim:
    """A message that is being carried: the entries it is of, how often it was tried, and which part of its entry it is."""

    parcel: Parcel
    seqs: tuple[int, ...]
    attempt: int
    part: int


class Outbox:
    """Carries what waits.

    Args:
        carriers: by door.
        address: where a consultation's words go to.
        receipt: what ends a consultation: its receipt, and the question how it was; without text until it is sealed.
        carried: told of a consultation when something has become of a message of it.
    """

    def __init__(
        self, database: Database, journal: Journal, clock: Clock, carriers: Mapping[str, Carrier], *,
        address: Callable[[str], Awaitable[Address | None]], receipt: Callable[[AsyncConnection, str], Awaitable[Reply]],
        carried: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._clock = clock
        self._carriers = carriers
        self._address = address
        self._receipt = receipt
        self._carried = carried
        self._kept_back: Counter[str] = Counter()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._more: set[str] = set()
        self._stopped = False
        self._slots = asyncio.Semaphore(TOGETHER)

    async def settle(self) -> None:
        """Settle what is on its way and carried by nobody: a crash, or a store that could not be written, has left it."""
        async with self._database.write(patient=True) as connection:
            for door, carrier in self._carriers.items():
                # Who carries something now has it in a task of its own, and could not have claimed it beside this transaction.
                left = (outbox.c.channel == door) & (outbox.c.standing == SENDING) & outbox.c.consultation.not_in(self._running)
                change = {"standing": WAITING} if carrier.knows_again else {"standing": UNSURE, "error": "送出时服务中断，可能已送达。"}
                await connection.execute(outbox.update().where(left).values(**change))

    async def carry_due(self) -> None:
        """Begin to carry everything that is due; call it again and again."""
        due = sa.or_(outbox.c.standing == SENDING, (outbox.c.standing == WAITING) & (outbox.c.due <= stamp(self._clock.now())))
        query = sa.select(outbox.c.consultation, outbox.c.standing).where(due, outbox.c.channel.in_(self._carriers)).distinct()
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        if any(row.standing == SENDING and row.consultation not in self._running for row in rows):
            await self.settle()
        for row in rows:
            if row.standing == WAITING:
                self.wake(row.consultation)

    def wake(self, number: str) -> None:
        """Carry what waits for the citizen of a consultation, in the background."""
        if self._stopped or not self._carriers or number in self._kept_back:
            return
        if number in self._running:
            self._more.add(number)
        else:
            task = asyncio.get_running_loop().create_task(self._carry(number))
            self._running[number] = task
            task.add_done_callback(lambda done: self._ended(number, done))

    async def finish(self) -> None:
        """Wait until what is being carried now has gone out."""
        while self._running:
            await asyncio.wait(set(self._running.values()))

    async def stop(self) -> None:
        """Let what is on its way arrive, and begin nothing new: the next start carries the rest."""
        self._stopped = True
        await self.finish()

    async def failed(self, once: str, words: str) -> str:
        """Mark a message that the platform took, and could not deliver after all.

        Args:
            once: as the carrier was given it. words: why, in Chinese, for staff.

        Returns:
            The consultation; empty when there is no such message.
        """
        if (found := _ONCE.fullmatch(once)) is None:
            return ""
        number, seq = "-".join(found.groups()[:4]), int(found[5])
        async with self._database.write() as connection:
            here = (outbox.c.consultation == number) & (outbox.c.seq >= seq) & outbox.c.channel.in_(self._carriers)
            rows = (await connection.execute(sa.select(outbox).where(here).order_by(outbox.c.seq))).mappings().all()
            if not rows or rows[0]["seq"] != seq:
                return ""
            # What goes out in one message is claimed together, and noted at the same moment.
            alike = (rows[0]["standing"], rows[0]["delivered"])
            together = alike[0] in (SENDING, DONE)
            seqs = [row["seq"] for row in rows if row["seq"] == seq or (together and (row["standing"], row["delivered"]) == alike)]
            await self._set(connection, number, seqs, standing=FAILED, delivered=None, error=words)
        return number

    @contextmanager
    def kept_back(self, number: str) -> Iterator[None]:
        """Leave a consultation's messages to the caller for a while, who may hand them out in an answer (`hand_out`)."""
        self._kept_back[number] += 1
        try:
            yield
        finally:
            self._kept_back[number] -= 1
            if not self._kept_back[number]:
                del self._kept_back[number]
                self.wake(number)

    async def hand_out(self, number: str) -> Parcel | None:
        """Take the first message that waits, or its next part, to be handed out; None when there is none or one is on its way."""
        async with self._database.write() as connection:
            rows, parcels = await self._waiting(connection, number)
            if not parcels or any(row["standing"] == SENDING for row in rows):
                return None
            now, first = self._clock.now(), rows[0]
            parcel: Parcel = parcels[first["parts"]]
            if parcel.seqs:
                await self._set(connection, number, parcel.seqs, standing=DONE, delivered=stamp(now), error="")
            else:
                await self._set(connection, number, (first["seq"],), parts=first["parts"] + 1, attempts=0, error="")
            # What follows goes out by another line, and must not be there first.
            rest = [row["seq"] for row in rows if row["seq"] not in parcel.seqs]
            await self._set(connection, number, rest, due=stamp(now + AFTER_HANDED))
        return parcel

    async def take_back(self, number: str, parcel: Parcel) -> None:
        """Carry a message that was handed out and not heard."""
        async with self._database.write() as connection:
            if parcel.seqs:
                await self._set(connection, number, parcel.seqs, standing=WAITING, delivered=None, due=stamp(self._clock.now()))
            else:
                cut = (outbox.c.consultation == number) & (outbox.c.standing == WAITING) & (outbox.c.parts > 0)
                await connection.execute(outbox.update().where(cut).values(parts=outbox.c.parts - 1))
        self.wake(number)

    async def _carry(self, number: str) -> None:
        async with self._slots:
            if not await self._some(number):
                return
            address = await self._address(number)
            claim: _Claim | None = None
            error: Undelivered | None = None
            while True:
                # Nobody waits for this, and what is not noted would stay on its way until the next start.
                async with self._database.write(patient=True) as connection:
                    goes_on = claim is None or await self._noted(connection, number, claim, error)
                    goes_on = goes_on and not self._stopped and number not in self._kept_back
                    claim = await self._claim(connection, number, address) if goes_on else None
                self._carried(number)
                if claim is None or address is None:
                    return
                error = await self._bring(number, address, claim)

    async def _some(self, number: str) -> bool:
        """Look before the one writing connection is asked for: most of what wakes this concerns no platform."""
        here = (outbox.c.consultation == number) & (outbox.c.standing == WAITING)
        async with self._database.read() as connection:
            return bool(await connection.scalar(sa.select(sa.exists().where(here))))

    async def _claim(self, connection: AsyncConnection, number: str, address: Address | None) -> _Claim | None:
        """Take the next message."""
        rows, parcels = await self._waiting(connection, number)
        now = stamp(self._clock.now())
        if not parcels or any(row["standing"] == SENDING or row["due"] > now for row in rows[:1]):
            return None
        if address is None:
            await self._set(connection, number, [row["seq"] for row in rows], standing=FAILED, error="不知道发给谁。")
            return None
        if not await self._allowed(connection, number):
            await self._set(connection, number, [row["seq"] for row in rows], standing=HELD, error=SPENT)
            return None
        first = rows[0]
        parcel = parcels[first["parts"]]
        seqs = parcel.seqs or (first["seq"],)
        await self._set(connection, number, seqs, standing=SENDING, attempts=first["attempts"] + 1)
        return _Claim(parcel, tuple(seqs), first["attempts"] + 1, first["parts"])

    async def _allowed(self, connection: AsyncConnection, number: str) -> bool:
        """Tell whether the platform lets one more message through."""
        row = (await connection.execute(sa.select(threads).where(threads.c.consultation == number))).mappings().first()
        return row is None or row["left"] is None or (row["left"] > 0 and row["until"] >= stamp(self._clock.now()))

    async def _bring(self, number: str, address: Address, claim: _Claim) -> Undelivered | None:
        """Bring a message; returns why it did not arrive, None when it did."""
        once = f"{number.replace('-', '')}_{claim.seqs[0]}_{claim.part}"
        try:
            await self._carriers[address.door].carry(address, claim.parcel, once)
        except Undelivered as error:
            return error
        except Exception as error:  # whatever a platform answers, a keeper must outlive it
            _log.error("carrying for %s failed: %s", number, type(error).__name__)
            return Undelivered("送出时出错，可能已送达。", UNSURE)
        return None

    async def _noted(self, connection: AsyncConnection, number: str, claim: _Claim, error: Undelivered | None) -> bool:
        """Note what became of a message; returns whether the next one may follow."""
        if error is None or error.standing == UNSURE:
            # What surely did not arrive is not counted by the platform either.
            counted = (threads.c.consultation == number) & (threads.c.left > 0)
            await connection.execute(threads.update().where(counted).values(left=threads.c.left - 1))
        if error is not None:
            await self._not_arrived(connection, number, claim, error)
            return error.standing in (FAILED, UNSURE)
        done = {"standing": DONE, "delivered": stamp(self._clock.now()), "error": ""}
        more = {"standing": WAITING, "parts": claim.part + 1, "attempts": 0, "error": ""}
        # The platform may have told in the meantime that it did not arrive after all.
        on_its_way = (outbox.c.consultation == number) & outbox.c.seq.in_(claim.seqs) & (outbox.c.standing == SENDING)
        await connection.execute(outbox.update().where(on_its_way).values(**(done if claim.parcel.seqs else more)))
        return True

    async def _not_arrived(self, connection: AsyncConnection, number: str, claim: _Claim, error: Undelivered) -> None:
        standing = FAILED if error.standing == WAITING and claim.attempt > len(AGAIN) else error.standing
        after = AGAIN[min(claim.attempt, len(AGAIN)) - 1] if error.after is None else timedelta(seconds=error.after)
        due = stamp(self._clock.now() + after) if standing == WAITING else ""
        seqs = claim.seqs
        if standing == HELD:
            # What follows would not arrive either; and what was counted wrongly is set right.
            rows, _ = await self._waiting(connection, number)
            seqs = tuple(row["seq"] for row in rows)
            await connection.execute(threads.update().where(threads.c.consultation == number).values(left=0))
        await self._set(connection, number, seqs, standing=standing, due=due, error=error.words)

    async def _waiting(self, connection: AsyncConnection, number: str) -> tuple[Sequence[sa.RowMapping], list[Parcel]]:
        """Return what waits for a citizen in order, and the messages that it is packed into."""
        here = (outbox.c.consultation == number) & outbox.c.standing.in_((WAITING, SENDING))
        rows = (await connection.execute(sa.select(outbox).where(here).order_by(outbox.c.seq))).mappings().all()
        if not rows:
            return [], []
        carrier = self._carriers.get(rows[0]["channel"])
        if carrier is None:
            return rows, []
        entries = {entry.seq: entry for entry in await self._journal.read(connection, number, rows[0]["seq"] - 1)}
        # What was cut goes out alone, so that its parts stay the same however much comes after it.
        rows_of_one = rows[:1] if rows[0]["parts"] else rows
        if carrier.knows_again and rows[0]["attempts"]:
            # What was tried before must be the same message when it is tried again under the same id.
            rows_of_one = [row for row in rows_of_one if row["attempts"]]
        bubbles = [await self._bubble(connection, number, entries[row["seq"]]) for row in rows_of_one]
        if not bubbles[-1].text:
            bubbles.pop()  # the receipt of what is being sealed right now
        if not bubbles:
            return [], []
        parcels = pack(bubbles, carrier.limit, carrier.size)
        if not parcels[0].seqs:
            parcels = pack(bubbles[:1], carrier.limit, carrier.size)
        return rows, parcels

    async def _bubble(self, connection: AsyncConnection, number: str, entry: Entry) -> Shown:
        if entry.kind == "closed":
            told = await self._receipt(connection, number)
            return Shown(entry.seq, told.text, told.buttons)
        return worded(entry.seq, entry_for_citizen(entry) or {"text": ""})

    def _ended(self, number: str, task: asyncio.Task[None]) -> None:
        del self._running[number]
        if number in self._more:
            self._more.discard(number)
            self.wake(number)
        if not task.cancelled() and (error := task.exception()) is not None:
            # What waits is tried again at the next round.
            _log.error("carrying for %s failed: %s", number, type(error).__name__)

    @staticmethod
    async def _set(connection: AsyncConnection, number: str, seqs: Iterable[int], **values: Any) -> None:
        own = (outbox.c.consultation == number) & outbox.c.seq.in_(list(seqs))
        await connection.execute(outbox.update().where(own).values(**values))
