"""Who is on duty: set, noted, carried on to the next week, and the open days on which nobody is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support import HandClock
from zhixun.database import Database, migrate, staff
from zhixun.desk.roster import Roster
from zhixun.errors import CitizenError

FRIDAY = date(2026, 11, 20)
"""The day of the clock."""


class Notes:
    """A day book that keeps its notes in a list."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, dict[str, Any]]] = []
        self.fails = False

    async def note(self, kind: str, staff_name: str, open: Mapping[str, Any], private: Mapping[str, Any] | None = None) -> None:
        if self.fails:
            raise OSError("no room")
        assert private is None
        self.kept.append((kind, staff_name, dict(open)))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path}/zhixun.db"
    migrate(url)
    async with Database(url) as opened:
        row = {"role": "clerk", "password": "", "one_time": False, "made": "2026-11-20T02:00:00.000Z"}
        async with opened.write() as connection:
            await connection.execute(staff.insert(), [{**row, "name": name} for name in ("lina", "wang", "zhao")])
        yield opened


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def roster(database: Database, notes: Notes) -> Roster:
    return Roster(database, HandClock(), notes)


def _day(day: int) -> date:
    return date(2026, 11, day)


def _weekday(day: date) -> bool:
    return day.isoweekday() < 6


async def _leave(database: Database, name: str) -> None:
    async with database.write() as connection:
        await connection.execute(staff.update().where(staff.c.name == name).values(active=False))


async def test_nobody_is_on_duty_at_first(roster: Roster) -> None:
    assert await roster.on_duty(FRIDAY) == ()


async def test_who_is_set_is_on_duty_that_day_only(roster: Roster) -> None:
    await roster.set(FRIDAY, ["wang", "lina", "wang"], "admin")
    assert await roster.planned(_day(19), _day(21)) == {_day(19): (), FRIDAY: ("lina", "wang"), _day(21): ()}


async def test_setting_again_replaces(roster: Roster) -> None:
    await roster.set(FRIDAY, ["lina", "wang"], "admin")
    await roster.set(FRIDAY, ["zhao"], "admin")
    assert await roster.on_duty(FRIDAY) == ("zhao",)
    await roster.set(FRIDAY, [], "admin")
    assert await roster.on_duty(FRIDAY) == ()


async def test_every_change_is_noted_and_what_changes_nothing_is_not(roster: Roster, notes: Notes) -> None:
    await roster.set(FRIDAY, ["wang", "lina"], "admin")
    await roster.set(FRIDAY, ["lina", "wang"], "admin")
    await roster.set(FRIDAY, [], "zhao")
    assert notes.kept == [
        ("duty_set", "admin", {"day": "2026-11-20", "names": ["lina", "wang"]}),
        ("duty_set", "zhao", {"day": "2026-11-20", "names": []}),
    ]


async def test_without_a_note_nothing_changes(roster: Roster, notes: Notes) -> None:
    await roster.set(FRIDAY, ["lina"], "admin")
    notes.fails = True
    with pytest.raises(OSError, match="no room"):
        await roster.set(FRIDAY, ["wang"], "admin")
    assert await roster.on_duty(FRIDAY) == ("lina",)


async def test_who_is_not_of_the_staff_cannot_be_on_duty(roster: Roster, database: Database, notes: Notes) -> None:
    await _leave(database, "zhao")
    with pytest.raises(CitizenError, match="nobody、zhao") as refused:
        await roster.set(FRIDAY, ["lina", "zhao", "nobody"], "admin")
    assert refused.value.field == "names"
    assert (await roster.on_duty(FRIDAY), notes.kept) == ((), [])


async def test_who_has_left_is_on_duty_no_more(roster: Roster, database: Database) -> None:
    await roster.set(FRIDAY, ["lina", "wang"], "admin")
    await _leave(database, "lina")
    assert await roster.on_duty(FRIDAY) == ("wang",)


async def test_a_week_is_carried_on_to_the_working_days_that_are_empty(roster: Roster, notes: Notes) -> None:
    for day in range(16, 21):
        await roster.set(_day(day), ["lina"] if day % 2 else ["wang", "zhao"], "admin")
    await roster.set(_day(21), ["zhao"], "admin")   # a Saturday
    await roster.set(_day(24), ["zhao"], "admin")   # planned already
    notes.kept.clear()
    filled = await roster.copy_week(_day(18), "admin", lambda day: _weekday(day) and day != _day(26))
    assert filled == (_day(23), _day(25), _day(27))
    week = await roster.planned(_day(23), _day(30))
    assert [*week.values()] == [("wang", "zhao"), ("zhao",), ("wang", "zhao"), (), ("wang", "zhao"), (), (), ()]
    assert [told["day"] for _, _, told in notes.kept] == ["2026-11-23", "2026-11-25", "2026-11-27"]
    assert await roster.copy_week(_day(18), "admin", lambda day: _weekday(day) and day != _day(26)) == ()


async def test_who_has_left_is_not_carried_on(roster: Roster, database: Database) -> None:
    await roster.set(_day(16), ["lina"], "admin")
    await roster.set(_day(17), ["lina", "wang"], "admin")
    await _leave(database, "lina")
    assert await roster.copy_week(_day(16), "admin", _weekday) == (_day(24),)
    assert await roster.on_duty(_day(24)) == ("wang",)


async def test_open_days_with_nobody_are_told_from_today_on(roster: Roster, database: Database) -> None:
    assert await roster.watch(7, _weekday) == (FRIDAY, _day(23), _day(24), _day(25), _day(26))
    for day in (20, 24):
        await roster.set(_day(day), ["lina"], "admin")
    assert await roster.watch(5, _weekday) == (_day(23),)
    assert await roster.watch(1, _weekday) == ()
    await _leave(database, "lina")
    assert await roster.watch(1, _weekday) == (FRIDAY,)


async def test_what_is_set_stands_in_the_store(roster: Roster, database: Database) -> None:
    await roster.set(FRIDAY, ["lina"], "admin")
    async with database.read() as connection:
        rows = (await connection.execute(sa.text("SELECT day, name FROM duty"))).all()
    assert [*map(tuple, rows)] == [("2026-11-20", "lina")]
