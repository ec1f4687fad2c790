"""What partners are told: a keeper that reads on in the journal, and writes a row for each thing that happened in what is theirs.

It stands beside the turns and never in their way. How far it has come stands in `meta` and is written together with the rows, so
that after a crash nothing is missing and nothing stands there twice. What is told has no words and no names in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.channels.partners.hooks import Hooks
from zhixun.channels.partners.keys import opened_with
from zhixun.clock import Clock, stamp
from zhixun.database import Database, consultations, hook_deliveries, journal
from zhixun.doors import PARTNER
from zhixun.remembered import remember, remembered
from zhixun.retries import RUNNING

__all__ = ["EVENTS", "News"]

EVENTS: Mapping[str, tuple[str, ...]] = {
    "handed_off": ("state",), "claimed": ("state",), "transferred": ("state",), "returned": ("state",), "said": (),
    "request_moved": ("request", "standing"), "slip_moved": ("slip", "standing"), "rated": (), "closed": ("state",),
}  # fmt: skip
"""The kinds of entries that are told, and what of each."""
STAFF_SAID = "staff_said"
_PORTION = 250
_BEHIND = 1000
"""The place is kept at the latest after so many entries that concern nobody."""
_KEPT = timedelta(days=30)
_PLACE = "hooks"


@dataclass(frozen=True, slots=True)
class _Read:
    """A portion of the journal: what happened in what is a partner's, and through which entry it goes."""

    rows: Sequence[sa.RowMapping]
    before: int | None
    through: int


class News:
    """Finds what partners are to be told.

    Args:
        hooks: where each is told.
    """

    def __init__(self, database: Database, clock: Clock, hooks: Hooks) -> None:
        self._database = database
        self._clock = clock
        self._hooks = hooks

    async def catch_up(self) -> int:
        """Read to the end of the journal; returns for how many things a row was written. Call it again and again."""
        written = 0
        while True:
            read = await self._read()
            if read.before is None or read.rows or read.through - read.before >= _BEHIND:
                written += await self._write(read)
            if len(read.rows) < _PORTION:
                return written

    async def _read(self) -> _Read:
        async with self._database.read() as connection:
            before = await _place(connection)
            head = int(await connection.scalar(sa.select(sa.func.max(journal.c.id))) or 0)
            if before is None:
                # What happened before anybody asked to be told is not told.
                return _Read((), None, head)
            first = journal.alias()
            query = (
                sa.select(journal, opened_with("partner", first).label("partner"))
                .join(consultations, consultations.c.number == journal.c.consultation)
                .join(first, (first.c.consultation == journal.c.consultation) & (first.c.seq == 1))
                .where(journal.c.id > before, journal.c.kind.in_(EVENTS), consultations.c.channel == PARTNER)
                .where((journal.c.kind != "said") | journal.c.actor.startswith("staff:"))
                .order_by(journal.c.id).limit(_PORTION)
            )  # fmt: skip
            rows = (await connection.execute(query)).mappings().all()
        return _Read(rows, before, rows[-1]["id"] if len(rows) == _PORTION else head)

    async def _write(self, read: _Read) -> int:
        """Write the rows, unless somebody else has done so in the meantime."""
        now = self._clock.now()
        async with self._database.write() as connection:
            if await _place(connection) != read.before:
                return 0
            heard = {name: await self._hooks.is_heard(connection, name) for name in {str(row["partner"]) for row in read.rows}}
            told = [row for row in read.rows if heard[str(row["partner"])]]
            for row in told:
                place = {"partner": row["partner"], "consultation": row["consultation"], "seq": row["seq"]}
                values = {**place, "body": json.dumps(_told(row)), "made": stamp(now), "next": stamp(now)}
                await connection.execute(hook_deliveries.insert().values(**values))
            old = (hook_deliveries.c.made < stamp(now - _KEPT)) & hook_deliveries.c.standing.not_in(RUNNING)
            await connection.execute(hook_deliveries.delete().where(old))
            await remember(connection, _PLACE, json.dumps({"through": read.through}))
        return len(told)


def _told(row: sa.RowMapping) -> dict[str, Any]:
    """Return what a partner is told of an entry of the journal."""
    open = json.loads(row["body"])["open"]
    told = {name: open[name] for name in EVENTS[row["kind"]] if name in open}
    event = STAFF_SAID if row["kind"] == "said" else row["kind"]
    return {"event": event, "consultation": row["consultation"], "seq": row["seq"], "time": row["time"], **told}


async def _place(connection: AsyncConnection) -> int | None:
    value = await remembered(connection, _PLACE)
    return None if value is None else int(json.loads(value)["through"])
