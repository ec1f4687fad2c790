"""The questions that a new model must go on answering."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import ROOT, real_knowledge
from zhixun.knowledge.check import plain
from zhixun.knowledge.load import OWN, KnowledgeError
from zhixun.knowledge.regression import Asked, read_regression, regression_flaws

SHIPPED = ROOT / "knowledge"


def test_the_shipped_ones_ask_of_every_file_and_expect_what_there_is() -> None:
    asked = read_regression(SHIPPED)
    assert list(regression_flaws(asked, real_knowledge())) == []
    assert len(asked) >= 150
    assert sum(one.protected for one in asked) >= 60
    assert {one.status for one in asked if one.status} >= {"handoff", "out_of_scope", "small_talk"}


def test_the_shipped_ones_are_in_no_wording_of_the_knowledge() -> None:
    """A question that the model has seen to the letter would be answered by any model."""
    wordings = {plain(words) for topic in real_knowledge().topics.values() for words in (topic.title, *topic.wordings)}
    assert [one.text for one in read_regression(SHIPPED) if one.expect and plain(one.text) in wordings] == []


def test_a_deployment_adds_its_own(tmp_path: Path) -> None:
    (tmp_path / "regression.yml").write_text("- {text: 藏毯纹样卡怎么补, expect: [gone], protected: true}\n", "utf-8")
    asked = read_regression(SHIPPED, tmp_path)
    assert asked[-1] == Asked("藏毯纹样卡怎么补", ("gone",), "", protected=True, file=f"{OWN}regression.yml")
    assert list(regression_flaws(asked, real_knowledge())) == [(f"{OWN}regression.yml: 藏毯纹样卡怎么补", "不存在的问题 gone")]


def test_flaws_are_found() -> None:
    asked = read_regression(SHIPPED)
    twice = [*asked, asked[0]]
    assert [words for _, words in regression_flaws(twice, real_knowledge())] == ["同一句写了两次"]
    fewer = [one for one in asked if "tm-opposition-period" not in one.expect]
    assert ("regression.yml", "没有一句问到 answers/trademark-opposition.yml 里的问题") in regression_flaws(fewer, real_knowledge())


@pytest.mark.parametrize(
    "text", ["- {text: 一句}", "- {text: 一句, expect: [a], status: handoff}", "- {expect: [a]}", "- {text: 一句, status: rain}"]
)
def test_other_forms_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "regression.yml").write_text(text, "utf-8")
    with pytest.raises(KnowledgeError):
        read_regression(SHIPPED, tmp_path)
