"""Coverage: each row of the documents tells what serves it, and what is missing is said with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.knowledge.guides.made import guide
from tests.knowledge.made import knowledge, question
from tests.support import ROOT, real_knowledge
from zhixun.knowledge.coverage import FULL, OPEN, PARTLY, Row, Use, coverage, coverage_flaws, read_rows, serving, table
from zhixun.knowledge.registers import raw_registers
from zhixun.registers.read import read_registers

KNOWN = knowledge(question(covers=("XN-1", "XN-2")))


def _row(name: str = "XN-1", **more: object) -> Row:
    return Row(**{"id": name, "document": "law", "at": "5.1", "force": "应", "what": "提供业务咨询", "needs": ("answer",),
                  "built": {}, "why": "", **more})  # fmt: skip


BUILT = {"archive": "file.py"}


@pytest.mark.parametrize(
    ("row", "state", "missing"),
    [
        (_row(), FULL, ()),
        (_row("XN-9"), OPEN, ("answer",)),
        (_row(needs=("answer", "service")), PARTLY, ("service",)),
        (_row(needs=("answer", "archive"), built=BUILT), FULL, ()),
        (_row("XN-9", needs=("archive",), built=BUILT), FULL, ()),
    ],
)
def test_a_row_is_served_by_what_names_it(row: Row, state: str, missing: tuple[str, ...]) -> None:
    (one,) = coverage([row], KNOWN)
    assert (one.state, one.missing) == (state, missing)


def test_a_guide_serves_as_a_guide_and_not_as_an_answer() -> None:
    guided = knowledge(guides=(guide(lambda raw: raw.update(covers=["XN-1"])),))
    (one,) = coverage([_row(needs=("answer", "guide"))], guided)
    assert (one.served["guide"], one.missing) == (("guide:made",), ("answer",))


@pytest.mark.parametrize(
    ("rows", "flaw"),
    [
        ([_row("XN-1"), _row("XN-2"), _row("XN-9")], ("coverage.yml: XN-9", "缺问答，须写明原因（why）")),
        ([_row("XN-1"), _row("XN-2", why="还没有做")], ("coverage.yml: XN-2", "各项都已具备，why 已经过时")),
        ([_row("XN-1"), _row("XN-2"), _row("XN-2")], ("coverage.yml: XN-2", "编号重复")),
        ([_row("XN-1"), _row("XN-2", document="gone")], ("coverage.yml: XN-2", "未知来源 gone")),
        ([_row("XN-1")], ("made.yml: q-one", "covers 里的 XN-2 不在 coverage.yml 里")),
        (
            [_row("XN-1"), _row("XN-2", needs=("archive",), built={"archive": "gone.py"})],
            ("coverage.yml: XN-2", "built 指向不存在的文件 gone.py"),
        ),
        ([_row("XN-1"), _row("XN-2", built=BUILT)], ("coverage.yml: XN-2", "built 里的“archive”不在 needs 里")),
    ],
)
def test_each_flaw_is_found_alone(rows: list[Row], flaw: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "file.py").touch()
    assert list(coverage_flaws(coverage(rows, KNOWN), KNOWN, tmp_path)) == [flaw]


def test_the_table_counts_states_and_uses() -> None:
    rows = [_row("XN-1", needs=("answer", "service"), why="服务事项尚未建设"), _row("XN-2"), _row("XN-9", why="没有内容")]
    told = table(coverage(rows, KNOWN), KNOWN, {"q-one": Use(7, "2026-11-20")})
    assert "《某法》 3 行：已具备 1，部分具备 1，尚未具备 1" in told
    assert "用过 7 次，最近 2026-11-20" in told
    assert "缺服务事项：服务事项尚未建设" in told
    assert told.endswith("合计 3 行：已具备 1，部分具备 1，尚未具备 1")


def test_every_row_of_the_documents_is_told_in_this_repository() -> None:
    known = real_knowledge()
    rows = read_rows(ROOT / "knowledge")
    assert len(rows) == 249
    registers = serving(read_registers(raw_registers(ROOT / "knowledge")).values())
    assert list(coverage_flaws(coverage(rows, known, registers), known, ROOT)) == []


def test_a_register_serves_the_rows_that_it_names() -> None:
    row = _row(needs=("answer", "register"))
    (without,), (one,) = coverage([row], KNOWN), coverage([row], KNOWN, {row.id: ["registers/needs"]})
    assert without.missing == ("register",)
    assert one.served["register"] == ("registers/needs",)
