"""The index keeper: reads on in the journal, and keeps the table `cases` and the marks of the words.

It stands beside the turns and never in their way: it reads a portion of the journal, folds and cuts it in a thread, and writes
rows, marks and how far it has come in one short transaction. After a crash it goes on from there; what it reads twice changes
nothing. Everything in it follows from the journal, so that it can be emptied at any time and fills itself again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.case_words import add_marks, empty_index, purge
from zhixun.archive.cases import Facets, begin_case, fold_case, open_entry, words_of
from zhixun.archive.journal import Journal, anchor
from zhixun.archive.ledger import keep
from zhixun.archive.rebuild import taken_over
from zhixun.archive.words import Words
from zhixun.database import cases, journal, keys
from zhixun.errors import OurFault
from zhixun.messages import Entry
from zhixun.names import BOOKS
from zhixun.remembered import remembered

__all__ = ["Index"]

_log = logging.getLogger(__name__)

_ENTRIES = 250
"""So many entries are written in one transaction: turns wait for it."""
_TAKEN = 50


@dataclass(frozen=True, slots=True)
class _Place:
    """How far the index has come: through which row of the journal, and how many consultations of a restored store."""

    version: str
    through: int = 0
    taken: int = 0


@dataclass(slots=True)
class _Portion:
    """What a portion of the journal changes: rows by number, and marks by id of the case."""

    rows: dict[str, dict[str, Any]]
    changed: set[str] = field(default_factory=set)
    marks: dict[int, frozenset[str]] = field(default_factory=dict)

    def take(self, entry: Entry, place: int, facets: Facets, marks: frozenset[str]) -> None:
        """Carry `entry` in; `place` is the id of the case when it opens one."""
        number = entry.consultation
        if entry.kind == "opened" and number not in self.rows and entry.open["channel"] not in BOOKS:
            self.rows[number] = begin_case(entry, place)
        elif number not in self.rows:
            return
        else:
            self.rows[number] = fold_case(self.rows[number], entry, facets)
        self.changed.add(number)
        own = self.rows[number]["id"]
        self.marks[own] = self.marks.get(own, frozenset()) | marks


class Index:
    """Keeps the index.

    Args:
        journal: what is read. archive: the archive's folder, for what stands in sealed files only.
        facets: gives the right and the topic of an id of knowledge.
        words: makes the marks.
    """

    def __init__(self, journal: Journal, archive: Path, facets: Facets, words: Words) -> None:
        self._journal = journal
        self._database = journal.database
        self._archive = archive
        self._facets = facets
        self._words = words
        self._lock = asyncio.Lock()

    async def catch_up(self) -> int:
        """Read to the end of the journal, and finish purging what was erased; returns how many entries were read."""
        async with self._lock:
            await self._begin()
            await self._take_over()
            read = 0
            while portion := await self._read_on():
                read += portion
            await purge(self._database)
            return read

    async def size(self) -> int:
        """Return how many consultations can be found."""
        async with self._database.read() as connection:
            return await connection.scalar(sa.select(sa.func.count()).select_from(cases)) or 0

    async def _begin(self) -> None:
        """Empty an index that was made by other rules or with another secret."""
        async with self._database.read() as connection:
            place = await _place(connection)
        if place is None or place.version != self._words.version:
            async with self._database.write() as connection:
                await empty_index(connection)
                await _keep(connection, _Place(self._words.version))

    async def _take_over(self) -> None:
        """Take in the consultations that a restored store has in sealed files only; they lie before all of the journal."""
        async with self._database.read() as connection:
            start, _ = await anchor(connection)
            place = await _place(connection)
        if place is None or place.through >= start:
            return
        taken, portion = place.taken, _Portion({})
        async for entries in taken_over(self._journal, self._archive, taken):
            taken += 1
            for entry in entries:
                portion.take(entry, taken, self._facets, frozenset())
            if taken % _TAKEN == 0:
                await self._write(portion, {}, place, _Place(place.version, 0, taken))
                place, portion = _Place(place.version, 0, taken), _Portion({})
        await self._write(portion, {}, place, _Place(place.version, start, taken))

    async def _read_on(self) -> int:
        """Take in the next portion of the journal; returns how many entries it had."""
        async with self._database.read() as connection:
            place = await _place(connection)
            if place is None:
                return 0
            query = sa.select(journal).where(journal.c.id > place.through).order_by(journal.c.id).limit(_ENTRIES)
            rows = (await connection.execute(query)).mappings().all()
            numbers = {row["consultation"] for row in rows}
            known = (await connection.execute(sa.select(cases).where(cases.c.number.in_(numbers)))).mappings().all()
            wrapped = await _wrapped(connection, numbers)
        if rows:
            portion = await asyncio.to_thread(self._fold, rows, _Portion({row["number"]: dict(row) for row in known}), wrapped)
            await self._write(portion, wrapped, place, _Place(place.version, rows[-1]["id"], place.taken))
        return len(rows)

    def _fold(self, rows: Sequence[sa.RowMapping], portion: _Portion, wrapped: Mapping[str, bytes]) -> _Portion:
        opened: dict[str, bytes | None] = {number: self._unwrap(number, key) for number, key in wrapped.items()}
        for row in rows:
            entry = open_entry(row, opened.get(row["consultation"]))
            if entry is not None:
                portion.take(entry, row["id"], self._facets, self._words.marks(words_of(entry)))
        return portion

    def _unwrap(self, number: str, wrapped: bytes) -> bytes | None:
        try:
            return self._journal.keyring.unwrap(number, wrapped)
        except OurFault as error:
            _log.error("not indexed: %s", error.message)
            return None

    async def _write(self, portion: _Portion, wrapped: Mapping[str, bytes], before: _Place, after: _Place) -> None:
        """Write a portion, unless somebody else has moved the index in the meantime."""
        changed = [portion.rows[number] for number in sorted(portion.changed)]
        async with self._database.write() as connection:
            if await _place(connection) != before:
                return
            if changed:
                await connection.execute(cases.insert().prefix_with("OR REPLACE"), changed)
            # What was erased since it was read may not come in again.
            alive = await _wrapped(connection, portion.changed & wrapped.keys())
            of_living = {portion.rows[number]["id"] for number in alive}
            await add_marks(connection, {place: marks for place, marks in portion.marks.items() if place in of_living})
            await _keep(connection, after)


async def _place(connection: AsyncConnection) -> _Place | None:
    value = await remembered(connection, "index")
    return None if value is None else _Place(**json.loads(value))


async def _keep(connection: AsyncConnection, place: _Place) -> None:
    await keep(connection, "index", {"version": place.version, "through": place.through, "taken": place.taken})


async def _wrapped(connection: AsyncConnection, numbers: set[str]) -> dict[str, bytes]:
    query = sa.select(keys).where(keys.c.consultation.in_(numbers))
    return {row.consultation: row.wrapped for row in await connection.execute(query)}
