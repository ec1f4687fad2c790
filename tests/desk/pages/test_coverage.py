"""The page of the specification against the service: what it shows, what it is narrowed by, and what is taken along."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from docx import Document

from tests.desk.whole import Whole, whole_desk
from tests.support import Office, real_knowledge
from zhixun.messages import EngineTurn, Reply


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as opened:
        yield opened


async def _ask(whole: Whole, name: str) -> None:
    whole.office.engine.answers["问"] = EngineTurn("answered", (Reply("答", (name,)),), parsed={"intent": "ask", "confidence": 1.0})
    await whole.office.turns.say(await whole.office.open(), "问")
    await whole.desk.usage.catch_up()


async def test_all_rows_are_shown_with_what_serves_them_and_how_often(whole: Whole) -> None:
    name = next(one.id for one in real_knowledge().questions.values() if "XN-1a" in one.covers)
    await _ask(whole, name)
    page = await (await whole.enter("clerk")).get("/desk/coverage")
    assert page.status == 200
    assert page.text.count("<tr id=") == 249
    row = page.text.partition('<tr id="XN-1a">')[2].partition("</tr>")[0]
    assert f'href="/desk/coverage/{name}"' in row
    assert "问答 1 次答复" in row
    assert "最近 2026-11-20" in row
    assert "存成 Word" not in page.words
    assert "填表人" in page.words
    content = await (await whole.enter("reviewer")).get(f"/desk/coverage/{name}")
    assert real_knowledge().questions[name].title in content.words
    assert "2026-11" in content.words


@pytest.mark.parametrize(
    ("query", "count"),
    [("document=fuzhou-outlets-2022", None), ("clause=6.1", 5), ("clause=99", 0), ("force=应&clause=5.1.2", 1), ("standing=尚未具备", None),
     ("unused=yes&clause=5.1.2", None), ("document=none", 249)],
)  # fmt: skip
async def test_conditions_narrow_the_rows(whole: Whole, query: str, count: int | None) -> None:
    page = await (await whole.enter("auditor")).get(f"/desk/coverage?{query}")
    found = page.text.count("<tr id=")
    assert found < 249 if count is None else found == count
    assert ("没有符合条件的条款" in page.words) == (found == 0)


async def test_what_was_never_used_is_found_and_goes_when_it_is_used(whole: Whole) -> None:
    name = next(one.id for one in real_knowledge().questions.values() if one.covers == ("XN-1a",) or "XN-2" in one.covers)
    row = real_knowledge().questions[name].covers[0]
    clerk = await whole.enter("clerk")
    assert f'<tr id="{row}">' in (await clerk.get("/desk/coverage?unused=yes")).text
    await _ask(whole, name)
    assert f'<tr id="{row}">' not in (await clerk.get("/desk/coverage?unused=yes")).text
    assert f'<tr id="{row}">' in (await clerk.get("/desk/coverage?unused=yes&since=2025-01-01&until=2025-12-31")).text


async def test_a_span_that_is_none_is_told_beside_its_field(whole: Whole) -> None:
    page = await (await whole.enter("clerk")).get("/desk/coverage?since=2026-11-02&until=2026-11-01")
    assert page.status == 422
    assert 'id="error-until"' in page.text
    assert 'value="2026-11-01"' in page.text
    assert "结束日期不能早于开始日期。" in page.words


async def test_what_is_typed_is_escaped(whole: Whole) -> None:
    page = await (await whole.enter("clerk")).get("/desk/coverage?clause=%3Cscript%3E")
    assert "<script>" not in page.text
    assert (await (await whole.enter("auditor")).get("/desk/coverage/%3Cb%3E")).status == 404


async def test_the_self_assessment_is_taken_along_and_noted(whole: Whole) -> None:
    reviewer = await whole.enter("reviewer")
    assert (await (await whole.enter("clerk")).get("/desk/coverage/docx")).status == 403
    path = "/desk/coverage/docx?since=2026-01-01&until=2026-12-31&clause=6.1"
    async with whole.client.get(path, headers={"Cookie": f"__Host-zhixun-desk={reviewer.token}"}) as response:
        data, headers = await response.read(), response.headers
    assert headers["Content-Disposition"] == 'attachment; filename="assessment-20260101-20261231.docx"'
    texts = [paragraph.text for paragraph in Document(io.BytesIO(data)).paragraphs]
    assert "对照条目：5 条（按条件选出，共 249 条）" in texts
    assert "单位：西宁市知识产权公共服务" in texts
    assert await whole.notes("exported") == [
        ("exported", "staff:reviewer", {"what": "assessment", "format": "docx", "span": "2026-01-01 至 2026-12-31"}, None)
    ]  # fmt: skip
    assert (await reviewer.get("/desk/coverage/docx?since=x")).status == 400


async def test_answers_not_checked_for_long_have_a_page(whole: Whole) -> None:
    page = await (await whole.enter("clerk")).get("/desk/coverage/checked?months=99")
    assert page.status == 200
    assert "没有 6 个月以上没有核对的答复" in page.words
