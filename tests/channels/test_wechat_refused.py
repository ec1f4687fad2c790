"""What comes to WeChat's door from somebody else, at another time or in another form: it is refused, and the log says why."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from tests.channels.wechat_town import ASKED, FAN, Town, town_in
from tests.doubles.wechat import APP_ID, PLAIN, SAFE, SEND, TOKEN, UNAVAILABLE


async def test_a_delivery_that_is_played_again_does_nothing(town: Town) -> None:
    query, body = town.pusher.wrapped(FAN, town.pusher.message(FAN, "text", Content=ASKED))
    first = await town.pusher.attempt(FAN, query, body)
    town.office.clock.turn_by(timedelta(seconds=60))
    assert await town.pusher.attempt(FAN, query, body) == (200, b"success") != first
    town.office.clock.turn_by(timedelta(seconds=241))
    assert await town.pusher.attempt(FAN, query, body) == (403, b"")
    await town.hall.settle()
    assert town.office.engine.texts == [ASKED]


async def test_a_caught_signature_carries_no_other_message(tmp_path: Path) -> None:
    async with town_in(tmp_path, PLAIN) as town:
        query, body = town.pusher.wrapped(FAN, town.pusher.message(FAN, "text", Content=ASKED))
        await town.pusher.attempt(FAN, query, body)
        _, other = town.pusher.wrapped("oVictim", town.pusher.message("oVictim", "text", Content="转人工"))
        assert await town.pusher.attempt(FAN, query, other) == (403, b"")
        assert town.office.engine.texts == [ASKED]


@pytest.mark.parametrize("seconds", [-301, 301])
async def test_a_delivery_of_another_time_is_refused(town: Town, seconds: int) -> None:
    wrapped = town.pusher.wrapped(FAN, town.pusher.message(FAN, "text", Content=ASKED))
    town.office.clock.turn_by(timedelta(seconds=seconds))
    assert await town.pusher.attempt(FAN, *wrapped) == (403, b"")


@pytest.mark.parametrize("name", ["signature", "timestamp", "nonce", "msg_signature"])
@pytest.mark.parametrize("value", [None, "", "1", "签名"])
async def test_a_delivery_that_is_not_signed_is_refused(town: Town, name: str, value: str | None) -> None:
    query, body = town.pusher.wrapped(FAN, town.pusher.message(FAN, "text", Content=ASKED))
    changed = {**query, name: value} if value is not None else {key: one for key, one in query.items() if key != name}
    assert await town.pusher.attempt(FAN, changed, body) == (403, b"")
    assert town.office.sql("SELECT count(*) FROM journal") == [(0,)]


@pytest.mark.parametrize(
    ("false", "why"),
    [
        ({"token": "othertoken"}, "signature is wrong"), ({"app_id": "wx0000000000000000"}, "another account"),
        ({"aes_key": "k" * 42 + "0"}, "padding|another account|shorter"), ({"mode": PLAIN}, "safe mode"),
    ],
    ids=["token", "app-id", "aes-key", "clear"],
)  # fmt: skip
async def test_another_account_s_deliveries_are_refused(
    town: Town, false: dict[str, str], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        outcome = await town.other_pusher(**false).say(FAN, ASKED)
    assert outcome.statuses == [403, 403, 403]
    assert any(word in caplog.text for word in why.split("|"))
    assert town.office.engine.asked == []


async def test_encrypted_messages_without_a_key_say_what_to_set(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with town_in(tmp_path, SAFE, aes_key="") as town:
        assert (await town.pusher.say(FAN, ASKED)).shown == UNAVAILABLE
        assert "ZHIXUN_WECHAT_AES_KEY_FILE" in caplog.text


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"ToUserName":"gh_x","MsgType":"text"}', "XML as the data format"), (b"", "no xml"), (b"<xml>" + b"x" * 70_000, "too large"),
        (b'<!DOCTYPE xml [<!ENTITY a "b">]><xml>&a;</xml>', "must not"), (b"<xml><Encrypt>!!!</Encrypt></xml>", "signature"),
    ],
    ids=["json", "empty", "large", "entity", "not-base64"],
)  # fmt: skip
async def test_what_is_no_delivery_is_refused(town: Town, body: bytes, why: str, caplog: pytest.LogCaptureFixture) -> None:
    query, _ = town.pusher.wrapped(FAN, town.pusher.message(FAN, "text", Content=ASKED))
    assert await town.pusher.attempt(FAN, query, body) == (403, b"")
    assert why in caplog.text


@pytest.mark.parametrize("lacking", ["ToUserName", "FromUserName", "MsgType", "MsgId"])
async def test_a_message_without_what_every_message_has_is_refused(town: Town, lacking: str) -> None:
    fields = town.pusher.message(FAN, "text", Content=ASKED)
    whole = {"ToUserName": "gh_x", **{name: value for name, value in fields.items() if name != lacking}}
    if lacking == "ToUserName":
        whole["ToUserName"] = ""
    assert (await town.pusher.attempt(FAN, *town.pusher.wrapped(FAN, whole)))[0] == 403


async def test_the_log_tells_neither_words_nor_persons_nor_secrets(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "zhixun"):
        await town.pusher.say(FAN, ASKED)
        town.wechat.faults[SEND] = [45009]
        await town.pusher.say(FAN, "转人工")
        fence = await town.office.takeover.claim(await town.number(), "wang")
        await town.office.takeover.say(await town.number(), "wang", fence, "三个月。", once="1")
        await town.hall.settle()
        await town.other_pusher(token="othertoken").say(FAN, ASKED)
    for secret in (FAN, ASKED, "三个月", TOKEN, APP_ID, "ACCESS-"):
        assert secret not in caplog.text
