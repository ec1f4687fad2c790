"""Coverage at the desk: which rows are asked for, the span, and the tallies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from zhixun.desk.coverage import Asked, CoverageRow, Serving, Span, read_asked, read_span, tallies
from zhixun.errors import CitizenError

TODAY = date(2026, 11, 21)
STANDINGS = ("已具备", "部分具备", "尚未具备")
ROW = CoverageRow("XN-1", "spec", "规范", "5.1.4 a)", "应", "提供咨询", STANDINGS[0], (
    Serving("问答", "怎么问", "/desk/coverage/q", 3, "次答复", "2026-11-02"), Serving("问答", "问谁", "", 0, "次答复"),
    Serving("工作台", "值班", "/desk/roster"),
), (), "")  # fmt: skip
IDLE = replace(ROW, id="XN-2", at="5.2", force="宜", serving=ROW.serving[1:])
BARE = replace(ROW, id="XN-3", at="6.1", force="应、宜", standing=STANDINGS[2], serving=(), missing=("台账",), why="待建")
OTHER = replace(ROW, id="QH-1", document="tour", title="通知", at="一", force="任务", serving=ROW.serving[2:], standing=STANDINGS[1])
ROWS = (ROW, IDLE, BARE, OTHER)


def test_what_serves_a_row_is_counted_as_far_as_it_is_counted() -> None:
    assert [(row.used, row.last, row.unused) for row in ROWS] == [
        (3, "2026-11-02", False), (0, "", True), (None, "", False), (None, "", False),
    ]  # fmt: skip
    assert {need: [one.title for one in some] for need, some in ROW.by_need.items()} == {"问答": ["怎么问", "问谁"], "工作台": ["值班"]}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Asked(), ROWS), (Asked(document="tour"), (OTHER,)), (Asked(clause="5"), (ROW, IDLE)), (Asked(clause="5.1.4"), (ROW,)),
        (Asked(force="应"), (ROW, BARE)), (Asked(force="宜"), (IDLE, BARE)), (Asked(force="其他"), (OTHER,)),
        (Asked(standing=STANDINGS[2]), (BARE,)), (Asked(unused=True), (IDLE,)), (Asked(force="应", unused=True), ()),
    ],
)  # fmt: skip
def test_conditions_choose_rows(asked: Asked, found: tuple[CoverageRow, ...]) -> None:
    assert tuple(row for row in ROWS if asked.keeps(row)) == found


def test_conditions_that_there_are_not_ask_for_nothing() -> None:
    given = {"document": "none", "clause": " 5.1 ", "force": "必须", "standing": "好", "unused": "no"}
    assert read_asked(given, ["spec"], STANDINGS) == Asked(clause="5.1")
    given = {"document": "spec", "force": "宜", "standing": STANDINGS[1], "unused": "yes"}
    assert read_asked(given, ["spec"], STANDINGS) == Asked("spec", "", "宜", STANDINGS[1], unused=True)


def test_tallies_add_up_by_document_by_force_and_in_all() -> None:
    found = {one.title: (*one.counts, one.all) for one in tallies(ROWS, STANDINGS)}
    assert found == {
        "《规范》": (2, 0, 1, 3), "《通知》": (0, 1, 0, 1), "其中“应”": (1, 0, 1, 2), "其中“宜”": (1, 0, 1, 2), "合计": (2, 1, 1, 4),
    }  # fmt: skip


def test_without_days_it_is_this_year_up_to_today() -> None:
    assert read_span({}, TODAY) == Span(date(2026, 1, 1), TODAY)
    assert read_span({"since": "2027-01-05"}, TODAY) == Span(date(2027, 1, 5), date(2027, 1, 5))
    assert read_span({"since": "2025-01-01", "until": "2025-12-31"}, TODAY).words == "2025-01-01 至 2025-12-31"


@pytest.mark.parametrize(
    ("given", "field"),
    [({"since": "去年"}, "since"), ({"until": "2026-13-01"}, "until"), ({"since": "1999-12-31"}, "since"), ({"until": "2101-01-01"}, "until"),
     ({"since": "2026-11-02", "until": "2026-11-01"}, "until")],
)  # fmt: skip
def test_a_span_that_is_none_is_refused(given: dict[str, str], field: str) -> None:
    with pytest.raises(CitizenError) as refused:
        read_span(given, TODAY)
    assert refused.value.field == field
