"""The tables of a report about how long people waited for staff, and how everybody was rated."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zhixun.names import INDICATORS
from zhixun.reports.figures import Figures, Rating, Times
from zhixun.reports.sheet import Cell, Table

__all__ = ["rating_tables", "time_tables"]

_COLUMNS = ("时段", "件数", "中位数", "九成不超过", "最长", "在时限内", "在时限内占比", "无法计时")
_SIDES = {"bot": "智能助手", "staff": "工作人员", "": "未注明对象"}
_UNTOLD = "无法计时：工作日历没有那一年的数据。"


def time_tables(now: Figures, before: Figures, year: Figures | None) -> tuple[Table, Table]:
    """Return how long it took until staff answered first, and until the end."""
    spans = [("本期", now), ("上期", before), *([("去年同期", year)] if year is not None else [])]

    def rows(of: Callable[[Figures], Times]) -> tuple[tuple[Cell, ...], ...]:
        return tuple((title, *_times(of(figures))) for title, figures in spans)

    first = "从第一次转人工到其后工作人员第一次答复。上班时间来的按首次答复的时限，下班时间来的按留言答复的时限。"
    ended = "从第一次转人工到咨询结束，只计已结束的。"
    return (
        Table("first", "等多久才有人工答复（工作分钟）", _COLUMNS, rows(lambda one: one.first), f"{first}{_UNTOLD}"),
        Table("solution", "多久办结（工作分钟）", _COLUMNS, rows(lambda one: one.solution), f"{ended}{_UNTOLD}"),
    )


def rating_tables(ratings: Sequence[Rating]) -> tuple[Table, ...]:
    """Return the ratings by whom they are about."""
    rows = tuple(
        (_SIDES[one.subject], INDICATORS[one.indicator], one.count, one.mean, one.low, one.missing)
        for one in ratings if one.subject != "" or one.count
    )  # fmt: skip
    note = "未评价：已结束、可以评价该对象而没有评这一项的咨询件。早先的评价没有区分智能助手和工作人员，列为“未注明对象”。"
    return (Table("ratings", "评价（5 分制）", ("对象", "指标", "评价数", "平均分", "1–2 分", "未评价"), rows, note, wide=frozenset((0, 1))),)


def _times(one: Times) -> tuple[Cell, ...]:
    share = round(one.within / one.count, 4) if one.count else None
    return one.count, one.middle, one.most, one.longest, one.within, share, one.untold
