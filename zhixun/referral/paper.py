"""The slip on paper: a page for printing and a document for offices (docx), both of the same sheet."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import segno
from docx.document import Document as Paper
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt
from docx.table import _Cell
from markupsafe import Markup

from zhixun.documents import HEI, SONG, About, Look, bytes_of, grid, keep_together, new_paper
from zhixun.drawn import environment_of
from zhixun.referral.sheet import Box, Section, Sheet
from zhixun.referral.words import QR_TOLD

__all__ = ["ENVIRONMENT", "document_of", "page_of", "qr_of"]

_TITLE, _HEADING, _SMALL, _ITEM = "转介单标题", "转介单小标题", "转介单附注", "转介单列项"
_LOOKS: Mapping[str, Look] = {
    _TITLE: Look(HEI, 20, bold=True, after=10),
    _HEADING: Look(HEI, 12, bold=True, before=10, after=4),
    _ITEM: Look(SONG, 11, after=2),
    _SMALL: Look(SONG, 9, after=2),
}
_WIDE, _NAMES, _BOX, _QR = Mm(166), Mm(34), Mm(83), Mm(28)

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
    paper = new_paper(About(sheet.title, sheet.number, sheet.office, sheet.issued), _LOOKS, _SMALL)
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
    return bytes_of(paper)


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
    table = grid(paper, len(rows), (_NAMES, _WIDE - _NAMES))
    for row, (name, value) in zip(table.rows, rows, strict=True):
        row.cells[0].paragraphs[0].add_run(name).bold = True
        row.cells[1].paragraphs[0].add_run(value)
    paper.add_paragraph(style=_SMALL).paragraph_format.space_after = Pt(0)


def _boxes(paper: Paper, boxes: tuple[Box, Box]) -> None:
    paper.add_paragraph(style=_SMALL)
    table = grid(paper, 1, (_BOX, _BOX))
    # A seal and a signature that stand on different pages prove nothing.
    keep_together(table)
    for cell, box in zip(table.rows[0].cells, boxes, strict=True):
        _box(cell, box)


def _box(cell: _Cell, box: Box) -> None:
    cell.paragraphs[0].add_run(box.heading).bold = True
    cell.paragraphs[0].paragraph_format.space_after = Pt(48)
    for line in box.lines:
        cell.add_paragraph(line).paragraph_format.space_after = Pt(4)
