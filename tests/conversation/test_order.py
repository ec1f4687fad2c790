"""One at a time, first come first served, and no memory of those who left."""

import asyncio

import pytest

from zhixun.conversation.order import WAITING, Order
from zhixun.errors import TryLater


async def test_the_order_of_arrival_is_kept() -> None:
    order, seen, gate = Order(), [], asyncio.Event()

    async def visit(name: int) -> None:
        async with order.turn("a"):
            await gate.wait()
            seen.append(name)

    visits = [asyncio.create_task(visit(name)) for name in range(WAITING)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*visits)
    assert seen == list(range(WAITING))


async def test_one_too_many_is_refused_and_others_are_not_harmed() -> None:
    order, gate = Order(), asyncio.Event()

    async def visit(name: str) -> None:
        async with order.turn(name):
            await gate.wait()

    visits = [asyncio.create_task(visit("a")) for _ in range(WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(TryLater):
        await visit("a")
    visits.append(asyncio.create_task(visit("b")))
    gate.set()
    await asyncio.gather(*visits)
    await visit("a")


async def test_who_fails_or_is_cancelled_lets_the_next_in() -> None:
    order, gate = Order(), asyncio.Event()

    async def fail() -> None:
        async with order.turn("a"):
            await gate.wait()
            raise ValueError("as planned")

    failing, cancelled = asyncio.create_task(fail()), asyncio.create_task(fail())
    await asyncio.sleep(0)
    cancelled.cancel()
    gate.set()
    with pytest.raises(ValueError, match="as planned"):
        await failing
    async with order.turn("a"):
        pass
    assert order._locks == {} == order._waiting
