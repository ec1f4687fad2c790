"""When people are at the desk: the hours of each day, and what working time there is between two moments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from zhixun.knowledge.load import KnowledgeError

__all__ = ["Hours", "Spans", "read_hours"]

Spans = tuple[tuple[time, time], ...]
"""Times of day in China (from, until), in order; what lies between two of them is a break."""

_MIDNIGHT = "24:00"
_LOOK_AHEAD = 400
"""So many days are looked through: hours that never come must not be waited for."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When people are at the desk. All moments are local times in China.

    Args:
        week: spans of each ISO weekday (1 is Monday).
        holidays: days off; `workdays`: days worked though they fall on a weekend.
        years: the years the calendar knows.
        confirmed: whether the office has confirmed its hours.
        days: the office's own days, which win over everything; without spans it is closed.
    """

    week: Mapping[int, Spans]
    holidays: frozenset[date]
    workdays: frozenset[date]
    years: frozenset[int]
    confirmed: bool
    days: Mapping[date, Spans] = field(default_factory=dict)

    def spans(self, day: date) -> Spans | None:
        """Return the spans of `day`, empty on a day off, None when the calendar does not know its year."""
        if day in self.days:
            return self.days[day]
        if day.year not in self.years:
            return None
        if day in self.holidays:
            return ()
        if day in self.workdays:
            # A make-up workday keeps the hours of a Monday, whatever weekday it is.
            return self.week.get(1, ())
        return self.week.get(day.isoweekday(), ())

    def is_open(self, moment: datetime) -> bool:
        """Tell whether somebody is at the desk at `moment`; an unknown year counts as closed."""
        return any(start <= moment < end for start, end in self._on(moment) or ())

    def closes(self, moment: datetime) -> datetime | None:
        """Return when the last of the day's spans ends; None when nobody is at the desk that day any more."""
        return next((end for _, end in reversed(self._on(moment) or []) if end > moment), None)

    def next_opening(self, moment: datetime) -> datetime | None:
        """Return when the desk opens next after `moment`; None when the calendar cannot say."""
        return next((start for start, _ in self._from(moment) if start > moment), None)

    def after(self, moment: datetime, hours: float) -> datetime | None:
        """Return when so many working hours have passed since `moment`; None when the calendar does not reach so far."""
        return self.after_minutes(moment, hours * 60)

    def after_minutes(self, moment: datetime, minutes: float) -> datetime | None:
        """Return when so many working minutes have passed since `moment`; None when the calendar does not reach so far.

        No minutes at all have passed when working time begins: at once, or at the next opening.
        """
        left = timedelta(minutes=minutes)
        for start, end in self._from(moment):
            begins = max(start, moment)
            if begins < end:
                if left <= end - begins:
                    return begins + left
                left -= end - begins
        return None

    def minutes_between(self, start: datetime, end: datetime) -> float | None:
        """Return the working minutes from `start` to `end`, negative when `end` is the earlier one.

        None when a day that lies between them belongs to a year that the calendar does not know.
        """
        if end < start:
            back = self.minutes_between(end, start)
            return None if back is None else -back
        worked = timedelta()
        # What ends at midnight does not reach into the next day.
        last = (end - datetime.resolution).date()
        for ahead in range((last - start.date()).days + 1):
            spans = self._on(start, ahead)
            if spans is None:
                return None
            worked += sum((max(min(until, end) - max(begins, start), timedelta()) for begins, until in spans), timedelta())
        return worked / timedelta(minutes=1)

    def _from(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the spans from the day of `moment` on, as far as the calendar knows."""
        for ahead in range(_LOOK_AHEAD):
            spans = self._on(moment, ahead)
            if spans is None:
                return
            yield from spans

    def _on(self, moment: datetime, ahead: int = 0) -> list[tuple[datetime, datetime]] | None:
        """Return the spans of the day of `moment`, or of one so many days ahead, as moments; None when it is not known."""
        day = moment.date() + timedelta(days=ahead)
        spans = self.spans(day)
        if spans is None:
            return None
        midnight = datetime.combine(day + timedelta(days=1), time.min, moment.tzinfo)
        return [
            (datetime.combine(day, start, moment.tzinfo), midnight if end == time.max else datetime.combine(day, end, moment.tzinfo))
            for start, end in spans
        ]


def read_hours(raw: Mapping[str, Any], calendar: Mapping[int, Any]) -> Hours:
    """Read the part `hours` of `site.yml`, and `calendar.yml`.

    Raises:
        KnowledgeError: a weekday, a span or a holiday is impossible.
    """
    unknown = [day for day in raw["week"] if day not in range(1, 8)]
    if unknown:
        raise KnowledgeError(f"site.yml: hours › week：{unknown[0]} 不是 1–7 的星期数")
    holidays = {day for year in calendar.values() for span in year["holidays"].values() for day in _days(*span)}
    return Hours(
        week={day: _spans(texts) for day, texts in raw["week"].items()},
        holidays=frozenset(holidays),
        workdays=frozenset(day for year in calendar.values() for day in year["workdays"]),
        years=frozenset(int(year) for year in calendar),
        confirmed=raw["confirmed"],
        days={day: _spans(texts) for day, texts in raw.get("days", {}).items()},
    )


def _days(first: date, last: date) -> list[date]:
    if last < first:
        raise KnowledgeError(f"calendar.yml: 假期 {first}–{last} 的起止颠倒")
    return [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]


def _spans(texts: Sequence[str]) -> Spans:
    spans = tuple(_span(text) for text in texts)
    # What overlaps would be counted twice.
    if any(first[1] > second[0] for first, second in pairwise(spans)):
        raise KnowledgeError(f"site.yml: hours：时段 {'、'.join(texts)} 重叠，或者没有按先后排列")
    return spans


def _span(text: str) -> tuple[time, time]:
    start, end = text.split("-")
    span = time.fromisoformat(start), time.max if end == _MIDNIGHT else time.fromisoformat(end)
    if span[0] >= span[1]:
        raise KnowledgeError(f"site.yml: hours：时段 {text} 的起止颠倒")
    return span
