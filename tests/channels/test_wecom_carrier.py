"""What is said to citizens in WeCom's customer service: how it goes out, what WeCom lets through, and what becomes of the rest."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.channels.hall import hall_in, join_hall
from tests.channels.wecom_service import ACCOUNT, Service, opened
from tests.doubles.tencent import DROP
from tests.doubles.wecom import BOT, KF, NEW, OVER, PERSON, POOL, Desk
from tests.support import HandClock, answered, until
from zhixun.channels.outbox import AGAIN, Undelivered
from zhixun.channels.tencent.account import Account
from zhixun.channels.wecom.door import WeComDoor
from zhixun.channels.wecom.words import LOST
from zhixun.doors import DONE, FAILED, HELD, UNSURE, WAITING, Address
from zhixun.errors import StopNow
from zhixun.messages import Button, EngineTurn, Reply

SEND, STATE, TRANS = "/cgi-bin/kf/send_msg", "/cgi-bin/kf/service_state/get", "/cgi-bin/kf/service_state/trans"
LISTED = "/cgi-bin/kf/account/list"


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with opened(tmp_path) as joined:
        yield joined


@pytest.fixture
async def in_wecom(tmp_path: Path) -> AsyncIterator[Service]:
    async with opened(tmp_path, staff_in_wecom=True) as joined:
        yield joined


def _errors(service: Service, number: str) -> list[object]:
    rows = service.office.sql("SELECT error FROM outbox WHERE consultation=? ORDER BY seq", number)
    return [row[0] for row in rows]


async def _with_staff(service: Service, peer: str = "wm-a") -> tuple[str, int]:
    """Bring a consultation into the hands of staff at our desk."""
    await service.said(peer, "转人工")
    number = await service.number(peer)
    return number, await service.office.takeover.claim(number, "wang")


async def _staff_says(service: Service, number: str, fence: int, *texts: str) -> None:
    for text in texts:
        await service.office.takeover.say(number, "wang", fence, text, once=text)
        await service.settle()


# --- Whose session it is ----------------------------------------------------------------------------------------------------


async def test_a_new_session_is_taken_before_the_first_answer_and_then_kept(service: Service) -> None:
    await service.said("wm-a", "商标异议期多久")
    assert service.wecom.sessions[KF, "wm-a"].state == BOT
    await service.said("wm-a", "那外观呢")
    assert service.wecom.calls[TRANS] == 1


async def test_a_session_that_cannot_be_taken_is_answered_all_the_same(service: Service) -> None:
    service.wecom.faults[TRANS] = [95016]
    assert (await service.said("wm-a", "商标异议期多久"))[-1].endswith("答：商标异议期多久")
    service.wecom.sessions[KF, "wm-b"].state = NEW
    service.wecom.faults[TRANS] = [DROP]
    assert (await service.said("wm-b", "商标异议期多久"))[-1].endswith("答：商标异议期多久")


@pytest.mark.parametrize("state", [POOL, PERSON, OVER])
async def test_what_cannot_be_sent_waits_for_the_citizen_where_staff_answer_at_the_desk(service: Service, state: int) -> None:
    number, fence = await _with_staff(service)
    service.wecom.sessions[KF, "wm-a"].state = state
    before = len(service.wecom.seen("wm-a"))
    await _staff_says(service, number, fence, "三个月。")
    assert service.hall.standings(number)[-1] == HELD
    assert service.wecom.seen("wm-a")[before:] == []
    service.wecom.sessions[KF, "wm-a"].state = OVER
    assert "三个月。" in "\n".join(await service.said("wm-a", "还在吗"))


@pytest.mark.parametrize("state", [POOL, PERSON])
async def test_what_is_said_here_while_staff_talk_there_is_told_to_have_failed(in_wecom: Service, state: int) -> None:
    number, fence = await _with_staff(in_wecom)
    in_wecom.wecom.sessions[KF, "wm-a"].state = state
    await _staff_says(in_wecom, number, fence, "三个月。")
    assert in_wecom.hall.standings(number)[-1] == FAILED
    assert "在企业微信里回复" in str(_errors(in_wecom, number)[-1])


async def test_a_session_that_changes_in_the_last_moment_is_looked_at_again(service: Service) -> None:
    number, fence = await _with_staff(service)
    session = service.wecom.sessions[KF, "wm-a"]

    def ended() -> None:
        session.state = OVER

    def begun() -> None:
        session.state = POOL

    service.wecom.before_send.append(ended)
    await _staff_says(service, number, fence, "一")
    assert service.hall.standings(number)[-1] == HELD
    assert "会话已经结束" in str(_errors(service, number)[-1])
    await service.said("wm-a", "好的")
    service.wecom.before_send.append(begun)
    await _staff_says(service, number, fence, "二")
    assert "接待池" in str(_errors(service, number)[-1])


async def test_a_session_that_is_refused_twice_is_left_until_they_write_again(service: Service) -> None:
    number, fence = await _with_staff(service)
    service.wecom.faults[SEND] = [95018, 95018]
    await _staff_says(service, number, fence, "一")
    assert service.hall.standings(number)[-1] == HELD
    assert "一" in (await service.said("wm-a", "好的"))[0]


# --- What is let through ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spent", "late"), [(95001, 95002), (45047, 45015)])
async def test_five_messages_and_48_hours_hold_the_rest_back(service: Service, spent: int, late: int) -> None:
    service.wecom.spent, service.wecom.late = spent, late
    number, fence = await _with_staff(service)
    await service.settle()
    sent = len(service.wecom.seen("wm-a"))
    await _staff_says(service, number, fence, *(f"第{place}句" for place in range(6)))
    assert len(service.wecom.seen("wm-a")) == 5
    assert service.hall.standings(number).count(HELD) == 6 - (5 - sent)
    assert "第5句" in "\n".join(await service.said("wm-a", "好的"))
    service.office.clock.turn_by(timedelta(hours=48, seconds=1))
    await _staff_says(service, number, fence, "昨天的答复")
    assert service.hall.standings(number)[-1] == HELD
    assert "昨天的答复" in "\n".join(await service.said("wm-a", "有结果吗"))


@pytest.mark.parametrize("code", [95001, 95002, 95013, 45015, 45047])
async def test_what_wecom_counts_otherwise_is_believed(service: Service, code: int) -> None:
    number, fence = await _with_staff(service)
    await service.settle()
    service.wecom.faults[SEND] = [code]
    await _staff_says(service, number, fence, "一", "二")
    assert service.hall.standings(number)[-2:] == [HELD, HELD]
    reach = service.hall.reach(number)
    assert reach.left == 0
    told = "\n".join(await service.said("wm-a", "好的"))
    assert "一" in told
    assert "二" in told


# --- Sizes and menus --------------------------------------------------------------------------------------------------------


async def test_a_long_answer_goes_out_in_parts(service: Service) -> None:
    service.office.engine.answers["说来话长"] = answered("".join(f"这是第{place:03}句，请保存。" for place in range(100)))
    told = await service.said("wm-a", "说来话长")
    assert len(told) > 1
    assert "这是第099句" in told[-1]
    assert set(service.hall.standings(await service.number("wm-a"))) == {DONE}


@pytest.mark.parametrize(
    ("text", "titles", "as_menu"),
    [
        ("请选择。", ["调解", "诉讼"], True), ("请选择。", [f"选项{place}" for place in range(11)], False),
        ("请选择。", ["长" * 43, "诉讼"], False), ("长" * 400, ["调解"], False), ("请选择。", ["长" * 42] * 10, True),
    ],
)  # fmt: skip
async def test_choices_that_do_not_fit_a_menu_are_numbers(service: Service, text: str, titles: list[str], as_menu: bool) -> None:
    buttons = tuple(Button(title, f"我选{place}") for place, title in enumerate(titles))
    await service.said("wm-a", "你好")
    service.office.engine.answers["怎么办"] = EngineTurn("clarify", (Reply(text, buttons=buttons),), parsed={"intent": "ask"})
    told = await service.said("wm-a", "怎么办")
    menu = service.wecom.sessions[KF, "wm-a"].menu
    assert [entry["content"] for entry in menu] == (titles if as_menu else [])
    assert ("（回复数字即可）" in told[-1]) is not as_menu
    service.wecom.taps("wm-a", 0) if as_menu else service.wecom.writes("wm-a", "1")
    await service.pulled()
    assert service.office.engine.texts[-1] == "我选0"


async def test_a_touch_on_an_older_menu_of_the_same_consultation_means_what_it_meant(service: Service) -> None:
    offer = Reply("请选择。", buttons=(Button("调解", "商标侵权纠纷怎么调解"),))
    service.office.engine.answers["怎么办"] = EngineTurn("clarify", (offer,), parsed={"intent": "ask"})
    await service.said("wm-a", "怎么办")
    await service.said("wm-a", "先问别的")
    await service.said("wm-a", "再问别的")
    service.wecom.taps("wm-a", 0)
    await service.pulled()
    assert service.office.engine.texts[-1] == "商标侵权纠纷怎么调解"


# --- What does not arrive ---------------------------------------------------------------------------------------------------


async def test_a_message_whose_answer_got_lost_is_sent_again_under_its_id_and_shown_once(service: Service) -> None:
    service.wecom.deaf = 1
    await service.said("wm-a", "商标异议期多久")
    number = await service.number("wm-a")
    assert set(service.hall.standings(number)) == {WAITING}
    # What is said in the meantime must not go under in what is sent again.
    service.wecom.writes("wm-a", "那外观呢")
    await service.pulled()
    service.office.clock.turn_by(AGAIN[0])
    await service.settle()
    told = "\n".join(service.wecom.seen("wm-a"))
    assert (told.count("答：商标异议期多久"), told.count("答：那外观呢")) == (1, 1)
    assert set(service.hall.standings(number)) == {DONE}


async def test_a_message_that_nobody_ever_answers_may_have_arrived(service: Service) -> None:
    await service.said("wm-a", "你好")
    number = await service.number("wm-a")
    service.wecom.faults[SEND] = [DROP, "502", DROP, 0]
    await service.said("wm-a", "商标异议期多久")
    for span in AGAIN[:2]:
        assert service.hall.standings(number)[-1] == WAITING
        service.office.clock.turn_by(span)
        await service.settle()
    assert service.hall.standings(number)[-1] == UNSURE
    assert await service.said("wm-a", "那外观呢") == ["答：那外观呢"]


async def test_what_a_crash_left_on_its_way_is_sent_again_and_never_shown_twice(service: Service) -> None:
    await service.said("wm-a", "你好")
    number = await service.number("wm-a")
    seen = list(service.wecom.seen("wm-a"))
    async with service.office.database.write() as connection:
        await connection.exec_driver_sql("UPDATE outbox SET standing='sending', delivered=NULL WHERE standing='done'")
    after = join_hall(service.office, {"wecom": WeComDoor(ACCOUNT, service.wecom.url, service.office.database, service.office.clock).carrier})
    await after.outbox.settle()
    await after.settle()
    assert service.wecom.seen("wm-a") == seen
    assert set(service.hall.standings(number)) == {UNSURE}
    assert "可能已送达" in str(_errors(service, number)[0])


@pytest.mark.parametrize(("kind", "words"), [*LOST.items(), (0, "未说明原因"), (3, "未说明原因")])
async def test_what_wecom_took_and_could_not_deliver_is_told_to_staff(service: Service, kind: int, words: str) -> None:
    await service.said("wm-a", "你好")
    number = await service.number("wm-a")
    before = len(service.hall.standings(number))
    service.office.clock.turn_by(timedelta(seconds=1))
    service.wecom.fails["wm-a"] = kind
    service.office.engine.answers["商标异议期多久"] = answered("三个月。", "自公告之日起算。")
    assert await service.said("wm-a", "商标异议期多久") == []
    await service.pulled()
    assert service.hall.standings(number) == [DONE] * before + [FAILED, FAILED]
    assert words in str(_errors(service, number)[-1])
    del service.wecom.fails["wm-a"]
    assert await service.said("wm-a", "那外观呢") == ["答：那外观呢"]


@pytest.mark.parametrize("once", ["", "x", "ZX202611201_1_0", "ZX202611200000019_1_0", "ZX20261120000001X_1_0", "中文_1_0"])
async def test_a_failure_of_what_was_never_sent_changes_nothing(service: Service, once: str) -> None:
    await service.said("wm-a", "你好")
    service.wecom.event(KF, "msg_send_fail", "wm-a", fail_msgid=once, fail_type=4)
    await service.pulled()
    assert set(service.hall.standings(await service.number("wm-a"))) == {DONE}


async def test_a_message_can_fail_while_it_is_still_on_its_way(tmp_path: Path) -> None:
    async with hall_in(tmp_path) as hall:
        hall.platform.gate.clear()
        number = (await hall.inbox.take([hall.word("商标异议期多久")]))[0].consultation
        await hall.inbox.finish()
        await until(lambda: hall.standings(number) == ["sending", "sending"])
        first = hall.office.sql("SELECT min(seq) FROM outbox WHERE consultation=?", number)[0][0]
        hall.office.woken.clear()
        await hall.inbox.did_not_arrive(f"{number.replace('-', '')}_{first}_0", "对方拒收。")
        assert hall.office.woken == [number]
        hall.platform.gate.set()
        await hall.settle()
        assert hall.standings(number) == [FAILED, FAILED]


async def test_only_the_message_that_failed_is_marked(tmp_path: Path) -> None:
    async with hall_in(tmp_path) as hall:
        number = await hall.say("一", "1")
        hall.office.clock.turn_by(timedelta(seconds=1))
        await hall.say("二", "2")
        hall.office.clock.turn_by(timedelta(seconds=1))
        await hall.say("三", "3")
        before = hall.standings(number)
        assert await hall.outbox.failed(hall.platform.ids[1], "对方拒收。") == number
        changed = [place for place, standing in enumerate(hall.standings(number)) if standing != before[place]]
        assert changed == [len(before) - 2]


async def test_nobody_there_is_surely_not_delivered(tmp_path: Path) -> None:
    async with opened(tmp_path) as service:
        carrier = WeComDoor(ACCOUNT, "http://127.0.0.1:9", service.office.database, service.office.clock).carrier
        with pytest.raises(Undelivered) as caught:
            await carrier.carry(Address("wecom", KF, "wm-a"), _parcel(), "ZX1_1_0")
        assert caught.value.standing == WAITING


@pytest.mark.parametrize(
    ("code", "standing", "words"),
    [
        (-1, WAITING, "正忙"), (45009, WAITING, "频繁"), (48002, WAITING, "微信客服"), (60020, WAITING, "可信 IP"),
        (95017, WAITING, "微信客服"),
        (95000, FAILED, "编号"), (95004, FAILED, "不存在"), (40058, UNSURE, "可能已送达"), (99999, FAILED, "99999"),
    ],
)  # fmt: skip
async def test_each_refusal_has_its_consequence_and_its_words(service: Service, code: int, standing: str, words: str) -> None:
    await service.said("wm-a", "你好")
    for path in (SEND, STATE):
        service.wecom.faults[path] = [code]
        with pytest.raises(Undelivered) as caught:
            await service.door.carrier.carry(Address("wecom", KF, "wm-a"), _parcel(), "ZX1_1_0")
        assert (caught.value.standing, words in caught.value.words) == (standing, True)


def _parcel() -> object:
    from zhixun.channels.wording import Parcel

    return Parcel("三个月。", (1,))


async def test_the_wrong_secret_is_told_and_what_was_said_waits(tmp_path: Path) -> None:
    async with opened(tmp_path) as service:
        wrong = Account(ACCOUNT.id, ACCOUNT.token, "another", ACCOUNT.aes_key)
        door = WeComDoor(wrong, service.wecom.url, service.office.database, service.office.clock)
        with pytest.raises(Undelivered) as caught:
            await door.carrier.carry(Address("wecom", KF, "wm-a"), _parcel(), "ZX1_1_0")
        assert caught.value.standing == WAITING
        assert "Secret" in caught.value.words


async def test_log_lines_hold_no_words_and_nobody_s_id(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "zhixun")
    service.wecom.faults[TRANS] = [95016]
    service.wecom.faults["/cgi-bin/kf/send_msg_on_event"] = [40058]
    service.wecom.enters("wmSomebody")
    await service.pulled()
    await service.said("wmSomebody", "我的商标被抢注了")
    assert "a session could not be taken: errcode 95016" in caplog.text
    assert "a welcome was not taken: errcode 40058" in caplog.text
    assert "wmSomebody" not in caplog.text
    assert "抢注" not in caplog.text


# --- Files ------------------------------------------------------------------------------------------------------------------


async def test_files_are_streamed_and_what_is_gone_is_told(service: Service) -> None:
    service.wecom.media["m1"] = (b"\x89PNG" * 100_000, "image/png")
    got = b"".join([chunk async for chunk in service.door.fetch(KF, "m1")])
    assert got == b"\x89PNG" * 100_000
    with pytest.raises(Undelivered, match="过期"):
        [chunk async for chunk in service.door.fetch(KF, "of last week")]
    service.wecom.faults["/cgi-bin/media/get"] = [DROP, DROP]  # a GET on a kept connection is repeated once by itself
    with pytest.raises(Undelivered, match="中断"):
        [chunk async for chunk in service.door.fetch(KF, "m1")]


# --- The check --------------------------------------------------------------------------------------------------------------


async def _found(service: Service) -> list[tuple[bool, str]]:
    return [(one.ok, one.words) for one in await service.door.check()]


async def test_a_check_finds_the_accounts(service: Service) -> None:
    assert [ok for ok, _ in await _found(service)] == [True, True]
    service.wecom.desks["wkUnmanaged"] = Desk("企业服务", managed=False)
    found = await _found(service)
    assert [ok for ok, _ in found] == [True, True, False]
    assert "“企业服务”没有交给这个应用管理" in found[-1][1]
    service.wecom.desks.clear()
    assert [ok for ok, _ in await _found(service)] == [True, False]


async def test_a_check_looks_at_who_is_on_duty_where_staff_talk_in_wecom(in_wecom: Service) -> None:
    in_wecom.wecom.desks[KF].on_duty = {"wang": False}
    assert "没有人正在接待" in (await _found(in_wecom))[-1][1]
    in_wecom.wecom.desks[KF].on_duty["li"] = True
    assert "1 位接待人员" in (await _found(in_wecom))[-1][1]
    in_wecom.wecom.faults["/cgi-bin/kf/servicer/list"] = [95014]
    assert (await _found(in_wecom))[-1][0] is False


@pytest.mark.parametrize(
    ("code", "words"),
    [(60020, "可信 IP"), (95017, "微信客服"), (48002, "勾选"), (40001, "Secret"), (40013, "企业 ID"), (12345, "错误码 12345")],
)  # fmt: skip
async def test_a_check_says_what_to_do(service: Service, code: int, words: str) -> None:
    service.wecom.faults[LISTED] = [code, code]
    ((ok, told),) = await _found(service)
    assert not ok
    assert words in told


async def test_a_check_of_a_platform_that_cannot_be_reached_says_so(service: Service) -> None:
    door = WeComDoor(ACCOUNT, "http://127.0.0.1:9", service.office.database, HandClock())
    assert [one.ok for one in await door.check()] == [False]


def test_a_key_of_another_form_stops_the_start() -> None:
    with pytest.raises(StopNow, match="ZHIXUN_WECOM_AES_KEY_FILE"):
        WeComDoor(Account("ww1", "t", "s", "short"), "http://127.0.0.1:9", None, HandClock())
