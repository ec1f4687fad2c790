"""Learning: rounds of the quiz that staff pass before they go on duty (6.1.3 1) of the specification).

What was asked is kept as it was asked, so that a round can be shown again after the knowledge has changed. How it went is noted
in the day book first, with the digest of what was asked: the sealed file proves it, whatever happens to the table.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from zhixun.clock import Clock, new_token, stamp
from zhixun.database import Database, quizzes
from zhixun.desk.ports import Daybook
from zhixun.errors import CitizenError, OurFault
from zhixun.messages import QuizItem

__all__ = ["Draw", "Learning", "Pass", "Round"]

Draw = Callable[[str], tuple[str, Sequence[QuizItem]]]
"""Draws the questions of a round by its seed; returns the version of the knowledge, and them."""
_SEED = 12


@dataclass(frozen=True, slots=True)
class Round:
    """One round.

    Attributes:
        needed: so many must be right. answers: the places of the choices that were made, -1 for none; empty until it is handed in.
        day: on which it was handed in; None while it is open. made: when it was begun (UTC stamp).
    """

    id: int
    name: str
    seed: str
    version: str
    made: str
    items: tuple[QuizItem, ...]
    needed: int
    answers: tuple[int, ...]
    right: int
    day: date | None

    @property
    def asked(self) -> int:
        """How many questions there are."""
        return len(self.items)

    @property
    def passed(self) -> bool:
        """Whether it was handed in with enough right answers."""
        return self.day is not None and self.right >= self.needed


@dataclass(frozen=True, slots=True)
class Pass:
    """That somebody has passed: on which day last, in which round, with how many right of how many."""

    name: str
    day: date
    round: int
    right: int
    asked: int


class Learning:
    """Keeps the rounds.

    Args:
        draw: draws questions. percent: so many of them must be right.
    """

    def __init__(self, database: Database, clock: Clock, daybook: Daybook, draw: Draw, percent: int) -> None:
        self._database = database
        self._clock = clock
        self._daybook = daybook
        self._draw = draw
        self._percent = percent
        self._lock = asyncio.Lock()

    async def begin(self, name: str) -> int:
        """Return the round that somebody has open, or begin one; returns its id.

        Raises:
            OurFault: there is nothing that could be asked.
        """
        async with self._lock:
            async with self._database.read() as connection:
                kept = await connection.scalar(sa.select(quizzes.c.id).where(quizzes.c.name == name, quizzes.c.day == ""))
            if kept is not None:
                return int(kept)
            seed = new_token()[:_SEED]
            version, items = await asyncio.to_thread(self._draw, seed)
            if not items:
                raise OurFault("知识库里没有可以出的题。请检查 site.yml 的 learning › weights。")
            row = {"name": name, "seed": seed, "version": version, "made": stamp(self._clock.now()), "sheet": _sheet(items),
                   "needed": -(-len(items) * self._percent // 100)}  # fmt: skip
            async with self._database.write() as connection:
                return int((await connection.execute(quizzes.insert().returning(quizzes.c.id), row)).scalar_one())

    async def round(self, id: int) -> Round:
        """Return a round.

        Raises:
            CitizenError: (404) there is none.
        """
        async with self._database.read() as connection:
            row = (await connection.execute(sa.select(quizzes).where(quizzes.c.id == id))).mappings().first()
        if row is None:
            raise CitizenError("没有这一份试卷。", code="no_round", status=404)
        return _round(row)

    async def rounds(self, name: str) -> Sequence[Round]:
        """Return the rounds of somebody, the newest first."""
        query = sa.select(quizzes).where(quizzes.c.name == name).order_by(quizzes.c.id.desc())
        async with self._database.read() as connection:
            return [_round(row) for row in (await connection.execute(query)).mappings()]

    async def hand_in(self, id: int, name: str, answers: Sequence[int]) -> Round:
        """Keep the answers to an open round of `name`, and note how it went.

        Raises:
            CitizenError: (404) it is nobody's or somebody else's; (409) it was handed in; (400) there is not an answer to each question.
        """
        async with self._lock:
            kept = await self.round(id)
            if kept.name != name:
                raise CitizenError("没有这一份试卷。", code="no_round", status=404)
            if kept.day is not None:
                raise CitizenError("这份试卷已经交了，不能再改。", code="handed_in", status=409)
            if len(answers) != kept.asked or any(
                not 0 <= answer < len(item.choices) for item, answer in zip(kept.items, answers, strict=True)
            ):
                raise CitizenError("还有题没有答，请答完再交。", code="unanswered")
            right = sum(item.right == answer for item, answer in zip(kept.items, answers, strict=True))
            day = self._clock.today()
            await self._note(kept, answers, right)
            change = {"answers": json.dumps(list(answers)), "right": right, "day": day.isoformat()}
            async with self._database.write() as connection:
                await connection.execute(quizzes.update().where(quizzes.c.id == id).values(**change))
        return await self.round(id)

    async def passed(self, name: str) -> date | None:
        """Return on which day somebody has passed last; None when never."""
        found = (await self.passes()).get(name)
        return found.day if found is not None else None

    async def passes(self) -> Mapping[str, Pass]:
        """Return who has passed, by name, with the last time."""
        asked = sa.func.json_array_length(quizzes.c.sheet)
        query = sa.select(quizzes.c.name, quizzes.c.day, quizzes.c.id, quizzes.c.right, asked).where(
            quizzes.c.day != "", quizzes.c.right >= quizzes.c.needed
        ).order_by(quizzes.c.id)  # fmt: skip
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return {name: Pass(name, date.fromisoformat(day), id, right, count) for name, day, id, right, count in rows}

    async def demand(self, name: str) -> None:
        """Make sure that somebody has passed.

        Raises:
            CitizenError: (403) never.
        """
        if await self.passed(name) is None:
            raise CitizenError("您还没有通过上岗前的测验，不能接待。请先到“学习”里完成。", code="untrained", status=403)

    async def _note(self, kept: Round, answers: Sequence[int], right: int) -> None:
        wrong = [item.id for item, answer in zip(kept.items, answers, strict=True) if answer != item.right]
        told = {
            "quiz": kept.id, "asked": kept.asked, "right": right, "needed": kept.needed,
            "result": "passed" if right >= kept.needed else "failed", "seed": kept.seed, "version": kept.version,
            "sheet": hashlib.sha256(_sheet(kept.items).encode()).hexdigest(),
        }  # fmt: skip
        # What somebody does not know yet is nobody's business but their own.
        await self._daybook.note("quiz_done", kept.name, told, {"wrong": wrong, "answers": list(answers)})


def _sheet(items: Sequence[QuizItem]) -> str:
    return json.dumps([asdict(item) for item in items], ensure_ascii=False, sort_keys=True)


def _round(row: sa.RowMapping) -> Round:
    items = tuple(_item(raw) for raw in json.loads(row["sheet"]))
    answers = tuple(json.loads(row["answers"])) if row["answers"] else ()
    day = date.fromisoformat(row["day"]) if row["day"] else None
    return Round(row["id"], row["name"], row["seed"], row["version"], row["made"], items, row["needed"], answers, row["right"], day)


def _item(raw: Mapping[str, Any]) -> QuizItem:
    return QuizItem(**{**raw, "choices": tuple(raw["choices"]), "basis": tuple(raw["basis"])})
