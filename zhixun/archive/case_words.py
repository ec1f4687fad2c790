"""The words of the index (FTS5): which marks stand in which case.

The table keeps no copy of what was put in (`content=''`): SQLite leaves pieces of changed rows in its pages, and what was
erased must be gone. Marks are only ever added to a case; a mark that is added twice counts once. To take a case out, its marks
are read back from the index, deleted, and all segments merged in small steps, until none holds them any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.database import Database, cases
from zhixun.remembered import forget, remember, remembered

__all__ = ["add_marks", "case_words", "empty_index", "forget_words", "matches", "purge"]

case_words = sa.table("case_words", sa.column("rowid"), sa.column("case_words"), sa.column("words"))
_terms = sa.table("case_words_terms", sa.column("term"), sa.column("doc"))
_PURGE = "purge"
_PAGES = 128
"""So many pages are merged in one transaction: turns wait for it."""


def matches(marks: Iterable[str]) -> sa.ColumnElement[bool]:
    """Return the condition that a case has all of `marks`."""
    return case_words.c.case_words.match(" ".join(f'"{mark}"' for mark in sorted(marks)))


async def add_marks(connection: AsyncConnection, found: Mapping[int, frozenset[str]]) -> None:
    """Add marks to cases, by the cases' ids."""
    rows = [{"rowid": place, "words": " ".join(sorted(marks))} for place, marks in sorted(found.items()) if marks]
    if rows:
        await connection.execute(sa.insert(case_words), rows)


async def forget_words(connection: AsyncConnection, number: str) -> None:
    """Demand that the words of a consultation be purged; in the transaction that destroys its key."""
    place = await connection.scalar(sa.select(cases.c.id).where(cases.c.number == number))
    if place is not None:
        await _keep_purge(connection, {*await _asked(connection), place})


async def empty_index(connection: AsyncConnection) -> None:
    """Take everything out of the index, and where it stands in the journal with it."""
    await connection.execute(cases.delete())
    await connection.execute(sa.insert(case_words).values(case_words="delete-all"))
    await forget(connection, "index", _PURGE)


async def purge(database: Database) -> None:
    """Take the words of the cases that were erased out of the store for good.

    Doing it again, or after it was interrupted, or twice at once, is harmless.
    """
    async with database.read() as connection:
        places = await _asked(connection)
        if not places:
            return
        # All of the index is gone through, some seconds for a large one, while others read and write.
        query = sa.select(_terms.c.doc, _terms.c.term).where(_terms.c.doc.in_(places))
        rows = (await connection.execute(query)).all()
    marks: dict[int, set[str]] = {}
    for place, mark in rows:
        marks.setdefault(place, set()).add(mark)
    for place, those in marks.items():
        await _delete(database, place, those)
    await _merge(database)
    async with database.write() as connection:
        await _keep_purge(connection, await _asked(connection) - places)


async def _delete(database: Database, place: int, marks: Iterable[str]) -> None:
    async with database.write() as connection:
        # What somebody else has deleted since may not be deleted again: the index would lose count.
        each = sa.func.json_each(json.dumps(sorted(marks))).table_valued("value")
        there = sa.exists().where(case_words.c.case_words.match(sa.func.printf('"%s"', each.c.value)), case_words.c.rowid == place)
        still = (await connection.scalars(sa.select(each.c.value).where(there))).all()
        if still:
            row = {"case_words": "delete", "rowid": place, "words": " ".join(still)}
            await connection.execute(sa.insert(case_words).values(**row))


async def _merge(database: Database) -> None:
    """Merge all segments of the index into one, which drops what was deleted."""
    merge = "INSERT INTO case_words (case_words, rank) VALUES ('merge', ?)"
    pages, before, after = -_PAGES, 0, 2
    # A step that changed less than two rows had nothing left to do (SQLite, FTS5, 6.8).
    while after - before > 1:
        async with database.write() as connection:
            before = await _changes(connection)
            await connection.exec_driver_sql(merge, (pages,))
            after = await _changes(connection)
        # The first step says that all is to be merged, however little it is; the others go on with that.
        pages = _PAGES


async def _changes(connection: AsyncConnection) -> int:
    return int(await connection.scalar(sa.select(sa.func.total_changes())) or 0)


async def _asked(connection: AsyncConnection) -> set[int]:
    value = await remembered(connection, _PURGE)
    return set(json.loads(value)) if value else set()


async def _keep_purge(connection: AsyncConnection, places: set[int]) -> None:
    if places:
        await remember(connection, _PURGE, json.dumps(sorted(places)))
    else:
        await forget(connection, _PURGE)
