"""The store: one writer at a time, any number of readers, and the tables.

SQLite in WAL mode with `synchronous=FULL`: a commit that returned has reached the disk. All writes go through
`Database.write`, which takes the write lock at once (BEGIN IMMEDIATE), so that a transaction never fails half-way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
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

__all__ = [
    "Database", "attachments", "canned", "cases", "consultations", "counters", "deliveries", "duty", "inbox", "journal", "keys",
    "leaves", "meta", "metadata", "migrate", "outbox", "requests", "sessions", "slips", "staff", "staff_sessions", "tasks", "views",
]  # fmt: skip

_BUSY = "系统正忙，这一步没有完成，请稍后再试。"
_ADDRESS = "ZHIXUN_DATABASE_URL 应写作 sqlite:////绝对路径/文件.db。"

metadata = sa.MetaData()

journal = sa.Table(
    "journal", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("consultation", sa.String(32), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("time", sa.String(24), nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("prev", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.UniqueConstraint("consultation", "seq"),
    sqlite_autoincrement=True,
)  # fmt: skip
keys = sa.Table(
    "keys", metadata,
    sa.Column("consultation", sa.String(32), primary_key=True),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
)  # fmt: skip
meta = sa.Table("meta", metadata, sa.Column("name", sa.String(32), primary_key=True), sa.Column("value", sa.Text, nullable=False))
counters = sa.Table(
    "counters", metadata, sa.Column("day", sa.String(10), primary_key=True), sa.Column("last", sa.Integer, nullable=False)
)
leaves = sa.Table(
    "leaves", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("day", sa.String(10), nullable=False, index=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
    sa.Column("path", sa.Text, nullable=False, unique=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("through", sa.Integer, nullable=False),
    sqlite_autoincrement=True,
)  # fmt: skip

# Projections: all below can be rebuilt from the journal, but for the sessions (a citizen then opens a new one).
consultations = sa.Table(
    "consultations", metadata,
    sa.Column("number", sa.String(32), primary_key=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("region", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("opened", sa.String(24), nullable=False),
    sa.Column("last", sa.String(24), nullable=False, index=True),
    sa.Column("closed", sa.String(24)),
    sa.Column("turns", sa.Integer, nullable=False, default=0),
    sa.Column("seq", sa.Integer, nullable=False, default=0),
    sa.Column("rating", sa.Text),
    sa.Column("callback", sa.Boolean, nullable=False, default=False),
    sa.Column("in_guide", sa.Boolean, nullable=False, default=False),
    sa.Column("wants", sa.String(16), nullable=False, default=""),
    # Who has it: the member of staff and the fence of the claim; since when, why and to whom it waits in the queue.
    sa.Column("operator", sa.String(32), nullable=False, default="", index=True),
    sa.Column("fence", sa.Integer, nullable=False, default=0),
    sa.Column("team", sa.String(32), nullable=False, default=""),
    sa.Column("reason", sa.String(32), nullable=False, default=""),
    sa.Column("handed", sa.String(24), nullable=False, default=""),
    sa.Column("assigned", sa.String(32), nullable=False, default=""),
    sa.Column("assigned_until", sa.String(24), nullable=False, default=""),
    # When staff answered first since it was handed over, and when they spoke last; which limits were told to be overrun.
    sa.Column("answered", sa.String(24), nullable=False, default=""),
    sa.Column("spoke", sa.String(24), nullable=False, default=""),
    sa.Column("escalated", sa.String(64), nullable=False, default=""),
    sa.Column("outcome", sa.String(24), nullable=False, default=""),
)  # fmt: skip
requests = sa.Table(
    "requests", metadata,
    sa.Column("number", sa.String(32), primary_key=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
    sa.Column("service", sa.String(32), nullable=False),
    sa.Column("target", sa.String(16), nullable=False),
    sa.Column("standing", sa.String(16), nullable=False, index=True),
    sa.Column("received", sa.String(24), nullable=False),
    sa.Column("changed", sa.String(24), nullable=False),
    sa.Column("due", sa.String(24), nullable=False, default=""),
    sa.Column("priority", sa.String(32), nullable=False, default=""),
    sa.Column("same_as", sa.String(32), nullable=False, default=""),
    sa.Column("owner", sa.String(32), nullable=False, default=""),
    sa.Column("follow_up", sa.String(10), nullable=False, default=""),
    sa.Column("mark", sa.String(64), nullable=False, default="", index=True),
)  # fmt: skip
tasks = sa.Table(
    "tasks", metadata,
    sa.Column("id", sa.String(48), primary_key=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("subject", sa.String(40), nullable=False, default=""),
    sa.Column("due", sa.String(24), nullable=False, index=True),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("owner", sa.String(32), nullable=False, default=""),
    sa.Column("standing", sa.String(8), nullable=False, default="open", index=True),
    sa.Column("result", sa.String(24), nullable=False, default=""),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("done", sa.String(24), nullable=False, default=""),
)  # fmt: skip
slips = sa.Table(
    "slips", metadata,
    sa.Column("number", sa.String(32), primary_key=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
    sa.Column("agency", sa.String(48), nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("standing", sa.String(16), nullable=False, index=True),
    sa.Column("way", sa.String(16), nullable=False),
    sa.Column("issued", sa.String(24), nullable=False),
    sa.Column("changed", sa.String(24), nullable=False),
    sa.Column("due", sa.String(24), nullable=False, default=""),
    sa.Column("reminded", sa.String(24), nullable=False, default=""),
    sa.Column("owner", sa.String(32), nullable=False, default=""),
)  # fmt: skip
attachments = sa.Table(
    "attachments", metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("sender", sa.String(64), nullable=False),
    sa.Column("type", sa.String(80), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("erased", sa.Boolean, nullable=False, default=False),
)  # fmt: skip
# The index of the archive: one row for each consultation, and its words (table `case_words`, FTS5, made by the migration).
cases = sa.Table(
    "cases", metadata,
    # Where the journal opened it: newer ones have higher ids, and the index made anew has the same.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.String(32), nullable=False, unique=True),
    sa.Column("day", sa.String(10), nullable=False, index=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("region", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("turns", sa.Integer, nullable=False, default=0),
    # Lists are written `,one,two,`, so that one of them is found as `%,one,%`.
    sa.Column("rights", sa.Text, nullable=False, default=","),
    sa.Column("topics", sa.Text, nullable=False, default=","),
    sa.Column("knowledge", sa.Text, nullable=False, default=","),
    sa.Column("services", sa.Text, nullable=False, default=","),
    sa.Column("statuses", sa.Text, nullable=False, default=","),
    sa.Column("operators", sa.Text, nullable=False, default=","),
    sa.Column("labels", sa.Text, nullable=False, default=","),
    sa.Column("marks", sa.Text, nullable=False, default=","),
    sa.Column("outcome", sa.String(24), nullable=False, default=""),
    sa.Column("rating", sa.Float),
    sa.Column("confidence", sa.Float),
    sa.Column("referred", sa.Boolean, nullable=False, default=False),
    sa.Column("attached", sa.Boolean, nullable=False, default=False),
    sa.Column("noted", sa.Boolean, nullable=False, default=False),
    sa.Column("erased", sa.Boolean, nullable=False, default=False),
    sa.Column("indexed", sa.Integer, nullable=False, default=0),
)  # fmt: skip
sessions = sa.Table(
    "sessions", metadata,
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
)  # fmt: skip
inbox = sa.Table(
    "inbox", metadata,
    sa.Column("consultation", sa.String(32), primary_key=True),
    sa.Column("message_id", sa.String(128), primary_key=True),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
)  # fmt: skip
outbox = sa.Table(
    "outbox", metadata,
    sa.Column("consultation", sa.String(32), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("delivered", sa.String(24)),
)  # fmt: skip

# What the journal does not tell: secrets, and what is on its way.
staff = sa.Table(
    "staff", metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("shown", sa.String(32), nullable=False, default=""),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("teams", sa.Text, nullable=False, default=""),
    sa.Column("password", sa.Text, nullable=False),
    sa.Column("one_time", sa.Boolean, nullable=False),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, default=True),
    sa.Column("totp", sa.Text, nullable=False, default=""),
    sa.Column("totp_step", sa.Integer, nullable=False, default=0),
    sa.Column("recovery", sa.Text, nullable=False, default=""),
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("locked_until", sa.String(24), nullable=False, default=""),
)  # fmt: skip
staff_sessions = sa.Table(
    "staff_sessions", metadata,
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(32), nullable=False, index=True),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("agent", sa.String(120), nullable=False, default=""),
    sa.Column("address", sa.String(64), nullable=False, default=""),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("seen", sa.String(24), nullable=False),
)  # fmt: skip
duty = sa.Table(
    "duty", metadata,
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
)  # fmt: skip
canned = sa.Table(
    "canned", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("team", sa.String(32), nullable=False, default=""),
    sa.Column("title", sa.String(64), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("changed_by", sa.String(32), nullable=False),
    sa.Column("changed", sa.String(24), nullable=False),
)  # fmt: skip
views = sa.Table(
    "views", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(32), nullable=False, index=True),
    sa.Column("title", sa.String(64), nullable=False),
    sa.Column("query", sa.Text, nullable=False),
)  # fmt: skip
deliveries = sa.Table(
    "deliveries", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("slip", sa.String(32), nullable=False, index=True),
    sa.Column("way", sa.String(16), nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("next", sa.String(24), nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("standing", sa.String(16), nullable=False, default="waiting"),
    sa.Column("error", sa.String(120), nullable=False, default=""),
)  # fmt: skip


class Database:
    """Connections to the store; use it with `async with`.

    Args:
        url: an SQLAlchemy address without driver, e.g. `sqlite:////srv/zhixun/zhixun.db`.
        patience: for how many seconds a write waits for the one before it, and for other processes.
    """

    def __init__(self, url: str, patience: float = 10) -> None:
        self._url = _async_url(url)
        self._patience = patience
        self._lock = asyncio.Lock()
        self._engine: AsyncEngine | None = None

    async def __aenter__(self) -> Database:
        self._engine = create_async_engine(self._url, poolclass=AsyncAdaptedQueuePool, pool_size=6)
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
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Give the one writing connection; commit at the end, roll back on any error.

        Raises:
            TryLater: others held the store for longer than the patience; nothing was written.
        """
        async with self._turn(), self._connected.connect() as connection:
            try:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as error:
                raise (TryLater(_BUSY, code="busy") if "locked" in str(error.orig) else error) from error
            try:
                yield connection
            except BaseException:
                await connection.rollback()
                raise
            await connection.commit()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience):
                await self._lock.acquire()
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
