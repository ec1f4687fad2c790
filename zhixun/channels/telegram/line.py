"""The line to Telegram: its client with bounds on time, and what its errors mean for us."""

from __future__ import annotations

import logging
from datetime import timedelta

import httpx
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from zhixun.channels.outbox import Undelivered
from zhixun.channels.telegram.access import Access
from zhixun.doors import FAILED, UNSURE, WAITING

__all__ = ["TOTAL_SECONDS", "Line", "surely_not_sent", "undelivered", "why"]

SECONDS = 5
"""For a connection, and for each silence after it."""
TOTAL_SECONDS = 10
"""For a whole call."""
_CONNECTIONS = 16
_UNREACHED = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol, httpx.InvalidURL,
)  # fmt: skip
"""What fails before a word of the request has gone out."""
_WHY = (
    (RetryAfter, "Telegram 要求稍后再发。"),
    (Forbidden, "对方停用了机器人、注销了账号，或者没有先和机器人说过话。"),
    (InvalidToken, "Telegram 不认这个机器人凭证（token），请管理员核对。"),
    (Conflict, "另有程序在用同一个机器人收消息，或者机器人设了回调地址；同一机器人只能有一处收消息。"),
    (ChatMigrated, "这个群已升级为超级群，编号变了。"),
)


class Line:
    """A client for one bot; its connections are open between `async with`."""

    def __init__(self, access: Access) -> None:
        _quiet()
        # A proxy is taken from the environment (HTTPS_PROXY), as every client of this kind does.
        self._request = HTTPXRequest(
            connection_pool_size=_CONNECTIONS, connect_timeout=SECONDS, read_timeout=SECONDS, write_timeout=SECONDS, pool_timeout=SECONDS
        )
        self.bot = Bot(
            access.token, base_url=f"{access.api_url}/bot", base_file_url=f"{access.api_url}/file/bot",
            request=self._request, get_updates_request=self._request,
        )  # fmt: skip

    async def __aenter__(self) -> Line:
        # Not the bot's own `initialize`, which asks Telegram who it is: the service must start without Telegram.
        await self._request.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._request.shutdown()


def undelivered(error: TelegramError | TimeoutError) -> Undelivered:
    """Return what an error means for a message that was to be delivered."""
    if isinstance(error, RetryAfter):
        return Undelivered(why(error), WAITING, after=_seconds(error))
    if isinstance(error, InvalidToken) or surely_not_sent(error):
        return Undelivered(why(error), WAITING)
    if isinstance(error, Forbidden | BadRequest | ChatMigrated):
        return Undelivered(why(error), FAILED)
    return Undelivered(why(error), UNSURE)


def surely_not_sent(error: BaseException) -> bool:
    """Tell whether a request has not reached Telegram, or was turned away unread."""
    return isinstance(error.__cause__, _UNREACHED) or (isinstance(error, NetworkError) and "Too Many Requests" in error.message)


def why(error: BaseException) -> str:
    """Return in Chinese, for staff, what went wrong."""
    for kind, words in _WHY:
        if isinstance(error, kind):
            return words
    if isinstance(error, BadRequest):
        return "Telegram 上没有这个对话。" if "chat not found" in error.message.lower() else "Telegram 不接受这条请求。"
    return "连不上 Telegram。" if surely_not_sent(error) else "Telegram 没有及时应答或应答不正常，可能已送达。"


def _seconds(error: RetryAfter) -> float:
    after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)


def _quiet() -> None:
    """Keep the client's libraries from logging: they write addresses with the token in them, and what was said."""
    for name, level in (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("telegram", logging.CRITICAL + 1)):
        logging.getLogger(name).setLevel(level)
