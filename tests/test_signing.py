"""Signed posts: what proves them, to public addresses only, never redirected, and what becomes of each answer."""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any

import aiohttp
import pytest

from tests.doubles.receiver import Receiver, receiving
from tests.support import HandClock
from zhixun import signing
from zhixun.signing import NotSent, SignedPost, signature_of

SECRET = b"shared-with-one"
DATA = {"什么": "事", "a": [1, None]}


async def _send(url: str, *hosts: str, clock: HandClock | None = None) -> None:
    await SignedPost(frozenset(hosts), ssl.create_default_context(), clock or HandClock()).send(url, SECRET, "ZX-1/3", DATA)


def test_the_signature_is_that_of_another_implementation() -> None:
    # printf '1795140000.{"event": "ping"}' | openssl dgst -sha256 -hmac secret
    right = "845a9d9a5e93bae74ba82a261eaa9f5bbb29542d8e731f465c8bcda8919124ce"
    assert signature_of(b"secret", "1795140000", b'{"event": "ping"}') == right
    others = (b"other", "1795140000", b'{"event": "ping"}'), (b"secret", "1795140001", b'{"event": "ping"}'), (b"secret", "1795140000", b"")
    assert right not in [signature_of(*other) for other in others]


async def test_a_post_carries_its_id_its_time_and_its_proof() -> None:
    receiver = Receiver(secret=SECRET)
    async with receiving(receiver) as url:
        await _send(url, "127.0.0.1")
    ((headers, body),) = receiver.got
    assert (json.loads(body), receiver.violations) == (DATA, [])
    assert (headers["X-Zhixun-Delivery"], headers["X-Zhixun-Timestamp"]) == ("ZX-1/3", "1795140000")
    assert headers["X-Zhixun-Signature"] == signature_of(SECRET, "1795140000", body)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    elsewhere = Receiver()
    async with receiving(elsewhere) as other:
        receiver = Receiver([status], other=other)
        async with receiving(receiver) as url:
            with pytest.raises(NotSent, match=f"HTTP {status}"):
                await _send(url, "127.0.0.1")
    assert (len(receiver.got), elsewhere.got) == (1, [])


@pytest.mark.parametrize("status", [400, 404, 500, 503])
async def test_any_other_answer_is_a_refusal_that_is_tried_again(status: int) -> None:
    async with receiving(Receiver([status])) as url:
        with pytest.raises(NotSent, match=str(status)) as told:
            await _send(url, "127.0.0.1")
    assert not told.value.final


@pytest.mark.parametrize(
    "url",
    [
        "http://agency.example/", "http://127.0.0.1:1/", "ftp://agency.example/", "agency.example", "", "https://", "http://[::1/",
        "file:///x", "http://localhost/",
    ],
)  # fmt: skip
async def test_what_is_not_https_is_not_called(url: str) -> None:
    with pytest.raises(NotSent, match="https") as told:
        await _send(url, "agency.example")
    assert told.value.final


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.0.0.8", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "[::1]",
        "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.8]", "localhost",
    ],
)  # fmt: skip
async def test_private_addresses_are_not_called_unless_they_are_listed(host: str) -> None:
    receiver = Receiver()
    async with receiving(receiver) as url:
        port = url.rsplit(":", 1)[1]
        with pytest.raises(NotSent, match="内网") as told:
            await _send(f"https://{host}:{port}")
    assert (told.value.final, receiver.got) == (True, [])


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f.1", "0177.0.0.1", "localhost."])
async def test_other_ways_to_write_an_address_lead_nowhere(host: str) -> None:
    receiver = Receiver()
    async with receiving(receiver) as url:
        with pytest.raises(NotSent):
            await _send(f"https://{host}:{url.rsplit(':', 1)[1]}")
    assert receiver.got == []


async def test_a_public_name_that_leads_into_the_private_network_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def rebound(_: object, host: str, port: int = 0, family: int = socket.AF_INET) -> list[dict[str, Any]]:
        asked.append(host)
        told = {"hostname": host, "port": port, "family": family, "proto": 6, "flags": 0}
        return [{**told, "host": "93.184.216.34"}, {**told, "host": "10.0.0.8"}]

    # Not below it: which loop asks the system differs with what else was loaded.
    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", rebound)
    with pytest.raises(NotSent, match="内网"):
        await _send("https://agency.example/slips")
    assert asked == ["agency.example"]


async def test_who_does_not_answer_in_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "SECONDS", 0.05)
    receiver = Receiver([0])
    async with receiving(receiver) as url:
        with pytest.raises(NotSent, match="没有及时应答") as told:
            await _send(url, "127.0.0.1")
        receiver.gate.set()
    assert not told.value.final


async def test_who_is_down_is_tried_again() -> None:
    async with receiving(Receiver()) as url:
        pass
    with pytest.raises(NotSent, match="连接不上") as told:
        await _send(url, "127.0.0.1")
    assert not told.value.final
