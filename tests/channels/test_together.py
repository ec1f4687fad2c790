"""What comes at the same moment is written in one transaction, and one that cannot be written hurts nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from zhixun.channels.together import MOST, Together
from zhixun.doors import Incoming, Stored
from zhixun.errors import OurFault, TryLater


@dataclass
class Store:
    """Keeps the batches that it was given, and refuses what it is told to."""

    batches: list[list[str]] = field(default_factory=list)
    refused: dict[str, Exception] = field(default_factory=dict)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def store_all(self, batch: Sequence[Incoming]) -> list[Stored]:
        await self.gate.wait()
        for one in batch:
            if one.id in self.refused:
                raise self.refused[one.id]
        self.batches.append([one.id for one in batch])
        return [Stored(f"ZX-{one.id}") for one in batch]


def _word(place: int) -> Incoming:
    return Incoming("wechat", "gh", "peer", str(place), "words")


async def _come(store: Store, *places: int) -> list[Stored | BaseException]:
    together = Together(store.store_all)
    coming = [asyncio.create_task(together.store(_word(place))) for place in places]
    await asyncio.sleep(0)
    store.gate.set()
    return await asyncio.gather(*coming, return_exceptions=True)


async def test_what_comes_while_one_is_written_is_written_together_in_its_order() -> None:
    store = Store()
    stored = await _come(store, *range(MOST + 7))
    assert [one.consultation for one in stored if isinstance(one, Stored)] == [f"ZX-{place}" for place in range(MOST + 7)]
    assert [each for batch in store.batches for each in batch] == [str(place) for place in range(MOST + 7)]
    assert len(store.batches) == 2


async def test_one_that_cannot_be_written_keeps_nobody_else_out() -> None:
    store = Store(refused={"2": OurFault("damaged")})
    stored = await _come(store, 1, 2, 3)
    assert [type(one) for one in stored] == [Stored, OurFault, Stored]


async def test_a_busy_store_is_told_to_all_and_asked_once() -> None:
    store = Store(refused={"1": TryLater("busy")})
    stored = await _come(store, 1, 2, 3)
    assert [type(one) for one in stored] == [TryLater] * 3
    assert store.batches == []


async def test_whoever_went_away_stops_nothing() -> None:
    store = Store()
    together = Together(store.store_all)
    gone, stays = (asyncio.create_task(together.store(_word(place))) for place in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    store.gate.set()
    assert (await stays).consultation == "ZX-2"
    with pytest.raises(asyncio.CancelledError):
        await gone
