"""Which rows of the official documents are served, and by what.

`coverage.yml` lists every duty, service, record, date and form of the documents with what it needs: an answer, a guide, a
service, a register, a report … Content names the rows it serves (`covers:`); what a program part serves is named by its
file. A row that lacks something says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zhixun.knowledge.load import read_file
from zhixun.knowledge.model import Knowledge

__all__ = ["FULL", "NEEDS", "OPEN", "PARTLY", "Coverage", "Row", "Use", "coverage", "coverage_flaws", "read_rows", "serving",
           "table"]  # fmt: skip

NEEDS = {
    "answer": "问答", "guide": "指引", "service": "服务事项", "register": "台账", "report": "报表", "referral": "转办",
    "calendar": "日程", "desk": "工作台", "archive": "咨询档案",
}  # fmt: skip
FULL, PARTLY, OPEN = "已具备", "部分具备", "尚未具备"


@dataclass(frozen=True, slots=True)
class Row:
    """One duty or fact of a document.

    Attributes:
        document: id of its source.
        at: the clause, as the document numbers it.
        force: 应, 宜 or another word for what kind of statement it is; empty when it is a plain fact.
        needs: what it takes to serve it, of `NEEDS`.
        built: need to the file of the program that serves it.
        why: why something is still missing.
    """

    id: str
    document: str
    at: str
    force: str
    what: str
    needs: tuple[str, ...]
    built: Mapping[str, str]
    why: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a row is served: what serves it, by need, and what is missing."""

    row: Row
    served: Mapping[str, tuple[str, ...]]

    @property
    def missing(self) -> tuple[str, ...]:
        """The needs that nothing serves."""
        return tuple(need for need in self.row.needs if not self.served.get(need))

    @property
    def state(self) -> str:
        """`已具备`, `部分具备` or `尚未具备`."""
        if not self.missing:
            return FULL
        return PARTLY if len(self.missing) < len(self.row.needs) else OPEN


@dataclass(frozen=True, slots=True)
class Use:
    """How often content was given to citizens, and when last (ISO date; empty: never)."""

    count: int = 0
    last: str = ""


def read_rows(folder: Path) -> list[Row]:
    """Read `coverage.yml` of the knowledge folder, in its order.

    Raises:
        KnowledgeError: the file does not have the documented form.
    """
    return [
        Row(one["id"], document, str(one["at"]), one.get("force", ""), one["what"], tuple(one["needs"]),
            one.get("built", {}), one.get("why", ""))
        for document, rows in read_file(folder / "coverage.yml", "coverage").items()
        for one in rows
    ]  # fmt: skip


class Kept(Protocol):
    """A register, as far as it matters here."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def covers(self) -> Sequence[str]:
        """The rows that it serves."""


def serving(registers: Iterable[Kept]) -> dict[str, list[str]]:
    """Return by row the registers that serve it, as `registers/ID`."""
    found: dict[str, list[str]] = {}
    for register in registers:
        for row in register.covers:
            found.setdefault(row, []).append(f"registers/{register.id}")
    return found


def coverage(rows: Iterable[Row], knowledge: Knowledge, registers: Mapping[str, Sequence[str]] | None = None) -> list[Coverage]:
    """Return for each row what serves it.

    Args:
        registers: by row the registers that serve it; see `serving`.
    """
    content: dict[str, dict[str, list[str]]] = {"answer": {}, "guide": {}, "service": {}, "register": {}}
    for row, names in (registers or {}).items():
        content["register"].setdefault(row, []).extend(names)
    for name, topic in knowledge.topics.items():
        need = "guide" if name in knowledge.guides else "service" if name in knowledge.services else "answer"
        for row in topic.covers:
            content[need].setdefault(row, []).append(name)
    return [
        Coverage(row, {
            need: (*content.get(need, {}).get(row.id, ()), *([row.built[need]] if need in row.built else ())) for need in row.needs
        })
        for row in rows
    ]  # fmt: skip


def coverage_flaws(covered: Iterable[Coverage], knowledge: Knowledge, project: Path) -> Iterator[tuple[str, str]]:
    """Find rows that tell nothing of what they lack, stale reasons, unknown ids and files that are not there."""
    known: Counter[str] = Counter()
    for one in covered:
        row, place = one.row, f"coverage.yml: {one.row.id}"
        known[row.id] += 1
        if row.document not in knowledge.sources:
            yield place, f"未知来源 {row.document}"
        if one.missing and not row.why:
            yield place, f"缺{'、'.join(NEEDS[need] for need in one.missing)}，须写明原因（why）"
        if row.why and not one.missing:
            yield place, "各项都已具备，why 已经过时"
        yield from ((place, f"built 指向不存在的文件 {path}") for path in row.built.values() if not (project / path).is_file())
        yield from ((place, f"built 里的“{need}”不在 needs 里") for need in row.built if need not in row.needs)
    yield from ((f"coverage.yml: {row}", "编号重复") for row, count in known.items() if count > 1)
    for name, topic in knowledge.topics.items():
        for row_id in topic.covers:
            if row_id not in known:
                yield f"{topic.file}: {name}", f"covers 里的 {row_id} 不在 coverage.yml 里"


def table(covered: Iterable[Coverage], knowledge: Knowledge, uses: Mapping[str, Use]) -> str:
    """Put the coverage into words: by document and clause, with what serves each row and how often that was used."""
    covered = list(covered)
    lines: list[str] = []
    for document in dict.fromkeys(one.row.document for one in covered):
        own = [one for one in covered if one.row.document == document]
        states = Counter(one.state for one in own)
        counts = "，".join(f"{state} {states[state]}" for state in (FULL, PARTLY, OPEN))
        lines += [f"《{knowledge.sources[document].title}》 {len(own)} 行：{counts}", ""]
        lines += [line for one in own for line in _lines(one, uses)]
        lines.append("")
    states = Counter(one.state for one in covered)
    lines.append(f"合计 {len(covered)} 行：" + "，".join(f"{state} {states[state]}" for state in (FULL, PARTLY, OPEN)))
    return "\n".join(lines)


def _lines(one: Coverage, uses: Mapping[str, Use]) -> Iterator[str]:
    row = one.row
    given = [uses[name] for names in one.served.values() for name in names if name in uses]
    used = f"，用过 {sum(use.count for use in given)} 次，最近 {max(use.last for use in given)}" if given else ""
    yield f"  {row.at:10} {row.id:14} {one.state}{used}  {f'（{row.force}）' if row.force else ''}{row.what}"
    serving = "；".join(f"{NEEDS[need]}：{'、'.join(names)}" for need, names in one.served.items() if names)
    if serving:
        yield f"  {'':25} {serving}"
    if one.missing:
        yield f"  {'':25} 缺{'、'.join(NEEDS[need] for need in one.missing)}：{row.why}"
