"""Engines beside each other: one is put in front between turns, the old one stops, and one that dies gives way to the old one."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.knowledge.made import knowledge
from tests.support import until
from zhixun import engines as module
from zhixun.conversation.switchboard import Switchboard
from zhixun.engines import Engines, Running
from zhixun.errors import OurFault
from zhixun.knowledge.model import Knowledge
from zhixun.knowledge.shelf import Shelf

# Answers by the name of its model, as the engine's door does; one that is called "broken" ends at once.
PROGRAM = """
import http.server, json, os, sys
given = dict(zip(sys.argv[2::2], sys.argv[3::2]))
name = os.path.basename(given["--model"])
if name == "broken":
    sys.exit(3)
class Door(http.server.BaseHTTPRequestHandler):
    def _say(self, told):
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self._say({"ready": True})
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say({"messages": [{"text": name}], "parsed": {"intent": "ask", "model": name}})
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", int(given["--port"])), Door).serve_forever()
"""
ONE, TWO = replace(knowledge(), version="one"), replace(knowledge(), version="two")


@asynccontextmanager
async def _engines(folder: Path) -> AsyncIterator[tuple[Engines, Shelf, Switchboard]]:
    package = folder / "project" / "zhixun" / "nlu"
    package.mkdir(parents=True)
    (package / "run.py").write_text(PROGRAM)
    shelf, board = Shelf(ONE), Switchboard()
    async with Engines(folder / "project", folder / "engine", shelf, board) as engines:
        yield engines, shelf, board


async def _started(engines: Engines, folder: Path, name: str, known: Knowledge) -> Running:
    (folder / name).write_bytes(b"")
    return await engines.start(folder / name, known)


async def _told(board: Switchboard) -> tuple[str, str]:
    turn = await board.ask("ZX-1", "你好", "西宁市")
    return str(turn.parsed["model"]), str(turn.parsed["version"])


async def _nothing() -> None:
    return None


async def test_a_new_engine_answers_nobody_until_it_is_put_in_front(tmp_path: Path) -> None:
    async with _engines(tmp_path) as (engines, shelf, board):
        old = await _started(engines, tmp_path, "first", ONE)
        assert await engines.ready(old)
        engines.put(old)
        new = await _started(engines, tmp_path, "second", TWO)
        assert await engines.ready(new)
        assert (await _told(board), shelf().version) == (("first", "one"), "one")
        assert set(engines.served) == {"one", "two"}, "each is answered from its own knowledge"
        actions = json.loads(json.dumps((tmp_path / "engine" / "endpoints-2.yml").read_text()))
        assert "/webhook/two" in actions
        agreed = list[str]()

        async def agree() -> None:
            agreed.append(shelf().version)

        await engines.change(new, agree)
        assert (await _told(board), shelf().version, agreed) == (("second", "two"), "two", ["two"])
        assert (old.supervisor.pid, set(engines.served)) == (None, {"two"})
        assert not (tmp_path / "engine" / "endpoints.yml").exists(), "the secrets of one that has stopped are gone"


async def test_one_that_never_gets_ready_changes_nothing(tmp_path: Path) -> None:
    async with _engines(tmp_path) as (engines, shelf, board):
        old = await _started(engines, tmp_path, "first", ONE)
        assert await engines.ready(old)
        engines.put(old)
        broken = await _started(engines, tmp_path, "broken", TWO)
        assert not await engines.ready(broken)
        await engines.stop(broken)
        assert (await _told(board), shelf().version, set(engines.served)) == (("first", "one"), "one", {"one"})


async def test_one_that_dies_at_once_gives_way_to_the_one_before(tmp_path: Path) -> None:
    async with _engines(tmp_path) as (engines, shelf, board):
        old = await _started(engines, tmp_path, "first", ONE)
        new = await _started(engines, tmp_path, "second", TWO)
        assert await engines.ready(old)
        assert await engines.ready(new)
        engines.put(old)
        assert new.supervisor.pid is not None
        os.kill(new.supervisor.pid, signal.SIGKILL)
        with pytest.raises(OurFault, match="已换回原来的"):
            await engines.change(new, _nothing)
        assert (await _told(board), shelf().version, engines.front) == (("first", "one"), "one", old)


async def test_what_cannot_be_written_down_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBATION_SECONDS", 0.0)
    async with _engines(tmp_path) as (engines, shelf, board):
        old = await _started(engines, tmp_path, "first", ONE)
        new = await _started(engines, tmp_path, "second", TWO)
        assert await engines.ready(old)
        assert await engines.ready(new)
        engines.put(old)

        async def refuse() -> None:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            await engines.change(new, refuse)
        assert (await _told(board), shelf().version) == (("first", "one"), "one")


async def test_all_engines_end_with_the_service(tmp_path: Path) -> None:
    async with _engines(tmp_path) as (engines, _, _):
        both = [await _started(engines, tmp_path, name, ONE) for name in ("first", "second")]
        for one in both:
            assert await engines.ready(one)
        await engines.stop(both[1])
        assert set(engines.served) == {"one"}, "the other one still answers from it"
    await until(lambda: [one.supervisor.pid for one in both] == [None, None])
