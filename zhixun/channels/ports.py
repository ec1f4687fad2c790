"""What a door to another platform is, for those who join and run it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from zhixun.channels.inbox import Inbox
from zhixun.channels.outbox import Carrier

__all__ = ["Door", "Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of a door's settings found.

    Attributes:
        words: in Chinese; where something is wrong, what to do about it.
    """

    ok: bool
    words: str


class Door(Protocol):
    """One door: it brings what comes in to the inbox, and its carrier takes out what is said."""

    @property
    def name(self) -> str:
        """Return which of `DOORS` it is."""

    @property
    def carrier(self) -> Carrier:
        """Return what carries messages to its platform."""

    def routes(self, inbox: Inbox) -> list[web.RouteDef]:
        """Return the addresses that its platform calls."""

    def running(self, inbox: Inbox) -> AbstractAsyncContextManager[None]:
        """Hold what it needs while the service runs: connections, what is asked for again and again."""

    def fetch(self, account: str, media: str) -> AsyncIterator[bytes]:
        """Give the bytes of a file that a citizen sent.

        Raises:
            Undelivered: the platform does not give it.
        """

    async def check(self) -> Sequence[Finding]:
        """Try the credentials against the platform, and tell what works and what does not."""
