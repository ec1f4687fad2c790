"""Carrying letters: tried again, given up, claimed so that a crash loses none, and dropped when they make no sense any more."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from tests.referral.desk import MEDIATION, PERSON, PHONE, STAFF, WISH, Desk, erased
from tests.support import Crash
from zhixun.errors import CitizenError
from zhixun.retries import AGAIN, CLAIM
from zhixun.signing import NotSent

DOWN = NotSent("邮件服务器连接不上")


async def _row(desk: Desk) -> tuple[object, ...]:
    """Return the only letter: standing, attempts, error."""
    (row,) = desk.office.sql("SELECT standing, attempts, error FROM deliveries")
    return row


async def test_a_slip_goes_out_once_and_that_is_noted(desk: Desk) -> None:
    slip = await desk.issue()
    assert desk.carrier.letters == []
    assert await desk.deliveries.carry_due() == 1
    assert await desk.deliveries.carry_due() == 0
    (letter,) = desk.carrier.letters
    assert letter.id == f"{slip.number}/slip/1"
    assert letter.attachment[:2] == b"PK"
    assert letter.data["slip"]["facts"][0] == ["当事人", PERSON]
    assert letter.data["slip"]["link"].endswith(f"/referral#{slip.number}/{desk.codes.code_of(slip.number)}")
    assert (await desk.slip(slip.number)).standing == "sent"
    assert await _row(desk) == ("done", 1, "")
    moved = next(entry for entry in await desk.office.entries(slip.consultation) if entry.kind == "slip_moved")
    assert (moved.actor, moved.open["standing"]) == ("system", "sent")


async def test_what_people_read_in_passing_tells_nothing_of_the_citizen(desk: Desk) -> None:
    slip = await desk.sent()
    desk.office.clock.turn_by(timedelta(days=10))
    await desk.referrals.remind_due()
    await desk.deliveries.carry_due()
    await desk.referrals.move(slip.number, "withdrawn", STAFF, "本人要求")
    await desk.deliveries.carry_due()
    assert [letter.data["what"] for letter in desk.carrier.letters] == ["slip", "reminder", "withdrawal"]
    for letter in desk.carrier.letters:
        assert not [word for word in (PERSON, PHONE, WISH) if word in letter.subject + letter.text + repr(letter)]
        assert MEDIATION.name in letter.text
    for letter in desk.carrier.letters[1:]:
        assert not [word for word in (PERSON, PHONE, WISH) if word in str(letter.data)]
    assert "code" not in desk.carrier.letters[2].data["slip"]
    assert desk.codes.code_of(slip.number) not in desk.carrier.letters[2].text


async def test_the_same_letter_sent_again_is_the_same(desk: Desk) -> None:
    await desk.issue()
    desk.carrier.fault = Crash()
    with pytest.raises(Crash):
        await desk.deliveries.carry_due()
    desk.carrier.fault = None
    desk.office.clock.turn_by(CLAIM)
    await desk.restarted().carry_due()
    first, second = desk.carrier.letters
    assert first == second


async def test_a_crash_between_sending_and_noting_sends_a_second_time_and_no_third(desk: Desk) -> None:
    slip = await desk.issue()
    desk.carrier.fault = Crash()
    with pytest.raises(Crash):
        await desk.deliveries.carry_due()
    desk.carrier.fault = None
    keeper = desk.restarted()
    # While the claim holds, whoever made it may still be sending.
    assert await keeper.carry_due() == 0
    desk.office.clock.turn_by(CLAIM)
    assert await keeper.carry_due() == 1
    assert await keeper.carry_due() == 0
    assert len(desk.carrier.letters) == 2
    assert (await desk.slip(slip.number)).standing == "sent"


async def test_a_crash_before_sending_loses_nothing(desk: Desk) -> None:
    await desk.issue()

    def die() -> None:
        raise Crash

    desk.carrier.before = die
    with pytest.raises(Crash):
        await desk.deliveries.carry_due()
    assert desk.carrier.letters == []
    desk.carrier.before = lambda: None
    desk.office.clock.turn_by(CLAIM)
    assert await desk.restarted().carry_due() == 1
    assert len(desk.carrier.letters) == 1


async def test_who_dies_at_every_attempt_is_left_to_staff(desk: Desk) -> None:
    await desk.issue()
    desk.carrier.fault = Crash()
    for _ in range(len(AGAIN) + 1):
        with pytest.raises(Crash):
            await desk.deliveries.carry_due()
        desk.office.clock.turn_by(CLAIM)
    assert await desk.deliveries.carry_due() == 0
    standing, attempts, error = await _row(desk)
    assert (standing, attempts, "中断" in str(error)) == ("failed", 6, True)


async def test_two_keepers_at_once_send_once(desk: Desk) -> None:
    await desk.issue()
    other = desk.restarted()
    claimed = await desk.deliveries._claim()
    assert claimed is not None
    assert await other.carry_due() == 0
    await desk.deliveries._carry(*claimed)
    assert len(desk.carrier.letters) == 1


async def test_what_does_not_arrive_is_tried_again_ever_later_and_then_given_up(desk: Desk) -> None:
    slip = await desk.issue()
    desk.carrier.fault = DOWN
    assert await desk.deliveries.carry_due() == 1
    for attempt, wait in enumerate(AGAIN, 1):
        assert await _row(desk) == ("waiting", attempt, DOWN.words)
        desk.office.clock.turn_by(wait - timedelta(seconds=1))
        assert await desk.deliveries.carry_due() == 0
        desk.office.clock.turn_by(timedelta(seconds=1))
        assert await desk.deliveries.carry_due() == 1
    assert await _row(desk) == ("failed", len(AGAIN) + 1, DOWN.words)
    desk.office.clock.turn_by(timedelta(days=30))
    assert await desk.deliveries.carry_due() == 0
    assert (await desk.slip(slip.number)).standing == "issued"
    assert [one.slip for one in await desk.deliveries.failed()] == [slip.number]
    assert [(one.what, one.standing) for one in await desk.deliveries.of(slip.number)] == [("slip", "failed")]


async def test_down_and_then_up(desk: Desk) -> None:
    slip = await desk.issue()
    desk.carrier.fault = DOWN
    await desk.deliveries.carry_due()
    desk.carrier.fault = None
    desk.office.clock.turn_by(AGAIN[0])
    await desk.deliveries.carry_due()
    assert await _row(desk) == ("done", 2, "")
    assert (await desk.slip(slip.number)).standing == "sent"


async def test_what_is_useless_to_try_again_is_given_up_at_once_and_can_be_sent_anew(desk: Desk) -> None:
    slip = await desk.issue()
    desk.carrier.fault = NotSent("不接受对方邮箱", final=True)
    await desk.deliveries.carry_due()
    assert await _row(desk) == ("failed", 1, "不接受对方邮箱")
    desk.carrier.fault = None
    await desk.referrals.send_again(slip.number)
    await desk.referrals.send_again(slip.number)
    assert await desk.deliveries.carry_due() == 1
    assert (await desk.slip(slip.number)).standing == "sent"
    assert [one.standing for one in await desk.deliveries.of(slip.number)] == ["failed", "done"]


async def test_when_staff_gave_it_by_hand_a_failed_letter_is_no_worry_any_more(desk: Desk) -> None:
    slip = await desk.issue()
    desk.carrier.fault = NotSent("不接受对方邮箱", final=True)
    await desk.deliveries.carry_due()
    assert len(await desk.deliveries.failed()) == 1
    await desk.referrals.move(slip.number, "sent", STAFF)
    await desk.referrals.move(slip.number, "received", STAFF)
    assert await desk.deliveries.failed() == []
    with pytest.raises(CitizenError, match="不用再发"):
        await desk.referrals.send_again(slip.number)


@pytest.mark.parametrize("change", [None, {"confirmed": False}, {"email": ""}])
async def test_an_address_that_is_gone_or_doubted_is_not_used(desk: Desk, change: dict[str, object] | None) -> None:
    await desk.issue()
    if change is None:
        del desk.register["mediation"]
    else:
        desk.register["mediation"] = dataclasses.replace(MEDIATION, **change)
    await desk.deliveries.carry_due()
    standing, _, error = await _row(desk)
    assert (standing, "名录" in str(error)) == ("failed", True)
    assert desk.carrier.letters == []


async def test_what_was_erased_does_not_go_out(desk: Desk) -> None:
    slip = await desk.issue()
    async with erased(desk.office, slip.consultation):
        await desk.deliveries.carry_due()
    standing, _, error = await _row(desk)
    assert (standing, "删除" in str(error)) == ("failed", True)
    assert desk.carrier.letters == []


async def test_a_slip_that_was_withdrawn_in_time_never_goes_out(desk: Desk) -> None:
    slip = await desk.issue()
    await desk.referrals.move(slip.number, "withdrawn", STAFF, "本人要求")
    assert await desk.deliveries.carry_due() == 0
    assert desk.carrier.letters == []
    assert await _row(desk) == ("dropped", 0, "")


@pytest.mark.parametrize("fault", [None, DOWN])
async def test_who_has_or_may_have_the_slip_is_told_that_it_was_withdrawn(desk: Desk, fault: NotSent | None) -> None:
    slip = await desk.issue()
    desk.carrier.fault = fault
    await desk.deliveries.carry_due()
    desk.carrier.fault = None
    await desk.referrals.move(slip.number, "withdrawn", STAFF, "本人撤回同意")
    await desk.deliveries.carry_due()
    assert desk.carrier.letters[-1].data["what"] == "withdrawal"
    assert "停止处理" in desk.carrier.letters[-1].text
    assert [letter.data["what"] for letter in desk.carrier.letters].count("slip") == (fault is None)


async def test_withdrawn_while_it_is_on_its_way_it_does_not_stand_as_sent(desk: Desk) -> None:
    slip = await desk.issue()
    claimed = await desk.deliveries._claim()
    assert claimed is not None
    await desk.referrals.move(slip.number, "withdrawn", STAFF, "本人要求")
    await desk.deliveries._carry(*claimed)
    assert (await desk.slip(slip.number)).standing == "withdrawn"
    await desk.deliveries.carry_due()
    assert [letter.data["what"] for letter in desk.carrier.letters] == ["slip", "withdrawal"]


async def test_one_letter_that_fails_does_not_hold_up_the_others(desk: Desk) -> None:
    first, second = await desk.issue(), await desk.issue(wish="另一件")

    def only_first() -> None:
        desk.carrier.fault = DOWN if desk.carrier.fault is None and not desk.carrier.letters else None

    desk.carrier.before = only_first
    assert await desk.deliveries.carry_due() == 2
    assert [(await desk.slip(slip.number)).standing for slip in (first, second)] == ["issued", "sent"]


async def test_the_one_writing_connection_is_not_asked_for_when_nothing_is_due(desk: Desk) -> None:
    desk.office.database._patience = 0.01
    async with desk.office.database.write():
        assert await desk.deliveries.carry_due() == 0
