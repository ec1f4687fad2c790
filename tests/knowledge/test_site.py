"""The deployment's hours: spans, days off, make-up workdays, and years that the calendar does not know."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import date, datetime, time
from pathlib import Path

import pytest

from tests.support import HOURS, ROOT
from zhixun.clock import ZONE
from zhixun.knowledge.load import KnowledgeError
from zhixun.knowledge.site import Hours, load_site


def _at(month: int, day: int, hour: int, minute: int = 0, *, year: int = 2026, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)


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
    ("moment", "hours", "until"),
    [
        (_at(11, 20, 9), 1, _at(11, 20, 10)), (_at(11, 20, 11), 1, _at(11, 20, 12)), (_at(11, 20, 11), 2, _at(11, 20, 14, 30)),
        (_at(11, 20, 17), 1, _at(11, 23, 9, 30)), (_at(11, 21, 10), 3, _at(11, 23, 12)), (_at(9, 30, 17), 1, _at(10, 5, 9, 30)),
        (_at(10, 9, 17, 30), 7, _at(10, 10, 17, 30)), (_at(12, 31, 17), 1, None), (_at(3, 1, 10, year=2027), 1, None),
    ],
)  # fmt: skip
def test_working_hours_are_counted_over_lunch_nights_and_days_off(moment: datetime, hours: float, until: datetime | None) -> None:
    assert HOURS.after(moment, hours) == until


def test_hours_that_never_come_never_run_out() -> None:
    assert dataclasses.replace(HOURS, week={}).after(_at(1, 2, 10), 1) is None


def test_hours_that_never_come_give_no_opening() -> None:
    assert dataclasses.replace(HOURS, week={}).next_opening(_at(11, 20, 8)) is None


def test_midnight_closes_the_day() -> None:
    hours = Hours({5: ((time(20), time.max),)}, frozenset(), frozenset(), frozenset({2026}), confirmed=True)
    assert hours.is_open(_at(11, 20, 23, 59))
    assert not hours.is_open(_at(11, 21, 0))


def test_a_make_up_workday_keeps_the_hours_of_a_monday() -> None:
    week = {**HOURS.week, 1: ((time(10), time(11)),)}
    assert dataclasses.replace(HOURS, week=week).spans(date(2026, 10, 10)) == ((time(10), time(11)),)


def test_the_opening_is_told_with_its_caveats() -> None:
    site = dataclasses.replace(load_site(ROOT / "knowledge"), hours=HOURS)
    assert site.opening_words(_at(11, 20, 18)) == site.phrases["opening"].format(when="11月23日（周一）09:00")
    unsure = dataclasses.replace(site, hours=dataclasses.replace(HOURS, confirmed=False))
    assert unsure.opening_words(_at(11, 20, 18)).endswith(site.phrases["unconfirmed"])
    assert unsure.hours_words().endswith(site.phrases["unconfirmed"])
    assert site.opening_words(_at(12, 31, 18)) == site.phrases["opening_unknown"]
    assert site.hours_words() == "；".join(f"周{day} 09:00–12:00、13:30–17:30" for day in "一二三四五")


def test_the_site_of_this_repository_is_read() -> None:
    site = load_site(ROOT / "knowledge")
    assert (site.name, site.region, site.number_prefix, site.regions[0]) == ("知询", "西宁市", "ZX", "西宁市")
    assert 2026 in site.hours.years
    # State Council notice of 2025-11-04: 2026-10-01 to 10-07 off, 2026-10-10 worked.
    assert site.hours.spans(date(2026, 10, 7)) == ()
    assert site.hours.spans(date(2026, 10, 8)) == site.hours.week[4]
    assert site.hours.spans(date(2026, 10, 10)) == site.hours.week[1]
    assert site.hours.spans(date(2027, 1, 4)) is None


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("site.yml", '1: ["09:00-12:00", "13:30-17:30"]', '1: ["12:00-09:00"]', "起止颠倒"),
        ("site.yml", '1: ["09:00-12:00", "13:30-17:30"]', '1: ["09:00-24:30"]', "does not match"),
        ("site.yml", '1: ["09:00-12:00", "13:30-17:30"]', '8: ["09:00-12:00"]', "8 不是 1–7 的星期数"),
        ("site.yml", "number_prefix: ZX", "number_prefix: zx", "does not match"),
        ("site.yml", "  withheld:", "  withhold:", "'withheld' is a required property"),
        ("calendar.yml", "元旦: [2026-01-01, 2026-01-03]", "元旦: [2026-01-03, 2026-01-01]", "起止颠倒"),
        ("calendar.yml", "元旦: [2026-01-01, 2026-01-03]", "元旦: [2026-01-01]", "too short"),
    ],
)
def test_a_malformed_site_is_refused(tmp_path: Path, file: str, old: str, new: str, words: str) -> None:
    for name in ("site.yml", "calendar.yml"):
        shutil.copy(ROOT / "knowledge" / name, tmp_path)
    text = (tmp_path / file).read_text("utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(KnowledgeError, match=words):
        load_site(tmp_path)


def test_open_until_midnight_may_be_written(tmp_path: Path) -> None:
    for name in ("site.yml", "calendar.yml"):
        shutil.copy(ROOT / "knowledge" / name, tmp_path)
    text = (tmp_path / "site.yml").read_text("utf-8")
    (tmp_path / "site.yml").write_text(text.replace('1: ["09:00-12:00", "13:30-17:30"]', '1: ["09:00-24:00"]'), "utf-8")
    assert load_site(tmp_path).hours.is_open(_at(11, 23, 23, 59))
