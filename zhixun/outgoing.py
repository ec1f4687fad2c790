"""Saying something to a citizen outside of a turn."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.database import consultations
from zhixun.messages import Entry, Event, Reply, dump
from zhixun.ports import Journal

__all__ = ["tell"]


async def tell(
    connection: AsyncConnection, journal: Journal, number: str, reply: Reply, *, actor: str = "system", afterwards: bool = False, **told: Any
) -> Entry | None:
    """Say `reply` in the consultation `number`, in the caller's transaction; None when it is closed and nobody can be told.

    Args:
        actor: who speaks. afterwards: say it even when it is closed, by a door whose platform still lets words through.
        told: what else may be read by whoever holds the file.
    """
    if not afterwards and await connection.scalar(sa.select(consultations.c.state).where(consultations.c.number == number)) == "closed":
        return None
    facts = {"turn": 0, "kind": reply.kind, "knowledge": list(reply.knowledge), **told}
    words = {"text": reply.text, "basis": dump(reply.basis), "buttons": dump(reply.buttons)}
    return (await journal.append(connection, number, [Event("said", actor, facts, words)]))[0]
