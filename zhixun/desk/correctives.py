"""Corrective actions (Xining specification, 服务改进): what ratings and reviews find is analysed, set right, and its effect looked at.

Each belongs to the consultation that it came from, and is journalled there: `corrective_opened`, `corrective_moved`. The table
`correctives` follows from that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock
from zhixun.database import Database, consultations, correctives, journal, keys
from zhixun.desk.corrective_steps import CARRYING, ENDED, LONGEST, Corrective, Step, demand
from zhixun.desk.daybook import CHANNEL
from zhixun.desk.ports import CorrectiveRules, OpenRows
from zhixun.errors import CitizenError, ZhixunError
from zhixun.masking import mask
from zhixun.messages import Entry, Event
from zhixun.names import MARKS, SUBJECTS, told_scores
from zhixun.numbers import request_number
from zhixun.ports import Journal, Seal

__all__ = ["VIEWS", "Correctives", "Listed"]

VIEWS: Mapping[str, str] = {"": "在办", "mine": "我负责的", "over": "已超时", "done": "已了结"}
"""What can be listed."""
MOST = 20
"""So many may be opened in one consultation."""
_SHOWN = 200
_FIRST = "analysing"
_KINDS = ("corrective_opened", "corrective_moved")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: each with its problem in words, how many each view has, and how many are not shown."""

    found: Sequence[tuple[Corrective, str]]
    counts: Mapping[str, int]
    hidden: int


class Correctives:
    """Opens corrective actions and carries them on.

    Args:
        rules: the office's. open_rows: opens rows of the journal.
        seal: seals what was added to a closed consultation. wake: tells open pages that there is something new.
    """

    def __init__(
        self, database: Database, journal: Journal, clock: Clock, rules: CorrectiveRules, open_rows: OpenRows, *,
        seal: Seal, wake: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._clock = clock
        self._rules = rules
        self._open_rows = open_rows
        self._seal = seal
        self._wake = wake

    async def watch(self, connection: AsyncConnection, entry: Entry) -> None:
        """Open one for a low rating or a review that found an answer wrong, in the transaction that writes it.

        What one review found wrong is not opened a second time by the next reviewer while it is still being set right.
        """
        told = entry.open
        if entry.kind in ("rated", "reviewed") and not await self._has_key(connection, entry.consultation):
            return  # of what was erased nothing can be written down any more
        if entry.kind == "rated" and min(told["scores"].values()) <= self._rules.low_score:
            await self._write(connection, entry.consultation, "zhixun", {"origin": "rating", "of": entry.seq}, None)
        elif entry.kind == "reviewed" and told.get("mark") == "wrong":
            same = (correctives.c.consultation == entry.consultation) & (correctives.c.origin == "review")
            running = sa.exists().where(same, correctives.c.standing.not_in(ENDED))
            if not await connection.scalar(sa.select(running)):
                await self._write(connection, entry.consultation, "zhixun", {"origin": "review", "of": entry.seq}, None)

    async def open(self, consultation: str, by: str, words: str, owner: str = "") -> str:
        """Open one by a decision of staff; returns its number.

        Args:
            by: login name of who opens it. words: what is wrong. owner: login name of who is to have it.

        Raises:
            CitizenError: (400) there are no words, or too many; (404) there is no such consultation; (409) it has too many already.
        """
        if not words.strip() or len(words) > LONGEST:
            raise CitizenError(f"请写明发现了什么问题（1–{LONGEST} 字）。", code="no_words", field="words")
        query = sa.select(consultations.c.state).where(consultations.c.number == consultation, consultations.c.channel != CHANNEL)
        async with self._database.write() as connection:
            if (state := await connection.scalar(query)) is None:
                raise CitizenError(f"没有咨询件 {consultation}。", code="no_consultation", status=404)
            await self._demand_key(connection, consultation)
            told = {"origin": "staff", **({"owner": owner} if owner else {})}
            number = await self._write(connection, consultation, f"staff:{by}", told, {"words": words.strip()})
        if not number:
            raise CitizenError(f"一件咨询最多提出 {MOST} 项整改。", code="too_many", status=409)
        await self._written(consultation, state)
        return number

    async def move(self, number: str, step: Step, by: str, role: str) -> Corrective:
        """Carry one on; returns it as it is then.

        Args:
            by: login name of who does it; role: theirs.

        Raises:
            CitizenError: (403) it is not theirs to do; (404) there is none; (409) it cannot go there any more; (410) the words of
                the consultation were erased, so that none can be kept.
        """
        async with self._database.write() as connection:
            one = await self._one(connection, number)
            demand(one, step, by, role)
            await self._demand_key(connection, one.consultation)
            told: dict[str, Any] = {"corrective": number, "standing": step.standing}
            told |= {name: value for name, value in (("owner", step.owner), ("due", step.due)) if value}
            if step.standing in CARRYING:
                told["carrier"] = by
            if step.standing == _FIRST and one.standing != _FIRST:
                told["rounds"] = one.rounds + 1
            written = {name: value for name, value in step.words.items() if value}
            await self._journal.append(connection, one.consultation, [Event("corrective_moved", f"staff:{by}", told, written or None)])
            moved = await self._one(connection, number)
            state = await connection.scalar(sa.select(consultations.c.state).where(consultations.c.number == one.consultation))
        await self._written(one.consultation, str(state))
        return moved

    def check_due(self) -> str:
        """Return the day (ISO) by which the effect of what is carried out today should be looked at."""
        return (self._clock.today() + timedelta(days=self._rules.check_days)).isoformat()

    async def one(self, number: str) -> tuple[Corrective, str, list[Entry]]:
        """Return one, its problem in words, and what was done, the oldest first.

        Raises:
            CitizenError: (404) there is none.
        """
        async with self._database.read() as connection:
            found = await self._one(connection, number)
            entries = await self._journal.read(connection, found.consultation)
        own = [entry for entry in entries if entry.kind in _KINDS and entry.open["corrective"] == number]
        cause = next((entry for entry in entries if entry.seq == found.cause), None)
        return found, _problem(cause), own

    async def of(self, consultation: str) -> list[Corrective]:
        """Return those of a consultation, in order."""
        query = sa.select(correctives).where(correctives.c.consultation == consultation).order_by(correctives.c.number)
        async with self._database.read() as connection:
            return [Corrective(**row) for row in (await connection.execute(query)).mappings()]

    async def overdue(self) -> int:
        """Return how many are overdue."""
        async with self._database.read() as connection:
            return await connection.scalar(sa.select(sa.func.count()).select_from(correctives).where(self._views("")["over"])) or 0

    async def listed(self, view: str, name: str, owner: str = "") -> Listed:
        """Return those of a view, what is due first on top.

        Args:
            view: one of `VIEWS`. name: who asks. owner: only those that this member of staff has; empty for all.
        """
        views = self._views(name)
        whose = correctives.c.owner == owner if owner else sa.true()
        # What ended last is on top, too.
        order = (correctives.c.changed.desc(),) if view == "done" else (correctives.c.due, correctives.c.number)
        query = sa.select(correctives).where(views.get(view, views[""]), whose).order_by(*order)
        counts = sa.select(*(sa.func.count(sa.case((sa.and_(chosen, whose), 1))) for chosen in views.values()))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
            of_views = (await connection.execute(counts)).one()
            shown = [Corrective(**row) for row in rows[:_SHOWN]]
            problems = await self._problems(connection, shown)
        return Listed(list(zip(shown, problems, strict=True)), dict(zip(views, of_views, strict=True)), len(rows) - len(shown))

    def is_over(self, one: Corrective) -> bool:
        """Tell whether the next step of one should have been done."""
        return one.standing not in ENDED and date.fromisoformat(one.due) < self._clock.today()

    def _views(self, name: str) -> dict[str, sa.ColumnElement[bool]]:
        running = correctives.c.standing.not_in(ENDED)
        over = sa.and_(running, correctives.c.due < self._clock.today().isoformat())
        return {"": running, "mine": sa.and_(running, correctives.c.owner == name), "over": over, "done": ~running}

    async def _problems(self, connection: AsyncConnection, found: Sequence[Corrective]) -> list[str]:
        places = [(one.consultation, one.cause) for one in found]
        query = sa.select(journal).where(sa.tuple_(journal.c.consultation, journal.c.seq).in_(places))
        rows = (await connection.execute(query)).mappings().all() if places else []
        entries = {(entry.consultation, entry.seq): entry for entry in await self._open_rows(connection, rows)}
        return [_problem(entries.get(place)) for place in places]

    async def _write(
        self, connection: AsyncConnection, consultation: str, actor: str, told: Mapping[str, Any], words: Mapping[str, str] | None
    ) -> str:
        """Write that one is opened; returns its number, empty when the consultation has too many."""
        count = sa.select(sa.func.count()).select_from(correctives).where(correctives.c.consultation == consultation)
        before = await connection.scalar(count) or 0
        if before >= MOST:
            return ""
        number = request_number(self._rules.prefix, consultation, before + 1)
        due = (self._clock.today() + timedelta(days=self._rules.analyse_days)).isoformat()
        event = Event("corrective_opened", actor, {"corrective": number, "standing": _FIRST, "due": due, **told}, words)
        await self._journal.append(connection, consultation, [event])
        return number

    async def _one(self, connection: AsyncConnection, number: str) -> Corrective:
        row = (await connection.execute(sa.select(correctives).where(correctives.c.number == number))).mappings().first()
        if row is None:
            raise CitizenError(f"没有整改单 {number}。", code="no_corrective", status=404)
        return Corrective(**row)

    @staticmethod
    async def _has_key(connection: AsyncConnection, consultation: str) -> bool:
        return await connection.scalar(sa.select(keys.c.consultation).where(keys.c.consultation == consultation)) is not None

    async def _demand_key(self, connection: AsyncConnection, consultation: str) -> None:
        if not await self._has_key(connection, consultation):
            raise CitizenError("这件咨询的内容已按请求删除，写下的话存不下来。", code="erased", status=410)

    async def _written(self, consultation: str, state: str) -> None:
        self._wake(consultation)
        if state == "closed":
            try:
                await self._seal(consultation)
            except (ZhixunError, OSError) as error:  # it is in the journal; the keeper seals it later
                _log.error("%s could not be sealed: %s", consultation, type(error).__name__)


def _problem(entry: Entry | None) -> str:
    """Say what is wrong, from the entry that told of it; numbers are masked."""
    if entry is None:
        return ""
    words = mask(str((entry.private or {}).get("words", "")))
    if entry.kind == "rated":
        subject = SUBJECTS.get(str(entry.open.get("subject", "")), "")
        head = f"{subject}评价低：{told_scores(entry.open['scores'])}"
        return f"{head}。意见：{words}" if words else f"{head}。"
    if entry.kind == "reviewed":
        return f"质检结论“{MARKS.get(str(entry.open.get('mark')), '')}”：{words}"
    return words or "（内容已按请求删除）"
