"""What an entry leaves in the inbox and in the outbox; used at each append and by `rebuild` alike."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.database import consultations, inbox, outbox, threads
from zhixun.doors import DOORS, FETCHED, WAITING
from zhixun.messages import Entry

__all__ = ["project_boxes", "received", "sent"]


async def project_boxes(connection: AsyncConnection, entry: Entry) -> None:
    """Carry `entry` into `inbox` and `outbox`, and what was erased out of `threads`."""
    if taken := received(entry):
        await connection.execute(inbox.insert().values(**taken))
    if _goes_out(entry):
        channel = await connection.scalar(sa.select(consultations.c.channel).where(consultations.c.number == entry.consultation))
        if row := sent(entry, str(channel)):
            await connection.execute(outbox.insert().values(**row))
    elif entry.kind == "erased":
        await connection.execute(threads.delete().where(threads.c.consultation == entry.consultation))


def received(entry: Entry) -> dict[str, Any] | None:
    """Return the row of `inbox` that an entry with a message's id leaves; None when it has none."""
    if "message_id" not in entry.open:
        return None
    return {"consultation": entry.consultation, "message_id": entry.open["message_id"], "turn": entry.open.get("turn", 0), "seq": entry.seq}


def sent(entry: Entry, channel: str) -> dict[str, Any] | None:
    """Return the row of `outbox` that an entry leaves; None for what nobody has to be told.

    The greeting of a window that fetches its messages is handed out when it is opened. The receipt of a closed consultation is
    told by the window itself; whoever came by another door is sent it.
    """
    if not _goes_out(entry):
        return None
    place = {"consultation": entry.consultation, "seq": entry.seq, "channel": channel, "delivered": None}
    if channel in DOORS:
        return {**place, "standing": WAITING, "due": entry.time}
    at_opening = entry.actor == "bot" and not entry.open.get("turn")
    return place if channel in FETCHED and entry.kind == "said" and not at_opening else None


def _goes_out(entry: Entry) -> bool:
    # What staff said in the platform's own client is there already.
    return entry.kind == "closed" or (entry.kind == "said" and entry.actor != "citizen" and not entry.open.get("there"))
