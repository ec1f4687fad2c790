"""The way to a citizen: what staff must know before they type, and what became of words that went out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import local_of, stamp
from zhixun.database import outbox, threads
from zhixun.doors import DONE, FAILED, HELD, SENDING, UNSURE, WAITING
from zhixun.names import told

__all__ = ["ARRIVED", "USUAL", "Reach", "Way", "way_of"]

ARRIVED, _UNDER_WAY, _NOT_YET = "已送达", "正在送达", "尚未送达"
USUAL = (ARRIVED, _UNDER_WAY, _NOT_YET)
"""What becomes of words when nothing goes wrong."""

FEW = 2
_STANDINGS = {
    HELD: "未送达：对方再发消息时补送", UNSURE: "可能没有送达", FAILED: "没有送达", WAITING: _UNDER_WAY, SENDING: _UNDER_WAY, DONE: ARRIVED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reach:
    """What still gets through: `level` is fine, warn or over; `words` say it, and where nothing does, what to do."""

    level: str
    words: str


@dataclass(frozen=True, slots=True)
class Way:
    """The way to a citizen: what became of each entry on it (`marks`), and what still gets through (None: nothing is counted)."""

    marks: Mapping[int, str]
    reach: Reach | None


async def way_of(connection: AsyncConnection, row: sa.RowMapping, now: datetime) -> Way:
    """Return the way to the citizen of a consultation, which is a row of `consultations`."""
    rows = (await connection.execute(sa.select(outbox).where(outbox.c.consultation == row["number"]))).mappings()
    return Way({one["seq"]: _mark(one) for one in rows}, await _reach(connection, row, now))


async def _reach(connection: AsyncConnection, row: sa.RowMapping, now: datetime) -> Reach | None:
    thread = (await connection.execute(sa.select(threads).where(threads.c.consultation == row["number"]))).mappings().first()
    if thread is None or thread["left"] is None or row["state"] == "closed":
        return None
    door = told("channel", row["channel"])
    if thread["left"] < 1 or thread["until"] < stamp(now):
        instead = "对方留了电话，急的请打电话" if row["callback"] else "急的请安排回访或换其他方式联系"
        return Reach("over", f"现在送不到：{door}规定对方发来消息后限时、限条数。您写的会保存，对方再来消息时自动补送；{instead}。")
    until = f"{local_of(thread['until']):%m月%d日 %H:%M}"
    return Reach("warn" if thread["left"] <= FEW else "fine", f"{door}还能送达 {thread['left']} 条（到 {until}，对方每发一次重新计）。")


def _mark(row: sa.RowMapping) -> str:
    if not row["standing"]:
        return ARRIVED if row["delivered"] else _NOT_YET
    words = _STANDINGS[row["standing"]]
    return f"{words}（{row['error'].rstrip('。')}）" if row["error"] and row["standing"] in (UNSURE, FAILED, WAITING) else words
