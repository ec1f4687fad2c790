"""What comes in at the same moment is stored in one transaction: under load that is what keeps every platform's wait short."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from zhixun.doors import Incoming, Stored
from zhixun.errors import TryLater

__all__ = ["MOST", "Together"]

MOST = 50
"""So many are stored in one transaction: a few milliseconds of work, for which others wait."""

_Waiting = tuple[Incoming, "asyncio.Future[Stored]"]


class Together:
    """Stores messages that come one by one, all that have come while the transaction before was written.

    Args:
        store_all: stores a batch in one transaction, in its order.
    """

    def __init__(self, store_all: Callable[[Sequence[Incoming]], Awaitable[list[Stored]]]) -> None:
        self._store_all = store_all
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def store(self, one: Incoming) -> Stored:
        """Store a message; once this returns it is on disk.

        Raises:
            TryLater: the store is busy; it was not taken.
        """
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await future

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._write_batch(batch)
        finally:
            self._writing = None

    async def _write_batch(self, batch: list[_Waiting]) -> None:
        try:
            stored = await self._store_all([one for one, _ in batch])
        except Exception as error:  # whatever it is, whoever waits has to hear of it
            if len(batch) > 1 and not isinstance(error, TryLater):
                # One that cannot be stored must not keep the others out.
                for alone in batch:
                    await self._write_batch([alone])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), became in zip(batch, stored, strict=True):
            if not future.done():
                future.set_result(became)
