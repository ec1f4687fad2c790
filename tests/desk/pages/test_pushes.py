"""Pushing at the desk: who sees the numbers and gets the list, what is refused beside its field, and what the day book and the audit tell."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator

import openpyxl
import pytest_asyncio

from tests.desk.pages.desk import HOSTILE
from tests.desk.whole import Staff, Whole, whole_desk
from tests.support import Office
from zhixun.desk.gate import COOKIE

PHONE = "13897123456"
ISSUES, SUBSCRIBERS = "/desk/registers/compilations", "/desk/registers/subscribers"
ISSUE = [("f-name", "西宁市政策汇编"), ("f-version", "第1版"), ("f-issued", "2026-11-10"), ("f-state", "编制中"), ("seq", "0")]
UNIT = {"f-unit": "昆仑酒业", "f-phone": PHONE, "f-channel": "短信", "f-agreed": "是", "f-since": "2026-10-01", "f-state": "订阅中",
        "f-park": "东川工业园", "seq": "0"}  # fmt: skip
DONE = [("f-day", "2026-11-19"), ("f-channels", "短信"), ("f-channels", "园区窗口")]


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as joined:
        yield joined


async def _published(writer: Staff, second: Staff) -> str:
    """Return the page of an issue that one has written and another has published."""
    answer = await writer.post(ISSUES, ISSUE)
    path = answer.to.partition("?")[0]
    assert "状态是“已发布”时才能推送，现在是“编制中”" in (await writer.get(path)).words
    seq = re.search(r'name="seq" value="(\d+)"', (await second.get(f"{path}/edit")).text)
    assert seq
    given = [*((name, value) for name, value in ISSUE if name not in ("f-state", "seq")), ("f-state", "已发布"), ("seq", seq[1])]
    assert (await second.post(path, given)).status == 303
    return path


async def _sheet(who: Staff, path: str, **more: str) -> tuple[int, list[str]]:
    headers = {"Cookie": f"{COOKIE}={who.token}"}
    fields = {"csrf": who.csrf, "why": "交给园区窗口", **more}
    async with who.whole.client.post(f"{path}/push-list", data=fields, headers=headers) as response:
        if response.status != 200:
            return response.status, [await response.text()]
        book = openpyxl.load_workbook(io.BytesIO(await response.read()))
        return 200, [str(cell.value) for row in book.worksheets[0] for cell in row]


async def test_an_issue_is_pushed_and_noted(whole: Whole) -> None:
    reviewer, admin = await whole.enter("reviewer"), await whole.enter("administrator")
    path = await _published(reviewer, admin)
    empty = await reviewer.get(path)
    assert "还没有可以推送的订阅人" in empty.words
    assert "还没有记下推送" in empty.words
    assert f'href="{SUBSCRIBERS}"' in empty.text
    assert "push-list" not in empty.text
    await reviewer.post(SUBSCRIBERS, UNIT)
    await reviewer.post(SUBSCRIBERS, {**UNIT, "f-unit": "二号", "f-topics": "培训通知"})
    await reviewer.post(SUBSCRIBERS, {**UNIT, "f-unit": "退订的", "f-state": "已退订"})
    page = await reviewer.get(path)
    assert '<th scope="row">东川工业园</th><td class="number">2</td><td class="number">2</td></tr>' in page.text
    assert "没有人选的：政务平台、服务网点、园区窗口、微信、邮件。" in page.words
    assert PHONE not in page.text
    assert "系统不自动发送" in page.words
    narrowed = await reviewer.get(f"{path}?topic=扶持奖励")
    assert '<th scope="row">东川工业园</th><td class="number">1</td><td class="number">1</td></tr>' in narrowed.text
    assert (await reviewer.post(f"{path}/push", [*DONE, ("f-note", f"{HOSTILE} {PHONE}")])).to.startswith(path)
    page = await reviewer.get(path)
    assert "1 次，共 2 家次" in page.words
    assert "2026-11-19 · 园区窗口、短信 · 2 家 · Reviewer" in page.words
    assert HOSTILE not in page.text
    assert PHONE not in page.text
    # It is told in the history, the audit and on the page of the coverage.
    assert page.words.count("推送日期 2026-11-19") == 1
    audit = (await admin.get("/desk/audit")).words
    assert "记下推送" in audit
    assert "日期 2026-11-19" in audit
    assert "渠道 园区窗口、短信；家数 2" in audit
    await whole.desk.usage.catch_up()
    row = (await admin.get("/desk/coverage?clause=5.1.2")).text.partition('<tr id="XN-5.1.2b">')[2].partition("</tr>")[0]
    assert "按订阅名单推送" in row
    assert "1 次推送" in row


async def test_who_may_do_what(whole: Whole) -> None:
    reviewer, admin = await whole.enter("reviewer"), await whole.enter("administrator")
    clerk, auditor = await whole.enter(), await whole.enter("auditor")
    path = await _published(reviewer, admin)
    await clerk.post(SUBSCRIBERS, UNIT)
    assert (await clerk.post(f"{path}/push", DONE)).status == 403
    assert (await auditor.post(f"{path}/push", DONE)).status == 403
    for reader in (clerk, auditor):
        page = await reader.get(path)
        assert "下载名单" in page.words
        assert "/push\"" not in page.text
    assert "138****3456" in (await _sheet(clerk, path))[1]
    assert (await _sheet(clerk, path, clear="yes"))[0] == 403
    assert "显示完整号码" not in (await clerk.get(path)).words
    assert PHONE in (await _sheet(reviewer, path, clear="yes", channel="短信"))[1]
    number = path.rpartition("/")[2]
    told = {"what": "push", "about": number, "register": "subscribers", "count": 1}
    assert [(actor, open, private) for _, actor, open, private in await whole.notes("exported")] == [
        ("staff:clerk", {**told, "clear": False, "filters": {}}, {"why": "交给园区窗口"}),
        ("staff:reviewer", {**told, "clear": True, "filters": {"channel": "短信"}}, {"why": "交给园区窗口"}),
    ]
    words = (await admin.get("/desk/audit")).words
    assert "推送名单" in words
    assert "台账 推送订阅名单" in words


async def test_what_is_refused_stands_beside_its_field_and_what_was_typed_stays(whole: Whole) -> None:
    reviewer, admin = await whole.enter("reviewer"), await whole.enter("administrator")
    path = await _published(reviewer, admin)
    await reviewer.post(SUBSCRIBERS, UNIT)
    page = await reviewer.post(f"{path}/push", [("f-day", "2026-11-21"), ("f-note", "保留我"), ("f-place", "甘河工业园")])
    assert page.status == 422
    assert 'id="error-f-day"' in page.text
    assert "推送日期不能晚于今天" in page.words
    assert 'id="error-f-channels"' in page.text
    assert 'href="#f-day"' in page.text
    assert 'value="保留我"' in page.text
    assert '<option value="甘河工业园" selected>' in page.text
    assert '<details class="no-print" open><summary>记下推送' in page.text
    status, (text,) = await _sheet(reviewer, path, why=" ")
    assert (status, 'id="error-list-why"' in text, '<details class="no-print" open><summary>下载名单' in text) == (422, True, True)
    status, (text,) = await _sheet(reviewer, path, channel="短信", place="甘河工业园")
    assert (status, 'id="error-list-channel"' in text, "没有这样的订阅人" in text) == (422, True, True)
    assert await whole.notes("exported") == []
    assert "还没有记下推送" in (await reviewer.get(path)).words


async def test_every_field_has_one_label_and_every_name_is_given_once(whole: Whole) -> None:
    reviewer, admin = await whole.enter("reviewer"), await whole.enter("administrator")
    path = await _published(reviewer, admin)
    await reviewer.post(SUBSCRIBERS, UNIT)
    text = (await reviewer.get(path)).text
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert sorted(set(ids)) == sorted(ids)
    for field in ("topic", "list-channel", "list-place", "list-topic", "list-why", "f-day", "f-place", "f-topic", "f-units", "f-note"):
        assert text.count(f'<label for="{field}">') == 1, field
    assert "<legend>通过的渠道" in text


async def test_other_registers_have_no_such_card(whole: Whole) -> None:
    clerk = await whole.enter()
    path = (await clerk.post(SUBSCRIBERS, UNIT)).to.partition("?")[0]
    assert 'id="push"' not in (await clerk.get(path)).text
    assert (await clerk.post(f"{path}/push", DONE)).status == 409
    assert (await _sheet(clerk, path))[0] == 409
