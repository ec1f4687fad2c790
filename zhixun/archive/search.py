"""Searching the archive: from a query to a page of cases, and what the filters have to offer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.case_words import case_words, matches
from zhixun.archive.cases import DESCRIBED, LISTS, listed, open_entry, unlisted
from zhixun.archive.journal import Journal
from zhixun.archive.query import PAGE_SIZE, REACH, Query
from zhixun.archive.snippet import Snippet, snippet_of
from zhixun.archive.words import Asked, Words
from zhixun.clock import monotonic
from zhixun.database import cases, journal, keys
from zhixun.errors import CitizenError, OurFault
from zhixun.numbers import valid_number

__all__ = ["UNSURE", "Case", "Hit", "Page", "Search", "Values"]

UNSURE = 0.75
"""An answer below this confidence is one of which the bot itself is not sure: it gives the next likely one with it."""
_UNANSWERED = ("unknown", "degraded")
_FRESH_SECONDS = 60.0
_IN_LIST = {"right": "rights", "topic": "topics", "service": "services", "status": "statuses", "operator": "operators",
            "label": "labels", "mark": "marks", "stage": "stages"}  # fmt: skip
_SAME = ("channel", "region", "state", "outcome", *DESCRIBED)
_HIGHEST = 5
_LOWER = sa.func.min(
    sa.func.coalesce(cases.c.rating, cases.c.staff_rating), sa.func.coalesce(cases.c.staff_rating, cases.c.rating), type_=sa.Float
)  # fmt: skip
"""The lower one of what the program and staff were given; null where nobody rated."""
_FLAGS = ("referred", "attached", "noted", "erased")


@dataclass(frozen=True, slots=True)
class Case:
    """A consultation as the index has it."""

    number: str
    day: str
    channel: str
    region: str
    state: str
    turns: int
    rights: tuple[str, ...]
    topics: tuple[str, ...]
    knowledge: tuple[str, ...]
    services: tuple[str, ...]
    statuses: tuple[str, ...]
    operators: tuple[str, ...]
    labels: tuple[str, ...]
    marks: tuple[str, ...]
    stages: tuple[str, ...]
    outcome: str
    user_kind: str
    industry: str
    district: str
    rating: float | None
    """The mean of the indicators that the program was given."""
    staff_rating: float | None
    """The mean of those that staff were given."""
    confidence: float | None
    """The lowest of its answers."""
    referred: bool
    attached: bool
    noted: bool
    erased: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A case that was found, and the words around the place; None when they cannot be read."""

    case: Case
    snippet: Snippet | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what was found.

    Attributes:
        total: how many there are, exactly, or `REACH` and `more`.
        missing: when nothing was found, those of the words that occur in no case at all.
    """

    hits: tuple[Hit, ...]
    total: int
    more: bool
    page: int
    pages: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Values:
    """What occurs in the index, for the filters to offer."""

    channel: tuple[str, ...]
    region: tuple[str, ...]
    right: tuple[str, ...]
    topic: tuple[str, ...]
    service: tuple[str, ...]
    status: tuple[str, ...]
    operator: tuple[str, ...]
    outcome: tuple[str, ...]
    user_kind: tuple[str, ...]
    industry: tuple[str, ...]
    district: tuple[str, ...]
    stage: tuple[str, ...]
    label: tuple[str, ...]
    mark: tuple[str, ...]


class Search:
    """Finds cases.

    Args:
        journal: where the words of the hits are read.
        words: the ones that the index was made with.
    """

    def __init__(self, journal: Journal, words: Words) -> None:
        self._journal = journal
        self._database = journal.database
        self._words = words
        self._values: tuple[float, Values] | None = None
        self._lock = asyncio.Lock()

    async def find(self, query: Query) -> Page:
        """Return the page that is asked for; behind the last one, the last one.

        Raises:
            CitizenError: the words say nothing that could be looked for.
        """
        asked = await self._asked(query)
        async with self._database.read() as connection:
            total = await _count(connection, query, asked)
            more, total = total > REACH, min(total, REACH)
            pages = max(1, -(-total // PAGE_SIZE))
            page = min(query.page, pages)
            shown = await _places(connection, query, asked, PAGE_SIZE, (page - 1) * PAGE_SIZE)
            found = await _cases(connection, shown)
            sealed = await self._sealed(connection, [case.number for case in found])
            missing = [] if total else [each.written for each in asked if not await _occurs(connection, each)]
        snippets = await asyncio.to_thread(self._snippets, sealed, asked)
        hits = tuple(Hit(case, snippets.get(case.number)) for case in found)
        return Page(hits, total, more, page, pages, tuple(missing))

    async def all(self, query: Query) -> list[Case]:
        """Return every case that a query finds, in its order.

        Raises:
            CitizenError: there are more than `REACH`; or as `find`.
        """
        asked = await self._asked(query)
        async with self._database.read() as connection:
            if await _count(connection, query, asked) > REACH:
                raise CitizenError(f"超过 {REACH} 件，请缩小范围后再导出。", code="too_many")
            return await _cases(connection, await _places(connection, query, asked, REACH, 0))

    async def values(self) -> Values:
        """Return what the filters may offer; it may be a minute old."""
        async with self._lock:
            if self._values is None or monotonic() - self._values[0] > _FRESH_SECONDS:
                async with self._database.read() as connection:
                    found = {field.name: await _distinct(connection, field.name) for field in fields(Values)}
                self._values = monotonic(), Values(**found)
            return self._values[1]

    async def _asked(self, query: Query) -> tuple[Asked, ...]:
        if not query.words or _is_number(query.words):
            return ()
        asked = await asyncio.to_thread(self._words.asked, query.words)
        if not asked:
            raise CitizenError("这几个字太常见，查不出什么，请换成更具体的词。", code="bad_query", field="words")
        return asked

    async def _sealed(
        self, connection: AsyncConnection, numbers: Sequence[str]
    ) -> tuple[dict[str, bytes], dict[str, list[sa.RowMapping]]]:
        """Return the keys and the rows of the consultations that are shown."""
        held = await connection.execute(sa.select(keys).where(keys.c.consultation.in_(numbers)))
        wrapped = {row.consultation: row.wrapped for row in held}
        query = sa.select(journal).where(journal.c.consultation.in_(wrapped)).order_by(journal.c.consultation, journal.c.seq)
        rows: dict[str, list[sa.RowMapping]] = {number: [] for number in wrapped}
        for row in (await connection.execute(query)).mappings():
            rows[row["consultation"]].append(row)
        return wrapped, rows

    def _snippets(
        self, sealed: tuple[dict[str, bytes], dict[str, list[sa.RowMapping]]], asked: Sequence[Asked]
    ) -> dict[str, Snippet | None]:
        wrapped, rows = sealed
        return {number: self._snippet(number, key, rows[number], asked) for number, key in wrapped.items()}

    def _snippet(self, number: str, wrapped: bytes, rows: Iterable[sa.RowMapping], asked: Sequence[Asked]) -> Snippet | None:
        try:
            key = self._journal.keyring.unwrap(number, wrapped)
        except OurFault:
            return None  # it is told by `verify`; the case is found all the same
        entries = (open_entry(row, key) for row in rows)
        return snippet_of([entry for entry in entries if entry is not None], asked)


def _is_number(words: str) -> bool:
    return valid_number(words.strip().upper())


async def _count(connection: AsyncConnection, query: Query, asked: Sequence[Asked]) -> int:
    """Return how many cases there are; one more than can be reached, when there are more."""
    found = _found(query, asked).limit(REACH + 1).subquery()
    return int(await connection.scalar(sa.select(sa.func.count()).select_from(found)) or 0)


async def _places(connection: AsyncConnection, query: Query, asked: Sequence[Asked], most: int, skip: int) -> Sequence[int]:
    """Return the ids of the cases that are found, in order."""
    ordered = _found(query, asked).order_by(*_order(query, _place(asked)))
    return (await connection.scalars(ordered.limit(most).offset(skip))).all()


def _found(query: Query, asked: Sequence[Asked]) -> sa.Select[tuple[int]]:
    found = sa.select(_place(asked)).where(*_conditions(query))
    if not asked:
        return found
    # All words together are one question to the index; what it gives is then looked up, in the order of the ids.
    marks = frozenset[str]().union(*(each.marks for each in asked))
    return found.select_from(sa.join(case_words, cases, cases.c.id == case_words.c.rowid)).where(matches(marks))


def _place(asked: Sequence[Asked]) -> sa.ColumnElement[int]:
    """Return the column of the ids: that of the index where there are words, as it comes in order by itself."""
    return case_words.c.rowid if asked else cases.c.id


def _conditions(query: Query) -> list[sa.ColumnElement[bool]]:
    found = [cases.c[name] == getattr(query, name) for name in _SAME if getattr(query, name)]
    found += [_has(cases.c[column], getattr(query, name)) for name, column in _IN_LIST.items() if getattr(query, name)]
    found += [cases.c[name].is_(getattr(query, name)) for name in _FLAGS if getattr(query, name) is not None]
    for number in (query.number, query.words.strip().upper() if _is_number(query.words) else ""):
        if number:
            found.append(cases.c.number == number if valid_number(number) else sa.func.instr(cases.c.number, number) > 0)
    if query.since:
        found.append(cases.c.day >= query.since.isoformat())
    if query.until:
        found.append(cases.c.day <= query.until.isoformat())
    if query.rating_from is not None:
        found.append(_LOWER.between(query.rating_from, _HIGHEST))
    if query.rating_to is not None:
        found.append(_LOWER.between(0, query.rating_to))
    if query.low_confidence is not None:
        unsure = sa.func.coalesce(cases.c.confidence, 1) < UNSURE
        found.append(unsure if query.low_confidence else ~unsure)
    if query.unanswered is not None:
        unanswered = sa.or_(*(_has(cases.c.statuses, status) for status in _UNANSWERED))
        found.append(unanswered if query.unanswered else ~unanswered)
    return found


def _has(column: sa.ColumnElement[str], value: str) -> sa.ColumnElement[bool]:
    return sa.func.instr(column, listed([value])) > 0


def _order(query: Query, place: sa.ColumnElement[int]) -> tuple[sa.ColumnElement[Any], ...]:
    newest = place.desc()
    orders: Mapping[str, tuple[sa.ColumnElement[Any], ...]] = {
        "newest": (newest,),
        "oldest": (place.asc(),),
        "rating": (_LOWER.asc().nulls_last(), newest),
        "confidence": (cases.c.confidence.asc().nulls_last(), newest),
        "turns": (cases.c.turns.desc(), newest),
    }
    return orders[query.order]


async def _cases(connection: AsyncConnection, places: Sequence[int]) -> list[Case]:
    rows = (await connection.execute(sa.select(cases).where(cases.c.id.in_(places)))).mappings()
    found = {row["id"]: _case(row) for row in rows}
    return [found[place] for place in places]


def _case(row: sa.RowMapping) -> Case:
    told: dict[str, Any] = {field.name: row[field.name] for field in fields(Case)}
    return Case(**told | {name: unlisted(told[name]) for name in LISTS})


async def _occurs(connection: AsyncConnection, asked: Asked) -> bool:
    query = sa.select(case_words.c.rowid).where(matches(asked.marks)).limit(1)
    return await connection.scalar(query) is not None


async def _distinct(connection: AsyncConnection, name: str) -> tuple[str, ...]:
    column = cases.c[_IN_LIST.get(name, name)]
    values = (await connection.scalars(sa.select(column).distinct())).all()
    return tuple(sorted({value for each in values for value in (unlisted(each) if name in _IN_LIST else (each,)) if value}))
