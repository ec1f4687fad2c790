"""A connection to SQLite whose statements go to its thread and back once.

aiosqlite gives a connection a thread of its own, and SQLAlchemy goes there four times for a statement: for a cursor, to execute, to
fetch, to close. A statement of a turn takes microseconds, the way there and back ten times as long, and a turn has dozens of them.
Here the first rows come back with the way that executes, and the cursor is closed on it when they were all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import aiosqlite

__all__ = ["connect"]

FIRST = 256
"""So many rows come back at once; who reads more (a list, an export) goes for the rest, or for portions of it."""


class _Cursor(aiosqlite.Cursor):
    """A cursor that has been nowhere before its first statement."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        # The attributes of a cursor that never ran anything are the same on every one.
        super().__init__(connection, None)  # type: ignore[arg-type]  # there is none before the first statement
        self._first: list[Any] = []
        self._more = False

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> _Cursor:
        """Run a statement and fetch its first rows."""
        await self._trip(self._run, sql, () if parameters is None else parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> _Cursor:
        """Run a statement with each of `parameters`."""
        await self._trip(self._run_many, sql, parameters)
        return self

    async def fetchone(self) -> Any:
        """Return the next row; None when there is none."""
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        """Return the next rows, at most `size`."""
        wanted = size or self.arraysize
        rows, self._first = self._first[:wanted], self._first[wanted:]
        if self._more and len(rows) < wanted:
            rows += await self._trip(self._cursor.fetchmany, wanted - len(rows))
        return rows

    async def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        rows, self._first = self._first, []
        return rows + await self._trip(self._cursor.fetchall) if self._more else rows

    async def close(self) -> None:
        """Give back what SQLite holds for the statement."""
        if self._more:
            self._more = False
            await self._trip(self._cursor.close)

    async def _trip(self, work: Callable[..., Any], *given: Any) -> Any:
        return await self._conn._execute(work, *given)  # type: ignore[no-untyped-call]  # aiosqlite has no types there

    def _run(self, sql: str, parameters: Any) -> None:
        self._cursor = self._conn._conn.execute(sql, parameters)
        if self._cursor.description:
            self._first = self._cursor.fetchmany(FIRST)
            self._more = len(self._first) == FIRST
        if not self._more:
            self._cursor.close()

    def _run_many(self, sql: str, parameters: Any) -> None:
        self._cursor = self._conn._conn.executemany(sql, parameters)
        self._cursor.close()


class _Connection(aiosqlite.Connection):
    async def cursor(self) -> _Cursor:  # type: ignore[override]  # aiosqlite's is wrapped for `async with`, which nobody uses here
        """Return a cursor; nobody has to go anywhere for it."""
        return _Cursor(self)


async def connect(path: str) -> aiosqlite.Connection:
    """Open the store at `path`.

    Raises:
        sqlite3.OperationalError: it cannot be opened.
    """
    return await _Connection(lambda: sqlite3.connect(path, check_same_thread=False), 64)
