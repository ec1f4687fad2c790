"""Brings what is said to citizens on Telegram, with its choices as buttons."""

from __future__ import annotations

import asyncio

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.error import TelegramError

from zhixun.channels.outbox import Undelivered
from zhixun.channels.telegram.line import TOTAL_SECONDS, undelivered
from zhixun.channels.wording import Parcel
from zhixun.doors import FAILED, Address

__all__ = ["TelegramCarrier"]

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class TelegramCarrier:
    """Carries to the chats of one bot.

    Args:
        account: the bot's id.
    """

    limit = 4096
    knows_again = False

    def __init__(self, bot: Bot, account: str) -> None:
        self._bot = bot
        self._account = account

    def size(self, text: str) -> int:
        """Return what a text counts: Telegram counts units of UTF-16."""
        return len(text.encode("utf-16-le", "surrogatepass")) // 2

    async def carry(self, to: Address, parcel: Parcel, once: str) -> None:
        """Bring a message.

        Raises:
            Undelivered: it did not arrive, or nobody can tell.
        """
        if to.account != self._account:
            raise Undelivered("咨询人用的是以前的另一个机器人，现在的机器人联系不上。", FAILED)
        # Words are sent as they are: no mark in them means anything to Telegram, and it looks up no address in them.
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                await self._bot.send_message(to.peer, parcel.text, reply_markup=_keyboard(parcel), link_preview_options=_NO_PREVIEW)
        except (TelegramError, TimeoutError) as error:
            raise undelivered(error) from error


def _keyboard(parcel: Parcel) -> InlineKeyboardMarkup | None:
    """Return the choices, one in a row: Chinese titles are long for a telephone."""
    rows = [[InlineKeyboardButton(one.title, callback_data=f"{parcel.at}.{place}")] for place, one in enumerate(parcel.buttons)]
    return InlineKeyboardMarkup(rows) if rows else None
