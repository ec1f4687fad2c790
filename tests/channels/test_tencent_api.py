"""Calls to the platforms: errors told apart, a refused token renewed once, and nothing of a token in what fails."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.doubles.tencent import DROP, GARBAGE, HANG, REDIRECT
from tests.doubles.wechat import APP_ID, MEDIA, SECRET, SEND, STABLE, WeChat
from tests.support import HandClock
from zhixun.channels.tencent.api import SPENT_TOKEN, Line, PlatformError, TencentApi, UnreachableError, token_of_wechat
from zhixun.channels.tencent.tokens import Tokens

BODY = {"touser": "o1", "msgtype": "text", "text": {"content": "你好，世界 \u2028 😀"}}


@pytest.fixture
async def wechat() -> AsyncIterator[WeChat]:
    async with WeChat(HandClock()) as server:
        server.opened("o1", "text")
        yield server
        assert server.violations == []


def api_to(wechat: WeChat, url: str = "", seconds: float = 5, secret: str = SECRET) -> TencentApi:
    line = Line(url or wechat.url, seconds)
    return TencentApi(line, Tokens(token_of_wechat(line, APP_ID, secret), wechat.clock))


async def test_what_is_posted_arrives_letter_by_letter(wechat: WeChat) -> None:
    await api_to(wechat).post(SEND, BODY)
    assert wechat.fans["o1"].seen == ["你好，世界 \u2028 😀"]


async def test_a_connection_is_kept_between_calls_and_closed_at_the_end(wechat: WeChat) -> None:
    line = Line(wechat.url)
    api = TencentApi(line, Tokens(token_of_wechat(line, APP_ID, SECRET), wechat.clock))
    async with line:
        await api.post(SEND, BODY)
        await api.post(SEND, BODY)
    await api.post(SEND, BODY)
    assert wechat.desk.issued == 1
    assert len(wechat.fans["o1"].seen) == 3


@pytest.mark.parametrize("code", SPENT_TOKEN)
async def test_a_refused_token_is_renewed_once_and_the_call_made_once_more(wechat: WeChat, code: int) -> None:
    wechat.faults[SEND] = [code]
    await api_to(wechat).post(SEND, BODY)
    assert wechat.calls[SEND] == 2
    assert len(wechat.fans["o1"].seen) == 1


async def test_a_token_that_is_refused_again_is_not_renewed_for_ever(wechat: WeChat) -> None:
    wechat.faults[SEND] = [40001, 40001, 40001]
    with pytest.raises(PlatformError) as caught:
        await api_to(wechat).post(SEND, BODY)
    assert caught.value.code == 40001
    assert wechat.calls[SEND] == 2


async def test_many_calls_whose_token_has_become_void_fetch_one_new_token(wechat: WeChat) -> None:
    api = api_to(wechat)
    await api.post(SEND, BODY)
    wechat.desk.void()
    before = wechat.calls[STABLE]
    wechat.fans["o1"].windows["words"] = (50, wechat.clock.now() + timedelta(hours=1))
    await asyncio.gather(*(api.post(SEND, BODY) for _ in range(20)))
    assert wechat.calls[STABLE] == before + 1
    assert len(wechat.fans["o1"].seen) == 21


async def test_a_token_that_has_ended_on_their_side_is_renewed(wechat: WeChat) -> None:
    api = api_to(wechat)
    await api.post(SEND, BODY)
    wechat.desk.refuse_current()
    await api.post(SEND, BODY)
    assert len(wechat.fans["o1"].seen) == 2


async def test_other_refusals_are_handed_on_at_once(wechat: WeChat) -> None:
    wechat.faults[SEND] = [45015]
    with pytest.raises(PlatformError) as caught:
        await api_to(wechat).post(SEND, BODY)
    assert caught.value.code == 45015
    assert wechat.calls[SEND] == 1


@pytest.mark.parametrize(("fault", "sent"), [(HANG, True), (DROP, True), (GARBAGE, True), ("502", True), ("404", False), (REDIRECT, False)])
async def test_an_answer_that_cannot_be_understood_tells_whether_the_call_may_have_had_its_effect(
    wechat: WeChat, fault: str, sent: bool
) -> None:
    api = api_to(wechat, seconds=0.3)
    await api.post(SEND, BODY)
    wechat.faults[SEND] = [fault]
    with pytest.raises(UnreachableError) as caught:
        await api.post(SEND, BODY)
    assert caught.value.sent is sent
    assert wechat.calls["/elsewhere"] == 0


@pytest.mark.parametrize("fault", [HANG, DROP, GARBAGE, "502"])
async def test_without_a_token_nothing_can_have_gone_out(wechat: WeChat, fault: str) -> None:
    wechat.faults[STABLE] = [fault]
    with pytest.raises(UnreachableError) as caught:
        await api_to(wechat, seconds=0.3).post(SEND, BODY)
    assert not caught.value.sent
    assert wechat.calls[SEND] == 0


async def test_a_server_that_is_not_there_took_nothing(wechat: WeChat) -> None:
    with pytest.raises(UnreachableError) as caught:
        await api_to(wechat, "http://127.0.0.1:9").post(SEND, BODY)
    assert not caught.value.sent


async def test_no_error_tells_the_token_or_the_secret(wechat: WeChat) -> None:
    for fault in (DROP, GARBAGE, "502", 45015):
        wechat.faults[SEND] = [fault]
        with pytest.raises((PlatformError, UnreachableError)) as caught:
            await api_to(wechat).post(SEND, BODY)
        told = "".join(traceback.format_exception(caught.value))
        assert "ACCESS-" not in told
        assert SECRET not in told


async def test_a_wrong_secret_is_a_refusal(wechat: WeChat) -> None:
    with pytest.raises(PlatformError) as caught:
        await api_to(wechat, secret="wrong").post(SEND, BODY)
    assert caught.value.code == 40125


async def test_a_file_comes_in_pieces(wechat: WeChat) -> None:
    wechat.media["m1"] = (bytes(range(256)) * 2000, "image/jpeg")
    pieces = [piece async for piece in api_to(wechat).stream(MEDIA, {"media_id": "m1"})]
    assert b"".join(pieces) == bytes(range(256)) * 2000
    assert len(pieces) > 1


@pytest.mark.parametrize(("media", "kind", "code"), [("gone", "", 40007), ("film", "text/plain", 0)])
async def test_an_error_in_place_of_a_file_is_recognised(wechat: WeChat, media: str, kind: str, code: int) -> None:
    wechat.media["film"] = (b'{"video_url":"http://x/y"}', kind)
    with pytest.raises(PlatformError) as caught:
        [piece async for piece in api_to(wechat).stream(MEDIA, {"media_id": media})]
    assert caught.value.code == code


async def test_a_file_is_asked_for_again_with_a_new_token(wechat: WeChat) -> None:
    wechat.media["m1"] = (b"jpeg", "image/jpeg")
    wechat.faults[MEDIA] = [42001]
    assert [piece async for piece in api_to(wechat).stream(MEDIA, {"media_id": "m1"})] == [b"jpeg"]
    wechat.faults[MEDIA] = [42001, 42001]
    with pytest.raises(PlatformError):
        [piece async for piece in api_to(wechat).stream(MEDIA, {"media_id": "m1"})]


async def test_a_file_that_nobody_reads_to_its_end_leaves_nothing_open(wechat: WeChat) -> None:
    wechat.media["m1"] = (bytes(400_000), "image/jpeg")
    stream = api_to(wechat).stream(MEDIA, {"media_id": "m1"})
    assert await anext(stream)
    await stream.aclose()
