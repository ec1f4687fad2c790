"""The switch that pauses the program's own answers; people at the desk go on."""

from __future__ import annotations

from zhixun.database import Database
from zhixun.errors import CitizenError
from zhixun.remembered import remember, remembered

__all__ = ["Switch"]

_NAME = "bot_paused"
_LONGEST = 100


class Switch:
    """Whether the program answers, kept in the store so that a restart does not turn it on again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reason = ""
        """Why it is paused, in words that citizens read; empty while it answers."""

    async def prepare(self) -> None:
        """Read how it stood."""
        async with self._database.read() as connection:
            self.reason = await remembered(connection, _NAME) or ""

    async def pause(self, reason: str) -> None:
        """Stop answering; every consultation with the program is handed over at the citizen's next word.

        Raises:
            CitizenError: the reason is empty or too long.
        """
        reason = reason.strip().rstrip("。")
        if not reason or len(reason) > _LONGEST:
            raise CitizenError(f"请写明暂停原因（1–{_LONGEST} 字，咨询人会看到）。", code="bad_reason", field="reason")
        await self._keep(reason)

    async def resume(self) -> None:
        """Answer again."""
        await self._keep("")

    async def _keep(self, reason: str) -> None:
        async with self._database.write() as connection:
            await remember(connection, _NAME, reason)
        self.reason = reason
