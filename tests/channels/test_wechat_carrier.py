"""Customer messages: what becomes of them by WeChat's answer, and choices as a menu or as numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from tests.doubles.tencent import DROP, GARBAGE, HANG
from tests.doubles.wechat import APP_ID, GH, SECRET, SEND, STABLE, WeChat
from tests.support import HandClock
from zhixun.channels.outbox import Undelivered
from zhixun.channels.tencent.api import Line, TencentApi, token_of_wechat
from zhixun.channels.tencent.tokens import Tokens
from zhixun.channels.wechat.carrier import LIMIT, WeChatCarrier
from zhixun.channels.wording import Parcel
from zhixun.clock import ZONE
from zhixun.doors import FAILED, HELD, UNSURE, WAITING, Address
from zhixun.messages import Button

TO = Address("wechat", GH, "oFan")


@pytest.fixture
async def wechat() -> AsyncIterator[WeChat]:
    async with WeChat(HandClock()) as server:
        server.opened("oFan", "text")
        yield server
        assert server.violations == []


def carrier_to(wechat: WeChat, url: str = "", seconds: float = 5, secret: str = SECRET) -> WeChatCarrier:
    line = Line(url or wechat.url, seconds)
    return WeChatCarrier(TencentApi(line, Tokens(token_of_wechat(line, APP_ID, secret), wechat.clock)), wechat.clock)


def parcel(text: str = "三个月。", *titles: str) -> Parcel:
    return Parcel(text, (7,), tuple(Button(title, f"关于{title}") for title in titles), 7 if titles else 0)


async def test_words_arrive(wechat: WeChat) -> None:
    await carrier_to(wechat).carry(TO, parcel("异议期 3 个月。\n依据：《商标法》第三十三条"), "x_1_0")
    assert wechat.fans["oFan"].seen == ["异议期 3 个月。\n依据：《商标法》第三十三条"]


async def test_choices_are_shown_to_be_touched(wechat: WeChat) -> None:
    await carrier_to(wechat).carry(TO, parcel("您问的是哪一种？", "外观设计", "发明"), "x_1_0")
    (menu,) = wechat.shown_menus
    assert menu["head_content"] == "您问的是哪一种？"
    assert menu["list"] == [{"id": "7.0", "content": "外观设计"}, {"id": "7.1", "content": "发明"}]


@pytest.mark.parametrize(
    ("text", "titles"),
    [("长" * 400, ("一", "二")), ("短", tuple(f"选项{place}" for place in range(11))), ("短", ("一" * 43, "二"))],
    ids=["long-text", "many", "long-title"],
)
async def test_choices_that_do_not_fit_are_numbered(wechat: WeChat, text: str, titles: tuple[str, ...]) -> None:
    await carrier_to(wechat).carry(TO, parcel(text, *titles), "x_1_0")
    assert wechat.shown_menus == []
    assert f"1 {titles[0]}" in wechat.fans["oFan"].seen[0]


async def test_size_is_counted_as_wechat_counts_it(wechat: WeChat) -> None:
    carrier = carrier_to(wechat)
    assert carrier.limit == LIMIT
    whole = "汉" * 682 + "ab"
    assert carrier.size(whole) == LIMIT
    await carrier.carry(TO, parcel(whole), "x_1_0")
    with pytest.raises(Undelivered) as caught:
        await carrier.carry(TO, parcel(whole + "c"), "x_2_0")
    assert caught.value.standing == FAILED


@pytest.mark.parametrize(
    ("code", "standing", "word"),
    [
        (-1, WAITING, "忙"), (40003, FAILED, "不认识"), (40164, WAITING, "白名单"), (41001, WAITING, "凭证"), (43004, FAILED, "没有关注"),
        (45002, FAILED, "太长"), (45011, WAITING, "频繁"), (45015, HELD, "48 小时"), (45047, HELD, "条数"), (47001, FAILED, "读不懂"),
        (48001, FAILED, "认证"), (48002, FAILED, "拒收"), (50002, FAILED, "限制"), (50005, FAILED, "没有关注"), (45009, WAITING, "明天"),
        (99999, FAILED, "99999"), (40013, WAITING, "AppID"), (40125, WAITING, "AppSecret"),
    ],
)  # fmt: skip
async def test_what_wechat_refuses_is_told_in_words(wechat: WeChat, code: int, standing: str, word: str) -> None:
    wechat.faults[SEND] = [code]
    with pytest.raises(Undelivered) as caught:
        await carrier_to(wechat).carry(TO, parcel(), "x_1_0")
    assert caught.value.standing == standing
    assert word in caught.value.words
    assert wechat.fans["oFan"].seen == []


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_token_that_is_refused_twice_is_tried_again_later(wechat: WeChat, code: int) -> None:
    wechat.faults[SEND] = [code, code]
    with pytest.raises(Undelivered) as caught:
        await carrier_to(wechat).carry(TO, parcel(), "x_1_0")
    assert (caught.value.standing, caught.value.after) == (WAITING, 300)


@pytest.mark.parametrize(("fault", "standing"), [(HANG, UNSURE), (DROP, UNSURE), (GARBAGE, UNSURE), ("502", UNSURE), ("404", WAITING)])
async def test_where_nobody_can_tell_it_may_have_arrived(wechat: WeChat, fault: str, standing: str) -> None:
    carrier = carrier_to(wechat, seconds=0.3)
    await carrier.carry(TO, parcel(), "x_1_0")
    wechat.faults[SEND] = [fault]
    with pytest.raises(Undelivered) as caught:
        await carrier.carry(TO, parcel(), "x_2_0")
    assert caught.value.standing == standing


@pytest.mark.parametrize("fault", [HANG, DROP, GARBAGE, "502", 40164, 40125, -1])
async def test_without_a_token_nothing_has_gone_out_and_it_is_tried_again(wechat: WeChat, fault: int | str) -> None:
    wechat.faults[STABLE] = [fault]
    carrier = carrier_to(wechat, seconds=0.3)
    with pytest.raises(Undelivered) as caught:
        await carrier.carry(TO, parcel(), "x_1_0")
    assert caught.value.standing == WAITING
    await carrier.carry(TO, parcel(), "x_1_0")
    assert wechat.fans["oFan"].seen == ["三个月。"]


async def test_a_server_that_is_not_there_gets_it_later(wechat: WeChat) -> None:
    with pytest.raises(Undelivered) as caught:
        await carrier_to(wechat, "http://127.0.0.1:9").carry(TO, parcel(), "x_1_0")
    assert caught.value.standing == WAITING


async def test_when_the_calls_of_a_day_are_used_up_it_goes_out_tomorrow(wechat: WeChat) -> None:
    wechat.clock.turn_to(datetime(2026, 11, 20, 23, 50, tzinfo=ZONE))
    wechat.calls_allowed = 0
    with pytest.raises(Undelivered) as caught:
        await carrier_to(wechat).carry(TO, parcel(), "x_1_0")
    assert caught.value.after == 15 * 60


async def test_the_windows_of_touches_are_counted_as_wechat_counts_them(wechat: WeChat) -> None:
    carrier = carrier_to(wechat)
    wechat.fans["oFan"].windows.clear()
    wechat.opened("oFan", "CLICK")
    for place in range(3):
        await carrier.carry(TO, parcel(), f"x_{place}_0")
    with pytest.raises(Undelivered, match="条数"):
        await carrier.carry(TO, parcel(), "x_3_0")
    wechat.clock.turn_by(timedelta(seconds=60))
    with pytest.raises(Undelivered, match="48 小时"):
        await carrier.carry(TO, parcel(), "x_4_0")
