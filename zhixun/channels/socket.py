"""The citizen API over a WebSocket: the same messages, resumable without loss or repetition.

The socket holds no queue of its own. It always sends what the journal has above the last position it sent, so that a
dropped line resumes wherever the client says it stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from aiohttp import WSCloseCode, WSMsgType, web

from zhixun.channels.faults import SORRY
from zhixun.channels.shapes import checked
from zhixun.channels.web import WebDoor, entry_for_citizen
from zhixun.channels.windows import Windows
from zhixun.errors import CitizenError, OurFault, ZhixunError
from zhixun.limits import ADDRESS, SESSION

__all__ = ["SocketDoor"]

FIRST_FRAME_SECONDS = 10
FRAME_BYTES = 32 * 1024
HEARTBEAT_SECONDS = 30
HIGHEST_POSITION = 2**53

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Window:
    """A window that is open: of which consultation, in which session, and from which address."""

    number: str
    token: str = field(repr=False)
    address: str


class SocketDoor:
    """The WebSocket route.

    Args:
        door: the HTTP door whose rules hold here too.
        windows: rings when a consultation has something new.
        typing: whether somebody at the desk is writing in a consultation right now.
        carried: told of a consultation whose citizen has seen what was said.
    """

    def __init__(self, door: WebDoor, windows: Windows, typing: Callable[[str], bool], carried: Callable[[str], None]) -> None:
        self._door = door
        self._windows = windows
        self._typing = typing
        self._carried = carried

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one window until it closes."""
        self._door.limiter.take(ADDRESS, self._door.address(request))
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=FRAME_BYTES, compress=False)
        await socket.prepare(request)
        try:
            window, after = await self._enter(socket, self._door.address(request))
            with self._windows.open(window.number) as bell:
                sending = asyncio.create_task(self._keep_sending(socket, window, after, bell))
                try:
                    await self._receive(socket, window)
                finally:
                    sending.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await sending
        except ZhixunError as error:
            await _tell(socket, error)
        await socket.close()
        return socket

    async def _enter(self, socket: web.WebSocketResponse, address: str) -> tuple[_Window, int]:
        """Read the first frame: who it is and where it stands."""
        try:
            frame = json.loads(await asyncio.wait_for(socket.receive_str(), FIRST_FRAME_SECONDS))
        except (TimeoutError, TypeError, ValueError, RuntimeError) as error:  # RecursionError is a RuntimeError
            raise CitizenError("首帧应为 {session, after}。", code="bad_frame") from error
        token, after = (frame.get("session"), frame.get("after", 0)) if isinstance(frame, dict) else (None, 0)
        if not isinstance(token, str) or not _is_position(after):
            raise CitizenError("首帧应为 {session, after}。", code="bad_frame")
        number = await self._door.citizens.find(token)
        await self._door.partners.learn(token, number)
        return _Window(number, token, address), after

    async def _keep_sending(self, socket: web.WebSocketResponse, window: _Window, after: int, bell: asyncio.Event) -> None:
        """Send until the window closes; when that fails, close it, so that the other side comes again."""
        try:
            await self._send_new(socket, window, after, bell)
        except ConnectionError:
            pass  # The other side is gone; it comes again with its position.
        except CitizenError as error:
            await _tell(socket, error)
            await socket.close()
        except Exception as error:
            _log.error("window of %s failed: %s", window.number, type(error).__name__)
            await socket.close(code=WSCloseCode.INTERNAL_ERROR)

    async def _send_new(self, socket: web.WebSocketResponse, window: _Window, after: int, bell: asyncio.Event) -> None:
        """Send what is above `after`, and again whenever the bell rings."""
        first, number = True, window.number
        while not socket.closed:
            bell.clear()
            await self._demand(window)
            owner, entries = await self._door.citizens.transcript(number, after)
            if entries or first:
                shown = [shown for shown in map(entry_for_citizen, entries) if shown]
                await socket.send_json({"type": "entries", "entries": shown, "owner": owner, "status": owner}, dumps=_dumps)
                after, first = (entries[-1].seq if entries else after), False
            if owner == "closed":
                await socket.send_json({"type": "closed"})
                return
            if self._typing(number):
                await socket.send_json({"type": "typing"})
            await bell.wait()

    async def _demand(self, window: _Window) -> None:
        """Make sure that a session which a partner's key has opened still stands; those of citizens end with the consultation."""
        if self._door.partners.knows(window.token):
            await self._door.citizens.find(window.token)

    async def _receive(self, socket: web.WebSocketResponse, window: _Window) -> None:
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                await _tell(socket, CitizenError("只接受文字。", code="bad_frame"))
                continue
            message_id = None
            try:
                spoken = self._read(frame.data)
                message_id = spoken.get("message_id")
                await self._take(socket, window, spoken)
            except ZhixunError as error:
                await _tell(socket, error, message_id)
            except Exception as error:
                # The end of a turn. Words of citizens never reach the log.
                _log.error("message in %s failed: %s", window.number, type(error).__name__)
                await _tell(socket, OurFault(SORRY), message_id)

    @staticmethod
    def _read(data: str) -> dict[str, Any]:
        try:
            frame = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise CitizenError("内容不是有效的 JSON。", code="bad_json") from error
        if isinstance(frame, dict) and set(frame) == {"ack"} and _is_position(frame["ack"]):
            return frame
        return checked(frame, "SayRequest")

    async def _take(self, socket: web.WebSocketResponse, window: _Window, frame: dict[str, Any]) -> None:
        self._door.partners.count(window.token, window.address)
        await self._demand(window)
        if "ack" in frame:
            await self._door.citizens.delivered(window.number, frame["ack"])
            self._carried(window.number)
            return
        self._door.limiter.take(SESSION, window.number)
        with contextlib.suppress(ConnectionError):  # The line may drop now; the message came over it and is taken.
            await socket.send_json({"type": "working"})
        # The replies travel by the journal: `say` wakes this window's sender.
        await self._door.turns.say(window.number, frame["text"], frame.get("message_id"))


def _is_position(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= HIGHEST_POSITION


async def _tell(socket: web.WebSocketResponse, error: ZhixunError, message_id: str | None = None) -> None:
    with contextlib.suppress(ConnectionError):
        told = {"code": error.code, "message": error.message, "field": error.field}
        of = {"message_id": message_id} if message_id else {}
        await socket.send_json({"type": "error", "error": told, **of}, dumps=_dumps)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
