"""What is owed to citizens, as a list to work on: each task with the number to call, what to ask and what was tried before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from zhixun.clock import ZONE, Clock
from zhixun.database import Database, journal, tasks
from zhixun.desk.case import last_words
from zhixun.desk.casework import Casework, Task, overdue
from zhixun.desk.ports import OpenRows
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
        about: the title of the request that it follows. ask: what is to be asked.
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
    """A list: its tasks by group, how many there are of each view but the last, and how many are not shown."""

    groups: Mapping[str, Sequence[Owed]]
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

    def __init__(
        self, database: Database, casework: Casework, clock: Clock, open_rows: OpenRows, follow_ask: Callable[[str], str]
    ) -> None:  # fmt: skip
        self._database = database
        self._casework = casework
        self._clock = clock
        self._open_rows = open_rows
        self._follow_ask = follow_ask

    async def overdue(self) -> int:
        """Return how many tasks should have been done by now."""
        return sum(overdue(task, self._clock) for task in await self._casework.tasks())

    async def listed(self, view: str, name: str, *, kind: str = "", number: str = "") -> Listed:
        """Return what is owed, the most urgent first.

        Args:
            view: one of `VIEWS`. name: who asks. kind, number: only tasks of this kind, of this consultation.
        """
        running = await self._casework.tasks()
        views = {
            "": running, "mine": [task for task in running if task.owner == name],
            "over": [task for task in running if overdue(task, self._clock)],
        }  # fmt: skip
        chosen = await self._done() if view == "done" else views[view]
        wanted = [task for task in chosen if kind in ("", task.kind) and number in ("", task.consultation)]
        found = await self._owed(sorted(wanted, key=lambda task: list(GROUPS).index(self._group(task)))[:_MOST])
        groups = {group: [one for one in found if one.group == group] for group in GROUPS}
        counts = {name: len(of) for name, of in views.items()}
        return Listed({group: of for group, of in groups.items() if of}, counts, max(0, len(wanted) - _MOST))

    async def one(self, task: str) -> Owed:
        """Return one task by its id.

        Raises:
            CitizenError: (404) there is none.
        """
        return (await self._owed([await self._casework.task(task)]))[0]

    async def _done(self) -> Sequence[Task]:
        query = sa.select(tasks).where(tasks.c.standing == "done").order_by(tasks.c.done.desc()).limit(_MOST)
        async with self._database.read() as connection:
            return [Task(**row) for row in (await connection.execute(query)).mappings()]

    async def _owed(self, found: Sequence[Task]) -> list[Owed]:
        async with self._database.read() as connection:
            rows = (await connection.execute(_needed(found))).mappings().all()
            entries = await self._open_rows(connection, rows)
        by_case: dict[str, list[Entry]] = {task.consultation: [] for task in found}
        for entry in entries:
            by_case[entry.consultation].append(entry)
        return [self._one(task, by_case[task.consultation]) for task in found]

    def _one(self, task: Task, entries: Sequence[Entry]) -> Owed:
        made = [entry for entry in entries if entry.kind == "requested"]
        request = next((entry for entry in made if entry.open["request"] == task.subject), None)
        opening = next((entry for entry in entries if f"{entry.consultation}/{entry.seq}" == task.id), None)
        ask = self._follow_ask(request.open["service"]) if request else ""
        if opening is not None and opening.kind == "planned":
            ask = _words(opening)
        return Owed(
            task, self._group(task), _phone(request, entries), str((request.private or {}).get("title", "")) if request else "",
            ask, tuple(last_words(entries, _LAST)), _tried(task, entries),
        )  # fmt: skip

    def _group(self, task: Task) -> str:
        if task.standing != "open":
            return "done"
        if overdue(task, self._clock):
            return "over"
        day = task.due if len(task.due) == len("2026-11-21") else f"{datetime.fromisoformat(task.due).astimezone(ZONE):%Y-%m-%d}"
        return "today" if day <= self._clock.today().isoformat() else "later"


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
