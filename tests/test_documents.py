"""Documents for offices: the page, the fonts, what the file tells of itself, and the same bytes from the same words."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm

from zhixun.documents import HEI, SONG, About, Look, bytes_of, grid, keep_together, new_paper, repeat_head

ABOUT = About("登记表", "TZ-1", "某市某局", "2026-11-20T02:00:00.000Z")
LOOKS = {"大标题": Look(HEI, 18, bold=True, after=8), "附注": Look(SONG, 9)}


def _made(*, wide: bool = False) -> bytes:
    paper = new_paper(ABOUT, LOOKS, "附注", wide=wide, size=10)
    paper.add_paragraph("题目", style="大标题")
    table = grid(paper, 2, (Mm(40), Mm(60)))
    keep_together(table)
    repeat_head(table)
    return bytes_of(paper)


@pytest.mark.parametrize(("wide", "size"), [(False, (210, 297)), (True, (297, 210))])
def test_the_page_is_a4_and_its_foot_counts_the_pages(wide: bool, size: tuple[int, int]) -> None:
    section = Document(io.BytesIO(_made(wide=wide))).sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == size
    foot = section.footer.paragraphs[0]
    assert foot.text.startswith("TZ-1")
    assert [field.get(qn("w:instr")).strip() for field in foot._p.iter(qn("w:fldSimple"))] == ["PAGE", "NUMPAGES"]


def test_chinese_has_its_fonts_and_the_file_tells_who_made_it() -> None:
    paper = Document(io.BytesIO(_made()))
    fonts = paper.styles["大标题"].element.rPr.rFonts
    assert (fonts.get(qn("w:eastAsia")), fonts.get(qn("w:hint"))) == (HEI, "eastAsia")
    told = paper.core_properties
    assert (told.title, told.subject, told.author) == ("登记表", "TZ-1", "某市某局")
    assert told.created == datetime(2026, 11, 20, 2, tzinfo=UTC)
    assert told.language == "zh-CN"


def test_rows_stay_whole_and_the_head_comes_again() -> None:
    (table,) = Document(io.BytesIO(_made())).tables
    assert [("cantSplit" in row._tr.xml, "tblHeader" in row._tr.xml) for row in table.rows] == [(True, True), (True, False)]
    assert [round(cell.width.mm) for cell in table.rows[0].cells] == [40, 60]


def test_the_same_words_give_the_same_bytes() -> None:
    assert _made() == _made()
