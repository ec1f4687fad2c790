"""What the conversation asks of the rooms that it does not import."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.messages import EngineTurn, Entry, Event, Reply

__all__ = ["Engine", "Journal", "Phrases", "Requests", "Seal"]

Seal = Callable[[str], Awaitable[str]]
"""Seals a closed consultation; returns the code of its receipt."""


class Journal(Protocol):
    """Where everything is written first."""

    async def open(self, connection: AsyncConnection, event: Event) -> Entry:
        """Begin a consultation."""

    async def append(self, connection: AsyncConnection, consultation: str, events: Sequence[Event]) -> list[Entry]:
        """Add events to a consultation."""

    async def read(self, connection: AsyncConnection, consultation: str, after: int = 0) -> list[Entry]:
        """Read a consultation's entries."""


class Engine(Protocol):
    """What understands a message and decides the reply."""

    ready: bool

    async def ask(
        self, consultation: str, text: str, region: str, last: str = "", *, turn: int = 0, again: bool = False
    ) -> EngineTurn:
        """Take one message; one that is asked `again` and was heard before gets the same answer and moves nothing on.

        Raises:
            TryLater: the engine is starting, gone, too slow or answered rubbish.
        """


class Requests(Protocol):
    """The book of requests for services."""

    async def take(self, consultation: str, turn: int, wish: Mapping[str, Any], phone: str) -> tuple[Reply, tuple[Event, ...]]:
        """Return the confirmation of a request that was filled in, and what makes it."""

    async def answer(self, consultation: str, text: str) -> Reply | None:
        """Answer what is about a request; None when the words are about something else."""


class Hours(Protocol):
    """When people are at the desk."""

    def is_open(self, moment: datetime) -> bool:
        """Tell whether somebody is at the desk."""


class Phrases(Protocol):
    """The deployment's sentences and hours."""

    @property
    def phrases(self) -> Mapping[str, str]:
        """The sentences by name."""

    @property
    def hours(self) -> Hours:
        """When people are at the desk."""

    def opening_words(self, moment: datetime) -> str:
        """Say when the desk opens next."""
