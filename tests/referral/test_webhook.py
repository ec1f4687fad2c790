"""Letters to an agency's system: signed, with what both sides share, and again with the same id. How posts go out: test_signing.py."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.receiver import Receiver, receiving
from tests.referral.desk import MEDIATION, certificate_in, desk_of, letter
from tests.support import HandClock, Office
from zhixun.referral.webhook import Webhook, WebhookSettings
from zhixun.retries import AGAIN
from zhixun.signing import NotSent

SECRET = b"shared-with-one"


def _webhook(*hosts: str, clock: HandClock | None = None, **more: Any) -> Webhook:
    return Webhook(WebhookSettings({"mediation": SECRET}, frozenset(hosts), **more), clock or HandClock())


def _agency(url: str) -> Any:
    return dataclasses.replace(MEDIATION, webhook=url)


async def test_a_letter_arrives_signed() -> None:
    system = Receiver()
    async with receiving(system) as url:
        await _webhook("127.0.0.1").carry(_agency(url), letter())
    ((headers, body),) = system.got
    assert json.loads(body) == letter().data
    assert headers["X-Zhixun-Delivery"] == letter().id
    assert headers["X-Zhixun-Timestamp"] == "1795140000"
    right = hmac.new(SECRET, b"1795140000." + body, hashlib.sha256).hexdigest()
    assert headers["X-Zhixun-Signature"] == right
    assert headers["Content-Type"].startswith("application/json")


async def test_over_tls_to_whom_one_trusts(tmp_path: Path) -> None:
    trusted, context = certificate_in(tmp_path)
    system = Receiver()
    async with receiving(system, context) as url:
        await _webhook("localhost", ca_file=trusted).carry(_agency(url), letter())
        with pytest.raises(NotSent, match="证书"):
            await _webhook("localhost").carry(_agency(url), letter())
    assert len(system.got) == 1


@pytest.mark.parametrize("url", ["http://agency.example/", "https://10.0.0.8/", "https://127.0.0.1/"])
async def test_what_may_not_be_called_is_not_tried_again(url: str) -> None:
    with pytest.raises(NotSent, match=r"https|内网") as told:
        await _webhook().carry(_agency(url), letter())
    assert told.value.final


def test_who_shares_no_secret_or_has_no_address_is_not_reached() -> None:
    assert _webhook().reaches(MEDIATION)
    assert not _webhook().reaches(dataclasses.replace(MEDIATION, webhook=""))
    assert not _webhook().reaches(dataclasses.replace(MEDIATION, id="other"))
    assert "shared-with-one" not in repr(WebhookSettings({"mediation": SECRET}))


async def test_a_slip_that_was_refused_once_comes_again_with_the_same_id(office: Office) -> None:
    system = Receiver([500, 200])
    async with receiving(system) as url:
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
