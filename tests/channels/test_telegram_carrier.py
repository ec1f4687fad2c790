"""What is said goes out to Telegram once, whole and with its buttons, and every error has its right meaning."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.channels.telegram_hall import Station
from tests.doubles.telegram import (
    BAD_GATEWAY,
    BLOCKED,
    BOT,
    DEACTIVATED,
    LOST_AFTER,
    NO_CHAT,
    SILENT,
    Telegram,
    Trouble,
    flood,
    migrated,
)
from zhixun.channels.outbox import Undelivered
from zhixun.channels.telegram import carrier as carrying
from zhixun.channels.telegram import line as lines
from zhixun.channels.telegram.access import Access
from zhixun.channels.telegram.carrier import TelegramCarrier
from zhixun.channels.telegram.line import Line
from zhixun.channels.wording import Parcel, Shown, pack
from zhixun.doors import DONE, FAILED, UNSURE, WAITING, Address
from zhixun.messages import Button

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

TO = Address("telegram", BOT, "5550001")
WORDS = Parcel("三个月。", (5,))


async def _carry(double: Telegram, parcel: Parcel = WORDS, to: Address = TO, url: str = "") -> None:
    access = Access(double.token, "s", url or double.url)
    async with Line(access) as line:
        await TelegramCarrier(line.bot, BOT).carry(to, parcel, "ZX1_5_0")


async def test_words_arrive_as_they_are(double: Telegram) -> None:
    text = "*粗体* <b>b</b> _x_ [链](https://example.cn) &amp; \\"
    await _carry(double, Parcel(text, (5,)))
    assert double.sent == [("5550001", text, [])]


async def test_choices_are_buttons_that_know_their_place(double: Telegram) -> None:
    await _carry(double, Parcel("是哪一种？", (5,), (Button("商标", "商标异议"), Button("专利", "专利复审")), 5))
    rows = [[{"text": "商标", "callback_data": "5.0"}], [{"text": "专利", "callback_data": "5.1"}]]
    assert double.sent == [("5550001", "是哪一种？", rows)]


async def test_length_is_counted_as_telegram_counts_it(double: Telegram) -> None:
    async with Line(Access(double.token, "s", double.url)) as line:
        carrier = TelegramCarrier(line.bot, BOT)
        assert [carrier.size(text) for text in ("汉", "a", "😀", "𠮷", "\ud83d")] == [1, 1, 2, 2, 1]
        parcels = pack([Shown(5, "𠮷" * 5000), Shown(6, "好", (Button("是", "是"),))], carrier.limit, carrier.size)
        for parcel in parcels:
            await carrier.carry(TO, parcel, "ZX1_5_0")
    assert len(double.sent) == 3
    assert "".join(text for _, text, _ in double.sent).replace("\n", "") == "𠮷" * 5000 + "好"


@pytest.mark.parametrize(
    ("trouble", "standing", "after", "words"),
    [
        (flood(17), WAITING, 17, "稍后"),
        (Trouble(429, "Too Many Requests"), WAITING, None, "连不上"),
        (Trouble(401, "Unauthorized"), WAITING, None, "凭证"),
        (Trouble(404, "Not Found"), WAITING, None, "凭证"),
        (BLOCKED, FAILED, None, "停用"),
        (DEACTIVATED, FAILED, None, "注销"),
        (NO_CHAT, FAILED, None, "没有这个对话"),
        (Trouble(400, "Bad Request: message is too long"), FAILED, None, "不接受"),
        (migrated(-100999), FAILED, None, "超级群"),
        (BAD_GATEWAY, UNSURE, None, "可能已送达"),
        (Trouble(500, "Internal Server Error"), UNSURE, None, "可能已送达"),
        (Trouble(raw=b"<html>"), UNSURE, None, "可能已送达"),
        (LOST_AFTER, UNSURE, None, "可能已送达"),
    ],
    ids=lambda value: value.description or value.breaks or "junk" if isinstance(value, Trouble) else "",
)  # fmt: skip
async def test_each_error_has_its_meaning(double: Telegram, trouble: Trouble, standing: str, after: float | None, words: str) -> None:
    double.trouble("sendMessage", trouble)
    with pytest.raises(Undelivered, match=words) as failed:
        await _carry(double)
    assert (failed.value.standing, failed.value.after) == (standing, after)


async def test_where_nobody_listens_it_was_surely_not_sent(double: Telegram, unused_tcp_port: int) -> None:
    with pytest.raises(Undelivered, match="连不上") as failed:
        await _carry(double, url=f"http://127.0.0.1:{unused_tcp_port}")
    assert failed.value.standing == WAITING


async def test_who_does_not_answer_in_time_may_have_it(double: Telegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "SECONDS", 0.05)
    double.trouble("sendMessage", SILENT)
    with pytest.raises(Undelivered) as failed:
        await _carry(double)
    assert failed.value.standing == UNSURE
    monkeypatch.setattr(lines, "SECONDS", 5)
    monkeypatch.setattr(carrying, "TOTAL_SECONDS", 0.05)
    double.trouble("sendMessage", SILENT)
    with pytest.raises(Undelivered) as failed:
        await _carry(double)
    assert failed.value.standing == UNSURE


async def test_a_citizen_of_another_bot_is_sent_nothing(double: Telegram) -> None:
    with pytest.raises(Undelivered, match="另一个机器人") as failed:
        await _carry(double, to=Address("telegram", "999999", "5550001"))
    assert failed.value.standing == FAILED
    assert double.calls == []


async def test_a_proxy_of_the_environment_is_used(double: Telegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", double.url)
    await _carry(double, url="http://telegram.invalid")
    assert double.texts() == ["三个月。"]


# --- From the outbox to the platform ----------------------------------------------------------------------------------------


async def test_what_telegram_puts_off_goes_out_when_it_said(station: Station) -> None:
    station.double.trouble("sendMessage", flood(40))
    await station.hears(station.double.says("商标异议期多久"))
    number = await station.number()
    assert station.double.sent == []
    assert set(station.hall.standings(number)) == {WAITING}
    clock = station.hall.office.clock
    clock.turn_to(clock.now() + timedelta(seconds=39))
    await station.hall.settle()
    assert station.double.sent == []
    clock.turn_to(clock.now() + timedelta(seconds=1))
    await station.hall.settle()
    assert len(station.double.sent) == 1
    assert set(station.hall.standings(number)) == {DONE}


async def test_what_may_have_arrived_is_not_sent_again(station: Station) -> None:
    station.double.trouble("sendMessage", LOST_AFTER)
    await station.hears(station.double.says("商标异议期多久"))
    clock = station.hall.office.clock
    for _ in range(3):
        clock.turn_to(clock.now() + timedelta(seconds=700))
        await station.hall.settle()
    assert len(station.double.sent) == 1
    assert set(station.hall.standings(await station.number())) == {UNSURE}


async def test_words_to_many_people_go_out_at_once_and_to_one_in_order(station: Station) -> None:
    double = station.double
    await asyncio.gather(*(double.push(double.says(f"问题{place}", 5550000 + place)) for place in range(20)))
    await station.hall.settle()
    assert {chat for chat, *_ in double.sent} == {str(5550000 + place) for place in range(20)}
