"""The figures of a report as a workbook: a sheet for each section, numbers as numbers."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]  # it has no types

from zhixun.reports.sheet import Cell, Report, Section, Table, is_part

__all__ = ["workbook_of"]

_NARROW, _WIDE = 12, 44
_Looks = Mapping[str, Any]


def workbook_of(report: Report, harmless: Callable[[str], str]) -> bytes:
    """Return a report as a workbook.

    Args:
        harmless: writes a text so that no spreadsheet computes it.
    """
    written = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(written, options)
    # Without it the time of writing stands in the file, and the same report is never the same bytes.
    # It is written as if it were UTC.
    made = report.made.astimezone(UTC).replace(tzinfo=None)
    book.set_properties({"title": report.title, "subject": report.span, "author": report.office, "created": made})
    looks = {
        "title": book.add_format({"bold": True, "font_size": 13}),
        "head": book.add_format({"bold": True, "bg_color": "#e3efed", "border": 1}),
        "plain": book.add_format({"border": 1}), "part": book.add_format({"border": 1, "num_format": "0.0%"}),
        "soft": book.add_format({"font_color": "#5a696c"}),
    }  # fmt: skip
    sheet = book.add_worksheet("主要数字")
    lines = (report.title, report.office, report.span, report.compared, *report.notes)
    for at, line in enumerate(lines):
        sheet.write_string(at, 0, harmless(line), looks["title"] if at == 0 else None)
    _table(sheet, len(lines) + 1, Table("tiles", "主要数字", ("项目", "数字", "说明"), tuple(report.tiles)), looks, harmless)
    sheet.set_column(0, 1, 18)
    sheet.set_column(2, 2, _WIDE)
    for section in report.sections:
        _section(book.add_worksheet(_name(section.title)), section, looks, harmless)
    book.close()
    return written.getvalue()


def _section(sheet: Any, section: Section, looks: _Looks, harmless: Callable[[str], str]) -> None:
    at = 0
    for line in section.lines:
        sheet.write_string(at, 0, harmless(line), looks["soft"])
        at += 1
    for table in section.tables:
        at = _table(sheet, at + 1, table, looks, harmless)
    wide = {place for table in section.tables for place in table.wide} | {0}
    for place in range(max(len(table.columns) for table in section.tables) if section.tables else 1):
        sheet.set_column(place, place, _WIDE if place in wide else _NARROW)


def _table(sheet: Any, at: int, table: Table, looks: _Looks, harmless: Callable[[str], str]) -> int:
    """Write a table from a row on; returns the row after it."""
    sheet.write_string(at, 0, harmless(table.title), looks["title"])
    for place, column in enumerate(table.columns):
        sheet.write_string(at + 1, place, harmless(column), looks["head"])
    for down, cells in enumerate(table.rows, at + 2):
        for place, cell in enumerate(cells):
            _write(sheet, down, place, cell, looks["part" if is_part(table.columns[place]) else "plain"], harmless)
    after = at + 2 + len(table.rows)
    if table.note:
        sheet.write_string(after, 0, harmless(table.note), looks["soft"])
    return after + 1


def _write(sheet: Any, row: int, place: int, cell: Cell, look: Any, harmless: Callable[[str], str]) -> None:
    if cell is None:
        sheet.write_blank(row, place, None, look)
    elif isinstance(cell, str):
        sheet.write_string(row, place, harmless(cell), look)
    else:
        sheet.write_number(row, place, cell, look)


def _name(title: str) -> str:
    """Return a name that a sheet may have: 31 letters, without those that formulas use."""
    return "".join(char for char in title.split("、", 1)[-1] if char not in "[]:*?/\\")[:31]
