"""Locking: a place after five wrong ones in a row, longer each time; an account waits after many from anywhere."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.desk.staffroom import StaffRoom
from zhixun.clock import stamp
from zhixun.desk import lockout
from zhixun.desk.lockout import ALLOWED, CODES, Lockout, Verdict

HERE, HOME = "192.0.2.1", "203.0.113.9"


class Attempts:
    """Tries at the accounts of a room; `restart` forgets what is only in memory."""

    def __init__(self, room: StaffRoom) -> None:
        self.room = room
        self.restart()

    def restart(self) -> None:
        self.lockout = Lockout()

    async def __call__(self, *, right: bool = False, name: str = "lina", place: str = HERE) -> Verdict:
        async with self.room.database.write() as connection:
            return await self.lockout.judge(connection, name, place, self.room.clock.now(), right=right)

    async def enter(self, place: str) -> None:
        assert await self(right=True, place=place) == Verdict(right=True)
        async with self.room.database.write() as connection:
            await self.lockout.unlock(connection, "lina", place)

    async def from_everywhere(self, times: int) -> int:
        """Be wrong at so many places; returns how often it was counted."""
        before = self.failures
        for number in range(times):
            assert not (await self(place=f"198.51.{number // 250}.{number % 250}")).right
        return self.failures - before

    @property
    def failures(self) -> int:
        ((failures,),) = self.room.sql("SELECT failures FROM staff WHERE name = 'lina'")
        return int(failures)


@pytest.fixture
async def attempt(room: StaffRoom) -> Attempts:
    await room.accounts.add("lina", "clerk", by="admin")
    return Attempts(room)


async def test_five_wrong_ones_lock_for_a_quarter_of_an_hour(attempt: Attempts) -> None:
    clock = attempt.room.clock
    until = stamp(clock.now() + timedelta(minutes=15))
    for _ in range(ALLOWED - 1):
        assert await attempt() == Verdict(right=False)
    assert await attempt() == Verdict(right=False, locked_until=until, locked_now=True)
    assert await attempt(right=True) == Verdict(right=False, locked_until=until)
    clock.turn_by(timedelta(minutes=15))
    assert await attempt(right=True) == Verdict(right=True)


async def test_who_knows_a_name_locks_nobody_out_elsewhere(attempt: Attempts) -> None:
    for _ in range(3 * ALLOWED):
        await attempt()
    assert not (await attempt(right=True)).right
    assert await attempt(right=True, place=HOME) == Verdict(right=True)
    assert attempt.room.sql("SELECT locked_until FROM staff") == [("",)]


async def test_each_lock_is_twice_as_long_up_to_four_hours(attempt: Attempts) -> None:
    spans = []
    for _ in range(7):
        verdicts = []
        for _ in range(ALLOWED):
            attempt.room.clock.turn_by(timedelta(minutes=1))
            verdicts.append(await attempt())
        assert [verdict.locked_now for verdict in verdicts] == [False] * 4 + [True]
        spans.append(datetime.fromisoformat(verdicts[-1].locked_until) - attempt.room.clock.now())
        attempt.room.clock.turn_by(spans[-1])
    assert [span / timedelta(minutes=1) for span in spans] == [15, 30, 60, 120, 240, 240, 240]


async def test_tries_during_a_lock_do_not_make_it_longer(attempt: Attempts) -> None:
    until = [await attempt() for _ in range(ALLOWED)][-1].locked_until
    attempt.room.clock.turn_by(timedelta(minutes=14))
    assert {(await attempt()).locked_until for _ in range(20)} == {until}
    attempt.room.clock.turn_by(timedelta(minutes=1))
    assert await attempt() == Verdict(right=False)


async def test_guesses_from_everywhere_are_twenty_and_then_one_a_minute(attempt: Attempts) -> None:
    assert await attempt.from_everywhere(100) == 20
    assert not (await attempt(right=True, place=HOME)).right, "a guess that is right must not open out of turn"
    for _ in range(3):
        attempt.room.clock.turn_by(timedelta(minutes=1))
        assert await attempt.from_everywhere(100) == 1
    attempt.room.clock.turn_by(timedelta(minutes=1))
    assert (await attempt(right=True, place=HOME)).right, "slow, but not locked"


async def test_where_the_person_was_before_nothing_is_slow(attempt: Attempts) -> None:
    await attempt.enter(HOME)
    await attempt.from_everywhere(100)
    assert (await attempt(right=True, place=HOME)).right
    for _ in range(ALLOWED):
        await attempt(place=HOME)
    assert not (await attempt(right=True, place=HOME)).right, "but guessing there is locked as anywhere"


async def test_a_restart_gives_no_guesses_beyond_the_bound(attempt: Attempts) -> None:
    guesses = 0
    for _ in range(10):
        guesses += await attempt.from_everywhere(30)
        attempt.restart()
    assert guesses <= 20 + 9


@pytest.mark.parametrize("proof", ["signed in", "vouched for"])
async def test_a_proof_begins_all_counts_anew(attempt: Attempts, proof: str) -> None:
    for _ in range(ALLOWED):
        await attempt()
    if proof == "signed in":
        await attempt.enter(HOME)
    else:
        await attempt.room.accounts.reset("lina", by="admin")
    assert (await attempt(right=True)).right
    assert await attempt.from_everywhere(100) == 20


async def test_wrong_codes_lock_the_account_everywhere_and_through_a_restart(attempt: Attempts) -> None:
    await attempt.enter(HOME)
    until = [await attempt(place=CODES) for _ in range(ALLOWED)][-1].locked_until
    assert until
    attempt.restart()
    for place in (CODES, HERE, HOME):
        assert await attempt(right=True, place=place) == Verdict(right=False, locked_until=until)
    assert (await attempt.room.accounts.find("lina")).locked_until == until


async def test_what_is_remembered_of_an_account_is_bounded(attempt: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockout, "_PLACES", 10)
    attempt.room.sql("UPDATE staff SET failures = 1")
    for number in range(12):
        attempt.room.clock.turn_by(timedelta(minutes=1))
        await attempt(place=f"place {number}")
        await attempt.enter(f"home {number}")
        attempt.room.sql("UPDATE staff SET failures = 1")
    slate = attempt.lockout._slates["lina"]
    assert (len(slate.wrong), len(slate.locked), len(slate.known)) == (10, 10, 10)


async def test_guesses_that_come_all_at_once_are_counted_one_by_one(attempt: Attempts) -> None:
    verdicts = await asyncio.gather(*(attempt() for _ in range(20)), attempt(right=True))
    assert sum(verdict.locked_now for verdict in verdicts) == 1
    assert not any(verdict.right for verdict in verdicts)


async def test_what_is_wrong_is_counted_only_when_the_transaction_holds(attempt: Attempts) -> None:
    for _ in range(2 * ALLOWED):
        with pytest.raises(ZeroDivisionError):
            async with attempt.room.database.write() as connection:
                await attempt.lockout.judge(connection, "lina", HERE, attempt.room.clock.now(), right=False)
                raise ZeroDivisionError
    assert attempt.failures == 0
    assert (await attempt(right=True)).right


@pytest.mark.parametrize("name", ["nobody", "locked"])
async def test_a_name_that_cannot_open_costs_the_same_write(attempt: Attempts, name: str) -> None:
    room = attempt.room
    await room.accounts.add("locked", "clerk", by="admin")
    for _ in range(ALLOWED):
        await attempt(name="locked")
    log, kept = room.folder / "zhixun.db-wal", room.sql("SELECT * FROM staff WHERE name != 'lina'")
    sizes = [log.stat().st_size]
    for each in ("lina", name):
        assert not (await attempt(name=each)).right
        sizes.append(log.stat().st_size)
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] > 0
    assert room.sql("SELECT * FROM staff WHERE name != 'lina'") == kept
    assert attempt.failures == 1
