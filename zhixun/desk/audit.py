"""What staff did, read from the journal: whoever did something stands in it as `staff:NAME`.

Attempts to sign in that failed stand there by nobody, since who it was has not been proved, and so does what was done at the
machine itself; they are read along.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import ZONE, stamp
from zhixun.database import Database, consultations, journal
from zhixun.desk.acts import BY_NOBODY, FAILED, KINDS, told_act
from zhixun.desk.daybook import CHANNEL
from zhixun.desk.ports import OpenRows
from zhixun.masking import mask
from zhixun.messages import Entry
from zhixun.numbers import valid_number

__all__ = ["Act", "Acts", "Asked", "Audit"]

_BY_STAFF = sa.text("journal.actor LIKE 'staff:%'")
"""Word for word the condition of the index `journal_staff`, without which every page would go through the whole journal."""
_WORDS = ("why", "reason", "words", "note", "title", "query")
"""The private parts that explain an act. What was said to a citizen or noted of one is read in the consultation, where reading
is noted in its turn."""

_MACHINE = "本机命令"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which acts are asked for; what is empty does not matter.

    Attributes:
        who: login name. kinds: of `acts.KINDS`. about: number of a consultation or request. since, until: days, both included.
    """

    who: str = ""
    kinds: tuple[str, ...] = ()
    about: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One act.

    Attributes:
        id: its place in the journal. who: login name; of a failed attempt the one that was tried, empty for the machine.
        shown: how who did it is called.
        title: what was done. about: the consultation that it concerns, empty when it is none.
        told: the rest, which is open; words: what was written with it, masked, empty unless it was opened.
    """

    id: int
    time: str
    who: str
    shown: str
    kind: str
    title: str
    about: str
    told: str
    words: str


@dataclass(frozen=True, slots=True)
class Acts:
    """A page of acts, the newest first; `before` leads to the next page, 0 when this is the last."""

    acts: Sequence[Act]
    before: int


class Audit:
    """Reads acts.

    Args:
        open_rows: opens rows of the journal. names: login name to shown name.
        terms: codes of other rooms by the part in which they stand, and how they are called.
    """

    def __init__(
        self, database: Database, open_rows: OpenRows, names: Callable[[str], str], terms: Mapping[str, Mapping[str, str]]
    ) -> None:  # fmt: skip
        self._database = database
        self._open_rows = open_rows
        self._names = names
        self._terms = terms

    async def page(self, asked: Asked, *, before: int = 0, most: int = 50, opened: bool = False) -> Acts:
        """Return the newest acts; with `before`, the newest of those before that place.

        Args:
            opened: open what was written with them, for somebody who may read it.
        """
        async with self._database.read() as connection:
            rows = await _rows(connection, asked, before, most)
            shown = rows[:most]
            entries = await self._open_rows(connection, shown) if opened else [_closed(row) for row in shown]
        acts = [self._act(row, entry) for row, entry in zip(shown, entries, strict=True)]
        return Acts(acts, acts[-1].id if len(rows) > most else 0)

    def _act(self, row: sa.RowMapping, entry: Entry) -> Act:
        about = entry.open.get("about", "") if row["channel"] == CHANNEL else entry.consultation
        tried = str(entry.open["name"]) if entry.kind in FAILED else ""
        told = {name: value for name, value in entry.open.items() if not (tried and name == "name")}
        if not isinstance(about, str) or not valid_number(about):
            # Several consultations are told by `told_act`; what is no consultation, as a slip, leads to none.
            told, about = told if isinstance(about, list) else {**told, "number": about}, ""
        who = entry.actor.removeprefix("staff:") if entry.actor.startswith("staff:") else tried
        return Act(
            row["id"], entry.time, who, self._names(who) if who else _MACHINE, entry.kind, KINDS.get(entry.kind, entry.kind), about,
            told_act(told, self._names, self._terms), "；".join(_words(entry.private or {})),
        )  # fmt: skip


async def _rows(connection: AsyncConnection, asked: Asked, before: int, most: int) -> Sequence[sa.RowMapping]:
    """Return one row more than `most`, if there is one, the newest first."""
    by_staff = _asked(asked, before).where(_BY_STAFF, *([journal.c.actor == f"staff:{asked.who}"] if asked.who else []))
    found = [*(await connection.execute(by_staff.limit(most + 1))).mappings()]
    # The others only as far back as the page goes, since there is no index of them.
    last = found[-1]["id"] if len(found) > most else 0
    others = _asked(asked, before).where(journal.c.id > last, journal.c.actor.not_like("staff:%"), journal.c.kind.in_(BY_NOBODY))
    if asked.who:
        others = others.where(journal.c.kind.in_(FAILED), sa.func.json_extract(journal.c.body, "$.open.name") == asked.who)
    found += (await connection.execute(others.limit(most + 1))).mappings()
    return sorted(found, key=lambda row: -row["id"])[: most + 1]


def _asked(asked: Asked, before: int) -> sa.Select[Any]:
    channel = sa.select(consultations.c.channel).where(consultations.c.number == journal.c.consultation).scalar_subquery()
    query = sa.select(journal, channel.label("channel")).order_by(journal.c.id.desc())
    if before:
        query = query.where(journal.c.id < before)
    if asked.kinds:
        query = query.where(journal.c.kind.in_(asked.kinds))
    if asked.about:
        # In the consultation itself, or named by an entry of a day book; a number holds no sign that LIKE would take for another.
        named = journal.c.body.like(f'%"{asked.about}"%')
        query = query.where(sa.or_(journal.c.consultation == asked.about, named))
    if asked.since:
        query = query.where(journal.c.time >= _begins(asked.since))
    if asked.until:
        query = query.where(journal.c.time < _begins(asked.until + timedelta(days=1)))
    return query


def _words(private: Mapping[str, Any]) -> list[str]:
    """Return what was written with an act, numbers masked; of a search its conditions."""
    written = [private[name] for name in _WORDS if private.get(name)]
    return [mask("、".join(map(str, one.values())) if isinstance(one, dict) else str(one)) for one in written]


def _begins(day: date) -> str:
    return stamp(datetime.combine(day, time.min, ZONE))


def _closed(row: sa.RowMapping) -> Entry:
    """Read a row without opening it."""
    return Entry(row["consultation"], row["seq"], row["time"], row["kind"], row["actor"], json.loads(row["body"])["open"], None)
