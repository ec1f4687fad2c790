"""A register as a list: found by words, filtered, sorted with the empty ones last, a page at a time."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.registers.world import OFFERED, PHONE, all_registers, sample
from zhixun.registers.listing import PAGE, Listed, columns_of, listed
from zhixun.registers.record import Record

TODAY = date(2026, 11, 20)


def _record(place: int, *, ended: str = "", dues: dict[str, date] | None = None, **values: Any) -> Record:
    told = {"name": f"第{place}条", "state": "在用", **values}
    return Record(f"TZ-{place:04d}", "sample", told["state"], told.pop("year", "2026"), dues or {}, (), 2, "", "", ended, "clerk",
                  erased=False, values=told)  # fmt: skip


RECORDS = [
    _record(1, count="9", sum="10", phone=PHONE, clerk="clerk"),
    _record(2, count="10", state="终止", year="2025", words="提到昆仑 山"),
    _record(3, dues={"expires": date(2026, 11, 19)}, marks=["乙"]),
    _record(4, dues={"expires": date(2026, 12, 1)}, marks=["甲", "丙"]),
    _record(5, dues={"expires": date(2027, 12, 1)}),
    _record(6, ended="2026-01-01T00:00:00.000Z"),
]


def _found(**query: str) -> list[str]:
    return [row.record.number[-1] for row in _list(**query).rows]


def _list(**query: str) -> Listed:
    return listed(sample(), RECORDS, query, OFFERED, TODAY)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "12345"), ({"q": "昆仑 山"}, "2"), ({"q": "王芳"}, "1"), ({"q": PHONE}, "1"), ({"q": "tz-0003"}, "3"), ({"q": "昆仑 没有"}, ""),
        ({"year": "2025"}, "2"), ({"standing": "终止"}, "2"), ({"due": "over"}, "3"), ({"due": "soon"}, "34"), ({"due": "any"}, "345"),
        ({"ended": "yes"}, "6"), ({"sort": "count"}, "12345"), ({"sort": "-count"}, "21345"), ({"sort": "marks"}, "43125"),
        ({"sort": "due"}, "34512"), ({"sort": "nothing"}, "12345"), ({"sort": "-name"}, "54321"),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_found(query: dict[str, str], found: str) -> None:
    assert "".join(_found(**query)) == found


def test_numbers_are_masked_and_years_are_offered() -> None:
    found = _list()
    assert found.years == ["2026", "2025"]
    assert all(PHONE not in cell for row in found.rows for cell in row.cells.values())


@pytest.mark.parametrize(
    ("page", "shown"), [("1", (1, PAGE)), ("2", (2, 7)), ("9", (2, 7)), ("0", (1, PAGE)), ("x", (1, PAGE)), ("9" * 9000, (1, PAGE))]
)
def test_a_page_at_a_time(page: str, shown: tuple[int, int]) -> None:
    found = listed(sample(), [_record(place) for place in range(PAGE + 7)], {"page": page}, OFFERED, TODAY)
    assert (found.page, len(found.rows)) == shown
    assert (found.total, found.pages) == (PAGE + 7, 2)


def test_every_register_shows_its_heading_first_and_how_a_record_stands() -> None:
    for register in all_registers().values():
        columns = [field.id for field in columns_of(register)]
        assert columns[0] == register.heading
        assert len(columns) == len(set(columns)) <= 6
        assert not register.standing or register.standing in columns
