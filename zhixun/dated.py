"""Joins the calendar of the desk with all who know of a day: the knowledge, the tasks, the requests and the registers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from zhixun.clock import local_of
from zhixun.database import Database, requests, tasks
from zhixun.desk.calendar import Calendar, Happening
from zhixun.desk.casework import KINDS as TASKS
from zhixun.knowledge.dates import read_dates, read_holidays
from zhixun.knowledge.expiry import STALE_DAYS
from zhixun.knowledge.guides.model import SERVICE
from zhixun.knowledge.shelf import Present
from zhixun.messages import ENDED

__all__ = ["Dated", "unknown_days"]

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Dated:
    """Everything that happens on a day.

    Args:
        folder: of the knowledge. dues: what is due in registers.
    """

    database: Database
    present: Present
    folder: Path
    dues: Callable[[], Awaitable[Sequence[Mapping[str, str]]]]

    def calendar(self) -> Calendar:
        """Return the calendar over all sources."""
        days, holidays = read_dates(self.folder), read_holidays(self.folder)

        async def planned(first: date, last: date) -> list[Happening]:
            # One that began before may still go on.
            early = first - timedelta(days=60)
            return [
                Happening(f"{one.title}/{begins}", begins, one.title, one.kind, last=ends, note=one.about)
                for one in days for begins, ends in one.within(early, last)
            ]  # fmt: skip

        async def free(first: date, last: date) -> list[Happening]:
            return [
                Happening(f"{one.name}/{one.first}", one.first, one.name, "holiday" if one.off else "workday", last=one.last)
                for one in holidays if one.first <= last and one.last >= first
            ]  # fmt: skip

        return Calendar((planned, free, self._laws, self._tasks, self._requests, self._registers, self._reviews))

    async def _laws(self, first: date, last: date) -> list[Happening]:
        return [
            Happening(one.id, one.since, f"《{one.title}》施行", "law")
            for one in self.present().sources.values() if one.since and first <= one.since <= last and one.replaced_by == ""
        ]  # fmt: skip

    async def _tasks(self, first: date, last: date) -> list[Happening]:
        query = sa.select(tasks).where(tasks.c.standing == "open")
        async with self.database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [
            Happening(row["id"], _day(row["due"]), f"{TASKS.get(row['kind'], row['kind'])} {row['consultation']}", "task",
                      f"/desk/tasks?number={row['consultation']}", owner=row["owner"])
            for row in rows if first <= _day(row["due"]) <= last
        ]  # fmt: skip

    async def _requests(self, first: date, last: date) -> list[Happening]:
        query = sa.select(requests).where(requests.c.standing.not_in(ENDED), requests.c.due != "")
        async with self.database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [
            Happening(row["number"], _day(row["due"]), f"{self._service(row['service'])} {row['number']}", "request",
                      f"/desk/requests/{row['number']}", owner=row["owner"])
            for row in rows if first <= _day(row["due"]) <= last
        ]  # fmt: skip

    async def _registers(self, first: date, last: date) -> list[Happening]:
        return [
            Happening(f"{one['number']}/{one['title']}", day, f"{one['title']} {one['number']}", "register", one["href"])
            for one in await self.dues() if first <= (day := date.fromisoformat(one["day"])) <= last
        ]  # fmt: skip

    async def _reviews(self, first: date, last: date) -> list[Happening]:
        """Answers that end, and answers that nobody has compared with their sources for a year; many have the same day."""
        found: dict[tuple[date, str], list[str]] = defaultdict(list)
        for question in self.present().questions.values():
            for answer in question.answers:
                if answer.until and first <= answer.until <= last:
                    found[answer.until, "到此失效"].append(question.title)
                again = answer.checked + timedelta(days=STALE_DAYS)
                if first <= again <= last and (answer.until is None or again <= answer.until):
                    found[again, "满一年，要与来源再核对"].append(question.title)
        return [
            Happening(f"{what}/{day}", day, f"{len(titles)} 条答复{what}", "review", note=_few(titles))
            for (day, what), titles in found.items()
        ]  # fmt: skip

    def _service(self, name: str) -> str:
        found = self.present().services.get(SERVICE + name)
        return name if found is None else found.title


def unknown_days(folder: Path) -> list[tuple[str, str]]:
    """Return the days that nobody has verified yet: title, and a line about each."""
    return [(one.title, one.about) for one in read_dates(folder) if not one.verified]


def _day(due: str) -> date:
    """Return the day in China of a UTC stamp, or a day as it stands."""
    return date.fromisoformat(due) if len(due) == 10 else local_of(due).date()


def _few(titles: Sequence[Any]) -> str:
    more = f" 等 {len(titles)} 条" if len(titles) > _SHOWN else ""
    return "、".join(map(str, titles[:_SHOWN])) + more
