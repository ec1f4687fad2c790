"""Walks a citizen through a guide or the form of a service over the citizen API, and demands the right step each time."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.product import TODAY, Citizen, Product, shown
from zhixun.knowledge.guides.fields import read_value
from zhixun.knowledge.guides.model import CHOICE, Guide, Step
from zhixun.knowledge.guides.walk import State, fill_from, walk
from zhixun.messages import HIDDEN_PHONE

__all__ = ["SAMPLES", "Walker"]

PHONE = "13897123456"
SAMPLES = {
    "number": "2", "money": "10000", "date": "2026年3月5日", "text": "青稞饼干的低温烘烤方法和外包装", "name": "王芳",
    "unit": "西宁某某食品有限公司", "code": "91350100M000100Y43", "phone": PHONE, "patent": "ZL 2004 1 0018477.9",
    "trademark": "12345678",
}  # fmt: skip
"""What is said where something has to be typed."""


class Walker:
    """One citizen in one walk.

    Args:
        product: where the consultation is opened. guide: the walk.
    """

    def __init__(self, product: Product, guide: Guide) -> None:
        self.guide = guide
        self.citizen: Citizen = product.open()
        self.answers: dict[str, str] = {}
        self.told = ""

    @property
    def step(self) -> Step | None:
        """The step that must be asked now; None at the end."""
        return walk(self.guide, self.answers).step

    @property
    def leaf(self) -> str:
        """Where the walk has ended."""
        return walk(self.guide, self.answers).leaf

    def begin(self) -> Walker:
        """Open it by the title of its button."""
        turn = self.say(self.guide.title)
        assert turn["status"] in ("guide", "service"), (self.guide.name, turn)
        # The words that open a walk may say the first answers already.
        self.answers = dict(fill_from(self.guide, State(self.guide.name, fresh=True), [self.guide.title]).answers)
        return self.asked()

    def say(self, words: str) -> dict[str, Any]:
        """Say something and keep what is told."""
        turn = self.citizen.say(words)
        self.told = shown(turn)
        return turn

    def asked(self) -> Walker:
        """Demand that the present step was asked last."""
        step = self.step
        assert step is not None
        assert self.told.rstrip().find(step.ask) >= 0, (self.guide.name, step.id, self.told)
        return self

    def answer(self, place: int = 0) -> Walker:
        """Answer the present step: a choice by number, title or word in turn, anything else by what has to be typed."""
        step = self.step
        assert step is not None
        if step.kind == CHOICE:
            at = place % len(step.choices)
            choice = step.choices[at]
            ways = (str(at + 1), choice.title, next((word for word in choice.words if len(word) > 1), choice.title))
            self.say(ways[len(self.answers) % len(ways)])
            self.answers[step.id] = choice.id
        else:
            value = _value(step)
            self.say(value)
            kept = HIDDEN_PHONE if value == PHONE else value
            self.answers[step.id] = read_value(step.kind, kept, date.fromisoformat(TODAY), step.least, step.most)
        return self

    def to_the_end(self, *, place: int = 0) -> Walker:
        """Answer every step that is still to come."""
        while self.step is not None:
            self.asked().answer(place)
        return self


def _value(step: Step) -> str:
    return str(max(step.least, min(step.most, 2))) if step.kind == "number" and step.most else SAMPLES[step.kind]
