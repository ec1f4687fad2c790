"""One turn at a time in each consultation, in the order of arrival."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from zhixun.errors import TryLater

__all__ = ["Order"]

WAITING = 8


class Order:
    """Locks by consultation; one that nobody holds or awaits takes no memory."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}

    @asynccontextmanager
    async def turn(self, consultation: str) -> AsyncIterator[None]:
        """Wait for the turn of this caller.

        Raises:
            TryLater: too many messages of this consultation wait already.
        """
        waiting = self._waiting.get(consultation, 0)
        if waiting >= WAITING:
            raise TryLater("您发得太快了，请等上一句答复后再发。", code="too_fast", status=429)
        self._waiting[consultation] = waiting + 1
        lock = self._locks.setdefault(consultation, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            self._waiting[consultation] -= 1
            if not self._waiting[consultation]:
                del self._waiting[consultation], self._locks[consultation]
