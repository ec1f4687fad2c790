"""Forgetting: a person's words become unreadable for ever, and every proof still holds.

The words stand sealed under the consultation's own key in the journal and in the sealed files, as marks in the index, and in
the clear in the rendering only. So the key is destroyed, the marks are purged, the rendering deleted, and a tombstone takes
their place in the journal and in a supplement. What a disk keeps of deleted files below the file system is for disk encryption
to protect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import sqlalchemy as sa

from zhixun.archive.case_words import forget_words, purge
from zhixun.archive.journal import Journal
from zhixun.archive.seal import Sealer
from zhixun.clock import monotonic
from zhixun.database import Database, consultations, requests, slips
from zhixun.errors import CitizenError, TryLater
from zhixun.messages import ENDED, SLIP_ENDED, Event

__all__ = ["erase"]

WAIT = 10.0
_PAUSE = 0.2
_PATIENCE_MS = 100
_LONGEST_REASON = 200


async def erase(
    journal: Journal, sealer: Sealer, number: str, reason: str, *,
    by: str = "admin", elsewhere: Sequence[Callable[[str], Awaitable[None]]] = (),
) -> None:  # fmt: skip
    """Make the words of a closed consultation unreadable. Doing it again finishes what was interrupted.

    Args:
        number: the consultation.
        reason: why, for the tombstone; it is never erased, so it must not name the person.
        by: who erases.
        elsewhere: what else must forget the consultation: the engine's memory, the attached files (sealed under the same key).

    Raises:
        CitizenError: there is no such consultation, it or a request made in it is not closed yet, or the reason is empty or
            too long.
        TryLater: the key is destroyed, but a reader keeps its last copy in the store's log; do it again.
    """
    if not reason.strip() or len(reason) > _LONGEST_REASON:
        raise CitizenError(f"请写明删除原因（1–{_LONGEST_REASON} 字，不要写个人信息）。", code="bad_reason", field="reason")
    async with journal.database.write() as connection:
        state = await connection.scalar(sa.select(consultations.c.state).where(consultations.c.number == number))
        if state is None:
            raise CitizenError(f"没有咨询件 {number}。", code="no_consultation", status=404)
        if state != "closed":
            raise CitizenError("咨询尚未结束，请先结束再删除。", code="not_closed", status=409)
        running = sa.select(requests.c.number).where(requests.c.consultation == number, requests.c.standing.not_in(ENDED))
        open_ = await connection.scalar(running)
        if open_ is not None:
            raise CitizenError(f"申请 {open_} 还没有办完，请先办结或撤回再删除。", code="not_closed", status=409)
        held = sa.select(slips.c.number).where(slips.c.consultation == number, slips.c.standing.not_in(SLIP_ENDED))
        slip = await connection.scalar(held)
        if slip is not None:
            raise CitizenError(f"转介单 {slip} 还在办理，请先办结或撤回再删除。", code="not_closed", status=409)
        if "erased" not in await journal.kinds(connection, number):
            await journal.append(connection, number, [Event("erased", by, {"reason": reason.strip()})])
        await journal.keyring.destroy(connection, number)
        await forget_words(connection, number)
    await sealer.seal(number)
    await sealer.render_again(number)
    for forget in elsewhere:
        await forget(number)
    await purge(journal.database)
    if not await _empty_log(journal.database):
        raise TryLater("密钥已销毁，但数据库日志正被读取、暂不能清空，请稍后再执行一次。", code="log_busy")


async def _empty_log(database: Database) -> bool:
    """Write the write-ahead log back into the store and cut it to nothing: old pages in it still hold the key.

    Tells whether it could be done before `WAIT` was over; a reader of an old state keeps it from being done.
    """
    began = monotonic()
    while not await _checkpoint(database):
        if monotonic() - began > WAIT:
            return False
        await asyncio.sleep(_PAUSE)
    return True


async def _checkpoint(database: Database) -> bool:
    async with database.read() as connection:
        await connection.rollback()
        patience = (await connection.exec_driver_sql("PRAGMA busy_timeout")).scalar()
        # While it waits for readers it keeps all writers out, so it may not wait for long.
        await connection.exec_driver_sql(f"PRAGMA busy_timeout={_PATIENCE_MS}")
        try:
            busy = (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).scalar()
        finally:
            await connection.exec_driver_sql(f"PRAGMA busy_timeout={patience}")
    return busy == 0
