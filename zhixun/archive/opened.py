"""Opens rows of several consultations at once, for lists that show a little of many."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.journal import as_entry
from zhixun.archive.keys import Keyring
from zhixun.database import keys
from zhixun.errors import OurFault
from zhixun.messages import Entry

__all__ = ["open_rows"]


async def open_rows(keyring: Keyring, connection: AsyncConnection, rows: Sequence[sa.RowMapping]) -> list[Entry]:
    """Return rows of the table `journal` as entries in the same order; one question for all their keys.

    What does not open, because the key was destroyed or the row was changed, has no private part: a list of many must not fail
    for one of them, and `verify` tells which it is.
    """
    query = sa.select(keys).where(keys.c.consultation.in_({row["consultation"] for row in rows}))
    wrapped = {each.consultation: each.wrapped for each in await connection.execute(query)}
    opened = {number: _key(keyring, number, kept) for number, kept in wrapped.items()}
    return [_entry(row, opened.get(row["consultation"])) for row in rows]


def _key(keyring: Keyring, number: str, wrapped: bytes) -> bytes | None:
    try:
        return keyring.unwrap(number, wrapped)
    except OurFault:
        return None


def _entry(row: sa.RowMapping, key: bytes | None) -> Entry:
    try:
        return as_entry(row, key)
    except OurFault:
        return as_entry(row, None)
