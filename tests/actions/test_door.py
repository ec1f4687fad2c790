"""The action endpoint: each engine is answered from the knowledge that it was trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from actions.context import knowledge, serving
from actions.door import actions_application
from tests.support import real_knowledge

ONE = replace(real_knowledge(), version="one")
QUESTION = ONE.questions["tm-opposition-period"]
OTHER = replace(QUESTION, answers=tuple(replace(answer, text="改过的答复。", facts=()) for answer in QUESTION.answers))
TWO = replace(ONE, version="two", questions={**ONE.questions, QUESTION.id: OTHER})


def _call() -> dict[str, Any]:
    message = {"text": "商标异议期", "intent": {"name": "ask"}, "entities": [], "meaning": {"zone": "answer"},
               "metadata": {"region": "西宁市"}, "ranking": [{"question": QUESTION.id, "confidence": 0.99, "score": 1.0}]}  # fmt: skip
    tracker = {"sender_id": "x", "slots": {}, "latest_message": message, "events": [], "paused": False, "followup_action": None,
               "active_loop": {}, "latest_action_name": None, "latest_event_time": 0}  # fmt: skip
    return {"next_action": "action_answer", "sender_id": "x", "tracker": tracker, "domain": {"responses": {}}, "version": "3"}


@pytest.mark.parametrize(("version", "words"), [("one", "3个月"), ("two", "改过的答复")])
async def test_an_engine_is_answered_from_its_own_knowledge(version: str, words: str) -> None:
    async with TestClient[web.Request, web.Application](TestServer(actions_application("token", {"one": ONE, "two": TWO}))) as client:
        answer = await client.post(f"/webhook/{version}?token=token", json=_call())
        assert answer.status == 200
        assert words in json.dumps(await answer.json(), ensure_ascii=False)


async def test_strangers_and_versions_that_have_gone_are_refused() -> None:
    async with TestClient[web.Request, web.Application](TestServer(actions_application("token", {"one": ONE}))) as client:
        assert (await client.post("/webhook/one?token=other", json=_call())).status == 401
        assert (await client.post("/webhook/two?token=token", json=_call())).status == 404


def test_what_is_served_ends_with_the_call() -> None:
    with serving(ONE):
        with serving(TWO):
            assert knowledge() is TWO
        assert knowledge() is ONE
