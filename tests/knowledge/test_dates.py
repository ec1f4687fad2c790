"""Days to plan by: every year or once, verified with a source or told as unknown, and holidays by name."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.support import ROOT, real_knowledge
from zhixun.knowledge.dates import Day, date_flaws, read_dates, read_holidays
from zhixun.knowledge.load import KnowledgeError
from zhixun.knowledge.model import Basis

BASIS = (Basis("law", "全文", "有这一天"),)


def _day(**more: object) -> Day:
    return Day(**{"title": "某日", "day": "04-26", "until": "", "kind": "campaign", "verified": True, "about": "", "basis": BASIS, **more})


def test_the_days_of_this_repository_are_without_flaws() -> None:
    days = read_dates(ROOT / "knowledge")
    assert list(date_flaws(days, real_knowledge().sources)) == []
    assert {"世界知识产权日", "中国品牌日"} <= {one.title for one in days if one.verified}
    # What nobody has verified has no day.
    assert all(not one.day for one in days if not one.verified)


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (_day(), [(date(2026, 4, 26), date(2026, 4, 26)), (date(2027, 4, 26), date(2027, 4, 26))]),
        (_day(until="04-30"), [(date(2026, 4, 26), date(2026, 4, 30)), (date(2027, 4, 26), date(2027, 4, 30))]),
        (_day(day="2026-09-30"), [(date(2026, 9, 30), date(2026, 9, 30))]), (_day(day="2024-09-30"), []), (_day(day=""), []),
    ],
)  # fmt: skip
def test_a_day_comes_every_year_or_once(one: Day, found: list[tuple[date, date]]) -> None:
    assert list(one.within(date(2026, 1, 1), date(2027, 12, 31))) == found


@pytest.mark.parametrize(
    ("one", "words"),
    [(_day(day=""), "要有日期"), (_day(basis=()), "要有日期"), (_day(verified=False), "不要写日期"), (_day(day="02-30"), "没有 02-30"),
     (_day(basis=(Basis("none", "全文", "x"),)), "未知来源 none")],
)  # fmt: skip
def test_a_slip_is_found(one: Day, words: str) -> None:
    assert any(words in flaw for _, flaw in date_flaws([one], {"law"}))


def test_an_office_without_days_of_its_own_has_none(tmp_path: Path) -> None:
    assert read_dates(tmp_path) == []
    (tmp_path / "dates.yml").write_text("- title: 某日\n", "utf-8")
    with pytest.raises(KnowledgeError, match="status"):
        read_dates(tmp_path)


def test_holidays_have_names_and_the_days_worked_for_them_are_told() -> None:
    found = {(one.name, one.first): one for one in read_holidays(ROOT / "knowledge")}
    assert found["国庆节", date(2026, 10, 1)].last == date(2026, 10, 7)
    assert found["调休上班", date(2026, 10, 10)].off is False
