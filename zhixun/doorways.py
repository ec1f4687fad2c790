"""Joins the doors to other platforms with the conversation, the archive and the settings."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import sqlalchemy as sa
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.channels.inbox import Inbox
from zhixun.channels.outbox import Outbox, Undelivered
from zhixun.channels.ports import Door
from zhixun.channels.telegram.access import access_of as telegram_access
from zhixun.channels.telegram.door import TelegramDoor
from zhixun.channels.tencent.account import read_account
from zhixun.channels.wechat.door import WeChatDoor
from zhixun.channels.wecom.door import WeComDoor
from zhixun.channels.wecom.ending import Endings
from zhixun.channels.wecom.handing import HandingOver
from zhixun.database import consultations, journal
from zhixun.doors import WAITING
from zhixun.errors import ZhixunError
from zhixun.group_news import GroupNews
from zhixun.knowledge.site import Site
from zhixun.messages import Event, Reply
from zhixun.outgoing import tell
from zhixun.settings import Settings
from zhixun.store import Archive
from zhixun.talk import Talk
from zhixun.wechat_notices import WeChatNotices

__all__ = ["Doorways", "doors_of"]

CARRY_SECONDS = 2
NEWS_SECONDS = 5
FETCH_SECONDS = 30
FETCHES = 5
"""So often a platform that does not answer is asked for a file."""


def doors_of(settings: Settings, archive: Archive) -> list[Door]:
    """Return the doors that the settings open.

    Raises:
        StopNow: settings of a door are missing or wrong.
    """
    doors: list[Door] = []
    wechat = read_account("WECHAT_APP_ID", settings.wechat_app_id, {
        "WECHAT_TOKEN_FILE": settings.wechat_token_file, "WECHAT_AES_KEY_FILE": settings.wechat_aes_key_file,
        "WECHAT_SECRET_FILE": settings.wechat_secret_file,
    }, optional="WECHAT_AES_KEY_FILE")  # fmt: skip
    if wechat is not None:
        doors.append(WeChatDoor(wechat, settings.wechat_api_url, archive.clock))
    wecom = read_account("WECOM_CORP_ID", settings.wecom_corp_id, {
        "WECOM_TOKEN_FILE": settings.wecom_token_file, "WECOM_AES_KEY_FILE": settings.wecom_aes_key_file,
        "WECOM_SECRET_FILE": settings.wecom_secret_file,
    })  # fmt: skip
    if wecom is not None:
        staff_in_wecom = settings.wecom_staff == "wecom"
        doors.append(WeComDoor(wecom, settings.wecom_api_url, archive.database, archive.clock, staff_in_wecom=staff_in_wecom))
    if (telegram := telegram_access(settings)) is not None:
        doors.append(TelegramDoor(telegram))
    return doors


class Doorways:
    """The doors of one service.

    Args:
        wake: tells open windows and pages of a consultation that there is something new. carried: tells the pages of the desk alone
            what became of words that went out.
        template: of the notices that citizens on WeChat can subscribe to; empty for none.
    """

    def __init__(
        self, doors: Sequence[Door], archive: Archive, talk: Talk, wake: Callable[[str], None], carried: Callable[[str], None],
        site: Site, template: str = "",
    ) -> None:  # fmt: skip
        self._doors = {door.name: door for door in doors}
        self._archive = archive
        self._site = site
        self._template = template
        self._wake = wake
        self._tried: Counter[tuple[str, int]] = Counter()
        self._fetching = asyncio.Lock()
        self._talk = talk
        self.outbox = Outbox(
            archive.database, archive.journal, archive.clock, {door.name: door.carrier for door in doors},
            address=talk.arrivals.address, receipt=self._receipt, carried=carried,
        )  # fmt: skip
        self.inbox = Inbox(talk.arrivals, self.outbox, talk.turns.catch_up, wake, self.fetch, talk.consultations.close)

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses that the platforms call."""
        return [route for door in self._doors.values() for route in door.routes(self.inbox)]

    def keepers(self) -> Sequence[tuple[float, Callable[[], Awaitable[object]]]]:
        """Return what is to be done again and again, each with the seconds between."""
        if not self._doors:
            return []
        found: list[tuple[float, Callable[[], Awaitable[object]]]] = [
            (CARRY_SECONDS, self.outbox.carry_due), (CARRY_SECONDS, self.inbox.try_again), (FETCH_SECONDS, self.fetch_offered),
        ]  # fmt: skip
        telegram = self._doors.get("telegram")
        if isinstance(telegram, TelegramDoor) and telegram.notices is not None:
            found.append((NEWS_SECONDS, GroupNews(self._archive.database, self._archive.clock, telegram.notices).look))
        if (notices := self._notices()) is not None:
            found.append((NEWS_SECONDS, notices.catch_up))
        wecom = self._doors.get("wecom")
        if isinstance(wecom, WeComDoor):
            there = (self._archive.database, self._archive.clock, wecom, self._talk.arrivals.address)
            # Where the desk has the citizens, staff may take one in WeCom's client all the same.
            found.append((NEWS_SECONDS, Endings(*there, self.inbox.by_staff).look))
            if wecom.staff_in_wecom:
                found.append((CARRY_SECONDS, HandingOver(*there).hand_over_waiting))
        return found

    def _notices(self) -> WeChatNotices | None:
        wechat = self._doors.get("wechat")
        if not (isinstance(wechat, WeChatDoor) and self._template and self._site.wechat_notice):
            return None
        return WeChatNotices(
            self._archive.database, self._archive.journal, self._archive.clock, wechat, template=self._template,
            fields=self._site.wechat_notice, office=self._site.office, address=self._talk.arrivals.address, seal=self._talk.seal,
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the doors open; at the end, what is being answered or carried is finished."""
        await self.outbox.settle()
        async with contextlib.AsyncExitStack() as stack:
            for door in self._doors.values():
                await stack.enter_async_context(door.running(self.inbox))
            yield
            await self.inbox.finish()
            await self.outbox.stop()

    async def fetch_offered(self) -> None:
        """Fetch what was offered in open consultations and is not there yet: after a crash, or when the platform did not answer."""
        for number in await self._with_files():
            await self.fetch(number)

    async def fetch(self, number: str) -> None:
        """Fetch the files that were offered in a consultation and are not there yet."""
        async with self._fetching:
            await self._fetch(number)

    async def _fetch(self, number: str) -> None:
        address = await self._talk.arrivals.address(number)
        async with self._archive.database.read() as connection:
            entries = await self._archive.journal.read(connection, number)
        done = {entry.open["of"] for entry in entries if entry.kind in ("file_taken", "file_lost")}
        for entry in entries:
            if entry.kind == "file_offered" and entry.seq not in done and entry.private and address:
                door, known = self._doors[address.door], entry.private
                try:
                    stream = door.fetch(address.account, known["media"])
                    kept = await self._archive.attachments.keep(number, "citizen", known["name"], stream)
                except (Undelivered, ZhixunError) as error:
                    self._tried[number, entry.seq] += 1
                    if isinstance(error, Undelivered) and error.standing == WAITING and self._tried[number, entry.seq] < FETCHES:
                        continue  # the platform did not answer; the next round tries again
                    why = error.words if isinstance(error, Undelivered) else error.message
                    await self._note(number, Event("file_lost", "zhixun", {"of": entry.seq}, {"why": why}))
                else:
                    await self._note(number, Event("file_taken", "zhixun", {"of": entry.seq, "id": kept.id}))

    async def _note(self, number: str, event: Event) -> None:
        why = (event.private or {}).get("why")
        async with self._archive.database.write() as connection:
            await self._archive.journal.append(connection, number, [event])
            if why:
                told = Reply(self._site.phrases["file_lost"].format(why=why.rstrip("。")), kind="notice")
                await tell(connection, self._archive.journal, number, told)
        self._wake(number)

    async def _with_files(self) -> Sequence[str]:
        """Return the open consultations in which files were offered."""
        join = journal.join(consultations, consultations.c.number == journal.c.consultation)
        query = sa.select(consultations.c.number).select_from(join).distinct()
        query = query.where(consultations.c.channel.in_(self._doors), consultations.c.state != "closed", journal.c.kind == "file_offered")
        async with self._archive.database.read() as connection:
            return (await connection.scalars(query)).all()

    async def _receipt(self, connection: AsyncConnection, number: str) -> Reply:
        code = await self._archive.receipts.code(connection, number)
        if not code:
            return Reply("")
        told = self._site.phrases["door_closed"].format(number=number, code=code)
        # In the same message, since platforms count them.
        asked = await self._talk.ratings.ask(connection, number)
        return Reply(f"{told}\n\n{asked.text}", buttons=asked.buttons) if asked else Reply(told)
