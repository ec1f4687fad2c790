"""What is owed to citizens, as a list to work on: each task with the number to call, what to ask and what was tried before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import ZONE, Clock, stamp
from zhixun.database import Database, journal, tasks
from zhixun.desk.case import last_words
from zhixun.desk.casework import Task
from zhixun.desk.ports import OpenRows
from zhixun.errors import CitizenError
from zhixun.masking import mask
from zhixun.messages import Entry

__all__ = ["GROUPS", "VIEWS", "Listed", "Owed", "TaskList", "Tried"]

VIEWS: Mapping[str, str] = {"": "全部", "mine": "我的", "over": "已超时", "done": "已办结"}
"""What can be listed."""
GROUPS: Mapping[str, str] = {"over": "已超时", "today": "今天到期", "later": "以后", "done": "已办结"}
"""How soon something is due, the most urgent first."""
_MOST = 100
_LAST = 2
"""So many of the citizen's last words are shown."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An earlier attempt: when (UTC), by whom, what came of it, and in words."""

    time: str
    who: str
    result: str
    words: str


@dataclass(frozen=True, slots=True)
class Owed:
    """A task with what is needed to do it.

    Attributes:
        group: one of `GROUPS`. phone: the number to call as it was written, empty when none was left.
        about: the title of the request that it follows. ask: what is to be asked, masked.
        said: the citizen's last words, masked.
    """

    task: Task
    group: str
    phone: str
    about: str
    ask: str
    said: tuple[str, ...]
    tried: tuple[Tried, ...]

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return self.task.id.replace("/", "-")

    @property
    def masked(self) -> str:
        """The number to call, as it is shown at first."""
        return mask(self.phone)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: its tasks by group, how many each group has in all, how many each view but the last, and how many are not shown."""

    groups: Mapping[str, Sequence[Owed]]
    sizes: Mapping[str, int]
    counts: Mapping[str, int]
    hidden: int

    @property
    def all(self) -> list[Owed]:
        """All of them in order."""
        return [one for group in self.groups.values() for one in group]


class TaskList:
    """Reads tasks, however many with the same few questions to the store.

    Args:
        open_rows: opens rows of the journal. follow_ask: what is asked after a service, by its id.
    """

    def __init__(self, database: Database, clock: Clock, open_rows: OpenRows, follow_ask: Callable[[str], str]) -> None:
        self._database = database
        self._clock = clock
        self._open_rows = open_rows
        self._follow_ask = follow_ask

    async def overdue(self) -> int:
        """Return how many tasks should have been done by now."""
        over = sa.select(sa.func.count()).where(tasks.c.standing == "open", self._group() == "over")
        async with self._database.read() as connection:
            return await connection.scalar(over) or 0

    async def listed(self, view: str, name: str, *, kind: str = "", number: str = "") -> Listed:
        """Return what is owed, the most urgent first.

        Args:
            view: one of `VIEWS`. name: who asks. kind, number: only tasks of this kind, of this consultation.
        """
        group, running = self._group(), tasks.c.standing == "open"
        views = {"": running, "mine": sa.and_(running, tasks.c.owner == name), "over": sa.and_(running, group == "over")}
        wanted = [views.get(view, tasks.c.standing == "done")]
        wanted += [tasks.c.kind == kind] * bool(kind) + [tasks.c.consultation == number] * bool(number)
        counts = sa.select(*(sa.func.count(sa.case((chosen, 1))) for chosen in views.values())).where(running)
        sizes = sa.select(group, sa.func.count()).where(*wanted).group_by(group)
        urgent = sa.case({of: place for place, of in enumerate(GROUPS)}, value=group)
        # What was done last is on top, too.
        order = (tasks.c.done.desc(),) if view == "done" else (urgent, tasks.c.due, tasks.c.id)
        query = sa.select(tasks, group).where(*wanted).order_by(*order).limit(_MOST)
        async with self._database.read() as connection:
            of_views = (await connection.execute(counts)).one()
            of_groups = {str(of): int(count) for of, count in await connection.execute(sizes)}
            found = await self._owed(connection, (await connection.execute(query)).mappings().all())
        groups = {of: [one for one in found if one.group == of] for of in GROUPS}
        return Listed(
            {of: listed for of, listed in groups.items() if listed}, of_groups, dict(zip(views, of_views, strict=True)),
            sum(of_groups.values()) - len(found),
        )  # fmt: skip

    async def one(self, task: str) -> Owed:
        """Return one task by its id.

        Raises:
            CitizenError: (404) there is none.
        """
        async with self._database.read() as connection:
            rows = (await connection.execute(sa.select(tasks, self._group()).where(tasks.c.id == task))).mappings().all()
            if not rows:
                raise CitizenError("没有这项任务。", code="no_task", status=404)
            return (await self._owed(connection, rows))[0]

    def _group(self) -> sa.Label[str]:
        """Say in SQL which of `GROUPS` a task is in: a day is over when it has ended, a time when it has come."""
        today = self._clock.today()
        tomorrow = datetime.combine(today + timedelta(days=1), time(), ZONE)
        is_day = sa.func.length(tasks.c.due) == len("2026-11-21")
        over = sa.case((is_day, tasks.c.due < today.isoformat()), else_=tasks.c.due < stamp(self._clock.now()))
        today_ = sa.case((is_day, tasks.c.due == today.isoformat()), else_=tasks.c.due < stamp(tomorrow))
        return sa.case((tasks.c.standing != "open", "done"), (over, "over"), (today_, "today"), else_="later").label("group")

    async def _owed(self, connection: AsyncConnection, rows: Sequence[sa.RowMapping]) -> list[Owed]:
        found = {row["id"]: (Task(**{name: row[name] for name in Task.__slots__}), row["group"]) for row in rows}
        needed = (await connection.execute(_needed([task for task, _ in found.values()]))).mappings().all()
        by_case: dict[str, list[Entry]] = {task.consultation: [] for task, _ in found.values()}
        for entry in await self._open_rows(connection, needed):
            by_case[entry.consultation].append(entry)
        return [self._one(task, group, by_case[task.consultation]) for task, group in found.values()]

    def _one(self, task: Task, group: str, entries: Sequence[Entry]) -> Owed:
        made = [entry for entry in entries if entry.kind == "requested"]
        request = next((entry for entry in made if entry.open["request"] == task.subject), None)
        opening = next((entry for entry in entries if f"{entry.consultation}/{entry.seq}" == task.id), None)
        ask = self._follow_ask(request.open["service"]) if request else ""
        if opening is not None and opening.kind == "planned":
            ask = mask(_words(opening))
        return Owed(
            task, group, _phone(request, entries), str((request.private or {}).get("title", "")) if request else "",
            ask, tuple(last_words(entries, _LAST)), _tried(task, entries),
        )  # fmt: skip


def _needed(found: Sequence[Task]) -> sa.Select[Any]:
    """Ask for the entries that tell of tasks: what opened and followed them, numbers that were left, and the last words said."""
    place = sa.func.row_number().over(partition_by=(journal.c.consultation, journal.c.kind), order_by=journal.c.seq.desc())
    openings = [(task.consultation, int(task.id.rpartition("/")[2])) for task in found]
    told = sa.or_(
        journal.c.kind.in_(("contact_left", "requested", "followed_up")),
        sa.and_(journal.c.kind == "said", journal.c.actor == "citizen"),
        sa.tuple_(journal.c.consultation, journal.c.seq).in_(openings),
    )
    cases = {task.consultation for task in found}
    ranked = sa.select(journal, place.label("place")).where(journal.c.consultation.in_(cases), told).subquery()
    return sa.select(ranked).where(sa.or_(ranked.c.kind != "said", ranked.c.place <= _LAST)).order_by(ranked.c.id)


def _phone(request: Entry | None, entries: Sequence[Entry]) -> str:
    """Return the number to call: that of the request, else the last one that was left, first of all for a call-back."""
    own = str(((request.private or {}).get("values") or {}).get("phone", "")) if request else ""
    left = [entry for entry in entries if entry.kind == "contact_left" and entry.private]
    left.sort(key=lambda entry: entry.open.get("for") is None)
    return own or (str((left[-1].private or {})["phone"]) if left else "")


def _tried(task: Task, entries: Sequence[Entry]) -> tuple[Tried, ...]:
    made = [entry for entry in entries if entry.kind == "followed_up" and entry.open.get("task") == task.id]
    return tuple(
        Tried(entry.time, entry.actor.removeprefix("staff:"), str(entry.open["result"]), mask(_words(entry))) for entry in made
    )


def _words(entry: Entry) -> str:
    return str((entry.private or {}).get("words", ""))
