"""Letters to an agency's system: signed, over TLS, to public addresses only, never redirected."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import hmac
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.referral.desk import MEDIATION, certificate_in, desk_of, letter
from tests.support import HandClock, Office
from zhixun.referral import webhook
from zhixun.referral.deliver import AGAIN
from zhixun.referral.ports import Undelivered
from zhixun.referral.webhook import Webhook, WebhookSettings

SECRET = b"shared-with-one"


@dataclass
class System:
    """The agency's system: keeps what came and answers as the test says."""

    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    other: str = ""

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            await self.gate.wait()
        headers = {"Location": self.other} if 300 <= status < 400 else {}
        return web.Response(status=status or 200, headers={**headers, "Set-Cookie": "a=b"})


@asynccontextmanager
async def _serve(system: System, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_route("*", "/{any:.*}", system.take)
    async with TestServer(application, scheme="https" if tls else "http") as server:
        if tls is None:
            yield f"http://127.0.0.1:{server.port}/slips"
            return
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"https://localhost:{runner.addresses[0][1]}/slips"
    finally:
        await runner.cleanup()


def _webhook(*hosts: str, clock: HandClock | None = None, **more: Any) -> Webhook:
    return Webhook(WebhookSettings({"mediation": SECRET}, frozenset(hosts), **more), clock or HandClock())


def _agency(url: str) -> Any:
    return dataclasses.replace(MEDIATION, webhook=url)


async def test_a_letter_arrives_signed() -> None:
    system = System()
    async with _serve(system) as url:
        await _webhook("127.0.0.1").carry(_agency(url), letter())
    ((headers, body),) = system.got
    assert json.loads(body) == letter().data
    assert headers["X-Zhixun-Delivery"] == letter().id
    assert headers["X-Zhixun-Timestamp"] == "1795140000"
    right = hmac.new(SECRET, b"1795140000." + body, hashlib.sha256).hexdigest()
    assert headers["X-Zhixun-Signature"] == right
    assert headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    elsewhere = System()
    async with _serve(elsewhere) as other:
        system = System([status], other=other)
        async with _serve(system) as url:
            with pytest.raises(Undelivered, match=f"HTTP {status}"):
                await _webhook("127.0.0.1").carry(_agency(url), letter())
    assert (len(system.got), elsewhere.got) == (1, [])


@pytest.mark.parametrize("status", [400, 404, 500, 503])
async def test_any_other_answer_is_a_refusal_that_is_tried_again(status: int) -> None:
    async with _serve(System([status])) as url:
        with pytest.raises(Undelivered, match=str(status)) as told:
            await _webhook("127.0.0.1").carry(_agency(url), letter())
    assert not told.value.final


async def test_over_tls_to_whom_one_trusts(tmp_path: Path) -> None:
    trusted, context = certificate_in(tmp_path)
    system = System()
    async with _serve(system, context) as url:
        await _webhook("localhost", ca_file=trusted).carry(_agency(url), letter())
        with pytest.raises(Undelivered, match="证书"):
            await _webhook("localhost").carry(_agency(url), letter())
    assert len(system.got) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://agency.example/", "http://127.0.0.1:1/", "ftp://agency.example/", "agency.example", "", "https://", "http://[::1/",
        "file:///x", "http://localhost/",
    ],
)  # fmt: skip
async def test_what_is_not_https_is_not_called(url: str) -> None:
    with pytest.raises(Undelivered, match="https") as told:
        await _webhook("agency.example").carry(_agency(url), letter())
    assert told.value.final


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.0.0.8", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "[::1]",
        "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.8]", "localhost",
    ],
)  # fmt: skip
async def test_private_addresses_are_not_called_unless_they_are_listed(host: str) -> None:
    system = System()
    async with _serve(system) as url:
        port = url.rsplit(":", 1)[1]
        with pytest.raises(Undelivered, match="内网") as told:
            await _webhook().carry(_agency(f"https://{host}:{port}"), letter())
    assert (told.value.final, system.got) == (True, [])


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f.1", "0177.0.0.1", "localhost."])
async def test_other_ways_to_write_an_address_lead_nowhere(host: str) -> None:
    system = System()
    async with _serve(system) as url:
        with pytest.raises(Undelivered):
            await _webhook().carry(_agency(f"https://{host}:{url.rsplit(':', 1)[1]}"), letter())
    assert system.got == []


async def test_a_public_name_that_leads_into_the_private_network_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def rebound(_: object, host: str, port: int = 0, family: int = socket.AF_INET) -> list[dict[str, Any]]:
        asked.append(host)
        told = {"hostname": host, "port": port, "family": family, "proto": 6, "flags": 0}
        return [{**told, "host": "93.184.216.34"}, {**told, "host": "10.0.0.8"}]

    # Not below it: which loop asks the system differs with what else was loaded.
    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", rebound)
    with pytest.raises(Undelivered, match="内网"):
        await _webhook().carry(_agency("https://agency.example/slips"), letter())
    assert asked == ["agency.example"]


async def test_who_does_not_answer_in_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "SECONDS", 0.05)
    system = System([0])
    async with _serve(system) as url:
        with pytest.raises(Undelivered, match="没有及时应答") as told:
            await _webhook("127.0.0.1").carry(_agency(url), letter())
        system.gate.set()
    assert not told.value.final


async def test_who_is_down_is_tried_again() -> None:
    async with _serve(System()) as url:
        pass
    with pytest.raises(Undelivered, match="连接不上") as told:
        await _webhook("127.0.0.1").carry(_agency(url), letter())
    assert not told.value.final


def test_who_shares_no_secret_or_has_no_address_is_not_reached() -> None:
    assert _webhook().reaches(MEDIATION)
    assert not _webhook().reaches(dataclasses.replace(MEDIATION, webhook=""))
    assert not _webhook().reaches(dataclasses.replace(MEDIATION, id="other"))
    assert "shared-with-one" not in repr(_webhook()._settings)


async def test_a_slip_that_was_refused_once_comes_again_with_the_same_id(office: Office) -> None:
    system = System([500, 200])
    async with _serve(system) as url:
        desk = desk_of(office, carriers={"webhook": _webhook("127.0.0.1", clock=office.clock)})
        desk.register["mediation"] = _agency(url)
        slip = await desk.sent(way="webhook")
        assert slip.standing == "issued"
        assert (await desk.deliveries.of(slip.number))[0].error == "对方系统没有接受（HTTP 500）"
        desk.office.clock.turn_by(AGAIN[0])
        await desk.deliveries.carry_due()
    first, second = system.got
    assert (await desk.slip(slip.number)).standing == "sent"
    assert first[0]["X-Zhixun-Delivery"] == second[0]["X-Zhixun-Delivery"]
    assert first[1] == second[1]
    assert first[0]["X-Zhixun-Signature"] != second[0]["X-Zhixun-Signature"]
    assert json.loads(first[1])["slip"]["wish"] == slip.wish
