"""WeChat's door: what comes in by every mode and kind, how it is answered, and what happens when a side is slow, busy or false."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.channels.wechat_town import ASKED, FAN, Town, town_in
from tests.doubles.wechat import COMPATIBLE, PLAIN, SAFE, SEND
from tests.support import answered
from zhixun.doors import DONE
from zhixun.messages import Button, EngineTurn, Reply

# --- The console's check of the address -------------------------------------------------------------------------------------


async def test_the_console_s_check_is_answered_with_what_it_sent(town: Town) -> None:
    assert await town.pusher.verify() == (200, "5837397576500011341")


async def test_an_echo_is_never_a_page(town: Town) -> None:
    query = {**town.pusher.signed(), "echostr": "<script>alert(1)</script>"}
    async with ClientSession() as session, session.get(town.url, params=query) as answer:
        assert answer.content_type == "text/plain"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "wrong", [{"signature": "0" * 40}, {"signature": ""}, {"timestamp": "1714036504"}, {"nonce": "1"}, {"timestamp": "٣"}]
)
async def test_a_check_that_is_not_signed_is_refused(town: Town, wrong: dict[str, str]) -> None:
    assert await town.pusher.verify(**wrong) == (403, "")


# --- Modes ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [PLAIN, COMPATIBLE, SAFE])
async def test_in_every_mode_words_are_answered_in_the_acknowledgement(tmp_path: Path, mode: str) -> None:
    async with town_in(tmp_path, mode) as town:
        outcome = await town.pusher.say(FAN, ASKED)
        assert outcome.statuses == [200]
        assert outcome.shown.endswith(f"答：{ASKED}")
        assert town.office.site.phrases["program"] in outcome.shown
        await town.hall.settle()
        assert town.seen() == [outcome.shown]
        assert town.wechat.calls[SEND] == 0
        assert set(town.hall.standings(await town.number())) == {DONE}


async def test_the_compatible_mode_without_a_key_is_read_in_the_clear(tmp_path: Path) -> None:
    async with town_in(tmp_path, COMPATIBLE, aes_key="") as town:
        assert (await town.pusher.say(FAN, ASKED)).shown.endswith(f"答：{ASKED}")


async def test_an_answer_in_the_acknowledgement_costs_nothing_of_what_may_be_sent(town: Town) -> None:
    await town.pusher.say(FAN, ASKED)
    reach = await town.reach()
    assert (reach.left, reach.until) == (5, "2026-11-22T02:00:00.000Z")


@pytest.mark.parametrize("text", ["一 < 二 & 三", "]]>", '<a href="http://x">x</a>', "🙂\n第二行", "'\"", "&#x4e00;", "[图片]"])
async def test_words_come_through_letter_by_letter(town: Town, text: str) -> None:
    outcome = await town.pusher.say(FAN, f"问 {text} 完")
    assert town.office.engine.texts == [f"问 {text} 完"]
    assert outcome.shown.endswith(f"答：问 {text} 完")


async def test_what_xml_cannot_hold_is_left_out_of_an_answer(town: Town) -> None:
    town.office.engine.answers[ASKED] = answered("三\x00个\x0b月\ufffe")
    assert (await town.pusher.say(FAN, ASKED)).shown.endswith("三个月")


# --- Kinds ------------------------------------------------------------------------------------------------------------------


async def test_speech_that_was_put_into_words_is_answered_as_words(town: Town) -> None:
    outcome = await town.pusher.push(FAN, "voice", MediaId="m", Format="amr", Recognition=ASKED)
    assert outcome.shown.endswith(f"答：{ASKED}")
    (said,) = [entry for entry in await town.office.entries(await town.number()) if entry.actor == "citizen" and entry.kind == "said"]
    assert said.open["form"] == "spoken"


@pytest.mark.parametrize(
    ("kind", "fields", "phrase"),
    [
        ("voice", {"MediaId": "m", "Format": "amr"}, "unheard"),
        ("voice", {"MediaId": "m", "Format": "amr", "Recognition": ""}, "unheard"),
        ("video", {"MediaId": "m", "ThumbMediaId": "t"}, "text_only"),
        ("shortvideo", {"MediaId": "m", "ThumbMediaId": "t"}, "text_only"),
        ("text", {"Content": ""}, "text_only"),
        ("link", {"Title": "", "Description": "", "Url": ""}, "text_only"),
        ("something_new", {"X": "1"}, "text_only"),
        ("image", {"MediaId": "m-1", "PicUrl": "http://x/y"}, "file"),
        ("location", {"Location_X": "36.62", "Location_Y": "101.77", "Scale": "15", "Label": "西宁市城西区"}, "location"),
    ],
)
async def test_what_cannot_be_read_is_answered_with_what_to_do(
    town: Town, kind: str, fields: dict[str, str], phrase: str
) -> None:
    outcome = await town.pusher.push(FAN, kind, **fields)
    assert outcome.shown.endswith(town.office.site.phrases[phrase])
    assert town.office.engine.asked == []


async def test_a_picture_is_offered_to_be_fetched(town: Town) -> None:
    await town.pusher.push(FAN, "image", MediaId="m-1", PicUrl="http://x/y")
    await town.hall.settle()
    number = await town.number()
    assert town.hall.fetched == [number]
    (offered,) = [entry for entry in await town.office.entries(number) if entry.kind == "file_offered"]
    assert offered.private == {"media": "m-1", "name": "图片"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"Label": "西宁市城西区五四大街"}, "[位置] 西宁市城西区五四大街"),
        ({"Location_X": "36.62", "Location_Y": "101.77"}, "[位置] 北纬 36.62，东经 101.77"),
    ],
)
async def test_a_place_can_be_read_by_staff(town: Town, fields: dict[str, str], text: str) -> None:
    await town.pusher.push(FAN, "location", **fields)
    said = [entry for entry in await town.office.entries(await town.number()) if entry.actor == "citizen" and entry.kind == "said"]
    assert [(entry.private or {})["text"] for entry in said] == [text]


async def test_a_link_is_read_by_its_title(town: Town) -> None:
    await town.pusher.push(FAN, "link", Title="商标注册流程", Description="……", Url="https://example.org/1")
    assert town.office.engine.texts == ["商标注册流程\nhttps://example.org/1"]


async def test_who_follows_is_greeted_once_however_often_it_is_delivered(town: Town) -> None:
    fields = town.pusher.message(FAN, "event", Event="subscribe", EventKey="qrscene_7", Ticket="t")
    town.wechat.opened(FAN, "subscribe")
    first, again = await town.pusher.deliver(FAN, fields), await town.pusher.deliver(FAN, fields)
    assert town.office.site.phrases["greeting"] in first.shown
    assert "（回复数字即可）" in first.shown
    await town.hall.settle()
    assert again.shown in ("", first.shown)
    assert town.wechat.calls[SEND] == 0
    reach = await town.reach()
    assert reach.left == 3


async def test_who_scans_in_the_middle_of_a_talk_is_not_interrupted(town: Town) -> None:
    await town.pusher.say(FAN, ASKED)
    assert (await town.pusher.event(FAN, "SCAN", EventKey="7", Ticket="t")).shown == ""


async def test_a_touch_on_the_menu_says_its_words(town: Town) -> None:
    outcome = await town.pusher.event(FAN, "CLICK", EventKey="商标怎么注册")
    assert town.office.engine.texts == ["商标怎么注册"]
    assert outcome.shown.endswith("答：商标怎么注册")
    reach = await town.reach()
    assert reach.left == 3


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("VIEW", {"EventKey": "https://example.org"}), ("TEMPLATESENDJOBFINISH", {"MsgID": "1", "Status": "success"}), ("CLICK", {}),
        ("LOCATION", {"Latitude": "36.6"}), ("subscribe_msg_sent_event", {"SubscribeMsgSentEvent": "<List><A>1</A></List>"}),
        ("scancode_waitmsg", {"EventKey": "k", "ScanCodeInfo": "<ScanType>qrcode</ScanType>"}), ("something_new", {}),
    ],
)  # fmt: skip
async def test_other_events_are_acknowledged_and_nothing_comes_of_them(town: Town, event: str, fields: dict[str, str]) -> None:
    outcome = await town.pusher.event(FAN, event, **fields)
    assert (outcome.statuses, outcome.bodies) == ([200], [b"success"])
    assert town.office.sql("SELECT count(*) FROM journal") == [(0,)]


async def test_who_stops_following_is_sent_nothing_until_he_comes_back(town: Town) -> None:
    await town.pusher.say(FAN, "转人工")
    fence = await town.office.takeover.claim(await town.number(), "wang")
    await town.hall.settle()
    assert (await town.pusher.event(FAN, "unsubscribe")).shown == ""
    await town.office.takeover.say(await town.number(), "wang", fence, "您还在吗", once="1")
    await town.hall.settle()
    assert "您还在吗" not in "\n".join(town.seen())
    assert town.wechat.refused == []
    town.wechat.fans[FAN].follows = True
    await town.pusher.say(FAN, "我回来了")
    await town.hall.settle()
    assert "您还在吗" in "\n".join(town.seen())


async def test_a_stranger_who_stops_following_leaves_nothing(town: Town) -> None:
    outcome = await town.pusher.event("oStranger", "unsubscribe")
    assert outcome.bodies == [b"success"]
    assert town.office.sql("SELECT count(*) FROM journal") == [(0,)]


async def test_a_touched_choice_says_the_words_behind_it(hasty: Town) -> None:
    choose = Reply("您问的是哪一种？", buttons=(Button("外观设计", "外观设计专利多少钱"), Button("发明", "发明专利多少钱")))
    hasty.office.engine.answers["多少钱"] = EngineTurn("clarify", (choose,), parsed={"intent": "ask"})
    hasty.office.engine.gate.clear()
    await hasty.pusher.say(FAN, "多少钱")
    hasty.office.engine.gate.set()
    await hasty.hall.settle()
    (shown,) = hasty.wechat.shown_menus
    assert [entry["content"] for entry in shown["list"]] == ["外观设计", "发明"]
    entry = shown["list"][1]
    # Something else is said in between: what stands on the button would mean nothing any more.
    await hasty.pusher.say(FAN, "那年费呢")
    await hasty.hall.settle()
    await hasty.pusher.say(FAN, entry["content"], bizmsgmenuid=entry["id"])
    await hasty.hall.settle()
    assert hasty.office.engine.texts[-1] == "发明专利多少钱"
    # The same place in another consultation is another button: then what stood on it is taken as words.
    await hasty.pusher.say(FAN, "不是它", bizmsgmenuid=entry["id"])
    await hasty.pusher.say("oOther", entry["content"], bizmsgmenuid=entry["id"])
    await hasty.hall.settle()
    assert hasty.office.engine.texts[-2:] == ["不是它", "发明"]
