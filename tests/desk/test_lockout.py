"""Locking: after five wrong ones in a row, longer each time, and guesses that come at once are counted one by one."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.desk.staffroom import StaffRoom
from zhixun.clock import stamp
from zhixun.desk.lockout import ALLOWED, Verdict, judge


async def _try(room: StaffRoom, *, right: bool = False, name: str = "lina") -> Verdict:
    async with room.database.write() as connection:
        return await judge(connection, name, room.clock.now(), right=right)


@pytest.fixture
async def lina(room: StaffRoom) -> StaffRoom:
    await room.accounts.add("lina", "clerk", by="admin")
    return room


async def test_five_wrong_ones_lock_for_a_quarter_of_an_hour(lina: StaffRoom) -> None:
    until = stamp(lina.clock.now() + timedelta(minutes=15))
    for _ in range(ALLOWED - 1):
        assert await _try(lina) == Verdict(right=False)
    assert await _try(lina) == Verdict(right=False, locked_until=until, locked_now=True)
    assert await _try(lina, right=True) == Verdict(right=False, locked_until=until)
    lina.clock.turn_by(timedelta(minutes=15))
    assert await _try(lina, right=True) == Verdict(right=True)


async def test_each_lock_is_twice_as_long_up_to_four_hours(lina: StaffRoom) -> None:
    spans = []
    for _ in range(7):
        verdicts = [await _try(lina) for _ in range(ALLOWED)]
        assert [verdict.locked_now for verdict in verdicts] == [False] * 4 + [True]
        spans.append(datetime.fromisoformat(verdicts[-1].locked_until) - lina.clock.now())
        lina.clock.turn_by(spans[-1])
    assert [span / timedelta(minutes=1) for span in spans] == [15, 30, 60, 120, 240, 240, 240]


async def test_tries_during_a_lock_do_not_make_it_longer(lina: StaffRoom) -> None:
    until = [await _try(lina) for _ in range(ALLOWED)][-1].locked_until
    lina.clock.turn_by(timedelta(minutes=14))
    assert {(await _try(lina)).locked_until for _ in range(20)} == {until}
    lina.clock.turn_by(timedelta(minutes=1))
    assert await _try(lina) == Verdict(right=False)


async def test_guesses_that_come_all_at_once_are_counted_one_by_one(lina: StaffRoom) -> None:
    verdicts = await asyncio.gather(*(_try(lina) for _ in range(20)), _try(lina, right=True))
    assert sum(verdict.locked_now for verdict in verdicts) == 1
    assert not any(verdict.right for verdict in verdicts)


async def test_what_is_wrong_is_counted_only_when_the_transaction_holds(lina: StaffRoom) -> None:
    with pytest.raises(ZeroDivisionError):
        async with lina.database.write() as connection:
            await judge(connection, "lina", lina.clock.now(), right=False)
            raise ZeroDivisionError
    assert lina.sql("SELECT failures FROM staff") == [(0,)]


@pytest.mark.parametrize("name", ["nobody", "locked"])
async def test_a_name_that_cannot_open_costs_the_same_write(lina: StaffRoom, name: str) -> None:
    await lina.accounts.add("locked", "clerk", by="admin")
    for _ in range(ALLOWED):
        await _try(lina, name="locked")
    log, kept = lina.folder / "zhixun.db-wal", lina.sql("SELECT * FROM staff WHERE name != 'lina'")
    sizes = [log.stat().st_size]
    for each in ("lina", name):
        assert not (await _try(lina, name=each)).right
        sizes.append(log.stat().st_size)
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] > 0
    assert lina.sql("SELECT * FROM staff WHERE name != 'lina'") == kept
    assert lina.sql("SELECT failures FROM staff WHERE name = 'lina'") == [(1,)]
