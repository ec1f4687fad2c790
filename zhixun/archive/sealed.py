"""What a sealed file says, where it lies, and what is written about it in the ledger. Pure: from entries to bytes.

A consultation's first file ends with the entry `closed`; what comes later goes into supplements, each with the digest of
the file before it. The bytes follow from the journal alone, so that writing a file again gives the same file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.canonical import FILE, canonical, digest
from zhixun.codes import spell
from zhixun.database import leaves
from zhixun.numbers import day_of

__all__ = ["Leaf", "as_leaf", "compose", "digest_of", "end_of_first", "file_path", "leaves_of", "page_path", "receipt_code"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One row of `leaves`: a sealed file, in the order of sealing."""

    id: int
    day: str
    consultation: str
    path: str
    digest: str
    through: int

    @property
    def line(self) -> str:
        """The leaf as it stands in `ledger/<day>.leaves`, and as the Merkle tree takes it."""
        fields = {"leaf": self.id, "path": self.path, "digest": self.digest, "through": self.through}
        return canonical(fields).decode()


def as_leaf(row: Any) -> Leaf:
    """Read a row of `leaves`."""
    return Leaf(row["id"], row["day"], row["consultation"], row["path"], row["digest"], row["through"])


async def leaves_of(connection: AsyncConnection, number: str) -> list[Leaf]:
    """Return the leaves of one consultation, the first file's first."""
    query = sa.select(leaves).where(leaves.c.consultation == number).order_by(leaves.c.id)
    return [as_leaf(row) for row in (await connection.execute(query)).mappings()]


def file_path(number: str, index: int) -> str:
    """Return where the file `index` (0: the first, 1…: supplements) lies below the archive's folder."""
    return f"{_stem(number)}{f'.s{index}' if index else ''}.json"


def page_path(number: str) -> str:
    """Return where the rendering for reading lies below the archive's folder."""
    return f"{_stem(number)}.html"


def compose(algorithm: str, index: int, previous: str, events: Sequence[Mapping[str, Any]]) -> bytes:
    """Write a file.

    Args:
        algorithm: of all digests.
        index: 0 for the first file.
        previous: digest of the file before; without meaning for the first.
        events: the consultation's entries that belong into it, as `journal.event_of` gives them.
    """
    number = events[0]["consultation"]
    kinds = Counter(event["kind"] for event in events)
    turns = sum(event["kind"] == "said" and event["actor"] == "citizen" for event in events)
    record = {"number": number, "digest": algorithm, "entries": list(events),
              "summary": {"entries": len(events), "turns": turns, "kinds": dict(kinds)}}  # fmt: skip
    if index:
        record |= {"format": "zhixun-supplement/1", "index": index, "previous": previous}
    else:
        opened = events[0]["body"]["open"]
        record |= {"format": "zhixun-file/1", "channel": opened["channel"], "region": opened["region"],
                   "opened": events[0]["time"], "closed": events[-1]["time"]}  # fmt: skip
    return canonical(record) + b"\n"


def end_of_first(events: Sequence[Mapping[str, Any]]) -> int:
    """Return how many of a consultation's entries make its first file: up to `closed`; 0 when it is not closed."""
    return next((place for place, event in enumerate(events, 1) if event["kind"] == "closed"), 0)


def digest_of(algorithm: str, data: bytes) -> str:
    """Return the digest of a file's bytes, as it stands in its leaf."""
    return digest(algorithm, FILE, data)


def receipt_code(file_digest: str) -> str:
    """Return the receipt's code for a consultation whose first file has this digest: `4F0K-…`, 80 bits of it."""
    return spell(bytes.fromhex(file_digest), 16)


def _stem(number: str) -> str:
    return f"{day_of(number):%Y/%m/%d}/{number}"
