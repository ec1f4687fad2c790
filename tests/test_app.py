"""The whole service as app.py joins it, with a small server in the engine's place: start, serve, degrade, stop, recover."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tests.channels.api import Answer, hold_against_description
from tests.doubles.receiver import Receiver, receiving
from tests.knowledge.made import write
from tests.support import ROOT, until
from zhixun.app import serve
from zhixun.channels.partners.keys import SCOPES
from zhixun.commands import main
from zhixun.errors import StopNow
from zhixun.messages import Event
from zhixun.partnered import join_partners
from zhixun.settings import Settings, read_settings
from zhixun.store import open_archive


@dataclass
class Engine:
    """Answers as the engine's door does."""

    up: bool = True
    heard: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)

    def application(self) -> web.Application:
        served = web.Application()
        served.router.add_get("/webhooks/zhixun/", self._health)
        served.router.add_post("/webhooks/zhixun/webhook", self._turn)
        served.router.add_post("/webhooks/zhixun/forget", self._forget)
        return served

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({}, status=200 if self.up else 503)

    async def _turn(self, request: web.Request) -> web.Response:
        self.tokens.add(request.headers.get("Authorization"))
        text = (await request.json())["message"]
        self.heard.append(text)
        reply = {"text": f"答：{text}", "knowledge": ["q"], "basis": [], "buttons": []}
        answer = {"messages": [{"custom": {"status": "answered", "replies": [reply]}}], "parsed": {"intent": "ask"}}
        return web.json_response(answer, status=200 if self.up else 500)

    async def _forget(self, request: web.Request) -> web.Response:
        self.forgotten.append((await request.json())["sender"])
        return web.json_response({})


@dataclass
class Running:
    """The running service, and what it put on the screen."""

    settings: Settings
    base: str
    http: ClientSession
    said: list[str]
    service: asyncio.Task[None]

    async def call(self, method: str, path: str, body: Any = None, session: str = "") -> Answer:
        headers = {"Authorization": f"Bearer {session}"} if session else {}
        async with self.http.request(method, self.base + path, json=body, headers=headers) as response:
            content = await response.json() if "json" in response.content_type else await response.text()
            answer = Answer(response.status, content, dict(response.headers))
        if path.startswith("/api/"):
            hold_against_description(method, path.partition("?")[0], answer)
        return answer

    async def until_said(self, words: str) -> str:
        """Wait until the screen shows `words`; fails with the service when that fails."""
        async with asyncio.timeout(20):
            while not (found := [line for line in self.said if words in line]):
                if self.service.done():
                    self.service.result()
                await asyncio.to_thread(lambda: None)
        return found[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def engine() -> Engine:
    return Engine()


@pytest.fixture
async def settings(tmp_path: Path, engine: Engine) -> AsyncIterator[Settings]:
    # The knowledge is small, so that starting takes no time; the deployment's own words are this repository's.
    knowledge = write(tmp_path / "project" / "knowledge")
    for name in ("site.yml", "calendar.yml"):
        shutil.copy(ROOT / "knowledge" / name, knowledge)
    token = tmp_path / "token"
    token.write_text("token-of-the-door\n")
    async with TestServer(engine.application()) as server:
        yield read_settings({
            "ZHIXUN_PROJECT_DIR": str(tmp_path / "project"), "ZHIXUN_DATA_DIR": str(tmp_path / "var"),
            "ZHIXUN_HTTP_PORT": str(_free_port()), "ZHIXUN_TODAY": "2026-11-20",
            "ZHIXUN_ENGINE_URL": f"http://{server.host}:{server.port}", "ZHIXUN_ENGINE_TOKEN_FILE": str(token),
        })  # fmt: skip


@contextlib.asynccontextmanager
async def _running(settings: Settings) -> AsyncIterator[Running]:
    stopped, said = asyncio.Event(), list[str]()
    service = asyncio.create_task(serve(settings, stopped, said.append))
    try:
        async with ClientSession() as http:
            running = Running(settings, f"http://127.0.0.1:{settings.http_port}", http, said, service)
            await running.until_said("公众页面")
            yield running
    finally:
        stopped.set()
        await asyncio.wait({service})
    service.result()


async def test_a_consultation_from_the_first_word_to_the_receipt(settings: Settings, engine: Engine) -> None:
    async with _running(settings) as running:
        await running.until_said("智能应答已就绪")
        opened = (await running.call("POST", "/api/v1/sessions", {"region": "青海省"})).body
        assert opened["consultation"].startswith("ZX-20261120-000001")
        session = opened["session"]
        turn = (await running.call("POST", "/api/v1/messages", {"text": "异议期多久", "message_id": "m-1"}, session)).body
        assert (turn["status"], turn["replies"][0]["text"]) == ("answered", "答：异议期多久")
        closed = (await running.call("POST", "/api/v1/close", {}, session)).body
        receipt = (await running.call("POST", "/api/v1/receipts", closed["receipt"])).body
        assert (receipt["state"], receipt["intact"]) == ("closed", True)
        assert engine.forgotten == [opened["consultation"]]
        assert engine.tokens == {"Bearer token-of-the-door"}
        metrics = (await running.call("GET", "/metrics")).body
        assert 'zhixun_turns_total{status="answered"} 1.0' in metrics
        assert "zhixun_turn_seconds_count 1.0" in metrics


async def test_readiness_tells_of_every_part(settings: Settings, engine: Engine) -> None:
    async with _running(settings) as running:
        await running.until_said("智能应答已就绪")
        ready = await running.call("GET", "/readyz")
        assert (ready.status, ready.body["ready"]) == (200, True)
        assert set(ready.body["parts"]) == {"service", "database", "engine", "knowledge", "disk"}
        assert ready.body["parts"]["service"] == "已就绪"
        assert ready.body["parts"]["disk"]["free_bytes"] > 0
        assert "zhixun_engine_ready 1.0" in (await running.call("GET", "/metrics")).body
        assert (await running.call("GET", "/healthz")).body == {"alive": True}


async def test_without_an_engine_the_service_speaks_truthfully_and_hands_over(settings: Settings, engine: Engine) -> None:
    engine.up = False
    async with _running(settings) as running:
        assert (await running.call("GET", "/readyz")).status == 503
        session = (await running.call("POST", "/api/v1/sessions", {})).body["session"]
        turn = (await running.call("POST", "/api/v1/messages", {"text": "异议期多久"}, session)).body
        assert (turn["status"], turn["owner"]) == ("degraded", "bot")
        assert (await running.call("POST", "/api/v1/messages", {"text": "转人工"}, session)).body["owner"] == "queue"
        engine.up = True
        await running.until_said("智能应答已就绪")
        second = (await running.call("POST", "/api/v1/sessions", {})).body["session"]
        assert (await running.call("POST", "/api/v1/messages", {"text": "异议期多久"}, second)).body["status"] == "answered"


async def test_a_partner_opens_with_its_key_and_is_told_what_happens(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhixun.partnered.NEWS_SECONDS", 0.05)
    monkeypatch.setattr("zhixun.partnered.POST_SECONDS", 0.05)
    receiver = Receiver()
    async with receiving(receiver) as url:
        settings = dataclasses.replace(settings, webhook_private_hosts=frozenset({"127.0.0.1"}))
        async with open_archive(settings) as archive:
            partners = join_partners(settings, archive.database, archive.clock, archive.daybook)
            key = await partners.keys.add("城市门户", list(SCOPES), per_minute=600, until=date(2999, 1, 1))
            receiver.secret = (await partners.hooks.set("城市门户", url)).encode()
            await partners.news.catch_up()
        async with _running(settings) as city:
            opened = await city.call("POST", "/api/v1/sessions", {}, session=key)
            assert opened.status == 201
            number = opened.body["consultation"]
            await city.call("POST", "/api/v1/close", session=opened.body["session"])
            told = await city.call("GET", f"/api/v1/partner/consultations/{number}", session=key)
            assert (told.status, told.body["state"]) == (200, "closed")
            await until(lambda: receiver.got)
    assert [(body["event"], body["consultation"]) for body in receiver.bodies] == [("closed", number)]
    assert receiver.violations == []


async def test_what_was_said_outlives_a_restart(settings: Settings) -> None:
    async with _running(settings) as running:
        session = (await running.call("POST", "/api/v1/sessions", {})).body["session"]
        await running.call("POST", "/api/v1/messages", {"text": "异议期多久"}, session)
        before = (await running.call("GET", "/api/v1/messages", session=session)).body
    async with _running(settings) as running:
        assert (await running.call("GET", "/api/v1/messages", session=session)).body == before


async def test_a_start_finishes_what_a_crash_left(settings: Settings, engine: Engine) -> None:
    async with _running(settings) as running:
        opened = (await running.call("POST", "/api/v1/sessions", {})).body
        ended = (await running.call("POST", "/api/v1/sessions", {})).body["consultation"]
    async with open_archive(settings) as archive, archive.database.write() as connection:
        # As a process leaves it that died right after the words, or right after the end, were written.
        said = Event("said", "citizen", {"turn": 1, "hidden": []}, {"text": "没来得及答的话"})
        await archive.journal.append(connection, opened["consultation"], [said])
        await archive.journal.append(connection, ended, [Event("closed", "citizen", {"state": "closed", "reason": "citizen"})])
    async with _running(settings) as running:
        await running.until_said("补封了 1 件")
        await running.until_said("补答了上次中断时的 1 条提问")
        entries = (await running.call("GET", "/api/v1/messages", session=opened["session"])).body["entries"]
        assert entries[-1]["text"] == "答：没来得及答的话"


async def test_what_a_full_disk_left_unsealed_is_sealed_without_a_restart(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zhixun.app.LEDGER_CHECK_SECONDS", 0.01)
    async with _running(settings) as running:
        opened = (await running.call("POST", "/api/v1/sessions", {})).body
        year = settings.data_dir / "archive" / "2026"
        year.write_text("a file stands where the folder should")
        assert (await running.call("POST", "/api/v1/close", {}, opened["session"])).status == 500
        year.unlink()
        await until(lambda: list(year.rglob(f"{opened['consultation']}*.json")))


async def test_the_first_password_is_told_once(settings: Settings) -> None:
    async with _running(settings) as running:
        line = await running.until_said("一次性密码")
        password = line.rsplit("：", 1)[-1]
        assert password.encode() not in b"".join(path.read_bytes() for path in settings.data_dir.rglob("*") if path.is_file())
    async with _running(settings) as running:
        await running.call("GET", "/healthz")
        await running.until_said("智能应答已就绪")
        assert not [line for line in running.said if "一次性密码" in line]


async def test_an_export_that_a_crash_left_in_the_clear_is_gone_after_the_start(settings: Settings) -> None:
    left = settings.data_dir / "drafts" / "tmp1" / "cases.csv"
    left.parent.mkdir(parents=True)
    left.write_text("13897123456")
    async with _running(settings) as running:
        await running.call("GET", "/healthz")
        assert list((settings.data_dir / "drafts").iterdir()) == []


async def test_bodies_have_a_bound(settings: Settings) -> None:
    async with _running(settings) as running:
        answer = await running.call("POST", "/api/v1/sessions", {"region": "长" * 70_000})
        assert (answer.status, answer.body["error"]["code"]) == (413, "too_large")


async def test_the_command_asks_the_running_service(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHIXUN_HTTP_PORT", str(settings.http_port))
    assert await asyncio.to_thread(main, ["ask", "异议期多久"]) == 3
    assert "请先运行 zhixun serve" in capsys.readouterr().err
    async with _running(settings) as running:
        await running.until_said("智能应答已就绪")
        assert await asyncio.to_thread(main, ["ask", "异议期多久"]) == 0
        out = capsys.readouterr().out
        assert out.startswith("答：异议期多久\n")
        assert "[answered] ZX-20261120-000001" in out
        assert await asyncio.to_thread(main, ["ask", "？"]) == 3
        assert "没有看到文字" in capsys.readouterr().err


async def test_a_port_that_is_taken_is_told(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.http_port))
        taken.listen()
        with pytest.raises(StopNow, match="ZHIXUN_HTTP_PORT"):
            async with _running(settings):
                pass


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
async def test_without_limits_only_this_machine_may_be_served(settings: Settings, host: str) -> None:
    with pytest.raises(StopNow, match="ZHIXUN_LIMITS=off"):
        async with _running(dataclasses.replace(settings, limits=False, http_host=host)):
            pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_without_limits_this_machine_may_be_served(settings: Settings, host: str) -> None:
    async with _running(dataclasses.replace(settings, limits=False, http_host=host)) as running:
        assert (await running.call("GET", "/healthz")).status == 200


async def test_an_engine_elsewhere_needs_its_token(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(StopNow, match="ZHIXUN_ENGINE_TOKEN_FILE"):
        async with _running(dataclasses.replace(settings, engine_token_file=None)):
            pass
    with pytest.raises(StopNow, match=r"gone.* 无法读取"):
        async with _running(dataclasses.replace(settings, engine_token_file=tmp_path / "gone")):
            pass
