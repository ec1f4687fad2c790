"""Pulls what has come in, account by account: a callback only says that there is something, and may get lost.

How far an account was read (its cursor) is written in the same breath as what was read. Whatever is pulled twice is known again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.channels.inbox import Inbox
from zhixun.channels.tencent.api import PlatformError, TencentApi, UnreachableError
from zhixun.channels.wecom.carrier import WeComCarrier
from zhixun.channels.wecom.reading import DOOR, Heard, Lost, read_item, sent_at
from zhixun.channels.wecom.words import BAD_PULL_TOKEN, CONFIGURED
from zhixun.clock import Clock
from zhixun.database import Database
from zhixun.doors import ByStaff, Incoming
from zhixun.remembered import remember, remembered

__all__ = ["PAUSES", "Puller"]

_log = logging.getLogger(__name__)

PAUSES = (1.0, 5.0, 15.0, 60.0, 180.0)
"""How many seconds are waited after each failure in a row; a callback ends the wait."""
_TOKEN_LIFE = timedelta(minutes=9, seconds=30)
"""A little less than WeCom says."""
_HISTORY = 3600
"""At the very first pull of an account nothing is taken that is older than so many seconds; WeCom keeps three days."""
_PAGE = 50
"""So many messages are pulled and stored at once: more would keep others waiting, and an answer has its largest size."""


@dataclass(frozen=True, slots=True)
class _Page:
    items: Sequence[Any]
    cursor: str
    more: bool


class Puller:
    """Pulls each account by one task of its own; use it with `async with`.

    Args:
        carrier: is told by which codes somebody may be greeted.
        pauses: the seconds after failures.
    """

    def __init__(
        self, api: TencentApi, carrier: WeComCarrier, database: Database, clock: Clock, inbox: Inbox, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._api = api
        self._carrier = carrier
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._pauses = pauses
        self._storing: set[asyncio.Task[None]] = set()
        self._limits: dict[str, int] = {}
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._wanted: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Puller:
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # What is being stored is stored to its end: a transaction that is torn off would keep the store from others.
        await asyncio.gather(*self._storing, return_exceptions=True)

    def pull(self, account: str, token: str = "") -> None:
        """Have an account pulled in the background.

        Args:
            token: from the callback; without one WeCom allows it seldom.
        """
        if token:
            self._tokens[account] = (token, self._clock.now() + _TOKEN_LIFE)
        self._keep(account, lambda: self._pull(account))

    def begin(self) -> None:
        """Have all accounts pulled, because callbacks may have got lost while the service stood still."""
        self._keep("", self._pull_all)

    async def finish(self) -> None:
        """Wait until everything that was wanted so far has been pulled."""
        while self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._wanted.setdefault(name, asyncio.Event()).set()
        if name not in self._tasks:
            self._tasks[name] = asyncio.get_running_loop().create_task(self._until_done(name, work))

    async def _until_done(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Work until it is done, and again when it was wanted again in the meantime."""
        wanted, failures = self._wanted[name], 0
        while wanted.is_set():
            wanted.clear()
            try:
                await work()
                failures = 0
            except Exception as error:  # whatever a platform answers, pulling must go on
                _log.warning("pulling failed: %s %s", type(error).__name__, error.code if isinstance(error, PlatformError) else "")
                pause = self._pauses[min(failures, len(self._pauses) - 1)]
                failures += 1
                try:
                    await asyncio.wait_for(wanted.wait(), pause)
                except TimeoutError:
                    wanted.set()
        del self._tasks[name]

    async def _pull_all(self) -> None:
        for account in await list_accounts(self._api):
            self.pull(account["open_kfid"])

    async def _pull(self, account: str) -> None:
        cursor, more = await self._cursor(account), True
        # What had come in long before this account was first read has been seen by whoever looked after it until then.
        since = 0 if cursor else int(self._clock.now().timestamp()) - _HISTORY
        while more:
            page = await self._page(account, cursor)
            if page.more and not page.items and page.cursor in ("", cursor):
                raise ValueError("the same page without an end")
            storing = asyncio.get_running_loop().create_task(self._take(account, page, since))
            self._storing.add(storing)
            storing.add_done_callback(self._storing.discard)
            await asyncio.shield(storing)
            cursor, more = page.cursor or cursor, page.more
        self._limits.pop(account, None)

    async def _page(self, account: str, cursor: str) -> _Page:
        """Return the next page; when the token has run out, without it, and when the cursor is not known any more, from the oldest."""
        token, until = self._tokens.get(account, ("", self._clock.now()))
        limit = self._limits.get(account, _PAGE)
        wish = {"cursor": cursor, "token": token if self._clock.now() < until else ""}
        while True:
            body = {name: value for name, value in wish.items() if value}
            try:
                told = await self._api.post("/cgi-bin/kf/sync_msg", {**body, "limit": limit, "voice_format": 0, "open_kfid": account})
            except PlatformError as error:
                if error.code == BAD_PULL_TOKEN and wish["token"]:
                    self._tokens.pop(account, None)
                    wish["token"] = ""
                elif error.code not in CONFIGURED and wish["cursor"]:
                    _log.warning("%s is read from the oldest again: errcode %s", _name(account), error.code)
                    wish["cursor"] = ""
                else:
                    raise
            except UnreachableError:
                # It may have been too much for one answer.
                self._limits[account] = max(1, limit // 2)
                raise
            else:
                items, next_cursor = told.get("msg_list"), told.get("next_cursor")
                return _Page(items if isinstance(items, list) else [], next_cursor if isinstance(next_cursor, str) else "",
                             told.get("has_more") == 1)  # fmt: skip

    async def _take(self, account: str, page: _Page, since: int) -> None:
        """Store a page in its order; the cursor stands in the store with the last of it, and never before.

        Args:
            since: what was sent before then (seconds) is left out.
        """
        batch: list[Incoming] = []
        for item in page.items:
            read = read_item(item, account, self._clock.now()) if sent_at(item) >= since else None
            if isinstance(read, Heard):
                batch.append(await self._understood(read))
            if batch and isinstance(read, ByStaff | Lost):
                await self._inbox.take(batch)
                batch = []
            if isinstance(read, ByStaff):
                await self._inbox.by_staff(read)
            elif isinstance(read, Lost):
                await self._inbox.did_not_arrive(read.once, read.words)
        await self._inbox.take(batch, lambda connection: _keep_cursor(connection, account, page.cursor))

    async def _understood(self, read: Heard) -> Incoming:
        """Return what came in, with the words of the button that was touched."""
        one = read.incoming
        if read.code:
            self._carrier.greet_by(one.account, one.peer, read.code)
        words = await self._inbox.choice(DOOR, one.account, one.peer, read.tapped, one.text) if read.tapped else ""
        return replace(one, text=words) if words else one

    async def _cursor(self, account: str) -> str:
        async with self._database.read() as connection:
            return await remembered(connection, _name(account)) or ""


async def list_accounts(api: TencentApi) -> list[dict[str, Any]]:
    """Return the customer service accounts that the application sees, each with `open_kfid` and perhaps `name`.

    Raises:
        PlatformError, UnreachableError: WeCom does not tell.
    """
    told = (await api.get("/cgi-bin/kf/account/list")).get("account_list")
    return [one for one in told if isinstance(one, dict) and isinstance(one.get("open_kfid"), str)] if isinstance(told, list) else []


async def _keep_cursor(connection: AsyncConnection, account: str, cursor: str) -> None:
    if cursor:
        await remember(connection, _name(account), cursor)


def _name(account: str) -> str:
    return f"{DOOR}.{hashlib.sha256(account.encode()).hexdigest()[:26]}"
