"""The present engine: who asks does not know which one it is, and between two turns another may take its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhixun.conversation.engine import EngineClient
from zhixun.errors import TryLater
from zhixun.messages import EngineTurn

__all__ = ["Switchboard"]


class Switchboard:
    """Passes on to the engine that is in place; a turn ends with the engine with which it began.

    Args:
        client: the first engine; None while there is none yet.
    """

    def __init__(self, client: EngineClient | None = None) -> None:
        self._client = client

    @property
    def client(self) -> EngineClient | None:
        """The engine that is in place."""
        return self._client

    @property
    def ready(self) -> bool:
        """Whether it may be asked."""
        return self._client is not None and self._client.ready

    def put(self, client: EngineClient) -> EngineClient | None:
        """Let `client` answer from now on; returns the one before, which may still be answering."""
        before, self._client = self._client, client
        return before

    async def ask(
        self, consultation: str, text: str, region: str, last: str = "", *, turn: int = 0, again: bool = False
    ) -> EngineTurn:
        """Send one message, as `EngineClient.ask` does.

        Raises:
            TryLater: there is no engine yet, or it does not answer.
        """
        return await self._there.ask(consultation, text, region, last, turn=turn, again=again)

    async def understand(self, text: str) -> Mapping[str, Any]:
        """Return how the engine understands `text`, as `EngineClient.understand` does.

        Raises:
            TryLater: as `ask`.
        """
        return await self._there.understand(text)

    async def forget(self, consultation: str) -> None:
        """Have the dialogue of a closed consultation forgotten; all engines share one memory."""
        if self._client is not None:
            await self._client.forget(consultation)

    @property
    def _there(self) -> EngineClient:
        if self._client is None:
            raise TryLater("智能应答正在启动，请稍后再试。", code="engine_starting")
        return self._client
