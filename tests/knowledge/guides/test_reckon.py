"""The calculators against cases worked by hand from the fee tables and the rules on periods."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from zhixun.knowledge.guides.reckon import (
    RECKONERS,
    Calendar,
    Ground,
    add_months,
    annual_fee,
    deadline,
    last_day,
    patent_fees,
    trademark_fees,
    trademark_term,
)  # fmt: skip
from zhixun.knowledge.load import load_figures
from zhixun.knowledge.site import load_site

KNOWLEDGE = Path(__file__).parents[3] / "knowledge"
FIGURES = load_figures(KNOWLEDGE)
_HOURS = load_site(KNOWLEDGE).hours
CALENDAR = Calendar(_HOURS.holidays, _HOURS.workdays, _HOURS.years)


def ground(today: date = date(2026, 11, 21)) -> Ground:
    return Ground(FIGURES, today, CALENDAR)


@pytest.mark.parametrize(
    ("kind", "reduction", "claims", "pages", "priorities", "total"),
    [
        # 申请费900＋公布50＋实审2500
        ("invention", "none", 10, 30, 0, 3450),
        # 135＋50＋375
        ("invention", "one", 10, 30, 0, 560),
        # 270＋50＋750
        ("invention", "joint", 10, 30, 0, 1070),
        # 3450＋5项×150
        ("invention", "none", 15, 30, 0, 4200),
        # 附加费不减：560＋750
        ("invention", "one", 15, 30, 0, 1310),
        # 3450＋10页×50
        ("invention", "none", 10, 40, 0, 3950),
        # 3450＋270页×50（第31至300页）＋10页×100
        ("invention", "none", 1, 310, 0, 17950),
        # 3450＋2项×80，优先权要求费不减
        ("invention", "none", 10, 30, 2, 3610),
        ("utility", "none", 10, 30, 0, 500),
        ("utility", "one", 10, 30, 0, 75),
        ("utility", "joint", 11, 31, 0, 350),
        ("design", "none", 0, 0, 0, 500),
        ("design", "one", 0, 0, 1, 155),
    ],
)
def test_what_filing_a_patent_costs(kind: str, reduction: str, claims: int, pages: int, priorities: int, total: int) -> None:
    answers = {"kind": kind, "reduction": reduction, "claims": str(claims), "pages": str(pages), "priorities": str(priorities)}
    assert patent_fees(answers, ground()).lines[-1] == f"合计：{total}元"


@pytest.mark.parametrize(
    ("matter", "way", "classes", "more", "total"),
    [
        ("registration", "online", 1, {"items": "0"}, 270),
        ("registration", "paper", 1, {"items": "0"}, 300),
        # 3类×270＋7项×27
        ("registration", "online", 3, {"items": "7"}, 999),
        # 2类×300＋10项×30
        ("registration", "paper", 2, {"items": "10"}, 900),
        ("renewal", "online", 2, {"late": "no"}, 900),
        # 2类×（450＋225）
        ("renewal", "online", 2, {"late": "yes"}, 1350),
        ("renewal", "paper", 1, {"late": "yes"}, 750),
        ("transfer", "online", 5, {}, 2250),
        ("change", "online", 4, {}, 0),
        ("change", "paper", 1, {}, 150),
        ("review", "online", 1, {}, 675),
        ("opposition", "paper", 2, {}, 1000),
        ("cancellation", "online", 1, {}, 450),
        ("licence", "online", 2, {}, 270),
    ],
)
def test_what_a_trade_mark_procedure_costs(matter: str, way: str, classes: int, more: dict[str, str], total: int) -> None:
    answers = {"matter": matter, "way": way, "classes": str(classes), **more}
    assert trademark_fees(answers, ground()).lines[-1] == f"合计：{total}元"


@pytest.mark.parametrize(
    ("kind", "filed", "year", "reduction", "granted", "paid", "says"),
    [
        ("invention", "2022-06-10", 4, "none", "", "2025-06-01", "应缴1200元"),
        # 当天还不算晚
        ("invention", "2022-06-10", 4, "none", "", "2025-06-10", "应缴1200元"),
        # 2025-06-10起不足1个月
        ("invention", "2022-06-10", 4, "none", "", "2025-07-10", "不加收滞纳金，应缴1200元"),
        # 超过1个月：全额的5%
        ("invention", "2022-06-10", 4, "none", "", "2025-07-11", "1200＋60＝1260元"),
        # 超过3个月：15%
        ("invention", "2022-06-10", 4, "none", "", "2025-09-20", "1200＋180＝1380元"),
        # 超过5个月：25%
        ("invention", "2022-06-10", 4, "none", "", "2025-12-10", "1200＋300＝1500元"),
        # 6个月满：2025-12-10是最后一天
        ("invention", "2022-06-10", 4, "none", "", "2025-12-11", "已超过6个月的补缴期"),
        # 减缴85%：1200×15%＝180；滞纳金仍按全额
        ("invention", "2022-06-10", 4, "one", "2024", "2025-08-20", "180＋120＝300元"),
        ("utility", "2023-03-01", 3, "joint", "2023", "2025-02-28", "应缴180元"),
        # 授权当年起10年：2014年授权，2024年起不减
        ("invention", "2012-05-20", 13, "one", "2014", "2024-05-01", "应缴6000元"),
        ("invention", "2012-05-20", 12, "one", "2014", "2023-05-01", "应缴600元"),
        ("design", "2021-08-08", 11, "none", "", "2031-08-01", "应缴3000元"),
        ("utility", "2016-01-31", 10, "none", "", "2025-01-20", "应缴2000元"),
    ],
)
def test_an_annual_fee(kind: str, filed: str, year: int, reduction: str, granted: str, paid: str, says: str) -> None:
    answers = {"kind": kind, "filed": filed, "year": str(year), "reduction": reduction, "granted": granted, "paid": paid}
    assert says in "\n".join(annual_fee(answers, ground(date.fromisoformat(paid))).lines)


def test_a_year_that_a_right_does_not_reach_is_told() -> None:
    answers = {"kind": "utility", "filed": "2010-01-01", "year": "11", "reduction": "none", "paid": "2020-01-01"}
    assert annual_fee(answers, ground()).lines == ("实用新型没有第11年度的年费，请核对年度数。",)


@pytest.mark.parametrize(
    ("which", "start", "last"),
    [
        # 驳回复审15日：8月3日收到，4日起数，18日止
        ("tm-rejection-review", "2026-08-03", "2026年8月18日"),
        # 2026-10-01至07放假，9月20日＋15日＝10月5日，顺延到8日
        ("tm-rejection-review", "2026-09-20", "2026年10月8日"),
        # 异议期3个月：8月13日公告，11月13日止
        ("tm-opposition", "2026-08-13", "2026年11月13日"),
        # 没有对应日：11月30日＋3个月＝2027年2月28日，星期日
        ("tm-opposition", "2026-11-30", "2027年3月1日"),
        # 新法2个月
        ("tm-opposition", "2027-01-13", "2027年3月15日"),
        ("patent-reexam", "2026-03-16", "2026年6月16日"),
        # 11月30日没有对应日：2月28日是补班的工作日
        ("patent-reexam", "2025-11-30", "2026年2月28日"),
        ("patent-reply-first", "2026-05-06", "2026年9月7日"),
        # 2月29日＋12个月＝2月28日
        ("patent-priority", "2024-02-29", "2025年2月28日"),
        ("patent-priority-design", "2026-04-21", "2026年10月21日"),
        # 起诉状3月2日收到，15日＝3月17日
        ("court-defence", "2026-03-02", "2026年3月17日"),
        # 4月20日＋15日＝5月5日，放假，5月6日上班
        ("court-appeal", "2026-04-20", "2026年5月6日"),
        ("court-limitation", "2024-01-10", "2027年1月11日"),
        ("admin-review", "2026-06-01", "2026年7月31日"),
        ("patent-exam-request", "2023-11-20", "2026年11月20日"),
    ],
)
def test_the_last_day(which: str, start: str, last: str) -> None:
    reckoned = deadline({"field": "x", "which-one": which, "start": start}, ground())
    found = [line for line in reckoned.lines if "顺延到" in line or line.startswith("当天不算")]
    assert found[-1].rstrip("。").endswith(last), reckoned.lines


def test_a_period_that_runs_over_a_change_of_the_law_says_what_is_safe() -> None:
    lines = "\n".join(deadline({"which": "tm-opposition", "start": "2026-11-20"}, ground()).lines)
    assert "期限改为2个月" in lines
    assert "2027年1月20日之前办" in lines
    assert "改为" not in "\n".join(deadline({"which": "tm-opposition", "start": "2026-08-20"}, ground()).lines)


def test_a_year_without_a_calendar_is_told() -> None:
    assert "2027年的放假安排这里还没有" in "\n".join(deadline({"which": "patent-reexam", "start": "2026-11-10"}, ground()).lines)
    assert "放假安排" not in "\n".join(deadline({"which": "patent-reexam", "start": "2026-03-10"}, ground()).lines)


@pytest.mark.parametrize(
    ("registered", "today", "ends", "opens", "closes", "state"),
    [
        ("2017-01-07", "2026-11-21", "2027年1月6日", "2026年1月7日", "2027年7月6日", "现在可以办续展"),
        ("2018-05-21", "2026-11-21", "2028年5月20日", "2027年5月21日", "2028年11月20日", "现在还没到续展时间"),
        ("2016-08-14", "2026-11-21", "2026年8月13日", "2025年8月14日", "2027年2月13日", "现在在宽展期内"),
        ("2016-03-01", "2026-11-21", "2026年2月28日", "2025年3月1日", "2026年8月28日", "宽展期已过"),
        ("2017-01-01", "2027-01-02", "2026年12月31日", "2026年1月1日", "2027年6月30日", "现在在宽展期内"),
        ("2016-02-29", "2026-11-21", "2026年2月28日", "2025年3月1日", "2026年8月28日", "宽展期已过"),
        ("2017-11-21", "2026-11-21", "2027年11月20日", "2026年11月21日", "2028年5月20日", "现在可以办续展"),
        ("2017-11-22", "2026-11-21", "2027年11月21日", "2026年11月22日", "2028年5月21日", "现在还没到续展时间"),
        ("2016-11-22", "2026-11-21", "2026年11月21日", "2025年11月22日", "2027年5月21日", "现在可以办续展"),
        ("2016-11-21", "2026-11-21", "2026年11月20日", "2025年11月21日", "2027年5月20日", "现在在宽展期内"),
    ],
)
def test_the_term_of_a_trade_mark(registered: str, today: str, ends: str, opens: str, closes: str, state: str) -> None:
    lines = trademark_term({"registered": registered}, ground(date.fromisoformat(today))).lines
    assert f"到{ends}止" in lines[0]
    assert f"{opens}至{ends}" in lines[1]
    assert f"到{closes}止" in lines[2]
    assert state in lines[3]


def test_the_law_of_the_day_is_cited() -> None:
    before = trademark_term({"registered": "2017-01-07"}, ground(date(2026, 12, 31))).basis
    after = trademark_term({"registered": "2017-01-07"}, ground(date(2027, 1, 1))).basis
    assert {clause.source for clause in before} == {"trademark-law-2019"}
    assert {clause.source for clause in after} == {"trademark-law-2026"}


def test_corresponding_days() -> None:
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2026, 11, 30), -9) == date(2026, 2, 28)
    assert add_months(date(2026, 12, 5), 1) == date(2027, 1, 5)
    years = FIGURES.tables["term"]["court-limitation"].values[0]
    assert last_day(date(2024, 2, 29), years) == date(2027, 2, 28)


def test_every_reckoner_cites_what_it_used() -> None:
    cases = {
        "patent-fees": {"kind": "utility", "reduction": "one"}, "trademark-fees": {"matter": "change", "way": "paper", "classes": "1"},
        "annual-fee": {"kind": "design", "filed": "2024-01-01", "year": "2", "reduction": "none", "paid": "2025-01-01"},
        "deadline": {"which": "court-appeal", "start": "2026-04-20"}, "trademark-term": {"registered": "2020-01-01"},
    }  # fmt: skip
    assert cases.keys() == RECKONERS.keys()
    for name, answers in cases.items():
        assert RECKONERS[name](answers, ground()).basis, name
