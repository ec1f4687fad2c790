"""Starts the engine (`rasa run` on loopback), watches it, and starts it again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path

import yaml

from zhixun.clock import monotonic
from zhixun.conversation.engine import EngineClient
from zhixun.errors import StopNow

__all__ = ["EngineFiles", "Supervisor", "write_engine_files"]

_log = logging.getLogger(__name__)

_STOP_SECONDS = 10.0
_WATCH_SECONDS = 0.5
_SILENT_SECONDS = 30.0
_RESTART_SECONDS = (0.2, 1.0, 3.0, 10.0, 30.0)


class EngineFiles:
    """Where the engine finds what it needs.

    Args:
        project: the folder of config.yml and domain.yml; `model`: the trained model; `folder`: for endpoints and logs.
        name: tells the endpoints of an engine from those of another one beside it; memory and log are shared.
    """

    def __init__(self, project: Path, model: Path, folder: Path, name: str = "") -> None:
        self.project = project
        self.model = model
        self.folder = folder
        self.endpoints = folder / f"endpoints{name}.yml"
        self.credentials = folder / f"credentials{name}.yml"
        self.log = folder / "engine.log"
        self.tracker = folder / "tracker.db"


def write_engine_files(files: EngineFiles, *, actions_url: str, actions_token: str, door_token: str,
                       write_secret: Callable[[Path, bytes], None]) -> None:  # fmt: skip
    """Write the engine's endpoints and credentials, readable by the owner alone."""
    endpoints = {
        "action_endpoint": {"url": actions_url, "token": actions_token},
        "tracker_store": {"type": "zhixun.nlu.tracker.DialogueStore", "url": f"sqlite:///{files.tracker}"},
    }
    credentials = {"zhixun.nlu.door.ServiceInput": {"token": door_token}}
    write_secret(files.endpoints, yaml.safe_dump(endpoints).encode())
    write_secret(files.credentials, yaml.safe_dump(credentials).encode())


class Supervisor:
    """Keeps one engine process alive; use it with `async with`.

    Args:
        files: the engine's files.
        port: where it listens on 127.0.0.1.
        client: told when the engine is ready and when it is not.
    """

    def __init__(self, files: EngineFiles, port: int, client: EngineClient) -> None:
        self._files = files
        self._port = port
        self._client = client
        self._process: Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.restarts = 0

    async def __aenter__(self) -> Supervisor:
        if not self._files.model.exists():
            raise StopNow(f"没有训练好的模型 {self._files.model.name}。请先运行：zhixun train")
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._stop()

    @property
    def pid(self) -> int | None:
        """Return the engine's process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def _watch(self) -> None:
        failures = 0
        while True:
            try:
                self._process = await self._start()
                served, end = await self._attend(self._process)
            except OSError as error:  # no memory, no process to be had: later there may be
                served, end = False, type(error).__name__
            self._client.ready = False
            failures = 0 if served else failures
            pause = _RESTART_SECONDS[min(failures, len(_RESTART_SECONDS) - 1)]
            failures, self.restarts = failures + 1, self.restarts + 1
            _log.error("engine ended (%s); starting it again in %.1f s", end, pause)
            await asyncio.sleep(pause)

    async def _attend(self, process: Process) -> tuple[bool, str]:
        """Ask after the engine until it ends; returns whether it ever answered, and its exit code.

        One that has answered and then stays silent lives but hangs: it is killed, so that it can be started again.
        """
        served, heard = False, monotonic()
        waiting = asyncio.create_task(process.wait())
        while not waiting.done():
            if await self._client.check():
                served, heard = True, monotonic()
            elif served and monotonic() - heard > _SILENT_SECONDS:
                _log.error("engine is silent for %.0f s", _SILENT_SECONDS)
                process.kill()
            await asyncio.wait({waiting}, timeout=_WATCH_SECONDS if not self._client.ready else 2 * _WATCH_SECONDS)
        return served, f"code {process.returncode}"

    async def _start(self) -> Process:
        environment = {
            **os.environ,
            "RASA_TELEMETRY_ENABLED": "false",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
            "PYTHONWARNINGS": "ignore",
            "PYTHONPATH": str(self._files.project),
            # Rasa writes what citizens say at debug level.
            "LOG_LEVEL": "WARNING",
            "ZHIXUN_PARENT": str(os.getpid()),
        }
        command = [
            sys.executable, "-m", "zhixun.nlu.run", "run", "--model", str(self._files.model), "--interface", "127.0.0.1",
            "--port", str(self._port), "--endpoints", str(self._files.endpoints), "--credentials", str(self._files.credentials),
        ]  # fmt: skip
        with self._files.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *command, cwd=self._files.project, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    async def _stop(self) -> None:
        if self.pid is None or self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

