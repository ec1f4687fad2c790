"""The slip on paper: a document that offices can open, and a page that says the same."""

from __future__ import annotations

import dataclasses
import html
import io
import re
import zipfile
from datetime import datetime
from typing import Any

import pytest
from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml.ns import qn
from docx.shared import Mm

from tests.referral.desk import MEDIATION, Desk
from zhixun.referral.paper import document_of, page_of
from zhixun.referral.sheet import Sheet


async def _sheet(desk: Desk, **changes: object) -> Sheet:
    return desk.letters.sheet(await desk.issue(**changes))


def _texts(paper: Any) -> list[str]:
    """Return what stands in a document, in order."""
    found = []
    for block in paper.iter_inner_content():
        if hasattr(block, "rows"):
            found += [cell.text for row in block.rows for cell in row.cells]
        else:
            found.append(block.text)
    return [text for text in found if text]


def _said(sheet: Sheet) -> list[str]:
    """Return all that a sheet says."""
    said = [sheet.title, *(part for row in sheet.head for part in row)]
    for section in sheet.sections:
        said += [section.heading, *(part for row in section.rows for part in row), *section.items, *section.lines]
    return [*said, *(box.heading for box in sheet.boxes), *(line for box in sheet.boxes for line in box.lines), sheet.note]


async def test_the_document_says_all_that_the_sheet_says(desk: Desk) -> None:
    sheet = await _sheet(desk)
    whole = "\n".join(_texts(Document(io.BytesIO(document_of(sheet)))))
    for said in _said(sheet):
        assert said in whole
    assert "1. 包装照片 3 张\n2. 购买凭证" in whole


async def test_the_page_says_the_same(desk: Desk) -> None:
    sheet = await _sheet(desk)
    page = page_of(sheet)
    assert "<b>" not in page
    assert "<script" not in page
    whole = html.unescape(re.sub(r"<[^>]+>", "", page))
    for said in _said(sheet):
        assert said in whole


async def test_what_the_paper_must_tell_stands_on_it(desk: Desk) -> None:
    sheet = await _sheet(desk)
    slip = (await desk.referrals.open())[0]
    whole = "\n".join(_said(sheet))
    for told in (slip.number, desk.codes.code_of(slip.number), MEDIATION.name, "2026年11月27日"):
        assert told in whole
    for told in ("第二十三条", "停止处理", "盖章", "当事人已单独同意"):
        assert told in whole
    assert "通过开具单位" in "\n".join(_said(await _sheet(desk, contact_consent=False, wish="另一件")))
    assert "无。" in _said(await _sheet(desk, evidence=(), wish="第三件"))


async def test_chinese_letters_have_chinese_fonts(desk: Desk) -> None:
    paper = Document(io.BytesIO(document_of(await _sheet(desk))))
    defaults = paper.styles.element.find(".//" + qn("w:rPrDefault")).find(".//" + qn("w:rFonts"))
    assert not [name for name in defaults.attrib if "heme" in name]
    fonts = {}
    for style in paper.styles:
        if style.type is WD_STYLE_TYPE.PARAGRAPH and (style.name == "Normal" or style.name.startswith("转介单")):
            fonts[style.name] = style.element.rPr.rFonts.get(qn("w:eastAsia"))
    assert fonts == {"Normal": "宋体", "转介单标题": "黑体", "转介单小标题": "黑体", "转介单列项": "宋体", "转介单附注": "宋体"}
    assert {paragraph.style.name for paragraph in paper.paragraphs} <= fonts.keys()
    assert not [run for paragraph in paper.paragraphs for run in paragraph.runs if run.font.name]


async def test_the_page_is_a4_with_numbers_of_pages(desk: Desk) -> None:
    sheet = await _sheet(desk)
    (section,) = Document(io.BytesIO(document_of(sheet))).sections
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert section.left_margin == section.right_margin
    footer = section.footer.paragraphs[0]
    fields = [field.get(qn("w:instr")).strip() for field in footer._p.iter(qn("w:fldSimple"))]
    assert fields == ["PAGE", "NUMPAGES"]
    assert sheet.number in footer.text


async def test_the_qr_code_is_there_and_no_wider_than_it_should_be(desk: Desk) -> None:
    sheet = await _sheet(desk)
    (picture,) = Document(io.BytesIO(document_of(sheet))).inline_shapes
    assert picture.width == Mm(28)
    # Without a box of its own, a drawing that the style sheet makes smaller would be cut off instead.
    assert re.search('<svg viewBox="0 0 (\\d+) \\1"', page_of(sheet))
    alone = dataclasses.replace(sheet, link="")
    assert len(Document(io.BytesIO(document_of(alone))).inline_shapes) == 0
    assert "<svg" not in page_of(alone)


@pytest.mark.parametrize("public_url", ["https://ip.example.cn", ""])
async def test_without_an_address_the_paper_names_the_page_in_words(desk: Desk, public_url: str) -> None:
    desk.letters._rules = dataclasses.replace(desk.rules, public_url=public_url)
    sheet = await _sheet(desk)
    assert sheet.link == (f"https://ip.example.cn/referral#{sheet.number}/{desk.codes.code_of(sheet.number)}" if public_url else "")
    assert ("二维码" in "".join(_said(sheet))) == bool(public_url)


async def test_the_same_slip_gives_the_same_bytes_and_the_file_tells_when_it_was_issued(desk: Desk) -> None:
    sheet = await _sheet(desk)
    first = document_of(sheet)
    assert document_of(sheet) == first
    told = Document(io.BytesIO(first)).core_properties
    assert (told.title, told.subject, told.author) == (sheet.title, sheet.number, desk.office.site.office)
    assert told.created == told.modified == datetime.fromisoformat("2026-11-20T02:00:00+00:00")
    with zipfile.ZipFile(io.BytesIO(first)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


async def test_lines_and_odd_letters_survive(desk: Desk) -> None:
    text = "第一行\n第二行 “引号” <&> 𠮷 \x0b垂直"
    sheet = await _sheet(desk, facts=(("事由", text),))
    whole = "\n".join(_texts(Document(io.BytesIO(document_of(sheet)))))
    assert "第一行\n第二行 “引号” <&> 𠮷 \n垂直" in whole
