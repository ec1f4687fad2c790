"""The turns that want a better answer: what was not answered, and what staff or citizens found wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock, stamp
from zhixun.database import Database, consultations, journal, settled
from zhixun.errors import CitizenError
from zhixun.improve.ports import Daybook, OpenRows
from zhixun.messages import Entry

__all__ = ["DONE", "HOW", "LIVE", "REASONS", "Missed", "Turns"]

DONE, LIVE = "done", "live"
HOW: Mapping[str, str] = {DONE: "已处理", "ignored": "不用处理", LIVE: "已上线新答复"}
"""How turns are dealt with."""
REASONS: Mapping[str, str] = {"unknown": "没有答复", "clarify": "让人选择后没有选", "wrong": "质检认为不好", "rated": "评分低"}
"""Why a turn wants a better answer."""
_WRONG = ("wrong", "incomplete", "better")
_LOW, _SCORES = 2, ("content", "quality", "satisfaction")
_GIVEN = ("answered", "guide", "service", "referral")
_MOST = 1500
"""So many of the newest are looked at."""
_MOST_SETTLED = 500
_DESK = "desk"


@dataclass(frozen=True, slots=True)
class Missed:
    """One turn.

    Attributes:
        key: consultation and turn, `ZX-…/3`. why: of `REASONS`. text: what the citizen said, as it was kept.
        nearest: ids of the questions that it was most like, the nearest first.
    """

    key: str
    time: str
    why: str
    text: str
    nearest: tuple[str, ...]


class Turns:
    """Finds them, and keeps which are dealt with.

    Args:
        open_rows: opens rows of the journal.
    """

    def __init__(self, database: Database, clock: Clock, daybook: Daybook, open_rows: OpenRows) -> None:
        self._database = database
        self._clock = clock
        self._daybook = daybook
        self._open_rows = open_rows

    async def missed(self, since: str) -> list[Missed]:
        """Return those of consultations that were last spoken in from `since` (UTC stamp) on and are not dealt with; the newest first."""
        async with self._database.read() as connection:
            parsed = await _parsed(connection, since)
            wrong = await _found_wrong(connection, since)
            dealt = set((await connection.scalars(sa.select(settled.c.turn))).all())
            chosen = [one for one in _chosen(parsed, wrong) if one[0] not in dealt]
            chosen = sorted(chosen, key=lambda one: one[1]["time"], reverse=True)[:_MOST]
            said = await self._said(connection, [key for key, _, _ in chosen], citizen=True)
        return [
            Missed(key, str(row["time"]), why, said[key], tuple(str(hit["question"]) for hit in json.loads(row["ranking"] or "[]")))
            for key, row, why in chosen
            if key in said
        ]

    async def replies(self, keys: Sequence[str]) -> dict[str, str]:
        """Return what was said back in turns, by their keys."""
        async with self._database.read() as connection:
            return await self._said(connection, keys, citizen=False)

    async def correct(self, most: int) -> list[tuple[str, str, tuple[str, ...]]]:
        """Return turns that staff found answered rightly, the newest first: key, words, and the questions that were answered.

        Only the first answered turn of a consultation is taken, since later ones may hang on what was said before.
        """
        right = sa.select(journal.c.consultation).where(
            journal.c.kind == "reviewed", sa.func.json_extract(journal.c.body, "$.open.mark") == "correct"
        ).order_by(journal.c.id.desc()).limit(most)  # fmt: skip
        async with self._database.read() as connection:
            numbers = list(dict.fromkeys((await connection.scalars(right)).all()))
            query = sa.select(journal).where(
                journal.c.consultation.in_(numbers), journal.c.kind == "said", journal.c.actor == "bot",
            ).order_by(journal.c.consultation, journal.c.seq)  # fmt: skip
            given: dict[str, tuple[str, tuple[str, ...]]] = {}
            for row in (await connection.execute(query)).mappings():
                told = json.loads(row["body"])["open"]
                key = f"{row['consultation']}/{told['turn']}"
                if told.get("status") == "answered" and told.get("knowledge"):
                    first, known = given.setdefault(row["consultation"], (key, ()))
                    if first == key:
                        given[row["consultation"]] = key, (*known, *told["knowledge"])
            said = await self._said(connection, [key for key, _ in given.values()], citizen=True)
        return [(key, said[key], tuple(dict.fromkeys(known))) for key, known in given.values() if key in said]

    async def settle(self, keys: Sequence[str], how: str, by: str) -> None:
        """Mark turns as dealt with.

        Raises:
            CitizenError: no such way, or no turns.
        """
        if how not in HOW or not 0 < len(keys) <= _MOST_SETTLED:
            raise CitizenError("请选择要处理的提问。", code="bad_turns", field="turns")
        told = {"how": how, "made_by": by, "made": stamp(self._clock.now())}
        async with self._database.write() as connection:
            await connection.execute(settled.insert().prefix_with("OR REPLACE"), [{"turn": key, **told} for key in keys])
        await self._daybook.note("turns_settled", by, {"how": how, "count": len(keys), "turns": list(keys)})

    async def unsettle(self, keys: Sequence[str]) -> None:
        """Let turns want an answer again that was taken back."""
        async with self._database.write() as connection:
            await connection.execute(settled.delete().where(settled.c.turn.in_(keys), settled.c.how == LIVE))

    async def _said(self, connection: AsyncConnection, keys: Sequence[str], *, citizen: bool) -> dict[str, str]:
        """Return what the citizen said in turns, or what was said back, by key; what was erased is left out."""
        wanted, numbers = set(keys), sorted({key.partition("/")[0] for key in keys})
        speaker = journal.c.actor == "citizen" if citizen else journal.c.actor == "bot"
        query = sa.select(journal).where(journal.c.consultation.in_(numbers), journal.c.kind == "said", speaker)
        rows = (await connection.execute(query.order_by(journal.c.id))).mappings().all()
        rows = [row for row in rows if f"{row['consultation']}/{json.loads(row['body'])['open'].get('turn')}" in wanted]
        found: dict[str, str] = {}
        for entry in await self._open_rows(connection, rows):
            if entry.private is not None and not (citizen and entry.open.get("form")):
                key = _key(entry)
                found[key] = "\n".join(filter(None, (found.get(key, ""), str(entry.private["text"]))))
        return found


async def _parsed(connection: AsyncConnection, since: str) -> Sequence[sa.RowMapping]:
    """Return how each turn ended, in order."""

    def told(name: str) -> sa.ColumnElement[Any]:
        return sa.func.json_extract(journal.c.body, f"$.open.{name}")

    join = journal.join(consultations, consultations.c.number == journal.c.consultation)
    query = sa.select(
        journal.c.consultation, journal.c.time, told("turn").label("turn"), told("status").label("status"),
        told("ranking").label("ranking"), consultations.c.state, consultations.c.rating,
    ).select_from(join).where(
        consultations.c.last >= since, consultations.c.channel != _DESK, journal.c.kind == "parsed"
    ).order_by(journal.c.consultation, journal.c.seq)  # fmt: skip
    return (await connection.execute(query)).mappings().all()


async def _found_wrong(connection: AsyncConnection, since: str) -> set[str]:
    """Return the consultations whose newest review found something wrong."""
    mark = sa.func.json_extract(journal.c.body, "$.open.mark")
    join = journal.join(consultations, consultations.c.number == journal.c.consultation)
    query = sa.select(journal.c.consultation, mark.label("mark")).select_from(join).where(
        consultations.c.last >= since, journal.c.kind == "reviewed"
    ).order_by(journal.c.seq)  # fmt: skip
    marks = {row.consultation: row.mark for row in await connection.execute(query)}
    return {number for number, mark in marks.items() if mark in _WRONG}


def _chosen(parsed: Iterable[sa.RowMapping], wrong: set[str]) -> list[tuple[str, sa.RowMapping, str]]:
    """Return key, row and reason of each turn that wants a better answer."""
    rows = list(parsed)
    found = []
    # Nothing follows the last; where there is none at all, there is nothing to follow.
    for row, after in zip(rows, [*rows[1:], None], strict=False):
        if row["status"] == "unknown":
            why = "unknown"
        elif row["status"] == "clarify" and _abandoned(row, after):
            why = "clarify"
        elif row["status"] in ("answered", "clarify") and row["consultation"] in wrong:
            why = "wrong"
        elif row["status"] in ("answered", "clarify") and _is_low(row["rating"]):
            why = "rated"
        else:
            continue
        found.append((f"{row['consultation']}/{row['turn']}", row, why))
    return found


def _abandoned(row: sa.RowMapping, after: sa.RowMapping | None) -> bool:
    """Tell whether none of the choices was what the citizen meant; who may still be reading has not given up."""
    if after is None or after["consultation"] != row["consultation"]:
        return bool(row["state"] != "bot")
    return after["status"] not in _GIVEN


def _is_low(rating: str | None) -> bool:
    scores: Mapping[str, int] = json.loads(rating) if rating else {}
    return any(scores.get(name, 5) <= _LOW for name in _SCORES)


def _key(entry: Entry) -> str:
    return f"{entry.consultation}/{entry.open['turn']}"
