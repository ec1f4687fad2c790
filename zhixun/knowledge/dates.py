"""Days that an office plans by, from `dates.yml`, and public holidays by name, from `calendar.yml`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from zhixun.knowledge.guides.read import read_basis
from zhixun.knowledge.load import read_file
from zhixun.knowledge.model import Basis

__all__ = ["Day", "Holiday", "date_flaws", "read_dates", "read_holidays"]

_VERIFIED = "已核实"


@dataclass(frozen=True, slots=True)
class Day:
    """A day to plan by.

    Attributes:
        day, until: `MM-DD` of every year, or one day (ISO); empty while nobody has verified it. `until` is the last of several.
        kind: `campaign` or `report`.
    """

    title: str
    day: str
    until: str
    kind: str
    verified: bool
    about: str
    basis: tuple[Basis, ...]

    def within(self, first: date, last: date) -> Iterator[tuple[date, date]]:
        """Yield its first and last day for each time that it begins from `first` to `last`."""
        years = range(first.year, last.year + 1) if len(self.day) == 5 else [int(self.day[:4])] if self.day else []
        for year in years:
            begins = date.fromisoformat(f"{year}-{self.day[-5:]}")
            ends = date.fromisoformat(f"{year}-{self.until[-5:]}") if self.until else begins
            if first <= begins <= last:
                yield begins, ends


@dataclass(frozen=True, slots=True)
class Holiday:
    """A holiday by its name, from its first to its last day; a day that is worked instead of a weekend is one `off` is False for."""

    name: str
    first: date
    last: date
    off: bool = True


def read_dates(folder: Path) -> list[Day]:
    """Read `dates.yml` of `folder`; an office that plans by no days of its own has none.

    Raises:
        KnowledgeError: it does not have the documented form.
    """
    path = folder / "dates.yml"
    return [
        Day(one["title"], one.get("day", ""), one.get("until", ""), one.get("kind", "campaign"), one["status"] == _VERIFIED,
            one.get("about", ""), read_basis(one.get("basis", ())))
        for one in (read_file(path, "dates") if path.exists() else ())
    ]  # fmt: skip


def read_holidays(folder: Path) -> list[Holiday]:
    """Read `calendar.yml` of `folder`: holidays by name, and the days that are worked for them."""
    found = []
    for year in read_file(folder / "calendar.yml", "calendar").values():
        found += [Holiday(name, *span) for name, span in year["holidays"].items()]
        found += [Holiday("调休上班", day, day, off=False) for day in year["workdays"]]
    return found


def date_flaws(dates: Collection[Day], sources: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the days: one that is verified needs a day and a source, and none may be impossible."""
    for one in dates:
        place = f"dates.yml: {one.title}"
        if one.verified != bool(one.day) or one.verified != bool(one.basis):
            yield place, "已核实的要有日期和依据；待核实的不要写日期"
        yield from ((place, f"未知来源 {basis.source}") for basis in one.basis if basis.source not in sources)
        try:
            list(one.within(date(2025, 1, 1), date(2026, 12, 31)))
        except ValueError:
            yield place, f"没有 {one.day} 这一天"
