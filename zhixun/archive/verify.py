"""Verification: everything that is kept is computed again and compared, in the store, in the files and between them.

It only reads, and may run beside a working service: what looked wrong because something was just being written is looked
at a second time before it is reported.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.ext.asyncio import AsyncConnection
from tqdm import tqdm

from zhixun.archive import audit_ledger as ledger
from zhixun.archive.audit_files import FileAudit, load_cases
from zhixun.archive.audit_journal import Course, audit_journal, audit_store, restored_at
from zhixun.archive.journal import Journal
from zhixun.archive.ledger import last_root, public_hex
from zhixun.archive.report import Report, Sheet
from zhixun.archive.sealed import Leaf
from zhixun.database import consultations

__all__ = ["verify"]

_BATCH = 200


@dataclass(frozen=True, slots=True)
class _Task:
    """What is asked for."""

    journal: Journal
    archive: Path
    key: str
    keys: Path | None
    receipts: Sequence[tuple[str, str]]
    head: Path | None
    progress: bool


async def verify(
    journal: Journal, archive: Path, key: Ed25519PublicKey, *, keys: Path | None = None,
    receipts: Sequence[tuple[str, str]] = (), head: Path | None = None, progress: bool = False,
) -> Report:  # fmt: skip
    """Verify store and archive.

    Args:
        journal: gives the store, the master key and the digest.
        archive: the archive's folder.
        key: the ledger's public key.
        keys: the folder of the keys, to check who may read them.
        receipts: numbers and codes that citizens hold.
        head: a copy of `HEAD.json` that was kept elsewhere; it shows a roll-back of store and archive together.
        progress: show a bar on stderr.
    """
    task = _Task(journal, archive, public_hex(key), keys, receipts, head, progress)
    sheet = Sheet()
    # In this order: the witness is written after the store, the files' lines after the store too.
    witnesses = [(ledger.read_witness(archive / "HEAD.json"), "见证 HEAD.json")]
    if head is not None:
        witnesses.append((ledger.read_witness(head) or {}, f"异地见证 {head.name}"))
    else:
        sheet.notes.append("没有提供异地保存的 HEAD.json 和回执；库与档案一起被回退到从前时，只有它们能够发现")
    async with journal.database.read() as connection:
        await _hold(connection)
        doubtful = await _first_look(connection, task, witnesses, sheet)
    if doubtful:
        async with journal.database.read() as connection:
            await _hold(connection)
            table = await ledger.load_leaves(connection)
            await _look_at_cases(connection, task, doubtful, table, sheet)
    return sheet.report()


async def _first_look(
    connection: AsyncConnection, task: _Task, witnesses: Sequence[tuple[ledger.Witness | None, str]], sheet: Sheet
) -> list[str]:
    """Check all; returns the consultations of which something seems to be wrong, without reporting it yet."""
    journal, folder = task.journal, task.archive / "ledger"
    table = await ledger.load_leaves(connection)
    root_before = await last_root(connection)
    restored = await restored_at(connection)
    if restored:
        sheet.notes.append(f"本库于 {restored['day']} 由封存件恢复：此前日志已失，只核对封存件自身；此前的原文只在阅览件里")
    taken = table[: int(restored["leaves"])] if restored else []
    roots = await asyncio.to_thread(ledger.read_roots, folder)
    wanted = {_journal_id(record) for record in (*(root for *_, root in roots), *(head for head, _ in witnesses))}
    course = await audit_journal(connection, journal.algorithm, sheet, taken, wanted)
    await audit_store(connection, table[-1].id if table else 0, sheet)
    ledger.audit_leaves(table, sheet)
    listed = set((await connection.scalars(sa.select(consultations.c.number))).all())
    numbers = sorted(map(str, course.last.keys() | listed | {leaf.consultation for leaf in table}))
    trial = Sheet()
    doubtful = await _look_at_cases(connection, task, numbers, table, trial)
    sheet.counts.update(trial.counts)
    sheet.findings += [finding for finding in trial.findings if finding.text.split("\0")[0] not in doubtful]
    await _look_at_ledger(task, table, (root_before, roots), course, witnesses, sheet)
    return doubtful
