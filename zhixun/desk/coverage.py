"""The duties of the official documents against what serves them, as the page and the yearly self-assessment show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from zhixun.errors import CitizenError
from zhixun.posted import day_of

__all__ = [
    "FORCES", "OTHER", "Asked", "Checked", "Content", "Coverage", "CoverageRow", "Saying", "Serving", "Span", "Tally", "read_asked",
    "read_span", "tallies",
]  # fmt: skip

OTHER = "其他"
FORCES = ("应", "宜", OTHER)
"""By what force rows can be asked for: duties, advice, and what is neither."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days that uses are counted in, both included."""

    since: date
    until: date

    @property
    def words(self) -> str:
        """The span in words."""
        return f"{self.since.isoformat()} 至 {self.until.isoformat()}"


@dataclass(frozen=True, slots=True)
class Serving:
    """One thing that serves a row.

    Attributes:
        need: what it is: 问答, 指引 …  href: where it is seen at the desk, empty when nowhere.
        used: how often it was used in the span, None for what is not counted. unit: what is counted, e.g. 次答复.
        last: the last day (ISO) on which it was used at all; empty when never.
    """

    need: str
    title: str
    href: str
    used: int | None = None
    unit: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One row of a document.

    Attributes:
        at: the clause. force: 应, 宜, or what kind of statement it is.
        standing: 已具备, 部分具备 or 尚未具备. missing: what it lacks, in words; why: why it does.
    """

    id: str
    document: str
    title: str
    at: str
    force: str
    what: str
    standing: str
    serving: tuple[Serving, ...]
    missing: tuple[str, ...]
    why: str

    @property
    def by_need(self) -> Mapping[str, Sequence[Serving]]:
        """What serves it, by what it is."""
        found: dict[str, list[Serving]] = {}
        for one in self.serving:
            found.setdefault(one.need, []).append(one)
        return found

    @property
    def used(self) -> int | None:
        """How often all that serves it was used in the span; None when nothing of it is counted."""
        counted = [one.used for one in self.serving if one.used is not None]
        return sum(counted) if counted else None

    @property
    def last(self) -> str:
        """The last day (ISO) on which something that serves it was used; empty when never."""
        return max((one.last for one in self.serving), default="")

    @property
    def unused(self) -> bool:
        """Whether something that is counted serves it and was not used in the span."""
        return self.used == 0

    @property
    def forces(self) -> frozenset[str]:
        """The forces that it is found by; a row may hold a duty and an advice."""
        found = frozenset(one for one in FORCES if one in self.force.split("、"))
        return found or frozenset((OTHER,))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows are asked for; what is empty does not matter.

    Attributes:
        clause: what the number of the clause begins with. unused: only what was not used in the span.
    """

    document: str = ""
    clause: str = ""
    force: str = ""
    standing: str = ""
    unused: bool = False

    def keeps(self, row: CoverageRow) -> bool:
        """Tell whether a row is asked for."""
        return (
            (not self.document or row.document == self.document)
            and row.at.startswith(self.clause)
            and (not self.force or self.force in row.forces)
            and (not self.standing or row.standing == self.standing)
            and (not self.unused or row.unused)
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows of a group have which standing, in the order of the standings that were given."""

    title: str
    counts: tuple[int, ...]

    @property
    def all(self) -> int:
        """How many rows there are."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Saying:
    """An answer: where and when it holds, its text, its clauses in words, and when it was compared with them last."""

    region: str
    since: str
    until: str
    text: str
    basis: tuple[str, ...]
    checked: str


@dataclass(frozen=True, slots=True)
class Content:
    """A piece of knowledge: what it says, which rows it serves, and how often it was used in each month (`2026-11`)."""

    name: str
    kind: str
    title: str
    file: str
    answers: tuple[Saying, ...]
    rows: tuple[tuple[str, str], ...]
    months: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer that was compared with its sources long ago: on `day` last, `months` ago; `used` in the year up to now."""

    name: str
    title: str
    region: str
    file: str
    day: date
    months: int
    used: int


class Coverage(Protocol):
    """Where the rows come from."""

    @property
    def documents(self) -> Sequence[tuple[str, str]]:
        """The documents: id and title."""

    @property
    def standings(self) -> Sequence[str]:
        """The standings, the best first."""

    async def rows(self, span: Span) -> Sequence[CoverageRow]:
        """Return all rows with what was used in the span."""

    async def content(self, name: str) -> Content:
        """Return a piece of knowledge; raises CitizenError (404)."""

    async def unchecked(self, months: int) -> tuple[Sequence[Checked], date]:
        """Return the answers not compared with their sources for so many months, the oldest first, and the oldest day of all."""


def read_span(given: Mapping[str, str], today: date) -> Span:
    """Read the span of a page; this year up to today when none is given.

    Raises:
        CitizenError: a day is malformed, or the last one lies before the first.
    """
    since = day_of(given, "since") or today.replace(month=1, day=1)
    until = day_of(given, "until") or max(today, since)
    if until < since:
        raise CitizenError("结束日期不能早于开始日期。", code="bad_span", field="until")
    return Span(since, until)


def read_asked(given: Mapping[str, str], documents: Iterable[str], standings: Iterable[str]) -> Asked:
    """Read which rows are asked for; a condition that there is not is as if it were not given."""

    def one_of(name: str, offered: Iterable[str]) -> str:
        return given[name] if given.get(name) in set(offered) else ""

    return Asked(
        one_of("document", documents), given.get("clause", "").strip()[:20], one_of("force", FORCES), one_of("standing", standings),
        given.get("unused") == "yes",
    )  # fmt: skip


def tallies(rows: Sequence[CoverageRow], standings: Sequence[str]) -> Sequence[Tally]:
    """Count the rows by document, then by force, then all."""

    def tally(title: str, own: Sequence[CoverageRow]) -> Tally:
        return Tally(title, tuple(sum(row.standing == standing for row in own) for standing in standings))

    by_document = [tally(f"《{title}》", [row for row in rows if row.title == title]) for title in dict.fromkeys(row.title for row in rows)]
    by_force = [tally(f"其中“{force}”", own) for force in FORCES[:2] if (own := [row for row in rows if force in row.forces])]
    return [*by_document, *by_force, tally("合计", rows)]
