"""The example client, as it stands in the guide, against the real application: it asks, reads, closes, and verifies what it is told."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from tests.channels.api import Api
from tests.channels.partnership import HOTLINE, PORTAL, key_of
from tests.support import ROOT
from zhixun.messages import Event
from zhixun.retries import AGAIN
from zhixun.signing import signature_of

BODY = b'{"event": "claimed"}'


@pytest.fixture
def client() -> ModuleType:
    spec = importlib.util.spec_from_file_location("client", ROOT / "docs" / "examples" / "client.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def _served(server: Any) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_it_opens_asks_reads_and_closes(api: Api, client: ModuleType) -> None:
    zhixun = client.Zhixun(api.base + "/", await key_of(api.office))
    session = await asyncio.to_thread(zhixun.open, "青海省", consent=True)
    assert session.replies
    turn = await asyncio.to_thread(session.ask, "异议期多久", "m-1")
    assert (turn["consultation"], turn["replies"][0]["text"]) == (session.number, "答：异议期多久")
    assert await asyncio.to_thread(session.ask, "异议期多久", "m-1") == turn
    assert [entry["text"] for entry in await asyncio.to_thread(session.read)][-2:] == ["异议期多久", "答：异议期多久"]
    await api.office.add(session.number, Event("said", "staff:lina", {"turn": 0, "kind": "staff"}, {"text": "您好"}))
    assert [entry["from"] for entry in await asyncio.to_thread(session.read)] == ["staff"]
    receipt = await asyncio.to_thread(session.close)
    assert (receipt["number"], bool(receipt["code"])) == (session.number, True)
    assert (await asyncio.to_thread(zhixun.standing, session.number))["state"] == "closed"


async def test_it_tells_why_it_was_refused(api: Api, client: ModuleType) -> None:
    for key, status, words in (("zk_0_x", 401, "密钥不对"), (await key_of(api.office, HOTLINE, ["status"]), 403, "权限")):
        with pytest.raises(client.Refused, match=words) as told:
            await asyncio.to_thread(client.Zhixun(api.base, key).open)
        assert told.value.status == status


async def test_it_waits_when_it_is_told_to(limited: Api, client: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[int] = []

    def sleep(seconds: int) -> None:
        waited.append(seconds)
        limited.seconds[0] += seconds

    monkeypatch.setattr(client.time, "sleep", sleep)
    zhixun = client.Zhixun(limited.base, await key_of(limited.office, per_minute=30))
    sessions = [await asyncio.to_thread(zhixun.open) for _ in range(7)]
    assert (len({session.number for session in sessions}), waited) == (7, [3])


async def test_it_takes_what_it_is_told_once(api: Api, client: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    office, taken = api.office, list[Any]()
    office.clock.turn_to(datetime.now(UTC))
    partners, key = api.partners, await key_of(office)
    hooks = client.Hooks("")
    with _served(client.receive(hooks, 0, taken.append)) as url:
        hooks.secret = (await partners.hooks.set(PORTAL, url)).encode()
        await partners.news.catch_up()
        await partners.hooks.ping(PORTAL)
        session = await asyncio.to_thread(client.Zhixun(api.base, key).open)
        await office.add(session.number, Event("handed_off", "zhixun", {"state": "queued", "reason": "asked"}))
        await office.add(session.number, Event("claimed", "staff:lina", {"state": "staff", "operator": "lina"}))
        await partners.news.catch_up()
        assert await partners.posts.carry_due() == 2
        # A wrong secret is refused, and what is refused comes again.
        right, hooks.secret = hooks.secret, b"other"
        await office.add(session.number, Event("returned", "staff:lina", {"state": "bot", "reason": "given_back"}))
        await partners.news.catch_up()
        await partners.posts.carry_due()
        assert office.sql("SELECT error FROM hook_deliveries WHERE standing = 'waiting'") == [("对方系统没有接受（HTTP 400）",)]
        hooks.secret = right
        office.clock.turn_by(AGAIN[0])
        assert await partners.posts.carry_due() == 1
    assert [(told["event"], told.get("state")) for told in taken] == [
        ("ping", None), ("handed_off", "queued"), ("claimed", "staff"), ("returned", "bot"),
    ]  # fmt: skip


def _signed(at: float, delivery: str = "ZX-1/2", secret: bytes = b"s", body: bytes = BODY) -> dict[str, str]:
    stamp = str(int(at))
    return {"X-Zhixun-Timestamp": stamp, "X-Zhixun-Delivery": delivery, "X-Zhixun-Signature": signature_of(secret, stamp, body)}


def test_it_is_not_taken_in(client: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_800_000_000.0]
    monkeypatch.setattr(client.time, "time", lambda: now[0])
    hooks = client.Hooks("s")
    assert hooks.verify(_signed(now[0]), BODY) == {"event": "claimed"}
    # The same again, as it was caught on the way or as it comes again with a new time, is taken once.
    assert hooks.verify(_signed(now[0]), BODY) is None
    now[0] += 3600
    assert hooks.verify(_signed(now[0]), BODY) is None
    good = _signed(now[0], "ZX-1/3")
    bad = [{}, {**good, "X-Zhixun-Signature": ""}, {**good, "X-Zhixun-Timestamp": str(int(now[0]) + 1)}, _signed(now[0], secret=b"x"),
           _signed(now[0] - 301, "ZX-1/3"), _signed(now[0] + 61, "ZX-1/3"), {**good, "X-Zhixun-Signature": "é"}]  # fmt: skip
    for headers in bad:
        with pytest.raises(ValueError, match=r"签名|时间"):
            hooks.verify(headers, BODY)
    with pytest.raises(ValueError, match="签名"):
        hooks.verify(good, BODY + b" ")
    assert hooks.verify(good, BODY) == {"event": "claimed"}
    now[0] += client.REMEMBERED
    assert list(hooks.taken) == ["ZX-1/2", "ZX-1/3"]
    hooks.verify(_signed(now[0], "ZX-1/4"), BODY)
    assert list(hooks.taken) == ["ZX-1/4"]


def test_it_uses_nothing_but_the_standard_library(client: ModuleType) -> None:
    import ast
    import sys

    tree = ast.parse((ROOT / "docs" / "examples" / "client.py").read_text("utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names)


def test_what_is_remembered_outlasts_what_comes_again(client: ModuleType) -> None:
    assert sum(wait.total_seconds() for wait in AGAIN) < 15 * 3600 < client.REMEMBERED
