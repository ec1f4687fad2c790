"""The deployment: its name, region, sentences and opening hours, read from `site.yml` and `calendar.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from zhixun.knowledge.load import KnowledgeError, read_file

__all__ = ["Hours", "RequestRules", "Site", "load_site"]

_WEEKDAYS = "一二三四五六日"
_LOOK_AHEAD = 21
_MIDNIGHT = "24:00"
_LONGEST_WAIT = 400


@dataclass(frozen=True, slots=True)
class Hours:
    """When people are at the desk.

    Args:
        week: spans of each ISO weekday (1 is Monday), as (from, until) times of day in China.
        holidays: days off; `workdays`: days worked though they fall on a weekend.
        years: the years the calendar knows.
        confirmed: whether the office has confirmed its hours.
    """

    week: Mapping[int, tuple[tuple[time, time], ...]]
    holidays: frozenset[date]
    workdays: frozenset[date]
    years: frozenset[int]
    confirmed: bool

    def spans(self, day: date) -> tuple[tuple[time, time], ...] | None:
        """Return the spans of `day`, empty on a day off, None when the calendar does not know its year."""
        if day.year not in self.years:
            return None
        if day in self.holidays:
            return ()
        if day in self.workdays:
            # A make-up workday keeps the hours of a Monday, whatever weekday it is.
            return self.week.get(1, ())
        return self.week.get(day.isoweekday(), ())

    def is_open(self, moment: datetime) -> bool:
        """Tell whether somebody is at the desk at the local time `moment`; an unknown year counts as closed."""
        return any(start <= moment.time() < end for start, end in self.spans(moment.date()) or ())

    def next_opening(self, moment: datetime) -> datetime | None:
        """Return when the desk opens next after the local time `moment`; None when the calendar cannot say."""
        for ahead in range(_LOOK_AHEAD):
            day = moment.date() + timedelta(days=ahead)
            spans = self.spans(day)
            if spans is None:
                return None
            for start, _ in spans:
                opening = datetime.combine(day, start, moment.tzinfo)
                if opening > moment:
                    return opening
        return None

    def after(self, moment: datetime, hours: float) -> datetime | None:
        """Return when so many working hours have passed since `moment`; None when the calendar does not reach so far."""
        left = timedelta(hours=hours)
        for ahead in range(_LONGEST_WAIT):
            day = moment.date() + timedelta(days=ahead)
            spans = self.spans(day)
            if spans is None:
                return None
            for start, end in spans:
                begins = max(datetime.combine(day, start, moment.tzinfo), moment)
                ends = datetime.combine(day, end, moment.tzinfo)
                if begins < ends:
                    if left <= ends - begins:
                        return begins + left
                    left -= ends - begins
        return None


@dataclass(frozen=True, slots=True)
class RequestRules:
    """How requests for services are numbered and how soon they are answered.

    Args:
        due_hours: working hours until somebody answers, unless the service has its own.
        groups: of staff, that requests go to.
        confirmed: whether the office has confirmed both.
    """

    prefix: str
    due_hours: int
    groups: tuple[str, ...]
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Site:
    """What this deployment is."""

    name: str
    office: str
    region: str
    number_prefix: str
    regions: tuple[str, ...]
    quick: tuple[Mapping[str, str], ...]
    phrases: Mapping[str, str]
    hours: Hours
    requests: RequestRules

    def opening_words(self, moment: datetime) -> str:
        """Say in Chinese when the desk opens next, with the caveats that apply."""
        opening = self.hours.next_opening(moment)
        if opening is None:
            return self.phrases["opening_unknown"]
        when = f"{opening.month}月{opening.day}日（周{_WEEKDAYS[opening.weekday()]}）{opening:%H:%M}"
        words = self.phrases["opening"].format(when=when)
        return words if self.hours.confirmed else words + self.phrases["unconfirmed"]

    def hours_words(self) -> str:
        """Say the weekly hours in one line."""
        parts = [
            f"周{_WEEKDAYS[day - 1]} " + "、".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in spans)
            for day, spans in sorted(self.hours.week.items())
        ]
        return "；".join(parts) + ("" if self.hours.confirmed else self.phrases["unconfirmed"])


def load_site(folder: Path) -> Site:
    """Read `site.yml` and `calendar.yml` of the knowledge folder.

    Raises:
        KnowledgeError: one of them is missing or malformed.
    """
    raw = read_file(folder / "site.yml", "site")
    return Site(
        name=raw["name"],
        office=raw["office"],
        region=raw["region"],
        number_prefix=raw["number_prefix"],
        regions=tuple(raw["regions"]),
        quick=tuple(raw["quick"]),
        phrases=raw["phrases"],
        requests=_requests(raw["requests"]),
        hours=_hours(raw["hours"], read_file(folder / "calendar.yml", "calendar")),
    )


def _requests(raw: Mapping[str, Any]) -> RequestRules:
    return RequestRules(raw["prefix"], raw["due_hours"], tuple(raw["groups"]), raw["confirmed"])


def _hours(raw: Mapping[str, Any], calendar: Mapping[int, Any]) -> Hours:
    unknown = [day for day in raw["week"] if day not in range(1, 8)]
    if unknown:
        raise KnowledgeError(f"site.yml: hours › week：{unknown[0]} 不是 1–7 的星期数")
    holidays = {day for year in calendar.values() for span in year["holidays"].values() for day in _days(*span)}
    return Hours(
        week={day: tuple(_span(text) for text in spans) for day, spans in raw["week"].items()},
        holidays=frozenset(holidays),
        workdays=frozenset(day for year in calendar.values() for day in year["workdays"]),
        years=frozenset(int(year) for year in calendar),
        confirmed=raw["confirmed"],
    )


def _days(first: date, last: date) -> list[date]:
    if last < first:
        raise KnowledgeError(f"calendar.yml: 假期 {first}–{last} 的起止颠倒")
    return [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]


def _span(text: str) -> tuple[time, time]:
    start, end = text.split("-")
    span = time.fromisoformat(start), time.max if end == _MIDNIGHT else time.fromisoformat(end)
    if span[0] >= span[1]:
        raise KnowledgeError(f"site.yml: hours › week：时段 {text} 的起止颠倒")
    return span
