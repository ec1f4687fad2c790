"""Reading the folder: what is there is read whole, and what is malformed is named."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pytest

from tests.knowledge.made import ANSWERS, SOURCES, TERMS, write
from zhixun.knowledge.load import KnowledgeError, fingerprint, load
from zhixun.knowledge.model import Basis


def test_everything_in_the_folder_is_read(tmp_path: Path) -> None:
    read = load(write(tmp_path / "k"))
    (asked,) = read.questions.values()
    assert (asked.id, asked.title, asked.ip, asked.topic, asked.file) == ("q-one", "一的期限", ("商标",), "期限", "one.yml")
    assert len(asked.wordings) == 20
    (said,) = asked.answers
    assert (said.bubbles, said.facts, said.checked) == (("期限为3个月。", "第二段。"), ("3个月",), date(2026, 11, 20))
    assert said.basis == (Basis("law", "第一条", "期限为三个月整。"),)
    assert (said.since, said.until, said.outcome) == (None, None, "answered")
    assert (read.sources["law"].since, read.sources["law"].in_force(date(2019, 12, 31))) == (date(2020, 1, 1), False)
    assert read.glossary.rights == {"商标": ("牌子",)}
    assert read.version == fingerprint(tmp_path / "k")[:12]


def test_what_was_read_cannot_be_changed(tmp_path: Path) -> None:
    read = load(write(tmp_path / "k"))
    with pytest.raises(TypeError):
        read.questions["q-two"] = read.questions["q-one"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        read.questions["q-one"].title = "别的"


@pytest.mark.parametrize(
    ("part", "old", "new", "words"),
    [
        ("answers", "id: q-one", "id: Q_one", "q-one|Q_one"),
        ("answers", "title: 一的期限", "title: " + "长" * 25, "too long"),
        ("answers", "topic: 期限", "topik: 期限", "topik"),
        ("answers", "      checked: 2026-11-20", "", "'checked' is a required property"),
        ("answers", "checked: 2026-11-20", "checked: 不久前", "is not of type 'date'"),
        ("answers", "checked: 2026-11-20", "checked: 2026-11-20 10:00:00", "is not of type 'date'"),
        ("answers", "region: 全国", "region: 全国\n      region: 西宁市", "键 region 在同一处写了两次"),
        ("answers", "- id: q-one", "- id: [", "无法读取"),
        ("sources", "verified: V", "verified: 大概", "is not one of"),
        ("sources", SOURCES, SOURCES + SOURCES, "键 law 在同一处写了两次"),
        ("terms", "wider: {}", "", "'wider' is a required property"),
    ],
)
def test_a_malformed_file_is_named_with_its_place(tmp_path: Path, part: str, old: str, new: str, words: str) -> None:
    parts = {"sources": SOURCES, "answers": ANSWERS, "terms": TERMS}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new, 1)
    file = {"sources": "sources.yml", "answers": "one.yml", "terms": "glossary.yml"}[part]
    with pytest.raises(KnowledgeError, match=words) as refused:
        load(write(tmp_path / "k", **parts))
    assert str(refused.value).startswith(file)


@pytest.mark.parametrize("name", ["glossary", "sources", "menus", "fees", "deadlines", "agencies"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "k")
    (folder / f"{name}.yml").unlink()
    with pytest.raises(KnowledgeError, match=rf"^{name}\.yml: 无法读取"):
        load(folder)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "k")
    (folder / "answers" / "two.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KnowledgeError, match=r"two\.yml"):
        load(folder)


def test_two_questions_may_not_share_an_id(tmp_path: Path) -> None:
    folder = write(tmp_path / "k")
    (folder / "answers" / "two.yml").write_text(ANSWERS, "utf-8")
    with pytest.raises(KnowledgeError, match=r"two\.yml: 问题编号 q-one 与 one\.yml 重复"):
        load(folder)


def test_an_empty_file_of_answers_is_none(tmp_path: Path) -> None:
    folder = write(tmp_path / "k")
    (folder / "answers" / "two.yml").write_text("# still to be written\n", "utf-8")
    assert list(load(folder).questions) == ["q-one"]


def test_the_fingerprint_changes_with_any_file_and_any_name(tmp_path: Path) -> None:
    folder = write(tmp_path / "k")
    seen = {fingerprint(folder)}
    (folder / "sources.yml").write_text(SOURCES + "# a word\n", "utf-8")
    seen.add(fingerprint(folder))
    (folder / "answers" / "one.yml").rename(folder / "answers" / "uno.yml")
    seen.add(fingerprint(folder))
    (folder / "answers" / "two.yml").write_text("", "utf-8")
    seen.add(fingerprint(folder))
    assert len(seen) == 4
    assert fingerprint(folder) in seen
