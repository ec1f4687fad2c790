"""What could not be done at the first go: answers are begun again, what went out is noted, and only what arrived is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.channels.hall import DAYS_2, Hall, hall_in
from tests.support import held_elsewhere, until
from zhixun.channels.inbox import TRIES
from zhixun.channels.outbox import AGAIN, Undelivered
from zhixun.doors import DONE, UNSURE
from zhixun.errors import OurFault

ASKED = "商标异议期多久"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall_in(tmp_path) as joined:
        yield joined


async def test_an_answer_that_failed_is_begun_again_without_another_message(hall: Hall) -> None:
    hall.office.engine.answers[ASKED] = OurFault("something is broken for a while")
    await hall.say(ASKED)
    assert not any(ASKED in text for text in hall.platform.texts("citizen-a"))
    del hall.office.engine.answers[ASKED]
    await hall.inbox.try_again()
    await hall.settle()
    assert hall.platform.texts("citizen-a")[-1].endswith(f"答：{ASKED}")
    asked = len(hall.office.engine.asked)
    await hall.inbox.try_again()
    await hall.settle()
    assert len(hall.office.engine.asked) == asked


async def test_an_answer_that_can_never_be_given_is_not_begun_for_ever(hall: Hall) -> None:
    hall.office.engine.answers[ASKED] = OurFault("something is broken for good")
    await hall.say(ASKED)
    for _ in range(TRIES + 5):
        await hall.inbox.try_again()
        await hall.inbox.finish()
    assert len(hall.office.engine.asked) == TRIES + 1


async def test_an_answer_waits_for_a_store_that_is_busy_for_longer_than_anybody_would(hall: Hall) -> None:
    hall.office.engine.gate.clear()
    await hall.inbox.take([hall.word(ASKED)])
    await until(lambda: hall.office.engine.asked)
    hall.office.database._patience = 0.01
    async with hall.office.database.write():
        hall.office.engine.gate.set()
        answering = next(iter(hall.inbox._answering.values()))
        await asyncio.wait({answering}, timeout=0.2)
        assert not answering.done()
    await hall.settle()
    assert hall.platform.texts("citizen-a")[-1].endswith(f"答：{ASKED}")


async def test_an_answer_waits_for_another_process_as_well(hall: Hall) -> None:
    hall.office.engine.gate.clear()
    await hall.inbox.take([hall.word(ASKED)])
    await until(lambda: hall.office.engine.asked)
    async with held_elsewhere(hall.office.folder):
        hall.office.engine.gate.set()
        answering = next(iter(hall.inbox._answering.values()))
        await asyncio.wait({answering}, timeout=0.2)
        assert not answering.done()
    await hall.settle()
    assert hall.platform.texts("citizen-a")[-1].endswith(f"答：{ASKED}")


async def test_what_surely_did_not_arrive_uses_up_nothing_of_what_the_platform_lets_through(hall: Hall) -> None:
    hall.platform.refusals = [Undelivered("平台正忙。") for _ in AGAIN]
    number = await hall.say(ASKED, allows=(5, DAYS_2))
    for span in AGAIN:
        await hall.settle()
        hall.office.clock.turn_by(span)
    await hall.settle()
    assert set(hall.standings(number)) == {DONE}
    assert hall.office.sql('SELECT "left" FROM threads WHERE consultation=?', number) == [(5 - len(hall.platform.brought),)]


async def test_what_may_have_arrived_is_counted(hall: Hall) -> None:
    hall.platform.refusals = [Undelivered("平台没有回应，可能已送达。", UNSURE)]
    number = await hall.say(ASKED, allows=(5, DAYS_2))
    assert hall.office.sql('SELECT "left" FROM threads WHERE consultation=?', number) == [(4,)]


async def test_what_went_out_and_could_not_be_noted_does_not_hold_up_what_follows(hall: Hall) -> None:
    number = await hall.say(ASKED)
    hall.platform.gate.clear()
    await hall.inbox.take([hall.word("那外观呢", "2")])
    await until(lambda: "sending" in hall.standings(number))
    # A disk that is full refuses every write, of this one as well.
    (carrying,) = hall.outbox._running.values()
    carrying.cancel()
    hall.platform.gate.set()
    await hall.outbox.finish()
    await hall.settle()
    assert hall.standings(number)[-1] == UNSURE
    hall.office.clock.turn_by(timedelta(seconds=1))
    await hall.say("多少钱", "3")
    assert hall.platform.texts("citizen-a")[-1] == "答：多少钱"


async def test_at_the_end_what_is_on_its_way_arrives_and_nothing_new_is_begun(hall: Hall) -> None:
    hall.platform.gate.clear()
    first = (await hall.inbox.take([hall.word(ASKED)]))[0].consultation
    await until(lambda: "sending" in hall.standings(first))
    stopping = asyncio.create_task(hall.outbox.stop())
    await hall.inbox.take([hall.word("那外观呢", "2", "citizen-b")])
    await hall.inbox.finish()
    hall.platform.gate.set()
    await stopping
    assert hall.standings(first) == [DONE, DONE]
    assert hall.platform.texts("citizen-b") == []
