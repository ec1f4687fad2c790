"""Spans of days that are reported on: a month, a quarter, half a year, a year, or any; and what they are compared with."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from zhixun.clock import ZONE, stamp
from zhixun.errors import CitizenError

__all__ = ["KINDS", "Span", "around", "read_span"]

KINDS: Mapping[str, str] = {"month": "月", "quarter": "季度", "half": "半年", "year": "年", "any": "自定"}
_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_LONGEST = 1100
"""Days: three years, so that a slip of the finger does not read all there is."""
_HALVES = {1: "上半年", 7: "下半年"}


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both included.

    Attributes:
        kind: one of `KINDS`. whole: whether the span is over; else it goes to today, and is compared with as many days.
    """

    kind: str
    first: date
    last: date
    whole: bool = True

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def title(self) -> str:
        """What it is called."""
        year, month = self.first.year, self.first.month
        name = {"month": f"{year}年{month}月", "quarter": f"{year}年第{month // 3 + 1}季度", "year": f"{year}年",
                "half": f"{year}年{_HALVES.get(month, '')}"}.get(self.kind, f"{_day(self.first)}至{_day(self.last)}")  # fmt: skip
        return name if self.whole or self.kind == "any" else f"{name}（截至{self.last.month}月{self.last.day}日）"

    @property
    def query(self) -> dict[str, str]:
        """What `read_span` reads it from."""
        if self.kind == "any":
            return {"kind": "any", "since": self.first.isoformat(), "until": self.last.isoformat()}
        return {"kind": self.kind, "day": self.first.isoformat()}

    @property
    def stamps(self) -> tuple[str, str]:
        """The UTC stamps at which its first day begins and the day after its last one, in China."""
        after = self.last + timedelta(days=1)
        return stamp(datetime.combine(self.first, time.min, ZONE)), stamp(datetime.combine(after, time.min, ZONE))

    def before(self) -> Span:
        """Return the span of the same length before it; of one that is not over, as many days from its beginning."""
        if self.kind == "any":
            return Span("any", self.first - timedelta(days=self.days), self.first - timedelta(days=1))
        full = around(self.kind, self.first - timedelta(days=1))
        return full if self.whole else self._cut(full)

    def year_before(self) -> Span:
        """Return the same days of the year before; 29 February becomes the 28th."""
        if self.kind == "any":
            return Span("any", _back(self.first), _back(self.last))
        full = around(self.kind, _back(self.first))
        return full if self.whole else self._cut(full)

    def _cut(self, full: Span) -> Span:
        last = min(full.last, full.first + timedelta(days=self.days - 1))
        return replace(full, last=last, whole=last == full.last)


def around(kind: str, day: date) -> Span:
    """Return the month, quarter, half year or year in which `day` lies."""
    months = _MONTHS[kind]
    month = (day.month - 1) // months * months + 1
    last = month + months - 1
    return Span(kind, date(day.year, month, 1), date(day.year, last, calendar.monthrange(day.year, last)[1]))


def read_span(given: Mapping[str, str], today: date) -> Span:
    """Read a span from the fields of a page: `kind` with a `day` in it, or `since` and `until`. Nothing given: this month.

    Raises:
        CitizenError: a field cannot be read, or the span is to come or too long; `field` names it.
    """
    kind = given.get("kind", "").strip() or ("any" if given.get("since", "").strip() else "month")
    if kind not in KINDS:
        raise CitizenError("请选择时段的种类。", code="bad_span", field="kind")
    if kind == "any":
        span = Span("any", _read(given, "since"), _read(given, "until"))
        if span.last < span.first:
            raise CitizenError("截止日期不能早于开始日期。", code="bad_span", field="until")
    else:
        span = around(kind, _read(given, "day") if given.get("day", "").strip() else today)
    if span.first > today:
        raise CitizenError("这个时段还没有到。", code="bad_span", field="since" if kind == "any" else "day")
    if span.days > _LONGEST:
        raise CitizenError("时段最长三年，请缩短。", code="bad_span", field="until")
    return span if span.last <= today else replace(span, last=today, whole=False)


def _read(given: Mapping[str, str], field: str) -> date:
    try:
        day = date.fromisoformat(given.get(field, "").strip())
    except ValueError as error:
        raise CitizenError("请选择日期，写成 2026-11-21 这样。", code="bad_span", field=field) from error
    if not 2000 <= day.year <= 2200:
        raise CitizenError("年份应在 2000 到 2200 之间。", code="bad_span", field=field)
    return day


def _back(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
