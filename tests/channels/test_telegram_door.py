"""The Telegram door over its double: what comes in is stored once and answered, what cannot be taken comes again."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from tests.channels.telegram_hall import PERSON, PUBLIC, Station, station_in
from tests.doubles.telegram import BLOCKED, BOT, LARGEST_FILE, NO_CHAT, SECRET, STAFF, TOKEN, Trouble, flood
from tests.support import until
from zhixun.channels.outbox import Undelivered
from zhixun.channels.telegram.door import HEADER, MOST_BYTES, TelegramDoor
from zhixun.channels.telegram.updates import KINDS
from zhixun.doors import DONE, FAILED, HELD

# The client warns each time it makes one of its own errors.
pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


# --- What comes in ----------------------------------------------------------------------------------------------------------


async def test_words_are_stored_acknowledged_and_answered(station: Station) -> None:
    assert await station.hears(station.double.says("商标异议期多久")) == [200]
    (only,) = station.double.texts()
    assert station.hall.office.site.phrases["program"] in only
    assert only.endswith("答：商标异议期多久")
    assert set(station.hall.standings(await station.number())) == {DONE}
    assert await station.said() == [("商标异议期多久", "")]


async def test_telegram_is_told_where_to_bring_what_at_the_start(station: Station) -> None:
    assert station.double.webhook["url"] == f"{PUBLIC}/channels/telegram"
    assert station.double.webhook["secret_token"] == SECRET
    assert station.double.webhook["allowed_updates"] == list(KINDS)


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x", SECRET[:-1], "ключ".encode().decode("latin-1")])
async def test_without_the_secret_nothing_is_read(station: Station, secret: str) -> None:
    body = json.dumps(station.double.says("商标异议期多久")).encode()
    assert await station.double.push_raw(body, secret=secret) == [403]
    assert station.hall.office.sql("SELECT count(*) FROM journal") == [(0,)]


async def test_what_is_no_update_is_refused(station: Station) -> None:
    assert await station.double.push_raw(b'{"update_id": "1"}') == [400]
    assert await station.double.push_raw(b"[" * 100_000) == [400]
    assert station.hall.office.sql("SELECT count(*) FROM journal") == [(0,)]


async def test_an_update_larger_than_a_citizen_s_request_is_taken_and_what_is_larger_than_any_is_not(station: Station) -> None:
    answered = station.double.message(text="长" * 4000, entities=[{"offset": at, "length": 1, "type": "bold"} for at in range(2000)])
    update = station.double.says("那外观呢", reply_to_message=answered)
    assert len(json.dumps(update)) > 64 * 1024
    assert await station.hears(update) == [200]
    assert await station.said() == [("那外观呢", "")]
    assert await station.double.push_raw(b" " * (MOST_BYTES + 1)) == [413]


async def test_a_body_that_does_not_end_is_not_waited_for(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhixun.channels.telegram.door.BODY_SECONDS", 0.05)
    never = asyncio.Event()

    async def drip() -> AsyncIterator[bytes]:
        yield b'{"update_id":'
        await never.wait()

    url, headers = f"{station.double.hosts[PUBLIC]}/channels/telegram", {HEADER: SECRET}
    async with ClientSession() as http, http.post(url, data=drip(), headers=headers) as answer:
        assert answer.status == 408
        never.set()


@pytest.mark.parametrize("kind", ["channel_post", "poll", "message_reaction", "something_of_next_year"])
async def test_what_was_not_asked_for_is_acknowledged_and_left(station: Station, kind: str) -> None:
    assert await station.hears(station.double.update(**{kind: station.double.message(text="你好")})) == [200]
    assert station.hall.office.sql("SELECT count(*) FROM journal") == [(0,)]


async def test_groups_channels_and_bots_are_never_taken_for_a_citizen(station: Station) -> None:
    double = station.double
    for chat in ({"id": STAFF, "type": "supergroup", "title": "接待组"}, {"id": -5, "type": "group"}, {"id": -6, "type": "channel"}):
        assert await station.hears(double.update(message=double.message(text="这件我来", chat=chat))) == [200]
        assert await station.hears(double.update(edited_message=double.message(text="这件我来", chat=chat))) == [200]
    robot = double.message(text="你好")
    robot["from"]["is_bot"] = True
    await station.hears(double.update(message=robot))
    assert station.hall.office.sql("SELECT count(*) FROM journal") == [(0,)]
    assert double.sent == []


async def test_the_number_of_a_group_that_the_bot_is_brought_into_is_told_to_the_operator(
    station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    change = station.double.member("member")["my_chat_member"] | {"chat": {"id": STAFF, "type": "supergroup", "title": "接待组"}}
    await station.hears(station.double.update(my_chat_member=change))
    assert str(STAFF) in caplog.text
    assert station.hall.office.sql("SELECT count(*) FROM journal") == [(0,)]


async def test_an_update_that_comes_again_is_known(station: Station) -> None:
    update = station.double.says("商标异议期多久")
    for _ in range(3):
        assert await station.hears(update) == [200]
    await asyncio.gather(*(station.double.push(update) for _ in range(10)))
    await station.hall.settle()
    assert station.double.deliveries[update["update_id"]] == [200] * 13
    assert station.hall.office.engine.texts == ["商标异议期多久"]
    assert len(station.double.sent) == 1


async def test_what_cannot_be_stored_now_is_brought_again(station: Station) -> None:
    station.hall.office.database._patience = 0.01
    busy = station.hall.office.database.write()
    await busy.__aenter__()

    async def free() -> None:
        await busy.__aexit__(None, None, None)

    assert await station.hears(station.double.says("商标异议期多久"), between=free) == [503, 200]
    assert station.hall.office.engine.texts == ["商标异议期多久"]


async def test_messages_are_answered_in_their_order_while_the_engine_is_slow(station: Station) -> None:
    station.hall.office.engine.gate.clear()
    for place in range(8):
        assert await station.double.push(station.double.says(f"问题{place}")) == [200]
    station.hall.office.engine.gate.set()
    await station.hall.settle()
    assert station.hall.office.engine.texts == [f"问题{place}" for place in range(8)]
    told = "\n".join(station.double.texts())
    assert [told.index(f"答：问题{place}") for place in range(8)] == sorted(told.index(f"答：问题{place}") for place in range(8))


async def test_two_people_are_two_consultations(station: Station) -> None:
    await station.hears(station.double.says("商标异议期多久", 5550001))
    await station.hears(station.double.says("外观保护几年", 5550002))
    assert await station.number("5550001") != await station.number("5550002")
    assert station.double.texts(5550002)[0].endswith("答：外观保护几年")


@pytest.mark.parametrize("words", ["/start", "/start from_poster", "/help", "/START@zhixun_test_bot"])
async def test_who_begins_is_greeted_with_something_to_choose(station: Station, words: str) -> None:
    await station.hears(station.double.says(words))
    ((_, text, rows),) = station.double.sent
    assert station.hall.office.site.phrases["greeting"] in text
    assert "回复数字" not in text
    assert [row[0]["text"] for row in rows] == [one["title"] for one in station.hall.office.site.quick]
    assert station.hall.office.engine.asked == []


async def test_who_asks_to_begin_in_the_middle_is_greeted_again_but_not_twice_in_a_row(station: Station) -> None:
    await station.hears(station.double.says("商标异议期多久"))
    await station.hears(station.double.says("/start"))
    assert station.hall.office.site.phrases["greeting"] in station.double.texts()[-1]
    assert station.double.sent[-1][2]
    await station.hears(station.double.says("/start"))
    assert len(station.double.sent) == 2


@pytest.mark.parametrize(("typed", "heard"), [("/转人工", "转人工"), ("/ 商标异议期多久", "商标异议期多久"), ("//x y", "x y")])
async def test_other_words_after_a_slash_are_words(station: Station, typed: str, heard: str) -> None:
    await station.hears(station.double.says(typed))
    assert await station.said() == [(heard, "")]


async def test_edited_words_are_new_words_and_a_place_that_moves_is_nothing(station: Station) -> None:
    double = station.double
    await station.hears(double.says("商标意义期多久"))
    await station.hears(double.update(edited_message=double.message(text="商标异议期多久", edit_date=1)))
    live = double.message(location={"latitude": 36.6, "longitude": 101.7, "live_period": 900}, edit_date=2)
    await station.hears(double.update(edited_message=live))
    assert await station.said() == [("商标意义期多久", ""), ("商标异议期多久", "edited")]
    assert double.texts()[-1] == "答：商标异议期多久"


async def test_a_file_with_words_below_is_both(station: Station) -> None:
    sizes = [{"file_id": "small", "width": 90, "height": 60}, {"file_id": "large", "width": 1280, "height": 960},
             {"file_id": "middle", "width": 320, "height": 240}]  # fmt: skip
    await station.hears(station.double.update(message=station.double.message(photo=sizes, caption="这个商标能注册吗")))
    assert await station.said() == [("[图片]", "file"), ("这个商标能注册吗", "")]
    offered = [entry for entry in await station.hall.office.entries(await station.number()) if entry.kind == "file_offered"]
    assert [entry.private for entry in offered] == [{"media": "large", "name": "图片.jpg"}]
    assert station.hall.fetched == [await station.number()]
    told = "\n".join(station.double.texts())
    assert station.hall.office.site.phrases["file"] in told
    assert told.endswith("答：这个商标能注册吗")


async def test_a_contact_is_the_number_that_the_person_wants_to_be_called_at(station: Station) -> None:
    station.hall.office.engine.gate.set()
    await station.hears(station.double.says("转人工"))
    contact = {"phone_number": "+8613897123456", "first_name": "王", "user_id": 5550001}
    await station.hears(station.double.update(message=station.double.message(contact=contact)))
    number = await station.number()
    assert station.hall.office.sql("SELECT callback FROM consultations WHERE number=?", number) == [(1,)]
    assert any((entry.private or {}).get("phone") == "13897123456" for entry in await station.hall.office.entries(number))


async def test_what_has_no_words_is_answered_with_what_to_do(station: Station) -> None:
    await station.hears(station.double.update(message=station.double.message(sticker={"file_id": "s", "emoji": "👍"})))
    await station.hears(station.double.update(message=station.double.message(voice={"file_id": "v", "duration": 3})))
    phrases = station.hall.office.site.phrases
    assert phrases["text_only"] in station.double.texts()[0]
    assert station.double.texts()[1] == phrases["unheard"]
    assert station.hall.office.engine.asked == []


# --- Buttons ----------------------------------------------------------------------------------------------------------------


async def test_a_touch_on_a_button_is_its_words_and_is_answered(station: Station) -> None:
    await station.hears(station.double.says("/start"))
    quick = station.hall.office.site.quick[0]
    tap = station.double.taps(quick["title"])
    assert await station.hears(tap) == [200]
    assert await station.hears(tap) == [200]
    assert await station.said() == [(quick["payload"], "choice")]
    await until(lambda: station.double.answered)
    assert set(station.double.answered) == {tap["callback_query"]["id"]}
    assert station.hall.office.engine.texts == [quick["payload"]]


async def test_a_button_of_an_earlier_consultation_means_its_title_and_never_another_button(station: Station) -> None:
    await station.hears(station.double.says("/start"))
    tap = station.double.taps(station.hall.office.site.quick[1]["title"])
    await station.hears(station.double.says("结束咨询"))
    await station.hears(station.double.says("/start"))
    rows = station.double.sent[-1][2]
    shown = tap["callback_query"]["message"]["reply_markup"]["inline_keyboard"][1][0]
    shown |= {"text": "以前的另一个按钮", "callback_data": rows[1][0]["callback_data"]}
    tap["callback_query"]["data"] = shown["callback_data"]
    await station.hears(tap)
    assert await station.said() == [("以前的另一个按钮", "choice")]


async def test_a_touch_on_what_is_too_old_to_be_known_is_answered_with_what_to_do(station: Station) -> None:
    await station.hears(station.double.says("/start"))
    await station.hears(station.double.taps(station.hall.office.site.quick[0]["title"], old=True))
    assert await station.said() == []
    assert station.hall.office.site.phrases["text_only"] in station.double.texts()[-1]


async def test_a_touch_by_somebody_else_or_in_a_group_is_nobody_s_word(station: Station) -> None:
    await station.hears(station.double.says("/start"))
    title = station.hall.office.site.quick[0]["title"]
    other, group = station.double.taps(title), station.double.taps(title)
    other["callback_query"]["from"]["id"] = 5550009
    group["callback_query"]["message"]["chat"] = {"id": STAFF, "type": "supergroup"}
    assert [await station.hears(one) for one in (other, group)] == [[200], [200]]
    assert await station.said() == []


async def test_a_touch_that_telegram_does_not_want_answered_any_more_hurts_nobody(station: Station) -> None:
    await station.hears(station.double.says("/start"))
    station.double.trouble("answerCallbackQuery", Trouble(400, "Bad Request: query is too old"))
    await station.hears(station.double.taps(station.hall.office.site.quick[0]["title"]))
    await until(lambda: "answercallbackquery" in station.double.calls)
    assert station.hall.office.engine.asked


# --- Coming and going -------------------------------------------------------------------------------------------------------


async def test_who_blocks_the_bot_is_sent_nothing_until_he_unblocks_it(station: Station) -> None:
    await station.hears(station.double.says("转人工"))
    number = await station.number()
    fence = await station.hall.office.takeover.claim(number, "wang")
    await station.hall.settle()
    before = len(station.double.sent)
    await station.hears(station.double.member("kicked"))
    await station.hall.office.takeover.say(number, "wang", fence, "您还在吗", once="1")
    await station.hall.settle()
    assert len(station.double.sent) == before
    assert station.hall.standings(number)[-1] == HELD
    await station.hears(station.double.member("member"))
    assert "您还在吗" in station.double.texts()[-1]
    assert set(station.hall.standings(number)) == {DONE}


async def test_who_blocked_the_bot_and_writes_again_is_reached(station: Station) -> None:
    await station.hears(station.double.says("商标异议期多久"))
    await station.hears(station.double.member("kicked"))
    await station.hears(station.double.says("那外观呢"))
    await station.hears(station.double.says("还有专利"))
    assert station.double.texts()[-2:] == ["答：那外观呢", "答：还有专利"]


async def test_a_stranger_who_blocks_the_bot_changes_nothing(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    assert await station.hears(station.double.member("kicked")) == [200]
    assert station.hall.office.sql("SELECT count(*) FROM journal") == [(0,)]
    assert caplog.records == []


async def test_who_comes_back_after_the_end_and_presses_start_is_greeted_once(station: Station) -> None:
    await station.hears(station.double.says("商标异议期多久"))
    await station.hears(station.double.says("结束咨询"))
    before = len(station.double.sent)
    await station.hears(station.double.member("kicked"))
    await station.hears(station.double.member("member"))
    await station.hears(station.double.says("/start"))
    assert len(station.double.sent) == before + 1
    assert station.hall.office.site.phrases["said_before"] in station.double.texts()[-1]


# --- One owner --------------------------------------------------------------------------------------------------------------


async def test_the_bot_is_silent_while_a_person_has_it_and_answers_when_it_is_given_back(station: Station) -> None:
    await station.hears(station.double.says("转人工"))
    number = await station.number()
    fence = await station.hall.office.takeover.claim(number, "wang")
    await station.hears(station.double.says("商标异议期多久"))
    assert "商标异议期多久" not in station.hall.office.engine.texts
    await station.hall.office.takeover.say(number, "wang", fence, "三个月，从公告那天算起。", once="1")
    await station.hall.settle()
    assert station.double.texts()[-1].endswith("三个月，从公告那天算起。")
    # Neither a picture nor a sticker nor a command makes it speak; people see that something came.
    before, double = len(station.double.sent), station.double
    for what in ({"photo": [{"file_id": "p", "width": 1, "height": 1}]}, {"sticker": {"file_id": "s"}}, {"text": "/start"}):
        await station.hears(double.update(message=double.message(**what)))
    assert len(double.sent) == before
    assert [text for text, _ in await station.said()][-2:] == ["[图片]", "[没有文字的内容]"]
    await station.hall.office.takeover.give_back(number, "wang", fence)
    await station.hears(double.says("外观保护几年"))
    assert double.texts()[-1].endswith("答：外观保护几年")


async def test_who_cannot_be_reached_any_more_is_seen_by_staff(station: Station) -> None:
    station.double.trouble("sendMessage", BLOCKED)
    await station.hears(station.double.says("商标异议期多久"))
    number = await station.number()
    assert set(station.hall.standings(number)) == {FAILED}
    ((error,), *_) = station.hall.office.sql("SELECT error FROM outbox WHERE consultation=?", number)
    assert "停用" in str(error)


# --- Files ------------------------------------------------------------------------------------------------------------------


async def _fetched(door: TelegramDoor, media: str, account: str = BOT) -> bytes:
    return b"".join([piece async for piece in door.fetch(account, media)])


async def test_a_file_is_fetched(station: Station) -> None:
    station.double.files["large"] = b"\x89PNG" + bytes(100_000)
    assert await _fetched(station.door, "large") == station.double.files["large"]


async def test_a_file_that_telegram_does_not_give_says_why(station: Station) -> None:
    station.double.files["huge"] = bytes(LARGEST_FILE + 1)
    for media, why in (("huge", "20 MB"), ("none", "没有这个文件")):
        with pytest.raises(Undelivered, match=why):
            await _fetched(station.door, media)
    with pytest.raises(Undelivered, match="另一个机器人"):
        await _fetched(station.door, "none", "999")
    station.double.trouble("getFile", flood(3))
    with pytest.raises(Undelivered, match="没有成功"):
        await _fetched(station.door, "huge")


async def test_no_file_of_this_machine_is_ever_given(station: Station, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("secret")
    told = {"ok": True, "result": {"file_id": "f", "file_unique_id": "u", "file_path": str(own)}}
    station.double.trouble("getFile", Trouble(raw=json.dumps(told).encode()))
    with pytest.raises(Undelivered, match="没有给出文件"):
        await _fetched(station.door, "f")


# --- Without Telegram -------------------------------------------------------------------------------------------------------


async def test_the_service_runs_while_telegram_does_not_and_tells_it_later(tmp_path: Path) -> None:
    async with station_in(tmp_path, running=False) as station:
        broken = [Trouble(502, "Bad Gateway"), Trouble(breaks="after"), flood(7), Trouble(401, "Unauthorized")]
        station.double.trouble("setWebhook", *broken)
        async with station.door.running(station.hall.inbox):
            await until(lambda: station.double.calls.count("setwebhook") == len(broken) + 1)
            await until(lambda: station.double.webhook)
            assert await station.hears(station.double.says("商标异议期多久")) == [200]
        assert station.pauses.taken == [1, 2, 7, 8]


async def test_without_a_public_address_nothing_is_told_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with station_in(tmp_path, public_url=""):
        await until(lambda: caplog.records)
    assert "public address" in caplog.text


async def test_it_stops_while_a_touch_is_being_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhixun.channels.telegram.door._LAST_SECONDS", 0.01)
    async with station_in(tmp_path) as station:
        await station.hears(station.double.says("/start"))
        station.double.trouble("answerCallbackQuery", Trouble(breaks="silent"))
        await station.hears(station.double.taps(station.hall.office.site.quick[0]["title"]))
        await until(lambda: "answercallbackquery" in station.double.calls)


# --- What others may see ----------------------------------------------------------------------------------------------------


async def test_no_log_holds_words_people_or_secrets(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        station.double.trouble("sendMessage", NO_CHAT, Trouble(raw=b"no json: token"), flood(1), BLOCKED)
        for place in range(5):
            await station.hears(station.double.says(f"我的秘密{place}"))
        await station.hears(station.double.says("/start"))
        with pytest.raises(Undelivered):
            await _fetched(station.door, "none")
        await station.door.check()
    for secret in (TOKEN, SECRET, "秘密", PERSON, "no json"):
        assert secret not in caplog.text
    assert TOKEN not in repr(station.access)
    assert SECRET not in repr(station.access)


async def test_nobody_can_read_in_the_store_who_wrote(station: Station) -> None:
    await station.hears(station.double.says("商标异议期多久", 987654321012))
    assert b"987654321012" not in station.hall.office.bytes_on_disk()


async def test_where_updates_are_asked_for_the_address_does_not_exist(tmp_path: Path) -> None:
    async with station_in(tmp_path, polling=True, running=False) as station:
        assert station.door.routes(station.hall.inbox) == []
        station.double.webhook = {"url": f"{PUBLIC}/channels/telegram", "secret_token": SECRET}
        assert await station.double.push_raw(b"{}") == [web.HTTPNotFound.status_code]
