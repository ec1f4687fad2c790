"""The pages on which an agency reads a slip and answers it."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession, FormData, web
from aiohttp.test_utils import TestServer

from tests.referral.desk import MEDIATION, PERSON, PHONE, STAFF, WISH, Desk
from zhixun.channels.pages import guard
from zhixun.limits import RECEIPTS, Limiter
from zhixun.referral.pages import SlipPages
from zhixun.referral.slip import Slip

PRIVATE = (PERSON, PHONE, WISH, "青稞饼干")


@dataclass
class Agent:
    """Somebody at the agency, before a browser."""

    desk: Desk
    base: str
    http: ClientSession
    limiter: Limiter

    async def get(self, path: str) -> tuple[int, str]:
        async with self.http.get(self.base + path) as response:
            return response.status, await response.text()

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> tuple[int, str]:
        async with self.http.post(self.base + path, data=fields, headers=headers) as response:
            assert response.content_type == "text/html"
            assert response.headers["Cache-Control"] == "no-store"
            assert "form-action 'self'" in response.headers["Content-Security-Policy"]
            return response.status, await response.text()

    def opens(self, slip: Slip) -> dict[str, str]:
        return {"number": slip.number, "code": self.desk.codes.code_of(slip.number)}

    async def show(self, slip: Slip) -> tuple[int, str]:
        return await self.post("/referral", self.opens(slip))

    async def answer(self, slip: Slip, standing: str, words: str = "", once: str = "a" * 24) -> tuple[int, str]:
        return await self.post("/referral/answer", {**self.opens(slip), "standing": standing, "words": words, "once": once})


@pytest.fixture
async def agent(desk: Desk) -> AsyncIterator[Agent]:
    limiter = Limiter(on=True, now=lambda: 0.0)
    pages = SlipPages(
        {"name": "知询", "office": desk.office.site.office}, desk.referrals, desk.letters, limiter, lambda request: str(request.remote)
    )
    application = web.Application(client_max_size=64 * 1024)
    application.on_response_prepare.append(guard)
    application.add_routes(pages.routes())
    async with TestServer(application) as server, ClientSession() as http:
        yield Agent(desk, f"http://{server.host}:{server.port}", http, limiter)


def _offered(page: str) -> list[str]:
    return re.findall('name="standing" value="([a-z]+)"', page)


async def test_the_page_of_the_link_asks_for_both_and_loads_nothing_from_elsewhere(agent: Agent) -> None:
    status, page = await agent.get("/referral")
    assert status == 200
    assert set(re.findall('name="([a-z-]+)"', page)) == {"viewport", "color-scheme", "robots", "number", "code"}
    assert re.findall('(?:src|href|action)="(?!/|#)([^"]*)"', page) == []


async def test_number_and_code_show_the_slip_and_what_can_be_answered(agent: Agent) -> None:
    slip = await agent.desk.sent()
    status, page = await agent.show(slip)
    assert status == 200
    shown = html.unescape(page)
    for told in (*PRIVATE, MEDIATION.name, "包装照片 3 张", "2026年11月27日", "当事人已单独同意"):
        assert told in shown
    assert "被仿冒 <b>" not in page
    assert _offered(page) == ["received"]
    assert re.search('name="once" value="[A-Za-z0-9_-]{20,}"', page)


async def test_nothing_else_of_the_consultation_is_shown(agent: Agent) -> None:
    consultation = await agent.desk.office.open()
    await agent.desk.office.turns.say(consultation, "我还想问商标异议的事")
    await agent.desk.issue(consultation, wish="另一家机构的事", way="hand")
    slip = await agent.desk.issue(consultation)
    _, page = await agent.show(slip)
    assert not [word for word in ("商标异议", "另一家机构", consultation) if word in page]


async def test_an_agency_answers_step_by_step_to_the_end(agent: Agent) -> None:
    slip = await agent.desk.sent()
    status, page = await agent.answer(slip, "received")
    assert (status, "已记录" in page, _offered(page)) == (200, True, ["accepted", "refused"])
    status, page = await agent.answer(slip, "accepted", "已指定调解员")
    assert (status, _offered(page)) == (200, ["done"])
    status, page = await agent.answer(slip, "done", "达成和解")
    assert (status, "已记录" in page, "关闭" in page, _offered(page)) == (200, True, True, [])
    found = await agent.desk.slip(slip.number)
    assert (found.standing, found.words) == ("done", "达成和解")
    moved = [entry for entry in await agent.desk.office.entries(slip.consultation) if entry.kind == "slip_moved"]
    assert moved[-1].actor == "agency:mediation"


async def test_a_closed_link_shows_nothing_of_the_citizen(agent: Agent) -> None:
    slip = await agent.desk.sent()
    await agent.desk.referrals.move(slip.number, "withdrawn", STAFF, "本人撤回同意")
    for status, page in (await agent.show(slip), await agent.answer(slip, "received")):
        assert "关闭" in page
        assert "已撤回" in page
        assert not [word for word in PRIVATE if word in page]
        assert status in (200, 410)


async def test_a_wrong_code_shows_nothing(agent: Agent) -> None:
    slip = await agent.desk.sent()
    for fields in ({"number": slip.number, "code": "0000-0000-0000"}, {"number": slip.number}, {}, {"code": "x"}):
        for path in ("/referral", "/referral/answer"):
            status, page = await agent.post(path, fields)
            assert (status, "请核对" in page) == (404, True)
            assert not [word for word in PRIVATE if word in page]


async def test_whoever_tries_codes_is_stopped_on_both_pages(agent: Agent) -> None:
    slip = await agent.desk.sent()
    for _ in range(int(RECEIPTS.burst)):
        agent.limiter.take(RECEIPTS, "127.0.0.1")
    assert (await agent.show(slip))[0] == 429
    assert (await agent.answer(slip, "received"))[0] == 429
    assert (await agent.desk.slip(slip.number)).standing == "sent"


async def test_a_step_that_is_not_allowed_is_told_and_the_words_are_kept(agent: Agent) -> None:
    slip = await agent.desk.sent()
    status, page = await agent.answer(slip, "accepted", "我们的话")
    assert (status, "不能改为" in page, "我们的话" in page, _offered(page)) == (409, True, True, ["received"])
    await agent.answer(slip, "received")
    status, page = await agent.answer(slip, "refused", "")
    assert (status, "请写明不予受理的原因" in page, 'value="refused" checked' in page) == (400, True, True)
    assert (await agent.desk.slip(slip.number)).standing == "received"


async def test_an_answer_that_is_sent_twice_counts_once(agent: Agent) -> None:
    slip = await agent.desk.sent()
    results = await asyncio.gather(*(agent.answer(slip, "received") for _ in range(3)))
    assert [status for status, _ in results] == [200] * 3
    moved = [entry.open["standing"] for entry in await agent.desk.office.entries(slip.consultation) if entry.kind == "slip_moved"]
    assert moved == ["sent", "received"]


async def test_an_answer_without_the_page_s_mark_counts_too(agent: Agent) -> None:
    slip = await agent.desk.sent()
    assert (await agent.answer(slip, "received", once="<x>"))[0] == 200
    assert (await agent.desk.slip(slip.number)).standing == "received"


async def test_a_busy_store_loses_no_words(agent: Agent) -> None:
    slip = await agent.desk.received()
    agent.desk.office.database._patience = 0.05
    async with agent.desk.office.database.write():
        status, page = await agent.answer(slip, "accepted", "我们的话")
    assert (status, "我们的话" in page) == (503, True)
    assert (await agent.answer(slip, "accepted", "我们的话"))[0] == 200


async def test_strangers_pages_and_junk_are_refused_in_words(agent: Agent) -> None:
    slip = await agent.desk.sent()
    fields = {**agent.opens(slip), "standing": "received", "once": "a" * 24}
    assert (await agent.post("/referral/answer", fields, **{"Sec-Fetch-Site": "cross-site"}))[0] == 403
    assert (await agent.post("/referral/answer", {**fields, "words": "长" * 2001}))[0] == 400
    assert (await agent.post("/referral/answer", {**fields, "words": "x" * 70_000}))[0] == 413
    async with agent.http.post(agent.base + "/referral", data=b"number=%ff%fe&code=\x00") as response:
        assert response.status in (400, 404)
    async with agent.http.post(agent.base + "/referral", json={"number": slip.number}) as response:
        assert response.status == 404
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=ghost"}
    async with agent.http.post(agent.base + "/referral", data=b"number=1", headers=form) as response:
        assert (response.status, "无法读取" in await response.text()) == (400, True)
    files = FormData()
    files.add_field("words", b"PK", filename="x.docx")
    async with agent.http.post(agent.base + "/referral/answer", data=files) as response:
        assert response.status == 404, "a file is no field"
    assert (await agent.desk.slip(slip.number)).standing == "sent"
    assert (await agent.post("/referral/answer", {**fields, "words": "长\r\n" * 1000}))[0] == 200


async def test_a_fault_of_ours_is_told_on_a_page(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> Slip:
        raise RuntimeError(PHONE)

    monkeypatch.setattr(agent.desk.referrals, "find", broken)
    status, page = await agent.post("/referral", {"number": "x", "code": "y"})
    assert (status, PHONE in page) == (500, False)
    assert "服务出了问题" in page


async def test_what_an_agency_writes_cannot_break_the_page(agent: Agent) -> None:
    slip = await agent.desk.sent()
    status, page = await agent.answer(slip, "accepted", '</textarea><script>alert(1)</script>"\x00')
    assert status == 409
    assert "<script>alert" not in page
