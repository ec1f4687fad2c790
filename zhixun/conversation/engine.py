"""The client of the engine: one message over, replies back, within a bound of time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp

from zhixun.errors import TryLater
from zhixun.messages import STATUSES, EngineTurn, Reply

__all__ = ["EngineClient"]

_log = logging.getLogger(__name__)

# The citizen is promised a sentence within 3 s; the rest is for the journal and the way.
_LIMIT = aiohttp.ClientTimeout(total=2.4, sock_connect=0.5)


class EngineClient:
    """Talks to the engine's door; use it with `async with`.

    Args:
        url: the engine's base address.
        token: what the door asks for.
        version: of the knowledge that this engine answers from, for the journal; empty when it is not known.
    """

    def __init__(self, url: str, token: str, version: str = "") -> None:
        self._address = f"{url}/webhooks/zhixun/webhook"
        self._health = f"{url}/webhooks/zhixun/"
        self._forget = f"{url}/webhooks/zhixun/forget"
        self._parse = f"{url}/webhooks/zhixun/parse"
        self._head = {"Authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None
        self._asked = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.version = version
        self.ready = False

    async def __aenter__(self) -> EngineClient:
        self._session = aiohttp.ClientSession(timeout=_LIMIT, headers=self._head)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def check(self) -> bool:
        """Ask the engine whether it has a model and may be talked to; remembers the answer in `ready`."""
        try:
            async with self._open.get(self._health) as response:
                self.ready = response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            self.ready = False
        return self.ready

    async def ask(
        self, consultation: str, text: str, region: str, last: str = "", *, turn: int = 0, again: bool = False
    ) -> EngineTurn:
        """Send one message and return what the engine says.

        Args:
            last: id of the question answered last, from which a short message may go on.
            turn: which of the consultation's turns it is.
            again: whether the engine may have heard it before a crash; then it gives the same answer and moves no form on.

        Raises:
            TryLater: the engine is starting, gone, too slow, or answered something else than a turn.
        """
        # The engine folds what it is told; what is written down of a form must stay as it was typed.
        about = {"region": region, "last": last, "written": text, "turn": turn}
        message = {"sender": consultation, "message": text, "metadata": about, "again": again}
        self._asked += 1
        self._idle.clear()
        try:
            async with self._open.post(self._address, json=message) as response:
                if response.status != 200:
                    raise TryLater("engine refused", code=f"engine_{response.status}")
                return _read(await response.json(), self.version)
        except (aiohttp.ClientError, TimeoutError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise TryLater("engine failed", code=f"engine_{type(error).__name__}") from error
        finally:
            self._asked -= 1
            if not self._asked:
                self._idle.set()

    async def idle(self) -> None:
        """Wait until nobody waits for an answer of this engine."""
        await self._idle.wait()

    async def understand(self, text: str) -> Mapping[str, Any]:
        """Return how the engine understands `text`, in nobody's consultation: `intent`, `confidence`, `ranking`, `entities`, `model`.

        Raises:
            TryLater: as `ask`.
        """
        try:
            async with self._open.post(self._parse, json={"text": text}) as response:
                if response.status != 200:
                    raise TryLater("engine refused", code=f"engine_{response.status}")
                return dict(await response.json())
        except (aiohttp.ClientError, TimeoutError, TypeError, ValueError) as error:
            raise TryLater("智能应答暂时没有响应，请稍后再试。", code=f"engine_{type(error).__name__}") from error

    async def forget(self, consultation: str) -> None:
        """Delete the engine's memory of a closed consultation; when the engine is down, its next start does."""
        try:
            async with self._open.post(self._forget, json={"sender": consultation}) as response:
                await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("engine could not forget yet: %s", type(error).__name__)

    @property
    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise TryLater("engine client is not open")
        return self._session


def _read(raw: Mapping[str, Any], version: str) -> EngineTurn:
    """Read the door's answer: plain texts are small talk, `custom` messages carry their own status."""
    parsed = {**(raw.get("parsed") or {}), **({"version": version} if version else {})}
    status, handoff = "", ""
    guided: Mapping[str, Any] = {}
    wish: Mapping[str, Any] = {}
    wants = ""
    replies: list[Reply] = []
    for message in raw["messages"]:
        custom = message.get("custom") or {}
        said = str(custom.get("status") or "small_talk")
        if said not in STATUSES:
            raise ValueError(f"unknown status {said}")
        status = said if status in ("", "small_talk") else status
        handoff = handoff or str(custom.get("handoff") or "")
        guided = custom.get("guided") or guided
        wish = custom.get("wish") or wish
        wants = str(custom.get("wants") or "")
        kind = "answer" if said == "answered" else said
        if "replies" in custom:
            replies += [Reply.read({"kind": kind, **reply}) for reply in custom["replies"]]
        elif custom.get("text") or message.get("text"):
            replies.append(Reply.read({"kind": kind, **message, **custom}))
    if not (replies or handoff or wish):
        raise ValueError("the engine said nothing")
    return EngineTurn(status or "small_talk", tuple(replies), handoff, parsed, guided, wish, wants)
