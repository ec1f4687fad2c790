"""Reminding agencies that do not answer: in working hours, not too often, and not for ever."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from tests.referral.desk import Desk
from zhixun.clock import ZONE
from zhixun.referral.terms import MOST_REMINDERS
from zhixun.signing import NotSent

MONDAY = datetime(2026, 11, 30, 10, 0, tzinfo=ZONE)  # the slip was due on Friday


async def _on(desk: Desk, moment: datetime) -> int:
    desk.office.clock.turn_to(moment)
    return await desk.referrals.remind_due()


async def test_who_does_not_answer_in_time_is_reminded_once(desk: Desk) -> None:
    slip = await desk.sent()
    assert await _on(desk, datetime(2026, 11, 27, 16, 0, tzinfo=ZONE)) == 0
    assert await _on(desk, MONDAY) == 1
    assert await _on(desk, MONDAY) == 0
    await desk.deliveries.carry_due()
    letter = desk.carrier.letters[-1]
    assert (letter.data["what"], letter.attachment) == ("reminder", b"")
    assert slip.number in letter.subject
    found = await desk.slip(slip.number)
    assert (found.reminders, found.standing, found.reminded != "") == (1, "sent", True)
    entry = (await desk.office.entries(slip.consultation))[-1]
    assert (entry.kind, entry.open) == ("slip_reminded", {"slip": slip.number, "times": 1})


async def test_two_keepers_at_once_remind_once(desk: Desk) -> None:
    await desk.sent()
    desk.office.clock.turn_to(MONDAY)
    reminded = await asyncio.gather(*(desk.referrals.remind_due() for _ in range(3)))
    assert sorted(reminded) == [0, 0, 1]


async def test_outside_of_working_hours_nobody_is_reminded(desk: Desk) -> None:
    await desk.sent()
    for moment in (MONDAY.replace(hour=12, minute=30), MONDAY.replace(hour=20), MONDAY - timedelta(days=1)):
        assert await _on(desk, moment) == 0
    assert await _on(desk, MONDAY) == 1


async def test_between_two_reminders_lie_two_working_days(desk: Desk) -> None:
    await desk.sent()
    friday = MONDAY + timedelta(days=4)
    assert await _on(desk, friday) == 1
    assert await _on(desk, friday + timedelta(days=3)) == 0
    assert await _on(desk, friday + timedelta(days=4)) == 1


async def test_after_so_many_it_is_for_staff_to_call(desk: Desk) -> None:
    await desk.sent()
    reminded = [await _on(desk, MONDAY + timedelta(days=7 * week)) for week in range(MOST_REMINDERS)]
    assert reminded == [1] * MOST_REMINDERS
    assert await _on(desk, MONDAY + timedelta(days=28)) == 0
    (slip,) = await desk.referrals.open()
    assert slip.overdue


async def test_who_has_answered_or_never_got_it_is_not_reminded(desk: Desk) -> None:
    accepted = await desk.received()
    await desk.answer(accepted, "accepted")
    desk.carrier.fault = NotSent("连接不上")
    lost = await desk.sent(wish="没有送到")
    assert lost.standing == "issued"
    by_hand = await desk.issue(way="hand", wish="当面送的")
    await desk.referrals.move(by_hand.number, "sent", "staff:li")
    assert await _on(desk, MONDAY) == 0


async def test_who_signed_but_does_not_say_whether_it_takes_the_matter_is_reminded(desk: Desk) -> None:
    await desk.received()
    assert await _on(desk, MONDAY) == 1


async def test_a_reminder_that_waits_is_not_doubled_and_is_dropped_when_the_answer_comes(desk: Desk) -> None:
    slip = await desk.sent()
    assert await _on(desk, MONDAY) == 1
    assert await _on(desk, MONDAY + timedelta(days=7)) == 1
    assert desk.office.sql("SELECT count(*) FROM deliveries WHERE what = 'reminder'") == [(1,)]
    await desk.answer(slip, "received")
    await desk.answer(slip, "accepted")
    await desk.deliveries.carry_due()
    assert len(desk.carrier.letters) == 1
    assert desk.office.sql("SELECT standing FROM deliveries WHERE what = 'reminder'") == [("dropped",)]


async def test_after_closing_a_reminder_is_sealed(desk: Desk) -> None:
    slip = await desk.sent()
    await desk.close(slip.consultation)
    assert await _on(desk, MONDAY) == 1
    assert desk.office.sql("SELECT count(*) FROM leaves WHERE consultation = ?", slip.consultation) == [(2,)]


async def test_when_the_calendar_ends_the_last_day_is_the_day_counted(desk: Desk) -> None:
    desk.office.clock.turn_to(datetime(2026, 12, 31, 10, 0, tzinfo=ZONE))
    assert (await desk.issue(due_days=2)).due == "2027-01-02"
