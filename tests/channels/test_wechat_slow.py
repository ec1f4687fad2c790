"""WeChat's door when a side of it is slow, hangs, breaks or is busy: everything is kept, and answered once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.channels.wechat_town import ASKED, FAN, Town
from tests.doubles.wechat import SEND, UNAVAILABLE
from tests.support import answered
from zhixun.doors import DONE
from zhixun.errors import TryLater


async def test_an_answer_that_takes_longer_is_sent_when_it_is_there(hasty: Town) -> None:
    hasty.office.engine.gate.clear()
    outcome = await hasty.pusher.say(FAN, ASKED)
    assert (outcome.statuses, outcome.bodies) == ([200], [b"success"])
    hasty.office.engine.gate.set()
    await hasty.hall.settle()
    assert hasty.seen()[-1].endswith(f"答：{ASKED}")
    assert "\n".join(hasty.seen()).count("答：") == 1


async def test_while_the_engine_hangs_everything_is_acknowledged_and_kept(hasty: Town) -> None:
    hasty.office.engine.gate.clear()
    outcomes = [await hasty.pusher.say(FAN, f"问题{place}") for place in range(4)]
    assert [outcome.bodies for outcome in outcomes] == [[b"success"]] * 4
    assert hasty.office.sql("SELECT count(*) FROM inbox") == [(4,)]
    assert UNAVAILABLE not in hasty.seen()


async def test_a_dead_engine_is_told_truthfully_at_once(town: Town) -> None:
    town.office.engine.answers[ASKED] = TryLater("引擎没有应答。", code="engine_down")
    outcome = await town.pusher.say(FAN, ASKED)
    assert town.office.site.phrases["degraded"] in outcome.shown


async def test_an_engine_that_breaks_costs_no_acknowledgement_and_is_asked_again(town: Town) -> None:
    town.office.engine.answers[ASKED] = RuntimeError("bug")
    outcome = await town.pusher.say(FAN, ASKED)
    assert outcome.statuses == [200]
    assert not outcome.shown.endswith(f"答：{ASKED}")
    del town.office.engine.answers[ASKED]
    await town.pusher.say(FAN, "那外观呢")
    await town.hall.settle()
    told = "\n".join(town.seen())
    assert told.index(f"答：{ASKED}") < told.index("答：那外观呢")


@pytest.mark.parametrize("deliveries", [3, 4])
async def test_what_is_delivered_again_while_it_is_worked_on_is_answered_once(town: Town, deliveries: int) -> None:
    town.office.engine.gate.clear()
    # WeChat gives up waiting each time; here its five seconds are short.
    impatient = town.other_pusher(deliveries=deliveries, seconds=0.2)
    outcome = await impatient.say(FAN, ASKED)
    assert outcome.statuses[0] == 0
    assert outcome.bodies[-1] == b"success"
    town.office.engine.gate.set()
    await town.hall.settle()
    assert town.office.engine.texts == [ASKED]
    assert "\n".join(town.seen()).count(f"答：{ASKED}") == 1


async def test_the_same_message_delivered_many_times_at_once_is_taken_once(town: Town) -> None:
    fields = town.pusher.message(FAN, "text", Content=ASKED)
    town.wechat.opened(FAN, "text")
    outcomes = await asyncio.gather(*(town.pusher.attempt(FAN, *town.pusher.wrapped(FAN, fields)) for _ in range(8)))
    await town.hall.settle()
    assert {status for status, _ in outcomes} == {200}
    assert town.office.engine.texts == [ASKED]
    assert town.wechat.calls[SEND] == 0
    assert len([body for _, body in outcomes if body != b"success"]) >= 1


async def test_an_answer_that_was_heard_is_not_given_again(town: Town) -> None:
    fields = town.pusher.message(FAN, "text", Content=ASKED)
    town.wechat.opened(FAN, "text")
    first = await town.pusher.attempt(FAN, *town.pusher.wrapped(FAN, fields))
    assert town.pusher.read(FAN, first[1]).endswith(f"答：{ASKED}")
    outcome = await town.pusher.deliver(FAN, fields)
    assert (outcome.bodies, outcome.shown) == ([b"success"], "")
    await town.hall.settle()
    assert (town.office.engine.texts, town.wechat.calls[SEND]) == ([ASKED], 0)



async def test_a_busy_store_has_wechat_deliver_again_and_loses_nothing(town: Town) -> None:
    town.office.database._patience = 0.01
    fields = town.pusher.message(FAN, "text", Content=ASKED)
    town.wechat.opened(FAN, "text")
    async with town.office.database.write():
        assert await town.pusher.attempt(FAN, *town.pusher.wrapped(FAN, fields)) == (503, b"")
    assert town.office.sql("SELECT count(*) FROM journal") == [(0,)]
    town.office.database._patience = 10
    assert (await town.pusher.deliver(FAN, fields)).shown.endswith(f"答：{ASKED}")


async def test_who_dies_while_answering_has_kept_what_was_acknowledged(hasty: Town) -> None:
    hasty.office.engine.answers[ASKED] = asyncio.CancelledError()
    outcome = await hasty.pusher.say(FAN, ASKED)
    assert outcome.bodies == [b"success"] or hasty.office.site.phrases["program"] in outcome.shown
    await hasty.hall.settle()
    del hasty.office.engine.answers[ASKED]
    assert await hasty.office.restarted().finish_interrupted() == 1
    await hasty.hall.settle()
    assert "\n".join(hasty.seen()).count(f"答：{ASKED}") == 1


async def test_a_long_answer_begins_in_the_acknowledgement_and_goes_on_in_messages(town: Town) -> None:
    text = "".join(f"这是第{place:03}句，请保存。" for place in range(160))
    town.office.engine.answers[ASKED] = answered(text)
    await town.pusher.say(FAN, "你好")
    outcome = await town.pusher.say(FAN, ASKED)
    town.office.clock.turn_by(timedelta(seconds=1))
    await town.hall.settle()
    parts = town.seen()[1:]
    assert parts[0] == outcome.shown
    assert len(parts) == 3
    assert "".join(parts) == text
    assert town.wechat.calls[SEND] == 2
    assert set(town.hall.standings(await town.number())) == {DONE}


async def test_what_follows_an_answer_in_the_acknowledgement_is_not_seen_before_it(town: Town) -> None:
    first, second = "一" * 600, "二" * 600
    town.office.engine.answers[ASKED] = answered(first, second)
    await town.pusher.say(FAN, "你好")
    outcome = await town.pusher.say(FAN, ASKED)
    await town.hall.settle()
    assert outcome.shown == first
    assert second not in town.seen()
    town.office.clock.turn_by(timedelta(seconds=1))
    await town.hall.settle()
    assert town.seen()[-2:] == [first, second]


async def test_many_citizens_at_once_are_all_answered(town: Town) -> None:
    outcomes = await asyncio.gather(*(town.pusher.say(f"oFan{place}", f"问题{place}") for place in range(30)))
    assert [outcome.shown.rpartition("答：")[2] for outcome in outcomes] == [f"问题{place}" for place in range(30)]
