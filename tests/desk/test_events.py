"""What open pages hear of: that the queue or a consultation changed, who else is there, and nothing of any consultation itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.conversation.hands import waiting
from tests.support import Office, until
from zhixun.desk import events as module
from zhixun.desk.events import Events, Listener
from zhixun.messages import Event, To


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is gathered in one breath is gathered in no time."""
    monkeypatch.setattr(module, "_GATHER_SECONDS", 0)


@asynccontextmanager
async def _watching(office: Office) -> AsyncIterator[Events]:
    """Give events that watch; every act in the office wakes them."""
    rung: list[str] = []
    events = Events(office.database, rung.append)
    events.rung = rung  # type: ignore[attr-defined]
    before = events._waiting
    task = asyncio.create_task(events.watch())
    try:
        await until(lambda: events._waiting is not before)
        yield events
    finally:
        task.cancel()
        await asyncio.wait([task])


class Page:
    """An open page, and what it was told."""

    def __init__(self, events: Events, listener: Listener) -> None:
        self.listener = listener
        self._told = events.messages(listener)
        self.quiet: list[tuple[str, str]] = []

    async def next(self) -> tuple[str, str]:
        """Return the next event and its data."""
        async with asyncio.timeout(20):
            name, data = (await anext(self._told)).decode().strip().split("\n")
        return name.removeprefix("event: "), data.removeprefix("data:").strip()

    async def through(self, last: str = "people") -> list[tuple[str, str]]:
        """Return all up to the next `last`; a page is always told who is there at the end."""
        found = [await self.next()]
        while found[-1][0] != last:
            found.append(await self.next())
        return found


async def _changed(office: Office, events: Events, *numbers: str) -> None:
    """Wake, and let the watcher look."""
    before = events._waiting
    for number in numbers:
        events.wake(number)
    await until(lambda: not events._bell.is_set() and not events._touched and events._waiting is not before)


async def test_a_page_is_first_told_who_is_there(office: Office) -> None:
    async with _watching(office) as events:
        with events.listen("wang", "王芳", "") as listener:
            assert await Page(events, listener).next() == ("people", "")


async def test_who_waits_newly_is_told_to_everybody(office: Office) -> None:
    async with _watching(office) as events:
        with events.listen("wang", "王芳", "") as one, events.listen("li", "李明", "") as other:
            pages = [Page(events, one), Page(events, other)]
            for page in pages:
                await page.next()
            number = await waiting(office)
            await _changed(office, events, number)
            for page in pages:
                (queue, _), (notice, data), _ = await page.through()
                assert (queue, notice) == ("queue", "notice")
                assert json.loads(data) == {"title": "有人在等待人工", "body": number, "url": f"/desk/cases/{number}", "sound": True}


async def test_two_changes_before_a_page_has_its_turn_lose_no_notice(office: Office) -> None:
    async with _watching(office) as events:
        with events.listen("wang", "王芳", "") as listener:
            page = Page(events, listener)
            await page.next()
            numbers = []
            for _ in range(3):
                numbers.append(await waiting(office))
                await _changed(office, events, numbers[-1])
            told = await page.through()
    assert [name for name, _ in told] == ["queue", "notice", "notice", "notice", "people"]
    assert [json.loads(data)["body"] for name, data in told if name == "notice"] == numbers


async def test_a_page_that_hears_nothing_for_long_keeps_only_the_latest(office: Office) -> None:
    async with _watching(office) as events:
        with events.listen("wang", "王芳", "") as listener:
            for place in range(30):
                events.notify("wang", "提到了您", f"ZX-{place}")
            assert [number for _, number in listener.notices] == [f"ZX-{place}" for place in range(10, 30)]


async def test_what_changed_before_a_page_was_opened_is_no_news_to_it(office: Office) -> None:
    async with _watching(office) as events:
        number = await waiting(office)
        await _changed(office, events, number)
        with events.listen("wang", "王芳", "") as listener:
            page = Page(events, listener)
            await page.next()
            events.notify("wang", "提到了您", "ZX-1")
            assert [name for name, _ in await page.through()] == ["notice", "people"]


async def test_what_goes_back_to_the_queue_is_news_and_a_claim_is_none(office: Office) -> None:
    async with _watching(office) as events:
        number = await waiting(office)
        await _changed(office, events, number)
        with events.listen("wang", "王芳", "") as listener:
            page = Page(events, listener)
            await page.next()
            fence = await office.takeover.claim(number, "wang")
            await _changed(office, events, number)
            assert [name for name, _ in await page.through()] == ["queue", "people"]
            await office.takeover.transfer(number, "wang", fence, To("", "li", "李明"), "专业问题")
            await _changed(office, events, number)
            assert [name for name, _ in await page.through()] == ["queue", "notice", "people"]


async def test_the_citizen_s_next_words_are_told_to_whoever_has_it(office: Office) -> None:
    async with _watching(office) as events:
        number = await waiting(office)
        await office.takeover.claim(number, "wang")
        await _changed(office, events, number)
        with events.listen("wang", "王芳", "") as mine, events.listen("li", "李明", "") as other:
            pages = [Page(events, mine), Page(events, other)]
            for page in pages:
                await page.next()
            await office.turns.say(number, "还在吗")
            await _changed(office, events, number)
            told = [await page.through() for page in pages]
    assert [[name for name, _ in one] for one in told] == [["queue", "notice", "people"], ["queue", "people"]]
    assert json.loads(told[0][1][1])["title"] == "咨询人有新消息"


async def test_a_limit_that_has_run_out_is_told_to_everybody_once(office: Office) -> None:
    async with _watching(office) as events:
        number = await waiting(office)
        await _changed(office, events, number)
        with events.listen("wang", "王芳", "") as listener:
            page = Page(events, listener)
            await page.next()
            for told in ("first:warn", "first:over", "first:over,solution:warn"):
                await office.add(number, Event("escalated", "zhixun", {"told": told}))
                await _changed(office, events, number)
            found = await page.through()
    assert [json.loads(data)["title"] for name, data in found if name == "notice"] == ["已超过时限，请尽快处理"]


async def test_a_page_hears_of_its_own_consultation_alone(office: Office) -> None:
    """Also of one with which the program talks, and which no queue knows."""
    async with _watching(office) as events:
        mine, other = await office.open(), await office.open()
        with events.listen("wang", "王芳", mine) as listener:
            page = Page(events, listener)
            assert [(await page.next())[0] for _ in range(2)] == ["people", "people"]
            events.wake(other)
            events.wake(mine)
            assert [name for name, _ in await page.through()] == ["case", "people"]
            events.wake(other)
            await until(lambda: not events._touched)
            assert not listener.bell.is_set()


async def test_no_words_of_anybody_are_on_the_stream(office: Office) -> None:
    async with _watching(office) as events:
        number = await waiting(office)
        fence = await office.takeover.claim(number, "wang")
        await _changed(office, events, number)
        with events.listen("wang", "王芳", number) as listener:
            page = Page(events, listener)
            told = [await page.next(), await page.next()]
            await office.turns.say(number, "我的蓝莓果酱配方 13897123456")
            await office.takeover.say(number, "wang", fence, "蓝莓果酱可以申请", once="1")
            await _changed(office, events, number)
            told += await page.through()
    assert "蓝莓" not in str(told)
    assert "13897123456" not in str(told)
    assert {name for name, _ in told} == {"people", "queue", "case", "notice"}


async def test_colleagues_at_the_same_consultation_are_named_to_each_other(office: Office) -> None:
    async with _watching(office) as events:
        with events.listen("wang", "王芳", "ZX-1") as listener:
            page = Page(events, listener)
            assert await page.next() == ("people", "")
            with events.listen("li", "李明<b>", "ZX-1"), events.listen("li", "李明<b>", "ZX-1"), events.listen("qian", "钱", "ZX-2"):
                assert await page.next() == ("people", "李明&lt;b&gt; 也在看这件咨询")
                events.typing("ZX-1", "li")
                assert await page.next() == ("people", "李明&lt;b&gt;（正在输入） 也在看这件咨询")
            assert await page.next() == ("people", "")


async def test_writing_is_told_to_the_citizen_and_ends_by_itself(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    async with _watching(office) as events:
        events.typing("ZX-1", "wang")
        assert not events.is_typing("ZX-1")  # nobody of this name has it open
        with events.listen("wang", "王芳", "ZX-1"):
            events.typing("ZX-1", "wang")
            assert (events.is_typing("ZX-1"), events.is_typing("ZX-2")) == (True, False)
            now[0] += 7
            assert not events.is_typing("ZX-1")
            events.typing("ZX-1", "wang")
        assert not events.is_typing("ZX-1")
        assert events.rung == ["ZX-1"] * 3  # type: ignore[attr-defined]


async def test_who_has_a_page_open_is_there(office: Office) -> None:
    async with _watching(office) as events:
        with events.listen("wang", "王芳", ""), events.listen("wang", "王芳", "ZX-1"), events.listen("li", "李明", ""):
            assert events.present() == {"li": "李明", "wang": "王芳"}
        assert events.present() == {}


async def test_one_person_is_told_on_every_page_that_is_open(office: Office) -> None:
    async with _watching(office) as events:
        with events.listen("wang", "王芳", "") as one, events.listen("wang", "王芳", "ZX-2") as two, events.listen("li", "李明", "") as other:
            events.notify("wang", "提到了您", "ZX-1")
            for listener in (one, two):
                page = Page(events, listener)
                await page.next()
                (name, data), *_ = await page.through()
                assert (name, json.loads(data)["title"]) == ("notice", "提到了您")
            assert not other.notices


async def test_an_idle_stream_breathes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BREATH_SECONDS", 0)
    async with _watching(office) as events:
        with events.listen("wang", "王芳", "") as listener:
            told = events.messages(listener)
            await anext(told)
            assert [await anext(told) for _ in range(2)] == [b": breath\n\n"] * 2


async def test_a_busy_store_silences_nobody_for_ever(office: Office) -> None:
    async with _watching(office) as events:
        number = await waiting(office)
        await _changed(office, events, number)
        with events.listen("wang", "王芳", number) as listener:
            page = Page(events, listener)
            await page.next()
            office.sql("ALTER TABLE consultations RENAME TO elsewhere")
            events.wake(number)
            await until(lambda: events._touched and not events._bell.is_set())
            office.sql("ALTER TABLE elsewhere RENAME TO consultations")
            another = await waiting(office)
            await _changed(office, events, another)
            assert [name for name, _ in await page.through()] == ["queue", "case", "notice", "people"]


async def test_a_store_that_is_busy_at_the_start_silences_nobody_either(office: Office) -> None:
    number = await waiting(office)
    events = Events(office.database, lambda _: None)
    office.sql("ALTER TABLE consultations RENAME TO elsewhere")
    watch = asyncio.create_task(events.watch())
    try:
        with events.listen("wang", "王芳", "") as listener:
            page = Page(events, listener)
            await page.next()
            await until(events._bell.is_set)
            await until(lambda: not events._bell.is_set())
            events.wake("ZX-1")
            await until(lambda: not events._bell.is_set() and events._touched)
            assert (watch.done(), events.waiting) == (False, 0)
            office.sql("ALTER TABLE elsewhere RENAME TO consultations")
            events.wake(number)
            assert [name for name, _ in await page.through()] == ["queue", "people"], "what waited before is no news"
            assert events.waiting == 1
            another = await waiting(office)
            events.wake(another)
            assert [name for name, _ in await page.through()] == ["queue", "notice", "people"]
    finally:
        watch.cancel()
        await asyncio.wait([watch])
