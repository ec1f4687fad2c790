"""The door of WeCom's customer service: what comes in is pulled, stored once and in order, and answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.channels.hall import Reach
from tests.channels.wecom_service import Service, opened, process
from tests.doubles.tencent import DROP, GARBAGE, HANG
from tests.doubles.wecom import AES_KEY, CORP, KF, OTHER_KF, SECRET, TOKEN, Desk, Pusher, WeCom
from tests.support import HandClock, office_in, until
from zhixun.channels.wecom.door import WeComDoor
from zhixun.clock import stamp
from zhixun.doors import DONE, HELD, Incoming, Stored
from zhixun.doorways import doors_of
from zhixun.errors import StopNow, TryLater
from zhixun.settings import read_settings
from zhixun.store import open_archive

SYNC = "/cgi-bin/kf/sync_msg"


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with opened(tmp_path) as joined:
        yield joined


async def test_who_writes_is_answered_and_goes_on_with_the_same_consultation(service: Service) -> None:
    (only,) = await service.said("wm-a", "商标异议期多久")
    assert service.office.site.phrases["program"] in only
    assert only.endswith("答：商标异议期多久")
    first = await service.number("wm-a")
    assert await service.said("wm-a", "那外观呢") == ["答：那外观呢"]
    assert await service.number("wm-a") == first


# --- The callback -----------------------------------------------------------------------------------------------------------


async def test_the_check_of_the_address_is_answered_with_what_was_encrypted(service: Service) -> None:
    assert await service.pusher.checks("1616140317555161061") == (200, b"1616140317555161061")


async def test_the_published_example_of_the_check_is_answered_as_published(service: Service) -> None:
    query = {
        "msg_signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", "timestamp": "1409659589", "nonce": "263014780",
        "echostr": "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
    }  # fmt: skip
    async with aiohttp.ClientSession() as http, http.get(service.pusher.url, params=query) as answer:
        assert (answer.status, await answer.text()) == (200, "1616140317555161061")


@pytest.mark.parametrize("forged", [{"msg_signature": "0" * 40}, {"nonce": "other"}, {"timestamp": "1"}, {"msg_signature": "中文"}])
async def test_what_wecom_has_not_signed_is_refused(service: Service, forged: dict[str, str]) -> None:
    service.wecom.writes("wm-a", "你好")
    pulls = service.wecom.calls[SYNC]
    assert (await service.pusher.calls(**forged))[0] == 403
    assert (await service.pusher.checks("hello", **forged))[0] == 403
    await service.settle()
    assert service.wecom.calls[SYNC] == pulls


@pytest.mark.parametrize(("corp", "token"), [("wx0000000000000000", "QDG6eK"), ("wx5823bf96d3bd56c7", "another")])
async def test_what_is_for_another_corporation_or_signed_by_another_token_is_refused(service: Service, corp: str, token: str) -> None:
    stranger = Pusher(service.wecom, service.pusher.url, token, corp)
    assert (await stranger.calls())[0] == 403
    assert (await stranger.checks("hello"))[0] == 403


@pytest.mark.parametrize("body", [b"", b"{}", b"<xml></xml>", b"<xml><Encrypt>AAAA</Encrypt></xml>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><xml/>"])
async def test_what_is_no_callback_is_refused(service: Service, body: bytes) -> None:
    async with aiohttp.ClientSession() as http, http.post(service.pusher.url, data=body) as answer:
        assert answer.status == 403


async def test_a_callback_is_acknowledged_before_anything_is_pulled(service: Service) -> None:
    service.wecom.faults[SYNC] = [HANG]
    service.wecom.writes("wm-a", "商标异议期多久")
    assert await service.pusher.calls() == (200, b"")
    await until(lambda: not service.wecom.gate.is_set())
    service.wecom.gate.set()
    await service.pulled()
    assert service.office.engine.texts == ["商标异议期多久"]


async def test_many_callbacks_at_once_are_one_pull_after_another(service: Service) -> None:
    for place in range(20):
        service.wecom.writes("wm-a", f"问题{place}")
    await asyncio.gather(*(service.pusher.calls() for _ in range(20)))
    await service.settle()
    assert service.wecom.most_at_once[SYNC] == 1
    assert service.office.engine.texts == [f"问题{place}" for place in range(20)]


# --- Pages and how far was read ---------------------------------------------------------------------------------------------


async def test_pages_are_read_to_the_end_also_past_empty_ones(service: Service) -> None:
    service.wecom.page, service.wecom.empty = 3, 2
    for place in range(10):
        service.wecom.writes(f"wm-{place % 3}", f"问题{place}")
    await service.pulled()
    for peer in range(3):
        assert await service.citizens_words(f"wm-{peer}") == [f"问题{place}" for place in range(10) if place % 3 == peer]


@pytest.mark.parametrize("count", [48, pytest.param(1000, marks=pytest.mark.slow)])
async def test_all_messages_of_one_pull_keep_their_order(service: Service, count: int) -> None:
    people = count // 8
    for place in range(count):
        service.wecom.writes(f"wm-{place % people}", f"问题{place}")
    assert (await service.pusher.calls())[0] == 200
    await service.door.settled()
    for peer in range(people):
        assert await service.citizens_words(f"wm-{peer}") == [f"问题{place}" for place in range(peer, count, people)]
    assert service.office.sql("SELECT count(*) FROM inbox") == [(count,)]
    await service.settle()
    assert len(service.office.engine.asked) == count
    for peer in range(people):
        told = "\n".join(service.wecom.seen(f"wm-{peer}"))
        places = [told.index(f"答：问题{place}\n") if f"答：问题{place}\n" in told else len(told) for place in range(peer, count, people)]
        assert places == sorted(places)


async def test_what_was_written_while_nobody_listened_is_pulled_at_the_start(tmp_path: Path) -> None:
    clock = HandClock()
    async with office_in(tmp_path, clock) as office, WeCom(clock) as wecom:
        assert isinstance(wecom, WeCom)
        wecom.desks[OTHER_KF] = Desk("另一个")
        wecom.writes("wm-a", "商标异议期多久")
        wecom.writes("wm-a", "版权登记怎么办", OTHER_KF)
        async with process(office, wecom) as service:
            assert sorted(office.engine.texts) == ["商标异议期多久", "版权登记怎么办"]
            assert await service.number("wm-a") != await service.number("wm-a", OTHER_KF)
            assert wecom.seen("wm-a", OTHER_KF)[-1].endswith("答：版权登记怎么办")


async def test_what_others_saw_to_before_the_very_first_start_is_left_alone(tmp_path: Path) -> None:
    clock = HandClock()
    async with office_in(tmp_path, clock) as office, WeCom(clock) as wecom:
        assert isinstance(wecom, WeCom)
        wecom.writes("wm-a", "前天的问题")
        clock.turn_by(timedelta(hours=26))
        wecom.writes("wm-a", "刚才的问题")
        async with process(office, wecom) as service:
            assert await service.citizens_words("wm-a") == ["刚才的问题"]
        clock.turn_by(timedelta(hours=1))
        wecom.writes("wm-a", "停机时的问题")
        clock.turn_by(timedelta(hours=26))
        async with process(office, wecom) as service:
            assert await service.citizens_words("wm-a") == ["刚才的问题", "停机时的问题"]


async def test_a_new_process_goes_on_between_two_pages(tmp_path: Path) -> None:
    clock = HandClock()
    async with office_in(tmp_path, clock) as office, WeCom(clock) as wecom:
        assert isinstance(wecom, WeCom)
        async with process(office, wecom) as service:
            wecom.page, wecom.faults[SYNC] = 4, [0, 0, HANG]
            for place in range(12):
                wecom.writes("wm-a", f"问题{place}")
            await service.pusher.calls()
            await until(lambda: not wecom.gate.is_set())
            assert len(await service.citizens_words("wm-a")) == 8
        wecom.gate.set()
        pulls = wecom.calls[SYNC]
        async with process(office, wecom) as service:
            assert await service.citizens_words("wm-a") == [f"问题{place}" for place in range(12)]
            assert wecom.calls[SYNC] == pulls + 1
        assert office.engine.texts == [f"问题{place}" for place in range(12)]


async def test_a_page_that_is_read_again_changes_nothing(service: Service) -> None:
    for place in range(5):
        await service.said("wm-a", f"问题{place}")
    before, seen = await service.entries("wm-a"), list(service.wecom.seen("wm-a"))
    async with service.office.database.write() as connection:
        await connection.exec_driver_sql("DELETE FROM meta WHERE name LIKE 'wecom.%'")
    await service.pulled()
    assert await service.entries("wm-a") == before
    assert service.wecom.seen("wm-a") == seen


async def test_when_the_place_is_not_known_any_more_all_is_read_from_the_oldest(service: Service) -> None:
    await service.said("wm-a", "商标异议期多久")
    service.wecom.forgotten.add("cur1")
    assert await service.said("wm-a", "那外观呢") == ["答：那外观呢"]
    assert service.office.engine.texts == ["商标异议期多久", "那外观呢"]


async def test_the_place_stands_in_the_store_with_what_was_read_and_not_before(service: Service) -> None:
    service.wecom.writes("wm-a", "商标异议期多久")
    async with service.office.database.write():
        service.office.database._patience = 0.01
        assert (await service.pusher.calls())[0] == 200
        await until(lambda: service.wecom.calls[SYNC] >= 3)
        assert service.office.sql("SELECT value FROM meta WHERE name LIKE 'wecom.%'") == [("cur0",)]
        service.office.database._patience = 10
    await service.settle()
    assert service.office.sql("SELECT value FROM meta WHERE name LIKE 'wecom.%'") == [("cur1",)]
    assert service.office.engine.texts == ["商标异议期多久"]


async def test_what_cannot_be_stored_is_pulled_again(service: Service) -> None:
    arrivals, asked = service.hall.arrivals, list[int]()
    stores = arrivals.store_all

    async def busy(batch: Sequence[Incoming], also: Any = None) -> list[Stored]:
        asked.append(len(batch))
        if batch and len(asked) < 4:
            raise TryLater("busy")
        return await stores(batch, also)

    arrivals.store_all = busy
    service.wecom.writes("wm-a", "商标异议期多久")
    assert (await service.pusher.calls())[0] == 200
    await until(lambda: len(asked) == 2)
    assert service.office.sql("SELECT value FROM meta WHERE name LIKE 'wecom.%'") == [("cur0",)]
    await service.settle()
    assert asked == [1, 1, 1, 1]
    assert await service.citizens_words("wm-a") == ["商标异议期多久"]


async def test_a_token_that_ran_out_is_left_out(service: Service) -> None:
    service.wecom.writes("wm-a", "商标异议期多久")
    assert await service.pusher.calls(token="ENCofYesterday") == (200, b"")
    await service.settle()
    assert service.office.engine.texts == ["商标异议期多久"]
    await service.pulled()
    service.office.clock.turn_by(timedelta(minutes=11))
    service.wecom.bare = 0
    service.wecom.writes("wm-a", "那外观呢")
    service.wecom.faults[SYNC] = [-1]
    await service.pulled()  # a new token
    assert service.office.engine.texts == ["商标异议期多久", "那外观呢"]


@pytest.mark.parametrize("faults", [[-1], ["502"], [DROP], [GARBAGE], [45009, -1, "500", DROP], [40001], [42001]])
async def test_a_pull_that_fails_is_repeated(service: Service, faults: list[int | str]) -> None:
    service.wecom.faults[SYNC] = faults
    service.wecom.writes("wm-a", "商标异议期多久")
    await service.pulled()
    assert service.wecom.seen("wm-a")[-1].endswith("答：商标异议期多久")


async def test_a_callback_ends_the_wait_after_a_failure(service: Service) -> None:
    assert service.door._puller is not None
    service.door._puller._pauses = [3600.0]
    service.wecom.faults[SYNC] = [-1]
    service.wecom.writes("wm-a", "商标异议期多久")
    await service.pusher.calls()
    await until(lambda: not service.wecom.faults[SYNC])
    await service.pulled()
    assert service.office.engine.texts == ["商标异议期多久"]


async def test_the_accounts_are_asked_for_again_when_that_fails_at_the_start(tmp_path: Path) -> None:
    clock = HandClock()
    async with office_in(tmp_path, clock) as office, WeCom(clock) as wecom:
        assert isinstance(wecom, WeCom)
        wecom.faults["/cgi-bin/kf/account/list"] = [-1, DROP]
        wecom.faults["/cgi-bin/gettoken"] = ["502"]
        wecom.writes("wm-a", "商标异议期多久")
        async with process(office, wecom):
            assert office.engine.texts == ["商标异议期多久"]


async def test_an_answer_that_is_too_large_is_asked_for_in_smaller_ones(service: Service) -> None:
    for place in range(8):
        service.wecom.sends("wm-a", "link", title=f"第{place}篇", url="", desc="", pic_url="长" * 50_000)
    await service.pusher.calls()
    await service.door.settled()
    assert service.office.sql("SELECT count(*) FROM inbox") == [(8,)]
    assert service.wecom.limits[-7:] == [50, 25, 12, 6, 3, 3, 3]
    await service.pulled()
    assert service.wecom.limits[-1] == 50


async def test_the_same_page_without_an_end_is_not_asked_for_at_once_again(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    await service.said("wm-a", "商标异议期多久")
    calls: list[dict[str, Any]] = []

    async def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        calls.append(body)
        return {"next_cursor": "cur1", "has_more": 1 if len(calls) < 3 else 0, "msg_list": []}

    assert service.door._puller is not None
    service.door._puller._api.post = post
    caplog.set_level(logging.WARNING)
    await service.pulled()
    assert len(calls) == 3
    assert caplog.text.count("pulling failed: ValueError") == 2


async def test_access_tokens_that_end_or_are_made_void_are_renewed(service: Service) -> None:
    await service.said("wm-a", "一")
    service.office.clock.turn_by(timedelta(hours=3))
    assert await service.said("wm-a", "二") == ["答：二"]
    service.wecom.desk.void()
    assert await service.said("wm-a", "三") == ["答：三"]
    assert service.wecom.desk.issued == 3


# --- What comes in ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        ("image", {"media_id": "m1"}, "file"), ("video", {"media_id": "m1"}, "file"), ("file", {"media_id": "m1"}, "file"),
        ("voice", {"media_id": "m1"}, "unheard"), ("location", {"latitude": 36.6, "longitude": 101.8, "name": "市民中心"}, "location"),
        ("business_card", {"userid": "wang"}, "text_only"), ("miniprogram", {"appid": "x"}, "text_only"),
        ("merged_msg", {"item": []}, "text_only"),
        ("text", {"content": " \n"}, "text_only"), ("image", {}, "text_only"),
    ],
)  # fmt: skip
async def test_what_is_no_text_is_told_of_and_understood_by_nobody(service: Service, kind: str, body: dict[str, Any], told: str) -> None:
    service.wecom.sends("wm-a", kind, **body)
    await service.pulled()
    assert service.office.site.phrases[told] in service.wecom.seen("wm-a")[-1]
    assert service.office.engine.asked == []
    assert bool(service.hall.fetched) == (told == "file")


async def test_a_place_and_a_link_are_kept_as_words(service: Service) -> None:
    service.wecom.sends("wm-a", "location", name="市民中心", address="五四大街1号")
    service.wecom.sends("wm-a", "link", title="专利费减办法", url="https://example.cn/1", desc="", pic_url="")
    await service.pulled()
    assert await service.citizens_words("wm-a") == ["[位置] 市民中心 五四大街1号", "专利费减办法 https://example.cn/1"]


@pytest.mark.parametrize(
    "item",
    [
        "words", None, {}, {"origin": 3}, {"origin": 3, "msgtype": "text", "msgid": "m"}, {"origin": 4, "msgtype": "event"},
        {"origin": 4, "msgtype": "event", "event": []}, {"origin": 9, "msgtype": "text", "external_userid": "a", "msgid": "m"},
        {"origin": 4, "msgtype": "event", "msgid": "m", "event": {"event_type": "enter_session"}},
        {"origin": 4, "msgtype": "event", "msgid": "m", "event": {"event_type": "servicer_status_change", "status": 2}},
        {"origin": 4, "msgtype": "event", "msgid": "m", "event": {"event_type": "msg_send_fail", "external_userid": "a"}},
        {"origin": 4, "msgtype": "event", "msgid": "m",
         "event": {"event_type": "session_status_change", "external_userid": "a", "change_type": 9}},
    ],
)  # fmt: skip
async def test_what_is_not_understood_stops_nothing(service: Service, item: Any) -> None:
    service.wecom.desks[KF].items.append(item)
    service.wecom.writes("wm-a", "商标异议期多久")
    await service.pulled()
    assert service.office.engine.texts == ["商标异议期多久"]
    assert service.office.sql("SELECT count(*) FROM consultations") == [(1,)]


async def test_each_message_opens_the_window_that_is_left_of_it(service: Service) -> None:
    service.wecom.writes("wm-a", "商标异议期多久")
    sent = service.office.clock.now()
    service.office.clock.turn_by(timedelta(hours=47))
    await service.pulled()
    reach = service.hall.reach(await service.number("wm-a"))
    assert reach == Reach(4, stamp(sent + timedelta(hours=48)))


async def test_what_is_older_than_the_window_is_kept_and_answered_when_they_write_again(service: Service) -> None:
    service.wecom.writes("wm-a", "商标异议期多久")
    service.office.clock.turn_by(timedelta(hours=49))
    await service.pulled()
    assert service.wecom.seen("wm-a") == []
    assert set(service.hall.standings(await service.number("wm-a"))) == {HELD}
    assert "答：商标异议期多久" in "\n".join(await service.said("wm-a", "还在吗"))


async def test_who_takes_a_message_back_is_on_file_with_both(service: Service) -> None:
    await service.said("wm-a", "商标异议期多久")
    of = service.wecom.desks[KF].items[-1]["msgid"]
    for _ in range(2):
        service.wecom.event(KF, "user_recall_msg", "wm-a", recall_msgid=of)
    service.wecom.event(KF, "user_recall_msg", "wm-a", recall_msgid="never there")
    await service.pulled()
    entries = await service.entries("wm-a")
    recalled = [entry for entry in entries if entry.kind == "recalled"]
    said = next(entry for entry in entries if (entry.kind, entry.actor) == ("said", "citizen"))
    assert [(entry.actor, entry.open["of"]) for entry in recalled] == [("citizen", said.open["message_id"])] * 2
    assert await service.citizens_words("wm-a") == ["商标异议期多久"]


# --- Menus ------------------------------------------------------------------------------------------------------------------


async def test_choices_are_a_menu_and_a_touch_means_what_the_button_means(service: Service) -> None:
    service.wecom.enters("wm-a")
    await service.pulled()
    menu = service.wecom.sessions[KF, "wm-a"].menu
    assert [entry["content"] for entry in menu] == [one["title"] for one in service.office.site.quick]
    service.wecom.taps("wm-a", 0)
    await service.pulled()
    assert await service.citizens_words("wm-a") == [service.office.site.quick[0]["payload"]]
    entries = await service.entries("wm-a")
    assert [entry.open.get("form") for entry in entries if entry.actor == "citizen" and entry.kind == "said"] == ["choice"]


async def test_a_touch_on_the_menu_of_an_earlier_consultation_means_its_title(service: Service) -> None:
    service.wecom.enters("wm-a")
    await service.pulled()
    old = service.wecom.sessions[KF, "wm-a"].menu[0]
    await service.said("wm-a", "你好")
    await service.office.consultations.close(await service.number("wm-a"))
    service.wecom.writes("wm-a", old["content"], menu_id=old["id"])
    await service.pulled()
    assert await service.citizens_words("wm-a") == [old["content"]]


# --- Who comes in -----------------------------------------------------------------------------------------------------------


async def test_who_comes_in_is_greeted_once_by_the_code(service: Service) -> None:
    service.wecom.enters("wm-a")
    await service.pulled()
    (only,) = service.wecom.seen("wm-a")
    assert service.office.site.phrases["greeting"] in only
    assert service.office.site.phrases["program"] in only
    assert service.wecom.calls["/cgi-bin/kf/send_msg"] == 0
    service.wecom.enters("wm-a")
    await service.pulled()
    assert service.wecom.seen("wm-a") == [only]
    assert await service.said("wm-a", "商标异议期多久") == ["答：商标异议期多久"]


async def test_without_a_code_or_too_late_nobody_is_greeted(service: Service) -> None:
    service.wecom.enters("wm-a", code=False)
    service.wecom.enters("wm-b")
    service.office.clock.turn_by(timedelta(seconds=21))
    await service.pulled()
    assert service.office.sql("SELECT count(*) FROM consultations") == [(0,)]
    assert "答：商标异议期多久" in "\n".join(await service.said("wm-b", "商标异议期多久"))


async def test_a_welcome_that_is_refused_waits_until_they_write(service: Service) -> None:
    service.wecom.faults["/cgi-bin/kf/send_msg_on_event"] = [40058]
    service.wecom.enters("wm-a")
    await service.pulled()
    assert service.wecom.seen("wm-a") == []
    number = await service.number("wm-a")
    assert set(service.hall.standings(number)) == {HELD}
    told = "\n".join(await service.said("wm-a", "商标异议期多久"))
    assert service.office.site.phrases["program"] in told
    assert told.endswith("答：商标异议期多久")
    assert set(service.hall.standings(number)) == {DONE}


# --- The settings -----------------------------------------------------------------------------------------------------------


async def test_the_settings_open_the_door_or_stop_the_start(tmp_path: Path) -> None:
    data, given = {"ZHIXUN_DATA_DIR": str(tmp_path / "data")}, {"ZHIXUN_WECOM_CORP_ID": CORP}
    for name, text in (("TOKEN", TOKEN), ("AES_KEY", AES_KEY), ("SECRET", SECRET)):
        (tmp_path / name).write_text(f"{text}\n")
        given[f"ZHIXUN_WECOM_{name}_FILE"] = str(tmp_path / name)
    async with open_archive(read_settings(data)) as archive:
        assert doors_of(read_settings(data), archive) == []
        (door,) = doors_of(read_settings({**data, **given}), archive)
        assert isinstance(door, WeComDoor)
        for left_out in given:
            rest = {name: value for name, value in given.items() if name != left_out}
            with pytest.raises(StopNow, match=left_out):
                doors_of(read_settings({**data, **rest}), archive)


# --- What must not be seen --------------------------------------------------------------------------------------------------


async def test_the_log_and_the_store_name_nobody(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "zhixun")
    service.wecom.faults[SYNC] = [-1, DROP]
    service.wecom.fails["wmSomebody"] = 10
    await service.said("wmSomebody", "我的商标被抢注了")
    await service.pusher.calls(msg_signature="0" * 40)
    for secret in ("wmSomebody", "抢注", "ENC0", "ACCESS-", "5ecret"):
        assert secret not in caplog.text
    assert "pulling failed" in caplog.text
    assert b"wmSomebody" not in service.office.bytes_on_disk()
    assert KF.encode() not in service.office.bytes_on_disk()
