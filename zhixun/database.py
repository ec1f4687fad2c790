"""The store: one writer at a time and any number of readers; its tables stand in `tables.py` and `kept_tables.py`, and are had from here.

SQLite in WAL mode with `synchronous=FULL`: a commit that returned has reached the disk. All writes go through
`Database.write`, which takes the write lock at once (BEGIN IMMEDIATE), so that a transaction never fails half-way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from zhixun.errors import StopNow, TryLater
from zhixun.kept_tables import (
    agreements,
    calendar_links,
    candidates,
    canned,
    deliveries,
    draft_texts,
    drafts,
    duty,
    hook_deliveries,
    partner_keys,
    partners,
    quizzes,
    settled,
    staff,
    staff_sessions,
    threads,
    uses,
    views,
)
from zhixun.one_trip import connect
from zhixun.tables import (
    attachments,
    cases,
    consultations,
    correctives,
    counters,
    inbox,
    journal,
    keys,
    leaves,
    meta,
    metadata,
    outbox,
    records,
    requests,
    sessions,
    slips,
    tasks,
)

__all__ = [
    "Database", "agreements", "attachments", "calendar_links", "candidates", "canned", "cases", "consultations", "correctives",
    "counters", "deliveries", "draft_texts", "drafts", "duty", "hook_deliveries", "inbox", "journal", "keys", "leaves", "meta",
    "metadata", "migrate", "outbox", "partner_keys", "partners", "quizzes", "records", "requests", "sessions", "settled", "slips",
    "staff", "staff_sessions", "tasks", "threads", "uses", "views",
]  # fmt: skip

_BUSY = "系统正忙，这一步没有完成，请稍后再试。"
_ADDRESS = "ZHIXUN_DATABASE_URL 应写作 sqlite:////绝对路径/文件.db。"


class _Lock:
    """Lets one in at a time: those who go first in their order, then the others in theirs."""

    def __init__(self) -> None:
        self._held = False
        self._waiting: tuple[deque[asyncio.Future[None]], deque[asyncio.Future[None]]] = deque(), deque()

    async def acquire(self, *, first: bool) -> None:
        """Wait until one may go in."""
        if not self._held:
            self._held = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[0 if first else 1].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Let the next one in."""
        for waiting in self._waiting:
            while waiting:
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._held = False


class Database:
    """Connections to the store; use it with `async with`.

    Args:
        url: an SQLAlchemy address without driver, e.g. `sqlite:////srv/zhixun/zhixun.db`.
        patience: for how many seconds a write waits for the one before it, and for other processes.
    """

    def __init__(self, url: str, patience: float = 10) -> None:
        self._url = _async_url(url)
        self._patience = patience
        self._lock = _Lock()
        self._engine: AsyncEngine | None = None

    async def __aenter__(self) -> Database:
        path = str(self._url.database)
        self._engine = create_async_engine(self._url, poolclass=AsyncAdaptedQueuePool, pool_size=6, async_creator=lambda: connect(path))
        sa.event.listen(self._engine.sync_engine, "connect", self._prepare)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connected.dispose()

    @property
    def _connected(self) -> AsyncEngine:
        if self._engine is None:
            raise StopNow("数据库尚未打开。")
        return self._engine

    @asynccontextmanager
    async def write(self, *, first: bool = False, patient: bool = False) -> AsyncIterator[AsyncConnection]:
        """Give the one writing connection; commit at the end, roll back on any error.

        Args:
            first: go before those who wait already, because somebody outside waits for no longer than a moment.
            patient: wait for as long as it takes, because nobody waits for this, and it must not be left undone.

        Raises:
            TryLater: others held the store for longer than the patience; nothing was written. Never for who is patient.
        """
        async with self._turn(first=first, patient=patient), self._connected.connect() as connection:
            try:
                await _to_the_end(_begin(connection, patient=patient))
                yield connection
            except BaseException:
                await _to_the_end(connection.rollback())
                raise
            await _to_the_end(connection.commit())

    @asynccontextmanager
    async def _turn(self, *, first: bool, patient: bool) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(None if patient else self._patience):
                await self._lock.acquire(first=first)
        except TimeoutError as error:
            raise TryLater(_BUSY, code="busy") from error
        try:
            yield
        finally:
            self._lock.release()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that sees one consistent state, however many statements it runs."""
        async with self._connected.connect() as connection:
            # Without it each statement would see the newest state of its own; giving the connection back rolls back.
            await connection.exec_driver_sql("BEGIN")
            yield connection

    def _prepare(self, connection: Any, _record: object) -> None:
        # Transactions are begun by `write` alone; the driver's own implicit BEGIN would take no lock.
        connection.isolation_level = None
        cursor = connection.cursor()
        wait = f"busy_timeout={int(self._patience * 1000)}"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", wait, "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def migrate(url: str) -> None:
    """Bring the store to the newest form (Alembic); makes the folder of an SQLite file.

    Raises:
        StopNow: the store cannot be opened or was written by a newer Zhixun.
    """
    file = Path(_async_url(url).database or "")
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["url"] = url
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        command.upgrade(config, "head")
    except (CommandError, SQLAlchemyError, OSError) as error:
        raise StopNow(f"数据库无法打开或升级：{error}") from error


def _async_url(url: str) -> sa.URL:
    try:
        parsed = sa.engine.make_url(url)
    except ArgumentError as error:
        raise StopNow(_ADDRESS) from error
    if parsed.drivername != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise StopNow(_ADDRESS)
    return parsed.set(drivername="sqlite+aiosqlite")


async def _begin(connection: AsyncConnection, *, patient: bool) -> None:
    while True:
        try:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as error:
            if "locked" not in str(error.orig):
                raise
            if not patient:  # who is has waited in SQLite for a while, and does so again
                raise TryLater(_BUSY, code="busy") from error
        else:
            return


async def _to_the_end(work: Awaitable[None]) -> None:
    """Let what was begun come to its end, even for a caller that is cancelled: SQLite would hold its lock for nobody."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
