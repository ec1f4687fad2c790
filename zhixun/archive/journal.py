"""The journal: one append-only, hash-chained table that everything else is derived from.

Each row carries the hash of the row before it in the whole table, so that no row of any consultation can be changed,
dropped, inserted or moved unseen. `body` is canonical JSON with two members: `open`, which may be read by whoever holds
the file, and `sealed`, the private part under the consultation's own key.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.canonical import canonical, event_hash
from zhixun.archive.keys import Keyring, seal, unseal
from zhixun.archive.projection import project
from zhixun.clock import Clock, stamp
from zhixun.database import Database, counters, journal, keys, leaves
from zhixun.errors import OurFault, StopNow
from zhixun.messages import Entry, Event
from zhixun.numbers import counter_of, make_number
from zhixun.remembered import remember, remembered, restored_at

__all__ = ["GENESIS", "Journal", "anchor", "as_entry", "event_of"]

GENESIS = "0" * 64
_turn = sa.cast(sa.func.json_extract(journal.c.body, "$.open.turn"), sa.Integer)


class Journal:
    """Appends and reads entries.

    Args:
        database: the store.
        keyring: the consultations' keys.
        clock: gives the time of each entry.
        algorithm: `sha256` or `sm3`; fixed for a store by its first start.
        prefix: the site's prefix of numbers.
    """

    def __init__(self, database: Database, keyring: Keyring, clock: Clock, algorithm: str, prefix: str) -> None:
        self.database = database
        self.keyring = keyring
        self.clock = clock
        self.algorithm = algorithm
        self.prefix = prefix

    async def prepare(self) -> None:
        """Fix the digest of a new store; of an old one, make sure that digest and master key are those it was begun with.

        Raises:
            StopNow: they are not.
        """
        async with self.database.write() as connection:
            kept = await remembered(connection, "digest")
            if kept is None:
                await remember(connection, "digest", self.algorithm)
            elif kept != self.algorithm:
                raise StopNow(f"本库的摘要算法是 {kept}，不能改用 {self.algorithm}；请恢复设置 ZHIXUN_DIGEST。")
            some = (await connection.execute(sa.select(keys).limit(1))).first()
        if some is not None:
            try:
                self.keyring.unwrap(some.consultation, some.wrapped)
            except OurFault as error:
                raise StopNow(f"{error.message}请从备份恢复 keys/master.key。") from error

    async def open(self, connection: AsyncConnection, event: Event, prefix: str = "") -> Entry:
        """Number a new consultation, draw its key and write its first entry.

        Args:
            prefix: of another kind of file, whose numbers are counted for themselves.
        """
        day = self.clock.today()
        row = insert(counters).values(day=counter_of(prefix, day), last=1)
        row = row.on_conflict_do_update(index_elements=["day"], set_={"last": counters.c.last + 1})
        sequence = await connection.scalar(row.returning(counters.c.last))
        number = make_number(prefix or self.prefix, day, int(sequence or 0))
        await self.keyring.create(connection, number)
        return (await self.append(connection, number, [event]))[0]

    async def append(self, connection: AsyncConnection, consultation: str, events: Sequence[Event]) -> list[Entry]:
        """Write `events` to the end of `consultation`, in the caller's transaction.

        Private parts are encrypted; when the key was destroyed, they are dropped.

        Raises:
            OurFault: there is no such consultation.
        """
        prev, seq, key = await self._tail(connection, consultation)
        if events and not seq and events[0].kind != "opened":
            raise OurFault(f"没有咨询件 {consultation}。")
        time = stamp(self.clock.now())
        entries, rows = [], []
        for event in events:
            seq += 1
            body: dict[str, Any] = {"open": dict(event.open)}
            if event.private is not None and key is not None:
                body["sealed"] = seal(key, f"{consultation}/{seq}", event.private)
            row = {"consultation": consultation, "seq": seq, "time": time, "kind": event.kind, "actor": event.actor,
                   "body": body, "prev": prev}  # fmt: skip
            prev = event_hash(self.algorithm, row)
            rows.append({**row, "body": canonical(body).decode(), "hash": prev})
            entries.append(Entry(consultation, seq, time, event.kind, event.actor, event.open, event.private))
        if rows:
            await connection.execute(journal.insert(), rows)
            await project(connection, entries)
        return entries

    async def read(
        self, connection: AsyncConnection, consultation: str, after: int = 0, most: int | None = None, turn: int | None = None
    ) -> list[Entry]:
        """Return the entries of `consultation` above `after`, in order and `most` of them, opened where the key exists.

        Args:
            turn: only those that belong to this turn or a later one.
        """
        query = _rows(consultation, after, most).add_columns(keys.c.wrapped)
        if turn is not None:
            query = query.where(_turn >= turn)
        query = query.outerjoin_from(journal, keys, keys.c.consultation == journal.c.consultation)
        rows = (await connection.execute(query)).mappings().all()
        key = self.keyring.unwrap(consultation, rows[0]["wrapped"]) if rows and rows[0]["wrapped"] is not None else None
        return [as_entry(row, key) for row in rows]

    async def rows(
        self, connection: AsyncConnection, consultation: str, after: int = 0, most: int | None = None
    ) -> Sequence[sa.RowMapping]:
        """Return the rows of `consultation` with a sequence above `after`, in order and `most` of them, as they stand."""
        return (await connection.execute(_rows(consultation, after, most))).mappings().all()

    async def unanswered(self, connection: AsyncConnection, consultation: str, done: Sequence[str]) -> int | None:
        """Return the first turn in which a citizen spoke and that no entry of a kind of `done` has ended; None when all have.

        It is asked after every message, so that the store looks and nothing is decrypted.
        """
        own = journal.c.consultation == consultation
        ended = sa.select(_turn).where(own, journal.c.kind.in_(done))
        said = sa.select(sa.func.min(_turn)).where(own, journal.c.kind == "said", journal.c.actor == "citizen", _turn.not_in(ended))
        found = await connection.scalar(said)
        return None if found is None else int(found)

    async def kinds(self, connection: AsyncConnection, consultation: str) -> set[str]:
        """Return which kinds of entries `consultation` has."""
        query = sa.select(journal.c.kind).where(journal.c.consultation == consultation).distinct()
        return set((await connection.scalars(query)).all())

    async def head(self, connection: AsyncConnection) -> tuple[int, str]:
        """Return the id and hash of the newest row; when there is none, what the first row is to be chained to."""
        query = sa.select(journal.c.id, journal.c.hash).order_by(journal.c.id.desc()).limit(1)
        row = (await connection.execute(query)).first()
        return (row.id, row.hash) if row else await anchor(connection)

    async def _tail(self, connection: AsyncConnection, consultation: str) -> tuple[str, int, bytes | None]:
        """Return what an entry is appended to: the hash of the newest row, the sequence of the consultation's newest entry, and its key.

        After a loss of the store the sequence is that of its sealed files. The key is asked for each time: another process
        (`zhixun erase`) may have destroyed one that is remembered here.
        """
        newest = sa.select(journal.c.hash).order_by(journal.c.id.desc()).limit(1)
        last = sa.select(sa.func.max(journal.c.seq)).where(journal.c.consultation == consultation)
        wrapped = sa.select(keys.c.wrapped).where(keys.c.consultation == consultation)
        parts = [part.scalar_subquery().label(name) for name, part in (("newest", newest), ("last", last), ("wrapped", wrapped))]
        row = (await connection.execute(sa.select(*parts))).one()
        prev = (await anchor(connection))[1] if row.newest is None else row.newest
        seq = row.last
        if seq is None:
            seq = await connection.scalar(sa.select(sa.func.max(leaves.c.through)).where(leaves.c.consultation == consultation))
        return prev, int(seq or 0), None if row.wrapped is None else self.keyring.unwrap(consultation, row.wrapped)


def _rows(consultation: str, after: int, most: int | None) -> sa.Select[Any]:
    query = sa.select(journal).where(journal.c.consultation == consultation, journal.c.seq > after)
    return query.order_by(journal.c.seq).limit(most)


async def anchor(connection: AsyncConnection) -> tuple[int, str]:
    """Return the id and hash that this store's first row follows: (0, GENESIS), or where a lost store ended."""
    restored = await restored_at(connection)
    if restored is None:
        return 0, GENESIS
    start = restored["journal"]
    return int(start["id"]), str(start["hash"])


def event_of(row: Any) -> dict[str, Any]:
    """Return a journal row as the mapping that its hash is taken over, with `hash`."""
    names = ("consultation", "seq", "time", "kind", "actor", "prev", "hash")
    return {**{name: row[name] for name in names}, "body": json.loads(row["body"])}


def as_entry(row: Any, key: bytes | None) -> Entry:
    """Open a journal row with the consultation's key (None: it was destroyed)."""
    body = json.loads(row["body"])
    private = unseal(key, f"{row['consultation']}/{row['seq']}", body["sealed"]) if key and "sealed" in body else None
    return Entry(row["consultation"], row["seq"], row["time"], row["kind"], row["actor"], body["open"], private)
