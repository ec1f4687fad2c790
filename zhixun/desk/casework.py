"""What staff add to a consultation without owning it: notes, labels, reviews, planned follow-ups and their results."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from zhixun.clock import Clock
from zhixun.database import Database, consultations, keys, tasks
from zhixun.errors import CitizenError, ZhixunError
from zhixun.masking import mask
from zhixun.messages import Event
from zhixun.names import BOOKS, MARKS
from zhixun.ports import Journal, Seal, Watch

__all__ = ["AGAIN", "DESCRIBED", "KINDS", "RESULTS", "Casework", "Task", "good_label"]

RESULTS: Mapping[str, str] = {
    "done": "已联系并解决", "open": "已联系，还需再跟进", "no_answer": "无人接听", "wrong_number": "号码不对", "refused": "不愿回访",
}  # fmt: skip
"""How a follow-up went; the second and third want a next day."""
AGAIN = ("open", "no_answer")
DESCRIBED: Mapping[str, str] = {"user_kind": "咨询人", "industry": "行业", "district": "区县"}
"""What is told of who asks: no personal data."""
KINDS: Mapping[str, str] = {
    "mention": "同事提醒", "callback": "留言回电", "request": "申请回访", "referral": "转办回访", "visit": "走访", "other": "回访",
}  # fmt: skip
"""What a task is for."""
_LONGEST = 1000
_LABEL = re.compile(r"[\w一-鿿·-]{1,20}")
_MOST_LABELS = 20
_WORDS_ALONE = ("noted", "planned", "reviewed")
"""What says nothing without its words, which the journal keeps no more once they were erased."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something that is owed: see the table `tasks`; `due` and `made` are UTC stamps or days."""

    id: str
    consultation: str
    kind: str
    subject: str
    due: str
    made: str
    owner: str
    standing: str
    result: str
    attempts: int
    done: str


class Casework:
    """Writes into consultations, open or closed; what comes after the end is sealed as a supplement.

    Args:
        seal: seals what was added to a closed consultation. wake: tells open pages that there is something new.
        watch: is told of what is written, in its transaction.
    """

    def __init__(
        self, database: Database, journal: Journal, clock: Clock, *, seal: Seal, wake: Callable[[str], None], watch: Watch | None = None
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._clock = clock
        self._seal = seal
        self._wake = wake
        self._watch = watch
        self._lock = asyncio.Lock()
        """Held from looking whether something was done already to having done it."""

    async def note(self, number: str, by: str, text: str, mentions: Sequence[str] = ()) -> None:
        """Keep a note that only staff read; each of the colleagues in `mentions` gets a task from it.

        Raises:
            CitizenError: it is empty or too long, or there is no such consultation.
        """
        words, asked, today = _words(text, "请写备注。"), sorted({*mentions} - {by}), self._clock.today().isoformat()
        note = Event("noted", f"staff:{by}", {"mentions": asked}, {"text": words})
        tasks = [Event("planned", f"staff:{by}", {"kind": "mention", "subject": "", "due": today, "owner": name}, {"words": words})
                 for name in asked]  # fmt: skip
        await self._add(number, note, *tasks)

    async def label(self, number: str, by: str, add: Sequence[str], remove: Sequence[str]) -> None:
        """Put labels on and take them off.

        Raises:
            CitizenError: a label is malformed, or there is nothing to change.
        """
        all_ = [*add, *remove]
        if not 0 < len(all_) <= _MOST_LABELS or not all(map(good_label, all_)):
            raise CitizenError("标签用 1–20 个汉字、字母或数字，不含空格、标点和个人号码。", code="bad_label", field="label")
        await self._add(number, Event("labelled", f"staff:{by}", {"add": list(add), "remove": list(remove)}))

    async def describe(self, number: str, by: str, told: Mapping[str, str], offered: Mapping[str, Sequence[str]]) -> None:
        """Tell what kind of user it is, of which industry and district; an empty value takes back what was told.

        Args:
            told: by name of `DESCRIBED`. offered: what may be chosen for each.

        Raises:
            CitizenError: it is not one of what may be chosen.
        """
        for name, title in DESCRIBED.items():
            if told.get(name) and told[name] not in offered.get(name, ()):
                raise CitizenError(f"请从列表里选择{title}。", code="bad_choice", field=name)
        chosen = {name: told[name] for name in DESCRIBED if name in told}
        if chosen:
            await self._add(number, Event("described", f"staff:{by}", chosen))

    async def review(self, number: str, by: str, mark: str, words: str) -> None:
        """Keep what a reader found of the answers; a second reader's is marked as such.

        Raises:
            CitizenError: no such mark, or no words though something was wrong.
        """
        if mark not in MARKS:
            raise CitizenError("请选择质检结论。", code="bad_mark", field="mark")
        kept = _words(words, "请写明哪里不对或者更好的答复。") if mark != "correct" else words.strip()[:_LONGEST]
        async with self._lock:
            async with self._database.read() as connection:
                entries = await self._journal.read(connection, number)
            before = {entry.actor for entry in entries if entry.kind == "reviewed"}
            if f"staff:{by}" in before:
                raise CitizenError("您已经质检过这件咨询；第二次质检应由另一位同事做。", code="reviewed", status=409)
            await self._add(number, Event("reviewed", f"staff:{by}", {"mark": mark, "second": bool(before)}, {"words": kept}))

    async def plan(self, number: str, by: str, kind: str, due: str, words: str, owner: str = "", subject: str = "") -> None:
        """Plan a follow-up for a day from today on.

        Raises:
            CitizenError: the day or kind is wrong, or there are no words about what to ask.
        """
        if kind not in KINDS:
            raise CitizenError("请选择回访种类。", code="bad_kind", field="kind")
        told = {"kind": kind, "subject": subject, "due": self._day(due), "owner": owner}
        await self._add(number, Event("planned", f"staff:{by}", told, {"words": _words(words, "请写明要问什么、做什么。")}))

    async def follow_up(self, number: str, seq: int, by: str, result: str, words: str, again: str = "") -> None:
        """Keep how a follow-up went.

        Args:
            again: the day (ISO) on which it is tried again, for the results that leave it open.

        Raises:
            CitizenError: (400) no such result, no next day or no words; (404) no such task; (409) it is done already.
        """
        if result not in RESULTS:
            raise CitizenError("请选择结果。", code="bad_result", field="result")
        kept = _words(words, "请写明情况。")
        day = self._day(again) if result in AGAIN else ""
        async with self._lock:
            task = await self.task(f"{number}/{seq}")
            if task.standing != "open":
                raise CitizenError("这项任务已经办结。", code="done", status=409)
            told = {"task": task.id, "result": result, "next": day, "attempt": task.attempts + 1, "owner": by}
            await self._add(number, Event("followed_up", f"staff:{by}", told, {"words": kept}))

    async def task(self, task: str) -> Task:
        """Return one task.

        Raises:
            CitizenError: (404) there is none.
        """
        async with self._database.read() as connection:
            row = (await connection.execute(sa.select(tasks).where(tasks.c.id == task))).mappings().first()
        if row is None:
            raise CitizenError("没有这项任务。", code="no_task", status=404)
        return Task(**row)

    async def tasks(self, number: str) -> list[Task]:
        """Return the tasks of a consultation: what is open first, and of that what is due first."""
        query = sa.select(tasks).where(tasks.c.consultation == number).order_by(tasks.c.standing.desc(), tasks.c.due)
        async with self._database.read() as connection:
            return [Task(**row) for row in (await connection.execute(query)).mappings()]

    async def _add(self, number: str, *events: Event) -> None:
        query = sa.select(consultations.c.state).where(consultations.c.number == number, consultations.c.channel.not_in(BOOKS))
        async with self._database.write() as connection:
            state = await connection.scalar(query)
            if state is None:
                raise CitizenError(f"没有咨询件 {number}。", code="no_consultation", status=404)
            key = await connection.scalar(sa.select(keys.c.consultation).where(keys.c.consultation == number))
            if key is None and any(event.kind in _WORDS_ALONE for event in events):
                raise CitizenError("这件咨询的内容已按请求删除，写下的话存不下来。", code="erased", status=410)
            for entry in await self._journal.append(connection, number, events):
                if self._watch is not None:
                    await self._watch(connection, entry)
        self._wake(number)
        if state == "closed":
            try:
                await self._seal(number)
            except (ZhixunError, OSError):
                return  # it is in the journal; the keeper seals it later

    def _day(self, text: str) -> str:
        try:
            day = date.fromisoformat(text.strip())
        except ValueError as error:
            raise CitizenError("请选择日期。", code="bad_day", field="due") from error
        if day < self._clock.today():
            raise CitizenError("日期不能早于今天。", code="bad_day", field="due")
        return day.isoformat()


def good_label(label: str) -> bool:
    """Tell whether it can be a label: one short word without personal numbers, since whoever holds the file can read it."""
    return _LABEL.fullmatch(label) is not None and mask(label) == label


def _words(text: str, ask: str) -> str:
    if not text.strip() or len(text) > _LONGEST:
        raise CitizenError(f"{ask}（1–{_LONGEST} 字）", code="no_words", field="words")
    return text.strip()
