"""The office's calendar: what happens on which day, from whoever knows of it, as a month, a list and a feed."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import icalendar

__all__ = ["KINDS", "Calendar", "Happening", "Source", "feed_of", "weeks_of"]

KINDS: Mapping[str, str] = {
    "holiday": "放假", "workday": "调休上班", "campaign": "宣传节点", "report": "报送期限", "law": "法规施行", "task": "回电与回访",
    "request": "服务申请", "register": "台账到期", "review": "知识复核",
}  # fmt: skip
"""What can happen, and how it is called."""
_ID_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Happening:
    """Something on a day; its words hold no personal data.

    Attributes:
        id: the same for the same thing for ever. last: the last of several days. kind: of `KINDS`.
        href: where the desk tells more; empty when it does not. owner: whose it is, a login name; empty: everybody's.
        note: more about it.
    """

    id: str
    day: date
    title: str
    kind: str
    href: str = ""
    last: date | None = None
    owner: str = ""
    note: str = ""

    @property
    def ends(self) -> date:
        """Its last day."""
        return self.last or self.day


Source = Callable[[date, date], Awaitable[Sequence[Happening]]]
"""Returns what happens between two days, both included."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Joins what its sources know."""

    sources: Sequence[Source]

    async def between(self, first: date, last: date, kinds: Collection[str] = ()) -> list[Happening]:
        """Return what happens between two days, both included, in order; `kinds` empty: of every kind."""
        found = [one for source in self.sources for one in await source(first, last)]
        order = list(KINDS)
        wanted = [one for one in found if one.day <= last and one.ends >= first and (not kinds or one.kind in kinds)]
        return sorted(wanted, key=lambda one: (one.day, order.index(one.kind), one.title))


def weeks_of(month: date) -> list[list[date]]:
    """Return the weeks of a month, from Monday to Sunday, whole at both ends; `month` is any of its days."""
    first = month.replace(day=1)
    day = first - timedelta(days=first.weekday())
    weeks = []
    while day < first or day.month == first.month:
        weeks.append([day + timedelta(days=ahead) for ahead in range(7)])
        day += timedelta(days=7)
    return weeks


def feed_of(name: str, happenings: Sequence[Happening], now: datetime, base: str) -> bytes:
    """Return an iCalendar file (RFC 5545) of all-day events.

    Args:
        name: how the calendar is called. now: when it was asked for. base: the public address, for links; empty: no links.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Zhixun//Desk//ZH")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", "Asia/Shanghai")
    for one in happenings:
        event = icalendar.Event()
        event.add("uid", f"{hashlib.sha256(f'{one.kind}/{one.id}'.encode()).hexdigest()[:_ID_LENGTH]}@zhixun")
        event.add("dtstamp", now)
        event.add("summary", f"{KINDS[one.kind]}：{one.title}")
        event.add("dtstart", one.day)
        # The end of an all-day event is the day after its last.
        event.add("dtend", one.ends + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        if one.note:
            event.add("description", one.note)
        if one.href and base:
            event.add("url", f"{base}{one.href}")
        calendar.add_component(event)
    return bytes(calendar.to_ical())
