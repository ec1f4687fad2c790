"""A register as a list: searched, filtered, sorted, a page of it at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from zhixun.masking import mask
from zhixun.registers.model import FILES, LINK, LONG, MONEY, NUMBER, Field, Register
from zhixun.registers.record import Record
from zhixun.registers.values import Offered, shown
from zhixun.registers.watch import DueDay, due_days

__all__ = ["DUES", "PAGE", "Listed", "Row", "columns_of", "listed"]

PAGE = 50
DUES: Mapping[str, str] = {"over": "已过期", "soon": "快到期", "any": "有到期日"}
"""What can be asked for by the days on which something is due."""
_MOST_COLUMNS = 6
_LAST = date.max


@dataclass(frozen=True, slots=True)
class Row:
    """A record in the list: its cells, masked, by field, and the first thing that is due."""

    record: Record
    cells: Mapping[str, str]
    due: DueDay | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list: its rows, how many there are in all, which page of how many; and the years that occur."""

    rows: Sequence[Row]
    total: int
    page: int
    pages: int
    years: Sequence[str]


def columns_of(register: Register) -> list[Field]:
    """Return the fields that a list shows: the heading first, no long ones; what is due has a column of its own."""
    short = [field for field in register.columns if field.kind not in (LONG, FILES, LINK) and field.id != register.heading and not field.due]
    # A sort keeps the order of what is equal.
    chosen = sorted(short, key=lambda field: (field.id != register.standing, not field.required))[: _MOST_COLUMNS - 1]
    return [register.fields[register.heading], *(field for field in register.columns if field in chosen)]


def listed(register: Register, records: Sequence[Record], query: Mapping[str, str], offered: Offered, today: date) -> Listed:
    """Return a page of the records that fit a query.

    Args:
        query: `q` words, each of which must occur; `year`, `standing`; `due` of `DUES`; `ended` to see what is out of use;
            `sort` a field, with a hyphen before it downwards; `page`.
    """
    dues = {one.number: one for one in reversed(due_days({register.id: register}, [r for r in records if not r.ended], today))}
    words = query.get("q", "").lower().split()
    fits = [
        record for record in records
        if bool(query.get("ended")) is bool(record.ended)
        and query.get("year", "") in ("", record.year) and query.get("standing", "") in ("", record.standing)
        and _due_fits(dues.get(record.number), query.get("due", ""))
        and (not words or _holds(register, record, words, offered))
    ]  # fmt: skip
    fits = _sorted(register, fits, query.get("sort", ""), dues)
    pages = max(1, -(-len(fits) // PAGE))
    asked = query.get("page", "1")
    page = min(max(int(asked), 1), pages) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else 1
    rows = [_row(register, record, offered, dues.get(record.number)) for record in fits[(page - 1) * PAGE : page * PAGE]]
    return Listed(rows, len(fits), page, pages, sorted({record.year for record in records}, reverse=True))


def _row(register: Register, record: Record, offered: Offered, due: DueDay | None) -> Row:
    values = record.values or {}
    return Row(record, {field.id: mask(shown(field, values.get(field.id), offered)) for field in columns_of(register)}, due)


def _due_fits(due: DueDay | None, wanted: str) -> bool:
    match wanted:
        case "over":
            return due is not None and due.level == "over"
        case "soon":
            return due is not None and due.level in ("over", "warn")
        case "any":
            return due is not None
    return True


def _holds(register: Register, record: Record, words: Sequence[str], offered: Offered) -> bool:
    values = record.values or {}
    told = " ".join([record.number, *(shown(field, values.get(field.id), offered) for field in register.columns)]).lower()
    return all(word in told for word in words)


def _sorted(register: Register, records: list[Record], by: str, dues: Mapping[str, DueDay]) -> list[Record]:
    name, down = by.removeprefix("-"), by.startswith("-")
    if name == "due":
        return sorted(records, key=lambda one: dues[one.number].day if one.number in dues else _LAST, reverse=down)
    if name not in register.fields:
        return records
    # What is empty stands at the end, whichever way it is sorted.
    key, filled = _key(register.fields[name]), [one for one in records if (one.values or {}).get(name)]
    empty = [one for one in records if not (one.values or {}).get(name)]
    return sorted(filled, key=lambda one: key((one.values or {})[name]), reverse=down) + empty


def _key(field: Field) -> Callable[[Any], Any]:
    if field.kind in (NUMBER, MONEY):
        return Decimal
    if field.options:
        order = {option: place for place, option in enumerate(field.options)}
        return lambda value: order.get(value if isinstance(value, str) else value[0], len(order))
    return str
