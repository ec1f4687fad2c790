"""What waits for a person and what people have in hand, with the limits that run on it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock
from zhixun.database import Database, consultations
from zhixun.desk.case import answered_of, facts_of, last_words
from zhixun.desk.limits import LEVELS, Countdown, Times, countdowns, worst
from zhixun.desk.ports import Limits, WorkingTime
from zhixun.ports import Journal

__all__ = ["Overview", "Queue", "Waiting"]

_STATES = ("queued", "message_left", "staff")
_MOST = 100
_KEPT = 500
"""Of so many what was read is kept: each member of staff sees another hundred."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One consultation that waits or is in hand.

    Attributes:
        reason: why it was handed over. handed: since when it waits (UTC). assigned: whom it was passed on to.
        said: the citizen's last words, masked. facts: what guides found out, title and facts each.
        answered: the ids of what the program answered last.
    """

    number: str
    state: str
    channel: str
    region: str
    team: str
    reason: str
    handed: str
    assigned: str
    operator: str
    turns: int
    callback: bool
    limits: tuple[Countdown, ...]
    said: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    answered: tuple[str, ...]

    @property
    def level(self) -> str:
        """How urgent it is: `fine`, `warn` or `over`."""
        return worst(self.limits)


@dataclass(frozen=True, slots=True)
class Overview:
    """The queue as one member of staff sees it: `waiting` and `messages` the most urgent first.

    Attributes:
        mine: what this person has in hand. others: what colleagues have. hidden: how many more wait than are shown.
    """

    waiting: tuple[Waiting, ...]
    messages: tuple[Waiting, ...]
    mine: tuple[Waiting, ...]
    others: tuple[Waiting, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class _Words:
    """What the journal tells of one consultation; see `Waiting`."""

    said: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    answered: tuple[str, ...]


class Queue:
    """Reads the queue; of the journals, which are long, only what has changed since.

    Args:
        limits: how soon staff answer. hours: in which time that is counted.
    """

    def __init__(self, database: Database, journal: Journal, clock: Clock, limits: Limits, hours: WorkingTime) -> None:
        self._database = database
        self._journal = journal
        self._clock = clock
        self._limits = limits
        self._hours = hours
        # By number and newest entry, so that it can never be out of date.
        self._words: OrderedDict[tuple[str, int], _Words] = OrderedDict()

    async def overview(self, name: str, teams: Sequence[str] = ()) -> Overview:
        """Return what waits, as `name` sees it: what was passed to this person first, then the own teams', then the others'."""
        # What is this person's must never be among those for which there is no room.
        mine = sa.or_(consultations.c.operator == name, consultations.c.assigned == name)
        # Nor may anybody who is waiting right now, behind messages of a long weekend and what colleagues have.
        own = sa.case((mine, 0), (consultations.c.state == "queued", 1), (consultations.c.state == "message_left", 2), else_=3)
        query = sa.select(consultations).where(consultations.c.state.in_(_STATES)).order_by(own, consultations.c.handed)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
            self._forget(rows)
            read = [await self._waiting(connection, row) for row in rows[:_MOST]]
        ours = sorted(read, key=lambda one: (one.assigned != name, -LEVELS.index(one.level), bool(one.team) and one.team not in teams))
        return Overview(
            tuple(one for one in ours if one.state == "queued"),
            tuple(one for one in ours if one.state == "message_left"),
            tuple(one for one in read if one.state == "staff" and one.operator == name),
            tuple(one for one in read if one.state == "staff" and one.operator != name),
            max(0, len(rows) - _MOST),
        )

    async def one(self, number: str) -> tuple[Countdown, ...]:
        """Return the limits that run on one consultation."""
        async with self._database.read() as connection:
            row = (await connection.execute(sa.select(consultations).where(consultations.c.number == number))).mappings().one()
        return self._limits_of(row)

    def _limits_of(self, row: sa.RowMapping) -> tuple[Countdown, ...]:
        times = Times(**{name: row[name] for name in Times.__slots__})
        return countdowns(times, self._clock.now(), self._limits, self._hours)

    async def _waiting(self, connection: AsyncConnection, row: sa.RowMapping) -> Waiting:
        words = await self._words_of(connection, row["number"], row["seq"])
        names = ("number", "state", "channel", "region", "team", "reason", "handed", "assigned", "operator", "turns", "callback")
        return Waiting(
            **{name: row[name] for name in names}, limits=self._limits_of(row),
            said=words.said, facts=words.facts, answered=words.answered,
        )  # fmt: skip

    async def _words_of(self, connection: AsyncConnection, number: str, seq: int) -> _Words:
        words = self._words.pop((number, seq), None)
        if words is None:
            entries = await self._journal.read(connection, number)
            words = _Words(tuple(last_words(entries)), tuple(facts_of(entries)), tuple(answered_of(entries)))
        self._words[number, seq] = words
        if len(self._words) > _KEPT:
            self._words.popitem(last=False)
        return words

    def _forget(self, rows: Sequence[sa.RowMapping]) -> None:
        """Keep only what is as it was, and nothing of what has left the queue, which may be erased."""
        standing = {(row["number"], row["seq"]) for row in rows}
        for gone in [known for known in self._words if known not in standing]:
            del self._words[gone]
