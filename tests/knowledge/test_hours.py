"""Working time: every day of 2026 against the State Council's notice, breaks, single days of the office, and minutes counted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import HOURS, ROOT
from zhixun.clock import ZONE
from zhixun.knowledge.hours import Hours, read_hours
from zhixun.knowledge.load import KnowledgeError, read_file

# Written down from the notice of the General Office of the State Council of 2025-11-04 itself, with the weekdays and the
# numbers of days that it states, and not from calendar.yml: (first, last, number of days), and the days worked instead.
NOTICE = (
    ("1月1日周四", "1月3日周六", 3), ("2月15日周日", "2月23日周一", 9), ("4月4日周六", "4月6日周一", 3), ("5月1日周五", "5月5日周二", 5),
    ("6月19日周五", "6月21日周日", 3), ("9月25日周五", "9月27日周日", 3), ("10月1日周四", "10月7日周三", 7),
)  # fmt: skip
WORKED = ("1月4日周日", "2月14日周六", "2月28日周六", "5月9日周六", "9月20日周日", "10月10日周六")

_DAY = ["09:00-12:00", "13:30-17:30"]
_SPANS = ((time(9), time(12)), (time(13, 30), time(17, 30)))
_WEEK = {"confirmed": True, "week": dict.fromkeys(range(1, 6), _DAY)}


def _read(**more: Any) -> Hours:
    return read_hours({**_WEEK, **more}, read_file(ROOT / "knowledge" / "calendar.yml", "calendar"))


YEAR = _read()


def _at(month: int, day: int, hour: int, minute: int = 0, *, year: int = 2026, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)


def _day(told: str) -> date:
    month, rest = told.split("月")
    day, weekday = rest.split("日周")
    meant = date(2026, int(month), int(day))
    assert "一二三四五六日"[meant.weekday()] == weekday
    return meant


def _off() -> Iterator[date]:
    for first, last, count in NOTICE:
        days = [_day(first) + timedelta(days=ahead) for ahead in range(count)]
        assert days[-1] == _day(last)
        yield from days


def _all_days() -> list[date]:
    return [date(2026, 1, 1) + timedelta(days=ahead) for ahead in range(365)]


OFF, MADE_UP = frozenset(_off()), frozenset(map(_day, WORKED))


def _is_worked(day: date) -> bool:
    return day in MADE_UP or (day not in OFF and day.isoweekday() < 6)


@pytest.mark.parametrize("month", range(1, 13))
def test_every_day_of_2026_is_worked_or_off_as_the_state_council_says(month: int) -> None:
    days = [day for day in _all_days() if day.month == month]
    assert {day: YEAR.spans(day) for day in days} == {day: _SPANS if _is_worked(day) else () for day in days}


def test_2026_has_the_working_days_that_the_law_leaves() -> None:
    # 365 days without 104 of weekends and 13 holidays by law; make-up days and days off moved for them cancel out.
    assert sum(YEAR.spans(day) != () for day in _all_days()) == 365 - 104 - 13


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (_at(11, 20, 8, 59, second=59), False), (_at(11, 20, 9), True), (_at(11, 20, 11, 59, second=59), True), (_at(11, 20, 12), False),
        (_at(11, 20, 13, 29), False), (_at(11, 20, 13, 30), True), (_at(11, 20, 17, 30), False),
        (_at(11, 21, 10), False), (_at(11, 22, 10), False),   # a weekend
        (_at(10, 1, 10), False), (_at(10, 2, 10), False),      # days off within the week
        (_at(10, 10, 10), True), (_at(10, 10, 8), False),      # a Saturday that is worked
        (_at(1, 4, 10, year=2027), False),                     # a Monday of a year without data
    ],
)  # fmt: skip
def test_the_desk_is_open_in_its_hours_only(moment: datetime, is_open: bool) -> None:
    assert HOURS.is_open(moment) is is_open


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        (_at(11, 20, 8), _at(11, 20, 9)), (_at(11, 20, 9), _at(11, 20, 13, 30)), (_at(11, 20, 12), _at(11, 20, 13, 30)),
        (_at(11, 20, 17), _at(11, 23, 9)), (_at(9, 30, 18), _at(10, 5, 9)), (_at(10, 9, 18), _at(10, 10, 9)),
        (_at(12, 31, 18), None), (_at(3, 1, 10, year=2027), None),
    ],
)  # fmt: skip
def test_the_next_opening(moment: datetime, opening: datetime | None) -> None:
    assert HOURS.next_opening(moment) == opening


@pytest.mark.parametrize(
    ("moment", "closing"),
    [
        (_at(11, 20, 8), _at(11, 20, 17, 30)), (_at(11, 20, 12, 15), _at(11, 20, 17, 30)), (_at(11, 20, 17, 29), _at(11, 20, 17, 30)),
        (_at(11, 20, 17, 30), None), (_at(11, 21, 10), None), (_at(10, 10, 10), _at(10, 10, 17, 30)), (_at(1, 4, 10, year=2027), None),
    ],
)  # fmt: skip
def test_the_desk_closes_at_the_end_of_the_day_not_at_lunch(moment: datetime, closing: datetime | None) -> None:
    assert HOURS.closes(moment) == closing


@pytest.mark.parametrize(
    ("moment", "hours", "until"),
    [
        (_at(11, 20, 9), 1, _at(11, 20, 10)), (_at(11, 20, 11), 1, _at(11, 20, 12)), (_at(11, 20, 11), 2, _at(11, 20, 14, 30)),
        (_at(11, 20, 17), 1, _at(11, 23, 9, 30)), (_at(11, 21, 10), 3, _at(11, 23, 12)), (_at(9, 30, 17), 1, _at(10, 5, 9, 30)),
        (_at(10, 9, 17, 30), 7, _at(10, 10, 17, 30)), (_at(12, 31, 17), 1, None), (_at(3, 1, 10, year=2027), 1, None),
    ],
)  # fmt: skip
def test_working_hours_are_counted_over_lunch_nights_and_days_off(moment: datetime, hours: float, until: datetime | None) -> None:
    assert HOURS.after(moment, hours) == until


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        (_at(11, 20, 9), _at(11, 20, 9, 0, second=30), 0.5),
        (_at(11, 20, 11, 50), _at(11, 20, 13, 40), 20),       # over lunch
        (_at(11, 20, 12), _at(11, 20, 13, 30), 0),
        (_at(11, 20, 17), _at(11, 23, 9, 30), 60),            # over a weekend
        (_at(11, 21, 9), _at(11, 22, 18), 0),
        (_at(9, 30, 17), _at(10, 8, 9, 30), 60),              # over the week of the National Day
        (_at(10, 9, 17), _at(10, 12, 9, 30), 60 + 420),       # over a Saturday that is worked
        (_at(2, 13, 17), _at(2, 24, 9, 30), 60 + 420),        # a Saturday that is worked, then the Spring Festival
        (_at(11, 20, 10), _at(11, 20, 9), -60),               # backwards
        (_at(12, 31, 17), _at(1, 1, 0, year=2027), 30),       # to the last moment that the calendar knows
        (_at(12, 31, 17), _at(1, 1, 0, 1, year=2027), None),
        (_at(3, 1, 10, year=2027), _at(3, 1, 10, year=2027), None),
        (_at(3, 1, 10, year=2027), _at(12, 31, 10), None),
    ],
)  # fmt: skip
def test_working_minutes_between_two_moments(start: datetime, end: datetime, minutes: float | None) -> None:
    assert YEAR.minutes_between(start, end) == minutes


_QUARTERS = st.integers(0, 330 * 96).map(lambda count: _at(1, 1, 0) + timedelta(minutes=15 * count))


@given(_QUARTERS, st.integers(0, 12 * 96))
def test_minutes_are_those_that_a_clerk_would_count_one_by_one(start: datetime, quarters: int) -> None:
    moments = [start + timedelta(minutes=15 * count) for count in range(quarters)]
    there = [moment for moment in moments if _is_worked(moment.date()) and any(a <= moment.time() < b for a, b in _SPANS)]
    assert YEAR.minutes_between(start, start + timedelta(minutes=15 * quarters)) == 15 * len(there)


_SECONDS = st.integers(0, 330 * 86_400).map(lambda count: _at(1, 1, 0) + timedelta(seconds=count))


@given(_SECONDS, st.integers(0, 5_000), st.sampled_from([YEAR, _read(week={day: ["20:00-24:00"] for day in range(1, 8)})]))
def test_so_many_minutes_later_so_many_minutes_have_passed(moment: datetime, minutes: int, hours: Hours) -> None:
    later = hours.after_minutes(moment, minutes)
    assert later is not None
    assert hours.minutes_between(moment, later) == minutes
    assert hours.minutes_between(later, moment) == -minutes
    assert minutes == 0 or hours.minutes_between(moment, later - timedelta(seconds=1)) < minutes


def test_no_minutes_have_passed_when_working_time_begins() -> None:
    assert HOURS.after_minutes(_at(11, 20, 10), 0) == _at(11, 20, 10)
    assert HOURS.after_minutes(_at(11, 20, 12), 0) == _at(11, 20, 13, 30)
    assert HOURS.after_minutes(_at(11, 20, 18), 0) == _at(11, 23, 9)


def test_hours_that_never_come_never_run_out_and_never_begin() -> None:
    never = dataclasses.replace(HOURS, week={}, years=frozenset(range(2026, 2030)))
    assert never.after(_at(1, 2, 10), 1) is None
    assert never.next_opening(_at(11, 20, 8)) is None


def test_midnight_closes_the_day() -> None:
    hours = Hours({5: ((time(20), time.max),)}, frozenset(), frozenset(), frozenset({2026}), confirmed=True)
    assert hours.is_open(_at(11, 20, 23, 59))
    assert not hours.is_open(_at(11, 21, 0))
    assert hours.closes(_at(11, 20, 8)) == _at(11, 21, 0)
    assert hours.minutes_between(_at(11, 20, 8), _at(11, 21, 8)) == 240


def test_a_make_up_workday_keeps_the_hours_of_a_monday() -> None:
    week = {**HOURS.week, 1: ((time(10), time(11)),)}
    assert dataclasses.replace(HOURS, week=week).spans(date(2026, 10, 10)) == ((time(10), time(11)),)


def test_the_office_s_own_days_win_over_everything() -> None:
    own = _read(days={
        date(2026, 11, 20): ["09:00-12:00"], date(2026, 11, 23): [], date(2026, 10, 2): ["10:00-11:00"],
        date(2026, 10, 10): [], date(2027, 1, 4): ["09:00-12:00"],
    })  # fmt: skip
    assert own.closes(_at(11, 20, 10)) == _at(11, 20, 12)                          # half a day
    assert own.next_opening(_at(11, 20, 12)) == _at(11, 24, 9)                     # closed on the Monday
    assert own.minutes_between(_at(11, 20, 11), _at(11, 24, 10)) == 120
    assert own.is_open(_at(10, 2, 10))                                             # open on a holiday
    assert own.spans(date(2026, 10, 10)) == ()                                     # closed on a make-up day
    assert own.is_open(_at(1, 4, 10, year=2027))                                   # known in a year that is not
    assert own.minutes_between(_at(12, 31, 10), _at(1, 4, 10, year=2027)) is None  # but the days before it are not


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"week": {8: _DAY}}, "8 不是 1–7 的星期数"), ({"week": {1: ["12:00-09:00"]}}, "12:00-09:00 的起止颠倒"),
        ({"days": {date(2026, 1, 2): ["09:00-09:00"]}}, "09:00-09:00 的起止颠倒"),
        ({"week": {1: ["09:00-12:00", "11:59-17:30"]}}, "重叠"), ({"week": {1: ["13:30-17:30", "09:00-12:00"]}}, "没有按先后排列"),
        ({"days": {date(2026, 1, 2): ["09:00-24:00", "13:30-17:30"]}}, "重叠"),
    ],
)  # fmt: skip
def test_impossible_hours_are_refused(raw: dict[str, Any], words: str) -> None:
    with pytest.raises(KnowledgeError, match=words):
        _read(**raw)


def test_spans_may_touch() -> None:
    assert _read(week={5: ["09:00-12:00", "12:00-17:00"]}).minutes_between(_at(11, 20, 0), _at(11, 21, 0)) == 480


def test_a_holiday_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(KnowledgeError, match="起止颠倒"):
        read_hours(_WEEK, {2026: {"holidays": {"元旦": [date(2026, 1, 3), date(2026, 1, 1)]}, "workdays": []}})
