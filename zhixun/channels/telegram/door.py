"""The door itself: takes what Telegram brings, fetches files, and keeps its tasks running."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web
from telegram.error import BadRequest, TelegramError

from zhixun.channels.inbox import Inbox
from zhixun.channels.outbox import Undelivered
from zhixun.channels.ports import Finding
from zhixun.channels.telegram.access import PATH, Access
from zhixun.channels.telegram.carrier import TelegramCarrier
from zhixun.channels.telegram.checks import checked
from zhixun.channels.telegram.line import TOTAL_SECONDS, Line, undelivered
from zhixun.channels.telegram.listener import Listener
from zhixun.channels.telegram.notices import StaffNotices
from zhixun.channels.telegram.updates import group_joined, parse, read
from zhixun.doors import FAILED

__all__ = ["HEADER", "MOST_BYTES", "TelegramDoor"]

HEADER = "X-Telegram-Bot-Api-Secret-Token"
MOST_BYTES = 1024 * 1024
"""The largest update: a message and the one that it answers, each with its letters escaped, are a tenth of it."""
BODY_SECONDS = 10
FILE_SECONDS = 60
_FILES_AT_ONCE = 2
_LAST_SECONDS = 2

_log = logging.getLogger(__name__)


class TelegramDoor:
    """The door of one bot.

    Args:
        pause: waits so many seconds, between attempts.

    Attributes:
        notices: tells the group of staff who waits; None without such a group.
    """

    name = "telegram"

    def __init__(self, access: Access, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._access = access
        self._pause = pause
        self._line = Line(access)
        self._tapped: set[asyncio.Task[None]] = set()
        self._files = asyncio.Semaphore(_FILES_AT_ONCE)
        self.carrier = TelegramCarrier(self._line.bot, access.account)
        self.notices = (
            None if access.staff_chat is None else StaffNotices(self._line.bot, access.staff_chat, access.public_url, pause)
        )

    def routes(self, inbox: Inbox) -> list[web.RouteDef]:
        """Return the address that Telegram calls; none where it is asked for updates."""

        async def receive(request: web.Request) -> web.Response:
            return await self._receive(request, inbox)

        return [] if self._access.polling else [web.post(PATH, receive)]

    @contextlib.asynccontextmanager
    async def running(self, inbox: Inbox) -> AsyncIterator[None]:
        """Hold the line open, and have updates come."""
        listener = Listener(self._line.bot, self._access, lambda update: self._take(update, inbox), self._pause)
        async with self._line:
            works = [listener.run(), *([self.notices.run()] if self.notices else [])]
            tasks = [asyncio.create_task(work) for work in works]
            try:
                yield
            finally:
                if self._tapped:
                    await asyncio.wait(self._tapped, timeout=_LAST_SECONDS)
                for task in (*tasks, *self._tapped):
                    task.cancel()
                await asyncio.gather(*tasks, *self._tapped, return_exceptions=True)

    async def fetch(self, account: str, media: str) -> AsyncIterator[bytes]:
        """Give the bytes of a file that a citizen sent.

        Raises:
            Undelivered: it came by another bot, is larger than Telegram gives to bots, or cannot be had now.
        """
        if account != self._access.account:
            raise Undelivered("文件是发给以前的另一个机器人的", FAILED)
        try:
            async with self._files, asyncio.timeout(FILE_SECONDS):
                file = await self._line.bot.get_file(media)
                # The client would also read a file of this machine, if its path were given.
                if not (file.file_path or "").startswith(f"{self._access.api_url}/file/"):
                    raise Undelivered("Telegram 没有给出文件", FAILED)
                content = bytes(await file.download_as_bytearray())
        except BadRequest as error:
            large = "too big" in error.message
            raise Undelivered("文件超过 20 MB，Telegram 不让机器人下载" if large else "Telegram 上已经没有这个文件", FAILED) from error
        except (TelegramError, TimeoutError) as error:
            raise Undelivered("从 Telegram 下载没有成功", undelivered(error).standing) from error
        yield content

    async def check(self) -> Sequence[Finding]:
        """Try the credentials against Telegram, and tell what works and what does not."""
        return await checked(self._access)

    async def _receive(self, request: web.Request, inbox: Inbox) -> web.Response:
        """Take one update; whatever is not answered with 2xx, Telegram brings again.

        Raises:
            TryLater: it could not be stored.
        """
        given = request.headers.get(HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._access.secret.encode()):
            return web.Response(status=403)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                # The application's bound is that of a citizen's words; an update tells more, and must not be refused for ever.
                update = parse(await request.clone(client_max_size=MOST_BYTES).read())
        except TimeoutError:
            return web.Response(status=408)
        except ValueError:
            return web.Response(status=400)
        await self._take(update, inbox)
        return web.Response()

    async def _take(self, update: Mapping[str, Any], inbox: Inbox) -> None:
        heard = read(update, self._access.account)
        if heard is None:
            if (group := group_joined(update)) is not None:
                # How else would an operator learn the number of the staff's group?
                _log.warning("the bot is in the group %d now; to tell staff there, set ZHIXUN_TELEGRAM_STAFF_CHAT to it", group)
            return
        if heard.tap is None:
            await inbox.take(heard.batch)
            return
        tap, one = heard.tap, heard.batch[0]
        # Without its title nobody knows of which consultation the button was; then words must be asked for.
        words = tap.title and (await inbox.choice(self.name, one.account, one.peer, tap.place, tap.title) or tap.title)
        await inbox.take([replace(one, text=words) if words else replace(one, reply="text_only")])
        task = asyncio.create_task(self._answer(tap.id))
        self._tapped.add(task)
        task.add_done_callback(self._tapped.discard)

    async def _answer(self, tap: str) -> None:
        """Tell Telegram that a touch was taken, so that the button stops waiting; what fails here hurts nobody."""
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                await self._line.bot.answer_callback_query(tap)
        except (TelegramError, TimeoutError) as error:
            _log.info("a touch was not answered: %s", type(error).__name__)
