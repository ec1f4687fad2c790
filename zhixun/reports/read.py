"""Reads the figures of a span from the index of the archive and the tables of requests, slips and tasks; decrypts nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import ZONE, local_of, stamp
from zhixun.database import cases, requests, slips, tasks
from zhixun.names import INDICATORS
from zhixun.reports.figures import STATUSES, Figures, Kept, Rating, Times, times_of
from zhixun.reports.ports import Limits, WorkingTime
from zhixun.reports.spans import Span

__all__ = ["BY_DAY", "SUBJECTS", "WITHOUT_BOT", "Reader"]

SUBJECTS = ("bot", "staff", "")
WITHOUT_BOT = ("phone", "counter", "form")
"""The doors behind which the program says nothing that could be rated."""
_LISTS = ("rights", "topics", "stages", "knowledge", "statuses")
_PLAIN = {"channels": "channel", "regions": "region", "outcomes": "outcome", "user_kinds": "user_kind", "industries": "industry",
          "districts": "district"}  # fmt: skip
BY_DAY = 31
"""A span of at most so many days is drawn by days, a longer one by months."""
_LOW = 2
_MENTION = "mention"
"""What colleagues ask of each other is promised to no citizen."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads figures.

    Args:
        hours: of the desk. limits: that answers are held against.
    """

    hours: WorkingTime
    limits: Limits

    async def read(self, connection: AsyncConnection, span: Span, now: datetime) -> Figures:
        """Return the figures of a span; promises are judged as they stand at `now` (with a zone)."""
        inside = cases.c.day.between(span.first.isoformat(), span.last.isoformat())
        handed = sa.and_(inside, cases.c.handed != "")
        place = cases.c.day if span.days <= BY_DAY else sa.func.substr(cases.c.day, 1, 7)
        found = await _counted(connection, {
            **{name: (inside, cases.c[column]) for name, column in (*_PLAIN.items(), *zip(_LISTS, _LISTS, strict=True))},
            "trend": (inside, place), "handed_by_district": (handed, cases.c.district),
        })  # fmt: skip
        found |= {name: _each(found[name]) for name in _LISTS}
        found["statuses"] = {name: found["statuses"][name] for name in STATUSES if name in found["statuses"]}
        waits = (await connection.execute(sa.select(cases.c.handed, cases.c.helped, cases.c.closed).where(handed))).all()
        sums = (await connection.execute(_sums().where(inside))).one()
        return Figures(
            **found, total=sums.total, closed=sums.closed, turns=sums.turns, erased=sums.erased,
            handed=len(waits), helped=sum(bool(row.helped) for row in waits), first=self._first(waits),
            solution=self._solution(waits), ratings=await _ratings(connection, inside),
            requests=await _nested(connection, requests, requests.c.service, requests.c.received, span),
            slips=await _nested(connection, slips, slips.c.agency, slips.c.issued, span),
            tasks=await _kept(connection, span, now),
        )  # fmt: skip

    def _first(self, waits: Iterable[Any]) -> Times:
        """Measure from when a person was asked for until staff answered; who asked out of hours has the longer limit."""
        measured = []
        for row in waits:
            if row.helped:
                since = local_of(row.handed)
                limit = self.limits.first_minutes if self.hours.is_open(since) else self.limits.callback_hours * 60
                measured.append((self.hours.minutes_between(since, local_of(row.helped)), limit))
        return times_of(measured)

    def _solution(self, waits: Iterable[Any]) -> Times:
        limit = self.limits.solution_hours * 60
        ended = [row for row in waits if row.closed]
        return times_of([(self.hours.minutes_between(local_of(row.handed), local_of(row.closed)), limit) for row in ended])


def _sums() -> sa.Select[Any]:
    def sum_of(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
        # The sum of truths is no truth.
        return sa.func.coalesce(sa.func.sum(sa.cast(column, sa.Integer)), 0)

    return sa.select(
        sa.func.count().label("total"), sum_of(cases.c.closed != "").label("closed"), sum_of(cases.c.turns).label("turns"),
        sum_of(cases.c.erased).label("erased"),
    )  # fmt: skip


async def _counted(connection: AsyncConnection, asked: Mapping[str, tuple[sa.ColumnElement[bool], Any]]) -> dict[str, dict[str, int]]:
    """Count by several columns, each under its condition, in one question to the store: there is a long way to it and back."""
    parts = [sa.select(sa.literal(name), column, sa.func.count()).where(inside).group_by(column) for name, (inside, column) in asked.items()]
    found: dict[str, dict[str, int]] = {name: {} for name in asked}
    for name, value, count in await connection.execute(sa.union_all(*parts)):
        found[name][str(value)] = count
    return {name: dict(sorted(counts.items())) for name, counts in found.items()}


def _each(lists: Mapping[str, int]) -> dict[str, int]:
    """Count in how many consultations each value of a list occurs; a list stands as `,one,two,` and has each once."""
    counted: Counter[str] = Counter()
    for values, count in lists.items():
        for value in filter(None, values.split(",")):
            counted[value] += count
    return dict(sorted(counted.items()))


async def _nested(connection: AsyncConnection, table: sa.Table, by: Any, made: Any, span: Span) -> dict[str, dict[str, int]]:
    """Count rows that were made in the span by a column and by standing."""
    begins, ends = span.stamps
    query = sa.select(by, table.c.standing, sa.func.count()).where(made >= begins, made < ends).group_by(by, table.c.standing)
    found: dict[str, dict[str, int]] = {}
    for name, standing, count in await connection.execute(query.order_by(by, table.c.standing)):
        found.setdefault(name, {})[standing] = count
    return found


async def _ratings(connection: AsyncConnection, inside: sa.ColumnElement[bool]) -> list[Rating]:
    """Count the scores by subject and indicator, and how many of the closed consultations have none."""
    ended = sa.and_(inside, cases.c.closed != "")
    could = {
        "bot": await connection.scalar(sa.select(sa.func.count()).where(ended, cases.c.channel.not_in(WITHOUT_BOT))),
        "staff": await connection.scalar(sa.select(sa.func.count()).where(ended, cases.c.operators != ",")),
    }
    scores: dict[tuple[str, str], list[int]] = {}
    of_ended: Counter[tuple[str, str]] = Counter()
    query = sa.select(cases.c.scores, cases.c.closed, cases.c.channel, cases.c.operators).where(inside, cases.c.scores != "")
    for row in await connection.execute(query):
        for subject, told in json.loads(row.scores).items():
            concerned = row.channel not in WITHOUT_BOT if subject == "bot" else row.operators != ","
            for indicator, score in told.items():
                scores.setdefault((subject, indicator), []).append(score)
                of_ended[subject, indicator] += bool(row.closed) and concerned
    return [
        _rating(subject, indicator, scores.get((subject, indicator), []),
                (could[subject] or 0) - of_ended[subject, indicator] if subject in could else None)
        for subject in SUBJECTS for indicator in INDICATORS
    ]  # fmt: skip


def _rating(subject: str, indicator: str, given: list[int], missing: int | None) -> Rating:
    mean = round(sum(given) / len(given), 2) if given else None
    return Rating(subject, indicator, len(given), mean, sum(score <= _LOW for score in given), missing)


async def _kept(connection: AsyncConnection, span: Span, now: datetime) -> dict[str, Kept]:
    begins, ends = span.stamps
    query = sa.select(tasks).where(tasks.c.made >= begins, tasks.c.made < ends, tasks.c.kind != _MENTION).order_by(tasks.c.kind)
    told: dict[str, list[str]] = {}
    for row in (await connection.execute(query)).mappings():
        told.setdefault(row["kind"], []).append(_standing(dict(row), stamp(now)))
    return {kind: Kept(len(all_), *(all_.count(one) for one in ("kept", "late", "waiting"))) for kind, all_ in told.items()}


def _standing(row: Mapping[str, Any], now: str) -> str:
    """Say whether a promise was kept: until its due moment, or the end of its due day."""
    due = row["due"]
    if "T" not in due:
        due = stamp(datetime.combine(date.fromisoformat(due) + timedelta(days=1), time.min, ZONE))
    if row["done"]:
        return "kept" if row["done"] <= due else "late"
    return "late" if due < now else "waiting"
