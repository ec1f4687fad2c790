"""Rebuilding: what is derived is derived anew from the journal, and a lost store is begun again from the sealed files.

**Rebuild.** `consultations`, `requests`, `inbox` and `outbox` are emptied and filled from the journal, in one transaction; renderings
that are missing or differ are written again. The journal does not tell what was delivered: messages that the old `outbox`
held as waiting go on waiting, all others count as delivered, since to say a thing twice days later is worse than to have
it read in the transcript. Sessions are left as they are. The index of the archive is emptied; its keeper fills it again.

**Restore.** When the store is lost and there is no backup, a new and empty store takes over the ledger, the consultations
that were sealed, and the place in the chain where the journal stood by the last witness: its first own row follows that
hash, so that old witnesses, receipts and roots still hold. The sealed entries themselves are not put into the journal, as
rows between them are gone and the chain could not be closed over the gaps; they are read from the files
(`read_sealed`). What cannot come back is said in the result: open consultations, and the keys. Without them the words in
the sealed files stay closed; they can be read in the renderings only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.audit_ledger import read_lists, read_roots, read_witness
from zhixun.archive.boxes import received, sent
from zhixun.archive.case_words import empty_index
from zhixun.archive.journal import Journal, as_entry
from zhixun.archive.ledger import is_signed, keep, public_hex
from zhixun.archive.projection import TABLES, Folded
from zhixun.archive.seal import Sealer
from zhixun.archive.sealed import Leaf, digest_of, file_path, leaves_of
from zhixun.database import consultations, counters, inbox, journal, leaves, outbox
from zhixun.doors import DONE
from zhixun.errors import OurFault, StopNow
from zhixun.messages import Entry
from zhixun.numbers import counter_of, day_of, prefix_of, sequence_of, valid_number
from zhixun.remembered import RESTORED, forget, remembered, restored_at

__all__ = ["Rebuilt", "Restored", "is_behind", "read_sealed", "rebuild", "restore", "taken_over"]

_PAGE = 2000
_DERIVE = "derive"
"""What a migration leaves to be remembered that made tables which follow from the journal."""
_NOT_SENT = {"standing": "", "due": "", "attempts": 0, "parts": 0, "error": ""}
"""How far something in the outbox is on its way."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How much was rebuilt."""

    consultations: int
    entries: int
    renderings: int

    def text(self) -> str:
        """Say it in Chinese."""
        return f"已由日志 {self.entries} 条重建 {self.consultations} 件咨询的索引，补写阅览件 {self.renderings} 份。\n"


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back from the sealed files, and what did not."""

    consultations: int
    entries: int
    lost_rows: int
    damaged: tuple[str, ...]

    def text(self) -> str:
        """Say it in Chinese."""
        lines = [
            f"已由封存件恢复 {self.consultations} 件咨询（{self.entries} 条）的索引、台账和编号；新日志接在最后一次见证之后。",
            "无法恢复：",
            f"  1. 没有封存的咨询：旧日志至少有 {self.lost_rows} 条不在封存件里。",
            "  2. 各件的密钥：封存件里的密文不可再解，原文只能从阅览件（.html）读。",
            "  3. 登录会话、待发消息和来信去重记录；咨询人须重新开始咨询。",
            f"  4. 损坏的封存件：{len(self.damaged)} 份。",
        ]
        return "\n".join([*lines, *(f"     {path}" for path in self.damaged)]) + "\n"


async def rebuild(journal: Journal, archive: Path, sealer: Sealer) -> Rebuilt:
    """Derive all tables that follow from the journal, and the renderings, anew. The service must not be running."""
    entries = 0
    async with journal.database.write() as connection:
        rows = (await connection.execute(sa.select(outbox))).mappings()
        before = {(row["consultation"], row["seq"]): {name: row[name] for name in ("delivered", *_NOT_SENT)} for row in rows}
        for table in (*TABLES, inbox, outbox):
            await connection.execute(table.delete())
        await forget(connection, _DERIVE)
        await empty_index(connection)
        folded = await _taken_over(connection, journal.algorithm, archive)
        taken: list[dict[str, Any]] = []
        out: list[dict[str, Any]] = []
        after = 0
        while page := await _page(connection, after):
            after = page[-1]["id"]
            entries += len(page)
            for row in page:
                entry = as_entry(row, await _key_of(connection, journal, row))
                folded.take(entry)
                taken += filter(None, [received(entry)])
                out += _sent(entry, str(folded.consultations[entry.consultation]["channel"]), before)
        for table, values in (*((table, folded.rows(table)) for table in TABLES), (inbox, taken), (outbox, out)):
            if values:
                await connection.execute(table.insert(), values)
        sealed = (await connection.scalars(sa.select(leaves.c.consultation).distinct().order_by(leaves.c.consultation))).all()
    written = 0
    for number in sealed:
        written += await sealer.render_again(number)
    return Rebuilt(len(folded.consultations), entries, written)


async def is_behind(journal: Journal) -> bool:
    """Tell whether an upgrade has made tables that are still to be derived."""
    async with journal.database.read() as connection:
        return await remembered(connection, _DERIVE) is not None


async def restore(journal: Journal, archive: Path, key: Ed25519PublicKey) -> Restored:
    """Begin a new, empty store from the sealed files below `archive`.

    Args:
        key: the ledger's public key.

    Raises:
        StopNow: the store is not empty; or witness, ledger or roots do not hold, and must be mended from a copy first.
    """
    folder = archive / "ledger"
    head = read_witness(archive / "HEAD.json")
    if not head or not is_signed(head, public_hex(key)):
        raise StopNow("档案的见证 HEAD.json 缺失或签名无效，不能据以恢复；请先从异地副本取回。")
    table = await asyncio.to_thread(_read_ledger, folder)
    roots = await asyncio.to_thread(read_roots, folder)
    short = len(table) < head["leaves"]["count"] or len(roots) < head["roots"]["count"]
    if short or not all(is_signed(root, public_hex(key)) for *_, root in roots):
        raise StopNow("台账或日根少于见证所记，或签名无效，不能据以恢复；请先从副本取回。")
    folded, entries, damaged = await asyncio.to_thread(_fold_files, journal.algorithm, archive, table)
    lost = max(0, head["journal"]["id"] - entries)
    today = journal.clock.today()
    async with journal.database.write() as connection:
        await _demand_empty(connection)
        await connection.execute(counters.insert(), _counters([leaf.consultation for leaf in table], journal.prefix, today, lost))
        if table:
            names = ("id", "day", "consultation", "path", "digest", "through")
            await connection.execute(leaves.insert(), [{name: getattr(leaf, name) for name in names} for leaf in table])
        for each in TABLES:
            if values := folded.rows(each):
                await connection.execute(each.insert(), values)
        if roots:
            await keep(connection, "root", roots[-1][2])
        await keep(connection, RESTORED, {"day": today.isoformat(), "leaves": len(table), "journal": head["journal"]})
        # SQLite gives the next row the number after this one.
        sequence = "INSERT INTO sqlite_sequence (name, seq) VALUES ('journal', ?)"
        await connection.exec_driver_sql(sequence, (head["journal"]["id"],))
    return Restored(len(folded.consultations), entries, lost, tuple(damaged))


async def read_sealed(journal: Journal, archive: Path, number: str) -> list[Entry]:
    """Read a consultation from its sealed files alone; opened where its key still exists.

    Raises:
        OurFault: a file is missing or is not the one that was sealed.
    """
    async with journal.database.read() as connection:
        table = await leaves_of(connection, number)
        key = await journal.keyring.find(connection, number)
    entries: list[Entry] = []
    for leaf in table:
        events = await asyncio.to_thread(_events, journal.algorithm, archive, leaf)
        if events is None:
            raise OurFault(f"封存件 {leaf.path} 缺失或已被改动。")
        entries += [_entry(event, key) for event in events]
    return entries


async def taken_over(journal: Journal, archive: Path, skip: int = 0) -> AsyncIterator[list[Entry]]:
    """Yield the consultations that stand in files only, because the store was once restored; of a damaged file nothing.

    Args:
        skip: so many of them are left out; they always come in the same order.
    """
    async with journal.database.read() as connection:
        table = await _taken_leaves(connection)
    of_number: dict[str, list[Leaf]] = {}
    for leaf in table:
        of_number.setdefault(leaf.consultation, []).append(leaf)
    for number in sorted(of_number)[skip:]:
        parts = [await asyncio.to_thread(_events, journal.algorithm, archive, leaf) for leaf in of_number[number]]
        yield [_entry(event, None) for part in parts if parts[0] is not None for event in part or ()]


async def _key_of(connection: AsyncConnection, journal: Journal, row: sa.RowMapping) -> bytes | None:
    """Return the key of a request's entry: only of it something private stands in a table as well."""
    if row["kind"] != "requested":
        return None
    try:
        return await journal.keyring.find(connection, row["consultation"])
    except OurFault:
        return None  # what cannot be opened is told by `verify`; it must not keep the rest from being rebuilt


async def _page(connection: AsyncConnection, after: int) -> Sequence[sa.RowMapping]:
    query = sa.select(journal).where(journal.c.id > after).order_by(journal.c.id).limit(_PAGE)
    return (await connection.execute(query)).mappings().all()


async def _taken_over(connection: AsyncConnection, algorithm: str, archive: Path) -> Folded:
    """Return the rows whose entries stand in files only, because the store was once restored."""
    folded, _, _ = await asyncio.to_thread(_fold_files, algorithm, archive, await _taken_leaves(connection))
    return folded


async def _taken_leaves(connection: AsyncConnection) -> list[Leaf]:
    restored = await restored_at(connection)
    if restored is None:
        return []
    query = sa.select(leaves).where(leaves.c.id <= restored["leaves"]).order_by(leaves.c.id)
    return [Leaf(**row) for row in (await connection.execute(query)).mappings()]


def _sent(entry: Entry, channel: str, before: Mapping[tuple[str, int], Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the row of `outbox` that an entry leaves, as far on its way as it was; what the old one did not know has arrived."""
    row = sent(entry, channel)
    if row is None:
        return []
    done = {"delivered": entry.time, "standing": DONE if row.get("standing") else "", "due": ""}
    return [{**_NOT_SENT, **row, **done, **before.get((entry.consultation, entry.seq), {})}]


def _read_ledger(folder: Path) -> list[Leaf]:
    """Read the ledger from its lists.

    Raises:
        StopNow: a line is damaged, missing or out of order.
    """
    table: list[Leaf] = []
    for day, lines in read_lists(folder).items():
        for line in lines:
            try:
                raw = json.loads(line)
                number = raw["path"].rpartition("/")[2].partition(".")[0]
                leaf = Leaf(raw["leaf"], day, number, raw["path"], raw["digest"], raw["through"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise StopNow(f"台账 {day}.leaves 有一行无法读取，请先从副本取回。") from error
            if leaf.line != line or leaf.id != len(table) + 1 or not valid_number(number):
                raise StopNow(f"台账 {day}.leaves 的第 {leaf.id} 行不连续或被改动，请先从副本取回。")
            table.append(leaf)
    return table


def _fold_files(algorithm: str, archive: Path, table: Iterable[Leaf]) -> tuple[Folded, int, list[str]]:
    """Return the rows that the files give, how many entries were read, and the damaged files."""
    folded = Folded()
    damaged: list[str] = []
    read = 0
    for leaf in table:
        events = _events(algorithm, archive, leaf)
        # Without its first file a supplement tells too little for a row.
        if events is None or (leaf.path != file_path(leaf.consultation, 0) and leaf.consultation not in folded.consultations):
            damaged.append(leaf.path)
            continue
        read += len(events)
        for event in events:
            folded.take(_entry(event, None))
    return folded, read, damaged


def _events(algorithm: str, archive: Path, leaf: Leaf) -> list[Mapping[str, Any]] | None:
    """Return the entries of a sealed file; None when it is missing or not the one that was sealed."""
    path = archive / leaf.path
    if not path.is_file():
        return None
    data = path.read_bytes()
    return list(json.loads(data)["entries"]) if digest_of(algorithm, data) == leaf.digest else None


def _entry(event: Mapping[str, Any], key: bytes | None) -> Entry:
    return as_entry({**event, "body": json.dumps(event["body"])}, key)


def _counters(numbers: Iterable[str], prefix: str, today: date, lost: int) -> list[dict[str, Any]]:
    """Return the counters of days; today's leaves room for all numbers that may have been given to lost consultations."""
    now = counter_of("", today)
    last = {now: 0}
    for number in numbers:
        name = counter_of("" if prefix_of(number) == prefix else prefix_of(number), day_of(number))
        last[name] = max(last.get(name, 0), sequence_of(number))
    last[now] += lost
    return [{"day": name, "last": sequence} for name, sequence in sorted(last.items())]


async def _demand_empty(connection: AsyncConnection) -> None:
    for table in (journal, leaves, consultations, counters):
        if await connection.scalar(sa.select(sa.func.count()).select_from(table)):
            raise StopNow("只能恢复到新建的空库；现在的库里已有内容。")
    if await restored_at(connection) is not None:
        raise StopNow("这个库已经恢复过。")
