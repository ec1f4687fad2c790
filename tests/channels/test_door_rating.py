"""Ratings by the doors of other platforms: asked once, with the receipt, and never taken for a new consultation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.channels.hall import ACCOUNT, DAYS_2, DOOR, Hall, hall_in
from tests.channels.telegram_hall import Station, station_in
from tests.channels.wechat_town import FAN, Town, town_in
from tests.channels.wecom_service import Service, opened
from tests.doubles.wechat import PLAIN
from tests.support import Office
from zhixun.archive.rebuild import rebuild
from zhixun.archive.verify import verify_case
from zhixun.names import INDICATORS, SCALE

FIVE = dict(zip(INDICATORS, (5, 5, 4, 5, 4), strict=True))
ASKED = "请给"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall_in(tmp_path) as joined:
        yield joined


async def ratings(office: Office, number: str) -> list[tuple[str, dict[str, int]]]:
    """Return what stands in the journal: subject and scores, in order."""
    return [(str(one.open["subject"]), dict(one.open["scores"])) for one in await office.entries(number) if one.kind == "rated"]


async def _ended(hall: Hall, **more: object) -> str:
    """Return a consultation that the program answered and that the citizen has ended."""
    await hall.say("商标异议期多久", "1", **more)
    return await hall.say("结束", "2", **more)


async def _ended_by_staff(hall: Hall) -> str:
    await hall.say("商标异议期多久", "1")
    number = await hall.say("转人工", "2")
    fence = await hall.office.takeover.claim(number, "wang")
    await hall.office.takeover.say(number, "wang", fence, "三个月。", once="1")
    await hall.settle()
    await hall.office.takeover.close(number, "wang", fence, "answered", "已答复")
    await hall.settle()
    return number


async def test_the_receipt_asks_once_and_costs_no_message_of_its_own(hall: Hall) -> None:
    number = await _ended(hall, allows=(5, DAYS_2))
    told = hall.platform.texts("citizen-a")
    assert [ASKED in text for text in told] == [False, True]
    assert number in told[-1]
    assert "智能助手" in told[-1]
    assert all(f"{place} {word}" in told[-1] for place, word in enumerate(SCALE, 1))


async def test_five_digits_after_the_end_are_a_rating_and_no_new_consultation(hall: Hall) -> None:
    number = await _ended(hall)
    assert await hall.say("55454", "3") == number
    assert await ratings(hall.office, number) == [("bot", FIVE)]
    assert hall.platform.texts("citizen-a")[-1] == hall.office.site.phrases["rating_thanks"]
    assert hall.office.sql("SELECT count(*) FROM consultations WHERE channel=?", DOOR) == [(1,)]
    assert await verify_case(hall.office.journal, hall.office.folder / "archive", number) == ()


async def test_one_digit_is_the_general_score_and_the_others_are_missing(hall: Hall) -> None:
    number = await _ended(hall)
    await hall.say("4", "3")
    assert await ratings(hall.office, number) == [("bot", {"satisfaction": 4})]


async def test_who_was_closed_for_silence_is_asked_as_well(hall: Hall) -> None:
    await hall.say("商标异议期多久")
    hall.office.clock.turn_by(timedelta(minutes=31))
    await hall.office.consultations.close_idle()
    await hall.settle()
    assert ASKED in hall.platform.texts("citizen-a")[-1]


async def test_where_staff_spoke_they_are_rated_first_and_then_the_program(hall: Hall) -> None:
    number = await _ended_by_staff(hall)
    assert f"{ASKED}人工服务" in hall.platform.texts("citizen-a")[-1]
    await hall.say("5", "3")
    assert f"{ASKED}智能助手" in hall.platform.texts("citizen-a")[-1]
    await hall.say("33333", "4")
    assert await ratings(hall.office, number) == [("staff", {"satisfaction": 5}), ("bot", dict.fromkeys(INDICATORS, 3))]
    assert hall.platform.texts("citizen-a")[-1] == hall.office.site.phrases["rating_thanks"]


async def test_two_touches_on_the_same_question_rate_once(hall: Hall) -> None:
    number = await _ended_by_staff(hall)
    (closed,) = [entry.seq for entry in await hall.office.entries(number) if entry.kind == "closed"]
    words = await hall.inbox.choice(DOOR, ACCOUNT, "citizen-a", f"{closed}.4")
    await asyncio.gather(*(hall.inbox.take([hall.word(words, f"tap-{place}", form="choice")]) for place in range(4)))
    await hall.settle()
    assert await ratings(hall.office, number) == [("staff", {"satisfaction": 5})]
    again = [text for text in hall.platform.texts("citizen-a") if hall.office.site.phrases["rating_again"] in text]
    assert len(again) == 1


async def test_the_same_rating_delivered_again_changes_nothing(hall: Hall) -> None:
    number = await _ended_by_staff(hall)
    await hall.say("5", "3")
    before = await hall.office.entries(number)
    assert await hall.say("5", "3") == number
    assert await hall.office.entries(number) == before


@pytest.mark.parametrize("text", ["55450", "12345", "我有5个商标", "还有个问题", "满意吗", "6"])
async def test_whatever_is_not_clearly_a_rating_opens_a_new_consultation(hall: Hall, text: str) -> None:
    number = await _ended(hall)
    assert await hall.say(text, "3") != number
    assert await ratings(hall.office, number) == []


async def test_after_two_days_a_digit_is_a_question_again(hall: Hall) -> None:
    number = await _ended(hall)
    hall.office.clock.turn_by(timedelta(hours=48, seconds=1))
    assert await hall.say("55454", "3") != number
    assert await ratings(hall.office, number) == []


async def test_who_goes_on_with_a_new_matter_rates_nothing_by_numbers(hall: Hall) -> None:
    number = await _ended(hall)
    new = await hall.say("那外观呢", "3")
    assert await hall.say("5", "4") == new
    assert await ratings(hall.office, number) == []


async def test_who_has_rated_on_a_page_is_not_asked_any_more(hall: Hall) -> None:
    number = await hall.say("商标异议期多久", "1")
    await hall.office.ratings.rate(number, FIVE, "")
    await hall.say("结束", "2")
    assert ASKED not in hall.platform.texts("citizen-a")[-1]


async def test_a_low_score_by_a_door_is_to_be_set_right(hall: Hall) -> None:
    number = await _ended(hall)
    await hall.say("2", "3")
    assert hall.office.sql("SELECT origin, standing FROM correctives WHERE consultation=?", number) == [("rating", "analysing")]
    assert await verify_case(hall.office.journal, hall.office.folder / "archive", number) == ()


async def test_a_rebuild_gives_the_same_rows(hall: Hall) -> None:
    number = await _ended_by_staff(hall)
    await hall.say("1", "3")
    await hall.say("55454", "4")
    tables = ("consultations", "inbox", "outbox", "correctives")
    before = {table: sorted(hall.office.sql(f"SELECT * FROM {table}")) for table in tables}
    await rebuild(hall.office.journal, hall.office.folder / "archive", hall.office.sealer)
    assert {table: sorted(hall.office.sql(f"SELECT * FROM {table}")) for table in tables} == before
    assert before["correctives"][0][1] == number


# --- In each platform's own buttons -----------------------------------------------------------------------------------------


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with town_in(tmp_path, PLAIN) as joined:
        yield joined


async def test_in_wechat_the_question_comes_in_the_answer_itself_and_a_digit_rates(town: Town) -> None:
    await town.pusher.say(FAN, "商标异议期多久")
    number = await town.number()
    shown = (await town.pusher.say(FAN, "结束咨询")).shown
    assert ASKED in shown
    assert "5 非常满意" in shown
    assert (await town.pusher.say(FAN, "5")).shown == town.office.site.phrases["rating_thanks"]
    assert await ratings(town.office, number) == [("bot", {"satisfaction": 5})]
    assert await town.number() == number


async def test_in_wechat_closed_by_silence_the_choices_are_touched(town: Town) -> None:
    await town.pusher.say(FAN, "商标异议期多久")
    number = await town.number()
    town.office.clock.turn_by(timedelta(minutes=31))
    await town.office.consultations.close_idle()
    await town.hall.settle()
    menu = town.wechat.shown_menus[-1]["list"]
    assert [one["content"] for one in menu] == list(SCALE)
    await town.pusher.push(FAN, "text", Content=menu[3]["content"], bizmsgmenuid=menu[3]["id"])
    assert await ratings(town.office, number) == [("bot", {"satisfaction": 4})]


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with opened(tmp_path) as joined:
        yield joined


async def test_in_wecom_the_menu_is_touched(service: Service) -> None:
    await service.said("wm-a", "商标异议期多久")
    number = await service.number("wm-a")
    (last,) = await service.said("wm-a", "结束")
    assert ASKED in last
    service.wecom.taps("wm-a", 4)
    await service.pulled()
    assert await ratings(service.office, number) == [("bot", {"satisfaction": 5})]
    assert service.wecom.seen("wm-a")[-1] == service.office.site.phrases["rating_thanks"]
    assert await service.number("wm-a") == number


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    async with station_in(tmp_path) as joined:
        yield joined


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
async def test_in_telegram_the_buttons_are_touched(station: Station) -> None:
    await station.hears(station.double.says("商标异议期多久"))
    number, office = await station.number(), station.hall.office
    await station.hears(station.double.says("结束"))
    assert ASKED in station.double.texts()[-1]
    await station.hears(station.double.taps("非常满意"))
    assert await ratings(office, number) == [("bot", {"satisfaction": 5})]
    assert station.double.texts()[-1] == office.site.phrases["rating_thanks"]
    assert await station.number() == number
