"""The life of a consultation: opening, sessions, reading, closing, and closing by itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.support import IDLE, IN_GUIDE, Office, until
from zhixun.errors import CitizenError
from zhixun.messages import EngineTurn, Event, Reply
from zhixun.numbers import valid_number

GUIDED = {"guide": "made", "title": "怎么办", "leaf": "rich", "percent": 0, "facts": [["权利", "商标"]]}


async def test_opening_greets_and_numbers(office: Office) -> None:
    token, number, replies = await office.consultations.open("api", "青海省", consent=True)
    assert valid_number(number)
    assert number.startswith("ZX-20261120-000001")
    assert [reply.text for reply in replies] == [office.site.phrases["program"], office.site.phrases["greeting"]]
    assert [button.title for button in replies[1].buttons] == [button["title"] for button in office.site.quick]
    opened, *said = await office.entries(number)
    assert (opened.kind, opened.open) == ("opened", {"channel": "api", "region": "青海省", "consent": True})
    assert [entry.private["text"] for entry in said] == [reply.text for reply in replies]
    assert await office.consultations.find(token) == number


async def test_a_session_is_kept_only_as_its_hash(office: Office) -> None:
    token, _, _ = await office.consultations.open("api", "西宁市", consent=False)
    assert token.encode() not in office.bytes_on_disk()


@pytest.mark.parametrize("token", ["", "x", "ZX-20261120-000001-7"])
async def test_a_session_that_nobody_holds_is_refused(office: Office, token: str) -> None:
    await office.open()
    with pytest.raises(CitizenError) as refused:
        await office.consultations.find(token)
    assert (refused.value.code, refused.value.status) == ("no_session", 401)


async def test_the_transcript_begins_where_it_is_asked_to(office: Office) -> None:
    number = await office.open()
    await office.turns.say(number, "异议期多久")
    owner, everything = await office.consultations.transcript(number)
    assert (owner, [entry.seq for entry in everything]) == ("bot", list(range(1, len(everything) + 1)))
    for after in range(len(everything) + 2):
        assert (await office.consultations.transcript(number, after))[1] == everything[after:]


async def test_closing_seals_and_gives_one_receipt(office: Office) -> None:
    number = await office.open()
    code = await office.consultations.close(number)
    assert await office.consultations.close(number) == code
    closed = (await office.entries(number))[-1]
    assert (closed.kind, closed.actor, closed.open) == ("closed", "citizen", {"state": "closed", "reason": "citizen"})
    receipt = await office.receipts.check(number, code)
    assert (receipt.state, receipt.intact, receipt.supplements) == ("closed", True, 0)
    assert office.woken[-1] == number


async def test_a_consultation_in_the_queue_may_be_closed(office: Office) -> None:
    number = await office.open()
    await office.turns.say(number, "转人工")
    await office.consultations.close(number)
    assert (await office.consultations.transcript(number))[0] == "closed"


async def test_a_disk_that_refuses_leaves_it_closed_and_the_same_call_ends_it(office: Office) -> None:
    number = await office.open()
    year = office.folder / "archive" / "2026"
    year.write_text("a file stands where the folder should")
    with pytest.raises(OSError, match="2026"):
        await office.consultations.close(number)
    assert (await office.consultations.transcript(number))[0] == "closed"
    assert office.woken[-1] == number
    year.unlink()
    code = await office.consultations.close(number)
    assert (await office.receipts.check(number, code)).intact


async def test_in_the_middle_of_a_guide_it_waits_for_days(office: Office) -> None:
    number = await office.open()
    office.engine.answers["开始"] = EngineTurn("guide", (Reply("哪一种？", kind="guide"),))
    office.engine.answers["商标"] = EngineTurn("guide", (Reply("请人办。", kind="guide"),), guided=GUIDED)
    await office.turns.say(number, "开始")
    office.clock.turn_by(IN_GUIDE)
    assert await office.consultations.close_idle() == 0
    await office.turns.say(number, "商标")
    office.clock.turn_by(IDLE + timedelta(seconds=1))
    assert await office.consultations.close_idle() == 1, "the guide has ended"


async def test_a_guide_that_nobody_goes_on_with_is_closed_in_the_end(office: Office) -> None:
    number = await office.open()
    office.engine.answers["开始"] = EngineTurn("guide", (Reply("哪一种？", kind="guide"),))
    await office.turns.say(number, "开始")
    office.clock.turn_by(IN_GUIDE + timedelta(seconds=1))
    assert await office.consultations.close_idle() == 1


async def test_idle_consultations_of_the_bot_close_themselves(office: Office) -> None:
    idle, busy = await office.open(), await office.open()
    office.clock.turn_by(IDLE)
    await office.turns.say(busy, "还在")
    assert await office.consultations.close_idle() == 0
    office.clock.turn_by(timedelta(seconds=1))
    assert await office.consultations.close_idle() == 1
    said, closed = (await office.entries(idle))[-2:]
    assert said.private["text"] == office.site.phrases["idle_closed"]
    assert (closed.actor, closed.open) == ("idle", {"state": "closed", "reason": "idle"})
    assert office.sql("SELECT consultation FROM leaves") == [(idle,)]
    assert office.woken[-1] == idle
    assert (await office.consultations.transcript(busy))[0] == "bot"


@pytest.mark.parametrize("state", ["queued", "message_left", "staff"])
async def test_what_a_person_owns_never_closes_itself(office: Office, state: str) -> None:
    number = await office.open()
    await office.add(number, Event("handed_off", "zhixun", {"state": state, "reason": "asked"}))
    office.clock.turn_by(timedelta(days=30))
    assert await office.consultations.close_idle() == 0
    assert (await office.consultations.transcript(number))[0] != "closed"


@pytest.mark.parametrize("word", ["转人工", "异议期多久"])
async def test_a_word_at_the_last_moment_keeps_the_consultation_open(office: Office, word: str) -> None:
    number = await office.open()
    office.engine.gate.clear()
    office.clock.turn_by(IDLE + timedelta(seconds=1))
    async with office.turns.order.turn(number):
        # Both wait: the citizen's word came first, the keeper has already found the consultation idle.
        speaking = asyncio.create_task(office.turns.say(number, word))
        await asyncio.sleep(0)
        closing = asyncio.create_task(office.consultations.close_idle())
        await until(lambda: office.turns.order._waiting[number] == 3)
    office.engine.gate.set()
    assert (await speaking).owner == ("queue" if word == "转人工" else "bot")
    assert await closing == 0
    assert "closed" not in [entry.kind for entry in await office.entries(number)]


async def test_who_is_taken_over_at_the_last_moment_is_not_closed(office: Office) -> None:
    number = await office.open()
    office.clock.turn_by(IDLE + timedelta(seconds=1))
    async with office.turns.order.turn(number):
        closing = asyncio.create_task(office.consultations.close_idle())
        await until(lambda: office.turns.order._waiting[number] == 2)
        await office.add(number, Event("claimed", "clerk", {"state": "staff"}))
    assert await closing == 0
    assert (await office.consultations.transcript(number))[0] == "staff"


async def test_a_word_during_the_farewell_comes_after_it(office: Office) -> None:
    number = await office.open()
    office.clock.turn_by(IDLE + timedelta(seconds=1))
    async with office.turns.order.turn(number):
        closing = asyncio.create_task(office.consultations.close_idle())
        await until(lambda: office.turns.order._waiting[number] == 2)
        speaking = asyncio.create_task(office.turns.say(number, "转人工"))
        await asyncio.sleep(0)
    assert await closing == 1
    with pytest.raises(CitizenError, match="已结束"):
        await speaking
    assert [entry.kind for entry in await office.entries(number)][-2:] == ["said", "closed"]


async def test_one_that_cannot_be_sealed_does_not_keep_the_others_open(office: Office) -> None:
    first, second = await office.open(), await office.open()
    office.clock.turn_by(IDLE + timedelta(seconds=1))
    year = office.folder / "archive" / "2026"
    year.write_text("a file stands where the folder should")
    await office.consultations.close_idle()
    assert [(await office.consultations.transcript(number))[0] for number in (first, second)] == ["closed", "closed"]
    year.unlink()
    assert (await office.receipts.check(first, await office.consultations.close(first))).intact
