"""Joins knowledge, the counts of its use and the desk: which duty is served by what, and what staff learn by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from zhixun.clock import Clock
from zhixun.desk.coverage import Checked, Content, CoverageRow, Saying, Serving, Span
from zhixun.errors import CitizenError
from zhixun.knowledge.coverage import FULL, NEEDS, OPEN, PARTLY, Row, coverage
from zhixun.knowledge.coverage import Coverage as Covered
from zhixun.knowledge.model import Answer, Knowledge
from zhixun.knowledge.quiz import Quiz
from zhixun.knowledge.shelf import Present
from zhixun.knowledge.site import Site
from zhixun.messages import QuizItem
from zhixun.reports.usage import Usage, Used

__all__ = ["Growth", "Registers"]

_Uses = Mapping[tuple[str, str], Used]
_COUNTED = {"answer": ("said", "次答复"), "guide": ("guided", "次走完"), "service": ("requested", "件申请")}
"""By what the use of content is counted, and how the count is called."""
_REGISTERS = "registers/"


class _Part(NamedTuple):
    """A part of the program: what it is called at the desk, where it is, and which entries show that it was used."""

    title: str
    href: str
    kinds: tuple[str, ...] = ()
    unit: str = ""


_PARTS: Mapping[str, _Part] = {
    "knowledge/agencies.yml": _Part("机构名录", "/desk/referrals/agencies"),
    "zhixun/archive/export.py": _Part("档案导出", "/desk/archive", ("rated",), "次评价"),
    "zhixun/archive/seal.py": _Part("封存的咨询档案", "/desk/archive/days"),
    "zhixun/channels/web.py": _Part("咨询档案与评价", "/desk/archive", ("rated",), "次评价"),
    "zhixun/desk/casework.py": _Part("回访与质检", "/desk/tasks", ("followed_up", "reviewed"), "次"),
    "zhixun/desk/learning.py": _Part("学习与测验", "/desk/learning"),
    "zhixun/desk/pages/case.py": _Part("人工接待", "/desk", ("claimed",), "次接待"),
    "zhixun/desk/roster.py": _Part("值班", "/desk/roster"),
    "zhixun/knowledge/coverage.py": _Part("规范对照", "/desk/coverage"),
    "zhixun/registers/push.py": _Part("按订阅名单推送", "/desk/registers", ("pushed",), "次推送"),
    "zhixun/referral/book.py": _Part("转办", "/desk/referrals", ("referred",), "件转办"),
}
"""What is named under `built:` in coverage.yml, by its file."""


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers as they are joined.

    Args:
        titles: their titles, by id. counts: gives how many records each has, by id.
        serving: by row of the documents those that serve it, as `registers/ID`.
    """

    titles: Mapping[str, str]
    counts: Callable[[], Awaitable[Mapping[str, int]]]
    serving: Mapping[str, Sequence[str]]


class Growth:
    """The desk's `Coverage`, and the questions of its `Learning`.

    Args:
        present: gives the knowledge as it is now. rows: of the official documents.
    """

    def __init__(
        self, present: Present, rows: Sequence[Row], site: Site, clock: Clock, usage: Usage, registers: Registers
    ) -> None:
        self._present = present
        self._rows = rows
        self._site = site
        self._clock = clock
        self._usage = usage
        self._registers = registers

    @property
    def _knowledge(self) -> Knowledge:
        return self._present()

    @property
    def documents(self) -> Sequence[tuple[str, str]]:
        """The documents: id and title."""
        return [(name, self._knowledge.sources[name].title) for name in dict.fromkeys(row.document for row in self._rows)]

    @property
    def standings(self) -> Sequence[str]:
        """The standings, the best first."""
        return (FULL, PARTLY, OPEN)

    def duty(self, file: str) -> str:
        """Return the clause that a file of the program serves, in words; empty when no document asks for it."""
        found = next((row for row in self._rows if file in row.built.values()), None)
        return "" if found is None else f"《{self._knowledge.sources[found.document].title}》{found.at}：{found.what}"

    async def rows(self, span: Span) -> Sequence[CoverageRow]:
        """Return all rows with what was used in the span."""
        uses, records = await self._usage.counted(span.since, span.until), await self._registers.counts()
        return [self._row(one, uses, records) for one in coverage(self._rows, self._knowledge, self._registers.serving)]

    async def content(self, name: str) -> Content:
        """Return a piece of knowledge.

        Raises:
            CitizenError: (404) there is none.
        """
        topic = self._knowledge.topics.get(name)
        if topic is None:
            raise CitizenError("没有这一条内容，可能已经改名或删除。", code="no_content", status=404)
        kind = self._kind(name)
        question = self._knowledge.questions.get(name)
        answers = tuple(self._saying(one) for one in question.answers) if question else ()
        words = {row.id: f"《{self._knowledge.sources[row.document].title}》{row.at} {row.what}" for row in self._rows}
        months = await self._usage.months(_COUNTED[kind][0], name)
        return Content(
            name, NEEDS[kind], topic.title, topic.file, answers, tuple((row, words[row]) for row in topic.covers if row in words), months
        )

    async def unchecked(self, months: int) -> tuple[Sequence[Checked], date]:
        """Return the answers not compared with their sources for so many months, the oldest first, and the oldest day of all."""
        today = self._clock.today()
        uses = await self._usage.counted(today.replace(year=today.year - 1, day=1), today)
        found = [
            Checked(one.id, one.title, answer.region, one.file, answer.checked, age, _used(uses, "said", one.id).count)
            for one in self._knowledge.questions.values()
            for answer in one.answers
            if (answer.until is None or answer.until >= today) and (age := _months(answer.checked, today)) >= months
        ]
        oldest = min((answer.checked for one in self._knowledge.questions.values() for answer in one.answers), default=today)
        return sorted(found, key=lambda one: (one.day, -one.used, one.name)), oldest

    def draw(self, seed: str) -> tuple[str, Sequence[QuizItem]]:
        """Draw the questions of a round; returns the version of the knowledge, and them."""
        rules = self._site.learning
        quiz = Quiz(self._knowledge, self._rows, self._site.region, self._clock.today())
        return self._knowledge.version, quiz.draw(seed, rules.questions, rules.weights)

    def _row(self, one: Covered, uses: _Uses, records: Mapping[str, int]) -> CoverageRow:
        row = one.row
        serving = tuple(
            self._serving(need, name, uses, records) for need, names in one.served.items() for name in names
        )
        return CoverageRow(
            row.id, row.document, self._knowledge.sources[row.document].title, row.at, row.force, row.what, one.state, serving,
            tuple(NEEDS[need] for need in one.missing), row.why,
        )  # fmt: skip

    def _serving(self, need: str, name: str, uses: _Uses, records: Mapping[str, int]) -> Serving:
        topic = self._knowledge.topics.get(name)
        if topic is not None:
            kind, unit = _COUNTED[need]
            used = _used(uses, kind, name)
            return Serving(NEEDS[need], topic.title, f"/desk/coverage/{name}", used.count, unit, used.last)
        if name.startswith(_REGISTERS):
            register = name.removeprefix(_REGISTERS)
            title = self._registers.titles.get(register, register)
            return Serving(NEEDS[need], title, f"/desk/registers/{register}", records.get(register, 0), "条记录")
        # A part without a name of its own is told by what it is.
        part = _PARTS.get(name, _Part(NEEDS[need], ""))
        found = [used for (kind, _), used in uses.items() if kind in part.kinds]
        count = sum(used.count for used in found) if part.kinds else None
        return Serving(NEEDS[need], part.title, part.href, count, part.unit, max((used.last for used in found), default=""))

    def _kind(self, name: str) -> str:
        return "guide" if name in self._knowledge.guides else "service" if name in self._knowledge.services else "answer"

    def _saying(self, answer: Answer) -> Saying:
        cited = (f"《{self._knowledge.sources[one.source].title}》{one.locator}：{one.gist}" for one in answer.basis)
        since, until = (day.isoformat() if day else "" for day in (answer.since, answer.until))
        return Saying(answer.region, since, until, answer.text, tuple(cited), answer.checked.isoformat())


def _used(uses: _Uses, kind: str, name: str) -> Used:
    return uses.get((kind, name), Used(0, ""))


def _months(day: date, today: date) -> int:
    """Return how many whole months have passed since `day`."""
    return (today.year - day.year) * 12 + today.month - day.month - (today.day < day.day)
