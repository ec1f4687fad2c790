"""What the requests need of the rooms that they do not import."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.messages import Entry, Event, Terms

__all__ = ["Catalogue", "Journal", "Seal"]

Seal = Callable[[str], Awaitable[str]]
"""Seals a closed consultation, or what was added to it since; returns the code of its receipt."""


class Journal(Protocol):
    """Where everything is written first."""

    async def open(self, connection: AsyncConnection, event: Event) -> Entry:
        """Begin a consultation."""

    async def append(self, connection: AsyncConnection, consultation: str, events: Sequence[Event]) -> list[Entry]:
        """Add events to a consultation."""

    async def read(self, connection: AsyncConnection, consultation: str, after: int = 0) -> list[Entry]:
        """Read a consultation's entries."""


class Catalogue(Protocol):
    """What is offered, and what the office has set for it."""

    def terms(self, service: str, values: Mapping[str, str], moment: datetime) -> Terms:
        """Return what holds for a request with these values, made at the local time `moment`.

        Raises:
            OurFault: there is no such service.
        """

    def title(self, service: str) -> str:
        """Return what a service is called; its id when the catalogue has it no longer."""

    def follow_up(self, service: str) -> tuple[int, str]:
        """Return after how many days the office asks again, and what; 0 when the catalogue has the service no longer."""

    @property
    def confirmed(self) -> bool:
        """Whether the office stands by the times that are told."""
