"""Promise 1: every turn is on disk before anyone sees the reply. kill -9, again and again, loses nothing acknowledged."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from tests.product import Engine, Process, Product, call

pytestmark = pytest.mark.slow

ROUNDS = 8
CLIENTS = 8
WORDS = (
    "商标异议期是多久", "发明专利保护多少年", "那外观呢", "你好", "怎么申请软件著作权", "转人工", "我的材料都准备好了", "取消排队",
    "商标怎么注册", "专利年费没交会怎么样", "再说一遍", "今天天气怎么样", "西宁有哪些知识产权公共服务",
)  # fmt: skip


@dataclass(frozen=True)
class Said:
    """A message that was sent; `turn` is what came back, None when nothing did."""

    session: str
    message_id: str
    text: str
    turn: dict[str, Any] | None


@dataclass
class Load:
    """Citizens who talk until the service is killed under them, after so many acknowledgements."""

    url: str
    service: Process
    left: int
    chance: random.Random
    said: list[Said] = field(default_factory=list)
    receipts: list[dict[str, str]] = field(default_factory=list)

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(self.url, timeout=timeout) as http, asyncio.TaskGroup() as talkers:
            for number in range(CLIENTS):
                talkers.create_task(self._talk(http, random.Random(self.chance.random() + number)))

    async def _talk(self, http: aiohttp.ClientSession, chance: random.Random) -> None:
        try:
            while True:
                opened = await self._post(http, "sessions", {})
                session = opened["session"]
                for turn in range(chance.randrange(2, 7)):
                    await self._say(http, session, f"{session[:8]}-{turn}", chance.choice(WORDS))
                if chance.random() < 0.5:
                    self.receipts.append((await self._post(http, "close", {}, session))["receipt"])
        except (aiohttp.ClientError, ConnectionError):
            return  # the service was killed

    async def _say(self, http: aiohttp.ClientSession, session: str, message_id: str, text: str) -> None:
        turn = None
        try:
            turn = await self._post(http, "messages", {"text": text, "message_id": message_id}, session)
        finally:
            self.said.append(Said(session, message_id, text, turn))
        self.left -= 1
        if self.left == 0:
            self.service.send(signal.SIGKILL)

    async def _post(self, http: aiohttp.ClientSession, what: str, body: object, session: str = "") -> dict[str, Any]:
        head = {"Authorization": f"Bearer {session}"} if session else {}
        async with http.post(f"/api/v1/{what}", json=body, headers=head) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status < 300, answer
            return answer


def test_kill_9_under_load_loses_nothing_that_was_acknowledged(engine: Engine, deploy: Callable[..., Product]) -> None:
    product = deploy(LIMITS="off", **engine.settings)
    chance = random.Random(20261121)
    said: list[Said] = []
    receipts: list[dict[str, str]] = []
    for number in range(ROUNDS):
        product.start()
        if number:
            _nothing_is_lost(product, said[-200:], receipts[-40:])
        load = Load(product.url, product.running, chance.randrange(10, 120), chance)
        asyncio.run(load.run())
        assert product.running.popen.wait(20) == -signal.SIGKILL
        product.kill()
        said += load.said
        receipts += load.receipts
    product.start()
    _nothing_is_lost(product, said, receipts)
    assert len([each for each in said if each.turn]) > ROUNDS * 10
    assert [each for each in said if not each.turn], "no round was killed in the middle of a turn"
    assert product.stop() == 0
    product.verified()


def _nothing_is_lost(product: Product, said: Iterable[Said], receipts: Iterable[dict[str, str]]) -> None:
    """Look everything up again, while `verify` looks at the store and the files."""
    by_session: dict[str, list[Said]] = {}
    for each in said:
        by_session.setdefault(each.session, []).append(each)
    with ThreadPoolExecutor(1) as aside:
        verified = aside.submit(product.verified)
        for session, of in by_session.items():
            _same_again(product.url, session, of)
            _stored_once(product.url, session, of)
        for receipt in receipts:
            assert call(product.url, "POST", "/api/v1/receipts", receipt)["intact"]
        verified.result(120)


def _same_again(url: str, session: str, said: Iterable[Said]) -> None:
    """The same id again gives the first result; what was never acknowledged is now taken, or was finished at the start."""
    for each in said:
        again = call(url, "POST", "/api/v1/messages", {"text": each.text, "message_id": each.message_id}, session)
        if each.turn:
            # The owner is told as it is now; all else as it was then.
            assert {**again, "owner": each.turn["owner"]} == each.turn


def _stored_once(url: str, session: str, said: Iterable[Said]) -> None:
    told = call(url, "GET", "/api/v1/messages", session=session)["entries"]
    ids = [entry["message_id"] for entry in told if "message_id" in entry]
    assert len(ids) == len(set(ids)), "a message was stored twice"
    texts = {entry["message_id"]: entry["text"] for entry in told if "message_id" in entry}
    spoken = [entry["text"] for entry in told if entry["from"] != "citizen"]
    for each in said:
        if not each.turn:
            continue
        assert texts[each.message_id] == each.text
        for reply in each.turn["replies"]:
            assert reply["text"] in spoken


def test_what_a_crash_left_without_an_answer_is_answered_at_the_next_start(
    engine: Engine, deploy: Callable[..., Product]
) -> None:
    product = deploy(LIMITS="off", **engine.settings).start()
    asked = [product.open() for _ in range(6)]
    # The engine is asked, and the service dies before it can be told the answer.
    engine.pause()
    try:
        with ThreadPoolExecutor(6) as pool:
            lost = [pool.submit(_unanswered, citizen.say, "发明专利保护多少年") for citizen in asked]
            product.running.until(
                lambda: all(len(citizen.texts()) > len(citizen.greeting) for citizen in asked), "words are kept"
            )
            product.kill()
            assert all(each.result(30) for each in lost)
    finally:
        engine.go_on()
    product.start()
    product.running.wait_for("补答了上次中断时的 6 条提问")
    for citizen in asked:
        said = citizen.texts()[len(citizen.greeting) :]
        assert said[0] == ("citizen", "发明专利保护多少年")
        assert any(who == "bot" and "20年" in text for who, text in said)
    product.verified()


def _unanswered(say: Callable[[str], object], text: str) -> bool:
    try:
        say(text)
    except OSError:
        return True
    return False
