"""The locked environment: Rasa trains, serves, fills a form, is restarted, and goes on where it was.

Guards the overrides of pyproject.toml (docs/adr/0001): a broken one is seen here and not by a citizen.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.product import PROJECT, Process

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "project"
STORES = {"rasa's own SQL store": None, "the product's store": "zhixun.nlu.tracker.DialogueStore"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compat")
    train = _rasa("train", "--data", str(HERE / "data"), "--domain", str(HERE / "domain.yml"), "--config",
                  str(HERE / "config.yml"), "--out", str(folder), "--fixed-model-name", "compat", log=folder / "train.log")  # fmt: skip
    train.popen.wait(240)
    assert train.end() == 0, train.tail()
    return folder / "compat.tar.gz"


@pytest.mark.parametrize("store", STORES.values(), ids=STORES.keys())
def test_a_form_half_filled_goes_on_after_a_restart(model: Path, store: str | None, tmp_path: Path) -> None:
    with _serving(model, store, tmp_path) as say:
        assert say("你好") == ["您好"]
        assert say("我要预约") == ["您贵姓"]
        assert say("王师傅") == ["哪一天来"]
    with _serving(model, store, tmp_path) as say:
        assert say("下周一上午") == ["王师傅，下周一上午见"]


def _rasa(*arguments: str, log: Path) -> Process:
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(PROJECT)}
    return Process("rasa", log, [sys.executable, "-m", "rasa", *arguments], environment)


@contextmanager
def _serving(model: Path, store: str | None, folder: Path) -> Iterator[object]:
    """Serve the model with its dialogues in `folder`; gives a function that says something and returns the replies."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {"type": store or "SQL", "url": f"sqlite:///{folder}/dialogues.db"}
    (folder / "endpoints.yml").write_text(json.dumps({"tracker_store": kept}))
    (folder / "credentials.yml").write_text("rest:\n")
    server = _rasa("run", "--model", str(model), "--interface", "127.0.0.1", "--port", str(port), "--endpoints",
                   str(folder / "endpoints.yml"), "--credentials", str(folder / "credentials.yml"), log=folder / "server.log")  # fmt: skip

    def say(text: str) -> list[str]:
        body = json.dumps({"sender": "compat", "message": text}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/webhooks/rest/webhook", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return [message["text"] for message in json.load(answer)]

    try:
        server.until(lambda: _listens(port), "the server listens", 120)
        yield say
    finally:
        server.end()


def _listens(port: int) -> bool:
    """A connection is taken once the model is loaded."""
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0
