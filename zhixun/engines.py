"""Starts engines beside each other and puts one in front: the engine, its knowledge and its actions change together between turns."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType

from zhixun.archive.durable import remove, write_private
from zhixun.clock import monotonic, new_token
from zhixun.conversation.engine import EngineClient
from zhixun.conversation.supervisor import EngineFiles, Supervisor, write_engine_files
from zhixun.conversation.switchboard import Switchboard
from zhixun.errors import OurFault
from zhixun.knowledge.model import Knowledge
from zhixun.knowledge.shelf import Shelf

__all__ = ["Engines", "Running", "free_port"]

_log = logging.getLogger(__name__)

READY_SECONDS = 120.0
"""How long a new engine may take until it answers; it takes about eight seconds on an idle machine."""
PROBATION_SECONDS = 3.0
"""How long the old engine stays beside the new one, to take over again if that dies at once."""
DRAIN_SECONDS = 10.0
"""How long a turn may go on with the old engine; its client gives up long before."""
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Running:
    """One engine: its knowledge, its client, what keeps it alive, and what stops it."""

    knowledge: Knowledge
    model: Path
    client: EngineClient
    supervisor: Supervisor
    files: EngineFiles
    stack: contextlib.AsyncExitStack


class Engines:
    """The engines of one service; use it with `async with`, which stops them all at the end.

    Args:
        project: the folder of the Rasa project. folder: for endpoints, logs and the engines' shared memory.
        shelf: holds the knowledge of the engine in front. switchboard: passes on to the engine in front.
    """

    def __init__(self, project: Path, folder: Path, shelf: Shelf, switchboard: Switchboard) -> None:
        self._project = project
        self._folder = folder
        self._shelf = shelf
        self._switchboard = switchboard
        self._served: dict[str, Knowledge] = {}
        self._count = 0
        self._all: list[Running] = []
        self.served = MappingProxyType(self._served)
        """The knowledge of each engine that runs, by its version; the actions answer from it."""
        self.front: Running | None = None
        self.actions_token = new_token()
        self.actions_port = 0
        """Where the actions listen; set before the first start."""

    async def __aenter__(self) -> Engines:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for running in [*self._all]:
            await self.stop(running)

    @property
    def restarts(self) -> int:
        """How often the engine in front had to be started again."""
        return self.front.supervisor.restarts if self.front is not None else 0

    async def start(self, model: Path, knowledge: Knowledge) -> Running:
        """Begin an engine; it answers nobody but whoever holds it until it is put in front."""
        port, token = free_port(), new_token()
        self._count += 1
        # The first one has the plain names that operators look for.
        files = EngineFiles(self._project, model, self._folder, f"-{self._count}" if self._count > 1 else "")
        address = f"http://127.0.0.1:{self.actions_port}/webhook/{knowledge.version}"
        write_engine_files(files, actions_url=address, actions_token=self.actions_token, door_token=token, write_secret=write_private)
        self._served[knowledge.version] = knowledge
        stack = contextlib.AsyncExitStack()
        client = await stack.enter_async_context(EngineClient(f"http://127.0.0.1:{port}", token, knowledge.version))
        supervisor = await stack.enter_async_context(Supervisor(files, port, client))
        running = Running(knowledge, model, client, supervisor, files, stack)
        self._all.append(running)
        return running

    async def ready(self, running: Running) -> bool:
        """Wait until an engine answers; false when it ends or takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                while not running.client.ready and not running.supervisor.restarts:  # noqa: ASYNC110 - the supervisor asks, too
                    await asyncio.sleep(_LOOK_SECONDS)
        return running.client.ready

    def put(self, running: Running) -> None:
        """Let an engine and its knowledge answer from the next turn on; turns that have begun go on with the one before."""
        # Nothing is awaited here: nobody can see one of the two without the other.
        self._switchboard.put(running.client)
        self._shelf.put(running.knowledge)
        self.front = running

    async def change(self, running: Running, agreed: Callable[[], Awaitable[None]]) -> None:
        """Put a ready engine in front and stop the one before; one that dies at once gives way to the one before.

        Args:
            agreed: writes down that the new one stays, once it has stood its probation; when it cannot, the one before takes over again.

        Raises:
            OurFault: the new engine died; the old one answers again, as if nothing had been.
        """
        before = self.front
        self.put(running)
        end = monotonic() + PROBATION_SECONDS
        while monotonic() < end and not running.supervisor.restarts:  # noqa: ASYNC110 - the supervisor has no event for it
            await asyncio.sleep(_LOOK_SECONDS)
        try:
            if running.supervisor.restarts or not running.client.ready:
                raise OurFault("新的智能应答程序启动后马上退出了，已换回原来的。")
            await agreed()
        except BaseException:
            if before is not None:
                self.put(before)
            await self.stop(running)
            raise
        if before is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(before.client.idle(), DRAIN_SECONDS)
            await self.stop(before)

    async def stop(self, running: Running) -> None:
        """Stop an engine and forget its secrets."""
        if running not in self._all:
            return
        self._all.remove(running)
        await running.stack.aclose()
        if not any(one.knowledge.version == running.knowledge.version for one in self._all):
            self._served.pop(running.knowledge.version, None)
        for path in (running.files.endpoints, running.files.credentials):
            remove(path)


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
