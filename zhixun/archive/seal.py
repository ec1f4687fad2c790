"""Sealing: a closed consultation becomes files that are never changed again, and a leaf in the ledger for each.

The leaf is committed first: it fixes how far the file reaches and what its digest is. Then come the file, the rendering for
reading and the ledger's line, each of which can be redone, byte for byte, until the line stands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.durable import alone, remove, write_once
from zhixun.archive.journal import Journal, as_entry, event_of
from zhixun.archive.ledger import Ledger
from zhixun.archive.render import render
from zhixun.archive.sealed import (
    Leaf,
    as_leaf,
    compose,
    digest_of,
    end_of_first,
    file_path,
    leaves_of,
    page_path,
    receipt_code,
)
from zhixun.database import consultations, leaves
from zhixun.errors import OurFault

__all__ = ["Sealer", "page_of"]

_log = logging.getLogger(__name__)


class Sealer:
    """Seals consultations.

    Args:
        journal: gives the store, the entries and the digest.
        archive: the archive's folder.
        ledger: where leaves are entered.
    """

    def __init__(self, journal: Journal, archive: Path, ledger: Ledger) -> None:
        self._journal = journal
        self._database = journal.database
        self._archive = archive
        self._ledger = ledger
        self._lock = asyncio.Lock()
        self._settled: int | None = None

    async def seal(self, number: str) -> str:
        """Seal what is not sealed yet of a closed consultation; returns the receipt's code, always the same one.

        Raises:
            OurFault: the consultation is not closed, or the journal no longer gives what was sealed.
            OSError: the disk refused; the same call may be made again.
        """
        async with self._lock:
            first = await self._record(number)
            refused = await self._settle()
        await self._witness()
        if number in refused:
            raise OurFault(refused[number])
        return receipt_code(first)

    async def seal_pending(self) -> int:
        """Seal whatever a crash or a full disk left unsealed; returns how many consultations. Call it at start."""
        async with self._database.read() as connection:
            reached = sa.select(leaves.c.consultation, sa.func.max(leaves.c.through).label("through"))
            sealed = reached.group_by(leaves.c.consultation).subquery()
            query = (
                sa.select(consultations.c.number)
                .outerjoin(sealed, sealed.c.consultation == consultations.c.number)
                .where(consultations.c.state == "closed", consultations.c.seq > sa.func.coalesce(sealed.c.through, 0))
                .order_by(consultations.c.number)
            )
            numbers = (await connection.scalars(query)).all()
        async with self._lock:
            for number in numbers:
                await self._record(number)
            await self._settle()
        await self._witness()
        return len(numbers)

    async def render_again(self, number: str) -> bool:
        """Put the rendering of a sealed consultation right, or remove it when the words were erased; tells if it was wrong."""
        async with self._lock:
            async with self._database.read() as connection:
                page = await self._page(connection, await leaves_of(connection, number))
            path = self._archive / page_path(number)
            if page is None or page == (path.read_bytes() if path.exists() else b""):
                return False
            await asyncio.to_thread(self._write_page, number, page)
        return True

    async def _record(self, number: str) -> str:
        """Commit the leaves of what is not sealed yet; returns the digest of the first file."""
        async with self._database.write() as connection:
            found = await leaves_of(connection, number)
            rows = await self._journal.rows(connection, number, found[-1].through if found else 0)
            events = [event_of(row) for row in rows]
            if not found:
                end = end_of_first(events)
                if not end:
                    raise OurFault(f"咨询件 {number} 尚未结束，不能封存。")
                found.append(await self._add_leaf(connection, found, events[:end]))
                events = events[end:]
            if events:
                found.append(await self._add_leaf(connection, found, events))
            return found[0].digest

    async def _add_leaf(
        self, connection: AsyncConnection, before: Sequence[Leaf], events: Sequence[Mapping[str, Any]]
    ) -> Leaf:
        number, index = str(events[0]["consultation"]), len(before)
        data = compose(self._journal.algorithm, index, before[-1].digest if before else "", events)
        row = {"day": await self._ledger.place(connection), "consultation": number, "path": file_path(number, index),
               "digest": digest_of(self._journal.algorithm, data), "through": events[-1]["seq"]}  # fmt: skip
        added = await connection.execute(leaves.insert().values(**row).returning(leaves))
        return as_leaf(added.mappings().one())

    async def _settle(self) -> dict[str, str]:
        """Write the files of all leaves whose lines are not in the ledger's lists yet, in order.

        Returns the consultations whose journal no longer gives what their leaf says, each with a sentence; nothing is
        written of them, and the others go on.
        """
        refused: dict[str, str] = {}
        if self._settled is None:
            waiting = await self._ledger.missing()
        else:
            async with self._database.read() as connection:
                query = sa.select(leaves).where(leaves.c.id > self._settled).order_by(leaves.c.id)
                waiting = [as_leaf(row) for row in (await connection.execute(query)).mappings()]
        for leaf in waiting:
            try:
                async with self._database.read() as connection:
                    data, page = await self._contents(connection, leaf)
            except OurFault as error:
                refused[leaf.consultation] = error.message
                _log.error("not written: %s", error.message)
            else:
                await asyncio.to_thread(self._write, leaf, data, page)
            if self._settled is not None:
                self._settled = leaf.id
        if self._settled is None:
            async with self._database.read() as connection:
                self._settled = int(await connection.scalar(sa.select(sa.func.max(leaves.c.id))) or 0)
        return refused

    async def _contents(self, connection: AsyncConnection, leaf: Leaf) -> tuple[bytes, bytes | None]:
        found = [each for each in await leaves_of(connection, leaf.consultation) if each.id <= leaf.id]
        before = found[-2] if len(found) > 1 else None
        rows = await self._journal.rows(connection, leaf.consultation, before.through if before else 0)
        events = [event_of(row) for row in rows if row["seq"] <= leaf.through]
        algorithm = self._journal.algorithm
        data = compose(algorithm, len(found) - 1, before.digest if before else "", events) if events else b""
        if digest_of(algorithm, data) != leaf.digest:
            raise OurFault(f"日志与 {leaf.path} 的台账摘要不符，未写入；请运行 zhixun verify。")
        return data, await self._page(connection, found)

    async def _page(self, connection: AsyncConnection, found: Sequence[Leaf]) -> bytes | None:
        """Return the rendering up to the last of the leaves: empty when the words were erased, None to leave it alone."""
        if not found:
            return None
        number = found[0].consultation
        key = await self._journal.keyring.find(connection, number)
        return page_of(await self._journal.rows(connection, number), found, key)

    def _write(self, leaf: Leaf, data: bytes, page: bytes | None) -> None:
        with alone(self._ledger.folder):
            write_once(self._archive / leaf.path, data)
            self._write_page(leaf.consultation, page)
            self._ledger.enter(leaf)

    def _write_page(self, number: str, page: bytes | None) -> None:
        path = self._archive / page_path(number)
        if page:
            write_once(path, page)
        elif page is not None:
            remove(path)

    async def _witness(self) -> None:
        try:
            await self._ledger.witness()
        except OurFault as error:
            # The files are sealed; a store that was rolled back under us is for `verify` and the next start to refuse.
            _log.error("witness refused: %s", error.message)


def page_of(rows: Sequence[Any], found: Sequence[Leaf], key: bytes | None) -> bytes | None:
    """Return the rendering that belongs beside the files `found` of one consultation.

    Empty when the words were erased. None when they cannot be read for another reason (a lost store, a lost key): a
    rendering that is there is then the only place where they stand.
    """
    if any(row["kind"] == "erased" for row in rows):
        return b""
    known = [row for row in rows if row["seq"] <= found[-1].through]
    if key is None or not known or known[0]["seq"] != 1:
        return None
    return render([as_entry(row, key) for row in known], [(leaf.path, leaf.digest) for leaf in found])
