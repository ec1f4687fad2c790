"""The switch that pauses the program: told with its reason, kept over a restart, and people go on."""

from __future__ import annotations

import pytest

from tests.conversation.hands import refused, row
from tests.support import NIGHT, Office
from zhixun.conversation.switch import Switch


async def test_at_first_it_is_on(office: Office) -> None:
    await office.switch.prepare()
    assert office.switch.reason == ""
    assert (await office.turns.say(await office.open(), "你好")).owner == "bot"


async def test_while_it_is_off_every_word_goes_to_a_person(office: Office) -> None:
    number = await office.open()
    await office.switch.pause(" 正在核对新商标法的内容。 ")
    assert office.switch.reason == "正在核对新商标法的内容"
    turn = await office.turns.say(number, "异议期多久")
    assert (turn.owner, turn.status) == ("queue", "handoff")
    assert [reply.text for reply in turn.replies] == [
        office.site.phrases["bot_paused"].format(reason="正在核对新商标法的内容"), office.site.phrases["queued"]
    ]  # fmt: skip
    assert office.engine.asked == []
    assert (row(office, number)["state"], row(office, number)["reason"]) == ("queued", "bot_paused")


async def test_out_of_hours_a_message_is_left(office: Office) -> None:
    office.clock.turn_to(NIGHT)
    number = await office.open()
    await office.switch.pause("内容更新")
    assert (await office.turns.say(number, "异议期多久")).owner == "queue"
    assert row(office, number)["state"] == "message_left"


async def test_who_cancels_is_handed_over_again_at_the_next_word(office: Office) -> None:
    number = await office.open()
    await office.switch.pause("内容更新")
    await office.turns.say(number, "异议期多久")
    assert (await office.turns.say(number, "取消排队")).owner == "bot"
    assert (await office.turns.say(number, "异议期多久")).owner == "queue"


async def test_people_go_on_while_it_is_off(office: Office) -> None:
    number = await office.open()
    fence = await office.takeover.claim(number, "wang")
    await office.switch.pause("内容更新")
    assert (await office.turns.say(number, "在吗")).owner == "staff"
    assert await office.takeover.say(number, "wang", fence, "在的", once="a") is not None
    await office.takeover.give_back(number, "wang", fence)
    assert (await office.turns.say(number, "还有")).owner == "queue"


async def test_a_restart_does_not_turn_it_on_again(office: Office) -> None:
    await office.switch.pause("内容更新")
    after = Switch(office.database)
    await after.prepare()
    assert after.reason == "内容更新"
    await after.resume()
    again = Switch(office.database)
    await again.prepare()
    assert again.reason == ""


async def test_another_reason_takes_the_place_of_the_first_and_resuming_answers_again(office: Office) -> None:
    number = await office.open()
    for reason in ("内容更新", "模型更换"):
        await office.switch.pause(reason)
    assert office.switch.reason == "模型更换"
    for _ in range(2):
        await office.switch.resume()
    assert (await office.turns.say(number, "异议期多久")).status == "answered"


@pytest.mark.parametrize("reason", ["", " 。。 ", "字" * 101], ids=["empty", "only a stop", "long"])
async def test_a_pause_needs_a_reason_that_citizens_can_read(office: Office, reason: str) -> None:
    with refused("bad_reason", 400):
        await office.switch.pause(reason)
    assert office.switch.reason == ""
    assert office.sql("SELECT value FROM meta WHERE name = 'bot_paused'") == []


async def test_the_longest_reason_is_kept(office: Office) -> None:
    await office.switch.pause("字" * 100)
    assert office.switch.reason == "字" * 100
