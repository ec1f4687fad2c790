"""What every door relies on: stored once, answered at most once and in order, carried as far as the platform lets it, owned by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.channels.hall import ACCOUNT, DAYS_2, DOOR, Hall, Reach, hall_in, join_hall
from tests.support import until
from zhixun.archive.rebuild import rebuild
from zhixun.channels.outbox import AGAIN, SPENT, Undelivered
from zhixun.doors import DONE, FAILED, HELD, UNSURE, WAITING, Incoming
from zhixun.errors import TryLater


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall_in(tmp_path) as joined:
        yield joined


async def test_who_writes_first_is_told_what_this_is_and_answered_in_one_message(hall: Hall) -> None:
    number = await hall.say("商标异议期多久")
    (only,) = hall.platform.texts("citizen-a")
    assert hall.office.site.phrases["program"] in only
    assert hall.office.site.phrases["notice"] in only
    assert only.endswith("答：商标异议期多久")
    assert set(hall.standings(number)) == {DONE}


async def test_who_writes_again_goes_on_with_the_same_consultation_and_is_told_nothing_twice(hall: Hall) -> None:
    first = await hall.say("商标异议期多久", "1")
    assert await hall.say("那外观呢", "2") == first
    assert hall.platform.texts("citizen-a")[1:] == ["答：那外观呢"]


async def test_others_and_the_same_id_at_another_account_are_somebody_else(hall: Hall) -> None:
    mine = await hall.say("你好", "1", "citizen-a")
    theirs = await hall.say("你好", "2", "citizen-b")
    elsewhere = (await hall.inbox.take([Incoming(DOOR, "gh_other", "citizen-a", "1", "你好")]))[0].consultation
    assert len({mine, theirs, elsewhere}) == 3


async def test_a_message_that_comes_again_is_neither_stored_nor_answered_again(hall: Hall) -> None:
    number = await hall.say("商标异议期多久")
    before = await hall.office.entries(number)
    for _ in range(3):
        assert await hall.say("商标异议期多久") == number
    assert await hall.office.entries(number) == before
    assert len(hall.platform.brought) == 1


async def test_a_message_that_comes_many_times_at_once_is_stored_once(hall: Hall) -> None:
    copies = await asyncio.gather(*(hall.inbox.take([hall.word("商标异议期多久")]) for _ in range(20)))
    await hall.settle()
    assert sorted(one[0].became for one in copies) == ["again"] * 19 + ["asks"]
    assert hall.office.engine.texts == ["商标异议期多久"]
    assert len(hall.platform.brought) == 1


async def test_a_week_old_message_is_known_again_after_its_consultation_was_closed_and_all_was_rebuilt(hall: Hall) -> None:
    number = await hall.say("商标异议期多久")
    await hall.office.consultations.close(number)
    await hall.settle()
    hall.office.clock.turn_by(timedelta(days=7))
    await rebuild(hall.office.journal, hall.office.folder / "archive", hall.office.sealer)
    brought = len(hall.platform.brought)
    assert await hall.say("商标异议期多久") == number
    assert len(hall.platform.brought) == brought
    assert hall.office.sql("SELECT count(*) FROM consultations WHERE channel=?", DOOR) == [(1,)]


async def test_messages_that_come_while_the_engine_works_are_stored_at_once_and_answered_in_order(hall: Hall) -> None:
    hall.office.engine.gate.clear()
    for place in range(12):
        await hall.inbox.take([hall.word(f"问题{place}", str(place))])
    assert len(hall.office.sql("SELECT 1 FROM inbox")) == 12
    hall.office.engine.gate.set()
    await hall.settle()
    assert hall.office.engine.texts == [f"问题{place}" for place in range(12)]
    told = "\n".join(hall.platform.texts("citizen-a"))
    assert [told.index(f"答：问题{place}") for place in range(12)] == sorted(told.index(f"答：问题{place}") for place in range(12))


async def test_a_message_is_stored_before_it_is_acknowledged_and_answered_by_the_next_process(hall: Hall) -> None:
    hall.office.engine.answers["商标异议期多久"] = asyncio.CancelledError()
    stored = (await hall.inbox.take([hall.word("商标异议期多久")]))[0]
    await hall.settle()
    del hall.office.engine.answers["商标异议期多久"]
    assert await hall.office.restarted().finish_interrupted() == 1
    await hall.settle()
    assert hall.platform.texts("citizen-a")[-1].endswith("答：商标异议期多久")
    assert len(hall.platform.texts("citizen-a")) == 1 or stored.consultation


async def test_a_busy_store_takes_nothing_and_says_so(hall: Hall) -> None:
    async with hall.office.database.write():
        hall.office.database._patience = 0.01
        with pytest.raises(TryLater):
            await hall.inbox.take([hall.word("商标异议期多久")])
    assert hall.office.sql("SELECT count(*) FROM journal") == [(0,)]


# --- The answer that is waited for ------------------------------------------------------------------------------------------


async def test_the_answer_is_handed_to_who_waits_for_it_and_not_carried_as_well(hall: Hall) -> None:
    parcel = await hall.inbox.take_and_answer(hall.word("商标异议期多久"), lambda: True)
    assert parcel is not None
    assert parcel.text.endswith("答：商标异议期多久")
    await hall.settle()
    assert hall.platform.brought == []
    assert set(hall.standings(await hall.arrivals.current(DOOR, ACCOUNT, "citizen-a"))) == {DONE}


async def test_an_answer_that_was_handed_out_and_not_heard_is_carried(hall: Hall) -> None:
    word = hall.word("商标异议期多久")
    parcel = await hall.inbox.take_and_answer(word, lambda: True)
    assert parcel is not None
    await hall.inbox.hand_back(word, parcel)
    await hall.settle()
    assert hall.platform.texts("citizen-a") == [parcel.text]


async def test_an_answer_that_takes_too_long_is_carried_when_it_is_there(hall: Hall) -> None:
    hall.office.engine.gate.clear()
    assert await hall.inbox.take_and_answer(hall.word("商标异议期多久"), lambda: True, seconds=0.01) is None
    hall.office.engine.gate.set()
    await hall.settle()
    assert "\n".join(hall.platform.texts("citizen-a")).endswith("答：商标异议期多久")


async def test_an_answer_that_nobody_listens_to_any_more_is_carried(hall: Hall) -> None:
    assert await hall.inbox.take_and_answer(hall.word("商标异议期多久"), lambda: False) is None
    await hall.settle()
    assert "\n".join(hall.platform.texts("citizen-a")).endswith("答：商标异议期多久")


async def test_the_same_message_again_gets_no_second_answer_while_the_first_is_worked_on(hall: Hall) -> None:
    hall.office.engine.gate.clear()
    first = asyncio.create_task(hall.inbox.take_and_answer(hall.word("商标异议期多久"), lambda: True, seconds=20))
    await until(lambda: hall.office.engine.asked)
    assert await hall.inbox.take_and_answer(hall.word("商标异议期多久"), lambda: True) is None
    hall.office.engine.gate.set()
    assert (await first) is not None
    await hall.settle()
    assert hall.platform.brought == []


# --- What the platform lets through -----------------------------------------------------------------------------------------


async def _with_staff(hall: Hall, **more: object) -> tuple[str, int]:
    """Bring a consultation into the hands of staff; returns its number and the fence."""
    number = await hall.say("转人工", "1", **more)
    return number, await hall.office.takeover.claim(number, "wang")


async def _staff_says(hall: Hall, number: str, fence: int, *texts: str) -> None:
    for text in texts:
        await hall.office.takeover.say(number, "wang", fence, text, once=text)
        await hall.settle()


async def test_after_five_messages_the_rest_waits_until_the_citizen_writes_again(hall: Hall) -> None:
    number, fence = await _with_staff(hall, allows=(5, DAYS_2))
    await hall.settle()
    spent = len(hall.platform.brought)
    assert hall.reach(number) == Reach(5 - spent, "2026-11-22T02:00:00.000Z")
    await _staff_says(hall, number, fence, *(f"第{place}句" for place in range(5)))
    assert len(hall.platform.brought) == 5
    held = 5 - (5 - spent)
    assert hall.standings(number)[-held:] == [HELD] * held
    assert (SPENT,) in hall.office.sql("SELECT error FROM outbox WHERE consultation=?", number)
    hall.carried.clear()
    await _staff_says(hall, number, fence, "还有一句")
    assert set(hall.carried) == {number}, "what is kept back is told as well"
    await hall.say("好的", "2", allows=(5, DAYS_2))
    assert hall.platform.texts("citizen-a")[5].startswith(f"第{5 - held}句")
    assert set(hall.standings(number)) == {DONE}


async def test_after_48_hours_nothing_goes_out_until_the_citizen_writes_again(hall: Hall) -> None:
    number, fence = await _with_staff(hall, allows=(5, DAYS_2))
    await hall.settle()
    before = len(hall.platform.brought)
    hall.office.clock.turn_by(timedelta(hours=48, seconds=1))
    await _staff_says(hall, number, fence, "昨天的答复")
    assert len(hall.platform.brought) == before
    await hall.say("有结果吗", "2", allows=(5, DAYS_2))
    assert "昨天的答复" in hall.platform.texts("citizen-a")[before]


async def test_a_touch_on_the_menu_does_not_close_the_window_that_words_have_opened(hall: Hall) -> None:
    number = await hall.say("商标异议期多久", "1", allows=(5, DAYS_2))
    before = hall.reach(number)
    await hall.say("", "2", allows=(3, 60))
    assert hall.reach(number) == before


async def test_what_the_platform_counts_otherwise_is_believed(hall: Hall) -> None:
    number, fence = await _with_staff(hall, allows=(5, DAYS_2))
    await hall.settle()
    hall.platform.refusals = [Undelivered("对方没有在48小时内发过消息。", HELD)]
    await _staff_says(hall, number, fence, "一", "二")
    assert hall.standings(number)[-2:] == [HELD, HELD]
    reach = hall.reach(number)
    assert reach.left == 0


async def test_who_has_left_is_sent_nothing_until_he_comes_back(hall: Hall) -> None:
    number, fence = await _with_staff(hall, allows=(5, DAYS_2))
    await hall.settle()
    before = len(hall.platform.brought)
    await hall.say("", "gone", gone=True)
    await _staff_says(hall, number, fence, "您还在吗")
    assert len(hall.platform.brought) == before
    await hall.say("我回来了", "3", allows=(5, DAYS_2))
    assert "您还在吗" in "\n".join(hall.platform.texts("citizen-a")[before:])


# --- What does not arrive ---------------------------------------------------------------------------------------------------


async def test_what_surely_did_not_arrive_is_brought_again_later_and_given_up_at_last(hall: Hall) -> None:
    hall.platform.refusals = [Undelivered("平台正忙。") for _ in range(len(AGAIN) + 1)]
    number = await hall.say("商标异议期多久")
    for span in AGAIN:
        assert set(hall.standings(number)) == {WAITING}
        await hall.settle()
        hall.office.clock.turn_by(span)
        await hall.settle()
    assert set(hall.standings(number)) == {FAILED}
    assert hall.platform.brought == []
    await hall.say("那外观呢", "2")
    assert hall.platform.texts("citizen-a") == ["答：那外观呢"]


async def test_the_platform_may_say_when_to_come_again(hall: Hall) -> None:
    hall.platform.refusals = [Undelivered("平台要求稍后。", after=90)]
    await hall.say("商标异议期多久")
    hall.office.clock.turn_by(timedelta(seconds=89))
    await hall.settle()
    assert hall.platform.brought == []
    hall.office.clock.turn_by(timedelta(seconds=1))
    await hall.settle()
    assert len(hall.platform.brought) == 1


@pytest.mark.parametrize(("knows_again", "standing", "brought"), [(False, UNSURE, 0), (True, DONE, 1)])
async def test_what_a_crash_left_on_its_way_goes_out_again_only_where_the_platform_would_know_it(
    tmp_path: Path, knows_again: bool, standing: str, brought: int
) -> None:
    async with hall_in(tmp_path, knows_again=knows_again) as hall:
        hall.platform.gate.clear()
        number = (await hall.inbox.take([hall.word("商标异议期多久")]))[0].consultation
        await hall.inbox.finish()
        await until(lambda: hall.standings(number) == ["sending", "sending"])
        after = join_hall(hall.office, hall.carriers, hall.platform)
        for task in list(hall.outbox._running.values()):
            task.cancel()
        hall.platform.gate.set()
        await after.outbox.settle()
        await after.settle()
        assert set(hall.standings(number)) == {standing}
        assert len(hall.platform.brought) == brought


async def test_a_long_text_goes_out_in_parts_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async with hall_in(tmp_path, limit=300) as hall:
        number, fence = await _with_staff(hall)
        await hall.settle()
        before = len(hall.platform.brought)
        text = "".join(f"这是第{place:03}句，请保存。" for place in range(40))
        await _staff_says(hall, number, fence, text)
        parts = hall.platform.texts("citizen-a")[before:]
        assert len(parts) > 2
        assert "".join(parts) == text
        assert all(len(part.encode()) <= 300 for part in parts)
        assert len(set(hall.platform.ids)) == len(hall.platform.ids)


# --- The end ----------------------------------------------------------------------------------------------------------------


async def test_who_writes_that_it_is_the_end_gets_the_receipt_and_begins_anew_afterwards(hall: Hall) -> None:
    number = await hall.say("商标异议期多久", "1")
    assert await hall.say("结束咨询", "2") == number
    (row,) = hall.office.sql("SELECT state FROM consultations WHERE number=?", number)
    assert row == ("closed",)
    receipt = hall.platform.texts("citizen-a")[-1]
    assert number in receipt
    code = receipt.partition("校验码 ")[2].partition("，")[0]
    assert (await hall.office.receipts.check(number, code)).state == "closed"
    assert await hall.say("还有一个问题", "3") != number
    assert hall.office.site.phrases["program"] not in hall.platform.texts("citizen-a")[-1]


async def test_what_is_closed_because_nobody_spoke_is_told_with_its_receipt(hall: Hall) -> None:
    number = await hall.say("商标异议期多久", allows=(5, DAYS_2))
    hall.office.clock.turn_by(timedelta(minutes=31))
    assert await hall.office.consultations.close_idle() == 1
    await hall.settle()
    assert hall.office.site.phrases["idle_closed"] in hall.platform.texts("citizen-a")[-1]
    assert number in hall.platform.texts("citizen-a")[-1]


async def test_nobody_can_read_in_the_store_who_wrote(hall: Hall) -> None:
    number = await hall.say("商标异议期多久", peer="oPersonalOpenId")
    assert b"oPersonalOpenId" not in hall.office.bytes_on_disk()
    address = await hall.arrivals.address(number)
    assert address is not None
    assert address.peer == "oPersonalOpenId"
    assert "oPersonalOpenId" not in repr(address)


# --- One owner --------------------------------------------------------------------------------------------------------------


async def test_the_bot_is_silent_while_a_person_has_it(hall: Hall) -> None:
    number, fence = await _with_staff(hall)
    await hall.say("商标异议期多久", "2")
    assert "商标异议期多久" not in hall.office.engine.texts
    await _staff_says(hall, number, fence, "三个月。")
    assert hall.platform.texts("citizen-a")[-1].endswith("三个月。")


async def test_a_number_that_follows_at_once_on_the_wish_for_a_person_is_kept_for_the_call(hall: Hall) -> None:
    hall.office.engine.gate.clear()
    await hall.inbox.take([hall.word("商标异议期多久", "1"), hall.word("转人工", "2"), hall.word("13897123456", "3")])
    hall.office.engine.gate.set()
    await hall.settle()
    number = await hall.arrivals.current(DOOR, ACCOUNT, "citizen-a")
    assert hall.office.sql("SELECT state, callback FROM consultations WHERE number=?", number) == [("queued", 1)]
    assert any((entry.private or {}).get("phone") == "13897123456" for entry in await hall.office.entries(number))


@pytest.mark.parametrize("text", ["？？？", "，。！", "长" * 2001])
async def test_what_cannot_be_taken_is_answered_with_what_to_do(hall: Hall, text: str) -> None:
    await hall.say(text)
    await hall.say(text)
    assert hall.office.engine.asked == []
    (only,) = hall.platform.texts("citizen-a")
    assert "文字" in only or "个字" in only


async def test_what_only_comes_in_is_greeted_once(hall: Hall) -> None:
    await hall.say("", "subscribe")
    await hall.say("", "subscribe")
    (only,) = hall.platform.texts("citizen-a")
    assert hall.office.site.phrases["greeting"] in only
    assert "（回复数字即可）" in only


async def test_a_number_means_the_button_that_was_shown(hall: Hall) -> None:
    number = await hall.say("", "subscribe")
    greeting = next(entry for entry in await hall.office.entries(number) if entry.open.get("kind") == "greeting")
    buttons = (greeting.private or {})["buttons"]
    assert await hall.arrivals.choice(number, f"{greeting.seq}.0") == buttons[0]["payload"]
    for wrong in (f"{greeting.seq}.99", "1.0", "999.0", "x", "", "1.٣", f"{greeting.seq}.-1"):
        assert await hall.arrivals.choice(number, wrong) == ""


async def test_a_file_is_told_of_and_fetched_and_a_place_is_for_people(hall: Hall) -> None:
    number = await hall.say("[图片]", "1", form="file", media="m-1", name="图片")
    assert hall.fetched == [number]
    await hall.say("[位置] 西宁市城西区", "2", form="location")
    told = "\n".join(hall.platform.texts("citizen-a"))
    assert hall.office.site.phrases["file"] in told
    assert hall.office.site.phrases["location"] in told
    assert hall.office.engine.asked == []
