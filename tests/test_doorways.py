"""The doors as the service joins them: files are fetched and kept, tried again where the platform does not answer, and given up aloud."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest_asyncio
from aiohttp import web

from tests.channels.hall import Hall, Platform, hall_in
from tests.sample_files import png
from zhixun.archive.attachments import Attachments
from zhixun.channels.inbox import Inbox
from zhixun.channels.outbox import Undelivered
from zhixun.channels.ports import Finding
from zhixun.doors import FAILED, WAITING
from zhixun.doorways import FETCHES, Doorways
from zhixun.store import Archive
from zhixun.talk import Talk


@dataclass
class Door:
    """A door whose platform gives a picture, or refuses it as often as the test says."""

    name: str = "wechat"
    carrier: Platform = field(default_factory=Platform)
    refusals: list[Undelivered] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def routes(self, inbox: Inbox) -> list[web.RouteDef]:
        return []

    def running(self, inbox: Inbox) -> contextlib.AbstractAsyncContextManager[None]:
        return contextlib.nullcontext()

    async def fetch(self, account: str, media: str) -> AsyncIterator[bytes]:
        self.asked.append(media)
        if self.refusals:
            raise self.refusals.pop(0)
        yield png()

    async def check(self) -> Sequence[Finding]:
        return []


@dataclass
class Joined:
    hall: Hall
    door: Door
    ways: Doorways

    async def kinds(self, number: str) -> list[str]:
        return [entry.kind for entry in await self.hall.office.entries(number)]


@pytest_asyncio.fixture
async def joined(tmp_path: Path) -> AsyncIterator[Joined]:
    async with hall_in(tmp_path) as hall:
        office, door = hall.office, Door()
        files = Attachments(office.database, office.journal, tmp_path / "attachments", office.site.phrases["attached"])
        archive: Any = SimpleNamespace(
            database=office.database, journal=office.journal, clock=office.clock, attachments=files, receipts=office.receipts
        )
        talk: Any = SimpleNamespace(arrivals=hall.arrivals, turns=office.turns, consultations=office.consultations, ratings=office.ratings)
        ways = Doorways([door], cast("Archive", archive), cast("Talk", talk), office.woken.append, office.woken.append, office.site)
        async with ways.running():
            yield Joined(hall, door, ways)


async def _picture(joined: Joined) -> str:
    stored = await joined.ways.inbox.take([joined.hall.word("[图片]", form="file", media="m-1", name="图片")])
    await joined.ways.inbox.finish()
    return stored[0].consultation


async def test_a_picture_is_fetched_and_kept_once(joined: Joined) -> None:
    number = await _picture(joined)
    await joined.ways.fetch_offered()
    assert joined.door.asked == ["m-1"]
    assert [kind for kind in await joined.kinds(number) if kind in ("attached", "file_taken")] == ["attached", "file_taken"]


async def test_a_platform_that_does_not_answer_is_asked_again_and_then_the_citizen_is_told(joined: Joined) -> None:
    joined.door.refusals = [Undelivered("连接平台时中断", WAITING) for _ in range(FETCHES)]
    number = await _picture(joined)
    for _ in range(FETCHES - 2):
        await joined.ways.fetch_offered()
    assert "file_lost" not in await joined.kinds(number)
    await joined.ways.fetch_offered()
    assert "file_lost" in await joined.kinds(number)
    told = [(entry.private or {}).get("text", "") for entry in await joined.hall.office.entries(number) if entry.kind == "said"]
    assert any("没有取到（连接平台时中断）" in str(text) for text in told)
    await joined.ways.fetch_offered()
    assert len(joined.door.asked) == FETCHES


async def test_what_the_platform_has_thrown_away_is_told_at_once(joined: Joined) -> None:
    joined.door.refusals = [Undelivered("文件已过期", FAILED)]
    assert "file_lost" in await joined.kinds(await _picture(joined))


async def test_without_doors_nothing_is_kept_going(tmp_path: Path) -> None:
    async with hall_in(tmp_path) as hall:
        office = hall.office
        archive: Any = SimpleNamespace(database=office.database, journal=office.journal, clock=office.clock, receipts=office.receipts)
        talk: Any = SimpleNamespace(arrivals=hall.arrivals, turns=office.turns, consultations=office.consultations, ratings=office.ratings)
        ways = Doorways([], cast("Archive", archive), cast("Talk", talk), office.woken.append, office.woken.append, office.site)
        assert (list(ways.keepers()), ways.routes()) == ([], [])
