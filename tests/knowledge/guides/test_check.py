"""Each flaw of a guide is found, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.knowledge.guides.made import guide
from tests.knowledge.made import knowledge
from zhixun.knowledge.check import check


def _leaf(name: str, **change: Any) -> Callable[[Any], None]:
    return lambda raw: raw["leaves"].update({name: {**raw["leaves"][name], **change}})


def _step(name: str, **change: Any) -> Callable[[Any], None]:
    return lambda raw: raw["steps"][name].update(change)


def _window(raw: Any) -> None:
    leaf = raw["leaves"]["rich"]
    raw["leaves"]["rich"] = [{**leaf, "valid_until": date(2026, 12, 31)}, {**leaf, "valid_from": date(2027, 1, 2)}]


FLAWS: dict[str, tuple[Callable[[Any], None], str]] = {
    "too few wordings": (lambda raw: raw["wordings"].pop(), "只有 14 种问法，至少要 15 种"),
    "unknown right": (lambda raw: raw.update(ip=["邮票"]), "权利“邮票”不在 glossary.yml 的 rights 里"),
    "nowhere": (_step("since", to="gone"), "步骤 since 指向不存在的 gone"),
    "no way": (lambda raw: raw["steps"]["since"].pop("to"), "步骤 since 没有去向（to）"),
    "closed way": (_step("since", to=[{"when": {"right": "patent"}, "go": "poor"}]), "步骤 since 的最后一个去向带条件，有人会走不下去"),
    "circle": (_step("since", to="right"), "步骤成环："),
    "condition on a later step": (
        _step("right", to="money", choices={
            "trademark": {"title": "商标", "to": [{"when": {"money": "yes"}, "go": "since"}, {"go": "money"}]},
            "patent": {"title": "专利", "to": "money"}, "unsure": {"title": "不清楚", "to": "ask"}}),
        "步骤 right 的条件：走到这里之前不会问 money"),
    "condition on no choice": (
        _step("since", to=[{"when": {"right": "stamp"}, "go": "poor"}, {"go": "poor"}]), "步骤 since 的条件：right 没有选项 stamp"),
    "unreached": (lambda raw: raw["leaves"].update(lost=raw["leaves"]["rich"]), "走不到 lost"),
    "same word twice": (
        lambda raw: raw["steps"]["right"]["choices"]["patent"].update(words=["牌子"]),
        "步骤 right：“牌子”同时属于选项 trademark 和 patent"),
    "typed with choices": (_step("money", kind="number"), "步骤 money：选择步骤要有 choices，填写步骤不能有"),
    "unknown source": (_leaf("rich", basis=[{"source": "gone", "at": "一", "gist": "x" * 6}]), "结论 rich：未知来源 gone"),
    "bare figure": (_leaf("rich", cost="300元"), "结论 rich：数字“300元”既不出自 fees.yml、deadlines.yml，也不在依据的 gist 里"),
    "unknown reckoner": (_leaf("rich", reckon="magic"), "结论 rich：没有“magic”这个计算器"),
    "unknown button": (_leaf("rich", next=[{"title": "去火星"}]), "结论 rich：按钮“去火星”不是任何问题或指引的问法"),
    "hole between windows": (_window, "结论 rich：各有效期要首尾相接"),
    "open end": (_leaf("rich", valid_until=date(2026, 12, 31)), "结论 rich：有效期没有盖住所有日子"),
}  # fmt: skip


def test_a_sound_guide_has_no_flaw() -> None:
    assert check(knowledge(guides=(guide(),))) == []


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_is_found(flaw: str) -> None:
    change, words = FLAWS[flaw]
    found = check(knowledge(guides=(guide(change),)))
    assert found
    assert all(place == "guides/made.yml" and told.startswith(words) for place, told in found), found


def test_a_wording_belongs_to_one_topic_only() -> None:
    taken = guide(lambda raw: raw["wordings"].append("q-one的期限"))
    assert check(knowledge(guides=(taken,))) == [("made.yml: guide:made", "问法“q-one的期限”也属于 q-one")]
