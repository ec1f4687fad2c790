"""Where Telegram cannot reach us, it is asked: what was not stored is not confirmed, and comes again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.channels.hall import join_hall
from tests.channels.telegram_hall import PUBLIC, Station, station_in
from tests.doubles.telegram import Trouble, flood
from tests.support import until
from zhixun.channels.telegram.door import TelegramDoor

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    async with station_in(tmp_path, polling=True, secret="", public_url="", running=False) as joined:
        yield joined


async def _asked(station: Station, engine_texts: int) -> None:
    await until(lambda: len(station.hall.office.engine.texts) >= engine_texts)
    await station.hall.settle()


async def test_what_waits_is_fetched_in_order_and_confirmed_after_it_was_stored(station: Station) -> None:
    updates = [station.double.says(f"问题{place}") for place in range(5)]
    for update in updates:
        station.double.wait(update)
    async with station.door.running(station.hall.inbox):
        await _asked(station, 5)
        station.double.wait(station.double.says("还有一个"))
        await _asked(station, 6)
        await until(lambda: not station.double.pending)
    assert station.hall.office.engine.texts == [*(f"问题{place}" for place in range(5)), "还有一个"]
    assert station.double.offsets[:2] == [0, updates[-1]["update_id"] + 1]


async def test_a_webhook_is_taken_away_first(station: Station) -> None:
    station.double.webhook = {"url": f"{PUBLIC}/channels/telegram"}
    station.double.wait(station.double.says("商标异议期多久"))
    async with station.door.running(station.hall.inbox):
        await _asked(station, 1)
    assert station.double.webhook == {}
    assert station.double.calls[:2] == ["deletewebhook", "getupdates"]


async def test_what_cannot_be_stored_now_is_asked_for_again(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    station.hall.office.database._patience = 0.01
    station.double.wait(station.double.says("商标异议期多久"))
    station.pauses.gate.clear()
    async with station.door.running(station.hall.inbox):
        async with station.hall.office.database.write():
            await until(lambda: station.pauses.taken)
        assert station.double.pending
        station.pauses.gate.set()
        await _asked(station, 1)
        await until(lambda: not station.double.pending)
    assert station.hall.office.engine.texts == ["商标异议期多久"]
    assert station.double.offsets[:2] == [0, 0]
    assert "存储正忙" in caplog.text


async def test_a_batch_that_stops_in_its_middle_is_known_again_as_far_as_it_was_stored(station: Station) -> None:
    station.double.wait(station.double.says("第一个"))
    station.double.wait({"update_id": station.double.says("x")["update_id"], "message": station.double.message(text="第二个")})
    # What broke off after the first was stored is asked for from the second on.
    station.double.trouble("getUpdates", Trouble(breaks="after"))
    async with station.door.running(station.hall.inbox):
        await _asked(station, 2)
    assert station.hall.office.engine.texts == ["第一个", "第二个"]


async def test_the_next_process_goes_on_where_the_last_one_stopped(station: Station) -> None:
    station.double.wait(station.double.says("商标异议期多久"))
    async with station.door.running(station.hall.inbox):
        await _asked(station, 1)
    # Whether or not the last process could confirm it: it is known again.
    station.double.wait(station.double.says("那外观呢"))
    door = TelegramDoor(station.access, station.pauses)
    hall = join_hall(station.hall.office, {"telegram": door.carrier})
    async with door.running(hall.inbox):
        await _asked(station, 2)
        await hall.settle()
    assert station.hall.office.engine.texts == ["商标异议期多久", "那外观呢"]


async def test_after_errors_it_waits_longer_each_time_and_as_long_as_telegram_says(
    station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    bad = Trouble(502, "Bad Gateway")
    station.double.trouble("getUpdates", *[bad] * 8, flood(90), bad)
    station.double.wait(station.double.says("商标异议期多久"))
    async with station.door.running(station.hall.inbox):
        await _asked(station, 1)
    assert station.pauses.taken == [1, 2, 4, 8, 16, 32, 60, 60, 90, 60]
    # Each kind of failure is told once, and that it is over.
    assert len(caplog.records) == 4
    assert "answers again" in caplog.text


async def test_after_a_success_the_pauses_are_short_again(station: Station) -> None:
    bad = Trouble(502, "Bad Gateway")
    station.double.trouble("getUpdates", bad, bad)
    station.double.wait(station.double.says("商标异议期多久"))
    async with station.door.running(station.hall.inbox):
        await _asked(station, 1)
        station.double.trouble("getUpdates", bad)
        station.double.wait(station.double.says("那外观呢"))
        await _asked(station, 2)
        await until(lambda: len(station.pauses.taken) == 3)
    assert station.pauses.taken == [1, 2, 1]


async def test_two_programs_with_one_token_are_explained(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    words = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    station.double.trouble("getUpdates", Trouble(409, words))
    station.double.wait(station.double.says("商标异议期多久"))
    async with station.door.running(station.hall.inbox):
        await _asked(station, 1)
    assert "同一机器人只能有一处收消息" in caplog.text
    # Somebody may have set a webhook: it is taken away again.
    assert station.double.calls.count("deletewebhook") == 2


async def test_a_webhook_that_somebody_sets_meanwhile_is_taken_away(station: Station) -> None:
    async with station.door.running(station.hall.inbox):
        await until(lambda: station.double.offsets)
        station.double.webhook = {"url": "https://elsewhere.example.cn/hook"}
        station.double.wait(station.double.update(message=station.double.message(pinned_message={})))
        await until(lambda: station.double.webhook == {})
        station.double.wait(station.double.says("商标异议期多久"))
        await _asked(station, 1)


async def test_it_stops_while_it_waits_for_updates(station: Station) -> None:
    async with asyncio.timeout(5), station.door.running(station.hall.inbox):
        await until(lambda: station.double.offsets)


async def test_a_touch_by_polling_is_words_too(station: Station) -> None:
    async with station.door.running(station.hall.inbox):
        station.double.wait(station.double.says("/start"))
        await until(lambda: station.double.sent or not station.double.pending)
        await until(lambda: station.hall.office.sql("SELECT 1 FROM outbox"))
        await station.hall.settle()
        quick = station.hall.office.site.quick[0]
        station.double.wait(station.double.taps(quick["title"]))
        await _asked(station, 1)
        await until(lambda: station.double.answered)
    assert await station.said() == [(quick["payload"], "choice")]
