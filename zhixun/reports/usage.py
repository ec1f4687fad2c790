"""How often knowledge was given, guides were walked to their end, services asked for, and so on: counts that are kept by day.

The journal is read once, from a remembered place on; a page then adds up days, however long the journal has become. Only what
is open is read, nothing is decrypted. Everything here follows from the journal, and of a restored store from the sealed files that
it came from, so that it can be emptied and counts itself again.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import ZONE
from zhixun.database import Database, journal, uses
from zhixun.messages import Entry
from zhixun.remembered import remember, remembered, restored_at

__all__ = ["KINDS", "Older", "Usage", "Used"]

_ENTRIES = 1_000
"""So many entries are counted in one transaction: turns wait for it."""
_RULES = 1
"""Raised when the rules below change: everything is then counted anew."""
_PLACE = "usage"
_Key = tuple[str, str, str]
"""Kind, subject and day."""
_Once = tuple[str, str, str]
"""Consultation, turn or entry, and subject."""
_Open = Mapping[str, Any]

KINDS: Mapping[str, Callable[[_Open], tuple[str, ...]]] = {
    "said": lambda told: tuple(map(str, told.get("knowledge") or ())),
    "guided": lambda told: (f"guide:{told.get('guide', '')}",),
    "requested": lambda told: (f"service:{told.get('service', '')}",),
    "referred": lambda told: (str(told.get("agency", "")),),
    "rated": lambda told: (str(told.get("subject", "")),),
    "followed_up": lambda told: (str(told.get("result", "")),),
    "reviewed": lambda told: (str(told.get("mark", "")),),
    "claimed": lambda told: ("",),
    "pushed": lambda told: (str(told.get("register", "")),),
}
"""The kinds of entries that are counted, and of what each is a use."""
Older = Callable[[], AsyncIterator[Sequence[Entry]]]


@dataclass(frozen=True, slots=True)
class Used:
    """How often something was used within a span of days, and on which day (ISO) last at all; empty when never."""

    count: int
    last: str


class Usage:
    """Keeps the counts.

    Args:
        older: gives the entries, by consultation, that a restored store has in sealed files only; they lie before all of the journal.
    """

    def __init__(self, database: Database, older: Older) -> None:
        self._database = database
        self._older = older
        self._lock = asyncio.Lock()

    async def catch_up(self) -> int:
        """Read to the end of the journal; returns how many entries were read."""
        read = 0
        async with self._lock:
            while portion := await self._read_on():
                read += portion
        return read

    async def counted(self, since: date | None = None, until: date | None = None) -> dict[tuple[str, str], Used]:
        """Return for each kind and subject that was ever used how often it was from `since` to `until`, both included.

        Use by the program and by staff counts alike. A turn of several bubbles counts once. Erased consultations still count:
        which knowledge was given is not personal.
        """
        within = uses.c.day.between((since or date.min).isoformat(), (until or date.max).isoformat())
        count = sa.func.sum(sa.case((within, uses.c.count), else_=0))
        query = sa.select(uses.c.kind, uses.c.subject, count, sa.func.max(uses.c.day)).group_by(uses.c.kind, uses.c.subject)
        async with self._database.read() as connection:
            return {(kind, subject): Used(int(total), last) for kind, subject, total, last in await connection.execute(query)}

    async def months(self, kind: str, subject: str) -> tuple[tuple[str, int], ...]:
        """Return how often something was used in each month (`2026-11`), those without any left out, the newest first."""
        month = sa.func.substr(uses.c.day, 1, 7)
        query = sa.select(month, sa.func.sum(uses.c.count)).where(uses.c.kind == kind, uses.c.subject == subject)
        async with self._database.read() as connection:
            rows = await connection.execute(query.group_by(month).order_by(month.desc()))
            return tuple((str(name), int(count)) for name, count in rows)

    async def _read_on(self) -> int:
        """Count the next portion of the journal; returns how many entries it had."""
        async with self._database.read() as connection:
            before, lost = await _place(connection), await restored_at(connection)
            follows = int(lost["journal"]["id"]) if lost else 0
            if before or not follows:
                end, entries = await _portion(connection, before)
                found = await _found(connection, before, end) if entries else Counter[_Key]()
        if follows and not before:
            found, end, entries = await self._before(), follows, 1
        if entries:
            await self._write(found, before, end)
        return entries

    async def _before(self) -> Counter[_Key]:
        """Count what stands in sealed files only."""
        seen, found = set[_Once](), Counter[_Key]()
        async for entries in self._older():
            for entry in entries:
                _count(found, seen, entry)
        return found

    async def _write(self, found: Mapping[_Key, int], before: int, end: int) -> None:
        """Add the counts, unless somebody else has counted in the meantime."""
        rows = [{"kind": kind, "subject": subject, "day": day, "count": count} for (kind, subject, day), count in found.items()]
        adding = insert(uses)
        adding = adding.on_conflict_do_update(
            index_elements=["kind", "subject", "day"], set_={"count": uses.c.count + adding.excluded.count}
        )  # fmt: skip
        async with self._database.write() as connection:
            if await _place(connection) != before:
                return
            if not before:
                await connection.execute(uses.delete())
            if rows:
                await connection.execute(adding, rows)
            await remember(connection, _PLACE, json.dumps({"rules": _RULES, "through": end}))


async def _place(connection: AsyncConnection) -> int:
    """Return the id through which the journal has been counted; 0 when it has to be counted from its beginning."""
    kept = await remembered(connection, _PLACE)
    place = json.loads(kept) if kept else {}
    return int(place["through"]) if place.get("rules") == _RULES else 0


async def _portion(connection: AsyncConnection, through: int) -> tuple[int, int]:
    """Return where the next portion ends, and how many entries it has."""
    following = sa.select(journal.c.id).where(journal.c.id > through).order_by(journal.c.id).limit(_ENTRIES).subquery()
    end, entries = (await connection.execute(sa.select(sa.func.max(following.c.id), sa.func.count()).select_from(following))).one()
    if end is None:
        return 0, 0
    # The bubbles of a turn stand beside each other and count once: no portion ends between them.
    bubble = (journal.c.kind == "said") & (journal.c.actor == "bot")
    after = await connection.scalar(sa.select(journal.c.id).where(journal.c.id > end, ~bubble).order_by(journal.c.id).limit(1))
    newest = await connection.scalar(sa.select(sa.func.max(journal.c.id)))
    return (int(after) - 1 if after is not None else int(newest or end)), int(entries)


async def _found(connection: AsyncConnection, before: int, end: int) -> Counter[_Key]:
    """Count the entries above `before` through `end`, by kind, subject and day."""
    # What is damaged is for `verify` to tell, and may not keep the rest from being counted.
    told = sa.case((sa.func.json_valid(journal.c.body) == 1, sa.func.json_extract(journal.c.body, "$.open")), else_="{}").label("told")
    query = sa.select(journal.c.consultation, journal.c.seq, journal.c.time, journal.c.kind, journal.c.actor, told).where(
        journal.c.id > before, journal.c.id <= end, journal.c.kind.in_(KINDS)
    )  # fmt: skip
    seen, found = set[_Once](), Counter[_Key]()
    for row in await connection.execute(query):
        _count(found, seen, Entry(row.consultation, row.seq, row.time, row.kind, row.actor, json.loads(row.told or "{}"), None))
    return found


def _count(found: Counter[_Key], seen: set[_Once], entry: Entry) -> None:
    """Carry an entry into the counts; `seen` keeps what counts once."""
    if entry.kind not in KINDS:
        return
    # Staff say each thing once; of the program a turn may have several bubbles.
    once = f"turn {entry.open.get('turn')}" if entry.kind == "said" and entry.actor == "bot" else f"entry {entry.seq}"
    for subject in KINDS[entry.kind](entry.open):
        if (key := (entry.consultation, once, subject)) not in seen:
            seen.add(key)
            found[entry.kind, subject, _day(entry.time[:13])] += 1


@lru_cache(maxsize=64)
def _day(hour: str) -> str:
    """Return the day in China of an hour (UTC, `2026-11-21T02`)."""
    return datetime.fromisoformat(f"{hour}:00").replace(tzinfo=UTC).astimezone(ZONE).date().isoformat()
