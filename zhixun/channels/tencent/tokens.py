"""The access token of one account: fetched once however many need it, remembered until it ends, renewed once when it is refused."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from zhixun.clock import Clock

__all__ = ["EARLY", "FORCE_APART", "Fetch", "Issued", "Tokens"]

EARLY = timedelta(seconds=120)
"""So long before its end a token is not used any more; near it the platform gives out the next while both are valid."""
FORCE_APART = timedelta(minutes=75)
"""A new token is forced at most so often: the platform allows it twenty times a day."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, and for how many seconds it is valid."""

    token: str = field(repr=False)
    seconds: int


class Fetch(Protocol):
    """Asks the platform for a token."""

    async def __call__(self, *, force: bool) -> Issued:
        """Return one; `force` demands another than the one that it gave before."""


class Tokens:
    """Keeps the token of one account."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token = ""
        self._until = self._forced = datetime.min.replace(tzinfo=UTC)
        self._fetching: asyncio.Task[str] | None = None

    async def get(self) -> str:
        """Return a token that is valid as far as can be told.

        Raises:
            whatever fetching raises; all who wait for the same token get the same error.
        """
        if self._token and self._clock.now() < self._until:
            return self._token
        return await self._fetched("")

    async def renew(self, refused: str) -> str:
        """Return another token than the one that the platform has refused; who asks for one that is replaced already gets the new one."""
        if self._fetching is None and self._token != refused:
            return await self.get()
        return await self._fetched(refused)

    async def _fetched(self, refused: str) -> str:
        if self._fetching is None:
            self._token = ""
            self._fetching = asyncio.get_running_loop().create_task(self._ask(refused))
            self._fetching.add_done_callback(self._ended)
        # Whoever gives up waiting must not take the token from the others.
        return await asyncio.shield(self._fetching)

    async def _ask(self, refused: str) -> str:
        asked = self._clock.now()
        issued = await self._fetch(force=False)
        if issued.token == refused and asked - self._forced >= FORCE_APART:
            self._forced = asked
            issued = await self._fetch(force=True)
        # A short-lived token is used at least once, else nothing would ever be sent.
        self._token, self._until = issued.token, asked + max(timedelta(seconds=issued.seconds) - EARLY, timedelta(seconds=1))
        return self._token

    def _ended(self, task: asyncio.Task[str]) -> None:
        self._fetching = None
        if not task.cancelled():
            task.exception()  # It has been given to those who wait; nobody may be left, and that is no fault.
