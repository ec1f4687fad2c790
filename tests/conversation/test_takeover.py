"""People take over: claims and their fences, leases that lapse, passing on, giving back, closing, and a restart in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from tests.conversation.hands import PATIENCE, last, refused, restart, row, waiting
from tests.support import LEASE, NIGHT, OPEN_MOMENT, Crash, Office, until
from zhixun.archive.sealed import file_path
from zhixun.clock import ZONE, stamp
from zhixun.conversation.takeover import OUTCOMES
from zhixun.desk.daybook import Daybook
from zhixun.errors import OurFault
from zhixun.messages import Basis, To

BEFORE_CLOSING = datetime(2026, 11, 20, 17, 29, tzinfo=ZONE)
AFTER_CLOSING = datetime(2026, 11, 20, 17, 30, tzinfo=ZONE)
SECRET = "蓝莓果酱配方"

Act = Callable[[Office, str, str, int], Awaitable[object]]


async def _renew(office: Office, number: str, name: str, fence: int) -> None:
    office.takeover.renew(number, name, fence)


ACTS: dict[str, Act] = {
    "renew": _renew,
    "say": lambda office, *held: office.takeover.say(*held, "您好", once="1"),
    "transfer": lambda office, *held: office.takeover.transfer(*held, To("", "zhao", "赵老师"), "专业问题"),
    "give back": lambda office, *held: office.takeover.give_back(*held),
    "put back": lambda office, *held: office.takeover.put_back(*held),
    "close": lambda office, *held: office.takeover.close(*held, "answered", "已答复"),
}
LEAVING = [name for name in ACTS if name not in ("renew", "say")]


async def _held(office: Office, name: str = "wang") -> tuple[str, int]:
    """Return a consultation that `name` has, and the fence."""
    number = await waiting(office)
    return number, await office.takeover.claim(number, name)


# --- Claiming ---------------------------------------------------------------------------------------------------------------


async def test_who_claims_has_it_and_the_citizen_is_told(office: Office) -> None:
    number = await waiting(office)
    office.woken.clear()
    fence = await office.takeover.claim(number, "wang")
    claimed, told = (await office.entries(number))[-2:]
    assert (claimed.kind, claimed.actor, claimed.seq) == ("claimed", "staff:wang", fence)
    assert claimed.open == {"state": "staff", "operator": "wang", "from": "queue"}
    assert (told.actor, told.open["kind"], told.private["text"]) == ("system", "notice", office.site.phrases["claimed"])
    found = row(office, number)
    assert (found["state"], found["operator"], found["fence"], found["reason"]) == ("staff", "wang", fence, "asked")
    assert office.sql("SELECT delivered FROM outbox WHERE consultation = ? AND seq = ?", number, told.seq) == [(None,)]
    assert number in office.woken
    assert office.takeover.holder(number) == "wang"


async def test_a_message_that_was_left_can_be_claimed(office: Office) -> None:
    office.clock.turn_to(NIGHT)
    number = await waiting(office)
    fence = await office.takeover.claim(number, "wang")
    assert (row(office, number)["state"], row(office, number)["fence"]) == ("staff", fence)


async def test_staff_may_step_in_while_the_program_talks(office: Office) -> None:
    number = await office.open()
    office.clock.turn_by(timedelta(minutes=3))
    await office.takeover.claim(number, "wang")
    found = row(office, number)
    assert (found["state"], found["reason"], found["handed"]) == ("staff", "stepped_in", stamp(office.clock.now()))


async def test_whoever_waits_keeps_the_time_when_it_was_handed_over(office: Office) -> None:
    number = await waiting(office)
    handed = row(office, number)["handed"]
    office.clock.turn_by(timedelta(minutes=3))
    await office.takeover.claim(number, "wang")
    assert row(office, number)["handed"] == handed == stamp(OPEN_MOMENT)


async def test_claiming_what_one_has_gives_the_same_fence_and_writes_nothing(office: Office) -> None:
    number, fence = await _held(office)
    before = await office.entries(number)
    assert await office.takeover.claim(number, "wang") == fence
    await restart(office)
    assert await office.takeover.claim(number, "wang") == fence
    assert await office.entries(number) == before


async def test_claiming_again_is_a_sign_of_life(office: Office) -> None:
    number, _ = await _held(office)
    office.ticks.append(59)
    await office.takeover.claim(number, "wang")
    office.ticks.append(100)
    assert await office.takeover.keep() == 0


async def test_what_a_colleague_has_is_taken(office: Office) -> None:
    number, _ = await _held(office)
    before = await office.entries(number)
    with refused("taken", 409):
        await office.takeover.claim(number, "li")
    assert await office.entries(number) == before
    assert office.takeover.holder(number) == "wang"


async def test_what_is_closed_is_not_claimed(office: Office) -> None:
    number = await waiting(office)
    await office.consultations.close(number)
    with refused("closed", 409):
        await office.takeover.claim(number, "wang")


async def test_what_is_not_there_is_not_claimed(office: Office) -> None:
    for number in ("ZX-20261120-000099-0", "", "x' OR 1=1"):
        with refused("no_consultation", 404):
            await office.takeover.claim(number, "wang")


async def test_a_day_book_is_nobody_s_to_take(office: Office) -> None:
    daybook = Daybook(office.database, office.journal, office.clock, "西宁市", seal=office.sealer.seal)
    for _ in range(2):
        await daybook.note("signed_in", "wang", {})
        office.clock.turn_by(timedelta(days=1))
    books = [str(number) for (number,) in office.sql("SELECT number FROM consultations WHERE channel = 'desk'")]
    assert len(books) == 2
    for number in books:
        with refused("no_consultation", 404):
            await office.takeover.claim(number, "wang")
        with refused("no_consultation", 404):
            await office.takeover.say(number, "wang", 1, "您好", once="1")


async def test_of_many_who_claim_at_once_one_has_it(office: Office) -> None:
    number = await waiting(office)
    names = ["wang", "li", "zhao", "wang", "qian", "li"]
    found = await asyncio.gather(*(office.takeover.claim(number, name) for name in names), return_exceptions=True)
    assert [isinstance(one, int) for one in found] == [True, False, False, True, False, False]
    assert {getattr(one, "code", None) for one in found if not isinstance(one, int)} == {"taken"}
    assert [entry.kind for entry in await office.entries(number)].count("claimed") == 1


async def test_a_claim_waits_until_the_program_has_finished_its_answer(office: Office) -> None:
    """Never does the program speak behind the back of who has taken over."""
    number = await office.open()
    office.engine.gate.clear()
    turn = asyncio.create_task(office.turns.say(number, "异议期多久"))
    await until(lambda: office.engine.asked)
    claim = asyncio.create_task(office.takeover.claim(number, "wang"))
    await asyncio.sleep(0)
    assert row(office, number)["state"] == "bot"
    office.engine.gate.set()
    assert (await turn).owner == "bot"
    fence = await claim
    assert [entry.kind for entry in await office.entries(number) if entry.actor in ("bot", "engine")][-2:] == ["parsed", "said"]
    assert fence > (await last(office, number, "parsed")).seq
    assert (await office.turns.say(number, "还有呢")).replies == ()
    assert office.engine.texts == ["异议期多久"]


# --- Fences -----------------------------------------------------------------------------------------------------------------


async def _can_do_nothing(office: Office, number: str, name: str, fence: int) -> None:
    before = await office.entries(number)
    for act in ACTS.values():
        with refused("not_held", 409):
            await act(office, number, name, fence)
    assert await office.entries(number) == before


async def test_nothing_can_be_done_with_the_fence_of_an_older_claim(office: Office) -> None:
    """The page of the first claim is still open; the same person has claimed again in another one."""
    number, old = await _held(office)
    await office.takeover.put_back(number, "wang", old)
    fence = await office.takeover.claim(number, "wang")
    await _can_do_nothing(office, number, "wang", old)
    for act in ("renew", "say", "close"):
        await ACTS[act](office, number, "wang", fence)


async def test_nobody_else_can_do_anything_with_the_fence(office: Office) -> None:
    number, fence = await _held(office)
    for name in ("li", "", "staff:wang", "WANG"):
        await _can_do_nothing(office, number, name, fence)


async def test_a_fence_that_was_guessed_opens_nothing(office: Office) -> None:
    number, fence = await _held(office)
    for guessed in (fence - 1, fence + 1, 0, -fence):
        await _can_do_nothing(office, number, "wang", guessed)


@pytest.mark.parametrize("end", ["closed", "lapsed", "transferred"])
async def test_who_has_lost_it_can_do_nothing_more(office: Office, end: str) -> None:
    number, fence = await _held(office)
    if end == "closed":
        await office.consultations.close(number)
    elif end == "lapsed":
        office.ticks.append(61)
        await office.takeover.keep()
    else:
        await office.takeover.transfer(number, "wang", fence, To("维权援助"), "专业问题")
    if end == "closed":
        # The window that is still open keeps a lease of nothing, until it is closed.
        office.takeover.renew(number, "wang", fence)
        office.ticks.append(61)
        await office.takeover.keep()
    await _can_do_nothing(office, number, "wang", fence)


async def test_fences_of_one_consultation_grow(office: Office) -> None:
    number = await waiting(office)
    fences = []
    for name in ("wang", "li", "wang", "zhao"):
        fences.append(await office.takeover.claim(number, name))
        await office.takeover.put_back(number, name, fences[-1])
    assert fences == sorted(set(fences))


# --- Speaking ---------------------------------------------------------------------------------------------------------------


async def test_what_staff_say_is_journalled_with_the_fence_and_put_on_its_way(office: Office) -> None:
    number, fence = await _held(office)
    basis = (Basis("商标法", "第三十三条", "全国", in_force=True),)
    said = await office.takeover.say(number, "wang", fence, f" {SECRET}可以申请专利。\n", once="a", knowledge=("q1",), basis=basis)
    assert said == (await office.entries(number))[-1]
    assert (said.kind, said.actor) == ("said", "staff:wang")
    assert said.open == {"turn": 0, "kind": "staff", "knowledge": ["q1"], "fence": fence, "first": True, "message_id": "staff:a"}
    assert said.private["text"] == f"{SECRET}可以申请专利。"
    assert said.private["basis"][0]["locator"] == "第三十三条"
    assert office.sql("SELECT delivered FROM outbox WHERE consultation = ? AND seq = ?", number, said.seq) == [(None,)]
    assert office.woken[-1] == number
    assert SECRET.encode() not in office.bytes_on_disk()


async def test_the_first_answer_is_marked_and_only_that(office: Office) -> None:
    number, fence = await _held(office)
    spoke = []
    for text in ("一", "二"):
        office.clock.turn_by(timedelta(minutes=1))
        spoke.append((await office.takeover.say(number, "wang", fence, text, once=text)).open.get("first", False))
    assert spoke == [True, False]
    found = row(office, number)
    assert found["answered"] == stamp(OPEN_MOMENT + timedelta(minutes=1))
    assert found["spoke"] == stamp(OPEN_MOMENT + timedelta(minutes=2))


async def test_the_same_words_sent_twice_are_said_once(office: Office) -> None:
    number, fence = await _held(office)
    first = await office.takeover.say(number, "wang", fence, "您好", once="a")
    assert first is not None
    assert await office.takeover.say(number, "wang", fence, "您好", once="a") is None
    await restart(office)
    assert await office.takeover.say(number, "wang", fence, "您好", once="a") is None
    assert await office.takeover.say(number, "wang", fence, "您好", once="b") is not None
    assert [entry.actor for entry in await office.entries(number)].count("staff:wang") == 3  # one claim, two answers


async def test_the_same_words_sent_twice_at_once_are_said_once(office: Office) -> None:
    number, fence = await _held(office)
    found = await asyncio.gather(*(office.takeover.say(number, "wang", fence, "您好", once="a") for _ in range(4)))
    assert [one is not None for one in found] == [True, False, False, False]


async def test_an_id_of_a_citizens_message_is_none_of_the_desks(office: Office) -> None:
    number, fence = await _held(office)
    await office.turns.say(number, "在吗", "a")
    assert await office.takeover.say(number, "wang", fence, "在的", once="a") is not None


@pytest.mark.parametrize("text", ["", " \n\t", "字" * 2001], ids=["empty", "blank", "long"])
async def test_words_that_say_nothing_or_too_much_are_refused(office: Office, text: str) -> None:
    number, fence = await _held(office)
    before = await office.entries(number)
    with refused("bad_text", 400):
        await office.takeover.say(number, "wang", fence, text, once="a")
    assert await office.entries(number) == before
    assert await office.takeover.say(number, "wang", fence, "字" * 2000, once="a") is not None


async def test_the_program_is_silent_while_a_person_has_it(office: Office) -> None:
    number, _ = await _held(office)
    office.engine.asked.clear()
    for text in ("商标异议期多久", "转人工", "取消排队", "13897123456", "6222020000000000000"):
        turn = await office.turns.say(number, text)
        assert (turn.owner, turn.status, turn.replies) == ("staff", "handoff", ())
    assert office.engine.asked == []
    assert {entry.kind for entry in (await office.entries(number))[-6:]} <= {"said", "relayed", "contact_left"}


# --- The lease --------------------------------------------------------------------------------------------------------------


async def test_a_lease_that_is_renewed_holds(office: Office) -> None:
    number, fence = await _held(office)
    for tick in (50, 100, 160):
        office.ticks.append(tick)
        office.takeover.renew(number, "wang", fence)
        assert await office.takeover.keep() == 0
    assert row(office, number)["state"] == "staff"


async def test_speaking_renews_the_lease(office: Office) -> None:
    number, fence = await _held(office)
    office.ticks.append(59)
    await office.takeover.say(number, "wang", fence, "您好", once="a")
    office.ticks.append(119)
    assert await office.takeover.keep() == 0


async def test_what_is_left_alone_goes_back_to_the_queue(office: Office) -> None:
    number, fence = await _held(office)
    handed = row(office, number)["handed"]
    office.ticks.append(LEASE.total_seconds())
    assert await office.takeover.keep() == 0  # to the very end
    office.ticks.append(LEASE.total_seconds() + 0.1)
    office.woken.clear()
    assert await office.takeover.keep() == 1
    returned, told = (await office.entries(number))[-2:]
    assert (returned.kind, returned.actor, returned.open) == ("returned", "zhixun", {"state": "queued", "reason": "lapsed"})
    assert (told.actor, told.private["text"]) == ("system", office.site.phrases["requeued"])
    found = row(office, number)
    assert (found["state"], found["operator"], found["handed"]) == ("queued", "", handed)
    assert office.woken == [number]
    assert office.takeover.holder(number) == ""
    with refused("not_held", 409):
        office.takeover.renew(number, "wang", fence)
    assert await office.takeover.keep() == 0
    assert await office.takeover.claim(number, "li") > fence


async def test_a_sign_of_life_after_the_lease_comes_too_late(office: Office) -> None:
    number, fence = await _held(office)
    office.ticks.append(61)
    with refused("not_held", 409):
        office.takeover.renew(number, "wang", fence)


async def test_who_speaks_after_the_lease_but_before_it_was_put_back_still_has_it(office: Office) -> None:
    number, fence = await _held(office)
    office.ticks.append(61)
    await office.takeover.say(number, "wang", fence, "还在", once="a")
    assert await office.takeover.keep() == 0
    office.takeover.renew(number, "wang", fence)


async def test_who_is_heard_of_while_it_is_being_put_back_keeps_it(office: Office) -> None:
    number, fence = await _held(office)
    office.ticks.append(61)
    keep = asyncio.create_task(office.takeover.keep())
    async with office.turns.order.turn(number):
        await until(lambda: office.turns.order._waiting[number] == 2)  # the keeper has found it abandoned and waits for its turn
        office.takeover._hold(number, "wang", fence)
    assert await keep == 0
    assert row(office, number)["state"] == "staff"


async def test_the_lease_of_what_the_citizen_closed_runs_out_without_a_word(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    number, _ = await _held(office)
    await office.consultations.close(number)
    before = await office.entries(number)
    office.ticks.append(61)
    assert await office.takeover.keep() == 0
    assert await office.entries(number) == before
    assert office.takeover.holder(number) == ""
    assert caplog.records == []


async def test_one_that_cannot_be_put_back_is_tried_again_and_keeps_none_waiting(office: Office) -> None:
    broken, _ = await _held(office)
    sound, _ = await _held(office)
    office.sql(f"CREATE TRIGGER full BEFORE INSERT ON journal WHEN NEW.consultation = '{broken}' BEGIN SELECT RAISE(ABORT, 'x'); END")
    office.ticks.append(61)
    assert await office.takeover.keep() == 1
    assert (row(office, broken)["state"], row(office, sound)["state"]) == ("staff", "queued")
    office.sql("DROP TRIGGER full")
    assert await office.takeover.keep() == 0  # one more lease first: it may as well be its holder who is heard of again
    office.ticks.append(122)
    assert await office.takeover.keep() == 1
    assert row(office, broken)["state"] == "queued"


async def test_a_claim_that_was_cut_off_after_it_was_written_does_not_hold_for_ever(office: Office) -> None:
    """The store has the claim, the memory knows of no lease: somebody must still put it back one day."""
    number, _ = await _held(office)
    office.takeover._leases.clear()
    assert await office.takeover.keep() == 0
    office.ticks.append(61)
    assert await office.takeover.keep() == 1
    assert row(office, number)["state"] == "queued"


# --- Passing on -------------------------------------------------------------------------------------------------------------


async def test_passed_on_to_a_colleague(office: Office) -> None:
    number, fence = await _held(office)
    await office.takeover.transfer(number, "wang", fence, To("", "zhao", "赵老师"), f" 涉及{SECRET} ")
    passed, told = (await office.entries(number))[-2:]
    deadline = stamp(OPEN_MOMENT + PATIENCE)
    assert (passed.kind, passed.actor) == ("transferred", "staff:wang")
    assert passed.open == {"state": "queued", "to": "zhao", "team": "", "until": deadline, "reason": "passed_on"}
    assert passed.private == {"reason": f"涉及{SECRET}"}
    assert told.private["text"] == office.site.phrases["transferred"].format(whom="“赵老师”")
    found = row(office, number)
    assert (found["state"], found["operator"], found["assigned"], found["assigned_until"]) == ("queued", "", "zhao", deadline)
    assert SECRET.encode() not in office.bytes_on_disk()
    assert office.takeover.holder(number) == ""


async def test_the_colleague_goes_first_and_after_a_while_anybody(office: Office) -> None:
    number, fence = await _held(office)
    await office.takeover.transfer(number, "wang", fence, To("", "zhao", "赵老师"), "专业问题")
    for name in ("li", "wang"):
        with refused("assigned", 409):
            await office.takeover.claim(number, name)
    office.clock.turn_by(PATIENCE)
    assert await office.takeover.claim(number, "li") > fence
    found = row(office, number)
    assert (found["operator"], found["assigned"], found["assigned_until"]) == ("li", "", "")


async def test_the_colleague_may_take_it_at_once_and_also_late(office: Office) -> None:
    for minutes in (0, 20):
        number, fence = await _held(office)
        await office.takeover.transfer(number, "wang", fence, To("", "zhao", "赵老师"), "专业问题")
        office.clock.turn_by(timedelta(minutes=minutes))
        assert await office.takeover.claim(number, "zhao") > fence


async def test_what_was_passed_on_in_vain_is_opened_to_all(office: Office) -> None:
    number, fence = await _held(office)
    await office.takeover.transfer(number, "wang", fence, To("", "zhao", "赵老师"), "专业问题")
    office.clock.turn_by(PATIENCE)
    assert await office.takeover.keep() == 0
    office.clock.turn_by(timedelta(milliseconds=1))
    assert await office.takeover.keep() == 1
    missed = (await office.entries(number))[-1]
    assert (missed.kind, missed.actor, missed.open["reason"]) == ("transferred", "zhixun", "missed")
    assert (row(office, number)["assigned"], row(office, number)["state"]) == ("", "queued")
    assert await office.takeover.keep() == 0
    await office.takeover.claim(number, "li")


async def test_what_was_passed_on_anew_in_the_meantime_waits_for_the_new_colleague(office: Office) -> None:
    """The keeper has found it missed, and first has to wait for the turn of another consultation."""
    (number, fence), (before, _) = await _held(office), await _held(office)
    await office.takeover.transfer(number, "wang", fence, To("", "zhao", "赵老师"), "专业问题")
    office.clock.turn_by(PATIENCE + timedelta(seconds=1))
    office.ticks.append(61)
    async with office.turns.order.turn(before):
        keep = asyncio.create_task(office.takeover.keep())
        await until(lambda: office.turns.order._waiting[before] == 2)
        fence = await office.takeover.claim(number, "zhao")
        await office.takeover.transfer(number, "zhao", fence, To("", "qian", "钱老师"), "专业问题")
    assert await keep == 1
    assert (row(office, before)["state"], row(office, number)["assigned"]) == ("queued", "qian")


async def test_passed_on_to_a_team_anybody_may_take_it(office: Office) -> None:
    number, fence = await _held(office)
    await office.takeover.transfer(number, "wang", fence, To("维权援助"), "专业问题")
    passed, told = (await office.entries(number))[-2:]
    assert passed.open == {"state": "queued", "to": "", "team": "维权援助", "until": "", "reason": "passed_on"}
    assert "“维权援助”" in told.private["text"]
    assert (row(office, number)["team"], row(office, number)["assigned"]) == ("维权援助", "")
    office.clock.turn_by(timedelta(days=1))
    office.clock.turn_to(OPEN_MOMENT)
    assert await office.takeover.keep() == 0
    await office.takeover.claim(number, "li")


async def test_who_is_not_named_to_citizens_is_another_member_of_staff(office: Office) -> None:
    number, fence = await _held(office)
    await office.takeover.transfer(number, "wang", fence, To("", "zhao"), "专业问题")
    assert "另一位工作人员" in (await office.entries(number))[-1].private["text"]
    assert "zhao" not in (await office.entries(number))[-1].private["text"]


@pytest.mark.parametrize(
    ("to", "reason", "code"),
    [
        (To("", "wang"), "专业问题", "bad_target"), (To(""), "专业问题", "bad_target"),
        (To("维权援助"), " ", "no_reason"), (To("", "li"), "字" * 501, "no_reason"),
    ],
    ids=["to oneself", "to nobody", "no reason", "long reason"],
)  # fmt: skip
async def test_passing_on_that_is_refused(office: Office, to: To, reason: str, code: str) -> None:
    number, fence = await _held(office)
    before = await office.entries(number)
    with refused(code, 400):
        await office.takeover.transfer(number, "wang", fence, to, reason)
    assert await office.entries(number) == before
    assert row(office, number)["operator"] == "wang"


async def test_put_back_anybody_may_take_it(office: Office) -> None:
    number, fence = await _held(office)
    await office.takeover.put_back(number, "wang", fence)
    returned, told = (await office.entries(number))[-2:]
    assert (returned.actor, returned.open) == ("staff:wang", {"state": "queued", "reason": "put_back"})
    assert told.private["text"] == office.site.phrases["requeued"]
    assert await office.takeover.claim(number, "li") > fence


# --- Giving back ------------------------------------------------------------------------------------------------------------


async def test_given_back_the_program_answers_again_and_can_hand_over_again(office: Office) -> None:
    number, fence = await _held(office)
    await office.takeover.say(number, "wang", fence, "您好", once="a")
    await office.takeover.give_back(number, "wang", fence)
    returned, told = (await office.entries(number))[-2:]
    assert (returned.actor, returned.open) == ("staff:wang", {"state": "bot", "reason": "given_back"})
    assert told.private["text"] == office.site.phrases["returned"]
    turn = await office.turns.say(number, "异议期多久")
    assert (turn.owner, turn.status, turn.replies[0].text) == ("bot", "answered", "答：异议期多久")
    assert row(office, number)["handed"] == ""
    office.clock.turn_by(timedelta(minutes=7))
    assert (await office.turns.say(number, "转人工")).owner == "queue"
    found = row(office, number)
    assert (found["handed"], found["answered"]) == (stamp(OPEN_MOMENT + timedelta(minutes=7)), "")
    again = await office.takeover.claim(number, "wang")
    assert again > fence
    assert (await office.takeover.say(number, "wang", again, "又见面了", once="b")).open["first"] is True


# --- Closing ----------------------------------------------------------------------------------------------------------------


async def test_closed_with_an_outcome_it_is_sealed(office: Office) -> None:
    number, fence = await _held(office)
    code = await office.takeover.close(number, "wang", fence, "visit", f" {SECRET}，周一到窗口 ")
    told, closed = (await office.entries(number))[-2:]
    assert (told.kind, told.open["kind"], told.private["text"]) == ("said", "closed", office.site.phrases["staff_closed"])
    assert (closed.kind, closed.actor) == ("closed", "staff:wang")
    assert closed.open == {"state": "closed", "reason": "staff", "outcome": "visit"}
    assert closed.private == {"words": f"{SECRET}，周一到窗口"}
    found = row(office, number)
    assert (found["state"], found["outcome"], found["closed"]) == ("closed", "visit", closed.time)
    sealed = (office.folder / "archive" / file_path(number, 0)).read_bytes()
    assert SECRET.encode() not in sealed
    assert office.sql("SELECT through FROM leaves WHERE consultation = ?", number) == [(closed.seq,)]
    # The citizen asks for the receipt afterwards and gets this very one.
    assert await office.consultations.close(number) == code
    with refused("closed", 409):
        await office.turns.say(number, "还有一个问题")
    with refused("closed", 409):
        await office.takeover.claim(number, "wang")


async def test_every_outcome_closes(office: Office) -> None:
    for outcome in OUTCOMES:
        number = await office.open()
        await office.takeover.close(number, "wang", await office.takeover.claim(number, "wang"), outcome, "已答复")
        assert row(office, number)["outcome"] == outcome


@pytest.mark.parametrize(
    ("outcome", "words", "code"),
    [
        ("", "已答复", "bad_outcome"), ("solved", "已答复", "bad_outcome"),
        ("answered", " ", "no_reason"), ("answered", "字" * 501, "no_reason"),
    ],
    ids=["none", "unknown", "no words", "long"],
)  # fmt: skip
async def test_closing_that_is_refused(office: Office, outcome: str, words: str, code: str) -> None:
    number, fence = await _held(office)
    before = await office.entries(number)
    with refused(code, 400):
        await office.takeover.close(number, "wang", fence, outcome, words)
    assert await office.entries(number) == before


async def test_a_citizen_may_close_what_staff_have_and_rate_it(office: Office) -> None:
    number, fence = await _held(office)
    await office.consultations.close(number)
    scores = dict.fromkeys(("professionalism", "attitude", "content", "quality", "satisfaction"), 4)
    await office.ratings.rate(number, scores, "")
    with refused("not_held", 409):
        await office.takeover.say(number, "wang", fence, "等一下", once="a")


@pytest.mark.parametrize("fault", [OSError("disk full"), OurFault("库")])
async def test_what_is_closed_and_cannot_be_sealed_is_closed_all_the_same_and_sealed_later(office: Office, fault: Exception) -> None:
    number, fence = await _held(office)

    async def refuse(_: str) -> str:
        raise fault

    await restart(office, refuse)
    assert await office.takeover.close(number, "wang", fence, "answered", "已答复") == ""
    assert row(office, number)["state"] == "closed"
    assert await office.sealer.seal_pending() == 1


async def test_what_dies_between_closing_and_sealing_is_sealed_at_the_next_start(office: Office) -> None:
    number, fence = await _held(office)

    async def die(_: str) -> str:
        raise Crash

    await restart(office, die)
    with pytest.raises(Crash):
        await office.takeover.close(number, "wang", fence, "answered", "已答复")
    assert row(office, number)["state"] == "closed"
    assert office.sql("SELECT * FROM leaves") == []
    await restart(office)
    assert office.sql("SELECT consultation FROM leaves") == [(number,)]


# --- The end of the working hours -------------------------------------------------------------------------------------------


async def test_what_still_waits_when_the_office_closes_is_left_as_a_message(office: Office) -> None:
    office.clock.turn_to(BEFORE_CLOSING)
    number = await waiting(office)
    held, _ = await _held(office)
    handed = row(office, number)["handed"]
    assert await office.takeover.keep() == 0
    office.clock.turn_to(AFTER_CLOSING)
    assert await office.takeover.keep() == 1
    left, told = (await office.entries(number))[-2:]
    due = office.site.callback_due(AFTER_CLOSING)
    assert (left.kind, left.actor) == ("handed_off", "zhixun")
    assert left.open == {"state": "message_left", "reason": "asked", "team": "", "again": True, "due": due}
    assert due == "2026-11-24T02:00:00.000Z"  # eight working hours, seven of them on Monday: Tuesday ten o'clock in China
    assert told.private["text"].startswith(office.site.phrases["office_closed"].partition("{")[0])
    assert "11月23日（周一）09:00" in told.private["text"]
    found = row(office, number)
    assert (found["state"], found["handed"], found["reason"]) == ("message_left", handed, "asked")
    assert office.sql("SELECT kind, due, standing FROM tasks WHERE consultation = ?", number) == [("callback", due, "open")]
    assert row(office, held)["state"] == "staff"
    assert await office.takeover.keep() == 0


async def test_at_noon_nobody_is_told_that_the_day_is_over(office: Office) -> None:
    office.clock.turn_to(datetime(2026, 11, 20, 11, 59, tzinfo=ZONE))
    number = await waiting(office)
    office.clock.turn_by(timedelta(minutes=1))
    assert await office.takeover.keep() == 1
    told = (await office.entries(number))[-1].private["text"]
    assert "11月20日（周五）13:30" in told
    assert "今天的工作时间" not in told


async def test_passed_on_before_closing_time_it_still_waits_for_the_colleague_and_only_then_is_left_as_a_message(office: Office) -> None:
    """Both may be working late."""
    office.clock.turn_to(BEFORE_CLOSING)
    number, fence = await _held(office)
    await office.takeover.transfer(number, "wang", fence, To("", "zhao", "赵老师"), "专业问题")
    office.clock.turn_to(AFTER_CLOSING)
    assert await office.takeover.keep() == 0
    with refused("assigned", 409):
        await office.takeover.claim(number, "li")
    office.clock.turn_to(BEFORE_CLOSING + PATIENCE + timedelta(seconds=1))
    assert [await office.takeover.keep(), row(office, number)["state"]] == [1, "queued"]
    assert [await office.takeover.keep(), row(office, number)["state"]] == [1, "message_left"]
    await office.takeover.claim(number, "li")


async def test_abandoned_in_the_evening_it_is_a_message_one_round_later(office: Office) -> None:
    office.clock.turn_to(BEFORE_CLOSING)
    number, _ = await _held(office)
    office.clock.turn_to(AFTER_CLOSING)
    office.ticks.append(61)
    assert [await office.takeover.keep(), row(office, number)["state"]] == [1, "queued"]
    assert [await office.takeover.keep(), row(office, number)["state"]] == [1, "message_left"]


async def test_who_cancels_while_the_office_closes_is_not_left_a_message(office: Office) -> None:
    office.clock.turn_to(BEFORE_CLOSING)
    number = await waiting(office)
    office.clock.turn_to(AFTER_CLOSING)
    cancel = asyncio.create_task(office.turns.say(number, "取消排队"))
    await asyncio.sleep(0)
    assert await office.takeover.keep() in (0, 1)
    assert (await cancel).owner == "bot"
    assert row(office, number)["state"] == "bot"
    assert "handed_off" not in [entry.kind for entry in (await office.entries(number))[-2:]]


# --- A restart --------------------------------------------------------------------------------------------------------------


async def test_after_a_restart_every_holder_has_one_lease_to_come_back(office: Office) -> None:
    (here, fence), (gone, _) = await _held(office), await _held(office, "li")
    office.ticks.append(1000)
    await restart(office)
    assert (office.takeover.holder(here), office.takeover.holder(gone)) == ("wang", "li")
    office.ticks.append(1059)
    assert await office.takeover.keep() == 0
    office.takeover.renew(here, "wang", fence)
    office.ticks.append(1061)
    assert await office.takeover.keep() == 1
    assert (row(office, here)["state"], row(office, gone)["state"]) == ("staff", "queued")
    await office.takeover.say(here, "wang", fence, "还在", once="a")


@pytest.mark.parametrize("act", LEAVING)
async def test_after_a_restart_the_claim_still_does_everything(office: Office, act: str) -> None:
    number, fence = await _held(office)
    await restart(office)
    await ACTS[act](office, number, "wang", fence)
    assert row(office, number)["operator"] in ("", "wang")
    assert row(office, number)["state"] != "staff"


async def test_a_message_that_a_crash_left_unanswered_is_relayed_to_who_has_taken_over(office: Office) -> None:
    number = await office.open()
    office.engine.answers["异议期多久"] = Crash()
    with pytest.raises(Crash):
        await office.turns.say(number, "异议期多久")
    await restart(office)
    await office.takeover.claim(number, "wang")
    assert await office.turns.finish_interrupted() == 1
    assert (await office.entries(number))[-1].kind == "relayed"
    assert "parsed" not in [entry.kind for entry in await office.entries(number)]


async def test_what_is_closed_while_it_waits_to_be_finished_stays_closed(office: Office) -> None:
    number = await office.open()
    office.engine.answers["异议期多久"] = Crash()
    with pytest.raises(Crash):
        await office.turns.say(number, "异议期多久")
    await restart(office)
    del office.engine.answers["异议期多久"]
    async with office.turns.order.turn(number):
        closing = asyncio.create_task(office.consultations.close(number))
        await asyncio.sleep(0)
        finishing = asyncio.create_task(office.turns.finish_interrupted())
        await until(lambda: office.turns.order._waiting[number] == 3)
    await closing
    assert await finishing == 0
    assert (await office.entries(number))[-1].kind == "closed"


async def test_the_store_refuses_a_second_entry_in_the_same_place(office: Office) -> None:
    """The last line of defence: were two ever to write at once, one of them would fail."""
    number, fence = await _held(office)
    with pytest.raises(IntegrityError):
        async with office.database.write() as connection:
            await connection.exec_driver_sql(
                "INSERT INTO journal (consultation, seq, time, kind, actor, body, prev, hash) "
                "VALUES (?, ?, '', 'claimed', '', '{}', '', 'x')",
                (number, fence),
            )
