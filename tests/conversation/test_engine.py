"""The engine's client, against a server that speaks the door's language, well or badly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from zhixun.clock import monotonic
from zhixun.conversation.engine import EngineClient
from zhixun.errors import TryLater
from zhixun.messages import Basis, Button, EngineTurn, Reply


class Door:
    """The engine's door as `zhixun/nlu/door.py` documents it; the test says what it answers."""

    def __init__(self) -> None:
        self.answer: Any = {"messages": [{"text": "您好"}], "parsed": {"intent": "greet"}}
        self.status = 200
        self.heard: list[tuple[str, str | None, Any]] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json() if request.method == "POST" else None
        self.heard.append((request.path, request.headers.get("Authorization"), body))
        if callable(self.answer):
            return await self.answer(request)
        return web.json_response(self.answer, status=self.status)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    served = Door()
    application = web.Application()
    application.router.add_route("*", "/webhooks/zhixun/{tail:.*}", served.handle)
    async with TestServer(application) as server:
        served.url = f"http://{server.host}:{server.port}"
        yield served


@pytest.fixture
async def client(door: Door) -> AsyncIterator[EngineClient]:
    async with EngineClient(door.url, "token-of-the-door") as opened:
        yield opened


async def test_a_message_travels_with_its_token_region_and_the_last_question(door: Door, client: EngineClient) -> None:
    turn = await client.ask("ZX-1", "你好", "西宁市", "tm-fees", turn=3)
    about = {"region": "西宁市", "last": "tm-fees", "written": "你好", "turn": 3}
    message = {"sender": "ZX-1", "message": "你好", "metadata": about, "again": False}
    assert door.heard == [("/webhooks/zhixun/webhook", "Bearer token-of-the-door", message)]
    assert turn == EngineTurn("small_talk", (Reply("您好", kind="small_talk"),), parsed={"intent": "greet"})


async def test_an_answer_keeps_its_basis_buttons_and_knowledge(door: Door, client: EngineClient) -> None:
    basis = {"title": "商标法", "locator": "第三十三条", "region": "全国", "in_force": True, "source": "tm", "gist": "三个月"}
    reply = {"text": "三个月。", "knowledge": ["tm"], "basis": [basis], "buttons": [{"title": "怎么提", "payload": "怎么提异议"}]}
    door.answer = {"messages": [{"custom": {"status": "answered", "replies": [reply]}}]}
    turn = await client.ask("ZX-1", "异议期多久", "西宁市")
    expected = Reply("三个月。", ("tm",), (Basis(**basis),), (Button("怎么提", "怎么提异议"),), "answer")
    assert (turn.status, turn.replies, turn.handoff) == ("answered", (expected,), "")


async def test_small_talk_beside_an_answer_does_not_hide_its_status(door: Door, client: EngineClient) -> None:
    door.answer = {"messages": [{"text": "好的"}, {"custom": {"status": "unknown", "text": "没有答复"}}, {"text": "再见"}]}
    turn = await client.ask("ZX-1", "问", "西宁市")
    assert turn.status == "unknown"
    assert [(reply.text, reply.kind) for reply in turn.replies] == [
        ("好的", "small_talk"), ("没有答复", "unknown"), ("再见", "small_talk")
    ]  # fmt: skip


async def test_what_a_guide_found_out_and_whether_it_goes_on(door: Door, client: EngineClient) -> None:
    step = {"status": "guide", "replies": [{"text": "哪一种？"}]}
    door.answer = {"messages": [{"custom": step}]}
    assert (await client.ask("ZX-1", "开始", "西宁市")).in_guide
    door.answer = {"messages": [{"custom": {"status": "answered", "replies": [{"text": "三个月。"}]}}, {"custom": step}]}
    between = await client.ask("ZX-1", "多久", "西宁市")
    assert (between.status, between.in_guide) == ("answered", True)
    door.answer = {"messages": [{"custom": {**step, "guided": {"guide": "made"}}}]}
    ended = await client.ask("ZX-1", "商标", "西宁市")
    assert (ended.in_guide, ended.guided) == (False, {"guide": "made"})


async def test_a_handoff_needs_no_words(door: Door, client: EngineClient) -> None:
    door.answer = {"messages": [{"custom": {"status": "handoff", "handoff": "complaint", "replies": []}}]}
    turn = await client.ask("ZX-1", "投诉", "西宁市")
    assert (turn.status, turn.handoff, turn.replies) == ("handoff", "complaint", ())


@pytest.mark.parametrize(
    "answer",
    [
        [], {}, {"messages": []}, {"messages": None}, {"messages": ["x"]}, {"messages": [{"custom": "x"}]}, {"messages": [{}]},
        {"messages": [{"custom": {"status": "invented", "text": "x"}}]}, {"messages": [{"custom": {"status": "answered", "replies": 5}}]},
        {"messages": [{"custom": {"status": "answered", "replies": [{"text": "x", "basis": [{"title": "无"}]}]}}]},
        {"messages": [{"custom": {"status": "answered", "replies": [{"text": "x", "buttons": [{"title": "无"}]}]}}]},
    ],
)  # fmt: skip
async def test_rubbish_is_no_turn(door: Door, client: EngineClient, answer: Any) -> None:
    door.answer = answer
    with pytest.raises(TryLater) as failed:
        await client.ask("ZX-1", "问", "西宁市")
    assert failed.value.code.startswith("engine_")


@pytest.mark.parametrize("status", [401, 404, 500, 503])
async def test_a_refusal_is_no_turn(door: Door, client: EngineClient, status: int) -> None:
    door.status = status
    with pytest.raises(TryLater) as failed:
        await client.ask("ZX-1", "问", "西宁市")
    assert failed.value.code == f"engine_{status}"


async def test_an_answer_that_is_not_json_is_no_turn(door: Door, client: EngineClient) -> None:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<html>", content_type="text/html")

    door.answer = page
    with pytest.raises(TryLater):
        await client.ask("ZX-1", "问", "西宁市")


async def test_an_engine_that_is_gone_or_drops_the_line_is_told_apart_from_a_turn(door: Door, client: EngineClient) -> None:
    async def drop(request: web.Request) -> web.Response:
        request.transport.close()
        return web.Response()

    door.answer = drop
    with pytest.raises(TryLater):
        await client.ask("ZX-1", "问", "西宁市")
    async with EngineClient("http://127.0.0.1:9", "token") as lost:
        with pytest.raises(TryLater):
            await lost.ask("ZX-1", "问", "西宁市")
        assert await lost.check() is False
        await lost.forget("ZX-1")


async def test_an_engine_that_is_too_slow_is_given_up_within_three_seconds(door: Door, client: EngineClient) -> None:
    stopped = asyncio.Event()

    async def never(_request: web.Request) -> web.Response:
        await stopped.wait()
        return web.Response()

    door.answer = never
    began = monotonic()
    with pytest.raises(TryLater) as failed:
        await client.ask("ZX-1", "问", "西宁市")
    assert failed.value.code == "engine_TimeoutError"
    # The promise is the citizen's: half a second is left for the journal and the way.
    assert monotonic() - began < 3
    stopped.set()


async def test_readiness_is_remembered(door: Door, client: EngineClient) -> None:
    assert client.ready is False
    assert await client.check() is True
    assert client.ready is True
    door.status = 503
    assert await client.check() is False
    assert client.ready is False
    assert {path for path, _, _ in door.heard} == {"/webhooks/zhixun/"}


async def test_a_closed_consultation_is_forgotten(door: Door, client: EngineClient) -> None:
    await client.forget("ZX-1")
    assert door.heard == [("/webhooks/zhixun/forget", "Bearer token-of-the-door", {"sender": "ZX-1"})]


async def test_a_client_that_was_not_opened_says_so() -> None:
    with pytest.raises(TryLater):
        await EngineClient("http://127.0.0.1:9", "token").ask("ZX-1", "问", "西宁市")
