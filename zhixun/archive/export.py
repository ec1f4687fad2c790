"""Exports: what was said, as JSON (lossless), CSV or XLSX (one row for each thing said), for those who may read it.

In a spreadsheet the citizen's words are data and never a formula: a cell that a spreadsheet might compute begins with an
apostrophe. A rating stands in the first row of its consultation only, so that an average over the column is right.
"""

from __future__ import annotations

import csv
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa
import xlsxwriter  # type: ignore[import-untyped]  # it has no types
from tqdm import tqdm

from zhixun.archive.durable import open_draft, publish
from zhixun.archive.journal import Journal
from zhixun.clock import local_of
from zhixun.database import consultations
from zhixun.errors import CitizenError
from zhixun.messages import Entry, dump
from zhixun.names import INDICATORS, REGISTER, SUBJECTS
from zhixun.numbers import day_of

__all__ = ["FORMATS", "HEADER", "RATED", "SHEETS", "Cell", "csv_lines", "draft_of", "export", "harmless", "local_time", "rating_cells"]

Cell = str | int | float
Write = Callable[[Mapping[str, Any], Sequence[Entry]], None]
"""Writes one consultation."""
WriteLine = Callable[[Sequence[Cell]], object]
"""Writes one line of a table."""

RATED = tuple(f"{shown}：{name}" for shown in SUBJECTS.values() for name in (*INDICATORS.values(), "评价意见"))
"""The columns of ratings: what staff did and what the program did stand apart."""
HEADER = ("编号", "渠道", "地区", "开始时间", "结束时间", "轮次", "时间", "发言方", "内容", "答复状态", "知识条目", "意图",
          "置信度", *RATED)  # fmt: skip
_RISKY = "=+-@"
_SHEET_ROWS = 1_000_000
_CELL_LENGTH = 32_000


async def export(
    journal: Journal, form: str, since: date | None, until: date | None, out: Path, *, progress: bool = False
) -> int:
    """Write the consultations whose day lies between `since` and `until`, both included, to `out`.

    Args:
        form: `json`, `csv` or `xlsx`.
        out: the file; it is readable by its owner alone, and whole or not there.
        progress: show a bar on stderr.

    Returns how many consultations were written.

    Raises:
        CitizenError: the format is unknown, or the days are the wrong way round.
    """
    if form not in FORMATS:
        raise CitizenError(f"导出格式只有 {'、'.join(FORMATS)}。", code="bad_format", field="format")
    if since and until and since > until:
        raise CitizenError("开始日期不能晚于结束日期。", code="bad_days", field="since")
    async with journal.database.read() as connection:
        # Records go out of their registers as sheets; nothing is said in them.
        query = sa.select(consultations).where(consultations.c.channel != REGISTER).order_by(consultations.c.number)
        listed = [dict(row) for row in (await connection.execute(query)).mappings()]
    chosen = [row for row in listed if (since or date.min) <= day_of(row["number"]) <= (until or date.max)]
    with draft_of(out) as draft, FORMATS[form](draft) as write:
        for row in tqdm(chosen, desc="导出", unit="件", disable=None if progress else True):
            async with journal.database.read() as connection:
                entries = await journal.read(connection, row["number"])
            write(row, entries)
    return len(chosen)


@contextmanager
def draft_of(out: Path) -> Iterator[Path]:
    """Give the draft of `out` to be written; it takes its place at the end, or leaves the old file as it was on any error."""
    draft = open_draft(out)
    try:
        yield draft
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    publish(out)


def harmless(text: str) -> str:
    """Return `text` so that no spreadsheet computes it (OWASP: CSV injection); full-width signs count as signs."""
    bare = text.lstrip(" \t\r\n\v\f\u00a0\u3000\u200b\ufeff")
    first = unicodedata.normalize("NFKC", bare[:1])
    return f"'{text}" if text[:1] in ("\t", "\r") or (first and first in _RISKY) else text


@contextmanager
def _json(draft: Path) -> Iterator[Write]:
    with draft.open("w", encoding="utf-8") as file:
        file.write('{"format":"zhixun-export/1","consultations":[')
        between = "\n"

        def write(row: Mapping[str, Any], entries: Sequence[Entry]) -> None:
            nonlocal between
            ratings = {name: json.loads(row[name]) if row[name] else None for name in ("rating", "staff_rating")}
            record = {**row, **ratings, "entries": dump(tuple(entries))}
            file.write(between + json.dumps(record, ensure_ascii=False))
            between = ",\n"

        yield write
        file.write("\n]}\n")


def csv_lines(file: TextIO, header: Sequence[str]) -> WriteLine:
    """Begin a table in `file`; returns what writes a line of it."""
    writer = csv.writer(file)
    writer.writerow(header)
    return lambda line: writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in line])


@contextmanager
def _csv(draft: Path, header: Sequence[str], _wide: Sequence[str]) -> Iterator[WriteLine]:
    # The mark at the beginning makes spreadsheets read the file as UTF-8.
    with draft.open("w", encoding="utf-8-sig", newline="") as file:
        yield csv_lines(file, header)


@contextmanager
def _xlsx(draft: Path, header: Sequence[str], wide: Sequence[str]) -> Iterator[WriteLine]:
    # Its temporary files hold the same words, so they lie beside the result and not in a folder that all may read.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": str(draft.parent)}
    with xlsxwriter.Workbook(str(draft), options) as book:
        sheet: Any = None
        place = _SHEET_ROWS

        def write(line: Sequence[Cell]) -> None:
            nonlocal sheet, place
            if place >= _SHEET_ROWS:
                sheet = _new_sheet(book, header, wide)
                place = 1
            for column, cell in enumerate(line):
                sheet.write(place, column, _cut(harmless(cell)) if isinstance(cell, str) else cell)
            place += 1

        yield write
        if sheet is None:
            _new_sheet(book, header, wide)


def _new_sheet(book: Any, header: Sequence[str], wide: Sequence[str]) -> Any:
    sheet = book.add_worksheet(f"咨询记录{len(book.worksheets()) + 1}")
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, len(header) - 1, 14)
    for name in wide:
        sheet.set_column(header.index(name), header.index(name), 60)
    sheet.write_row(0, 0, header)
    return sheet


SHEETS: Mapping[str, Callable[[Path, Sequence[str], Sequence[str]], AbstractContextManager[WriteLine]]] = {"csv": _csv, "xlsx": _xlsx}
"""By format, what opens a draft as a table with this header, of which some columns are wide."""


@contextmanager
def _said(form: str, draft: Path) -> Iterator[Write]:
    with SHEETS[form](draft, HEADER, ("内容",)) as line:

        def write(row: Mapping[str, Any], entries: Sequence[Entry]) -> None:
            for cells in _table(row, entries):
                line(cells)

        yield write


def _cut(text: str) -> str:
    """A cell holds 32,767 characters; what is longer stands whole in the JSON."""
    return text if len(text) <= _CELL_LENGTH else f"{text[:_CELL_LENGTH]}…（全文见 JSON 导出）"


def _table(row: Mapping[str, Any], entries: Sequence[Entry]) -> list[list[Cell]]:
    """Return the rows of one consultation; at least one."""
    understood = {entry.open.get("turn"): entry.open for entry in entries if entry.kind == "parsed"}
    head: list[Cell] = [row["number"], row["channel"], row["region"], local_time(row["opened"]), local_time(row["closed"])]
    lines = [[*head, *_turn(entry, understood)] for entry in entries if entry.kind == "said"] or [[*head, *[""] * 8]]
    rated = rating_cells(entries)
    return [[*line, *(rated if place == 0 else [""] * len(rated))] for place, line in enumerate(lines)]


def _turn(entry: Entry, understood: Mapping[Any, Mapping[str, Any]]) -> list[Cell]:
    parsed = understood.get(entry.open.get("turn"), {})
    text = "（内容已按请求删除）" if entry.private is None else str(entry.private.get("text", ""))
    known = "；".join(str(each) for each in entry.open.get("knowledge") or ())
    return [entry.open.get("turn", 0), local_time(entry.time), entry.actor, text, str(entry.open.get("status", "")), known,
            str(parsed.get("intent") or ""), parsed.get("confidence", "")]  # fmt: skip


def rating_cells(entries: Sequence[Entry]) -> list[Cell]:
    """Return the five indicators and the words of each rating, as `RATED` has them; empty cells for what was not given."""
    cells: list[Cell] = []
    for subject in SUBJECTS:
        own = next((entry for entry in entries if entry.kind == "rated" and entry.open.get("subject", "bot") == subject), None)
        scores = own.open["scores"] if own else {}
        words = (own.private or {}).get("words", "") if own else ""
        cells += [*(scores.get(name, "") for name in INDICATORS), str(words)]
    return cells


def local_time(stamped: str | None) -> str:
    """Return a time of the journal as the clock on the wall showed it."""
    return local_of(stamped).strftime("%Y-%m-%d %H:%M:%S") if stamped else ""


FORMATS: Mapping[str, Callable[[Path], AbstractContextManager[Write]]] = {
    "json": _json, **{form: partial(_said, form) for form in SHEETS},
}  # fmt: skip
