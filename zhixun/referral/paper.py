"""The slip on paper: a page for printing and a document for offices (docx), both of the same sheet."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import segno
from docx import Document
from docx.document import Document as Paper
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from markupsafe import Markup

from zhixun.drawn import environment_of
from zhixun.referral.sheet import Box, Section, Sheet
from zhixun.referral.words import PAGES, QR_TOLD

__all__ = ["ENVIRONMENT", "document_of", "page_of", "qr_of"]

_SONG, _HEI, _LATIN = "宋体", "黑体", "Times New Roman"
_TITLE, _HEADING, _SMALL, _ITEM = "转介单标题", "转介单小标题", "转介单附注", "转介单列项"
# Of the styles: font, size, bold, space before and after.
_STYLES: Mapping[str, tuple[str, float, bool, float, float]] = {
    _TITLE: (_HEI, 20, True, 0, 10),
    _HEADING: (_HEI, 12, True, 10, 4),
    _ITEM: (_SONG, 11, False, 0, 2),
    _SMALL: (_SONG, 9, False, 0, 2),
}
_WIDE, _NAMES, _BOX, _QR = Mm(166), Mm(34), Mm(83), Mm(28)
_EPOCH = (1980, 1, 1, 0, 0, 0)

ENVIRONMENT = environment_of(Path(__file__).parent / "templates")


def page_of(sheet: Sheet) -> str:
    """Return the slip as a page for printing; it loads its style sheet and nothing else."""
    return ENVIRONMENT.get_template("paper.html").render(sheet=sheet, qr=qr_of(sheet.link))


def qr_of(link: str) -> Markup:
    """Return a link as a QR code to be set into a page; nothing when there is no link."""
    if not link:
        return Markup()
    code = segno.make(link, error="m", micro=False)
    drawn = code.svg_inline(omitsize=True, light="#fff", title=QR_TOLD, svgclass="qr", lineclass=None)
    return Markup(drawn)  # noqa: S704 - numbers and our own title: no word of anybody gets past the escaping here


def document_of(sheet: Sheet) -> bytes:
    """Return the slip as a document; the same sheet always gives the same bytes."""
    paper = Document()
    _prepare(paper, sheet)
    paper.add_paragraph(sheet.title, style=_TITLE).alignment = WD_ALIGN_PARAGRAPH.CENTER
    _rows(paper, sheet.head)
    for section in sheet.sections:
        _section(paper, section)
    if sheet.link:
        picture = io.BytesIO()
        segno.make(sheet.link, error="m", micro=False).save(picture, kind="png", scale=6)
        paper.add_picture(picture, width=_QR)._inline.docPr.set("descr", QR_TOLD)
    _boxes(paper, sheet.boxes)
    paper.add_paragraph(sheet.note, style=_SMALL).paragraph_format.space_before = Pt(8)
    written = io.BytesIO()
    paper.save(written)
    return _without_times(written.getvalue())


def _prepare(paper: Paper, sheet: Sheet) -> None:
    """Set the page, the fonts and what the file tells of itself."""
    section = paper.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(22)
    section.top_margin, section.bottom_margin = Mm(22), Mm(20)
    _default_fonts(paper)
    normal = cast("ParagraphStyle", paper.styles["Normal"])
    _set_font(normal, _SONG, 11, bold=False)
    for name, (font, size, bold, before, after) in _STYLES.items():
        style = cast("ParagraphStyle", paper.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH))
        style.base_style = normal
        _set_font(style, font, size, bold=bold)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        style.paragraph_format.keep_with_next = font == _HEI
    footer = section.footer.paragraphs[0]
    footer.style = paper.styles[_SMALL]
    _page_numbers(footer, sheet)
    issued = datetime.fromisoformat(sheet.issued).astimezone(UTC).replace(tzinfo=None)
    told = paper.core_properties
    told.title, told.subject, told.author, told.last_modified_by = sheet.title, sheet.number, sheet.office, sheet.office
    told.created = told.modified = issued
    told.language, told.comments, told.revision = "zh-CN", "", 1


def _default_fonts(paper: Paper) -> None:
    """Take the themes' fonts out of the defaults: they would go before the fonts that are named."""
    defaults = paper.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    fonts, language = defaults.find(qn("w:rFonts")), defaults.find(qn("w:lang"))
    fonts.attrib.clear()
    _name_fonts(fonts, _SONG)
    language.set(qn("w:val"), "zh-CN")
    language.set(qn("w:eastAsia"), "zh-CN")


def _set_font(style: ParagraphStyle, font: str, size: float, *, bold: bool) -> None:
    style.font.name, style.font.size, style.font.bold = _LATIN, Pt(size), bold
    # `font.name` is for Latin letters only; Chinese ones go by a name of their own.
    _name_fonts(style.element.rPr.rFonts, font)


def _name_fonts(fonts: BaseOxmlElement, chinese: str) -> None:
    for script, font in (("ascii", _LATIN), ("hAnsi", _LATIN), ("cs", _LATIN), ("eastAsia", chinese)):
        fonts.set(qn(f"w:{script}"), font)
    # Quotation marks are in both alphabets; in Chinese text they are Chinese.
    fonts.set(qn("w:hint"), "eastAsia")


def _page_numbers(footer: Paragraph, sheet: Sheet) -> None:
    before, between, after = PAGES
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    footer.add_run(f"{sheet.number}　{before}")
    _field(footer, "PAGE")
    footer.add_run(between)
    _field(footer, "NUMPAGES")
    footer.add_run(after)


def _field(paragraph: Paragraph, what: str) -> None:
    """Put in what the program that opens the document counts itself."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), f" {what} ")
    field.append(paragraph.add_run("1")._r)
    paragraph._p.append(field)


def _section(paper: Paper, section: Section) -> None:
    paper.add_paragraph(section.heading, style=_HEADING)
    _rows(paper, section.rows)
    for place, item in enumerate(section.items, 1):
        paper.add_paragraph(f"{place}. {item}", style=_ITEM)
    for line in section.lines:
        paper.add_paragraph(line, style=_ITEM)


def _rows(paper: Paper, rows: tuple[tuple[str, str], ...]) -> None:
    if not rows:
        return
    table = _table(paper, len(rows), (_NAMES, _WIDE - _NAMES))
    for row, (name, value) in zip(table.rows, rows, strict=True):
        row.cells[0].paragraphs[0].add_run(name).bold = True
        row.cells[1].paragraphs[0].add_run(value)
    paper.add_paragraph(style=_SMALL).paragraph_format.space_after = Pt(0)


def _boxes(paper: Paper, boxes: tuple[Box, Box]) -> None:
    paper.add_paragraph(style=_SMALL)
    (row,) = _table(paper, 1, (_BOX, _BOX)).rows
    # A seal and a signature that stand on different pages prove nothing.
    no_break = OxmlElement("w:cantSplit")
    row._tr.get_or_add_trPr().append(no_break)
    for cell, box in zip(row.cells, boxes, strict=True):
        _box(cell, box)


def _box(cell: _Cell, box: Box) -> None:
    cell.paragraphs[0].add_run(box.heading).bold = True
    cell.paragraphs[0].paragraph_format.space_after = Pt(48)
    for line in box.lines:
        cell.add_paragraph(line).paragraph_format.space_after = Pt(4)


def _table(paper: Paper, rows: int, widths: tuple[int, ...]) -> Table:
    table: Table = paper.add_table(rows, len(widths), style="Table Grid")
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
        for cell in column.cells:
            cell.width = width
            cell.paragraphs[0].paragraph_format.space_after = Pt(2)
    return table


def _without_times(document: bytes) -> bytes:
    """Write the container again: the library puts the time of writing on each of its parts."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(zipfile.ZipInfo(part.filename, _EPOCH), old.read(part), zipfile.ZIP_DEFLATED)
    return written.getvalue()
