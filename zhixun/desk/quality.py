"""How staff answer: figures of each person, who may see them, and the mean of all.

The rule (told on the page as well): one's own figures are always there to be seen. Administrators see somebody's figures only
while that person agrees, or as a mean of at least three people out of which nobody's own figure could be reckoned.
"""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import ZONE, Clock, local_of, stamp
from zhixun.database import Database, agreements, consultations, journal
from zhixun.desk.coverage import Span
from zhixun.desk.ports import Daybook, WorkingTime

__all__ = ["LEAST", "MEASURES", "Agreements", "Figures", "Quality", "mean_of"]

LEAST = 3
"""Of so many people at least a mean is told."""
MEASURES: Mapping[str, str] = {
    "taken": "接待件数", "minutes": "首次答复用时（工作分钟）", "correct": "质检正确率（%）", "rating": "评价平均分",
}  # fmt: skip
"""What is reckoned of each person, and how it is called."""
_BY_STAFF = sa.text("journal.actor LIKE 'staff:%'")
"""Word for word the condition of the index `journal_staff`."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Figures:
    """What somebody did in a span. None is what cannot be told, since there is nothing to reckon it from.

    Attributes:
        taken: consultations taken over or entered. answered: first answers; minutes: their median time since a person was asked for.
        reviewed: marks of reviewers; correct: the share of `correct` among them, in percent.
        ended: consultations closed in their hands; rated: those of them with a rating; rating: the mean of its indicators, 1–5.
    """

    taken: int = 0
    answered: int = 0
    minutes: float | None = None
    reviewed: int = 0
    correct: float | None = None
    ended: int = 0
    rated: int = 0
    rating: float | None = None

    @property
    def unrated(self) -> int:
        """How many of the ended ones have no rating: they are missing, not bad."""
        return self.ended - self.rated


@dataclass(slots=True)
class _Gathered:
    """What is gathered of somebody before it is reckoned."""

    taken: set[str] = field(default_factory=set)
    minutes: list[float] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    scores: list[float] = field(default_factory=list)

    def figures(self) -> Figures:
        correct = 100 * self.marks.count("correct") / len(self.marks) if self.marks else None
        return Figures(
            taken=len(self.taken), answered=len(self.minutes), minutes=statistics.median(self.minutes) if self.minutes else None,
            reviewed=len(self.marks), correct=correct, ended=len(self.ended), rated=len(self.scores),
            rating=statistics.fmean(self.scores) if self.scores else None,
        )  # fmt: skip


class Agreements:
    """Who lets administrators see their own figures; it can be taken back at any time, and holds at once."""

    def __init__(self, database: Database, clock: Clock, daybook: Daybook) -> None:
        self._database = database
        self._clock = clock
        self._daybook = daybook

    async def all(self) -> Mapping[str, str]:
        """Return who agrees, and since when (UTC stamp)."""
        async with self._database.read() as connection:
            return {row.name: row.since for row in await connection.execute(sa.select(agreements))}

    async def since(self, name: str) -> str:
        """Return since when somebody agrees (UTC stamp); empty when they do not."""
        return (await self.all()).get(name, "")

    async def set(self, name: str, *, agrees: bool) -> None:
        """Keep that somebody agrees, or does not any more; nothing happens when it is so already."""
        if agrees == (name in await self.all()):
            return
        # Noted first: there may be a note of a change that failed, never a change without a note.
        await self._daybook.note("figures_shown" if agrees else "figures_hidden", name, {})
        async with self._database.write() as connection:
            if agrees:
                row = {"name": name, "since": stamp(self._clock.now())}
                await connection.execute(agreements.insert().prefix_with("OR REPLACE"), row)
            else:
                await connection.execute(agreements.delete().where(agreements.c.name == name))


class Quality:
    """Reckons the figures from the journal; only what is open is read."""

    def __init__(self, database: Database, hours: WorkingTime) -> None:
        self._database = database
        self._hours = hours

    async def figures(self, names: Collection[str], span: Span) -> Mapping[str, Figures]:
        """Return the figures of these people (login names) in a span; nobody else's are looked at."""
        gathered: dict[str, _Gathered] = {name: _Gathered() for name in names}
        since, until = _begins(span.since), _begins(span.until + timedelta(days=1))
        async with self._database.read() as connection:
            acts = await _acts(connection, since, until)
            handed = await _handed(connection, [row["consultation"] for row in acts if row["kind"] == "said"])
            for row in acts:
                self._take(gathered, row, handed)
            await _rated(connection, gathered, since, until)
        return {name: one.figures() for name, one in gathered.items()}

    def _take(self, gathered: Mapping[str, _Gathered], row: sa.RowMapping, handed: Mapping[str, Sequence[tuple[int, str]]]) -> None:
        who = gathered.get(row["actor"].removeprefix("staff:"))
        if row["kind"] == "reviewed":
            # A mark is about the answers, of whoever had the consultation when it ended.
            if (of := gathered.get(row["operator"])) is not None:
                of.marks.append(str(row["mark"]))
        elif who is not None and row["kind"] == "claimed":
            who.taken.add(row["consultation"])
        elif who is not None:
            begun = [time for seq, time in handed.get(row["consultation"], ()) if seq < row["seq"]]
            minutes = self._hours.minutes_between(local_of(begun[-1]), local_of(row["time"])) if begun else None
            if minutes is not None:
                who.minutes.append(minutes)


def mean_of(figures: Mapping[str, Figures], measure: str, open_to: Collection[str]) -> float | None:
    """Return the mean of a measure over all who have it; None when it would tell of a single person.

    Args:
        measure: one of `MEASURES`.
        open_to: whose own figures the reader sees as well: with them, a mean gives away the figures of one or two others.
    """
    # Who took nothing over has no part in it: two of them beside one who did would be no cover.
    values = {name: value for name, one in figures.items() if (value := getattr(one, measure)) is not None and (value or measure != "taken")}
    hidden = len(values.keys() - set(open_to))
    if len(values) < LEAST or 0 < hidden < LEAST:
        return None
    return statistics.fmean(values.values())


async def _acts(connection: AsyncConnection, since: str, until: str) -> Sequence[sa.RowMapping]:
    """Return what staff did in a span that counts: taking over, first answers, and reviews with whose answers they are about."""
    told = sa.func.json_extract
    first = told(journal.c.body, "$.open.first")
    query = sa.select(
        journal.c.consultation, journal.c.seq, journal.c.time, journal.c.kind, journal.c.actor, consultations.c.operator,
        told(journal.c.body, "$.open.mark").label("mark"),
    ).join(consultations, consultations.c.number == journal.c.consultation).where(
        _BY_STAFF, journal.c.time >= since, journal.c.time < until,
        sa.or_(journal.c.kind.in_(("claimed", "reviewed")), sa.and_(journal.c.kind == "said", first)),
    )  # fmt: skip
    return (await connection.execute(query)).mappings().all()


async def _handed(connection: AsyncConnection, numbers: Sequence[str]) -> Mapping[str, Sequence[tuple[int, str]]]:
    """Return for each consultation when somebody asked for a person, or staff stepped in: place and time, in order."""
    told = sa.func.json_extract
    began = sa.or_(
        sa.and_(journal.c.kind == "handed_off", sa.func.coalesce(told(journal.c.body, "$.open.again"), 0) == 0),
        sa.and_(journal.c.kind == "claimed", told(journal.c.body, "$.open.from") == "bot"),
    )
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for part in _parts(numbers):
        query = sa.select(journal.c.consultation, journal.c.seq, journal.c.time).where(journal.c.consultation.in_(part), began)
        for number, seq, moment in await connection.execute(query.order_by(journal.c.consultation, journal.c.seq)):
            found[number].append((seq, moment))
    return found


async def _rated(connection: AsyncConnection, gathered: Mapping[str, _Gathered], since: str, until: str) -> None:
    """Gather which consultations ended in whose hands, and how they were rated; what was rated of the program alone is left out."""
    ended = sa.select(consultations.c.number, consultations.c.operator).where(
        consultations.c.operator.in_(gathered), consultations.c.closed >= since, consultations.c.closed < until
    )  # fmt: skip
    owners = {row.number: row.operator for row in await connection.execute(ended)}
    for number, operator in owners.items():
        gathered[operator].ended.add(number)
    told = sa.func.json_extract
    for part in _parts(sorted(owners)):
        query = sa.select(
            journal.c.consultation, told(journal.c.body, "$.open.scores"), told(journal.c.body, "$.open.subject")
        ).where(journal.c.consultation.in_(part), journal.c.kind == "rated")  # fmt: skip
        for number, scores, subject in await connection.execute(query):
            values = _scores(scores)
            if subject != "bot" and values:
                gathered[owners[number]].scores.append(statistics.fmean(values))


def _scores(kept: str | None) -> list[float]:
    return [float(score) for score in json.loads(kept).values()] if kept else []


def _parts(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (numbers[start : start + _AT_ONCE] for start in range(0, len(numbers), _AT_ONCE))


def _begins(day: date) -> str:
    return stamp(datetime.combine(day, time.min, ZONE))
