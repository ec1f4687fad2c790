"""Fees and deadlines: a text takes the value that holds in its window, and nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.knowledge.made import ANSWERS, write
from zhixun.knowledge.figures import Figure, FigureError, Figures, Value
from zhixun.knowledge.load import KnowledgeError, load

OLD_LAW, NEW_LAW = date(2026, 12, 31), date(2027, 1, 1)


def _fee(name: str, amount: int, *, reducible: bool = True, source: str = "law") -> Figure:
    return Figure(name, name, "专利", "每件", (Value(amount, "元", source, "附表"),), reducible)


OPPOSITION = Figure(
    "opposition", "异议期", "商标", "自公告之日起",
    (Value(3, "个月", "old", "第一条", until=OLD_LAW), Value(2, "个月", "new", "第二条", since=NEW_LAW)),
)  # fmt: skip
FEES = {fee.id: fee for fee in (_fee("filing", 900), _fee("printing", 50, reducible=False, source="list"), _fee("odd", 905))}
FIGURES = Figures({"fee": FEES, "term": {"opposition": OPPOSITION}})


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("交{fee:filing}。", "交900元。"),
        ("一共{fee:filing+printing}", "一共950元"),
        ("减后{fee:filing less 85}", "减后135元"),
        ("减后一共{fee:filing+printing less 70}", "减后一共320元"),
        ("没有数值", "没有数值"),
    ],
)
def test_a_figure_is_put_in(text: str, filled: str) -> None:
    assert FIGURES.fill(text, NEW_LAW, None).text == filled


def test_what_was_put_in_is_told_with_its_sources() -> None:
    filled = FIGURES.fill("先{fee:filing}，共{fee:filing+printing}", NEW_LAW, None)
    assert (filled.figures, filled.sources) == (("900元", "950元"), ("law", "list"))


def test_the_value_is_that_of_the_window() -> None:
    text = "{term:opposition}"
    assert FIGURES.fill(text, date(2019, 11, 1), OLD_LAW).text == "3个月"
    assert FIGURES.fill(text, NEW_LAW, None).text == "2个月"
    assert (OPPOSITION.on(OLD_LAW).words, OPPOSITION.on(NEW_LAW).words) == ("3个月", "2个月")


@pytest.mark.parametrize(
    ("text", "window", "words"),
    [
        ("{term:opposition}", (date(2019, 11, 1), None), "没有唯一有效的数值"),
        ("{term:opposition}", (date(2026, 6, 1), date(2027, 6, 1)), "没有唯一有效的数值"),
        ("{fee:gone}", (NEW_LAW, None), "没有“gone”这个费用"),
        ("{term:gone}", (NEW_LAW, None), "没有“gone”这个期限"),
        ("{filing}", (NEW_LAW, None), "不是"),
        ("{fee:odd less 85}", (NEW_LAW, None), "不是整元"),
        ("{term:opposition less 85}", (NEW_LAW, None), "以元计"),
    ],
)
def test_what_cannot_be_put_in_stops_the_loading(text: str, window: tuple[date, date | None], words: str) -> None:
    with pytest.raises(FigureError, match=words):
        FIGURES.fill(text, *window)


def test_an_answer_names_figures_and_they_count_as_its_facts(tmp_path: Path) -> None:
    answers = ANSWERS.replace("期限为3个月。\n\n", "期限为{term:opposition}，费用{fee:filing}。\n\n").replace(
        "      checked:", "      valid_until: 2026-12-31\n      checked:"
    )
    (said,) = load(write(tmp_path / "k", answers=answers)).questions["q-one"].answers
    assert said.bubbles[0] == "期限为3个月，费用900元。"
    assert said.facts == ("3个月", "900元")
    assert said.figure_sources == ("law",)


def test_an_answer_that_outlives_its_figure_is_refused(tmp_path: Path) -> None:
    answers = ANSWERS.replace("期限为3个月。\n\n", "期限为{term:opposition}。\n\n")
    with pytest.raises(KnowledgeError, match=r"one\.yml: q-one：“opposition”在"):
        load(write(tmp_path / "k", answers=answers))
