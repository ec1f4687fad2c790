"""The ledger: a list of sealed files for each day, a signed root over it, and a signed witness of the newest state.

    ledger/2026-11-21.leaves      one line for each file sealed on that day
    ledger/2026-11-21.root.json   Merkle root of the day, chained to the day before, signed
    ledger/public.key             what the signatures are checked with
    HEAD.json                     how far journal and ledger had come; a copy kept elsewhere shows any roll-back

Everything is written to the store first and to the files second; after a crash the files catch up.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive import merkle
from zhixun.archive.canonical import LEAF, ROOT, canonical, digest
from zhixun.archive.durable import alone, append_line, write_once
from zhixun.archive.journal import GENESIS, Journal, anchor
from zhixun.archive.sealed import Leaf, as_leaf
from zhixun.clock import stamp
from zhixun.database import journal as rows
from zhixun.database import leaves
from zhixun.errors import OurFault, StopNow
from zhixun.remembered import remember, remembered

__all__ = ["Ledger", "day_root", "is_signed", "keep", "last_root", "public_hex", "read_lines", "root_bytes", "stands"]

_log = logging.getLogger(__name__)


class Ledger:
    """Keeps `archive/ledger` and `archive/HEAD.json`.

    Args:
        journal: gives the store, the clock and the digest.
        archive: the archive's folder.
        signer: the key of the ledger.
    """

    def __init__(self, journal: Journal, archive: Path, signer: Ed25519PrivateKey) -> None:
        self._journal = journal
        self._database = journal.database
        self._archive = archive
        self.folder = archive / "ledger"
        self._signer = signer
        self.public_key = signer.public_key()
        self._key = public_hex(self.public_key)
        self._written: tuple[int, int, int] | None = None
        self._lock = asyncio.Lock()

    async def prepare(self) -> None:
        """Make the folders, publish the key, and finish the root that a crash interrupted.

        Raises:
            StopNow: the ledger was signed with another key, or the store is behind the witness: it was rolled back.
        """
        published = self.folder / "public.key"
        if not published.exists():
            write_once(published, f"{self._key}\n".encode())
        elif published.read_text().strip() != self._key:
            raise StopNow("台账公钥 archive/ledger/public.key 与签名密钥不符，请从备份恢复 keys/ledger.key。")
        async with self._database.read() as connection:
            try:
                await self._check_witness(connection)
            except OurFault as error:
                empty = not (await self._journal.head(connection))[0]
                way = "没有备份时可用 zhixun rebuild 由封存件恢复。" if empty else ""
                raise StopNow(f"{error.message}请先用 zhixun verify 核查，再从完整备份恢复；{way}") from error
        await self._publish()

    async def place(self, connection: AsyncConnection) -> str:
        """Return the day that a file sealed now belongs to; it never lies before a day already used or closed."""
        today = self._journal.clock.today().isoformat()
        used = await connection.scalar(sa.select(sa.func.max(leaves.c.day))) or today
        last = await last_root(connection)
        if last is not None:
            today = max(today, (date.fromisoformat(last["day"]) + timedelta(days=1)).isoformat())
        return max(today, used)

    def enter(self, leaf: Leaf) -> None:
        """Write the line of `leaf` to its day, unless it stands there. Call it under `alone(folder)`."""
        path = self.folder / f"{leaf.day}.leaves"
        if leaf.line not in read_lines(path):
            append_line(path, leaf.line)

    async def missing(self) -> list[Leaf]:
        """Return the leaves whose lines a crash kept from the ends of the days' lists."""
        async with self._database.read() as connection:
            query = sa.select(leaves).order_by(leaves.c.id)
            found = [as_leaf(row) for row in (await connection.execute(query)).mappings()]
        days: dict[str, list[Leaf]] = {}
        for leaf in found:
            days.setdefault(leaf.day, []).append(leaf)
        return [leaf for day, of_day in days.items() for leaf in self._tail(day, of_day)]

    def _tail(self, day: str, of_day: Sequence[Leaf]) -> list[Leaf]:
        written = set(read_lines(self.folder / f"{day}.leaves"))
        absent = [leaf for leaf in of_day if leaf.line not in written]
        last = max((leaf.id for leaf in of_day if leaf.line in written), default=0)
        tail = [leaf for leaf in absent if leaf.id > last]
        if len(tail) < len(absent):
            # A crash only ever loses the end. A gap was made by somebody, and is left as it is for `verify` to show.
            _log.error("ledger of %s lacks lines before its end; run verify", day)
        return tail

    async def close_days(self, today: date) -> list[str]:
        """Close every day before `today` that has leaves and no root yet; returns the days."""
        closed = []
        async with self._lock:
            await self._publish()
            while (day := await self._close_one(today)) is not None:
                await self._publish()
                closed.append(day)
        if closed:
            await self.witness()
        return closed

    async def _close_one(self, today: date) -> str | None:
        async with self._database.write() as connection:
            last = await last_root(connection)
            after = last["day"] if last else ""
            due = sa.select(sa.func.min(leaves.c.day)).where(leaves.c.day > after, leaves.c.day < today.isoformat())
            day = await connection.scalar(due)
            if day is None:
                return None
            query = sa.select(leaves).where(leaves.c.day == day).order_by(leaves.c.id)
            of_day = [as_leaf(row) for row in (await connection.execute(query)).mappings()]
            algorithm = self._journal.algorithm
            head = await self._journal.head(connection)
            root = self._sign({
                "format": "zhixun-root/1", "digest": algorithm, "index": last["index"] + 1 if last else 1, "day": day,
                "first": of_day[0].id, "count": len(of_day), "root": day_root(algorithm, [leaf.line for leaf in of_day]),
                "previous": digest(algorithm, ROOT, root_bytes(last)) if last else GENESIS,
                "journal": {"id": head[0], "hash": head[1]},
            })  # fmt: skip
            await keep(connection, "root", root)
            return str(day)

    async def _publish(self) -> None:
        """Write the newest root to its file; at most that one can be missing after a crash."""
        async with self._database.read() as connection:
            root = await last_root(connection)
        if root is not None:
            await asyncio.to_thread(self._write_root, root)

    async def witness(self) -> None:
        """Write down, signed, how far journal and ledger have come; nothing when they have not moved.

        Raises:
            OurFault: the witness on disk is ahead of the store, which was rolled back; it is left as it is.
        """
        async with self._lock:
            async with self._database.read() as connection:
                state = await self._state(connection)
                mark = (state["journal"]["id"], state["leaves"]["count"], state["roots"]["count"])
                if mark == self._written:
                    return
                await self._check_witness(connection)
            head = self._sign({**state, "time": stamp(self._journal.clock.now())})
            await asyncio.to_thread(self._write_head, head)
            self._written = mark

    async def _state(self, connection: AsyncConnection) -> dict[str, Any]:
        newest = (await connection.execute(sa.select(leaves).order_by(leaves.c.id.desc()).limit(1))).mappings().first()
        last = await last_root(connection)
        algorithm = self._journal.algorithm
        head = await self._journal.head(connection)
        return {
            "format": "zhixun-head/1", "digest": algorithm, "journal": {"id": head[0], "hash": head[1]},
            "leaves": {"count": newest["id"] if newest else 0,
                       "digest": digest(algorithm, LEAF, as_leaf(newest).line.encode()) if newest else GENESIS},
            "roots": {"count": last["index"] if last else 0,
                      "digest": digest(algorithm, ROOT, root_bytes(last)) if last else GENESIS},
        }  # fmt: skip

    async def _check_witness(self, connection: AsyncConnection) -> None:
        """Make sure that the witness on disk is of this store's past; overwriting any other would hide a roll-back."""
        path = self._archive / "HEAD.json"
        if not path.exists():
            return
        try:
            head = json.loads(path.read_bytes())
            behind = is_signed(head, self._key) and await stands(connection, head)
        except (ValueError, KeyError, TypeError) as error:
            raise OurFault("见证文件 archive/HEAD.json 无法读取。") from error
        if not behind:
            raise OurFault("数据库与见证文件 archive/HEAD.json 不符，可能被回退、截断或换掉。")

    def _sign(self, record: dict[str, Any]) -> dict[str, Any]:
        record = {**record, "key": self._key}
        return {**record, "signature": self._signer.sign(canonical(record)).hex()}

    def _write_root(self, root: Mapping[str, Any]) -> None:
        path = self.folder / f"{root['day']}.root.json"
        with alone(self.folder):
            if not path.exists():
                write_once(path, root_bytes(root))

    def _write_head(self, head: Mapping[str, Any]) -> None:
        with alone(self.folder):
            write_once(self._archive / "HEAD.json", canonical(head) + b"\n")


def day_root(algorithm: str, lines: Sequence[str]) -> str:
    """Return the Merkle root over the lines of a day."""
    return merkle.root(algorithm, [digest(algorithm, LEAF, line.encode()) for line in lines])


def root_bytes(root: Mapping[str, Any]) -> bytes:
    """Return a root as it stands in its file."""
    return canonical(root) + b"\n"


def read_lines(path: Path) -> list[str]:
    """Return the whole lines of a day's list; a torn last line is none."""
    if not path.exists():
        return []
    return path.read_text("utf-8", "replace").split("\n")[:-1]


def public_hex(key: Ed25519PublicKey) -> str:
    """Return a public key as it is published: 32 bytes in hex."""
    return key.public_bytes_raw().hex()


def is_signed(record: Any, key: str) -> bool:
    """Tell whether `record` carries a signature by `key` over all that it says."""
    if not isinstance(record, dict) or record.get("key") != key:
        return False
    body = {name: value for name, value in record.items() if name != "signature"}
    try:
        signature = bytes.fromhex(str(record.get("signature")))
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, canonical(body))
    except (InvalidSignature, ValueError):
        return False
    return True


async def last_root(connection: AsyncConnection) -> dict[str, Any] | None:
    """Return the newest root as the store knows it."""
    value = await remembered(connection, "root")
    return None if value is None else dict(json.loads(value))


async def stands(connection: AsyncConnection, head: Mapping[str, Any]) -> bool:
    """Tell whether the store has come at least as far as the witness `head` says, on the same way.

    Raises:
        KeyError, TypeError: it is not a witness.
    """
    place, expected = int(head["journal"]["id"]), head["journal"]["hash"]
    start, start_hash = await anchor(connection)
    known: str | None = start_hash
    if place > start:
        known = await connection.scalar(sa.select(rows.c.hash).where(rows.c.id == place))
    count = int(head["leaves"]["count"])
    leaf = (await connection.execute(sa.select(leaves).where(leaves.c.id == count))).mappings().first()
    line = digest(head["digest"], LEAF, as_leaf(leaf).line.encode()) if leaf else GENESIS
    last = await last_root(connection)
    closed = int(head["roots"]["count"]) <= (last["index"] if last else 0)
    # What lies before the start of a restored store went with the lost one and can no longer be compared.
    return (place < start or known == expected) and line == head["leaves"]["digest"] and closed


async def keep(connection: AsyncConnection, name: str, value: Mapping[str, Any]) -> None:
    """Remember `value` under `name`."""
    await remember(connection, name, canonical(value).decode())
