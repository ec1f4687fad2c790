"""What waits for a person: all of it, the longest wait first."""

from __future__ import annotations

from datetime import timedelta

from tests.support import NIGHT, Office
from zhixun.desk.waiting import Waiting, waiting


async def test_nothing_waits_at_first(office: Office) -> None:
    await office.open()
    assert await waiting(office.database) == []


async def test_the_longest_wait_comes_first(office: Office) -> None:
    with_bot, early, late, night, ended = [await office.open() for _ in range(5)]
    await office.turns.say(early, "转人工")
    office.clock.turn_by(timedelta(minutes=1))
    await office.turns.say(late, "转人工")
    office.clock.turn_to(NIGHT)
    await office.turns.say(night, "转人工")
    await office.turns.say(night, "13897123456")
    await office.turns.say(ended, "转人工")
    await office.consultations.close(ended)
    assert await waiting(office.database) == [
        Waiting(early, "queued", "api", "西宁市", "2026-11-20T02:00:00.000Z", callback=False),
        Waiting(late, "queued", "api", "西宁市", "2026-11-20T02:01:00.000Z", callback=False),
        Waiting(night, "message_left", "api", "西宁市", "2026-11-20T14:00:00.000Z", callback=True),
    ]
    assert with_bot not in [row.number for row in await waiting(office.database)]


async def test_who_left_the_queue_waits_no_longer(office: Office) -> None:
    number = await office.open()
    await office.turns.say(number, "转人工")
    await office.turns.say(number, "取消排队")
    assert await waiting(office.database) == []
