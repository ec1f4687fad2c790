"""The yearly self-assessment (年度自评) as a document: how far each duty is served, how often, and what is missing and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docx.document import Document as Paper
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt

from zhixun.desk.coverage import CoverageRow, Tally
from zhixun.documents import HEI, SONG, About, Look, bytes_of, grid, keep_together, new_paper, repeat_head

__all__ = ["SIGNED", "TITLE", "assessment_of", "used_words"]

TITLE = "公共服务规范对照自评表"
SIGNED = ("填表人", "审核人", "负责人", "单位（盖章）")
"""Who signs, in order; each with a day."""
_TITLE, _HEADING, _SMALL = "自评标题", "自评小标题", "自评附注"
_LOOKS: Mapping[str, Look] = {
    _TITLE: Look(HEI, 18, bold=True, after=8), _HEADING: Look(HEI, 12, bold=True, before=10, after=4), _SMALL: Look(SONG, 9, after=2),
}  # fmt: skip
_HEAD = ("条款", "力度", "要求", "由什么承担", "本期使用", "情况")
_WIDTHS = tuple(Mm(width) for width in (24, 16, 66, 60, 32, 55))
_TALLY, _COUNT = Mm(133), Mm(30)


def assessment_of(
    about: About, facts: Sequence[tuple[str, str]], standings: Sequence[str], counted: Sequence[Tally], rows: Sequence[CoverageRow]
) -> bytes:
    """Return the document; the same rows always give the same bytes.

    Args:
        facts: name and value of what stands at its head. standings: what the columns of `counted` are.
    """
    paper = new_paper(about, _LOOKS, _SMALL, wide=True, size=9)
    paper.add_paragraph(about.title, style=_TITLE).alignment = WD_ALIGN_PARAGRAPH.CENTER
    for name, value in facts:
        paper.add_paragraph(f"{name}：{value}").paragraph_format.space_after = Pt(2)
    paper.add_paragraph("一、总体情况", style=_HEADING)
    _table(paper, ("范围", *standings, "合计"), [(one.title, *map(str, one.counts), str(one.all)) for one in counted],
           (_TALLY, *[_COUNT] * (len(standings) + 1)))  # fmt: skip
    paper.add_paragraph("二、逐条对照", style=_HEADING)
    for title in dict.fromkeys(row.title for row in rows):
        paper.add_paragraph(f"《{title}》", style=_HEADING)
        _table(paper, _HEAD, [_cells(row) for row in rows if row.title == title], _WIDTHS)
    paper.add_paragraph("三、签字", style=_HEADING)
    signing = grid(paper, 1, tuple(Mm(63) for _ in SIGNED))
    keep_together(signing)
    for cell, who in zip(signing.rows[0].cells, SIGNED, strict=True):
        cell.paragraphs[0].add_run(f"{who}：").bold = True
        cell.paragraphs[0].paragraph_format.space_after = Pt(36)
        cell.add_paragraph("　　　　年　　月　　日")
    return bytes_of(paper)


def used_words(row: CoverageRow) -> str:
    """Say how often what serves a row was used: `问答 12 次答复；服务事项 3 件申请`; a dash when nothing of it is counted."""
    counts: dict[tuple[str, str], int] = {}
    for one in row.serving:
        if one.used is not None:
            counts[one.need, one.unit] = counts.get((one.need, one.unit), 0) + one.used
    return "；".join(f"{need} {count} {unit}" for (need, unit), count in counts.items()) or "—"


def _cells(row: CoverageRow) -> tuple[str, ...]:
    served = "；".join(f"{need}：{'、'.join(dict.fromkeys(one.title for one in own))}" for need, own in row.by_need.items()) or "—"
    used = used_words(row) + (f"（最近 {row.last}）" if row.last else "")
    lacks = f"{row.standing}。缺{'、'.join(row.missing)}：{row.why}" if row.missing else row.standing
    return row.at, row.force or "—", row.what, served, used, lacks


def _table(paper: Paper, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
    table = grid(paper, len(rows) + 1, widths)
    keep_together(table)
    repeat_head(table)
    for row, texts in zip(table.rows, (head, *rows), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.paragraphs[0].add_run(text).bold = texts is head
