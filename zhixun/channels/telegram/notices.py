"""Tells a group of staff that somebody waits: numbers and reasons, never what a citizen said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import ChatMigrated, TelegramError

from zhixun.channels.telegram.line import TOTAL_SECONDS, undelivered
from zhixun.doors import WAITING

__all__ = ["GAP_SECONDS", "StaffNotices"]

_log = logging.getLogger(__name__)

GAP_SECONDS = 6
"""Between two messages: Telegram lets some twenty a minute into a group. What comes meanwhile is told together."""
AGAIN_SECONDS = 30
MOST_LINES = 8
MOST_WAITING = 500
_LONGEST_REASON = 30


class StaffNotices:
    """Notices to one group; what is told is collected and sent in the background.

    Args:
        chat: the group. public_url: where staff reach the desk; without one in https, no button is shown.
        pause: waits so many seconds.
    """

    def __init__(
        self, bot: Bot, chat: int, public_url: str, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._bot = bot
        self._chat = chat
        # Telegram takes no other addresses behind buttons.
        self._desk = f"{public_url}/desk" if public_url.startswith("https://") else ""
        self._pause = pause
        self._waiting: dict[str, str] = {}
        self._some = asyncio.Event()

    async def queued(self, number: str, reason: str) -> None:
        """Tell that a consultation waits for a person.

        Args:
            reason: why, in words of ours.
        """
        self._add(number, f"待接待 {number}{_because(reason)}")

    async def overdue(self, number: str, reason: str, minutes: int) -> None:
        """Tell that a consultation has waited too long.

        Args:
            reason: why it waits, in words of ours. minutes: for how long.
        """
        self._add(number, f"超时未接待 {number}，已等 {minutes} 分钟{_because(reason)}")

    async def run(self) -> None:
        """Send what is to be told, until cancelled."""
        while True:
            await self._some.wait()
            await self._pause(await self._send())

    def _add(self, number: str, line: str) -> None:
        # Of one consultation only the latest is told.
        self._waiting.pop(number, None)
        if len(self._waiting) < MOST_WAITING:
            self._waiting[number] = line
        self._some.set()

    async def _send(self) -> float:
        """Send what has come together in one message; returns after how many seconds the next may follow."""
        told, self._waiting = self._waiting, {}
        self._some.clear()
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                await self._bot.send_message(self._chat, _text(told), reply_markup=self._keyboard(told))
        except ChatMigrated as error:
            _log.warning("the group of staff has become %s; please set that number", error.new_chat_id)
            self._chat = error.new_chat_id
            self._back(told)
        except (TelegramError, TimeoutError) as error:
            failed = undelivered(error)
            _log.warning("staff could not be told on Telegram: %s（%s）", type(error).__name__, failed.words)
            if failed.standing == WAITING:
                self._back(told)
                return failed.after or AGAIN_SECONDS
        return GAP_SECONDS

    def _back(self, told: dict[str, str]) -> None:
        """Put back what was not told, before what has come since."""
        self._waiting = {**told, **self._waiting}
        self._some.set()

    def _keyboard(self, told: dict[str, str]) -> InlineKeyboardMarkup | None:
        if not self._desk:
            return None
        title = "接待" if len(told) == 1 else "接待 {}"
        rows = [[InlineKeyboardButton(title.format(number), url=f"{self._desk}/cases/{number}")] for number in list(told)[:MOST_LINES]]
        rows += [[InlineKeyboardButton("打开工作台", url=self._desk)]] if len(told) > MOST_LINES else []
        return InlineKeyboardMarkup(rows)


def _text(told: dict[str, str]) -> str:
    lines = list(told.values())
    more = [f"另有 {len(lines) - MOST_LINES} 件，请到工作台查看。"] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *more])


def _because(reason: str) -> str:
    bare = " ".join(reason.split())[:_LONGEST_REASON]
    return f"（{bare}）" if bare else ""
