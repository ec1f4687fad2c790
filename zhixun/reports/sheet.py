"""A report as it is shown: sections of tables and sentences. Page, document, print and workbook are all drawn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Cell", "Report", "Section", "Table", "is_part", "told_cell"]

Cell = str | int | float | None
_SIGNED = ("增减", "变化")


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        name: an id of small letters. columns: the first one names the row. note: what must be known to read it.
        chart: how its first figures are drawn besides: `bars` or `line`; empty for no drawing.
        wide: which places hold sentences.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    chart: str = ""
    wide: frozenset[int] = frozenset()

    @property
    def told(self) -> tuple[tuple[str, ...], ...]:
        """The rows as people read them."""
        return tuple(tuple(told_cell(cell, column) for cell, column in zip(row, self.columns, strict=True)) for row in self.rows)

    def is_words(self, place: int) -> bool:
        """Tell whether a column holds words, which begin at the left."""
        return place == 0 or place in self.wide


@dataclass(frozen=True, slots=True)
class Section:
    """One section: an id, a title, sentences, and tables."""

    name: str
    title: str
    lines: tuple[str, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Attributes:
        span: what it is about, in words. compared: what it is compared with, in words. made: when, local.
        tiles: the main figures: title, value, and a line about it.
        notes: how the figures were made.
    """

    title: str
    office: str
    span: str
    compared: str
    made: datetime
    tiles: Sequence[tuple[str, str, str]]
    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    empty: bool


def is_part(column: str) -> bool:
    """Tell whether a column holds parts of one, which are shown as per cent."""
    return column.endswith("占比")


def told_cell(cell: Cell, column: str) -> str:
    """Write a cell as people read it; what there is not is a dash."""
    if cell is None:
        return "—"
    if isinstance(cell, float):
        return f"{cell:.1%}" if is_part(column) else f"{cell:,.10g}"
    if isinstance(cell, int):
        return f"{cell:+,}" if column in _SIGNED and cell else f"{cell:,}"
    return cell
