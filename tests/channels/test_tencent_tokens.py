"""The access token: fetched once however many need it, kept until it ends, renewed once when it is refused."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.doubles.tencent import TokenDesk
from tests.support import HandClock, until
from zhixun.channels.tencent.tokens import FORCE_APART, Issued, Tokens


class Source:
    """Fetches from a token desk; the test may hold or break it."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.desk = TokenDesk(self.clock)
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[bool] = []
        self.broken = 0
        self.tokens = Tokens(self.fetch, self.clock)

    async def fetch(self, *, force: bool) -> Issued:
        self.asked.append(force)
        await self.gate.wait()
        if self.broken:
            self.broken -= 1
            raise OSError("no line")
        given = self.desk.stable(force=force)
        return Issued(given["access_token"], given["expires_in"])


@pytest.fixture
def source() -> Source:
    return Source()


async def test_however_many_ask_at_once_one_token_is_fetched(source: Source) -> None:
    source.gate.clear()
    asked = [asyncio.create_task(source.tokens.get()) for _ in range(50)]
    await asyncio.sleep(0)
    source.gate.set()
    assert len(set(await asyncio.gather(*asked))) == 1
    assert source.asked == [False]


async def test_a_token_is_used_until_shortly_before_its_end_and_the_next_is_good_before_the_old_one_ends(source: Source) -> None:
    first = await source.tokens.get()
    source.clock.turn_by(timedelta(seconds=7079))
    assert await source.tokens.get() == first
    source.clock.turn_by(timedelta(seconds=2))
    second = await source.tokens.get()
    assert second != first
    assert source.desk.fault(first) == source.desk.fault(second) == 0
    assert source.asked == [False, False]


async def test_no_token_is_used_after_its_end_however_late_it_was_fetched(source: Source) -> None:
    source.desk.stable()
    source.clock.turn_by(timedelta(seconds=6890))  # Another system has fetched it long ago; little of it is left.
    for _ in range(40):
        assert source.desk.fault(await source.tokens.get()) == 0
        source.clock.turn_by(timedelta(seconds=60))


async def test_however_many_are_refused_at_once_one_new_token_is_fetched(source: Source) -> None:
    first = await source.tokens.get()
    source.desk.void()
    source.gate.clear()
    asked = [asyncio.create_task(source.tokens.renew(first)) for _ in range(50)]
    await asyncio.sleep(0)
    source.gate.set()
    assert set(await asyncio.gather(*asked)) == {await source.tokens.get()}
    assert source.asked == [False, False]


async def test_who_comes_late_with_the_old_token_is_given_the_new_one(source: Source) -> None:
    first = await source.tokens.get()
    source.desk.void()
    second = await source.tokens.renew(first)
    assert await source.tokens.renew(first) == second
    assert source.asked == [False, False]


async def test_a_token_that_is_refused_but_given_out_again_is_replaced_by_force_but_rarely(source: Source) -> None:
    first = await source.tokens.get()
    second = await source.tokens.renew(first)
    assert second != first
    assert source.asked == [False, False, True]
    assert await source.tokens.renew(second) == second
    source.clock.turn_by(FORCE_APART)
    assert await source.tokens.renew(second) != second
    assert source.asked.count(True) == 2


async def test_when_fetching_fails_all_who_wait_are_told_and_the_next_tries_again(source: Source) -> None:
    source.broken = 1
    source.gate.clear()
    asked = [asyncio.create_task(source.tokens.get()) for _ in range(5)]
    await asyncio.sleep(0)
    source.gate.set()
    assert [type(one) for one in await asyncio.gather(*asked, return_exceptions=True)] == [OSError] * 5
    assert await source.tokens.get()
    assert source.asked == [False, False]


async def test_who_gives_up_waiting_does_not_take_the_token_from_the_others(source: Source) -> None:
    source.gate.clear()
    first, second = (asyncio.create_task(source.tokens.get()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    source.gate.set()
    assert await second
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_nothing_is_left_behind_when_all_have_given_up(source: Source) -> None:
    source.broken = 1
    source.gate.clear()
    only = asyncio.create_task(source.tokens.get())
    await asyncio.sleep(0)
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)
    source.gate.set()
    await until(lambda: not source.broken)
    await asyncio.sleep(0)
    assert await source.tokens.get()


async def test_neither_the_token_nor_its_holder_shows_it() -> None:
    assert "secret" not in repr(Issued("secret", 7200))
