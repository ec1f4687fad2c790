"""Handing over to a person: in hours, out of hours, on days off, and in a year without data."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest

from tests.support import HOURS, NIGHT, OPEN_MOMENT, ROOT, HandClock
from zhixun.clock import ZONE
from zhixun.conversation.person import Person
from zhixun.knowledge.site import Hours, Site, load_site
from zhixun.messages import Button

PHONE = "13897123456"


def _site(hours: Hours = HOURS) -> Site:
    return dataclasses.replace(load_site(ROOT / "knowledge"), hours=hours)


def _person(moment: datetime = OPEN_MOMENT, hours: Hours = HOURS) -> Person:
    return Person(_site(hours), HandClock(moment))


def test_in_hours_the_citizen_waits_in_the_queue() -> None:
    state, reply, events = _person().hand_off("asked")
    assert (state, reply.text, reply.kind) == ("queued", _site().phrases["queued"], "handoff")
    assert reply.buttons == (Button("取消排队", "取消排队"),)
    assert [(event.kind, event.actor, event.open) for event in events] == [
        ("handed_off", "zhixun", {"state": "queued", "reason": "asked", "team": ""})
    ]


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        (NIGHT, "11月23日（周一）09:00"),
        (datetime(2026, 11, 20, 8, 59, tzinfo=ZONE), "11月20日（周五）09:00"),
        (datetime(2026, 11, 20, 12, 0, tzinfo=ZONE), "11月20日（周五）13:30"),
        (datetime(2026, 10, 1, 10, 0, tzinfo=ZONE), "10月5日（周一）09:00"),
        (datetime(2026, 10, 9, 18, 0, tzinfo=ZONE), "10月10日（周六）09:00"),
    ],
)
def test_out_of_hours_a_message_is_taken_and_the_next_opening_told(moment: datetime, opening: str) -> None:
    state, reply, _ = _person(moment).hand_off("asked")
    assert state == "message_left"
    assert f"下一个工作时段从{opening}开始" in reply.text
    assert _site().phrases["unconfirmed"] not in reply.text


def test_unconfirmed_hours_are_told_as_such() -> None:
    _, reply, _ = _person(NIGHT, dataclasses.replace(HOURS, confirmed=False)).hand_off("asked")
    assert _site().phrases["unconfirmed"] in reply.text


def test_a_year_without_data_counts_as_closed_and_is_told() -> None:
    state, reply, _ = _person(datetime(2027, 3, 1, 10, 0, tzinfo=ZONE)).hand_off("asked")
    assert state == "message_left"
    assert _site().phrases["opening_unknown"] in reply.text


def test_the_last_night_of_the_known_year_promises_nothing() -> None:
    _, reply, _ = _person(datetime(2026, 12, 31, 18, 0, tzinfo=ZONE)).hand_off("asked")
    assert _site().phrases["opening_unknown"] in reply.text


@pytest.mark.parametrize("text", ["转人工", "人工", "我要找人工客服", "请转人工服务！", "帮我接人工", "真人", "转到人工吧"])
def test_the_plain_ways_of_asking_need_no_engine(text: str) -> None:
    answer = _person().answer("bot", text, None)
    assert answer is not None
    assert answer[:2] == ("queued", "handoff")


@pytest.mark.parametrize("text", ["人工智能专利怎么申请", "转人工收费吗", "异议期多久", "你是真人吗"])
def test_other_words_are_for_the_engine(text: str) -> None:
    assert _person().answer("bot", text, None) is None


def test_nobody_waits_with_the_bot() -> None:
    state, status, replies, events = _person().answer("bot", "取消排队", None)
    assert (state, status, replies[0].text, events) == ("bot", "small_talk", _site().phrases["not_waiting"], ())


@pytest.mark.parametrize("state", ["queued", "message_left"])
@pytest.mark.parametrize("text", ["取消排队", "不用人工了", "不等了吧", "返回智能助手"])
def test_who_waits_may_go_back_to_the_bot(state: str, text: str) -> None:
    new, status, replies, events = _person().answer(state, text, None)
    assert (new, status, replies[0].text) == ("bot", "small_talk", _site().phrases["cancelled"])
    assert [(event.kind, event.open) for event in events] == [("returned", {"state": "bot"})]


@pytest.mark.parametrize("state", ["queued", "message_left"])
def test_a_number_that_was_left_is_confirmed_by_its_last_digits(state: str) -> None:
    new, status, (reply,), events = _person().answer(state, "[手机号码已隐去]", PHONE)
    assert (new, status, events) == (state, "handoff", ())
    assert "尾号3456" in reply.text
    assert PHONE not in reply.text


def test_what_is_said_while_waiting_is_acknowledged() -> None:
    state, status, (reply,), events = _person().answer("queued", "我补充一下", None)
    assert (state, status, events) == ("queued", "handoff", ())
    assert (reply.text, reply.buttons) == (_site().phrases["queued_again"], (Button("取消排队", "取消排队"),))


@pytest.mark.parametrize("state", ["staff", "closed"])
def test_nothing_is_said_between_a_citizen_and_a_person(state: str) -> None:
    assert _person().answer(state, "转人工", PHONE) is None
