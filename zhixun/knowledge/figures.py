"""Official fees and deadlines: each figure stands once, in fees.yml or deadlines.yml, and answers only name it.

An answer writes `{fee:patent-invention-filing}` or `{term:tm-opposition}`; a sum is `{fee:a+b}`, a reduced one
`{fee:a+b less 85}`. The value is the one in force in the answer's window, so that no text can keep a figure that has changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

__all__ = ["FIGURE", "Figure", "FigureError", "Figures", "Filled", "Value", "read_figures"]

_PLACE = re.compile(r"\{([^{}]*)\}")
_FORM = re.compile(r"(fee|term):([a-z0-9-]+(?:\+[a-z0-9-]+)*)(?: less (\d{1,2}))?")
YUAN = "元"
FIGURE = re.compile(r"\d+(?:[.,]\d+)*\s*(?:%|‰|元|万元|倍|年|个月|个工作日|个自然日|日|天|周|小时|类|项|页|人|名|岁|周岁)")
"""A figure in a text: a number with its unit."""


class FigureError(Exception):
    """A text names a figure that does not exist, or none holds in its window."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a figure is within a window of days, and the clause that says so."""

    amount: int
    unit: str
    source: str
    locator: str
    since: date | None = None
    until: date | None = None

    @property
    def words(self) -> str:
        """The figure as it is written: `900元`, `3个月`."""
        return f"{self.amount}{self.unit}"

    def holds_on(self, day: date) -> bool:
        """Tell whether the value is in force on `day` (both ends inclusive)."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def covers(self, since: date, until: date | None) -> bool:
        """Tell whether the value holds through the whole window."""
        begins = self.since is None or self.since <= since
        return begins and (self.until is None or (until is not None and until <= self.until))


@dataclass(frozen=True, slots=True)
class Figure:
    """A fee or a deadline.

    Attributes:
        right: the right it is about, as glossary.yml calls it.
        per: what a fee is paid for (每件, 每项 …), or the event a deadline runs from.
        reducible: whether the fee reduction for patents applies.
    """

    id: str
    title: str
    right: str
    per: str
    values: tuple[Value, ...]
    reducible: bool = False

    def on(self, day: date) -> Value | None:
        """Return the value in force on `day`."""
        return next((value for value in self.values if value.holds_on(day)), None)

    def within(self, since: date, until: date | None) -> Value:
        """Return the value that holds through a window.

        Raises:
            FigureError: no single value does.
        """
        found = next((value for value in self.values if value.covers(since, until)), None)
        if found is None:
            raise FigureError(f"“{self.id}”在 {since} 至 {until or '…'} 之间没有唯一有效的数值，答复须按日期分开写")
        return found

    def reduced(self, amount: int, percent: int) -> int:
        """Return what is left of `amount` yuan when `percent` are let off.

        Raises:
            FigureError: it does not come out in whole yuan.
        """
        left = amount * (100 - percent) if self.reducible else amount * 100
        if left % 100:
            raise FigureError(f"“{self.id}”减 {percent}% 后不是整元")
        return left // 100


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its figures put in, the figures as written, and the sources they rest on."""

    text: str
    figures: tuple[str, ...]
    sources: tuple[str, ...]


class Figures:
    """All fees and deadlines.

    Args:
        tables: `fee` and `term`, each from id to figure.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, Figure]]) -> None:
        self.tables = tables

    def fill(self, text: str, since: date, until: date | None) -> Filled:
        """Put the figures into a text that holds from `since` to `until`.

        Raises:
            FigureError: an unknown figure, a malformed place, or no value for that window.
        """
        words: list[str] = []
        sources: list[str] = []

        def put(place: re.Match[str]) -> str:
            value, used = self._value(place[1], since, until)
            words.append(value)
            sources.extend(used)
            return value

        filled = _PLACE.sub(put, text)
        return Filled(filled, tuple(dict.fromkeys(words)), tuple(dict.fromkeys(sources)))

    def _value(self, form: str, since: date, until: date | None) -> tuple[str, list[str]]:
        match = _FORM.fullmatch(form)
        if match is None:
            raise FigureError(f"“{{{form}}}”不是 {{fee:编号}} 或 {{term:编号}} 的形式")
        kind, names, less = match[1], match[2].split("+"), int(match[3] or 0)
        unknown = [name for name in names if name not in self.tables[kind]]
        if unknown:
            raise FigureError(f"没有“{unknown[0]}”这个{'费用' if kind == 'fee' else '期限'}")
        figures = [self.tables[kind][name] for name in names]
        values = [figure.within(since, until) for figure in figures]
        if len(values) == 1 and not less:
            return values[0].words, [values[0].source]
        if {value.unit for value in values} != {YUAN}:
            raise FigureError(f"“{{{form}}}”：只有以元计的费用可以相加或减缴")
        total = sum(figure.reduced(value.amount, less) for figure, value in zip(figures, values, strict=True))
        return f"{total}{YUAN}", [value.source for value in values]


def read_figures(raw: Mapping[str, Any]) -> dict[str, Figure]:
    """Return the figures of one file that has passed its schema."""
    return {
        name: Figure(
            id=name,
            title=one["title"],
            right=one["right"],
            per=one["per"],
            reducible=one.get("reducible", False),
            values=tuple(
                Value(value["amount"], value["unit"], value["source"], value["at"], value.get("from"), value.get("until"))
                for value in one["values"]
            ),
        )
        for name, one in raw.items()
    }
