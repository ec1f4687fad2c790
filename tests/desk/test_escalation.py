"""Limits that are nearly used up or overrun are told: once each, in the journal and to the open pages."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime, timedelta

from tests.conversation.hands import last, row, waiting
from tests.support import NIGHT, Office, until
from zhixun.clock import ZONE
from zhixun.desk.escalation import Escalation
from zhixun.messages import Event

MINUTE = timedelta(minutes=1)


def _escalation(office: Office) -> Escalation:
    return Escalation(office.database, office.journal, office.clock, office.site.limits, office.site.hours, office.woken.append)


async def _told(office: Office, number: str) -> list[str]:
    return [entry.open["told"] for entry in await office.entries(number) if entry.kind == "escalated"]


async def test_the_limits_are_those_that_these_tests_reckon_with(office: Office) -> None:
    limits = office.site.limits
    assert (limits.first_minutes, limits.next_minutes, limits.solution_hours, limits.callback_hours, limits.warn_at) == (5, 10, 16, 8, 0.7)


async def test_nothing_is_told_while_there_is_time(office: Office) -> None:
    number = await waiting(office)
    office.clock.turn_by(timedelta(minutes=3, seconds=29))
    assert await _escalation(office).watch() == 0
    assert await _told(office, number) == []


async def test_a_limit_is_told_when_it_is_nearly_used_up_and_when_it_is_overrun(office: Office) -> None:
    number, escalation = await waiting(office), _escalation(office)
    office.clock.turn_by(timedelta(minutes=3, seconds=30))
    office.woken.clear()
    assert [await escalation.watch() for _ in range(3)] == [1, 0, 0]
    assert office.woken == [number]
    entry = await last(office, number, "escalated")
    assert (entry.actor, entry.open, entry.private) == ("zhixun", {"told": "first:warn"}, None)
    office.clock.turn_by(timedelta(minutes=1, seconds=31))
    assert [await escalation.watch() for _ in range(3)] == [1, 0, 0]
    assert await _told(office, number) == ["first:warn", "first:over"]
    assert row(office, number)["escalated"] == "first:over"


async def test_what_was_told_is_not_told_again_by_the_next_process(office: Office) -> None:
    number = await waiting(office)
    office.clock.turn_by(6 * MINUTE)
    assert [await _escalation(office).watch() for _ in range(2)] == [1, 0]
    assert await _told(office, number) == ["first:over"]


async def test_who_is_told_late_is_not_told_the_warning_as_well(office: Office) -> None:
    number = await waiting(office)
    office.clock.turn_by(7 * MINUTE)
    await _escalation(office).watch()
    assert await _told(office, number) == ["first:over"]


async def test_whoever_has_it_still_owes_an_answer(office: Office) -> None:
    number, escalation = await waiting(office), _escalation(office)
    fence = await office.takeover.claim(number, "wang")
    office.clock.turn_by(6 * MINUTE)
    assert await escalation.watch() == 1
    await office.takeover.say(number, "wang", fence, "您好", once="1")
    office.clock.turn_by(9 * MINUTE)
    assert await escalation.watch() == 0  # the citizen has said nothing since


async def test_every_further_word_has_a_limit_of_its_own(office: Office) -> None:
    number, escalation = await waiting(office), _escalation(office)
    fence = await office.takeover.claim(number, "wang")
    for place in range(3):
        await office.takeover.say(number, "wang", fence, "您好", once=str(place))
        office.clock.turn_by(timedelta(seconds=1))
        await office.turns.say(number, "还有")
        office.clock.turn_by(11 * MINUTE)
        assert [await escalation.watch() for _ in range(2)] == [1, 0]
    told = await _told(office, number)
    assert [one.partition(":")[0] for one in told] == ["next"] * 3
    assert len(set(told)) == 3


async def test_in_a_long_talk_no_limit_is_told_twice(office: Office) -> None:
    """Days of talk, the whole of it overrun: what was told of it stays told, however many answers come late."""
    number, escalation = await waiting(office), _escalation(office)
    fence = await office.takeover.claim(number, "wang")
    office.clock.turn_by(6 * MINUTE)
    await escalation.watch()
    for day, place in itertools.product((23, 24, 25), range(4)):
        office.clock.turn_to(datetime(2026, 11, day, 9 + 2 * place, day + 7, tzinfo=ZONE))
        await office.takeover.say(number, "wang", fence, "您好", once=f"{day}/{place}")
        office.clock.turn_by(timedelta(seconds=1))
        await office.turns.say(number, "还有")
        for _ in range(7):
            office.clock.turn_by(2 * MINUTE)
            await escalation.watch()
            await escalation.watch()
            assert len(row(office, number)["escalated"]) <= 64
    marks = [set(told.split(",")) for told in await _told(office, number)]
    new = [mark for before, now in itertools.pairwise([set(), *marks]) for mark in now - before]
    assert [mark for mark in new if not mark.startswith("next")] == ["first:over", "solution:warn", "solution:over"]
    assert len(new) == len(set(new))
    assert [sum(mark.startswith(f"next:{level}") for mark in new) for level in ("warn", "over")] == [12, 12]


async def test_a_message_has_its_own_limit_and_at_night_no_time_passes(office: Office) -> None:
    office.clock.turn_to(NIGHT)
    number, escalation = await waiting(office), _escalation(office)
    office.clock.turn_to(datetime(2026, 11, 23, 14, 5, tzinfo=ZONE))
    assert await escalation.watch() == 0
    office.clock.turn_to(datetime(2026, 11, 23, 16, 10, tzinfo=ZONE))
    assert await escalation.watch() == 1
    office.clock.turn_to(datetime(2026, 11, 24, 10, 1, tzinfo=ZONE))
    assert await escalation.watch() == 1
    assert await _told(office, number) == ["callback:warn", "callback:over"]


async def test_a_call_that_was_tried_and_is_owed_again_has_a_limit_of_its_own(office: Office) -> None:
    """Staff spoke on Monday evening, and nobody took it on: who is called back on Tuesday waits since those words."""
    office.clock.turn_to(NIGHT)
    number, escalation = await waiting(office), _escalation(office)
    office.clock.turn_to(datetime(2026, 11, 24, 10, 1, tzinfo=ZONE))
    await escalation.watch()
    fence = await office.takeover.claim(number, "wang")
    await office.takeover.say(number, "wang", fence, "明天再给您回电。", once="1")
    await office.takeover.put_back(number, "wang", fence)
    office.clock.turn_to(datetime(2026, 11, 24, 17, 30, tzinfo=ZONE))
    await office.takeover.keep()
    for hour in (10, 11, 14, 16):
        office.clock.turn_to(datetime(2026, 11, 25, hour, 5, tzinfo=ZONE))
        await escalation.watch()
    calls = [told.partition(",")[0] for told in await _told(office, number)]
    assert list(dict.fromkeys(calls)) == ["callback:over", "callback:warn"]
    assert row(office, number)["escalated"].startswith("callback:over")


async def test_asked_for_again_everything_counts_anew(office: Office) -> None:
    number, escalation = await waiting(office), _escalation(office)
    office.clock.turn_by(6 * MINUTE)
    await escalation.watch()
    await office.turns.say(number, "取消排队")
    office.clock.turn_by(6 * MINUTE)
    assert await escalation.watch() == 0
    await office.turns.say(number, "转人工")
    office.clock.turn_by(6 * MINUTE)
    assert await escalation.watch() == 1
    assert await _told(office, number) == ["first:over", "first:over"]


async def test_what_is_closed_or_with_the_program_is_not_watched(office: Office) -> None:
    closed, _ = await waiting(office), await office.open()
    await office.consultations.close(closed)
    office.clock.turn_by(timedelta(hours=3))
    assert await _escalation(office).watch() == 0


async def test_nothing_is_told_of_what_is_closed_while_the_watcher_waits_to_write(office: Office) -> None:
    """It would stand behind the seal."""
    number = await waiting(office)
    office.clock.turn_by(6 * MINUTE)
    async with office.database.write() as connection:
        watch = asyncio.create_task(_escalation(office).watch())
        await until(lambda: any(office.database._lock._waiting))
        await office.journal.append(connection, number, [Event("closed", "citizen", {"state": "closed", "reason": "citizen"})])
    assert await watch == 0
    assert (await office.entries(number))[-1].kind == "closed"


async def test_many_are_told_in_one_round(office: Office) -> None:
    numbers = [await waiting(office) for _ in range(3)]
    office.clock.turn_by(6 * MINUTE)
    assert await _escalation(office).watch() == 3
    assert {number: await _told(office, number) for number in numbers} == {number: ["first:over"] for number in numbers}
