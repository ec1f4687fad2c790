"""Staff who talk with citizens in WeCom's own client: the bot is silent, what they say is on file, and the desk sees who has it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.channels.hall import ACCOUNT, DOOR, Hall, hall_in
from tests.channels.wecom_service import Service, opened, process
from tests.doubles.tencent import DROP
from tests.doubles.wecom import BOT, KF, NEW, OVER, PERSON, POOL, WeCom
from tests.ownership import followed
from tests.support import HandClock, office_in, until
from zhixun.archive.rebuild import rebuild
from zhixun.channels.outbox import AGAIN
from zhixun.channels.wecom.ending import LOOK, Endings
from zhixun.channels.wecom.handing import HandingOver
from zhixun.doors import DONE, ENDED, RECALLED, SAID, TAKEN, ByStaff
from zhixun.errors import CitizenError, TryLater

SYNC, TRANS = "/cgi-bin/kf/sync_msg", "/cgi-bin/kf/service_state/trans"


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with opened(tmp_path, staff_in_wecom=True) as joined:
        yield joined


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall_in(tmp_path) as joined:
        yield joined


def _act(act: str, id: str = "s1", text: str = "", **more: str) -> ByStaff:
    return ByStaff(DOOR, ACCOUNT, "citizen-a", id, act, text, **more)


async def _handed_over(service: Service, peer: str = "wm-a") -> str:
    """Have somebody ask for a person and hand the session over; returns the consultation."""
    await service.said(peer, "转人工")
    assert await service.door.hand_over(KF, peer)
    return await service.number(peer)


# --- The hand-over ----------------------------------------------------------------------------------------------------------


async def test_a_session_goes_to_who_is_on_duty_in_turn(service: Service) -> None:
    service.wecom.desks[KF].on_duty = {"li": True, "wang": True, "zhao": False}
    for peer in ("wm-a", "wm-b", "wm-c"):
        assert service.state(await _handed_over(service, peer)) == ("staff", "wecom")
    sessions = [service.wecom.sessions[KF, peer] for peer in ("wm-a", "wm-b", "wm-c")]
    assert [session.state for session in sessions] == [PERSON] * 3
    assert {session.servicer for session in sessions} == {"li", "wang"}


async def test_the_pool_takes_it_when_nobody_is_on_duty(service: Service) -> None:
    number = await _handed_over(service)
    assert service.wecom.sessions[KF, "wm-a"].state == POOL
    assert service.state(number) == ("staff", "wecom")


async def test_who_went_off_duty_in_the_last_moment_is_passed_over(service: Service) -> None:
    service.wecom.desks[KF].on_duty = {"li": True, "wang": True}
    service.wecom.faults[TRANS] = [0, 95014]
    await _handed_over(service)
    assert service.wecom.sessions[KF, "wm-a"].state == PERSON
    service.wecom.faults[TRANS] = [0, 95014, 95014]
    await _handed_over(service, "wm-b")
    assert service.wecom.sessions[KF, "wm-b"].state == POOL


@pytest.mark.parametrize("fault", [DROP, 95017])
async def test_a_hand_over_that_fails_leaves_the_citizen_to_the_desk(service: Service, fault: int | str) -> None:
    await service.said("wm-a", "转人工")
    service.wecom.desks[KF].on_duty = {"li": True}
    service.wecom.faults[TRANS] = [fault]
    assert not await service.door.hand_over(KF, "wm-a")
    assert service.state(await service.number("wm-a")) == ("queued", "")


async def test_a_session_that_is_over_cannot_be_handed_over_and_one_that_is_there_is_not_moved(service: Service) -> None:
    await service.said("wm-a", "转人工")
    service.wecom.sessions[KF, "wm-a"].state = OVER
    assert not await service.door.hand_over(KF, "wm-a")
    service.wecom.sessions[KF, "wm-a"].state = POOL
    moves = service.wecom.calls[TRANS]
    assert await service.door.hand_over(KF, "wm-a")
    assert service.wecom.calls[TRANS] == moves


async def test_a_talk_there_is_on_file_and_the_bot_is_silent_until_it_ends(service: Service) -> None:
    service.wecom.desks[KF].on_duty = {"li": True}
    number = await _handed_over(service)
    asked = list(service.office.engine.texts)
    service.wecom.writes("wm-a", "我的商标被抢注了")
    service.wecom.answers("wm-a", "您好，请问是哪一类？")
    service.wecom.writes("wm-a", "第25类")
    service.wecom.takes("wm-a", "zhao")
    service.wecom.answers("wm-a", "可以提异议。")
    await service.pulled()
    assert service.office.engine.texts == asked
    said = [(entry.actor, (entry.private or {})["text"]) for entry in await service.entries("wm-a") if entry.kind == "said"]
    assert said[-4:] == [
        ("citizen", "我的商标被抢注了"), ("staff:wecom", "您好，请问是哪一类？"), ("citizen", "第25类"), ("staff:wecom", "可以提异议。"),
    ]  # fmt: skip
    # What staff said is there already; it must not be brought once more.
    assert service.wecom.seen("wm-a").count("可以提异议。") == 1
    assert set(service.hall.standings(number)) == {DONE}
    service.wecom.ends("wm-a")
    await service.pulled()
    assert service.state(number) == ("bot", "")
    assert (await service.said("wm-a", "商标异议期多久"))[-1].endswith("答：商标异议期多久")
    assert followed(number, await service.entries("wm-a")).state == "bot"


async def test_it_does_not_fall_back_to_the_queue_because_nobody_has_a_page_open(service: Service) -> None:
    number = await _handed_over(service)
    for _ in range(3):
        service.office.ticks.append(service.office.ticks[-1] + 3600)
        service.office.clock.turn_by(timedelta(hours=1))
        await service.office.takeover.keep()
    assert service.state(number) == ("staff", "wecom")
    with pytest.raises(CitizenError, match="同事接待"):
        await service.office.takeover.claim(number, "wang")


async def test_staff_who_take_a_session_up_again_are_on_file_also_after_the_consultation_was_closed(service: Service) -> None:
    await service.said("wm-a", "商标异议期多久")
    first = await service.number("wm-a")
    await service.office.consultations.close(first)
    service.wecom.takes("wm-a", "li")
    service.wecom.answers("wm-a", "补充一点。")
    await service.pulled()
    second = await service.number("wm-a")
    assert second != first
    assert service.state(second) == ("staff", "wecom")
    # Nobody who comes by that way is told what the program is: it would not be let through, and it is a person who speaks.
    assert [entry.kind for entry in await service.entries("wm-a")] == ["opened", "claimed", "said"]
    service.wecom.ends("wm-a")
    await service.pulled()
    assert service.state(second) == ("bot", "")


async def test_whoever_has_it_at_the_desk_loses_it_to_who_takes_it_in_wecom(service: Service) -> None:
    await service.said("wm-a", "转人工")
    number = await service.number("wm-a")
    fence = await service.office.takeover.claim(number, "wang")
    service.wecom.takes("wm-a", "li")
    await service.pulled()
    assert service.state(number) == ("staff", "wecom")
    with pytest.raises(CitizenError) as lost:
        await service.office.takeover.say(number, "wang", fence, "三个月。", once="1")
    assert lost.value.status == 409
    service.office.ticks.append(service.office.ticks[-1] + 3600)
    await service.office.takeover.keep()
    assert service.state(number) == ("staff", "wecom")
    assert followed(number, await service.entries("wm-a")).holder == "staff:wecom"


async def test_a_page_with_staff_s_words_that_is_read_again_changes_nothing(service: Service) -> None:
    service.wecom.desks[KF].on_duty = {"li": True}
    number = await _handed_over(service)
    service.wecom.answers("wm-a", "您好。")
    service.wecom.event(KF, "servicer_recall_msg", "wm-a", recall_msgid=service.wecom.desks[KF].items[-1]["msgid"], servicer_userid="li")
    service.wecom.takes("wm-a", "zhao")
    service.wecom.ends("wm-a")
    await service.pulled()
    before = await service.entries("wm-a")
    said, recalled, passed_on, ended = before[-4:]
    assert [entry.kind for entry in (said, recalled, passed_on, ended)] == ["said", "recalled", "happened_there", "returned"]
    assert {entry.actor for entry in (said, recalled, passed_on, ended)} == {"staff:wecom"}
    assert recalled.open["of"] == said.open["message_id"]
    async with service.office.database.write() as connection:
        await connection.exec_driver_sql("DELETE FROM meta WHERE name LIKE 'wecom.%'")
    await service.pulled()
    assert await service.entries("wm-a") == before
    assert service.state(number) == ("bot", "")


async def test_what_nobody_can_put_into_words_is_on_file_as_a_message(service: Service) -> None:
    service.wecom.desks[KF].on_duty = {"li": True}
    await _handed_over(service)
    session_item = service.wecom.answers("wm-a", "x")
    service.wecom.desks[KF].items[-1] |= {"msgtype": "miniprogram", "miniprogram": {"title": "办事大厅"}}
    service.wecom.answers("wm-a", "y")
    service.wecom.desks[KF].items[-1] |= {"msgtype": "image", "image": {"media_id": "m1"}}
    await service.pulled()
    assert session_item
    said = [(entry.private or {})["text"] for entry in await service.entries("wm-a") if entry.actor == "staff:wecom" and entry.kind == "said"]
    assert said == ["[企业微信里的其他消息]", "[图片]"]


async def test_sessions_begin_with_the_bot_again_after_they_ended(service: Service) -> None:
    await _handed_over(service)
    service.wecom.ends("wm-a")
    await service.pulled()
    assert service.wecom.sessions[KF, "wm-a"].state == OVER
    service.wecom.writes("wm-a", "商标异议期多久")
    assert service.wecom.sessions[KF, "wm-a"].state == NEW
    await service.pulled()
    assert service.wecom.sessions[KF, "wm-a"].state == BOT


# --- Who waits for a person ------------------------------------------------------------------------------------------------


def _handing(service: Service) -> HandingOver:
    return HandingOver(service.office.database, service.office.clock, service.door, service.hall.arrivals.address)


async def test_who_waits_is_handed_over_after_being_told_so(service: Service) -> None:
    service.wecom.faults["/cgi-bin/kf/send_msg"] = [-1]
    await service.said("wm-a", "转人工")
    number, handing = await service.number("wm-a"), _handing(service)
    assert await handing.hand_over_waiting() == 0
    service.office.clock.turn_by(AGAIN[0])
    await service.settle()
    assert service.office.site.phrases["queued"] in service.wecom.seen("wm-a")[-1]
    assert await handing.hand_over_waiting() == 1
    assert service.state(number) == ("staff", "wecom")
    assert await handing.hand_over_waiting() == 0


async def test_who_could_not_be_handed_over_is_tried_again_after_a_while(service: Service) -> None:
    await service.said("wm-a", "转人工")
    handing = _handing(service)
    service.wecom.faults[TRANS] = [-1]
    assert [await handing.hand_over_waiting() for _ in range(3)] == [0, 0, 0]
    service.office.clock.turn_by(timedelta(seconds=61))
    assert await handing.hand_over_waiting() == 1


async def test_only_who_waits_there_is_handed_over(service: Service) -> None:
    await service.said("wm-a", "商标异议期多久")
    await service.said("wm-b", "转人工")
    await service.office.takeover.claim(await service.number("wm-b"), "wang")
    assert await _handing(service).hand_over_waiting() == 0


# --- Ends that nobody told of -------------------------------------------------------------------------------------------------


async def _looked(service: Service, endings: Endings) -> int:
    """Look once more, a minute later, and let what was pulled because of it come in."""
    service.office.clock.turn_by(LOOK)
    found = await endings.look()
    await service.settle()
    return found


def _endings(service: Service) -> Endings:
    inbox, office = service.hall.inbox, service.office
    return Endings(office.database, office.clock, service.door, service.hall.arrivals.address, inbox.by_staff)


async def test_a_session_whose_end_was_not_told_goes_back_to_the_bot(service: Service) -> None:
    number, endings = await _handed_over(service), _endings(service)
    assert [await _looked(service, endings) for _ in range(2)] == [0, 0]
    service.wecom.sessions[KF, "wm-a"].state = OVER
    assert [await _looked(service, endings) for _ in range(2)] == [0, 1]
    assert service.state(number) == ("bot", "")
    assert await _looked(service, endings) == 0
    assert await service.said("wm-a", "商标异议期多久")


async def test_who_wrote_on_after_such_an_end_is_put_before_people(service: Service) -> None:
    number, endings = await _handed_over(service), _endings(service)
    service.wecom.sessions[KF, "wm-a"].state = OVER
    assert await service.said("wm-a", "那外观呢") == []
    assert [await _looked(service, endings) for _ in range(2)] == [0, 1]
    assert service.state(number) == ("queued", "")
    assert await _handing(service).hand_over_waiting() == 1
    assert service.wecom.sessions[KF, "wm-a"].state == POOL


async def test_an_end_that_was_only_not_pulled_yet_stands_in_its_order(service: Service) -> None:
    number, endings = await _handed_over(service), _endings(service)
    service.wecom.takes("wm-a", "li")
    service.wecom.answers("wm-a", "请到窗口来。")
    service.wecom.ends("wm-a")
    assert [await _looked(service, endings) for _ in range(2)] == [0, 0]
    assert [entry.kind for entry in await service.entries("wm-a")][-3:] == ["happened_there", "said", "returned"]
    assert service.state(number) == ("bot", "")


async def test_a_session_taken_again_before_the_second_look_stays_there(service: Service) -> None:
    number, endings = await _handed_over(service), _endings(service)
    session = service.wecom.sessions[KF, "wm-a"]
    session.state = OVER
    assert await _looked(service, endings) == 0
    session.state = PERSON
    assert await _looked(service, endings) == 0
    session.state = OVER
    assert await _looked(service, endings) == 0
    assert service.state(number) == ("staff", "wecom")


async def test_nothing_is_taken_back_while_wecom_does_not_tell(service: Service) -> None:
    number, endings = await _handed_over(service), _endings(service)
    service.wecom.sessions[KF, "wm-a"].state = OVER
    assert await _looked(service, endings) == 0
    service.wecom.faults["/cgi-bin/kf/service_state/get"] = [DROP, -1, 95017]
    assert await _looked(service, endings) == 0
    assert service.state(number) == ("staff", "wecom")


async def test_each_session_is_asked_about_no_more_than_once_a_minute(service: Service) -> None:
    await _handed_over(service)
    endings, before = _endings(service), service.wecom.calls["/cgi-bin/kf/service_state/get"]
    assert [await endings.look() for _ in range(5)] == [0] * 5
    assert service.wecom.calls["/cgi-bin/kf/service_state/get"] == before + 1


# --- In any order -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_each_word_is_on_file_once_in_its_order_and_one_has_the_citizen(tmp_path: Path, seed: int) -> None:
    chance, said = random.Random(seed), dict[str, list[str]]()
    clock = HandClock()
    async with office_in(tmp_path, clock) as office, WeCom(clock) as wecom:
        assert isinstance(wecom, WeCom)
        wecom.page, wecom.desks[KF].on_duty = 3, {"li": True}
        for _ in range(3):  # a process, and those that follow on it
            async with process(office, wecom, staff_in_wecom=True) as service:
                for _ in range(12):
                    await _something_happens(service, chance, said)
                wecom.gate.set()
        async with process(office, wecom, staff_in_wecom=True) as service:
            await service.pulled()
            stored = [[*map(str, row)] for row in office.sql("SELECT number FROM consultations ORDER BY number")]
            courses = [followed(number, await office.entries(number)) for (number,) in stored]
            assert [course.unfinished for course in courses] == [[]] * len(courses)
            words: dict[str, list[str]] = {}
            for course in courses:
                peer = getattr(await service.hall.arrivals.address(course.number), "peer", "")
                entries = [entry for entry in await office.entries(course.number) if entry.kind == "said"]
                own = [entry for entry in entries if entry.actor in ("citizen", "staff:wecom")]
                words.setdefault(peer, []).extend((entry.private or {})["text"] for entry in own)
            assert words == said
        assert wecom.violations == []


async def _something_happens(service: Service, chance: random.Random, said: dict[str, list[str]]) -> None:
    """Have one of two citizens, or who looks after them, do something; or have the line fail."""
    peer, wecom = chance.choice(["wm-a", "wm-b"]), service.wecom
    session, mine = wecom.sessions[KF, peer], said.setdefault(peer, [])
    words = f"第{sum(map(len, said.values()))}句"
    match chance.randrange(8):
        case 0 | 1 | 2:
            wecom.writes(peer, words)
            mine.append(words)
        case 3 if mine:
            wecom.takes(peer, "li")
        case 4 if session.state == PERSON:
            wecom.answers(peer, words)
            mine.append(words)
        case 5 if session.state == PERSON:
            wecom.ends(peer)
        case 6:
            wecom.faults[SYNC] += [chance.choice([0, -1, DROP, "502"])]
        case 7:
            async with service.office.database.write() as connection:
                await connection.exec_driver_sql("DELETE FROM meta WHERE name LIKE 'wecom.%'")
    if not mine:
        said.pop(peer)
    if chance.random() < 0.6:
        await service.pusher.calls()
    if chance.random() < 0.4:
        await service.settle()


# --- What the conversation makes of it --------------------------------------------------------------------------------------


async def test_the_first_answer_there_is_noted_as_the_answer_that_was_waited_for(hall: Hall) -> None:
    number = await hall.say("转人工")
    await hall.inbox.by_staff(_act(TAKEN))
    assert hall.office.sql("SELECT answered FROM consultations WHERE number=?", number) == [("",)]
    hall.office.clock.turn_by(timedelta(minutes=3))
    await hall.inbox.by_staff(_act(SAID, "s2", "您好。"))
    await hall.inbox.by_staff(_act(SAID, "s3", "请讲。"))
    assert hall.office.sql("SELECT answered FROM consultations WHERE number=?", number) == [("2026-11-20T02:03:00.000Z",)]
    assert number in hall.office.woken
    await hall.settle()
    assert "您好。" not in "\n".join(hall.platform.texts("citizen-a"))
    assert len(hall.standings(number)) == len(hall.office.sql("SELECT 1 FROM outbox WHERE consultation=?", number))


async def test_an_end_of_what_was_not_taken_there_changes_nothing(hall: Hall) -> None:
    await hall.inbox.by_staff(_act(ENDED))
    assert hall.office.sql("SELECT count(*) FROM consultations") == [(0,)]
    number = await hall.say("转人工")
    await hall.office.takeover.claim(number, "wang")
    await hall.inbox.by_staff(_act(ENDED))
    assert hall.office.sql("SELECT state, operator FROM consultations WHERE number=?", number) == [("staff", "wang")]
    await hall.inbox.by_staff(_act(TAKEN, "s2"))
    # Told of again, the end of what was before does not end what has begun since.
    await hall.inbox.by_staff(_act(ENDED))
    assert hall.office.sql("SELECT state, operator FROM consultations WHERE number=?", number) == [("staff", DOOR)]


async def test_the_bot_is_never_in_the_middle_of_an_answer_when_staff_take_over(hall: Hall) -> None:
    hall.office.engine.gate.clear()
    number = (await hall.inbox.take([hall.word("商标异议期多久")]))[0].consultation
    await until(lambda: hall.office.engine.asked)
    taking = asyncio.create_task(hall.inbox.by_staff(_act(TAKEN)))
    await hall.inbox.take([hall.word("那外观呢", "2")])
    hall.office.engine.gate.set()
    await taking
    await hall.settle()
    course = followed(number, await hall.office.entries(number))
    assert course.unfinished == []
    assert course.holder == f"staff:{DOOR}"


async def test_the_same_act_again_is_known_and_a_rebuilt_store_knows_it_too(hall: Hall) -> None:
    number = await hall.say("转人工")
    for act in (_act(TAKEN), _act(SAID, "s2", "您好。"), _act(RECALLED, "s3", recalls="s2")):
        assert (await hall.inbox.by_staff(act)).consultation == number
    before, standings = await hall.office.entries(number), hall.standings(number)
    await rebuild(hall.office.journal, hall.office.folder / "archive", hall.office.sealer)
    for act in (_act(TAKEN), _act(SAID, "s2", "您好。"), _act(RECALLED, "s3", recalls="s2")):
        assert (await hall.inbox.by_staff(act)).became == "again"
    assert await hall.office.entries(number) == before
    assert len(hall.standings(number)) == len(standings)


async def test_a_busy_store_notes_nothing_and_says_so(hall: Hall) -> None:
    await hall.say("转人工")
    async with hall.office.database.write():
        hall.office.database._patience = 0.01
        with pytest.raises(TryLater):
            await hall.inbox.by_staff(_act(TAKEN))
