"""A report as a Word document, for offices that go on writing in it."""

from __future__ import annotations

from datetime import UTC

from docx.document import Document as Paper
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt
from docx.table import _Row

from zhixun.clock import stamp
from zhixun.documents import HEI, SONG, About, Look, bytes_of, grid, keep_together, new_paper, repeat_head
from zhixun.reports.sheet import Report, Section, Table

__all__ = ["NOTHING", "SIGNED", "document_of"]

NOTHING = "本期没有。"
SIGNED = ("制表人：", "审核人：", "日期：　　　　年　　月　　日", "（单位盖章）")
_TITLE, _HEADING, _CAPTION, _BODY, _SMALL = "报告标题", "报告章", "报告表题", "报告正文", "报告附注"
_LOOKS = {
    _TITLE: Look(HEI, 20, bold=True, after=6), _HEADING: Look(HEI, 14, bold=True, before=14, after=6),
    _CAPTION: Look(HEI, 10.5, bold=True, before=8, after=3), _BODY: Look(SONG, 10.5, after=4), _SMALL: Look(SONG, 9, before=2, after=4),
}  # fmt: skip
_WIDE = 166
"""Millimetres between the margins."""


def document_of(report: Report) -> bytes:
    """Return a report as a document; the same report always gives the same bytes."""
    about = About(report.title, f"{report.title}　{report.span}", report.office, stamp(report.made.astimezone(UTC)))
    paper = new_paper(about, _LOOKS, _SMALL, size=10.5)
    paper.add_paragraph(report.title, style=_TITLE).alignment = WD_ALIGN_PARAGRAPH.CENTER
    for line in (f"{report.office}　{report.span}", report.compared):
        paper.add_paragraph(line, style=_BODY).alignment = WD_ALIGN_PARAGRAPH.CENTER
    tiles = tuple((title, value, words) for title, value, words in report.tiles)
    _table(paper, Table("tiles", "主要数字", ("项目", "数字", "说明"), tiles, wide=frozenset((2,))))
    for section in report.sections:
        _section(paper, section)
    paper.add_paragraph("说明", style=_HEADING)
    for note in report.notes:
        paper.add_paragraph(note, style=_BODY)
    for line in SIGNED:
        paper.add_paragraph(line, style=_BODY).paragraph_format.space_before = Pt(14)
    return bytes_of(paper)


def _section(paper: Paper, section: Section) -> None:
    paper.add_paragraph(section.title, style=_HEADING)
    for line in section.lines:
        paper.add_paragraph(line, style=_BODY)
    for table in section.tables:
        _table(paper, table)


def _table(paper: Paper, table: Table) -> None:
    paper.add_paragraph(table.title, style=_CAPTION)
    if not table.rows:
        paper.add_paragraph(NOTHING, style=_BODY)
        return
    drawn = grid(paper, len(table.rows) + 1, [Mm(width) for width in widths(table, _WIDE)])
    drawn.alignment = WD_TABLE_ALIGNMENT.CENTER
    keep_together(drawn)
    repeat_head(drawn)
    _fill(drawn.rows[0], table.columns, table, head=True)
    for row, cells in zip(list(drawn.rows)[1:], table.told, strict=True):
        _fill(row, cells, table)
    paper.add_paragraph(table.note, style=_SMALL)


def _fill(row: _Row, texts: tuple[str, ...], table: Table, *, head: bool = False) -> None:
    for place, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
        line = cell.paragraphs[0]
        line.add_run(text).bold = head
        line.paragraph_format.space_after = Pt(1)
        line.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.LEFT if table.is_words(place) else WD_ALIGN_PARAGRAPH.RIGHT


def widths(table: Table, whole: float) -> list[float]:
    """Return how wide each column is: those with sentences, and the first one, share what the figures leave."""
    sentences = table.wide | {0}
    figure = min(26.0, whole * 0.6 / max(1, len(table.columns) - len(sentences)))
    rest = whole - figure * sum(place not in sentences for place in range(len(table.columns)))
    shares = [2 if place in table.wide else 1 for place in range(len(table.columns)) if place in sentences]
    return [rest * (2 if place in table.wide else 1) / sum(shares) if place in sentences else figure for place in range(len(table.columns))]
