"""People take over: a claim is a lease with a fencing number, and only its holder speaks, passes on or closes.

The owner stands in the journal (`claimed`, `returned`, `transferred`), and the fence is the place of the claim in the
consultation: a later claim has a higher one, so that a page left open from an earlier claim can do nothing any more. The
lease itself, until when the holder must be heard of again, lives in memory alone; after a restart every holder gets one
more lease to come back. All of it happens in the consultation's own turn order, so that the bot is never in the middle of
an answer when a person takes over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock, monotonic, stamp
from zhixun.conversation.order import Order
from zhixun.conversation.owner import owner_of, step
from zhixun.conversation.ports import Phrases
from zhixun.database import Database, consultations, inbox
from zhixun.doors import DOORS
from zhixun.errors import CitizenError, ZhixunError
from zhixun.messages import Basis, Entry, Event, Reply, To
from zhixun.names import BOOKS, OUTCOMES
from zhixun.outgoing import tell
from zhixun.ports import Journal, Seal

__all__ = ["Takeover"]

_log = logging.getLogger(__name__)

_LONGEST = 2000
_LONGEST_REASON = 500


@dataclass(slots=True)
class _Lease:
    name: str
    fence: int
    until: float


class Takeover:
    """Claims, speaks in, passes on, gives back and closes consultations for staff.

    Args:
        order: the turns' own order of each consultation.
        seal: seals a closed consultation. wake: tells windows that there is something new.
        lease: how long a holder may be silent before the consultation goes back to the queue.
        patience: how long somebody to whom it was passed on is waited for, before all may take it.
        now: seconds that never run backwards.
    """

    def __init__(
        self, database: Database, journal: Journal, site: Phrases, clock: Clock, order: Order, *,
        seal: Seal, wake: Callable[[str], None], lease: timedelta, patience: timedelta, now: Callable[[], float] = monotonic,
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._site = site
        self._clock = clock
        self._order = order
        self._seal = seal
        self._wake = wake
        self._lease = lease.total_seconds()
        self._patience = patience
        self._now = now
        self._leases: dict[str, _Lease] = {}

    async def prepare(self) -> None:
        """Give everyone who has a consultation and no lease one to come back: first of all after the service was stopped."""
        # Who talks with a citizen in a platform's own client has no page open here to be heard of.
        query = sa.select(consultations).where(consultations.c.state == "staff", consultations.c.operator.not_in(DOORS))
        async with self._database.read() as connection:
            for row in (await connection.execute(query)).mappings():
                if row["number"] not in self._leases:
                    self._hold(row["number"], row["operator"], row["fence"])

    async def claim(self, number: str, name: str) -> int:
        """Take a consultation over and return the fence; who holds it already gets the same one again.

        Raises:
            CitizenError: (404) there is none; (409) somebody else has it, it was passed to somebody else, or it is closed.
        """
        async with self._order.turn(number):
            async with self._database.write() as connection:
                row = await self._row(connection, number)
                if row["state"] == "staff" and row["operator"] == name:
                    self._hold(number, name, row["fence"])
                    return int(row["fence"])
                self._may_claim(row, name)
                told = {"state": step(row["state"], "staff"), "operator": name, "from": owner_of(row["state"])}
                claimed = (await self._journal.append(connection, number, [Event("claimed", _actor(name), told)]))[0]
                await tell(connection, self._journal, number, self._notice("claimed"))
            self._hold(number, name, claimed.seq)
        self._wake(number)
        return claimed.seq

    def renew(self, number: str, name: str, fence: int) -> None:
        """Hold a consultation for another lease.

        Raises:
            CitizenError: (409) it is not held by this claim any more.
        """
        lease = self._leases.get(number)
        if lease is None or (lease.name, lease.fence) != (name, fence) or lease.until < self._now():
            raise _lost()
        self._hold(number, name, fence)

    async def demand(self, connection: AsyncConnection, number: str, name: str, fence: int) -> None:
        """Make sure, in the transaction of what somebody does in a consultation, that it is held by this claim.

        Raises:
            CitizenError: (409) it is not, or not any more.
        """
        await self._held(connection, number, name, fence)

    async def say(
        self, number: str, name: str, fence: int, text: str, *, once: str, knowledge: tuple[str, ...] = (), basis: tuple[Basis, ...] = ()
    ) -> Entry | None:
        """Say something to the citizen; None when the same `once` was said before.

        Raises:
            CitizenError: (400) the text is empty or too long; (409) the claim does not hold any more.
        """
        text = text.strip()
        if not text or len(text) > _LONGEST:
            raise CitizenError(f"请输入 1–{_LONGEST} 字。", code="bad_text", field="text")
        async with self._order.turn(number):
            async with self._database.write() as connection:
                row = await self._held(connection, number, name, fence)
                seen = (inbox.c.consultation == number) & (inbox.c.message_id == f"staff:{once}")
                if await connection.scalar(sa.select(inbox.c.seq).where(seen)) is not None:
                    return None
                reply = Reply(text, knowledge=knowledge, basis=basis, kind="staff")
                first = {} if row["answered"] else {"first": True}
                told: dict[str, Any] = {"fence": fence, "message_id": f"staff:{once}", **first}
                entry = await tell(connection, self._journal, number, reply, actor=_actor(name), **told)
            self._hold(number, name, fence)
        self._wake(number)
        return entry

    async def transfer(self, number: str, name: str, fence: int, to: To, reason: str) -> None:
        """Pass a consultation on; whoever it is meant for has the first right to it for a while.

        Raises:
            CitizenError: (400) no reason, or it is meant for oneself; (409) the claim does not hold any more.
        """
        if to.name == name or not (to.name or to.team):
            raise CitizenError("请选择转给哪位同事或哪个组。", code="bad_target", field="to")
        words = {"reason": _words(reason, "请写明转交原因，接手的人会看到。")}
        until = stamp(self._clock.now() + self._patience) if to.name else ""
        told = {"state": "queued", "to": to.name, "team": to.team, "until": until, "reason": "passed_on"}
        await self._leave(number, name, fence, Event("transferred", _actor(name), told, words), self._transferred(to))

    async def give_back(self, number: str, name: str, fence: int) -> None:
        """Let the program go on with the citizen.

        Raises:
            CitizenError: (409) the claim does not hold any more.
        """
        event = Event("returned", _actor(name), {"state": "bot", "reason": "given_back"})
        await self._leave(number, name, fence, event, self._notice("returned"))

    async def put_back(self, number: str, name: str, fence: int) -> None:
        """Put a consultation back into the queue for anyone.

        Raises:
            CitizenError: (409) the claim does not hold any more.
        """
        event = Event("returned", _actor(name), {"state": "queued", "reason": "put_back"})
        await self._leave(number, name, fence, event, self._notice("requeued"))

    async def close(self, number: str, name: str, fence: int, outcome: str, words: str) -> str:
        """Close and seal with an outcome; returns the receipt's code, empty when it could be closed but not be sealed yet.

        Raises:
            CitizenError: (400) no such outcome, or no words about it; (409) the claim does not hold any more.
        """
        if outcome not in OUTCOMES:
            raise CitizenError("请选择办理结果。", code="bad_outcome", field="outcome")
        kept = {"words": _words(words, "请用一两句话写明怎么办的，档案里会保存。")}
        told = {"state": "closed", "reason": "staff", "outcome": outcome}
        event = Event("closed", _actor(name), told, kept)
        await self._leave(number, name, fence, event, Reply(self._site.phrases["staff_closed"], kind="closed"), farewell=True)
        try:
            return await self._seal(number)
        except (ZhixunError, OSError) as error:  # it is closed; its keeper seals it later
            _log.error("%s could not be sealed: %s", number, type(error).__name__)
            return ""

    async def keep(self) -> int:
        """Move on what nobody looks after; returns how many. Called every few seconds.

        What was abandoned goes back to the queue, what was passed on in vain is opened to all, and what still waits when the
        office closes is left as a message.
        """
        await self.prepare()  # what could not be put back, or was cut off behind its claim, must not stay with nobody for ever
        now, moment = self._now(), stamp(self._clock.now())
        work = [(number, self._abandoned) for number, lease in self._leases.items() if lease.until < now]
        is_open = self._site.hours.is_open(self._clock.local())
        waiting = sa.select(consultations.c.number).where(consultations.c.state == "queued")
        missed = waiting.where(consultations.c.assigned != "", consultations.c.assigned_until < moment)
        async with self._database.read() as connection:
            work += [(number, self._missed) for number in (await connection.scalars(missed)).all()]
            # Who was promised a colleague by name waits for this one first; both may be working late.
            left = waiting.where(consultations.c.assigned == "")
            work += [] if is_open else [(number, self._left) for number in (await connection.scalars(left)).all()]
        changed = 0
        for number, act in work:
            try:
                async with self._order.turn(number), self._database.write() as connection:
                    changed += await act(connection, await self._row(connection, number))
                self._wake(number)
            except (ZhixunError, SQLAlchemyError) as error:  # the others must not wait for one; a later round tries again
                _log.error("%s could not be moved on: %s", number, type(error).__name__)
        return changed

    def holder(self, number: str) -> str:
        """Return who holds a consultation right now; empty when nobody does."""
        lease = self._leases.get(number)
        return lease.name if lease else ""

    async def _abandoned(self, connection: AsyncConnection, row: sa.RowMapping) -> bool:
        lease = self._leases.get(row["number"])
        if lease is None or lease.until >= self._now():
            return False  # heard of again in the meantime
        del self._leases[row["number"]]
        if (row["state"], row["fence"]) != ("staff", lease.fence):
            return False  # it is somebody else's by now
        back = Event("returned", "zhixun", {"state": step(row["state"], "queued"), "reason": "lapsed"})
        await self._journal.append(connection, row["number"], [back])
        await tell(connection, self._journal, row["number"], self._notice("requeued"))
        return True

    async def _missed(self, connection: AsyncConnection, row: sa.RowMapping) -> bool:
        if row["state"] != "queued" or not row["assigned"] or row["assigned_until"] >= stamp(self._clock.now()):
            return False
        told = {"state": "queued", "to": "", "team": row["team"], "until": "", "reason": "missed"}
        await self._journal.append(connection, row["number"], [Event("transferred", "zhixun", told)])
        return True

    async def _left(self, connection: AsyncConnection, row: sa.RowMapping) -> bool:
        if row["state"] != "queued" or row["assigned"]:
            return False
        now = self._clock.local()
        told = {"state": step(row["state"], "message_left"), "reason": row["reason"], "team": row["team"], "again": True,
                "due": self._site.callback_due(now)}  # fmt: skip
        await self._journal.append(connection, row["number"], [Event("handed_off", "zhixun", told)])
        words = self._site.phrases["office_closed"].format(opening=self._site.opening_words(now))
        await tell(connection, self._journal, row["number"], Reply(words, kind="handoff"))
        return True

    async def _leave(self, number: str, name: str, fence: int, event: Event, words: Reply, *, farewell: bool = False) -> None:
        """Give a consultation out of one's hands; `farewell` says the words while it is still open."""
        async with self._order.turn(number):
            async with self._database.write() as connection:
                row = await self._held(connection, number, name, fence)
                step(row["state"], str(event.open["state"]))
                if farewell:
                    await tell(connection, self._journal, number, words)
                await self._journal.append(connection, number, [event])
                if not farewell:
                    await tell(connection, self._journal, number, words)
            self._leases.pop(number, None)
        self._wake(number)

    async def _held(self, connection: AsyncConnection, number: str, name: str, fence: int) -> sa.RowMapping:
        row = await self._row(connection, number)
        if (row["state"], row["operator"], row["fence"]) != ("staff", name, fence):
            raise _lost()
        return row

    async def _row(self, connection: AsyncConnection, number: str) -> sa.RowMapping:
        query = sa.select(consultations).where(consultations.c.number == number, consultations.c.channel.not_in(BOOKS))
        row = (await connection.execute(query)).mappings().first()
        if row is None:
            raise CitizenError(f"没有咨询件 {number}。", code="no_consultation", status=404)
        return row

    def _may_claim(self, row: sa.RowMapping, name: str) -> None:
        if row["state"] == "staff":
            raise CitizenError("这件咨询刚刚已由同事接待。", code="taken", status=409)
        if row["assigned"] not in ("", name) and row["assigned_until"] > stamp(self._clock.now()):
            raise CitizenError("这件咨询已转给另一位同事，对方没有及时接待时会开放给大家。", code="assigned", status=409)

    def _hold(self, number: str, name: str, fence: int) -> None:
        self._leases[number] = _Lease(name, fence, self._now() + self._lease)

    def _notice(self, phrase: str) -> Reply:
        return Reply(self._site.phrases[phrase], kind="notice")

    def _transferred(self, to: To) -> Reply:
        whom = to.shown or to.team
        return Reply(self._site.phrases["transferred"].format(whom=f"“{whom}”" if whom else "另一位工作人员"), kind="notice")


def _actor(name: str) -> str:
    return f"staff:{name}"


def _words(text: str, ask: str) -> str:
    if not text.strip() or len(text) > _LONGEST_REASON:
        raise CitizenError(f"{ask}（1–{_LONGEST_REASON} 字）", code="no_reason", field="reason")
    return text.strip()


def _lost() -> CitizenError:
    return CitizenError("这件咨询已经不在您手里：可能已超时退回排队，或在另一个窗口里被转走、结束。", code="not_held", status=409)
