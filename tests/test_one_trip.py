"""The connection whose statements go to its thread once: the same rows as any other, and as many trips as it promises."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from zhixun.database import Database, counters, migrate
from zhixun.one_trip import FIRST, connect


@pytest.fixture
async def trips(tmp_path: Path) -> AsyncIterator[tuple[Any, list[str]]]:
    """Give a connection to a store with a table of 1,000 numbers, and a list of what went to its thread."""
    connection, gone = await connect(str(tmp_path / "some.db")), []
    through = connection._execute

    async def count(work: Any, *given: Any, **more: Any) -> Any:
        gone.append(work.__name__)
        return await through(work, *given, **more)

    await connection.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")
    await connection.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(1000)])
    connection._execute = count  # type: ignore[method-assign]
    yield connection, gone
    await connection.close()


async def _run(connection: Any, sql: str, parameters: tuple[object, ...] = ()) -> Any:
    return await (await connection.cursor()).execute(sql, parameters)


@pytest.mark.parametrize("count", [0, 1, FIRST - 1])
async def test_few_rows_come_back_in_one_trip(trips: tuple[Any, list[str]], count: int) -> None:
    connection, gone = trips
    cursor = await _run(connection, "SELECT n FROM numbers WHERE n < ? ORDER BY n", (count,))
    assert await cursor.fetchall() == [(n,) for n in range(count)]
    await cursor.close()
    assert len(gone) == 1


@pytest.mark.parametrize("count", [FIRST, FIRST + 1, 1000])
async def test_more_rows_are_all_fetched(trips: tuple[Any, list[str]], count: int) -> None:
    connection, _ = trips
    cursor = await _run(connection, "SELECT n FROM numbers WHERE n < ? ORDER BY n", (count,))
    assert await cursor.fetchall() == [(n,) for n in range(count)]
    assert await cursor.fetchall() == []
    await cursor.close()


@pytest.mark.parametrize("size", [1, 7, FIRST, 300])
async def test_rows_come_in_portions_and_none_is_lost_between_them(trips: tuple[Any, list[str]], size: int) -> None:
    connection, _ = trips
    cursor = await _run(connection, "SELECT n FROM numbers ORDER BY n")
    found, first = [], await cursor.fetchone()
    while rows := await cursor.fetchmany(size):
        assert len(rows) <= size
        found += rows
    assert [first, *found] == [(n,) for n in range(1000)]
    assert await cursor.fetchone() is None
    await cursor.close()


async def test_what_a_statement_changed_is_told(trips: tuple[Any, list[str]]) -> None:
    connection, gone = trips
    cursor = await _run(connection, "DELETE FROM numbers WHERE n < 10")
    assert (cursor.rowcount, cursor.description, len(gone)) == (10, None, 1)
    cursor = await _run(connection, "INSERT INTO numbers VALUES (5000)")
    assert cursor.lastrowid == 5000
    await cursor.executemany("DELETE FROM numbers WHERE n = ?", [(20,), (21,)])
    assert cursor.rowcount == 2


async def test_a_wrong_statement_is_told_and_leaves_nothing_open(trips: tuple[Any, list[str]]) -> None:
    connection, _ = trips
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await _run(connection, "SELECT * FROM nowhere")
    with pytest.raises(sqlite3.IntegrityError):
        await _run(connection, "INSERT INTO numbers VALUES (1)")
    assert await (await _run(connection, "SELECT count(*) FROM numbers")).fetchone() == (1000,)


async def test_a_stream_reads_on_where_it_stopped(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/zhixun.db"
    migrate(url)
    async with Database(url) as database:
        async with database.write() as connection:
            await connection.execute(counters.insert(), [{"day": f"{n:05}", "last": n} for n in range(1000)])
        async with database.read() as connection:
            query = sa.select(counters.c.last).order_by(counters.c.day).execution_options(yield_per=100)
            async with connection.stream(query) as rows:
                assert [row.last async for row in rows] == list(range(1000))
