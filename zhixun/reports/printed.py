"""A report as a PDF for signature: pages with their numbers, the Chinese font embedded, and a place to sign."""

from __future__ import annotations

from collections.abc import Sequence

from fpdf import FPDF
from fpdf.enums import Align, TableCellFillMode, TextEmphasis, WrapMode, XPos, YPos
from fpdf.fonts import FontFace

from zhixun.reports.document import NOTHING, SIGNED, widths
from zhixun.reports.font import Font
from zhixun.reports.sheet import Report, Section, Table

__all__ = ["print_of"]

_FAMILY = "report"
_MARGIN, _WIDE = 19.0, 172.0
_INK, _SOFT, _HEAD, _LINE = (20, 38, 42), (90, 105, 108), (227, 239, 237), (150, 165, 168)
_CLOSING = "，。、；：？！）》”’％%"
_SPARE = 0.5


class _Paper(FPDF):
    """Pages that carry the report's name and their number at the foot."""

    def __init__(self, words: str) -> None:
        super().__init__(format="A4")
        self._words = words

    def footer(self) -> None:
        """Write the foot of a page."""
        self.set_y(-14)
        self.set_font(_FAMILY, size=8)
        self.set_text_color(*_SOFT)
        self.cell(0, 6, f"{self._words}　第 {self.page_no()} 页，共 {{nb}} 页", align=Align.C)
        self.set_text_color(*_INK)


def print_of(report: Report, font: Font) -> bytes:
    """Return a report as a PDF, with the letters it uses of `font`; the same report always gives the same bytes."""
    paper = _Paper(f"{report.title}　{report.span}")
    paper.set_creation_date(report.made)
    paper.add_font(_FAMILY, "", font.path, collection_font_number=font.place)
    paper.set_title(f"{report.title}　{report.span}")
    paper.set_author(report.office)
    paper.set_lang("zh-CN")
    paper.set_margins(_MARGIN, 18)
    paper.set_auto_page_break(auto=True, margin=20)
    paper.add_page()
    paper.set_text_color(*_INK)
    _line(paper, report.title, 18, Align.C, 10)
    _line(paper, f"{report.office}　{report.span}", 11, Align.C)
    _line(paper, report.compared, 9, Align.C, 6)
    _table(paper, Table("tiles", "主要数字", ("项目", "数字", "说明"), tuple(report.tiles), wide=frozenset((2,))))
    for section in report.sections:
        _section(paper, section)
    _heading(paper, "说明")
    for note in report.notes:
        _line(paper, note, 10)
    _sign(paper)
    return bytes(paper.output())


def _section(paper: FPDF, section: Section) -> None:
    _heading(paper, section.title)
    for line in section.lines:
        _line(paper, line, 10)
    for table in section.tables:
        _table(paper, table)


def _heading(paper: FPDF, words: str) -> None:
    # A heading alone at the foot of a page leads to nothing.
    if paper.will_page_break(40):
        paper.add_page()
    paper.ln(5)
    paper.start_section(words)
    _line(paper, words, 14, after=2)


def _line(paper: FPDF, words: str, size: float, align: Align = Align.L, after: float = 1) -> None:
    paper.set_font(_FAMILY, size=size)
    paper.multi_cell(_WIDE, size * 0.55, _broken(paper, words), align=align, wrapmode=WrapMode.CHAR, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.ln(after)


def _broken(paper: FPDF, words: str) -> str:
    """Break words into lines as Chinese is: anywhere, but never before a closing mark (GB/T 15834)."""
    lines, line = list[str](), ""
    for char in words:
        if paper.get_string_width(line + char) > _WIDE - 2 * paper.c_margin - _SPARE:
            kept = len(line) - 1 if char in _CLOSING else len(line)
            lines.append(line[:kept])
            line = line[kept:]
        line += char
    return "\n".join([*lines, line])


def _table(paper: FPDF, table: Table) -> None:
    if paper.will_page_break(30):
        paper.add_page()
    paper.ln(2)
    _line(paper, table.title, 10.5)
    if not table.rows:
        _line(paper, NOTHING, 9.5)
        return
    paper.set_font(_FAMILY, size=9)
    paper.set_draw_color(*_LINE)
    paper.set_line_width(0.15)
    aligns = [Align.L if table.is_words(place) else Align.R for place in range(len(table.columns))]
    head = FontFace(emphasis=TextEmphasis.NONE, fill_color=_HEAD)
    with paper.table(
        width=_WIDE, col_widths=tuple(widths(table, _WIDE)), text_align=aligns, line_height=5, padding=(0.6, 1.2), headings_style=head,
        cell_fill_mode=TableCellFillMode.NONE, wrapmode=WrapMode.CHAR,
    ) as grid:  # fmt: skip
        _row(grid, table.columns)
        for cells in table.told:
            _row(grid, cells)
    if table.note:
        paper.ln(1)
        _line(paper, table.note, 8)


def _row(grid: object, texts: Sequence[str]) -> None:
    row = grid.row()  # type: ignore[attr-defined]  # the library does not export the class
    for text in texts:
        row.cell(text)


def _sign(paper: FPDF) -> None:
    """Leave a place for names and seal, never torn apart by the end of a page."""
    if paper.will_page_break(60):
        paper.add_page()
    paper.ln(8)
    for words in SIGNED:
        _line(paper, words, 11, after=6)
