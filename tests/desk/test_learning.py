"""Learning: a round is kept as it was asked, handed in once, and proved by the day book; who has passed can be asked."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.desk.staffroom import StaffRoom
from zhixun.desk.learning import Learning
from zhixun.errors import CitizenError, OurFault
from zhixun.messages import QuizItem

CHOICES, BASIS = ("甲", "乙", "丙", "丁"), ("《某法》第一条",)
ITEMS = tuple(QuizItem(f"answer:q-{place}", "商标", f"第{place}问", CHOICES, place % 4, "余下的", BASIS) for place in range(5))
RIGHT = [item.right for item in ITEMS]
WRONG = [(item.right + 1) % 4 for item in ITEMS]


class Drawing:
    """Draws always the same questions until it is told others."""

    def __init__(self) -> None:
        self.items: Sequence[QuizItem] = ITEMS
        self.seeds: list[str] = []

    def __call__(self, seed: str) -> tuple[str, Sequence[QuizItem]]:
        self.seeds.append(seed)
        return "v1", self.items


@pytest.fixture
def drawing() -> Drawing:
    return Drawing()


@pytest.fixture
def learning(room: StaffRoom, drawing: Drawing) -> Learning:
    return Learning(room.database, room.clock, room.daybook, drawing, 80)


async def test_a_round_that_is_open_goes_on_and_no_easier_one_is_drawn(learning: Learning, drawing: Drawing) -> None:
    first = await learning.begin("wang")
    assert await learning.begin("wang") == first
    assert await learning.begin("li") != first
    assert len(set(drawing.seeds)) == 2
    assert (await learning.round(first)).seed == drawing.seeds[0]


async def test_two_browsers_that_begin_at_once_share_a_round(learning: Learning) -> None:
    assert len(set(await asyncio.gather(*(learning.begin("wang") for _ in range(4))))) == 1


async def test_a_round_is_shown_as_it_was_asked_after_the_knowledge_has_changed(learning: Learning, drawing: Drawing) -> None:
    id = await learning.begin("wang")
    drawing.items = [replace(item, ask="变了") for item in ITEMS]
    await learning.hand_in(id, "wang", RIGHT)
    kept = await learning.round(id)
    assert kept.items == ITEMS
    assert (kept.version, kept.answers, kept.right, kept.passed) == ("v1", tuple(RIGHT), 5, True)


@pytest.mark.parametrize(("mistakes", "passed"), [(0, True), (1, True), (2, False), (5, False)])
async def test_the_pass_mark_is_a_share_rounded_up(room: StaffRoom, learning: Learning, mistakes: int, passed: bool) -> None:
    id = await learning.begin("wang")
    done = await learning.hand_in(id, "wang", [*WRONG[:mistakes], *RIGHT[mistakes:]])
    assert (done.needed, done.right, done.passed) == (4, 5 - mistakes, passed)
    assert room.daybook.private[0]["wrong"] == [item.id for item in ITEMS[:mistakes]]
    assert await learning.passed("wang") == (date(2026, 11, 20) if passed else None)
    assert room.daybook.notes[0][2]["result"] == ("passed" if passed else "failed")


async def test_how_it_went_is_noted_openly_and_what_was_wrong_is_encrypted(room: StaffRoom, learning: Learning) -> None:
    id = await learning.begin("wang")
    await learning.hand_in(id, "wang", [*RIGHT[:4], WRONG[4]])
    ((kind, who, told),) = room.daybook.notes
    (sheet,) = room.sql("SELECT sheet, seed FROM quizzes")
    assert (kind, who) == ("quiz_done", "wang")
    assert told == {"quiz": id, "asked": 5, "right": 4, "needed": 4, "result": "passed", "seed": sheet[1], "version": "v1",
                    "sheet": hashlib.sha256(sheet[0].encode()).hexdigest()}  # fmt: skip
    assert room.daybook.private == [{"wrong": ["answer:q-4"], "answers": [*RIGHT[:4], WRONG[4]]}]


@pytest.mark.parametrize("answers", [RIGHT[:4], [*RIGHT, 0], [*RIGHT[:4], 4], [*RIGHT[:4], -1], []])
async def test_without_an_answer_to_each_question_nothing_is_handed_in(room: StaffRoom, learning: Learning, answers: list[int]) -> None:
    id = await learning.begin("wang")
    with pytest.raises(CitizenError, match="请答完再交"):
        await learning.hand_in(id, "wang", answers)
    assert (await learning.round(id)).day is None
    assert room.daybook.notes == []


async def test_a_round_is_handed_in_once_and_by_its_own_person(room: StaffRoom, learning: Learning) -> None:
    id = await learning.begin("wang")
    with pytest.raises(CitizenError) as refused:
        await learning.hand_in(id, "li", RIGHT)
    assert refused.value.status == 404
    found = await asyncio.gather(*(learning.hand_in(id, "wang", given) for given in (WRONG, RIGHT)), return_exceptions=True)
    assert [isinstance(one, CitizenError) for one in found] == [False, True]
    assert room.daybook.kinds == ["quiz_done"]
    assert (await learning.round(id)).right == 0
    with pytest.raises(CitizenError, match="没有这一份试卷"):
        await learning.round(99)


async def test_who_has_passed_can_be_asked_and_a_later_failure_takes_nothing_away(room: StaffRoom, learning: Learning) -> None:
    assert await learning.passes() == {}
    with pytest.raises(CitizenError, match="还没有通过") as refused:
        await learning.demand("wang")
    assert refused.value.status == 403
    for answers in (RIGHT, WRONG):
        await learning.hand_in(await learning.begin("wang"), "wang", answers)
        room.clock.turn_by(timedelta(days=1))
    passed = (await learning.passes())["wang"]
    assert (passed.day, passed.right, passed.asked) == (date(2026, 11, 20), 5, 5)
    await learning.demand("wang")
    assert await learning.passed("li") is None
    assert [one.passed for one in await learning.rounds("wang")] == [False, True]
    assert await learning.rounds("li") == []


async def test_a_knowledge_that_asks_nothing_is_told(learning: Learning, drawing: Drawing) -> None:
    drawing.items = []
    with pytest.raises(OurFault, match="没有可以出的题"):
        await learning.begin("wang")
