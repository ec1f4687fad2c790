"""The whole service with Telegram as its settings give it: it starts without it, answers by it, and keeps what is sent there."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.doubles.telegram import SECRET, TOKEN, Telegram, Trouble
from tests.knowledge.made import write
from tests.sample_files import png
from tests.support import ROOT, until
from zhixun.app import serve
from zhixun.settings import Settings, read_settings

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

PUBLIC = "https://ip.example.cn"


async def _turn(request: web.Request) -> web.Response:
    text = (await request.json())["message"]
    reply = {"text": f"答：{text}", "knowledge": ["q"], "basis": [], "buttons": []}
    return web.json_response({"messages": [{"custom": {"status": "answered", "replies": [reply]}}], "parsed": {"intent": "ask"}})


async def _well(_request: web.Request) -> web.Response:
    return web.json_response({})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def _served(folder: Path, double: Telegram, **more: str) -> AsyncIterator[Settings]:
    # The knowledge is small, so that starting takes no time; the deployment's own words are this repository's.
    knowledge = write(folder / "project" / "knowledge")
    for name in ("site.yml", "calendar.yml"):
        shutil.copy(ROOT / "knowledge" / name, knowledge)
    for name, value in (("token", TOKEN), ("secret", SECRET), ("engine", "token-of-the-door")):
        (folder / name).write_text(f"{value}\n")
    engine = web.Application()
    engine.add_routes([web.get("/webhooks/zhixun/", _well), web.post("/webhooks/zhixun/webhook", _turn),
                       web.post("/webhooks/zhixun/forget", _well)])  # fmt: skip
    async with TestServer(engine) as server:
        settings = read_settings({f"ZHIXUN_{name}": value for name, value in {
            "PROJECT_DIR": str(folder / "project"), "DATA_DIR": str(folder / "var"), "HTTP_PORT": str(_free_port()),
            "ENGINE_URL": f"http://{server.host}:{server.port}", "ENGINE_TOKEN_FILE": str(folder / "engine"),
            "TELEGRAM_TOKEN_FILE": str(folder / "token"), "TELEGRAM_API_URL": double.url, **more,
        }.items()})  # fmt: skip
        double.hosts[PUBLIC] = f"http://127.0.0.1:{settings.http_port}"
        stopped, said = asyncio.Event(), list[str]()
        service = asyncio.create_task(serve(settings, stopped, said.append))
        try:
            await until(lambda: service.done() or any("已就绪" in line for line in said))
            yield settings
        finally:
            stopped.set()
            await asyncio.wait({service})
        service.result()


def _sql(settings: Settings, statement: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(settings.data_dir / "zhixun.db")) as other:
        return list(other.execute(statement))


async def test_pushed_words_are_answered_and_a_pushed_picture_is_kept(tmp_path: Path, double: Telegram) -> None:
    double.files["pic"] = png(noise=b"x" * 5000)
    double.trouble("setWebhook", Trouble(502, "Bad Gateway"))
    async with _served(tmp_path, double, PUBLIC_URL=PUBLIC, TELEGRAM_SECRET_FILE=str(tmp_path / "secret")) as settings:
        await until(lambda: double.webhook)
        assert await double.push(double.says("异议期多久")) == [200]
        await until(lambda: double.sent)
        assert double.texts()[-1].endswith("答：异议期多久")
        picture = double.message(photo=[{"file_id": "pic", "width": 2, "height": 3}], caption="这个能注册吗")
        assert await double.push(double.update(message=picture)) == [200]
        await until(lambda: _sql(settings, "SELECT 1 FROM attachments"))
        await until(lambda: "答：这个能注册吗" in "\n".join(double.texts()))
        ((kind,),) = _sql(settings, "SELECT type FROM attachments")
        assert kind == "image/png"


async def test_asked_for_words_are_answered_and_the_address_is_shut(tmp_path: Path, double: Telegram) -> None:
    double.wait(double.says("异议期多久"))
    async with _served(tmp_path, double, TELEGRAM_POLLING="on"):
        await until(lambda: double.sent)
        assert double.texts()[-1].endswith("答：异议期多久")
        double.webhook = {"url": f"{PUBLIC}/channels/telegram"}
        assert await double.push_raw(b"{}", secret=SECRET) == [404]
        double.webhook = {}


async def test_the_service_starts_where_there_is_no_telegram(tmp_path: Path, double: Telegram) -> None:
    more = {"TELEGRAM_API_URL": f"http://127.0.0.1:{_free_port()}", "TELEGRAM_SECRET_FILE": str(tmp_path / "secret")}
    async with _served(tmp_path, double, PUBLIC_URL=PUBLIC, **more) as settings:
        double.webhook = {"url": f"{PUBLIC}/channels/telegram"}
        # What was set up before is taken; what is said waits until Telegram can be reached.
        assert await double.push_raw(b'{"update_id": 1}', secret=SECRET) == [200]
        assert await double.push(double.says("异议期多久"), most=1) == [403]
        double.webhook["secret_token"] = SECRET
        assert await double.push(double.says("异议期多久"), most=1) == [200]
        await until(lambda: _sql(settings, "SELECT 1 FROM outbox WHERE standing='waiting' AND attempts > 0"))
