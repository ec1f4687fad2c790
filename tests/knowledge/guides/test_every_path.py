"""Every path of every guide of the knowledge ends in a recommendation that can be said, on both sides of a change of the law."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from zhixun.knowledge.guides.fields import read_value
from zhixun.knowledge.guides.model import CHOICE, Guide, Step
from zhixun.knowledge.guides.reckon import Ground
from zhixun.knowledge.guides.say import BUBBLE_BYTES, DISCLAIMER, say_leaf, say_step
from zhixun.knowledge.guides.walk import QUESTION, State, hear, walk
from zhixun.knowledge.load import load

KNOWLEDGE = load(Path(__file__).parents[3] / "knowledge")
DAYS = (date(2026, 12, 31), date(2027, 1, 1))
MOST = 3000
"""Of a guide with more paths so many are walked at random, always the same ones."""


def _values(step: Step) -> list[str]:
    if step.kind == CHOICE:
        return [choice.id for choice in step.choices]
    if step.kind == "date":
        return ["2026-02-28", "2017-01-07"]
    return [str(step.least), str(step.most or 100000)]


def _paths(guide: Guide, answers: Mapping[str, str]) -> Iterator[dict[str, str]]:
    step = walk(guide, answers).step
    if step is None:
        yield dict(answers)
        return
    for value in _values(step):
        yield from _paths(guide, {**answers, step.id: value})


def _some_paths(guide: Guide) -> list[dict[str, str]]:
    found = []
    for path in _paths(guide, {}):
        found.append(path)
        if len(found) > MOST:
            break
    else:
        return found
    chance = random.Random(1)
    # Chance alone seldom gives all the points that the best band takes.
    return [_led(guide, _most_points), *(_led(guide, lambda step: chance.choice(_values(step))) for _ in range(MOST))]


def _led(guide: Guide, choose: Callable[[Step], str]) -> dict[str, str]:
    answers: dict[str, str] = {}
    while (step := walk(guide, answers).step) is not None:
        answers[step.id] = choose(step)
    return answers


def _most_points(step: Step) -> str:
    return max(step.choices, key=lambda choice: choice.points).id if step.choices else _values(step)[0]


@pytest.mark.parametrize("name", KNOWLEDGE.guides)
def test_every_path_ends_in_a_recommendation(name: str) -> None:
    guide = KNOWLEDGE.guides[name]
    reached, chosen = set[str](), set[tuple[str, str]]()
    for answers in _some_paths(guide):
        place = walk(guide, answers)
        reached.add(place.leaf)
        chosen |= {(step, answers[step]) for step in place.path}
        for day in DAYS:
            replies = say_leaf(guide, State(guide.id, answers), place, KNOWLEDGE, Ground(KNOWLEDGE.figures, day))
            texts = [str(reply["text"]) for reply in replies]
            assert all(0 < len(text.encode()) <= BUBBLE_BYTES for text in texts), (answers, texts)
            assert texts[-1].endswith(DISCLAIMER)
            assert replies[-1]["basis"], answers
            assert "{" not in "".join(texts), texts
    assert reached == set(guide.leaves)
    assert {(step.id, choice.id) for step in guide.steps.values() for choice in step.choices} <= chosen


@pytest.mark.parametrize("name", KNOWLEDGE.guides)
def test_every_choice_can_be_said_and_every_step_be_asked(name: str) -> None:
    guide = KNOWLEDGE.guides[name]
    for step in guide.steps.values():
        lone = Guide(**{**{field: getattr(guide, field) for field in Guide.__slots__}, "start": step.id})
        state = State(guide.id)
        (reply,) = say_step(lone, state, step, again=False)
        assert len(str(reply["text"]).encode()) <= 2 * BUBBLE_BYTES
        for choice in step.choices:
            for words in (choice.title, *choice.words):
                _, after = hear(lone, state, words, DAYS[0], heard=QUESTION)
                assert after.answers.get(step.id) == choice.id, (step.id, words)
        if step.kind != CHOICE:
            value = _values(step)[0]
            assert read_value(step.kind, value, DAYS[0], step.least, step.most) == value
