"""Documents for offices (docx): Chinese fonts, page numbers, tables, and the same bytes each time from the same words."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from docx import Document
from docx.document import Document as Paper
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.table import Table
from docx.text.paragraph import Paragraph

__all__ = ["HEI", "SONG", "About", "Look", "bytes_of", "grid", "keep_together", "new_paper", "repeat_head"]

SONG, HEI = "宋体", "黑体"
_LATIN = "Times New Roman"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_PAGES = ("第 ", " 页　共 ", " 页")
_A4, _SIDE, _TOP, _BOTTOM = (Mm(210), Mm(297)), Mm(22), Mm(22), Mm(20)


@dataclass(frozen=True, slots=True)
class About:
    """What a document tells of itself.

    Attributes:
        title, number: what it is; the number stands at the foot of each page. office: who made it. made: when (UTC stamp).
    """

    title: str
    number: str
    office: str
    made: str


@dataclass(frozen=True, slots=True)
class Look:
    """How a style looks: font, size in points, whether it is bold, and the space before and after in points."""

    font: str
    size: float
    bold: bool = False
    before: float = 0
    after: float = 0


def new_paper(about: About, looks: Mapping[str, Look], foot: str, *, wide: bool = False, size: float = 11) -> Paper:
    """Begin a document on A4.

    Args:
        looks: the paragraph styles by name. foot: the style of the page's foot, one of them.
        wide: turned on its side, for tables of many columns. size: of the running text, in points.
    """
    paper = Document()
    section = paper.sections[0]
    section.page_width, section.page_height = _A4[::-1] if wide else _A4
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    section.left_margin = section.right_margin = _SIDE
    section.top_margin, section.bottom_margin = _TOP, _BOTTOM
    _default_fonts(paper)
    normal = cast("ParagraphStyle", paper.styles["Normal"])
    _set_font(normal, Look(SONG, size))
    for name, look in looks.items():
        style = cast("ParagraphStyle", paper.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH))
        style.base_style = normal
        _set_font(style, look)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(look.before), Pt(look.after)
        style.paragraph_format.keep_with_next = look.font == HEI
    footer = section.footer.paragraphs[0]
    footer.style = paper.styles[foot]
    _page_numbers(footer, about.number)
    made = datetime.fromisoformat(about.made).astimezone(UTC).replace(tzinfo=None)
    told = paper.core_properties
    told.title, told.subject, told.author, told.last_modified_by = about.title, about.number, about.office, about.office
    told.created = told.modified = made
    told.language, told.comments, told.revision = "zh-CN", "", 1
    return paper


def grid(paper: Paper, rows: int, widths: Sequence[int]) -> Table:
    """Add an empty table with lines between its cells; the widths are those of its columns."""
    table: Table = paper.add_table(rows, len(widths), style="Table Grid")
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
        for cell in column.cells:
            cell.width = width
            cell.paragraphs[0].paragraph_format.space_after = Pt(2)
    return table


def keep_together(table: Table) -> None:
    """Let no row of a table be parted by the end of a page."""
    for row in table.rows:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def repeat_head(table: Table) -> None:
    """Show the first row of a table again on each page."""
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def bytes_of(paper: Paper) -> bytes:
    """Return the file of a document."""
    written = io.BytesIO()
    paper.save(written)
    return _without_times(written.getvalue())


def _default_fonts(paper: Paper) -> None:
    """Take the themes' fonts out of the defaults: they would go before the fonts that are named."""
    defaults = paper.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    fonts, language = defaults.find(qn("w:rFonts")), defaults.find(qn("w:lang"))
    fonts.attrib.clear()
    _name_fonts(fonts, SONG)
    language.set(qn("w:val"), "zh-CN")
    language.set(qn("w:eastAsia"), "zh-CN")


def _set_font(style: ParagraphStyle, look: Look) -> None:
    style.font.name, style.font.size, style.font.bold = _LATIN, Pt(look.size), look.bold
    # `font.name` is for Latin letters only; Chinese ones go by a name of their own.
    _name_fonts(style.element.rPr.rFonts, look.font)


def _name_fonts(fonts: BaseOxmlElement, chinese: str) -> None:
    for script, font in (("ascii", _LATIN), ("hAnsi", _LATIN), ("cs", _LATIN), ("eastAsia", chinese)):
        fonts.set(qn(f"w:{script}"), font)
    # Quotation marks are in both alphabets; in Chinese text they are Chinese.
    fonts.set(qn("w:hint"), "eastAsia")


def _page_numbers(footer: Paragraph, number: str) -> None:
    before, between, after = _PAGES
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    footer.add_run(f"{number}　{before}")
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


def _without_times(document: bytes) -> bytes:
    """Write the container again: the library puts the time of writing on each of its parts."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(zipfile.ZipInfo(part.filename, _EPOCH), old.read(part), zipfile.ZIP_DEFLATED)
    return written.getvalue()
