"""Whole dialogues: Rasa's own test of stories on the trained model, and conversations over the citizen API."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.product import PROJECT, Process
from zhixun.training import train

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
CONVERSATIONS = yaml.safe_load((HERE / "conversations.yml").read_text("utf-8"))


def test_rasas_own_test_of_the_stories_passes(tmp_path: Path) -> None:
    model = asyncio.run(train(PROJECT, lambda _step: None))
    command = [sys.executable, "-m", "zhixun.nlu.run", "test", "core", "--stories", str(HERE / "test_stories.yml"), "--model",
               str(model), "--out", str(tmp_path), "--fail-on-prediction-errors"]  # fmt: skip
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(PROJECT)}
    tested = Process("rasa test", tmp_path / "log", command, environment)
    tested.popen.wait(240)
    assert tested.end() == 0, tested.tail()
    failed = (tmp_path / "failed_test_stories.yml").read_text("utf-8")
    assert "None of the test stories failed" in failed, failed


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=[conversation["name"] for conversation in CONVERSATIONS])
def test_a_conversation(product: Any, conversation: dict[str, Any]) -> None:
    session = _post(product.url, "/sessions", {"channel": "api"})["session"]
    for turn in conversation["turns"]:
        result = _post(product.url, "/messages", {"text": turn["say"]}, session)
        said = "\n".join(reply["text"] for reply in result["replies"])
        told = f"“{turn['say']}” → {result['status']}: {said}"
        assert result["status"] == turn.get("status", result["status"]), told
        assert result["owner"] == turn.get("owner", "bot"), told
        known = {known for reply in result["replies"] for known in reply["knowledge"]}
        assert turn.get("knowledge") in {None, *known}, told
        assert all(words in said for words in turn.get("says", ())), told
        assert not any(words in said for words in turn.get("never", ())), told
        assert any(reply["buttons"] for reply in result["replies"]) or not turn.get("choices"), told


def _post(base: str, path: str, body: object, session: str = "") -> dict[str, Any]:
    head = {"Content-Type": "application/json", **({"Authorization": f"Bearer {session}"} if session else {})}
    request = urllib.request.Request(f"{base}/api/v1{path}", json.dumps(body).encode(), head)
    with urllib.request.urlopen(request, timeout=20) as answer:
        read: dict[str, Any] = json.load(answer)
        return read
