"""Verification: everything that is kept is computed again and compared, in the store, in the files and between them.

It only reads, and may run beside a working service: what looked wrong because something was just being written is looked
at a second time before it is reported.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.ext.asyncio import AsyncConnection
from tqdm import tqdm

from zhixun.archive import audit_ledger as ledger
from zhixun.archive.audit_files import Case, FileAudit, load_cases
from zhixun.archive.audit_journal import audit_journal, audit_store
from zhixun.archive.journal import Journal
from zhixun.archive.ledger import last_root, public_hex
from zhixun.archive.projection import TABLES, own
from zhixun.archive.report import Finding, Report, Sheet
from zhixun.archive.sealed import Leaf, as_leaf, leaves_of
from zhixun.database import journal as rows
from zhixun.database import leaves
from zhixun.remembered import restored_at

__all__ = ["Day", "verify", "verify_case", "verify_days"]

PAUSE = 3.0
LOOKS = 3
_BATCH = 200


@dataclass(frozen=True, slots=True)
class _Task:
    """What is asked for."""

    journal: Journal
    archive: Path
    key: str
    progress: bool


@dataclass(frozen=True, slots=True)
class _Files:
    """The signed files, as they were before the store was looked at; the store is always ahead of them."""

    witnesses: Sequence[tuple[ledger.Witness | None, str]]
    roots: Sequence[ledger.Root]


@dataclass(slots=True)
class _Doubts:
    """What seemed wrong where something may just be being written: in these consultations, or in the folder."""

    numbers: list[str]
    cases: list[Finding]
    folder: Sheet
    before: tuple[Sequence[Leaf], int]
    """The leaves, and how many roots there were, when the store was first looked at."""


async def verify(
    journal: Journal, archive: Path, key: Ed25519PublicKey, *, keys: Path | None = None,
    receipts: Sequence[tuple[str, str]] = (), head: Path | None = None, pause: float = PAUSE, progress: bool = False,
) -> Report:  # fmt: skip
    """Verify store and archive.

    Args:
        journal: gives the store, the master key and the digest.
        archive: the archive's folder.
        key: the ledger's public key.
        keys: the folder of the keys, to check who may read them.
        receipts: numbers and codes that citizens hold.
        head: a copy of `HEAD.json` that was kept elsewhere; it shows a roll-back of store and archive together.
        pause: for how many seconds after the newest entry its files may still be on their way.
        progress: show a bar on stderr.
    """
    task, sheet = _Task(journal, archive, public_hex(key), progress), Sheet()
    files = await _read_files(task, head)
    async with journal.database.read() as connection:
        doubts = await _first_look(connection, task, files, receipts, sheet)
    for _ in range(LOOKS):
        left = pause - await _age(journal) if doubts.cases or doubts.folder.findings else 0
        if left <= 0:
            break
        await asyncio.sleep(left)
        await _look_again(task, doubts)
    sheet.findings += doubts.cases + doubts.folder.findings
    sheet.notes += doubts.folder.notes
    sheet.counts.update(doubts.folder.counts)
    if keys is not None:
        ledger.audit_permissions(keys, sheet)
    if head is None and not receipts:
        sheet.notes.append("没有提供异地保存的 HEAD.json 或回执；库与档案一起退回到从前时，只有它们能够发现")
    return sheet.report()


async def verify_case(journal: Journal, archive: Path, number: str) -> tuple[str, ...]:
    """Check one consultation: its files, rendering, key and index rows against its journal; returns what is wrong in Chinese."""
    sheet = Sheet()
    async with journal.database.read() as connection:
        restored = await restored_at(connection)
        leaves = {number: await leaves_of(connection, number)}
        cases = await load_cases(connection, [number], leaves)
    audit = FileAudit(journal, archive, int(restored["leaves"]) if restored else 0, {})
    for case in cases:
        await asyncio.to_thread(audit.check, case, sheet)
    return tuple(finding.text for finding in sheet.findings)


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the ledger: how many files were sealed, its root, and what is wrong with it."""

    day: str
    files: int
    root: str
    wrong: tuple[str, ...]


async def verify_days(journal: Journal, archive: Path, key: Ed25519PublicKey, most: int = 31) -> list[Day]:
    """Check the roots of the newest days against the leaves of each, the newest day first."""
    roots = (await asyncio.to_thread(ledger.read_roots, archive / "ledger"))[-most:]
    first = min((name for name, *_ in roots), default="")[:10]
    query = sa.select(leaves).where(leaves.c.day >= first).order_by(leaves.c.id)
    async with journal.database.read() as connection:
        table = [as_leaf(row) for row in (await connection.execute(query)).mappings()]
    found = []
    for name, data, root in reversed(roots):
        sheet, of_day = Sheet(), [leaf for leaf in table if leaf.day == name[:10]]
        ledger.audit_root(name, data, root, of_day, journal.algorithm, public_hex(key), sheet)
        found.append(Day(name[:10], len(of_day), str(root.get("root", "")), tuple(one.text for one in sheet.findings)))
    return found


async def _read_files(task: _Task, head: Path | None) -> _Files:
    witnesses = [(ledger.read_witness(task.archive / "HEAD.json"), "见证 HEAD.json")]
    if head is not None:
        witnesses.append((ledger.read_witness(head) or {}, f"异地见证 {head.name}"))
    return _Files(witnesses, await asyncio.to_thread(ledger.read_roots, task.archive / "ledger"))


async def _first_look(
    connection: AsyncConnection, task: _Task, files: _Files, receipts: Sequence[tuple[str, str]], sheet: Sheet
) -> _Doubts:
    """Check all; what must be looked at a second time is returned and not reported yet."""
    algorithm = task.journal.algorithm
    table, newest = await ledger.load_leaves(connection), await last_root(connection)
    restored = await restored_at(connection)
    if restored:
        sheet.notes.append(f"本库于 {restored['day']} 由封存件恢复：此前的日志已失，只核对封存件自身，原文只在阅览件里")
    taken = table[: int(restored["leaves"])] if restored else []
    signed = [*(root for *_, root in files.roots), *(head or {} for head, _ in files.witnesses)]
    course = await audit_journal(connection, algorithm, sheet, taken, map(ledger.journal_id, signed))
    await audit_store(connection, table[-1].id if table else 0, sheet)
    ledger.audit_leaves(table, sheet)
    query = sa.union(*(sa.select(own(each)) for each in TABLES))
    listed = (await connection.scalars(query)).all()
    numbers = {*map(str, course.last), *map(str, listed), *(leaf.consultation for leaf in table)}
    found, counts = await _look_at_cases(connection, task, sorted(numbers), table)
    sheet.counts.update(counts)
    ledger.audit_roots(files.roots, newest, table, course, algorithm, task.key, sheet)
    for head, what in files.witnesses:
        ledger.audit_witness(head, what, table, files.roots, course, algorithm, task.key, sheet)
    ledger.audit_receipts(receipts, _by_number(table), sheet)
    before = table, int(newest["index"]) if newest else 0
    folder = await _look_at_folder(task, before)
    return _Doubts(sorted(found), [each for its in found.values() for each in its], folder, before)


async def _look_again(task: _Task, doubts: _Doubts) -> None:
    """Look at what was doubtful, as the store is now."""
    async with task.journal.database.read() as connection:
        table = await ledger.load_leaves(connection)
        found, _ = await _look_at_cases(connection, task, doubts.numbers, table)
    doubts.numbers, doubts.cases = sorted(found), [each for its in found.values() for each in its]
    doubts.folder = await _look_at_folder(task, doubts.before)


async def _age(journal: Journal) -> float:
    """Return how many seconds ago the newest entry was written."""
    async with journal.database.read() as connection:
        time = await connection.scalar(sa.select(rows.c.time).order_by(rows.c.id.desc()).limit(1))
    try:
        return (journal.clock.now() - datetime.fromisoformat(str(time))).total_seconds()
    except (ValueError, TypeError):
        return PAUSE


async def _look_at_cases(
    connection: AsyncConnection, task: _Task, numbers: Sequence[str], table: Sequence[Leaf]
) -> tuple[dict[str, list[Finding]], Counter[str]]:
    """Check consultations one by one; returns the findings of those that have some, and what was counted."""
    restored = await restored_at(connection)
    paths = {leaf.digest: leaf.path for leaf in table}
    audit = FileAudit(task.journal, task.archive, int(restored["leaves"]) if restored else 0, paths)
    leaves, found, counts = _by_number(table), dict[str, list[Finding]](), Counter[str]()

    def check(cases: Sequence[Case]) -> None:
        for case in cases:
            sheet = Sheet()
            audit.check(case, sheet)
            counts.update(sheet.counts)
            if sheet.findings:
                found[case.number] = sheet.findings

    with tqdm(total=len(numbers), desc="核对咨询件", unit="件", disable=None if task.progress else True) as bar:
        for start in range(0, len(numbers), _BATCH):
            batch = numbers[start : start + _BATCH]
            await asyncio.to_thread(check, await load_cases(connection, batch, leaves))
            bar.update(len(batch))
    return found, counts


async def _look_at_folder(task: _Task, before: tuple[Sequence[Leaf], int]) -> Sheet:
    """Check lists and folder: what the store knew before must be there, and nothing that it does not know afterwards."""
    sheet, folder, (table, roots) = Sheet(), task.archive / "ledger", before
    lists = await asyncio.to_thread(ledger.read_lists, folder)
    there = await asyncio.to_thread(_walk, task.archive)
    async with task.journal.database.read() as connection:
        after = await ledger.load_leaves(connection)
    ledger.audit_lists(folder, lists, table, after, sheet)
    ledger.audit_folder(task.archive, there, after, sheet)
    ledger.audit_public_key(folder / "public.key", task.key, sheet)
    found = sum(path.endswith(".root.json") for path in there)
    if found < roots:
        sheet.find("root", f"库里记有 {roots} 个日根，文件只有 {found} 个")
    return sheet


def _by_number(table: Sequence[Leaf]) -> dict[str, list[Leaf]]:
    found: dict[str, list[Leaf]] = {}
    for leaf in table:
        found.setdefault(leaf.consultation, []).append(leaf)
    return found


def _walk(archive: Path) -> list[str]:
    return sorted(path.relative_to(archive).as_posix() for path in archive.rglob("*") if path.is_symlink() or path.is_file())
