"""What is known of a cited clause, and the originals that an operator imports."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.knowledge.made import answer, knowledge, question, source
from tests.support import real_knowledge, short
from zhixun.archive.durable import write_once
from zhixun.errors import CitizenError
from zhixun.knowledge.clauses import Clauses, import_source
from zhixun.knowledge.model import Basis

PAPER = """某法

第一章　总则
第一条　为了保护权利，制定本法。
第二条　期限为三个月。
　　依照第一条的规定，可以延长。
第十条之一　另有规定的，从其规定。
第二条　附件里的第二条。
"""


def _clauses(folder: Path, day: date = date(2026, 11, 20)) -> Clauses:
    twice = Basis("law", "第二条第一款", "期限三个月。")
    said = answer(basis=(twice, twice, Basis("old", "第一条", "旧法。")))
    old = source("old", until=date(2026, 12, 31), since=date(2020, 1, 1), number="某令")
    known = knowledge(question(answers=(said,)), sources=(old,))
    return Clauses(lambda: known, lambda: day, folder)


def test_a_clause_tells_its_paper_and_its_gist(tmp_path: Path) -> None:
    assert _clauses(tmp_path).find("old", "第一条") == {
        "title": "某法", "number": "某令", "issuer": "全国人大常委会", "region": "全国", "since": "2020-01-01", "until": "2026-12-31",
        "in_force": True, "locator": "第一条", "gists": ["旧法。"], "text": None,
    }  # fmt: skip


def test_force_is_asked_of_the_legal_day(tmp_path: Path) -> None:
    assert _clauses(tmp_path, date(2026, 12, 31)).find("old", "第一条")["in_force"] is True
    assert _clauses(tmp_path, date(2027, 1, 1)).find("old", "第一条")["in_force"] is False


def test_a_clause_nobody_cited_has_no_gist(tmp_path: Path) -> None:
    found = _clauses(tmp_path).find("law", "第九十九条")
    assert (found["gists"], found["text"], found["since"], found["until"]) == ([], None, None, None)


def test_a_gist_is_told_once(tmp_path: Path) -> None:
    assert _clauses(tmp_path).find("law", "第二条第一款")["gists"] == ["期限三个月。"]


@pytest.mark.parametrize("name", ["", "gone", "../law", "law.txt"])
def test_an_unknown_source_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CitizenError) as refused:
        _clauses(tmp_path).find(name, "第一条")
    assert (refused.value.code, refused.value.status) == ("no_source", 404)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_an_imported_original_opens_by_article(tmp_path: Path, mark: str) -> None:
    paper = tmp_path / "paper.txt"
    paper.write_text(mark + PAPER, "utf-8")
    originals = tmp_path / "sources"
    assert import_source(knowledge(), "law", paper, originals, write_once) == 3
    clauses = _clauses(originals)
    assert clauses.find("law", "第二条第一款")["text"] == "第二条　期限为三个月。\n　　依照第一条的规定，可以延长。"
    assert clauses.find("law", "第十条之一")["text"] == "第十条之一　另有规定的，从其规定。"
    assert clauses.find("law", "第三条")["text"] is None
    assert clauses.find("law", "总则")["text"] is None
    assert clauses.find("old", "第一条")["text"] is None


def test_the_first_line_of_a_paper_may_be_an_article(tmp_path: Path) -> None:
    (tmp_path / "law.txt").write_bytes("\ufeff第一条　开头。".encode())
    assert _clauses(tmp_path).find("law", "第一条")["text"] == "第一条　开头。"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("gone", PAPER.encode(), "no_source"), ("law", "没有条文".encode(), "no_articles"), ("law", b"", "no_articles"),
        ("law", PAPER.encode("gb18030"), "bad_text"), ("law", "第一条　长。".encode() + b" " * 5_000_000, "too_large"),
    ],
    ids=short,
)  # fmt: skip
def test_what_cannot_be_opened_by_article_is_not_imported(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    paper = tmp_path / "paper.txt"
    paper.write_bytes(data)
    with pytest.raises(CitizenError) as refused:
        import_source(knowledge(), name, paper, tmp_path / "sources", write_once)
    assert refused.value.code == code
    assert not (tmp_path / "sources").exists()


def test_a_paper_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CitizenError, match=r"gone\.txt") as refused:
        import_source(knowledge(), "law", tmp_path / "gone.txt", tmp_path / "sources", write_once)
    assert refused.value.code == "no_file"


def test_every_basis_of_this_repository_can_be_looked_up(tmp_path: Path) -> None:
    real = real_knowledge()
    clauses = Clauses(lambda: real, lambda: date(2026, 11, 20), tmp_path)
    for asked in real.questions.values():
        for said in asked.answers:
            for basis in said.basis:
                assert basis.gist in clauses.find(basis.source, basis.locator)["gists"]
