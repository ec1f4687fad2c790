"""The journal: numbering, chaining, reading back, and what it refuses."""

import json
from datetime import date

import pytest

from tests.archive.world import World, look_at
from zhixun.archive.canonical import event_hash
from zhixun.archive.journal import GENESIS, Journal, event_of
from zhixun.archive.keys import Keyring
from zhixun.clock import Clock
from zhixun.database import consultations
from zhixun.errors import OurFault, StopNow
from zhixun.messages import Event
from zhixun.numbers import sequence_of


async def test_numbers_follow_each_other_within_a_day(world: World) -> None:
    numbers = [await world.open() for _ in range(3)]
    world.journal.clock = Clock(date(2026, 11, 20))
    numbers.append(await world.open())
    assert [sequence_of(number) for number in numbers] == [1, 2, 3, 1]


async def test_rows_are_chained_across_consultations(world: World) -> None:
    first, second = await world.open("一"), await world.open("二")
    await world.add(first, Event("noted", "staff:1"))
    async with world.database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT * FROM journal ORDER BY id")).mappings().all()
        head = await world.journal.head(connection)
    prev = GENESIS
    for row in rows:
        assert row["prev"] == prev
        assert row["hash"] == event_hash("sha256", event_of(row))
        prev = row["hash"]
    assert head == (len(rows), prev)
    assert {row["consultation"] for row in rows} == {first, second}


async def test_words_are_closed_and_open_again(world: World) -> None:
    number = await world.open("我的商标被冒用")
    stored = await world.sql("SELECT body FROM journal")
    assert not any("商标" in row[0] for row in stored)
    said = (await world.read(number))[2]
    assert (said.private, said.open["turn"], said.seq) == ({"text": "我的商标被冒用"}, 1, 3)
    async with world.database.read() as connection:
        assert [entry.seq for entry in await world.journal.read(connection, number, after=3)] == [4, 5]


async def test_a_failed_transaction_leaves_no_trace(world: World) -> None:
    await world.open("一")
    with pytest.raises(RuntimeError):
        async with world.database.write() as connection:
            await world.journal.open(connection, Event("opened", "zhixun", {"channel": "web", "region": "630100"}))
            raise RuntimeError
    number = await world.open("二")
    assert sequence_of(number) == 2
    assert (await world.verify()).ok


async def test_there_is_nothing_to_add_to(world: World) -> None:
    with pytest.raises(OurFault, match="没有咨询件"):
        await world.add("ZX-20261119-000001-6", Event("noted", "staff:1"))
    assert await world.add("ZX-20261119-000001-6") == []


async def test_the_digest_of_a_store_is_fixed(world: World) -> None:
    other = Journal(world.database, world.journal.keyring, world.journal.clock, "sm3", "ZX")
    with pytest.raises(StopNow, match="ZHIXUN_DIGEST"):
        await other.prepare()
    await world.journal.prepare()


async def test_another_master_key_stops_the_start(world: World) -> None:
    await world.open("一")
    other = Journal(world.database, Keyring(world.folder / "other"), world.journal.clock, "sha256", "ZX")
    with pytest.raises(StopNow, match=r"master\.key"):
        await other.prepare()


async def test_the_index_follows(world: World) -> None:
    number = await world.open("一", "二", phone="13800000000")
    await world.close(number)
    await world.rate(number)
    async with world.database.read() as connection:
        row = (await connection.execute(consultations.select())).mappings().one()
    assert (row["state"], row["turns"], row["callback"], row["channel"]) == ("closed", 2, True, "web")
    assert json.loads(row["rating"])["content"] == 4
    assert row["closed"] >= row["last"] >= row["opened"]


async def test_two_processes_share_one_chain(world: World) -> None:
    number = await world.open("一")
    async with look_at(world.folder) as other:
        await other.add(number, Event("noted", "staff:1", {}, {"text": "另一个进程"}))
    await world.add(number, Event("noted", "staff:2"))
    assert (await world.verify()).ok
    assert (await world.read(number))[-2].private == {"text": "另一个进程"}
