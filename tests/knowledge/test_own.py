"""The deployment's own answers, laid over the shipped knowledge."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from tests.knowledge.made import write
from zhixun.knowledge.check import check
from zhixun.knowledge.load import OWN, KnowledgeError, load, raw_question


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    return write(tmp_path / "shipped")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own" / "answers").mkdir(parents=True)
    return tmp_path / "own"


def _raw(shipped: Path, **more: object) -> dict[str, object]:
    return {**raw_question(load(shipped).questions["q-one"], shipped, Path("nowhere")), **more}


def _put(own: Path, name: str, *raws: dict[str, object]) -> None:
    (own / "answers" / name).write_text(yaml.safe_dump(list(raws), allow_unicode=True), "utf-8")


def _new(shipped: Path, **more: object) -> dict[str, object]:
    return _raw(shipped, id="q-new", title="新的期限", wordings=[f"新问法{number}" for number in range(20)], **more)


def test_the_same_id_replaces_and_a_new_one_adds(shipped: Path, own: Path) -> None:
    _put(own, "mine.yml", _raw(shipped, title="改过的期限"), _new(shipped))
    knowledge = load(shipped, own)
    assert [(one.id, one.title, one.file) for one in knowledge.questions.values()] == [
        ("q-one", "改过的期限", f"{OWN}mine.yml"), ("q-new", "新的期限", f"{OWN}mine.yml")
    ]  # fmt: skip
    assert load(shipped).questions["q-one"].title != "改过的期限"


def test_the_version_tells_own_answers_from_none(shipped: Path, own: Path) -> None:
    alone = load(shipped).version
    assert load(shipped, own / "nowhere").version == alone
    assert load(shipped, own).version == alone
    _put(own, "mine.yml", _new(shipped))
    first = load(shipped, own).version
    _put(own, "mine.yml", _new(shipped, topic="别的"))
    assert len({alone, first, load(shipped, own).version}) == 3


def test_a_flaw_names_the_own_file(shipped: Path, own: Path) -> None:
    _put(own, "mine.yml", _new(shipped, next=["nowhere"]))
    assert (f"{OWN}mine.yml: q-new", "next 指向不存在的问题或指引 nowhere") in check(load(shipped, own))
    _put(own, "mine.yml", {"id": "half"})
    with pytest.raises(KnowledgeError, match=f"{OWN}mine.yml"):
        load(shipped, own)
    (own / "answers" / "mine.yml").write_text("- [", "utf-8")
    with pytest.raises(KnowledgeError, match=f"{OWN}mine.yml: 无法读取"):
        load(shipped, own)


def test_an_id_stands_once_in_the_own_folder(shipped: Path, own: Path) -> None:
    _put(own, "a.yml", _new(shipped))
    _put(own, "b.yml", _new(shipped))
    with pytest.raises(KnowledgeError, match=f"{OWN}b.yml: 问题编号 q-new 与 {OWN}a.yml 重复"):
        load(shipped, own)


def test_the_raw_question_is_what_its_own_file_says(shipped: Path, own: Path) -> None:
    _put(own, "mine.yml", _raw(shipped, title="改过的期限"))
    known = load(shipped, own).questions["q-one"]
    assert raw_question(known, shipped, own)["title"] == "改过的期限"
    _put(own, "mine.yml", _new(shipped))
    with pytest.raises(KnowledgeError, match=f"{OWN}mine.yml: 没有问题 q-one"):
        raw_question(known, shipped, own)


def test_the_raw_question_keeps_the_names_of_deadlines(shipped: Path, own: Path) -> None:
    text = "期限为{term:opposition}。\n"
    answer = {"region": "全国", "text": text, "checked": date(2026, 11, 20), "valid_from": date(2026, 1, 1), "valid_until": date(2026, 2, 1)}
    _put(own, "mine.yml", _new(shipped, answers=[answer]))
    known = load(shipped, own).questions["q-new"]
    assert known.answers[0].text == "期限为3个月。"
    assert raw_question(known, shipped, own)["answers"] == [answer]
