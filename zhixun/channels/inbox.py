"""What comes in by the doors: stored once, then acknowledged, then answered in order, while the platform does not wait for it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.channels.outbox import Outbox
from zhixun.channels.together import Together
from zhixun.channels.wording import Parcel
from zhixun.doors import ByStaff, Incoming, Stored

__all__ = ["PATIENCE", "Arrivals", "Inbox"]

PATIENCE = 1.2
"""For how many seconds the answer to a citizen may be waited for, where a platform shows what it is answered at once."""

CROWD = 12
"""Where so many are being answered at once, nobody's answer is there in a moment, and waiting for it only holds up the line."""

TRIES = 30
"""So often an answer that failed is begun again without another message; after that the matter is one for people."""
_SEALED = ("ends", "rated")
"""What is followed by sealing: the end, and a rating after it."""

_log = logging.getLogger(__name__)


class Arrivals(Protocol):
    """Stores what comes in."""

    async def store_all(
        self, batch: Sequence[Incoming], also: Callable[[AsyncConnection], Awaitable[None]] | None = None
    ) -> list[Stored]:
        """Store a batch in one transaction."""

    async def by_staff(self, one: ByStaff) -> Stored:
        """Note what the office's people did in the platform's own client."""

    async def current(self, door: str, account: str, peer: str) -> str:
        """Return the consultation that somebody was last in; empty when there was none."""

    async def choice(self, number: str, place: str, title: str = "") -> str:
        """Return the words of a button that was shown; empty when there is none."""


class Inbox:
    """Takes in what the doors bring.

    Args:
        catch_up: answers what waits in a consultation, in order. close: ends and seals one.
        files: fetches the files that were offered in a consultation.
        wake: tells open pages that there is something new.
    """

    def __init__(
        self, arrivals: Arrivals, outbox: Outbox, catch_up: Callable[[str], Awaitable[int]],
        wake: Callable[[str], None], files: Callable[[str], Awaitable[None]], close: Callable[[str], Awaitable[str]],
    ) -> None:  # fmt: skip
        self._arrivals = arrivals
        self._together = Together(arrivals.store_all)
        self._outbox = outbox
        self._catch_up = catch_up
        self._wake = wake
        self._files = files
        self._close = close
        self._ending: set[str] = set()
        self._left: Counter[str] = Counter()
        self._answering: dict[str, asyncio.Task[None]] = {}
        self._fetching: set[asyncio.Task[None]] = set()
        self._more: set[str] = set()

    async def take(
        self, batch: Sequence[Incoming], also: Callable[[AsyncConnection], Awaitable[None]] | None = None
    ) -> list[Stored]:
        """Store a batch, in its order, and have it answered; once this returns, nothing of it is lost.

        Args:
            also: what is to be written in the same breath.

        Raises:
            TryLater: the store is busy; nothing was taken.
        """
        if also is None:
            stored = list(await asyncio.gather(*map(self._together.store, batch)))
        else:
            stored = await self._arrivals.store_all(batch, also)
        for one, became in zip(batch, stored, strict=True):
            self._begin(one, became)
        return stored

    async def take_and_answer(self, one: Incoming, shown: Callable[[], bool], seconds: float = PATIENCE) -> Parcel | None:
        """Store one message and wait for a moment for what is said to it.

        Args:
            shown: whether the platform still listens to what it will be answered.

        Returns:
            What the platform is to be answered; None when it comes later by the outbox, or there is nothing to say.
        """
        stored = await self._together.store(one)
        number = stored.consultation
        if not number or stored.became == "again":
            # Answered already, being answered, or left by a crash: then the outbox has it.
            self._begin(one, stored)
            return None
        with self._outbox.kept_back(number):
            self._begin(one, stored)
            if (task := self._answering.get(number)) is not None:
                await asyncio.wait({task}, timeout=seconds if len(self._answering) < CROWD else seconds / 4)
            if number in self._answering or not shown():
                return None
            return await self._outbox.hand_out(number)

    async def hand_back(self, one: Incoming, parcel: Parcel) -> None:
        """Have an answer carried that `take_and_answer` gave, and that nobody heard."""
        if number := await self._arrivals.current(one.door, one.account, one.peer):
            await self._outbox.take_back(number, parcel)

    async def choice(self, door: str, account: str, peer: str, place: str, title: str = "") -> str:
        """Return the words of a button that somebody has touched; empty when it is not one of the consultation that they are in.

        Args:
            place: the button's id. title: what stood on it, where the platform says so.
        """
        number = await self._arrivals.current(door, account, peer)
        return await self._arrivals.choice(number, place, title) if number else ""

    async def by_staff(self, one: ByStaff) -> Stored:
        """Note what the office's people did in the platform's own client; the bot is silent while they talk there.

        Raises:
            TryLater: nothing was noted.
        """
        stored = await self._arrivals.by_staff(one)
        if stored.consultation:
            self._wake(stored.consultation)
        return stored

    async def did_not_arrive(self, once: str, words: str) -> None:
        """Note that a message that the platform had taken did not reach the citizen.

        Args:
            once: by what the carrier was told to know it again. words: why, in Chinese, for staff.
        """
        if number := await self._outbox.failed(once, words):
            self._wake(number)

    async def try_again(self) -> None:
        """Begin once more to answer what failed; call it again and again."""
        for number, failures in list(self._left.items()):
            if failures <= TRIES and number not in self._answering:
                self._answer(number)

    async def finish(self) -> None:
        """Wait for what is being answered or fetched now."""
        while tasks := {*self._answering.values(), *self._fetching}:
            await asyncio.wait(tasks)

    def _begin(self, one: Incoming, became: Stored) -> None:
        """Have everything done that follows from a message that was stored."""
        number = became.consultation
        if not number:
            return  # somebody left who was in none
        if became.became != "again":
            self._wake(number)
            if one.media:
                self._fetch(number)
        if became.became in _SEALED:
            self._ending.add(number)
        # One that came before may have been left without an answer when the service was stopped.
        self._answer(number)

    def _answer(self, number: str) -> None:
        """Have what waits in a consultation answered by one task, which goes on as long as more comes in."""
        if number in self._answering:
            self._more.add(number)
            return
        task = asyncio.get_running_loop().create_task(self._keep_answering(number))
        self._answering[number] = task
        task.add_done_callback(lambda done: self._answered(number, done))

    def _answered(self, number: str, task: asyncio.Task[None]) -> None:
        del self._answering[number]
        # What came in after the last look, and before the task was seen to be done.
        if number in self._more and not task.cancelled():
            self._more.discard(number)
            self._answer(number)

    async def _keep_answering(self, number: str) -> None:
        while True:
            self._more.discard(number)
            try:
                await self._caught_up(number)
                if number in self._ending:
                    await self._close(number)
                    self._ending.discard(number)
                    self._wake(number)
                self._left.pop(number, None)
            except Exception as error:  # the next message, or the next round, tries again
                self._left[number] += 1
                _log.error("%s could not be answered: %s", number, type(error).__name__)
            if number not in self._more:
                return

    async def _caught_up(self, number: str) -> None:
        """Answer; for a moment what is said is kept together, because a platform counts messages."""
        answering = asyncio.ensure_future(self._catch_up(number))
        with self._outbox.kept_back(number):
            await asyncio.wait({answering}, timeout=PATIENCE)
        await answering

    def _fetch(self, number: str) -> None:
        task = asyncio.get_running_loop().create_task(self._files_of(number))
        self._fetching.add(task)
        task.add_done_callback(self._fetching.discard)

    async def _files_of(self, number: str) -> None:
        try:
            await self._files(number)
        except Exception as error:
            _log.error("files of %s could not be fetched: %s", number, type(error).__name__)
