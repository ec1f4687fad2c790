"""Corrective actions: what opens one, who may carry it on, and that it goes to its end or begins again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.conversation.hands import refused
from tests.support import Office
from zhixun.archive.erase import erase
from zhixun.archive.rebuild import rebuild
from zhixun.archive.verify import verify_case
from zhixun.desk.casework import Casework
from zhixun.desk.corrective_steps import ACTS, Corrective, Step, acts_for, read_step
from zhixun.desk.correctives import MOST
from zhixun.names import CORRECTIVES, INDICATORS

LOW = {**dict.fromkeys(INDICATORS, 5), "content": 2}
FINE = dict.fromkeys(INDICATORS, 3)


@pytest.fixture
def casework(office: Office) -> Casework:
    return Casework(
        office.database, office.journal, office.clock, seal=office.sealer.seal, wake=office.woken.append, watch=office.correctives.watch
    )


async def _low(office: Office) -> str:
    """Return the number of the action that a low rating of a closed consultation has opened."""
    number = await office.open()
    await office.turns.say(number, "异议期多久")
    await office.consultations.close(number)
    await office.ratings.rate(number, LOW, "答非所问，电话13897123456")
    ((found,),) = office.sql("SELECT number FROM correctives WHERE consultation=?", number)
    return str(found)


def _step(act: str, **given: str) -> Step:
    rule = ACTS[act]
    words = {field: given.get(field, "写明") for field, _ in rule.wants}
    return Step(act, rule.to or given["standing"], given.get("owner", ""), given.get("due", "2026-12-01" if rule.due else ""), words)


async def _through(office: Office, number: str, *steps: tuple[str, str, str]) -> Corrective:
    """Carry one on by steps: the act, who does it, and their role."""
    for act, name, role in steps:
        owner = {"owner": "li"} if act == "act" else {}
        one = await office.correctives.move(number, _step(act, **owner), name, role)
    return one


async def test_a_low_score_opens_exactly_one(office: Office) -> None:
    number = await _low(office)
    one, problem, history = await office.correctives.one(number)
    assert number == "GJ-20261120-000001-01-" + number[-1]
    assert (one.origin, one.standing, one.owner, one.due) == ("rating", "analysing", "", "2026-11-25")
    assert "服务内容 2 分" in problem
    assert "答非所问" in problem
    assert "13897123456" not in problem
    assert [entry.kind for entry in history] == ["corrective_opened"]
    assert await verify_case(office.journal, office.folder / "archive", one.consultation) == ()


async def test_a_score_above_the_threshold_opens_none(office: Office) -> None:
    number = await office.open()
    await office.ratings.rate(number, FINE, "")
    assert await office.correctives.of(number) == []


async def test_of_a_low_rating_sent_many_times_at_once_one_is_opened(office: Office) -> None:
    number = await office.open()
    tried = await asyncio.gather(*(office.ratings.rate(number, LOW, "") for _ in range(6)), return_exceptions=True)
    assert tried.count(None) == 1
    assert len(await office.correctives.of(number)) == 1


async def test_a_review_that_finds_an_answer_wrong_opens_one_until_it_has_ended(office: Office, casework: Casework) -> None:
    number = await office.open()
    await casework.review(number, "zhao", "incomplete", "少了依据")
    assert await office.correctives.of(number) == []
    await casework.review(number, "qian", "wrong", "期限写错")
    await casework.review(number, "sun", "wrong", "期限写错")
    (only,) = await office.correctives.of(number)
    assert (only.origin, (await office.correctives.one(only.number))[1]) == ("review", "质检结论“错误”：期限写错")
    await office.correctives.move(only.number, _step("drop"), "zhao", "reviewer")
    await casework.review(number, "zhou", "wrong", "另一处也错")
    assert len(await office.correctives.of(number)) == 2


async def test_staff_open_one_in_words(office: Office) -> None:
    number = await office.open()
    opened = await office.correctives.open(number, "zhao", " 答复太慢 ", "li")
    one, problem, _ = await office.correctives.one(opened)
    assert (one.origin, one.owner, problem) == ("staff", "li", "答复太慢")
    with refused("no_words", 400):
        await office.correctives.open(number, "zhao", " ")
    with refused("no_consultation", 404):
        await office.correctives.open("ZX-20261120-000009-9", "zhao", "没有")
    for _ in range(MOST - 1):
        await office.correctives.open(number, "zhao", "又一项")
    with refused("too_many", 409):
        await office.correctives.open(number, "zhao", "太多")


async def test_it_goes_to_its_end_and_the_file_is_whole_at_each_step(office: Office) -> None:
    number = await _low(office)
    seen = []
    for step in (("act", "zhao", "reviewer"), ("carried", "li", "clerk"), ("effective", "zhao", "reviewer"), ("finish", "zhao", "reviewer")):
        one = await _through(office, number, step)
        seen.append(CORRECTIVES[one.standing])
        assert await verify_case(office.journal, office.folder / "archive", one.consultation) == ()
    assert seen == ["整改中", "待验证", "有效", "已结"]
    assert (one.owner, one.carrier) == ("li", "li")
    _, _, history = await office.correctives.one(number)
    assert history[1].private == {"cause": "写明", "measure": "写明", "plan": "写明"}
    assert "写明".encode() not in office.bytes_on_disk()
    with refused("bad_standing", 409):
        await _through(office, number, ("act", "zhao", "reviewer"))


async def test_what_had_no_effect_begins_again(office: Office) -> None:
    number = await _low(office)
    one = await _through(office, number, ("act", "zhao", "reviewer"), ("carried", "li", "clerk"), ("again", "zhao", "reviewer"))
    assert (one.standing, one.rounds, one.owner) == ("analysing", 1, "li")
    one = await _through(office, number, ("act", "li", "clerk"), ("carried", "li", "clerk"), ("again", "zhao", "reviewer"))
    assert one.rounds == 2


@pytest.mark.parametrize(
    ("before", "act", "name", "role"),
    [
        ((), "act", "wang", "clerk"),
        ((), "drop", "li", "clerk"),
        ((), "drop", "shen", "auditor"),
        ((("act", "zhao", "reviewer"),), "carried", "wang", "clerk"),
        ((("act", "zhao", "reviewer"), ("carried", "li", "clerk")), "effective", "li", "clerk"),
        ((("act", "zhao", "reviewer"), ("carried", "li", "clerk")), "effective", "li", "administrator"),
        ((("act", "zhao", "reviewer"), ("carried", "zhao", "reviewer")), "effective", "zhao", "reviewer"),
        ((("act", "zhao", "reviewer"), ("carried", "zhao", "reviewer")), "again", "zhao", "reviewer"),
        ((("act", "zhao", "reviewer"), ("carried", "li", "clerk"), ("effective", "zhao", "reviewer")), "finish", "li", "clerk"),
    ],
)
async def test_who_may_not_is_refused_and_nothing_is_written(
    office: Office, before: tuple[tuple[str, str, str], ...], act: str, name: str, role: str
) -> None:
    number = await _low(office)
    if before:
        await _through(office, number, *before)
    one, _, history = await office.correctives.one(number)
    assert act not in acts_for(one, name, role)
    with refused("not_allowed", 403):
        await office.correctives.move(number, _step(act), name, role)
    assert (await office.correctives.one(number))[2] == history


async def test_an_owner_cannot_pass_it_on_and_then_find_it_effective(office: Office) -> None:
    number = await _low(office)
    one = await _through(office, number, ("act", "zhao", "reviewer"))
    with refused("not_allowed", 403):
        await office.correctives.move(number, _step("assign", standing=one.standing, owner="wang"), "li", "clerk")
    one = await _through(office, number, ("carried", "li", "clerk"))
    assert "assign" not in acts_for(one, "zhao", "reviewer")


async def test_of_two_who_judge_at_once_one_is_heard(office: Office) -> None:
    number = await _low(office)
    await _through(office, number, ("act", "zhao", "reviewer"), ("carried", "li", "clerk"))
    tried = await asyncio.gather(
        office.correctives.move(number, _step("effective"), "zhao", "reviewer"),
        office.correctives.move(number, _step("again"), "qian", "administrator"), return_exceptions=True,
    )  # fmt: skip
    assert sorted(type(one).__name__ for one in tried) == ["CitizenError", "Corrective"]


def _one(**more: Any) -> Corrective:
    told = {"number": "GJ-1", "consultation": "ZX-1", "origin": "staff", "cause": 2, "standing": "analysing", "owner": "", "carrier": "",
            "due": "2026-11-25", "opened": "", "changed": "", "rounds": 0}  # fmt: skip
    return Corrective(**{**told, **more})


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, {"cause", "measure", "plan", "due", "owner"}),
        ({"due": "2026-11-19"}, {"cause", "measure", "plan", "due", "owner"}),
        ({"due": "昨天", "cause": "长" * 1001}, {"cause", "measure", "plan", "due", "owner"}),
        ({"cause": "a", "measure": "b", "plan": "c", "due": "2026-11-20", "owner": "gone"}, {"owner"}),
        ({"cause": "a", "measure": "b", "plan": "c", "due": "2026-11-20", "owner": "li"}, set()),
    ],
)
def test_what_is_missing_in_a_step_is_told_by_field(office: Office, given: dict[str, str], fields: set[str]) -> None:
    _, wrong = read_step(_one(), {"act": "act", **given}, ["li"], office.clock.today())
    assert set(wrong) == fields


async def test_lists_tell_what_is_open_mine_overdue_and_done(office: Office) -> None:
    first, second = await _low(office), await _low(office)
    await _through(office, second, ("act", "zhao", "reviewer"))
    listed = await office.correctives.listed("", "li")
    assert [one.number for one, _ in listed.found] == [first, second]
    assert dict(listed.counts) == {"": 2, "mine": 1, "over": 0, "done": 0}
    office.clock.turn_by(timedelta(days=6))
    over = await office.correctives.listed("over", "li")
    assert [(one.number, office.correctives.is_over(one)) for one, _ in over.found] == [(first, True)]
    assert await office.correctives.overdue() == 1
    assert "服务内容 2 分" in over.found[0][1]
    await office.correctives.move(first, _step("drop"), "zhao", "reviewer")
    assert [one.number for one, _ in (await office.correctives.listed("done", "li")).found] == [first]
    assert [one.number for one, _ in (await office.correctives.listed("", "x", "li")).found] == [second]
    assert await office.correctives.overdue() == 0


async def test_with_the_words_of_a_consultation_goes_what_was_being_set_right(office: Office) -> None:
    number = await _low(office)
    one, _, _ = await office.correctives.one(number)
    await erase(office.journal, office.sealer, one.consultation, "咨询人要求")
    assert (await office.correctives.one(number))[0].standing == "dropped"
    with refused("erased", 410):
        await office.correctives.open(one.consultation, "zhao", "还有")


async def test_a_rebuild_gives_the_same_rows(office: Office) -> None:
    ended, erased, running = await _low(office), await _low(office), await _low(office)
    steps = (("act", "zhao", "reviewer"), ("carried", "li", "clerk"))
    last = (("effective", "zhao", "reviewer"), ("finish", "zhao", "reviewer"))
    await _through(office, ended, *steps, ("again", "zhao", "reviewer"), *steps, *last)
    await _through(office, running, *steps)
    await erase(office.journal, office.sealer, (await office.correctives.one(erased))[0].consultation, "咨询人要求")
    before = sorted(office.sql("SELECT * FROM correctives"))
    assert len(before) == 3
    await rebuild(office.journal, office.folder / "archive", office.sealer)
    assert sorted(office.sql("SELECT * FROM correctives")) == before
