"""Rebuilding what is derived, and beginning again when the store is lost."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.archive.world import DAYS, World, check, look_at, restarted_at, world_at
from zhixun.archive.rebuild import read_sealed, rebuild, restore
from zhixun.archive.sealed import file_path, page_path
from zhixun.clock import Clock
from zhixun.database import outbox
from zhixun.errors import OurFault, StopNow
from zhixun.messages import Event

TABLES = ("consultations", "inbox", "outbox")


async def _fill(world: World) -> list[str]:
    """Consultations of all kinds; what was said in all but the last has arrived."""
    first, _ = await world.consult("一", "二", phone="13800000000")
    await world.rate(first)
    erased, _ = await world.consult("三")
    await world.erase(erased)
    await world.turn_to(DAYS[1])
    numbers = [first, erased, await world.open("四")]
    async with world.database.write() as connection:
        for number in numbers[:2]:
            for entry in await world.journal.read(connection, number):
                arrived = (outbox.c.consultation == number) & (outbox.c.seq == entry.seq)
                await connection.execute(outbox.update().where(arrived).values(delivered=entry.time))
    assert len(await world.sql("SELECT 1 FROM inbox")) == 4
    return numbers


async def _tables(world: World) -> dict[str, list[Any]]:
    return {table: sorted(map(tuple, await world.sql(f"SELECT * FROM {table}"))) for table in TABLES}


async def test_projections_come_back_as_they_were(world: World) -> None:
    numbers = await _fill(world)
    before = await _tables(world)
    result = await rebuild(world.journal, world.archive, world.sealer)
    assert await _tables(world) == before
    assert (result.consultations, result.renderings) == (3, 0)
    async with world.database.write() as connection:
        await connection.exec_driver_sql("UPDATE consultations SET state = 'bot', region = 'x', rating = NULL")
        await connection.exec_driver_sql("DELETE FROM consultations WHERE number = ?", (numbers[0],))
        await connection.exec_driver_sql("DELETE FROM inbox")
        await connection.exec_driver_sql("DELETE FROM outbox WHERE delivered IS NOT NULL")
    (world.archive / page_path(numbers[0])).write_text("anything")
    result = await rebuild(world.journal, world.archive, world.sealer)
    assert await _tables(world) == before
    assert result.renderings == 1
    assert "3 件" in result.text()
    report = await world.verify()
    assert report.ok, report.text()


async def test_what_waits_to_be_delivered_goes_on_waiting(world: World) -> None:
    """Even what the journal alone would not tell; what had been delivered is not sent a second time."""
    numbers = await _fill(world)
    await rebuild(world.journal, world.archive, world.sealer)
    waiting = await world.sql("SELECT DISTINCT consultation FROM outbox WHERE delivered IS NULL")
    assert [row[0] for row in waiting] == [numbers[2]]


async def test_an_empty_store_is_rebuilt_to_nothing(world: World) -> None:
    assert (await rebuild(world.journal, world.archive, world.sealer)).consultations == 0


def _lose(folder: Path) -> None:
    for path in folder.glob("zhixun.db*"):
        path.unlink()


async def _restored(world: World) -> Any:
    await world.journal.prepare()
    return await restore(world.journal, world.archive, world.signer.public_key())


@dataclass(frozen=True)
class Lost:
    """A deployment whose store is gone, and what is known of it elsewhere."""

    folder: Path
    numbers: list[str]
    code: str
    index: list[Any]
    head: Path

    @property
    def receipts(self) -> list[tuple[str, str]]:
        return [(self.numbers[0], self.code)]


@pytest_asyncio.fixture
async def lost(tmp_path: Path) -> Lost:
    folder, head = tmp_path / "lost", tmp_path / "elsewhere.json"
    folder.mkdir()
    async with world_at(folder) as world:
        numbers = await _fill(world)
        code = await world.sealer.seal(numbers[0])
        index = [row for row in (await _tables(world))["consultations"] if row[0] != numbers[2]]
        await world.ledger.witness()
        shutil.copy(world.archive / "HEAD.json", head)
    _lose(folder)
    return Lost(folder, numbers, code, index, head)


async def test_a_lost_store_begins_again_from_the_sealed_files(lost: Lost) -> None:
    with pytest.raises(StopNow, match="zhixun rebuild"):
        async with world_at(lost.folder):
            pass
    async with look_at(lost.folder) as world:
        world.journal.clock = Clock(DAYS[1])
        result = await _restored(world)
        assert (result.consultations, result.damaged, result.lost_rows) == (2, (), 5)
        assert "无法恢复" in result.text()
        assert (await _tables(world))["consultations"] == lost.index
        report = await world.verify(receipts=lost.receipts, head=lost.head)
        assert report.ok, report.text()
        assert any("恢复" in note for note in report.notes)
        with pytest.raises(StopNow, match="空库"):
            await restore(world.journal, world.archive, world.signer.public_key())


async def test_the_service_goes_on_with_a_restored_store(lost: Lost) -> None:
    """New numbers, new seals, and reviews of what was restored; old receipts and witnesses hold."""
    number = lost.numbers[0]
    async with _started(lost.folder) as world:
        world.journal.clock = Clock(DAYS[1])
        await _restored(world)
    async with restarted_at(lost.folder, day=DAYS[1]) as world:
        fresh, _ = await world.consult("五")
        assert fresh not in lost.numbers
        await world.add(number, Event("reviewed", "staff:1"))
        await world.sealer.seal(number)
        assert "一" in (world.archive / page_path(number)).read_text()
        receipt = await world.receipts.check(number, lost.code)
        assert (receipt.intact, receipt.supplements) == (True, 2)
        await world.turn_to(DAYS[2])
        report = await world.verify(receipts=lost.receipts, head=lost.head)
        assert report.ok, report.text()
        assert check(world.archive, lost.receipts, [lost.head]) == []
        tables = await _tables(world)
        await rebuild(world.journal, world.archive, world.sealer)
        assert (await _tables(world))["consultations"] == tables["consultations"]


async def test_what_was_restored_can_be_forgotten_and_is_watched(lost: Lost) -> None:
    number = lost.numbers[0]
    async with _started(lost.folder) as world:
        world.journal.clock = Clock(DAYS[1])
        await _restored(world)
        await world.erase(number)
        assert not (world.archive / page_path(number)).exists()
        report = await world.verify(receipts=lost.receipts, head=lost.head)
        assert report.ok, report.text()
        path = world.archive / file_path(number, 0)
        path.write_bytes(path.read_bytes().replace(b"zhixun", b"ZHIXUN", 1))
        report = await world.verify()
        assert report.found_by("file"), report.text()


async def test_a_store_that_never_sealed_anything_is_begun_again(tmp_path: Path) -> None:
    async with world_at(tmp_path) as world:
        await world.open("一")
    _lose(tmp_path)
    async with _started(tmp_path) as world:
        result = await _restored(world)
        assert (result.consultations, result.entries, result.lost_rows) == (0, 0, 5)
        async with world.database.write() as connection:
            await connection.exec_driver_sql("DELETE FROM counters")
        with pytest.raises(StopNow, match="已经恢复过"):
            await _restored(world)
        report = await world.verify()
        assert report.ok, report.text()


async def test_sealed_files_are_read_without_the_journal(tmp_path: Path) -> None:
    async with world_at(tmp_path) as world:
        number, _ = await world.consult("一", "二")
        await world.rate(number, "很好")
        assert await read_sealed(world.journal, world.archive, number) == await world.read(number)
        kept = [(entry.seq, entry.kind, entry.open) for entry in await world.read(number)]
    _lose(tmp_path)
    async with _started(tmp_path) as world:
        await _restored(world)
        entries = await read_sealed(world.journal, world.archive, number)
        assert [(entry.seq, entry.kind, entry.open) for entry in entries] == kept
        assert {entry.private for entry in entries} == {None}
        assert await read_sealed(world.journal, world.archive, "ZX-20261119-000777-0") == []
        path = world.archive / file_path(number, 1)
        path.write_bytes(path.read_bytes()[:-9])
        with pytest.raises(OurFault, match="已被改动"):
            await read_sealed(world.journal, world.archive, number)


def _started(folder: Path) -> Any:
    from zhixun.database import migrate

    migrate(f"sqlite:///{folder}/zhixun.db")
    return look_at(folder)


async def test_damaged_files_are_named_and_left_out(tmp_path: Path) -> None:
    async with world_at(tmp_path) as world:
        numbers = [(await world.consult(str(place)))[0] for place in range(3)]
        await world.rate(numbers[1])
        await world.turn_to(DAYS[1])
    (tmp_path / "archive" / file_path(numbers[0], 0)).unlink()
    (tmp_path / "archive" / file_path(numbers[1], 0)).write_bytes(b"{}")
    _lose(tmp_path)
    async with _started(tmp_path) as world:
        result = await _restored(world)
        assert result.consultations == 1
        assert result.damaged == tuple(file_path(*which) for which in ((numbers[0], 0), (numbers[1], 0), (numbers[1], 1)))
        assert numbers[0] in result.text()
        report = await world.verify()
        assert len(report.found_by("file")) == 2


@pytest.mark.parametrize("damage", ["head", "forged", "list", "lines", "line", "root", "roots"])
async def test_a_ledger_that_does_not_hold_is_not_built_upon(tmp_path: Path, damage: str) -> None:
    async with world_at(tmp_path) as world:
        for place in range(2):
            await world.consult(str(place))
        await world.turn_to(DAYS[1])
    _lose(tmp_path)
    archive = tmp_path / "archive"
    leaves, root = archive / f"ledger/{DAYS[0]}.leaves", archive / f"ledger/{DAYS[0]}.root.json"
    lines = leaves.read_text().splitlines(keepends=True)
    {
        "head": (archive / "HEAD.json").unlink,
        "forged": lambda: (archive / "HEAD.json").write_text("{}\n"),
        "list": leaves.unlink,
        "lines": lambda: leaves.write_text("".join(reversed(lines))),
        "line": lambda: leaves.write_text(lines[0] + "{}\n"),
        "root": lambda: root.write_bytes(b"{}"),
        "roots": root.unlink,
    }[damage]()
    async with _started(tmp_path) as world:
        with pytest.raises(StopNow, match="副本"):
            await _restored(world)
        assert (await _tables(world))["consultations"] == []
        assert await world.sql("SELECT * FROM leaves") == []
