"""Spans: calendar months to years, what they are compared with, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest

from zhixun.errors import CitizenError
from zhixun.reports.spans import Span, around, read_span

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("kind", "day", "first", "last", "title"),
    [
        ("month", "2026-02-14", date(2026, 2, 1), date(2026, 2, 28), "2026年2月"),
        ("quarter", "2026-05-31", date(2026, 4, 1), date(2026, 6, 30), "2026年第2季度"),
        ("half", "2026-06-30", date(2026, 1, 1), date(2026, 6, 30), "2026年上半年"),
        ("half", "2025-12-31", date(2025, 7, 1), date(2025, 12, 31), "2025年下半年"),
        ("year", "2025-03-03", date(2025, 1, 1), date(2025, 12, 31), "2025年"),
    ],
)
def test_a_day_names_its_span(kind: str, day: str, first: date, last: date, title: str) -> None:
    span = read_span({"kind": kind, "day": day}, TODAY)
    assert (span.first, span.last, span.title, span.whole) == (first, last, title, True)
    assert read_span(span.query, TODAY) == span


def test_it_is_compared_with_the_one_before_and_the_year_before() -> None:
    quarter = around("quarter", date(2026, 2, 1))
    assert quarter.before() == around("quarter", date(2025, 12, 1))
    assert quarter.year_before() == around("quarter", date(2025, 2, 1))
    some = read_span({"since": "2026-03-01", "until": "2026-03-10"}, TODAY)
    assert some.before() == Span("any", date(2026, 2, 19), date(2026, 2, 28))
    assert some.year_before() == Span("any", date(2025, 3, 1), date(2025, 3, 10))
    assert Span("any", date(2024, 2, 29), date(2024, 2, 29)).year_before().first == date(2023, 2, 28)


def test_one_that_is_not_over_is_compared_with_as_many_days() -> None:
    month = read_span({}, TODAY)
    assert (month.first, month.last, month.whole) == (date(2026, 11, 1), TODAY, False)
    assert month.title == "2026年11月（截至11月21日）"
    assert month.before() == Span("month", date(2026, 10, 1), date(2026, 10, 21), whole=False)
    assert month.year_before() == Span("month", date(2025, 11, 1), date(2025, 11, 21), whole=False)
    # February has no 30th.
    march = read_span({}, date(2026, 3, 30))
    assert march.before() == Span("month", date(2026, 2, 1), date(2026, 2, 28))


def test_days_begin_at_midnight_in_china() -> None:
    assert around("month", TODAY).stamps == ("2026-10-31T16:00:00.000Z", "2026-11-30T16:00:00.000Z")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "week"}, "kind"), ({"kind": "month", "day": "gestern"}, "day"), ({"kind": "year", "day": "2027-01-01"}, "day"),
        ({"kind": "any"}, "since"), ({"since": "2026-01-02"}, "until"), ({"since": "2026-01-02", "until": "2026-01-01"}, "until"),
        ({"since": "2020-01-02", "until": "2026-01-01"}, "until"), ({"since": "2027-01-02", "until": "2027-01-03"}, "since"),
        ({"kind": "month", "day": "0001-01-01"}, "day"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_by_its_field(given: dict[str, str], field: str) -> None:
    with pytest.raises(CitizenError) as refused:
        read_span(given, TODAY)
    assert refused.value.field == field
