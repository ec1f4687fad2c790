"""The store: what a commit promises, one writer, consistent reading, tables that refuse change, and migrations."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tests.support import held_elsewhere
from zhixun.database import Database, counters, metadata, migrate
from zhixun.errors import StopNow

ROW = "INSERT INTO journal (consultation, seq, time, kind, actor, body, prev, hash) VALUES ('ZX', 1, 't', 'opened', 'a', '{}', 'p', 'h')"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path}/zhixun.db"
    migrate(url)
    async with Database(url) as opened:
        yield opened


async def _count(database: Database) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(sa.select(sa.func.count()).select_from(counters)) or 0)


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1), ("foreign_keys", 1), ("busy_timeout", 10000)]
)
async def test_every_connection_keeps_the_promise_of_the_disk(database: Database, pragma: str, value: object) -> None:
    async with database.write() as writing, database.read() as reading:
        for connection in (writing, reading):
            assert await connection.scalar(sa.text(f"PRAGMA {pragma}")) == value


async def test_what_was_written_is_committed_at_the_end(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(counters.insert().values(day="2026-11-20", last=1))
        assert await _count(database) == 0
    assert await _count(database) == 1


async def test_a_failure_takes_everything_back(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(counters.insert().values(day="2026-11-20", last=1))
            await connection.execute(counters.insert().values(day="2026-11-20", last=2))
    assert await _count(database) == 0
    async with database.write() as connection:
        await connection.execute(counters.insert().values(day="2026-11-20", last=1))


async def test_a_cancelled_writer_takes_everything_back_and_lets_the_next_in(database: Database) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(counters.insert().values(day="2026-11-20", last=1))
            begun.set()
            await never.wait()

    writing = asyncio.create_task(write())
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    async with database.write() as connection:
        await connection.execute(counters.insert().values(day="2026-11-21", last=1))
    assert await _count(database) == 1


async def test_a_writer_that_is_cancelled_while_it_waits_for_the_lock_does_not_keep_it(database: Database, tmp_path: Path) -> None:
    async def write(day: str) -> None:
        async with database.write() as connection:
            await connection.execute(counters.insert().values(day=day, last=1))

    async with held_elsewhere(tmp_path):
        writing = asyncio.create_task(write("cancelled"))
        await asyncio.wait({writing}, timeout=0.3)
        writing.cancel()
        await asyncio.wait({writing}, timeout=0.1)
    async with asyncio.timeout(5):
        await write("next")
    assert await _count(database) == 1


async def test_who_goes_first_goes_before_those_who_wait_already(database: Database) -> None:
    order: list[str] = []

    async def write(name: str, *, first: bool = False) -> None:
        async with database.write(first=first):
            order.append(name)

    async with database.write():
        waiting = [asyncio.create_task(write(name, first=name.startswith("first"))) for name in ("a", "b", "first-1", "gone", "first-2")]
        await asyncio.sleep(0)
        waiting[3].cancel()
    await asyncio.wait(waiting)
    assert order == ["first-1", "first-2", "a", "b"]


async def test_there_is_one_writer_at_a_time(database: Database) -> None:
    inside = most = 0

    async def write(day: int) -> None:
        nonlocal inside, most
        async with database.write() as connection:
            inside += 1
            most = max(most, inside)
            await connection.execute(counters.insert().values(day=f"2026-11-{day:02d}", last=1))
            inside -= 1

    await asyncio.gather(*(write(day) for day in range(1, 21)))
    assert (most, await _count(database)) == (1, 20)


async def test_another_process_waits_for_the_writer(database: Database, tmp_path: Path) -> None:
    async with database.write():
        # Before anything is written: a transaction that took its lock late could fail half-way.
        other = sqlite3.connect(tmp_path / "zhixun.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


async def test_one_reading_sees_one_state(database: Database) -> None:
    async with database.read() as reading:
        before = await reading.scalar(sa.select(sa.func.count()).select_from(counters))
        async with database.write() as writing:
            await writing.execute(counters.insert().values(day="2026-11-20", last=1))
        assert await reading.scalar(sa.select(sa.func.count()).select_from(counters)) == before
    assert await _count(database) == 1


@pytest.mark.parametrize(
    "statement", ["UPDATE journal SET body = '{}'", "DELETE FROM journal", "UPDATE journal SET actor = 'b' WHERE seq = 1"]
)
async def test_the_journal_refuses_change(database: Database, statement: str) -> None:
    async with database.write() as connection:
        await connection.exec_driver_sql(ROW)
    with pytest.raises(IntegrityError, match="append-only"):
        async with database.write() as connection:
            await connection.exec_driver_sql(statement)


async def test_the_leaves_refuse_change(database: Database) -> None:
    async with database.write() as connection:
        await connection.exec_driver_sql("INSERT INTO leaves (day, consultation, path, digest, through) VALUES ('d', 'ZX', 'p', 'x', 1)")
    for statement in ("UPDATE leaves SET digest = 'y'", "DELETE FROM leaves"):
        with pytest.raises(IntegrityError, match="append-only"):
            async with database.write() as connection:
                await connection.exec_driver_sql(statement)


async def test_a_store_that_was_not_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(StopNow, match="尚未打开"):
        async with Database(f"sqlite:///{tmp_path}/zhixun.db").read():
            pass


def test_the_migrations_make_what_the_code_expects(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/deep/down/zhixun.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/deep/down/zhixun.db")
    found = sa.inspect(engine)
    # What an FTS5 table keeps its words in is SQLite's own business.
    made = {name for name in found.get_table_names() if not name.startswith("case_words_")}
    assert made == {*metadata.tables, "case_words", "alembic_version"}
    for name, table in metadata.tables.items():
        made = {column["name"]: (str(column["type"]), column["nullable"]) for column in found.get_columns(name)}
        assert made == {column.name: (str(column.type), column.nullable) for column in table.columns}, name
        assert set(found.get_pk_constraint(name)["constrained_columns"]) == {column.name for column in table.primary_key}
        indexed = {tuple(index["column_names"]) for index in found.get_indexes(name)}
        assert {(column.name,) for column in table.columns if column.index} <= indexed
    engine.dispose()


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/zhixun.db"
    migrate(url)
    with sqlite3.connect(tmp_path / "zhixun.db") as other:
        other.execute(ROW)
    other.close()
    migrate(url)
    other = sqlite3.connect(tmp_path / "zhixun.db")
    assert other.execute("SELECT count(*) FROM journal").fetchone() == (1,)
    other.close()


def test_a_store_of_a_newer_zhixun_is_not_touched(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/zhixun.db"
    migrate(url)
    with sqlite3.connect(tmp_path / "zhixun.db") as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.close()
    with pytest.raises(StopNow, match="9999"):
        migrate(url)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "zhixun.db").write_bytes(b"this is a letter, not a database" * 200)
    with pytest.raises(StopNow, match="数据库无法打开或升级"):
        migrate(f"sqlite:///{tmp_path}/zhixun.db")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StopNow, match="数据库无法打开或升级"):
        migrate(f"sqlite:///{tmp_path}/file/zhixun.db")


@pytest.mark.parametrize("url", ["", "zhixun.db", "sqlite://", "sqlite:///:memory:", "postgresql://localhost/zhixun", "mysql+x://a", "://"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(StopNow, match="ZHIXUN_DATABASE_URL"):
        migrate(url)
