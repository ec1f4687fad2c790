"""Receipts: what the holder of a number and its code may see, and whether the sealed files are still what they were."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.journal import Journal
from zhixun.archive.sealed import Leaf, digest_of, leaves_of, receipt_code
from zhixun.codes import same_code
from zhixun.database import consultations
from zhixun.errors import CitizenError

__all__ = ["Receipt", "Receipts"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a holder may see; `intact` is False when a sealed file is gone or not the one that was sealed."""

    number: str
    state: str
    opened: str
    closed: str
    rated: bool
    callback: str
    """Empty, `asked` or `done`."""
    erased: bool
    supplements: int
    intact: bool


class Receipts:
    """Answers the holders of receipts.

    Args:
        journal: gives the store and the digest.
        archive: the archive's folder.
    """

    def __init__(self, journal: Journal, archive: Path) -> None:
        self._journal = journal
        self._archive = archive

    async def check(self, number: str, code: str) -> Receipt:
        """Return what the holder of `number` and `code` may see.

        Raises:
            CitizenError: (404) there is no such receipt; it is not said which part is wrong.
        """
        async with self._journal.database.read() as connection:
            found = await leaves_of(connection, number)
            query = sa.select(consultations).where(consultations.c.number == number)
            row = (await connection.execute(query)).mappings().first()
            kinds = await self._journal.kinds(connection, number)
        digests = await asyncio.to_thread(self._on_disk, found)
        # The code is known by the file as well as by the ledger: when one of them was changed, the holder is told so.
        told = [found[0].digest, digests[0]] if found else []
        right = [same_code(code, receipt_code(each)) for each in told if each]
        if not any(right) or row is None:
            raise CitizenError("没有这张回执，请核对编号和回执码。", code="no_receipt", status=404)
        asked = "done" if "followed_up" in kinds else "asked" if row["callback"] else ""
        return Receipt(
            number, row["state"], row["opened"], row["closed"] or "", bool(row["rating"] or row["staff_rating"]), asked, "erased" in kinds,
            len(found) - 1, digests == [leaf.digest for leaf in found],
        )  # fmt: skip

    async def code(self, connection: AsyncConnection, number: str) -> str:
        """Return the code of a closed consultation's receipt; empty until it is sealed."""
        found = await leaves_of(connection, number)
        return receipt_code(found[0].digest) if found else ""

    def _on_disk(self, found: list[Leaf]) -> list[str]:
        """Return the digests of the files as they are; empty for one that is gone."""
        digests = []
        for leaf in found:
            path = self._archive / leaf.path
            digests.append(digest_of(self._journal.algorithm, path.read_bytes()) if path.is_file() else "")
        return digests
