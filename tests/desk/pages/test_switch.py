"""The switch of the program's own answers: how it stands, who turned it, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.desk.pages.desk import HOSTILE, Desk


async def test_it_is_paused_for_a_reason_and_resumed(desk: Desk) -> None:
    admin = await desk.enter("administrator", shown="王处")
    page = await admin.get("/desk/switch")
    assert {"正常应答", "没有人动过。"} <= set(page.words.split())
    paused = await admin.post("/desk/switch", {"act": "pause", "reason": " 核对新规定。"})
    assert (paused.status, paused.to) == (303, "/desk/switch?done=paused")
    assert desk.switch.reason == "核对新规定"
    page = await admin.get(paused.to)
    assert "智能应答已暂停，新的提问会转人工。" in page.words
    assert "智能应答暂停服务（核对新规定）" in page.words
    assert "暂停智能应答 王处 2026-11-20 10:00 原因 核对新规定" in page.words
    desk.clock.turn_by(timedelta(minutes=5))
    assert (await admin.post("/desk/switch", {"act": "resume"})).to == "/desk/switch?done=resumed"
    assert desk.switch.reason == ""
    words = (await admin.get("/desk/switch")).words
    assert words.index("恢复智能应答 王处 2026-11-20 10:05") < words.index("暂停智能应答 王处 2026-11-20 10:00")
    assert [(kind, actor, told) for kind, actor, told, _ in await desk.notes("bot_paused", "bot_resumed")] == [
        ("bot_paused", "staff:administrator", {"reason": "核对新规定"}), ("bot_resumed", "staff:administrator", {}),
    ]  # fmt: skip


@pytest.mark.parametrize("reason", ["", " 。", "长" * 101])
async def test_a_reason_that_is_none_is_drawn_again(desk: Desk, reason: str) -> None:
    admin = await desk.enter("administrator")
    page = await admin.post("/desk/switch", {"act": "pause", "reason": reason})
    assert page.status == 422
    assert 'id="error-reason"' in page.text
    assert f'value="{reason}"' in page.text
    assert desk.switch.reason == ""
    assert await desk.notes("bot_paused") == []


async def test_a_hostile_reason_is_only_words(desk: Desk) -> None:
    admin = await desk.enter("administrator")
    await admin.post("/desk/switch", {"act": "pause", "reason": HOSTILE})
    page = await admin.get("/desk/switch")
    assert HOSTILE not in page.text
    assert page.text.count("&lt;script&gt;") == 2


@pytest.mark.parametrize("role", ["clerk", "reviewer", "auditor"])
async def test_others_see_how_it_stands(desk: Desk, role: str) -> None:
    other = await desk.enter(role)
    page = await other.get("/desk/switch")
    assert "请找管理员" in page.words
    assert 'name="reason"' not in page.text
    assert (await other.post("/desk/switch", {"act": "pause", "reason": "x"})).status == 403
    await desk.switch.pause("核对")
    assert (await other.post("/desk/switch", {"act": "resume"})).status == 403
    assert "恢复应答" not in (await other.get("/desk/switch")).words
    assert desk.switch.reason == "核对"


async def test_without_proof_nothing_is_turned(desk: Desk) -> None:
    admin = await desk.enter("administrator")
    assert (await admin.post("/desk/switch", {"act": "pause", "reason": "x"}, csrf=False)).status == 403
    assert (await desk.send("POST", "/desk/switch", fields={"act": "pause", "reason": "x"})).to == "/desk/login"
    assert desk.switch.reason == ""
