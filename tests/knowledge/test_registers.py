"""The files of registers: read by their schema, and held against the clauses that are known."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.registers.world import RAW
from tests.support import ROOT, real_knowledge
from zhixun.knowledge.coverage import read_rows
from zhixun.knowledge.load import KnowledgeError
from zhixun.knowledge.registers import clauses_of, raw_registers


def _write(folder: Path, **more: object) -> Path:
    (folder / "registers").mkdir()
    (folder / "registers" / "sample.yml").write_text(yaml.safe_dump({**RAW, **more}, allow_unicode=True), "utf-8")
    return folder


def test_a_register_is_known_by_the_name_of_its_file(tmp_path: Path) -> None:
    assert raw_registers(_write(tmp_path)) == {"sample": RAW}


def test_an_office_without_registers_has_none(tmp_path: Path) -> None:
    assert raw_registers(tmp_path) == {}


@pytest.mark.parametrize(
    "more", [{"fields": {"name": {"title": "名称", "kind": "colour"}}}, {"fields": {"Name": {"title": "名称", "kind": "text"}}}, {"extra": 1},
             {"write": ["auditor"]}, {"clauses": []}, {"push": {"to": "subscribers"}}]
)  # fmt: skip
def test_what_has_another_form_is_refused_with_its_file(tmp_path: Path, more: dict[str, object]) -> None:
    with pytest.raises(KnowledgeError, match=r"registers/sample\.yml"):
        raw_registers(_write(tmp_path, **more))


def test_the_clauses_are_those_of_the_coverage_and_of_the_answers() -> None:
    clauses = clauses_of(read_rows(ROOT / "knowledge"), real_knowledge())
    assert "6.1.3 1)" in clauses["xining-spec"]
    assert "第三十三条" in clauses["trademark-law-2019"]
    assert "9.9" not in clauses["xining-spec"]
