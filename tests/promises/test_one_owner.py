"""Promise 2: a consultation has one owner. The bot says nothing while the queue or a person owns it, on every door."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.clerks import Clerk
from tests.ownership import followed, stored
from tests.product import Engine, Product, Refused, known, shown

pytestmark = pytest.mark.slow

INTERLEAVINGS = 200
AT_ONCE = 6
WORDS = (
    "商标异议期是多久",
    "发明专利保护多少年",
    "你好",
    "怎么注册商标",
    "再说一遍",
    "我要投诉你们工作人员",
    "今天天气怎么样",
    "多少钱",
)
HANDING = ("转人工", "人工服务", "我要转人工！")
BACK = ("取消排队", "不等了")


@pytest.fixture(scope="module")
def service(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("one-owner"), LIMITS="off", **engine.settings)
    try:
        yield product.start()
    finally:
        product.stop()


def test_in_every_order_of_words_around_the_hand_off_the_bot_stays_silent(service: Product) -> None:
    numbers = asyncio.run(_interleave(service))
    assert len(numbers) == INTERLEAVINGS
    seen: Counter[str] = Counter()
    for number, entries in stored(service.data / "zhixun.db", numbers).items():
        assert not followed(number, entries).unfinished
        seen.update(entry.kind for entry in entries)
    # Neither side of the hand-off went untested.
    assert min(seen["parsed"], seen["relayed"]) > INTERLEAVINGS


async def _interleave(service: Product) -> list[str]:
    chance = random.Random(2026)
    gate = asyncio.Semaphore(AT_ONCE)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(service.url, connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as http:

        async def one(seed: int) -> str:
            async with gate:
                return await _converse(http, random.Random(seed))

        return list(await asyncio.gather(*(one(chance.randrange(2**32)) for _ in range(INTERLEAVINGS))))


async def _converse(http: aiohttp.ClientSession, chance: random.Random) -> str:
    """Say several things at once, some over a WebSocket, among them the wish for a person and sometimes its withdrawal."""
    _, opened = await _post(http, "/api/v1/sessions", {})
    words = [chance.choice(WORDS) for _ in range(chance.randrange(2, 5))] + [chance.choice(HANDING)]
    words += [chance.choice(BACK)] if chance.random() < 0.4 else []
    chance.shuffle(words)
    messages = {f"m{place}": text for place, text in enumerate(words)}
    by_socket = {message_id for message_id in messages if chance.random() < 0.4}
    head = {"Authorization": f"Bearer {opened['session']}"}

    async def post(message_id: str, text: str) -> None:
        status, turn = await _post(http, "/api/v1/messages", {"text": text, "message_id": message_id}, head)
        assert status == 200, turn
        assert turn["status"] != "handoff" or not known(turn)

    async with http.ws_connect("/api/v1/ws") as socket:
        await socket.send_json({"session": opened["session"], "after": 0})
        async with asyncio.TaskGroup() as tasks:
            for message_id, text in messages.items():
                if message_id in by_socket:
                    await socket.send_json({"text": text, "message_id": message_id})
                else:
                    tasks.create_task(post(message_id, text))
            await _heard(socket, set(messages))
    # The order of turns: when this one is answered, all before it are.
    await post("last", chance.choice(WORDS))
    return str(opened["consultation"])


async def _post(http: aiohttp.ClientSession, path: str, body: dict[str, str], head: dict[str, str] | None = None) -> tuple[int, Any]:
    """Send, and again while the store is busy: nothing was taken then."""
    while True:
        async with http.post(path, json=body, headers=head) as response:
            if response.status != 503:
                return response.status, await response.json()


async def _heard(socket: aiohttp.ClientWebSocketResponse, waited: set[str]) -> None:
    """Read until every one's own words have come back."""
    while waited:
        frame = await socket.receive_json(timeout=30)
        assert frame["type"] != "error", frame
        waited -= {entry.get("message_id") for entry in frame.get("entries", ())}


@pytest.mark.parametrize("asked", ["转人工", "我要举报隔壁店正在卖假货", "帮我写一份起诉状"])
def test_the_bot_is_silent_from_the_hand_off_to_the_return(service: Product, asked: str) -> None:
    citizen = service.open()
    handed = citizen.say(asked)
    assert (handed["status"], handed["owner"]) == ("handoff", "queue")
    before = len(citizen.texts())
    for text in ("商标异议期是多久", "你好", "再说一遍", "转人工"):
        turn = citizen.say(text)
        assert (turn["status"], turn["owner"]) == ("handoff", "queue")
        assert not known(turn)
    assert {who for who, _ in citizen.texts()[before:]} == {"citizen", "system"}
    assert citizen.say("取消排队")["owner"] == "bot"
    assert "20年" in shown(citizen.say("发明专利保护多少年"))


def test_the_bot_is_silent_while_a_person_owns_it_and_speaks_after_the_return(service: Product) -> None:
    citizen, wang = service.open(), Clerk.hired(service, "wang")
    citizen.say("转人工")
    assert wang.claim(citizen.number) == 303
    fence = wang.fence(citizen.number)
    assert wang.act("say", citizen.number, fence, text="您好，我是小王。") == 303
    before = len(citizen.texts())
    assert citizen.texts()[-1] == ("staff", "您好，我是小王。")
    for text in ("商标异议期是多久", "转人工", "取消排队", "13897123456", "11010519491231002X"):
        turn = citizen.say(text)
        assert turn["owner"] == "staff"
        assert turn["replies"] == []
    assert {who for who, _ in citizen.texts()[before:]} == {"citizen"}
    assert wang.act("give-back", citizen.number, fence) == 303
    turn = citizen.say("发明专利保护多少年")
    assert (turn["status"], turn["owner"]) == ("answered", "bot")
    service.verified()


def test_nobody_speaks_after_the_end(service: Product) -> None:
    citizen = service.open()
    citizen.say("转人工")
    citizen.close()
    before = citizen.texts()
    for say in (lambda: citizen.say("还在吗"), lambda: citizen.say("取消排队")):
        with pytest.raises(Refused) as refused:
            say()
        assert (refused.value.status, refused.value.code) == (409, "closed")
    assert citizen.texts() == before
