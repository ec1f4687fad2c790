"""Registers as spreadsheets: written with what may be chosen, and read back with care for what a stranger's file may hold."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # it has no types
import xlsxwriter  # type: ignore[import-untyped]  # it has no types

from zhixun.errors import CitizenError
from zhixun.masking import mask
from zhixun.registers.model import CHOICE, FLAG, KINDS, LONG, MONEY, NUMBER, Register
from zhixun.registers.record import Record
from zhixun.registers.values import NO, YES, Offered, exported

__all__ = ["ENDED", "MOST_BYTES", "MOST_ROWS", "NUMBER_TITLE", "Line", "read_sheet", "write_sheet"]

NUMBER_TITLE, ENDED = "编号", "停用时间"
"""The first column, which tells which record a row is, and the last, which is read by nobody."""
MOST_BYTES, MOST_ROWS = 2 * 1024 * 1024, 1000
_MOST_UNPACKED, _MOST_PARTS, _MOST_COLUMNS = 40 * 1024 * 1024, 200, 100
_LONGEST_OPTIONS = 255
_NO_SHEET = "这不是 .xlsx 文件，或者文件已损坏。请用本页下载的模板填写，另存为 .xlsx 再上传。"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a sheet as it was read.

    Attributes:
        row: its number as a spreadsheet shows it. cells: text by title of the column.
        formulas: the columns in which something is computed instead of written.
    """

    row: int
    cells: Mapping[str, str]
    formulas: tuple[str, ...] = ()


def write_sheet(
    register: Register, found: Sequence[Record], offered: Offered, harmless: Callable[[str], str], *, clear: bool = False
) -> bytes:  # fmt: skip
    """Return records as an XLSX file; with none it is the template.

    Args:
        harmless: makes a text one that no spreadsheet computes. clear: show telephone numbers and the like as they are.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(register.title[:31])
        head = book.add_format({"bold": True, "bg_color": "#EEF1F4", "text_wrap": True})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        titles = [NUMBER_TITLE, *(field.title for field in register.columns), ENDED]
        for column, title in enumerate(titles):
            sheet.write_string(0, column, title, head)
        sheet.set_column(0, len(titles) - 1, 18)
        sheet.freeze_panes(1, 2)
        for column, field in enumerate(register.columns, 1):
            _offer(sheet, column, field.options if field.kind == CHOICE else (YES, NO) if field.kind == FLAG else ())
            if field.kind == LONG:
                sheet.set_column(column, column, 48)
        for row, record in enumerate(found, 1):
            for column, (text, is_number) in enumerate(_cells(register, record, offered, clear)):
                if is_number:
                    sheet.write_number(row, column, float(text))
                else:
                    sheet.write_string(row, column, harmless(text), wrapped)
        _explain(book, register, head, wrapped)
    return out.getvalue()


def read_sheet(data: bytes, register: Register) -> list[Line]:
    """Read the first sheet of a file.

    Raises:
        CitizenError: it is too large, no such file, or its columns are not those of the register.
    """
    _demand_sound(data)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            rows = [list(row) for row in sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=_MOST_COLUMNS)]
        finally:
            book.close()
    # A stranger's file can make the library fail in any of its ways; none of them is ours.
    except (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError,
            zipfile.BadZipFile) as error:  # fmt: skip
        raise CitizenError(_NO_SHEET, code="bad_sheet", field="file") from error
    titles = _titles(rows[0] if rows else [], register)
    lines = [line for place, row in enumerate(rows[1:], 2) if (line := _line(place, row, titles)) is not None]
    if len(lines) > MOST_ROWS:
        raise CitizenError(f"一次最多导入 {MOST_ROWS} 行，请分成几个文件。", code="too_many", field="file")
    if not lines:
        raise CitizenError("文件里没有要导入的行。", code="no_rows", field="file")
    return lines


def _demand_sound(data: bytes) -> None:
    """Look at a file before anything unpacks it: small things that become large, and documents that define entities."""
    if len(data) > MOST_BYTES:
        raise CitizenError(f"文件太大，最多 {MOST_BYTES // 1024 // 1024} MB。", code="too_large", status=413, field="file")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            # A part is never read beyond the size that it states, so that the statement can be relied on.
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
                raise CitizenError("文件解开以后太大，没有打开。请用本页下载的模板填写。", code="too_large", status=413, field="file")
            if any(b"<!DOCTYPE" in archive.read(part) for part in parts if part.filename.endswith((".xml", ".rels"))):
                raise CitizenError(_NO_SHEET, code="bad_sheet", field="file")
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError, NotImplementedError) as error:
        raise CitizenError(_NO_SHEET, code="bad_sheet", field="file") from error


def _titles(header: Sequence[Any], register: Register) -> list[str]:
    known = {NUMBER_TITLE, ENDED, *(field.title for field in register.columns)}
    titles = [_text(cell.value).strip() for cell in header]
    while titles and not titles[-1]:
        titles.pop()
    unknown = [title or "（空）" for title in titles if title not in known]
    if not titles or unknown:
        words = f"没有“{'、'.join(unknown)}”这一栏" if unknown else "第一行应是栏目名称"
        raise CitizenError(f"{words}。请用本页下载的模板填写。", code="bad_columns", field="file")
    if len(set(titles)) < len(titles):
        raise CitizenError("有两栏同名，请用本页下载的模板填写。", code="bad_columns", field="file")
    return titles


def _line(place: int, row: Sequence[Any], titles: Sequence[str]) -> Line | None:
    cells: dict[str, str] = {}
    formulas = []
    for title, cell in zip(titles, row, strict=False):
        if title == ENDED:
            continue
        cells[title] = _text(cell.value)
        if getattr(cell, "data_type", "") == "f":
            formulas.append(title)
    return Line(place, cells, tuple(formulas)) if any(text.strip() for text in cells.values()) else None


def _text(value: Any) -> str:
    """Return what a cell holds as text: whole numbers without a point, a day as ISO."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".") if round(value, 2) == value else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _cells(register: Register, record: Record, offered: Offered, clear: bool) -> Iterator[tuple[str, bool]]:
    """Yield the cells of a record, each with whether it is a number."""
    yield record.number, False
    for field in register.columns:
        value = (record.values or {}).get(field.id)
        text = exported(field, value, offered)
        yield text if clear or field.kind in (NUMBER, MONEY) else mask(text), value is not None and field.kind in (NUMBER, MONEY)
    yield record.ended[:10], False


def _offer(sheet: Any, column: int, options: Sequence[str]) -> None:
    """Let a spreadsheet offer the values of a column, as far as the format has room for them."""
    if options and len(",".join(options)) <= _LONGEST_OPTIONS:
        sheet.data_validation(1, column, MOST_ROWS, column, {"validate": "list", "source": list(options), "error_type": "warning"})


def _explain(book: Any, register: Register, head: Any, wrapped: Any) -> None:
    """Add a sheet that tells how each column is filled in."""
    sheet = book.add_worksheet("填写说明")
    sheet.set_column(0, 2, 14)
    sheet.set_column(3, 3, 80)
    lines = [
        (NUMBER_TITLE, "", "", "新记录留空；有编号的行是修改那条记录。没有变的行导入后什么也不改。"),
        *((field.title, KINDS[field.kind], "必填" if field.required else "", _how(field.options, field.help)) for field in register.columns),
        (ENDED, "", "", "只供查看，导入时不读。"),
    ]
    for row, line in enumerate([("栏目", "种类", "必填", "怎样填"), *lines]):
        for column, text in enumerate(line):
            sheet.write_string(row, column, text, wrapped if row else head)


def _how(options: Sequence[str], help: str) -> str:
    return "。".join(filter(None, ["可选：" + "、".join(options) if options else "", help]))
