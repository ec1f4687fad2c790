"""How often each piece of knowledge was given to citizens."""

from __future__ import annotations

import json

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.database import journal

__all__ = ["usage"]

_AT_ONCE = 5_000


async def usage(connection: AsyncConnection) -> dict[str, tuple[int, str]]:
    """Return for each id of knowledge in how many turns it was given, and on which day (UTC) last.

    A turn of several bubbles counts once. Erased consultations still count: which knowledge was given is not personal.
    """
    found: dict[str, tuple[int, str]] = {}
    seen: set[tuple[str, int, str]] = set()
    query = sa.select(journal.c.consultation, journal.c.time, journal.c.body).where(
        journal.c.kind == "said", journal.c.actor == "bot"
    ).order_by(journal.c.id)  # fmt: skip
    async with connection.stream(query.execution_options(yield_per=_AT_ONCE)) as rows:
        async for consultation, time, body in rows:
            told = json.loads(body)["open"]
            for name in told.get("knowledge", ()):
                if (key := (consultation, told["turn"], name)) not in seen:
                    seen.add(key)
                    found[name] = (found.get(name, (0, ""))[0] + 1, time[:10])
    return found
