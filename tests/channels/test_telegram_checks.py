"""What `zhixun channels check` says about Telegram: what works, what does not, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.channels.telegram_hall import PUBLIC, access_to
from tests.doubles.telegram import STAFF, Telegram, Trouble, flood
from zhixun.channels.telegram import checks
from zhixun.channels.telegram.door import TelegramDoor

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

OWN = f"{PUBLIC}/channels/telegram"


@pytest.fixture
def double(double: Telegram) -> Telegram:
    """Give Telegram, which knows where the service is."""
    double.webhook = {"url": OWN}
    return double


async def _check(double: Telegram, **more: Any) -> list[tuple[bool, str]]:
    return [(one.ok, one.words) for one in await TelegramDoor(access_to(double, **more)).check()]


async def test_all_is_well(double: Telegram) -> None:
    found = await _check(double, staff_chat=STAFF)
    assert [ok for ok, _ in found] == [True] * 3
    assert "@zhixun_test_bot" in found[0][1]
    assert OWN in found[1][1]
    assert "接待组" in found[2][1]


async def test_asking_for_updates_is_well_without_a_webhook_only(double: Telegram) -> None:
    assert [ok for ok, _ in await _check(double, polling=True)] == [True, False]
    double.webhook = {}
    assert [ok for ok, _ in await _check(double, polling=True)] == [True, True]


@pytest.mark.parametrize(
    ("registered", "more", "words"),
    [
        ("", {}, "没有登记"),
        ("https://elsewhere.example.cn/x", {}, "登记的是别的地址"),
        (OWN, {"public_url": ""}, "ZHIXUN_PUBLIC_URL"),
        (OWN, {"public_url": "http://ip.example.cn"}, "只往 https"),
        (OWN, {"public_url": "https://ip.example.cn:9443"}, "8443"),
    ],
)
async def test_a_wrong_webhook_is_explained(double: Telegram, registered: str, more: dict[str, str], words: str) -> None:
    double.webhook = {"url": registered}
    _, (ok, told) = await _check(double, **more)
    assert not ok
    assert words in told


async def test_what_telegram_could_not_deliver_is_told(double: Telegram) -> None:
    double.last_error = (int(double.clock.now().timestamp()), "Wrong response from the webhook: 403 Forbidden")
    double.pending = [double.says("商标") for _ in range(101)]
    found = await _check(double)
    assert [ok for ok, _ in found] == [True, True, False, False]
    assert "101 条" in found[2][1]
    assert "11月20日 10:00" in found[3][1]
    assert "403 Forbidden" in found[3][1]


async def test_a_wrong_token_is_explained(double: Telegram) -> None:
    ((ok, words),) = await _check(double, token="7123456789:wrong")
    assert not ok
    assert "BotFather" in words


async def test_a_network_without_telegram_is_explained(double: Telegram, unused_tcp_port: int) -> None:
    ((ok, words),) = await _check(double, api_url=f"http://127.0.0.1:{unused_tcp_port}")
    assert not ok
    assert "中国大陆" in words
    assert "HTTPS_PROXY" in words


async def test_silence_is_taken_for_such_a_network(double: Telegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "TOTAL_SECONDS", 0.05)
    double.trouble("getMe", Trouble(breaks="silent"))
    ((_, words),) = await _check(double)
    assert "中国大陆" in words


async def test_other_errors_are_told_as_they_are(double: Telegram) -> None:
    double.trouble("getMe", flood(5))
    assert await _check(double) == [(False, "Telegram 要求稍后再发。")]


async def test_a_group_of_staff_that_is_none_is_explained(double: Telegram) -> None:
    *_, (ok, words) = await _check(double, staff_chat=-100777777)
    assert not ok
    assert "机器人不在群里" in words
    double.groups[5550001] = "王"
    *_, (ok, words) = await _check(double, staff_chat=5550001)
    assert not ok
    assert "不是一个群" in words
    double.trouble("getChat", flood(5))
    *_, (ok, words) = await _check(double, staff_chat=STAFF)
    assert not ok
    assert "没有查成" in words


async def test_no_secret_is_in_what_is_told(double: Telegram) -> None:
    for more in ({}, {"api_url": "http://127.0.0.1:1"}, {"staff_chat": -100777777}):
        assert double.token not in str(await _check(double, **more))
