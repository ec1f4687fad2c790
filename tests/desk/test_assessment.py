"""The self-assessment as a document: it says what the page says, and the same rows give the same bytes."""

from __future__ import annotations

import io

from docx import Document
from docx.enum.section import WD_ORIENT

from tests.desk.test_coverage import BARE, ROW, ROWS, STANDINGS
from zhixun.desk.assessment import SIGNED, TITLE, assessment_of, used_words
from zhixun.desk.coverage import tallies
from zhixun.documents import About

ABOUT = About(TITLE, "自评 2026", "某市知识产权公共服务", "2026-11-20T02:00:00.000Z")
FACTS = (("单位", "某市知识产权公共服务"), ("期间", "2026-01-01 至 2026-11-21"))


def _made() -> bytes:
    return assessment_of(ABOUT, FACTS, STANDINGS, tallies(ROWS, STANDINGS), ROWS)


def test_the_document_tells_every_row_the_tallies_and_who_signs() -> None:
    paper = Document(io.BytesIO(_made()))
    texts = [paragraph.text for paragraph in paper.paragraphs]
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in paper.tables]
    assert texts[0] == TITLE
    assert "单位：某市知识产权公共服务" in texts
    assert "期间：2026-01-01 至 2026-11-21" in texts
    assert tables[0][-1] == ["合计", "2", "1", "1", "4"]
    assert [row[0] for table in tables[1:3] for row in table[1:]] == ["5.1.4 a)", "5.2", "6.1", "一"]
    assert tables[1][1] == [
        "5.1.4 a)", "应", "提供咨询", "问答：怎么问、问谁；工作台：值班", "问答 3 次答复（最近 2026-11-02）", "已具备",
    ]  # fmt: skip
    assert tables[1][3][3:] == ["—", "—", "尚未具备。缺台账：待建"]
    assert [cell.split("：")[0] for cell in tables[-1][0]] == list(SIGNED)


def test_it_lies_on_its_side_and_heads_are_repeated() -> None:
    paper = Document(io.BytesIO(_made()))
    section = paper.sections[0]
    assert section.orientation == WD_ORIENT.LANDSCAPE
    assert section.page_width > section.page_height
    assert all("tblHeader" in table.rows[0]._tr.xml for table in paper.tables[:-1])


def test_the_same_rows_give_the_same_bytes() -> None:
    assert _made() == _made()


def test_use_is_told_by_what_is_counted() -> None:
    assert used_words(ROW) == "问答 3 次答复"
    assert used_words(BARE) == "—"
