"""The page of the analysis report: what it shows and draws, how words come later, and what is taken away."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
import pytest_asyncio

from tests.desk.whole import Whole, whole_desk
from tests.support import office_in
from zhixun.archive.erase import erase
from zhixun.desk.pages.reports import ReportPages
from zhixun.messages import EngineTurn, Reply

QUESTION = "预制菜包装侵权找谁"
NAMED = "我叫王建国，预制菜包装侵权找谁"


@pytest_asyncio.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Whole]:
    async with office_in(tmp_path) as office, whole_desk(office) as desk:
        yield desk


async def _asked(whole: Whole, *texts: str) -> list[str]:
    """Let each text be asked in vain in a consultation of its own, ended and indexed."""
    numbers = []
    for text in texts:
        whole.office.engine.answers[text] = EngineTurn("unknown", (Reply("暂时没有答复"),), parsed={"intent": "ask", "confidence": 0.3})
        number = await whole.office.open()
        await whole.office.turns.say(number, text)
        await whole.office.consultations.close(number)
        numbers.append(number)
    while await whole.index.catch_up():
        pass
    return numbers


async def test_an_empty_span_says_so_and_the_navigation_leads_there(whole: Whole) -> None:
    clerk = await whole.enter()
    page = await clerk.get("/desk/reports")
    assert page.status == 200
    assert "这个时段没有咨询" in page.words
    assert 'href="/desk/reports" title="分析报告"' in page.text
    assert "/desk/reports/export" not in page.text  # a clerk takes nothing away


async def test_figures_are_tables_and_drawings_without_a_style_or_script_in_the_page(whole: Whole) -> None:
    await _asked(whole, QUESTION, "量子商标")
    await whole.office.book.submit("policy", {"who": "small", "industry": "farming", "matter": "听政策"}, "西宁市", "1")
    await whole.index.catch_up()
    page = await (await whole.enter("reviewer")).get("/desk/reports?kind=month&day=2026-11-03")
    assert "2026年11月（截至11月20日）" in page.words
    assert "script-src 'self'; style-src 'self'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<style|style=|<script(?! src=)|\bon\w+=\"", page.text)
    drawn = {one["title"]: one for one in (json.loads(html.unescape(found)) for found in re.findall(r'data-chart="([^"]*)"', page.text))}
    assert drawn["入口"]["names"] == ["接口", "网页表单"]
    assert drawn["入口"]["values"] == [2, 1]
    assert re.search(r'<th scope="row">接口</th>\s*<td class="number">2</td>\s*<td class="number">66\.7%</td>', page.text)
    assert '<th scope="row">绿色有机农畜产品、食品</th>' in page.text


async def test_words_are_looked_through_beside_and_then_shown_without_names(whole: Whole) -> None:
    numbers = await _asked(whole, QUESTION, f"请问{QUESTION}", NAMED, f"{QUESTION}呢")
    reviewer = await whole.enter("reviewer")
    page = await reviewer.get("/desk/reports")
    assert "正在整理" in page.words
    assert 'hx-get="/desk/reports/waiting?kind=month&amp;day=2026-11-01"' in page.text
    assert (await reviewer.get("/desk/reports/waiting?kind=month&day=2026-11-01")).status == 204
    await whole.desk.reports.work()
    there = await reviewer.get("/desk/reports/waiting?kind=month&day=2026-11-01")
    assert (there.status, there.words.strip()) == (200, "咨询人的原话已经整理好。 刷新本页查看")
    (href,) = re.findall(r'href="([^"]+)"', there.text)
    page = await reviewer.get(html.unescape(href))
    assert re.search(r'<th scope="row">[^<]*包装侵权[^<]*</th><td class="number">4</td>', page.text)
    assert "补写答复" in page.words
    assert "王建国" not in page.text
    # What was erased is looked through anew, without it.
    await erase(whole.office.journal, whole.office.sealer, numbers[0], "本人请求")
    await whole.index.catch_up()
    assert "正在整理" in (await reviewer.get("/desk/reports")).words
    await whole.desk.reports.work()
    assert '<td class="number">3</td>' in (await reviewer.get("/desk/reports")).text


async def test_a_span_that_cannot_be_read_is_told_beside_its_field(whole: Whole) -> None:
    page = await (await whole.enter()).get("/desk/reports?kind=any&since=2026-11-09&until=2026-11-01")
    assert page.status == 422
    assert "截止日期不能早于开始日期" in page.words
    assert 'value="2026-11-09"' in page.text
    assert (await (await whole.enter("clerk", "li")).get("/desk/reports?kind=aeon")).status == 422


@pytest.mark.parametrize(("form", "begins"), [("docx", "PK"), ("pdf", "%PDF-"), ("xlsx", "PK")])
async def test_it_is_taken_away_and_that_is_noted(whole: Whole, form: str, begins: str) -> None:
    await _asked(whole, QUESTION, QUESTION + "呢")
    auditor = await whole.enter("auditor")
    file = await auditor.post("/desk/reports/export", {"kind": "month", "day": "2026-11-02", "form": form})
    assert file.status == 200
    assert file.text.startswith(begins)
    assert f'filename="zhixun-report-20261101-20261120.{form}"' in file.headers["Content-Disposition"]
    (note,) = await whole.notes("exported")
    assert note[1:3] == ("staff:auditor", {"what": "report", "format": form, "filters": {"kind": "month", "day": "2026-11-02"}})
    acts = (await auditor.get("/desk/audit")).words
    assert "分析报告" in acts


async def test_nobody_takes_away_what_there_is_not_or_may_not(whole: Whole) -> None:
    reviewer, clerk = await whole.enter("reviewer"), await whole.enter("clerk")
    assert (await reviewer.post("/desk/reports/export", {"form": "exe"})).status == 400
    assert (await clerk.post("/desk/reports/export", {"form": "pdf"})).status == 403
    assert await whole.notes("exported") == []


async def test_what_is_taken_away_holds_the_same_figures_as_the_page(whole: Whole) -> None:
    await _asked(whole, QUESTION, "商标呢")
    data, _, _ = await whole.desk.reports.file({}, "xlsx")
    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(io.BytesIO(data))["总体情况"].iter_rows()]
    assert ["咨询件", 2, 0, 2] in [row[:4] for row in rows]
    assert await whole.desk.reports.waiting({}) is False  # what was looked through for it is kept
    whole.office.clock.turn_by(timedelta(days=1))
    assert await whole.desk.reports.waiting({}) is True


def test_the_pages_name_their_routes() -> None:
    routes = {(method, path) for method, path, _ in ReportPages(None, None, None).routes()}  # type: ignore[arg-type]
    assert routes == {("GET", "/desk/reports"), ("GET", "/desk/reports/waiting"), ("POST", "/desk/reports/export")}
