"""What waits for a person and what people have in hand: all of it, each seen by whom it concerns first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.conversation.hands import waiting
from tests.support import NIGHT, Office
from zhixun.desk import waiting as module
from zhixun.desk.waiting import Queue
from zhixun.messages import EngineTurn, Entry, Event, Reply, To

MINUTE = timedelta(minutes=1)


def _queue(office: Office) -> Queue:
    return Queue(office.database, office.journal, office.clock, office.site.limits, office.site.hours)


async def _handed(office: Office, team: str) -> str:
    """Return a consultation that was handed over to a team."""
    number = await office.open()
    await office.add(number, Event("handed_off", "zhixun", {"state": "queued", "reason": "asked", "team": team}))
    return number


async def test_nothing_waits_at_first(office: Office) -> None:
    number = await office.open()
    found = await _queue(office).overview("wang")
    assert (found.waiting, found.messages, found.mine, found.others, found.hidden) == ((), (), (), (), 0)
    assert await _queue(office).one(number) == ()


async def test_each_is_in_its_own_place(office: Office) -> None:
    _, queued, mine, others, ended, back = [await office.open() for _ in range(6)]
    for number in (queued, mine, others, ended, back):
        await office.turns.say(number, "转人工")
    await office.takeover.claim(mine, "wang")
    await office.takeover.claim(others, "li")
    await office.consultations.close(ended)
    await office.turns.say(back, "取消排队")
    office.clock.turn_to(NIGHT)
    message = await waiting(office)
    found = await _queue(office).overview("wang")
    assert [[one.number for one in part] for part in (found.waiting, found.messages, found.mine, found.others)] == [
        [queued], [message], [mine], [others]
    ]  # fmt: skip
    assert found.others[0].operator == "li"


async def test_what_is_known_of_one_that_waits(office: Office) -> None:
    number = await office.open("青海省")
    facts = {"guide": "dispute", "leaf": "mediation", "percent": None, "title": "纠纷途径", "facts": [["权利", "商标"], ["对方", "外地"]]}
    office.engine.answers["结束"] = EngineTurn("guide", (Reply("建议调解。"),), guided=facts, parsed={"intent": "ask"})
    await office.turns.say(number, "结束")
    for text in ("第一句", "我的电话 13897123456，" + "很长" * 50, "转人工", "0971-8230000"):
        await office.turns.say(number, text)
    await office.turns.say(number, "13897123456")
    (one,) = (await _queue(office).overview("wang")).waiting
    assert (one.number, one.state, one.channel, one.region, one.reason, one.callback) == (number, "queued", "api", "青海省", "asked", True)
    assert (one.handed, one.turns, one.assigned, one.operator) == ("2026-11-20T02:00:00.000Z", 6, "", "")
    assert one.said == ("0971****0000", "[手机号码已隐去]")
    assert one.facts == (("纠纷途径", "权利：商标；对方：外地"),)
    assert (one.level, [limit.kind for limit in one.limits]) == ("fine", ["first", "solution"])
    assert await _queue(office).one(number) == one.limits


async def test_long_words_are_shortened(office: Office) -> None:
    number = await waiting(office)
    await office.turns.say(number, "长" * 200)
    (one,) = (await _queue(office).overview("wang")).waiting
    assert one.said == ("长" * 80 + "…",)


async def test_the_longest_wait_comes_first_and_the_most_urgent_before_it(office: Office) -> None:
    numbers = [await waiting(office)]
    office.clock.turn_by(MINUTE)
    numbers += [await waiting(office), await waiting(office)]
    office.clock.turn_by(MINUTE)
    assert [one.number for one in (await _queue(office).overview("wang")).waiting] == numbers
    office.clock.turn_by(timedelta(minutes=3))
    await office.add(numbers[0], Event("said", "staff:li", {"turn": 0, "kind": "staff", "first": True}, {"text": "稍等"}))
    found = (await _queue(office).overview("wang")).waiting
    # The first two have used up most of their five minutes; the one that was answered has time again.
    assert [(one.number, one.level) for one in found] == [(numbers[1], "warn"), (numbers[2], "warn"), (numbers[0], "fine")]
    office.clock.turn_by(2 * MINUTE)
    assert [one.level for one in (await _queue(office).overview("wang")).waiting] == ["over", "over", "fine"]


async def test_what_is_for_another_team_comes_behind_what_is_for_all_and_for_one_s_own(office: Office) -> None:
    theirs, everybody, ours = [await _handed(office, team) for team in ("维权援助", "", "综合窗口")]
    found = await _queue(office).overview("wang", ["综合窗口", "信息服务"])
    assert [one.number for one in found.waiting] == [everybody, ours, theirs]
    assert [one.team for one in found.waiting] == ["", "综合窗口", "维权援助"]
    assert [one.number for one in (await _queue(office).overview("li", ["维权援助"])).waiting] == [theirs, everybody, ours]


async def test_what_was_passed_on_to_a_person_comes_first_for_this_one(office: Office) -> None:
    urgent = await waiting(office)
    number = await waiting(office)
    await office.takeover.transfer(number, "li", await office.takeover.claim(number, "li"), To("", "wang", "王芳"), "专业问题")
    office.clock.turn_by(10 * MINUTE)
    late = await waiting(office)
    await office.takeover.transfer(late, "li", await office.takeover.claim(late, "li"), To("", "wang", "王芳"), "专业问题")
    assert [one.number for one in (await _queue(office).overview("wang")).waiting] == [number, late, urgent]
    assert [one.number for one in (await _queue(office).overview("zhao")).waiting] == [urgent, number, late]


async def test_messages_are_urgent_by_their_own_limit(office: Office) -> None:
    office.clock.turn_to(NIGHT)
    number = await waiting(office)
    (one,) = (await _queue(office).overview("wang")).messages
    assert (one.number, one.state, [limit.kind for limit in one.limits]) == (number, "message_left", ["callback", "solution"])


async def test_where_there_is_no_room_one_s_own_is_still_shown(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    for _ in range(4):
        await waiting(office)
        office.clock.turn_by(MINUTE)
    mine, passed = await waiting(office), await waiting(office)
    await office.takeover.claim(mine, "wang")
    await office.takeover.transfer(passed, "li", await office.takeover.claim(passed, "li"), To("", "wang", "王芳"), "专业问题")
    found = await _queue(office).overview("wang")
    assert [one.number for one in found.mine] == [mine]
    assert found.waiting[0].number == passed
    assert (len(found.waiting), found.hidden) == (2, 3)


async def test_a_consultation_whose_words_were_erased_still_waits(office: Office) -> None:
    number = await waiting(office)
    office.sql("DELETE FROM keys WHERE consultation = ?", number)
    (one,) = (await _queue(office).overview("wang")).waiting
    assert (one.number, one.said, one.facts) == (number, (), ())


async def test_who_waits_right_now_is_never_hidden_behind_older_messages(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    office.clock.turn_to(NIGHT)
    for _ in range(3):
        await waiting(office)
    office.clock.turn_by(12 * timedelta(hours=1) + timedelta(days=2))
    number = await waiting(office)
    found = await _queue(office).overview("wang")
    assert ([one.number for one in found.waiting], len(found.messages), found.hidden) == ([number], 2, 1)


@pytest.fixture
def read(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the numbers of the journals that are read from now on."""
    numbers: list[str] = []
    journal_read = office.journal.read

    async def noted(connection: AsyncConnection, number: str, *place: int, **only: int) -> list[Entry]:
        numbers.append(number)
        return await journal_read(connection, number, *place, **only)

    monkeypatch.setattr(office.journal, "read", noted)
    return numbers


async def test_only_what_has_changed_is_read_again(office: Office, read: list[str]) -> None:
    first, second = await waiting(office), await waiting(office)
    queue = _queue(office)
    read.clear()
    before = await queue.overview("wang")
    assert read == [first, second]
    assert await queue.overview("wang") == before
    assert [one.said for one in (await queue.overview("li", ["综合窗口"])).waiting] == [one.said for one in before.waiting]
    assert read == [first, second]
    await office.turns.say(second, "还有一件事")
    read.clear()
    after = await queue.overview("wang")
    assert read == [second]
    assert (after.waiting[0], after.waiting[1].said[-1]) == (before.waiting[0], "还有一件事")


async def test_nothing_is_kept_of_what_left_the_queue_and_no_more_than_so_much(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT", 2)
    queue, numbers = _queue(office), [await waiting(office) for _ in range(3)]
    assert len((await queue.overview("wang")).waiting) == 3
    assert [number for number, _ in queue._words] == numbers[1:]
    await office.consultations.close(numbers[1])
    await queue.overview("wang")
    assert [number for number, _ in queue._words] == [numbers[0], numbers[2]]
