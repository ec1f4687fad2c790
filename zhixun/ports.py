"""What several rooms ask of rooms that they do not import."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.messages import Entry, Event

__all__ = ["Journal", "Seal", "Watch"]

Seal = Callable[[str], Awaitable[str]]
"""Seals a closed consultation, or what was added to it since; returns the code of its receipt."""
Watch = Callable[[AsyncConnection, Entry], Awaitable[None]]
"""Is told of an entry in the transaction that writes it, and may write what follows from it."""


class Journal(Protocol):
    """Where everything is written first."""

    async def open(self, connection: AsyncConnection, event: Event, prefix: str = "") -> Entry:
        """Begin a consultation; `prefix` tells another kind of file by its number."""

    async def append(self, connection: AsyncConnection, consultation: str, events: Sequence[Event]) -> list[Entry]:
        """Add events to a consultation."""

    async def read(
        self, connection: AsyncConnection, consultation: str, after: int = 0, most: int | None = None, turn: int | None = None
    ) -> list[Entry]:
        """Read a consultation's entries above `after`, at most so many, and only of this turn or later ones."""

    async def unanswered(self, connection: AsyncConnection, consultation: str, done: Sequence[str]) -> int | None:
        """Return the first turn of a citizen that no entry of a kind of `done` has ended."""
