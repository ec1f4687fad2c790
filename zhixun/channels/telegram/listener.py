"""Has Telegram bring updates to us, or asks it for them where it cannot reach us; in the background, until it works."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from telegram import Bot
from telegram.error import BadRequest, Conflict, RetryAfter, TelegramError

from zhixun.channels.telegram.access import Access
from zhixun.channels.telegram.line import TOTAL_SECONDS, undelivered, why
from zhixun.channels.telegram.updates import KINDS
from zhixun.errors import TryLater

__all__ = ["Listener"]

_log = logging.getLogger(__name__)

LONGEST_PAUSE = 60
POLL_SECONDS = 25
"""So long Telegram keeps a question for updates when there are none."""
AT_ONCE = 10
"""So many updates Telegram brings at once; those of one chat follow each other."""


class Listener:
    """Keeps updates coming.

    Args:
        take: stores one update; raises TryLater when it could not.
        pause: waits so many seconds.
    """

    def __init__(
        self, bot: Bot, access: Access, take: Callable[[Mapping[str, Any]], Awaitable[None]],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        self._bot = bot
        self._access = access
        self._take = take
        self._pause = pause
        self._failures = 0
        self._told = ""
        self._next = 0
        self._free = False

    async def run(self) -> None:
        """Keep updates coming until cancelled."""
        if self._access.polling:
            while True:
                await self._once(self._ask)
        elif self._access.webhook:
            while not await self._once(self._announce):
                pass
        else:
            _log.warning("Telegram was not told where to bring updates: no public address is set")

    async def _once(self, step: Callable[[], Awaitable[None]]) -> bool:
        """Take a step; after one that failed, pause longer each time. Returns whether it went well."""
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - whatever Telegram sends or the store does, what brings the messages must outlive it
            self._failures += 1
            self._tell(error)
            await self._pause(self._span(error))
            return False
        if self._told:
            _log.warning("Telegram answers again")
        self._failures, self._told = 0, ""
        return True

    async def _announce(self) -> None:
        async with asyncio.timeout(TOTAL_SECONDS):
            await self._bot.set_webhook(
                self._access.webhook, secret_token=self._access.secret, allowed_updates=KINDS, max_connections=AT_ONCE
            )

    async def _ask(self) -> None:
        """Ask for updates once; asking for those after the last tells Telegram that it was stored."""
        if not self._free:
            async with asyncio.timeout(TOTAL_SECONDS):
                await self._bot.delete_webhook()
            self._free = True
        # Under the usual name the client would make objects of all updates, and lose all when it does not know one.
        # Telegram does not mind how a name's letters are written.
        given = {"offset": self._next, "timeout": POLL_SECONDS, "allowed_updates": list(KINDS)}
        updates = await self._bot.do_api_request("getupdates", given, read_timeout=POLL_SECONDS + TOTAL_SECONDS)
        for update in updates:
            await self._take(update)
            self._next = int(update["update_id"]) + 1

    def _span(self, error: Exception) -> float:
        asked = undelivered(error).after if isinstance(error, RetryAfter) else None
        return float(min(LONGEST_PAUSE, 2 ** min(self._failures - 1, 10))) if asked is None else asked

    def _tell(self, error: Exception) -> None:
        """Log a failure once, until it is another."""
        if isinstance(error, Conflict):
            # Somebody set a webhook anew, or asks for updates with the same token.
            self._free = False
        kind = type(error).__name__
        if kind == self._told:
            return
        self._told = kind
        words = "存储正忙" if isinstance(error, TryLater) else ""
        if isinstance(error, TelegramError | TimeoutError):
            # What is wrong with an address, Telegram says best itself.
            words = why(error) + (error.message if isinstance(error, BadRequest) else "")
        _log.warning("Telegram: %s %s（%s）", "getting updates" if self._access.polling else "setting the webhook", kind, words)
