"""Questions for staff to learn by, made of approved knowledge alone; see 6.1.3 1) of the specification (上岗前培训).

There are three kinds: which text is the approved answer to a question, what a period or fee is, and whether a clause says 应
or 宜. Nothing is made up: what is wrong among the choices is the approved answer to another question, or a figure of another
period or fee of the same unit. A choice that may be true as well is never offered. The same seed gives the same round.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import TypeVar

from zhixun.knowledge.choose import choose, regions_of
from zhixun.knowledge.coverage import Row
from zhixun.knowledge.figures import Figure, Value
from zhixun.knowledge.model import Answer, Basis, Knowledge
from zhixun.messages import QuizItem

__all__ = ["CLAUSES", "FORCES", "Quiz"]

CLAUSES = "规范条款"
"""The field of what is asked about the force of clauses; those of the others are rights of glossary.yml."""
FORCES = {"应": "应：必须做到", "宜": "宜：建议这样做"}
_CHOICES = 4
_T = TypeVar("_T")
_LONGEST = 220
"""A choice longer than this is not read."""


@dataclass(frozen=True, slots=True)
class _Known:
    """An approved answer as a choice: its first bubble stands for it, and holds at least one fact when it can be asked for."""

    id: str
    title: str
    ip: tuple[str, ...]
    topic: str
    next: tuple[str, ...]
    text: str
    answer: Answer

    @property
    def clauses(self) -> frozenset[tuple[str, str]]:
        return frozenset((one.source, one.locator) for one in self.answer.basis)

    @property
    def can_be_asked(self) -> bool:
        return any(fact in self.text for fact in self.answer.facts)


class Quiz:
    """All that can be asked in a region on a day.

    Args:
        rows: of the official documents. region: of the office. day: on which the rules are read.
    """

    def __init__(self, knowledge: Knowledge, rows: Iterable[Row], region: str, day: date) -> None:
        self._knowledge = knowledge
        self._day = day
        places = regions_of(region, knowledge.glossary)
        self._known = {one.id: one for one in _known(knowledge, region, day)}
        self._values = list(_values(knowledge, day))
        self._rows = {row.id: row for row in rows if _plain(row) and self._in_force(row.document, places)}
        asked = Counter((figure.title, figure.right, figure.per) for _, figure, _ in self._values)
        self._items: dict[str, tuple[str, Callable[[str], QuizItem | None]]] = {
            **{f"answer:{one.id}": (self._field(one.ip[0]), self._of_answer(one)) for one in self._known.values() if one.can_be_asked},
            **{
                f"{kind}:{figure.id}": (self._field(figure.right), self._of_figure(kind, figure, value))
                for kind, figure, value in self._values
                # Two of the same name would have two true values.
                if asked[figure.title, figure.right, figure.per] == 1 and not _given_away(figure, value)
            },
            **{f"force:{row.id}": (CLAUSES, self._of_row(row)) for row in self._rows.values()},
        }

    @property
    def ids(self) -> Mapping[str, str]:
        """Return all that may be asked: id to field."""
        return {name: field for name, (field, _) in self._items.items()}

    def item(self, name: str, seed: str) -> QuizItem | None:
        """Return one question; None when there are not enough wrong choices for it."""
        return self._items[name][1](seed)

    def draw(self, seed: str, count: int, weights: Mapping[str, int]) -> tuple[QuizItem, ...]:
        """Return a round of `count` questions, fewer when there are not so many, by the weights of the fields.

        Args:
            weights: field to share; what has none is not asked.
        """
        waiting: dict[str, list[str]] = defaultdict(list)
        for name, (field, _) in self._items.items():
            waiting[field].append(name)
        order = {field: iter(_mixed(waiting[field], seed)) for field in weights if waiting[field]}
        given: Counter[str] = Counter()
        found: list[QuizItem] = []
        while order and len(found) < count:
            field = max(order, key=lambda one: (weights[one] / (given[one] + 0.5), one))
            item = next(filter(None, (self.item(name, seed) for name in order[field])), None)
            if item is None:
                del order[field]
            else:
                given[field] += 1
                found.append(item)
        return tuple(_shuffled(found, seed, "order", key=lambda one: one.id))

    def _of_answer(self, one: _Known) -> Callable[[str], QuizItem | None]:
        def ask(seed: str) -> QuizItem | None:
            others = [other for other in self._known.values() if other.ip[0] == one.ip[0] and not _may_be_true(one, other)]
            # The same topic first: what is easily told apart teaches nothing.
            near = sorted(_shuffled(others, seed, one.id, key=lambda other: other.id), key=lambda other: other.topic != one.topic)
            wrong = list(dict.fromkeys(other.text for other in near if other.text != one.text))
            told = "\n".join(one.answer.bubbles[1:])
            return self._item(seed, f"answer:{one.id}", f"下面哪一段是对“{one.title}”的答复？", one.text, wrong, told, one.answer.basis)

        return ask

    def _of_figure(self, kind: str, figure: Figure, value: Value) -> Callable[[str], QuizItem | None]:
        def ask(seed: str) -> QuizItem | None:
            own = {one.words for one in figure.values}
            others = [
                (other, its.words) for of, other, its in self._values if of == kind and its.unit == value.unit and its.words not in own
            ]
            mixed = _shuffled(others, seed, figure.id, key=lambda pair: pair[0].id)
            near = sorted(mixed, key=lambda pair: pair[0].right != figure.right)
            words = f"{figure.right}：“{figure.title}”（{figure.per}）是多少？"
            basis = (Basis(value.source, value.locator, ""),)
            told = "" if value.until is None else f"此数有效至{value.until.isoformat()}。"
            wrong = list(dict.fromkeys(its for _, its in near))
            return self._item(seed, f"{kind}:{figure.id}", words, value.words, wrong, told, basis)

        return ask

    def _of_row(self, row: Row) -> Callable[[str], QuizItem | None]:
        def ask(_: str) -> QuizItem:
            source = self._knowledge.sources[row.document]
            words = f"《{source.title}》{row.at}：“{row.what}”，这一条用的是“应”还是“宜”？"
            right = list(FORCES).index(row.force)
            return QuizItem(f"force:{row.id}", CLAUSES, words, tuple(FORCES.values()), right, "", (f"《{source.title}》{row.at}",))

        return ask

    def _item(
        self, seed: str, name: str, ask: str, right: str, wrong: Sequence[str], told: str, basis: Sequence[Basis]
    ) -> QuizItem | None:
        if len(wrong) < _CHOICES - 1:
            return None
        choices = _shuffled([right, *wrong[: _CHOICES - 1]], seed, f"{name}/choices")
        return QuizItem(
            name, self._items[name][0], ask, tuple(choices), choices.index(right), told, tuple(self._cited(one) for one in basis)
        )

    def _cited(self, one: Basis) -> str:
        return f"《{self._knowledge.sources[one.source].title}》{one.locator}" + (f"：{one.gist}" if one.gist else "")

    def _field(self, right: str) -> str:
        return self._knowledge.glossary.wider.get(right, right)

    def _in_force(self, document: str, places: Sequence[str]) -> bool:
        source = self._knowledge.sources[document]
        return source.region in places and source.in_force(self._day)


def _known(knowledge: Knowledge, region: str, day: date) -> Iterator[_Known]:
    """Yield the approved answers that hold here today, rest on papers in force, and are short enough to be a choice."""
    for question in knowledge.questions.values():
        choice = choose(question, region, day, knowledge.glossary)
        if choice is None or choice.foreign or choice.answer.outcome != "answered" or not question.ip:
            continue
        answer = choice.answer
        resting = answer.basis and all(knowledge.sources[one.source].in_force(day) for one in answer.basis)
        if resting and len(answer.bubbles[0]) <= _LONGEST:
            yield _Known(question.id, question.title, question.ip, question.topic, question.next, answer.bubbles[0], answer)


def _may_be_true(one: _Known, other: _Known) -> bool:
    """Tell whether the answer to another question may also answer this one.

    It may when it holds one of its facts, rests on one of its clauses, or is what people ask next.
    """
    if one.id == other.id or other.id in one.next or one.id in other.next:
        return True
    return any(fact in other.text for fact in one.answer.facts) or bool(one.clauses & other.clauses)


def _values(knowledge: Knowledge, day: date) -> Iterator[tuple[str, Figure, Value]]:
    for kind, table in knowledge.figures.tables.items():
        for figure in table.values():
            value = figure.on(day)
            if value is not None and knowledge.sources[value.source].in_force(day):
                yield kind, figure, value


def _given_away(figure: Figure, value: Value) -> bool:
    """Tell whether the figure stands in the very words that ask for it."""
    return re.search(rf"(?<!\d){value.amount}(?!\d)", figure.title + figure.per) is not None


def _mixed(names: Iterable[str], seed: str) -> list[str]:
    """Return ids in an order that follows from the seed, with the kinds of questions in turn."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in _shuffled(names, seed, "mixed"):
        kinds[name.partition(":")[0]].append(name)
    # Answers before figures, which are many: where a field has one question to a round, it is about an answer.
    turns = [[*kinds[kind]] for kind in sorted(kinds)]
    return [name for turn in zip_longest(*turns) for name in turn if name is not None]


def _plain(row: Row) -> bool:
    """Tell whether a clause has one force, and its words do not give it away."""
    return row.force in FORCES and not any(force in row.what for force in FORCES)


def _shuffled(values: Iterable[_T], seed: str, salt: str, key: Callable[[_T], object] = str) -> list[_T]:
    """Return the values in an order that follows from the seed."""
    return sorted(values, key=lambda one: hashlib.sha256(f"{seed}/{salt}/{key(one)}".encode()).digest())
