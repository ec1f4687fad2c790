"""The engine is killed while people talk: they get the truth at once, nothing said is lost, and it comes back by itself."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.clerks import Clerk
from tests.product import OPEN, TODAY, Citizen, Product, deployed, request, shown

pytestmark = pytest.mark.slow

PROMISED_SECONDS = 3.0


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with deployed(tmp_path_factory.mktemp("engine-lost"), LIMITS="off", TODAY=TODAY) as product:
        yield product.start()


def test_a_killed_engine_is_told_truthfully_and_comes_back(own: Product) -> None:
    citizen, waiting, guided = own.open(), own.open(), own.open()
    assert guided.say("测一测能不能减缴专利费")["status"] == "guide"
    assert "第2步" in shown(guided.say("企业"))
    assert citizen.say("商标异议期是多久")["status"] == "answered"
    first = _engine_of(own)
    os.kill(first, signal.SIGKILL)

    lost = _timed(citizen, "发明专利保护多少年")
    assert (lost["status"], lost["owner"]) == ("degraded", "bot")
    assert "已经保存" in shown(lost)
    assert [button["payload"] for button in lost["replies"][0]["buttons"]] == ["转人工"]
    assert ("citizen", "发明专利保护多少年") in citizen.texts()

    # A person can be had without it, and what is added is kept.
    handed = _timed(waiting, "转人工")
    assert (handed["status"], handed["owner"]) == ("handoff", "queue")
    assert _timed(waiting, "我的商标被抢注了")["owner"] == "queue"
    assert waiting.number in Clerk.hired(own, "wang").send("GET", "/desk/queue")[2]

    # Closing and its receipt need no engine either.
    third = own.open()
    assert third.say("转人工")["status"] == "handoff"
    assert third.close()["number"] == third.number

    own.running.until(lambda: own.engine_pid() not in (None, first) and own.ready(), "the engine is back", 120)
    again = citizen.say("发明专利保护多少年")
    assert again["status"] == "answered"
    assert "20年" in shown(again)
    state = json.loads(request(own.url, "GET", "/readyz")[2])["parts"]
    assert state["engine"] == {"ready": True, "restarts": 1}
    # What was remembered of the dialogue before the loss is still there.
    assert citizen.say("那外观呢")["status"] == "answered"
    assert "第3步" in shown(guided.say("亏损"))
    own.verified()


def test_killed_in_the_middle_of_many_turns_every_one_gets_an_answer_in_time(own: Product) -> None:
    citizens = [own.open() for _ in range(8)]
    engine = _engine_of(own)

    def talk(citizen: Citizen) -> list[str]:
        return [
            _timed(citizen, text)["status"] for text in ("商标异议期是多久", "那专利呢", "怎么申请专利", "你好", "外观专利多久")
        ]

    with ThreadPoolExecutor(8) as pool:
        talks = [pool.submit(talk, citizen) for citizen in citizens]
        own.running.until(lambda: any(len(citizen.texts()) > 4 for citizen in citizens), "the talk is under way", 30)
        os.kill(engine, signal.SIGKILL)
        statuses = [talked.result(60) for talked in talks]
    assert any("degraded" in of for of in statuses)
    for citizen, of in zip(citizens, statuses, strict=True):
        assert len(of) == 5
        assert len([who for who, _ in citizen.texts() if who == "citizen"]) == 5
    own.running.until(own.ready, "the engine is back", 120)
    own.verified()


def test_an_engine_that_hangs_is_no_reason_to_wait(own: Product) -> None:
    own.running.until(own.ready, "ready", 120)
    engine = _engine_of(own)
    citizen = own.open()
    os.kill(engine, signal.SIGSTOP)
    try:
        turn = _timed(citizen, "商标异议期是多久")
        assert turn["status"] == "degraded"
        assert request(own.url, "GET", "/healthz")[0] == 200
    finally:
        os.kill(engine, signal.SIGCONT)
    own.running.until(own.ready, "ready", 60)
    assert citizen.say("商标异议期是多久")["status"] == "answered"


def test_no_engine_is_left_behind(own: Product) -> None:
    """Neither when the service is killed, working or still starting, nor when it is stopped."""
    for ready, number in ((True, signal.SIGKILL), (False, signal.SIGKILL), (False, signal.SIGTERM)):
        if not ready:
            own.start(OPEN)
        engine = os.pidfd_open(_engine_of(own))
        try:
            code = own.running.end(number)
            own.service = None
            ended, _, _ = select.select([engine], [], [], 30)
        finally:
            os.close(engine)
        assert ended, "an engine was left behind"
        assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)


def _timed(citizen: Citizen, text: str) -> dict[str, object]:
    began = time.monotonic()
    turn = citizen.say(text)
    assert time.monotonic() - began < PROMISED_SECONDS, f"“{text}” took {time.monotonic() - began:.2f} s"
    return turn


def _engine_of(product: Product) -> int:
    return product.running.until(product.engine_pid, "an engine runs", 60)
