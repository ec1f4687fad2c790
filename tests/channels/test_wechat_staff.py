"""Staff who answer in WeChat: their words are carried, the program is silent, and what may still be sent is known."""

from __future__ import annotations

from datetime import timedelta

from tests.channels.wechat_town import ASKED, FAN, Town
from tests.doubles.wechat import SEND
from zhixun.doors import DONE, HELD


async def _taken_over(town: Town) -> tuple[str, int]:
    await town.pusher.say(FAN, "转人工")
    number = await town.number()
    fence = await town.office.takeover.claim(number, "wang")
    await town.hall.settle()
    return number, fence


async def _staff_says(town: Town, number: str, fence: int, *texts: str) -> None:
    for text in texts:
        await town.office.takeover.say(number, "wang", fence, text, once=text)
        await town.hall.settle()


async def test_what_staff_say_is_carried_and_the_program_is_silent(town: Town) -> None:
    number, fence = await _taken_over(town)
    outcome = await town.pusher.say(FAN, ASKED)
    assert (outcome.shown, town.office.engine.asked) == ("", [])
    await _staff_says(town, number, fence, "三个月。")
    assert town.seen()[-1] == "三个月。"
    assert town.hall.standings(number)[-1] == DONE


async def test_what_may_still_be_sent_is_known_and_never_exceeded(town: Town) -> None:
    number, fence = await _taken_over(town)
    await town.pusher.say(FAN, "在吗")
    lefts = []
    for place in range(7):
        reach = await town.reach()
        lefts.append(reach.left)
        await _staff_says(town, number, fence, f"第{place}句")
    assert lefts == [5, 4, 3, 2, 1, 0, 0]
    assert town.hall.standings(number)[-2:] == [HELD, HELD]
    assert town.wechat.refused == []
    await town.pusher.say(FAN, "好的")
    await town.hall.settle()
    told = "\n".join(town.seen())
    assert all(told.count(f"第{place}句") == 1 for place in range(7))
    assert town.hall.standings(number)[-2:] == [DONE, DONE]


async def test_after_two_days_nothing_is_sent_until_the_citizen_writes_again(town: Town) -> None:
    number, fence = await _taken_over(town)
    town.office.clock.turn_by(timedelta(hours=48, seconds=1))
    await _staff_says(town, number, fence, "昨天的答复")
    assert town.hall.standings(number)[-1] == HELD
    assert town.wechat.calls[SEND] <= 1
    await town.pusher.say(FAN, "有结果吗")
    await town.hall.settle()
    assert "昨天的答复" in "\n".join(town.seen())


async def test_what_wechat_counts_otherwise_is_believed(town: Town) -> None:
    number, fence = await _taken_over(town)
    town.wechat.fans[FAN].windows.clear()
    await _staff_says(town, number, fence, "一", "二")
    assert town.wechat.refused == [45015]
    assert town.hall.standings(number)[-2:] == [HELD, HELD]


async def test_a_token_that_ends_in_the_middle_is_renewed_and_nobody_notices(town: Town) -> None:
    number, fence = await _taken_over(town)
    await _staff_says(town, number, fence, "一")
    town.wechat.desk.void()
    await _staff_says(town, number, fence, "二")
    assert town.seen()[-2:] == ["一", "二"]


async def test_a_busy_platform_gets_it_a_moment_later(town: Town) -> None:
    number, fence = await _taken_over(town)
    town.wechat.faults[SEND] = [-1]
    await _staff_says(town, number, fence, "三个月。")
    town.office.clock.turn_by(timedelta(seconds=1))
    await town.hall.settle()
    assert town.seen()[-1] == "三个月。"


async def test_the_end_is_told_with_the_receipt(town: Town) -> None:
    await town.pusher.say(FAN, ASKED)
    number = await town.number()
    await town.pusher.say(FAN, "结束咨询")
    await town.hall.settle()
    assert number in town.seen()[-1]
    assert "校验码" in town.seen()[-1]
