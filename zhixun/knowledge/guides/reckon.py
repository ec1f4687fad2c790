"""The calculators: official fees and last days, each with its working and the clauses that it rests on.

All amounts come from fees.yml and all periods from deadlines.yml, so that what an answer tells and what is reckoned here
cannot differ.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from zhixun.knowledge.figures import Figure, FigureError, Figures, Value
from zhixun.knowledge.model import Basis

__all__ = ["RECKONERS", "Calendar", "Ground", "Reckoned", "add_months", "last_day"]

YEAR, MONTH, DAY = "年", "个月", "日"
REDUCTIONS = {"one": "patent-reduction-one", "joint": "patent-reduction-joint"}
REDUCED_YEARS = "patent-reduction-years"
KINDS = {"invention": "发明", "utility": "实用新型", "design": "外观设计"}
FREE_CLAIMS, FREE_PAGES, DEAR_PAGES, FREE_ITEMS = 10, 30, 300, 10


@dataclass(frozen=True, slots=True)
class Calendar:
    """Public holidays, days worked in their stead, and the years for which both are known."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        """Tell whether `day` is a working day; of an unknown year only the weekends are free."""
        return day in self.workdays or (day not in self.holidays and day.isoweekday() <= 5)


@dataclass(frozen=True, slots=True)
class Ground:
    """What every calculator stands on: the figures, the day of asking, and the calendar."""

    figures: Figures
    today: date
    calendar: Calendar = Calendar()

    def fee(self, name: str) -> tuple[Figure, Value]:
        """Return a fee and its value today.

        Raises:
            FigureError: there is none.
        """
        return self._of("fee", name, self.today)

    def term(self, name: str, day: date) -> tuple[Figure, Value]:
        """Return a period and its value on `day`.

        Raises:
            FigureError: there is none.
        """
        return self._of("term", name, day)

    def _of(self, kind: str, name: str, day: date) -> tuple[Figure, Value]:
        figure = self.figures.tables[kind].get(name)
        value = figure.on(day) if figure is not None else None
        if figure is None or value is None:
            raise FigureError(f"“{name}”在 {day} 没有数值")
        return figure, value


@dataclass(frozen=True, slots=True)
class Reckoned:
    """The working, line by line, and what it rests on."""

    lines: tuple[str, ...]
    basis: tuple[Basis, ...] = ()


def add_months(day: date, months: int) -> date:
    """Return the corresponding day so many months later, or the last day of that month where there is none.

    The rule of 专利法实施细则第五条, 商标法实施条例第十二条 and 民法典第二百零二条.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def last_day(start: date, value: Value) -> date:
    """Return the last day of a period that runs from `start`, which itself does not count; holidays are not yet heeded."""
    if value.unit == DAY:
        return start + timedelta(days=value.amount)
    return add_months(start, value.amount * (12 if value.unit == YEAR else 1))


def patent_fees(answers: Mapping[str, str], ground: Ground) -> Reckoned:
    """Reckon what filing a patent application costs.

    Args:
        answers: `kind` (invention, utility, design), `reduction` (none, one, joint), and as numbers, where they were asked,
            `claims`, `pages` and `priorities`.
    """
    kind = answers["kind"]
    amounts = {name: int(answers.get(name, 0)) for name in ("claims", "pages", "priorities")}
    pages = amounts["pages"]
    rows = [(f"patent-{kind}-filing", 1)]
    if kind == "invention":
        rows += [("patent-publication", 1), ("patent-exam", 1)]
    rows += [
        ("patent-claim-extra", max(0, amounts["claims"] - FREE_CLAIMS)),
        ("patent-page-extra", max(0, min(pages, DEAR_PAGES) - FREE_PAGES)),
        ("patent-page-extra-300", max(0, pages - DEAR_PAGES)),
        ("patent-priority-claim", amounts["priorities"]),
    ]
    return _bill(rows, answers["reduction"], ground)


def trademark_fees(answers: Mapping[str, str], ground: Ground) -> Reckoned:
    """Reckon what a trade-mark procedure costs.

    Args:
        answers: `matter` (the middle of the fee's id), `way` (online, paper), `classes`, and for a registration `items`: the
            goods beyond ten, over all classes; for a renewal `late` (yes, no).
    """
    matter, way, classes = answers["matter"], answers["way"], int(answers["classes"])
    rows = [(f"tm-{matter}-{way}", classes)]
    if matter == "registration":
        rows.append((f"tm-registration-extra-{way}", int(answers.get("items", 0))))
    if matter == "renewal" and answers.get("late") == "yes":
        rows.append((f"tm-renewal-late-{way}", classes))
    return _bill(rows, "none", ground)


def annual_fee(answers: Mapping[str, str], ground: Ground) -> Reckoned:
    """Reckon one annual fee: when it is due, the reduction, and the surcharge when it is paid today or on another day.

    Args:
        answers: `kind`, `filed` (ISO date), `year` (which annual year), `reduction`, `granted` (the calendar year of the
            grant, where a reduction is claimed) and `paid` (ISO date).
    """
    kind, year = answers["kind"], int(answers["year"])
    filed, paid = date.fromisoformat(answers["filed"]), date.fromisoformat(answers["paid"])
    name = next((one for one in ground.figures.tables["fee"] if _is_annual(one, kind, year)), None)
    if name is None:
        return Reckoned((f"{KINDS[kind]}没有第{year}年度的年费，请核对年度数。",))
    figure, value = ground.fee(name)
    due = add_months(filed, 12 * (year - 1))
    lines = [f"第{year}年度年费全额：{value.amount}元；应在{_words(due)}之前缴（申请日每年的对应日）。"]
    basis = [_basis(figure, value)]
    owed = value.amount
    reduction = answers.get("reduction", "none")
    if reduction in REDUCTIONS:
        years, years_value = ground.term(REDUCED_YEARS, ground.today)
        if due.year < int(answers["granted"]) + years_value.amount:
            share, share_value = ground.fee(REDUCTIONS[reduction])
            owed = figure.reduced(value.amount, share_value.amount)
            lines.append(f"减缴{share_value.amount}%：{value.amount}×{100 - share_value.amount}%＝{owed}元。")
            basis.append(_basis(share, share_value))
        else:
            lines.append(f"减缴只到授权当年起{years_value.words}，这一年度按全额。")
        basis.append(_basis(years, years_value))
    return _with_surcharge(lines, basis, owed, value.amount, due, paid, ground)


def deadline(answers: Mapping[str, str], ground: Ground) -> Reckoned:
    """Reckon a last day.

    Args:
        answers: the id of a row of deadlines.yml under a step whose id begins with `which`, and `start` (ISO date).
    """
    name = next(value for step, value in answers.items() if step.startswith("which"))
    start = date.fromisoformat(answers["start"])
    figure, value = ground.term(name, start)
    lines = [
        f"{figure.title}：{value.words}，{figure.per}（{_words(start)}）。",
        *_run_out(start, last_day(start, value), value, ground),
    ]
    basis = [_basis(figure, value)]
    after = figure.on(last_day(start, value))
    if after is not None and after.amount != value.amount:
        lines.append(
            f"注意：{_words(after.since or start)}起期限改为{after.words}，跨过这一天的怎么衔接以国家知识产权局公告为准，"
            f"最稳妥是在{_words(_working(last_day(start, min(value, after, key=lambda one: one.amount)), ground))}之前办。"
        )
        basis.append(_basis(figure, after))
    return Reckoned(tuple(lines), tuple(basis))


def trademark_term(answers: Mapping[str, str], ground: Ground) -> Reckoned:
    """Reckon until when a registered trade mark holds and when it can be renewed.

    Args:
        answers: `registered` (ISO date): the day of registration or of the last renewal's beginning.
    """
    registered = date.fromisoformat(answers["registered"])
    term, term_value = ground.term("tm-term", ground.today)
    window, window_value = ground.term("tm-renewal", ground.today)
    grace, grace_value = ground.term("tm-renewal-grace", ground.today)
    # The term counts from the day of registration itself, so it ends on the day before the corresponding one; where there is
    # none (29 February), on the last day of that month.
    corresponding = last_day(registered, term_value)
    ends = corresponding - timedelta(days=corresponding.day == registered.day)
    # The first day that is surely within the months before: who comes a day too early is sent away.
    opens, closes = add_months(ends, -window_value.amount) + timedelta(days=1), last_day(ends, grace_value)
    state = (
        "现在还没到续展时间" if ground.today < opens else "现在可以办续展" if ground.today <= ends
        else "现在在宽展期内，还能续展，要另缴迟延费" if ground.today <= closes else "宽展期已过，不能再续展，只能重新申请"
    )  # fmt: skip
    lines = (
        f"有效期：{term_value.words}，自{_words(registered)}起，到{_words(ends)}止（核准注册当日算第一天）。",
        f"续展：期满前{window_value.words}内，即{_words(opens)}至{_words(ends)}。",
        f"宽展：期满后{grace_value.words}，到{_words(closes)}止。",
        f"{state}（按今天{_words(ground.today)}算）。",
    )
    return Reckoned(lines, (_basis(term, term_value), _basis(window, window_value), _basis(grace, grace_value)))


def _bill(rows: list[tuple[str, int]], reduction: str, ground: Ground) -> Reckoned:
    """Add up fees, each so many times, less the reduction where it applies."""
    share = ground.fee(REDUCTIONS[reduction]) if reduction in REDUCTIONS else None
    percent = share[1].amount if share else 0
    lines, basis, total = [], [_basis(*share)] if share else [], 0
    for name, count in rows:
        if not count:
            continue
        figure, value = ground.fee(name)
        each = figure.reduced(value.amount, percent)
        total += each * count
        less = f"×{100 - percent}%" if each != value.amount else "（不减缴）" if percent else ""
        times = f"×{count}" if count > 1 else ""
        same = not times and each == value.amount
        lines.append(f"{figure.title}：{value.amount}{times}{less}{'元' if same else f'＝{each * count}元'}")
        basis.append(_basis(figure, value))
    lines.append(f"合计：{total}元")
    return Reckoned(tuple(lines), tuple(basis))


def _is_annual(name: str, kind: str, year: int) -> bool:
    prefix = f"patent-{kind}-annual-"
    if not name.startswith(prefix):
        return False
    first, last = (int(part) for part in name.removeprefix(prefix).split("-"))
    return first <= year <= last


def _with_surcharge(
    lines: list[str], basis: list[Basis], owed: int, full: int, due: date, paid: date, ground: Ground
) -> Reckoned:
    """Add what paying late costs: so many per cent of the full fee for each month exceeded, and the end after the last."""
    limit, limit_value = ground.term("patent-annual-late", ground.today)
    rate, rate_value = ground.fee("patent-annual-surcharge")
    if paid <= _working(due, ground):
        return Reckoned((*lines, f"{_words(paid)}缴，没有逾期，应缴{owed}元。"), tuple(basis))
    basis += [_basis(limit, limit_value), _basis(rate, rate_value)]
    if paid > _working(last_day(due, limit_value), ground):
        ended = f"{_words(paid)}已超过{limit_value.words}的补缴期（到{_words(last_day(due, limit_value))}），专利权自{_words(due)}起终止。"
        return Reckoned((*lines, ended, "收到终止通知的，可以问“没缴年费终止后能恢复吗”。"), tuple(basis))
    months = max(month for month in range(limit_value.amount) if paid > add_months(due, month))
    percent = rate_value.amount * months
    surcharge = full * percent // 100
    told = f"晚了不到1个月，不加收滞纳金，应缴{owed}元。"
    if months:
        told = f"超过{months}个月，滞纳金按全额{full}元×{percent}%＝{surcharge}元，应缴{owed}＋{surcharge}＝{owed + surcharge}元。"
    until = f"最迟在{_words(last_day(due, limit_value))}之前补缴，否则专利权终止。"
    return Reckoned((*lines, f"{_words(paid)}缴：{told}", until), tuple(basis))


def _run_out(start: date, ends: date, value: Value, ground: Ground) -> list[str]:
    """Tell how the last day is found, holidays heeded."""
    first = start + timedelta(days=1)
    how = f"从第二天（{_words(first)}）起数{value.amount}天" if value.unit == DAY else "算到对应日，没有对应日的算到当月最后一天"
    lines = [f"当天不算，{how}：{_words(ends)}。"]
    working = _working(ends, ground)
    if working != ends:
        lines.append(f"这一天放假，顺延到放假后第一个工作日：{_words(working)}。")
    if working.year not in ground.calendar.years:
        lines.append(f"{working.year}年的放假安排这里还没有，只按周末推算，遇法定节假日请以放假通知为准。")
    left = (working - ground.today).days
    late = f"按今天（{_words(ground.today)}）算，已经过了{-left}天；有正当理由的，尽快转人工问能否补救。"
    return [*lines, f"距今天还有{left}天，建议提前几天办。" if left >= 0 else late]


def _working(day: date, ground: Ground) -> date:
    """Return `day`, or the first working day after it."""
    while not ground.calendar.is_working(day):
        day += timedelta(days=1)
    return day


def _words(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _basis(figure: Figure, value: Value) -> Basis:
    return Basis(value.source, value.locator, f"{figure.title}：{value.words}")


RECKONERS: Mapping[str, Callable[[Mapping[str, str], Ground], Reckoned]] = {
    "patent-fees": patent_fees,
    "trademark-fees": trademark_fees,
    "annual-fee": annual_fee,
    "deadline": deadline,
    "trademark-term": trademark_term,
}
"""What `reckon:` of a recommendation may name."""
