"""The engine's keeper, with a small program in the engine's place: started, started again when it dies, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from zhixun.archive.durable import write_private
from zhixun.conversation.engine import EngineClient
from zhixun.conversation.supervisor import EngineFiles, Supervisor, write_engine_files
from zhixun.errors import StopNow

# Stands where `python -m zhixun.nlu.run run …` would: answers the health check and notes how it was started.
PROGRAM = """
import http.server, json, os, sys
given = dict(zip(sys.argv[2::2], sys.argv[3::2]))
assert sys.argv[1] == "run" and given["--interface"] == "127.0.0.1"
names = ("RASA_TELEMETRY_ENABLED", "LOG_LEVEL", "ZHIXUN_PARENT")
with open("started.jsonl", "a") as file:
    file.write(json.dumps({"given": given, "env": {name: os.environ.get(name) for name in names}}) + "\\n")
class Door(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/webhooks/zhixun/" else 404)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", int(given["--port"])), Door).serve_forever()
"""


def _files(folder: Path, program: str = PROGRAM) -> EngineFiles:
    package = folder / "project" / "zhixun" / "nlu"
    package.mkdir(parents=True)
    (package / "run.py").write_text(program)
    model = folder / "model.tar.gz"
    model.write_bytes(b"")
    files = EngineFiles(folder / "project", model, folder / "engine")
    write_engine_files(files, actions_url="http://127.0.0.1:1/webhook", actions_token="for-actions", door_token="for-the-door",
                       write_secret=write_private)  # fmt: skip
    return files


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _supervised(files: EngineFiles) -> AsyncIterator[tuple[Supervisor, EngineClient]]:
    port = _free_port()
    async with EngineClient(f"http://127.0.0.1:{port}", "token") as client, Supervisor(files, port, client) as supervisor:
        yield supervisor, client


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.to_thread(os.sched_yield)


def test_secrets_of_the_engine_are_for_the_owner_alone(tmp_path: Path) -> None:
    files = _files(tmp_path)
    for path in (files.endpoints, files.credentials):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    endpoints = yaml.safe_load(files.endpoints.read_text())
    assert endpoints["action_endpoint"] == {"url": "http://127.0.0.1:1/webhook", "token": "for-actions"}
    assert endpoints["tracker_store"]["url"] == f"sqlite:///{tmp_path}/engine/tracker.db"
    assert yaml.safe_load(files.credentials.read_text()) == {"zhixun.nlu.door.ServiceInput": {"token": "for-the-door"}}


async def test_without_a_model_nothing_is_started(tmp_path: Path) -> None:
    files = _files(tmp_path)
    files.model.unlink()
    with pytest.raises(StopNow, match="zhixun train"):
        async with _supervised(files):
            pass


@pytest.mark.slow
async def test_the_engine_is_started_kept_alive_and_stopped(tmp_path: Path) -> None:
    files = _files(tmp_path)
    async with _supervised(files) as (supervisor, client):
        await _until(lambda: client.ready)
        first = supervisor.pid
        os.kill(first, signal.SIGKILL)
        await _until(lambda: supervisor.restarts == 1)
        await _until(lambda: client.ready and supervisor.pid not in (None, first))
        second = supervisor.pid
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)
    started = [yaml.safe_load(line) for line in (files.project / "started.jsonl").read_text().splitlines()]
    assert len(started) == 2
    assert started[0]["given"]["--credentials"] == str(files.credentials)
    assert started[0]["env"] == {"RASA_TELEMETRY_ENABLED": "false", "LOG_LEVEL": "WARNING", "ZHIXUN_PARENT": str(os.getpid())}


@pytest.mark.slow
async def test_an_engine_that_dies_at_once_is_tried_again_with_patience(tmp_path: Path) -> None:
    files = _files(tmp_path, "import sys; print('no model'); sys.exit(3)")
    async with _supervised(files) as (supervisor, client):
        await _until(lambda: supervisor.restarts >= 2)
        assert client.ready is False
    assert "no model" in files.log.read_text()


async def test_an_engine_that_cannot_be_started_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-such-python"))
    async with _supervised(_files(tmp_path)) as (supervisor, client):
        await _until(lambda: supervisor.restarts == 1)
        assert (supervisor.pid, client.ready) == (None, False)


@pytest.mark.slow
async def test_an_engine_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhixun.conversation.supervisor._STOP_SECONDS", 0.2)
    files = _files(tmp_path, "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + PROGRAM)
    async with _supervised(files) as (supervisor, client):
        await _until(lambda: client.ready)
        pid = supervisor.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.slow
async def test_an_engine_that_lives_but_is_silent_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhixun.conversation.supervisor._SILENT_SECONDS", 0.1)
    async with _supervised(_files(tmp_path)) as (supervisor, client):
        await _until(lambda: client.ready)
        first = supervisor.pid
        os.kill(first, signal.SIGSTOP)
        await _until(lambda: client.ready and supervisor.pid not in (None, first))
        assert supervisor.restarts == 1
