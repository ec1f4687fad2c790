"""Sealing: what files say, supplements, and finishing after a crash at any point."""

import asyncio
import json
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.archive.world import DAYS, SCORES, World, look_at, restarted_at, world_at
from zhixun.archive.sealed import file_path, receipt_code
from zhixun.errors import OurFault
from zhixun.messages import Event

CLOSED = Event("closed", "citizen", {"state": "closed", "reason": "citizen"})
RATED = Event("rated", "citizen", {"scores": SCORES}, {"words": "很好"})


def _read(world: World, number: str, index: int = 0) -> dict[str, Any]:
    return dict(json.loads((world.archive / file_path(number, index)).read_bytes()))


async def test_a_file_says_what_the_journal_says(world: World) -> None:
    number, code = await world.consult("一", "二")
    record = _read(world, number)
    assert record["format"] == "zhixun-file/1"
    assert [record[name] for name in ("number", "channel", "region", "digest")] == [number, "web", "630100", "sha256"]
    assert record["summary"] == {"entries": 9, "turns": 2,
                                 "kinds": {"opened": 1, "said": 5, "parsed": 2, "closed": 1}}  # fmt: skip
    assert (record["opened"], record["closed"]) == (record["entries"][0]["time"], record["entries"][-1]["time"])
    rows = await world.sql("SELECT seq, kind, body, prev, hash FROM journal ORDER BY id")
    assert [(e["seq"], e["kind"], e["body"], e["prev"], e["hash"]) for e in record["entries"]] == [
        (seq, kind, json.loads(body), prev, own) for seq, kind, body, prev, own in rows
    ]
    data = (world.archive / file_path(number, 0)).read_bytes()
    assert data.endswith(b"}\n")
    assert data.count(b"\n") == 1
    leaf = (await world.sql("SELECT digest, through, day FROM leaves"))[0]
    assert code == receipt_code(leaf[0])
    assert tuple(leaf[1:]) == (9, "2026-11-19")
    assert "一" in (world.archive / f"2026/11/19/{number}.html").read_text()


async def test_sealing_again_changes_nothing(world: World) -> None:
    number, code = await world.consult("一")
    before = _snapshot(world.archive)
    assert await world.sealer.seal(number) == code
    assert await world.sealer.seal_pending() == 0
    assert _snapshot(world.archive) == before


async def test_a_rendering_is_put_right_only_where_it_is_wrong(world: World) -> None:
    number, _ = await world.consult("一")
    page = world.archive / f"2026/11/19/{number}.html"
    kept = page.read_bytes()
    assert not await world.sealer.render_again(number)
    page.write_bytes(b"x")
    assert await world.sealer.render_again(number)
    assert page.read_bytes() == kept
    assert not await world.sealer.render_again(await world.open("还开着"))


async def test_what_comes_later_is_a_supplement(world: World) -> None:
    number, code = await world.consult("一")
    first = (world.archive / file_path(number, 0)).read_bytes()
    await world.rate(number)
    await world.add(number, Event("followed_up", "staff:1"), Event("reviewed", "staff:2"))
    assert await world.sealer.seal(number) == code
    one, two = _read(world, number, 1), _read(world, number, 2)
    assert (world.archive / file_path(number, 0)).read_bytes() == first
    digests = [row[0] for row in await world.sql("SELECT digest FROM leaves ORDER BY id")]
    assert [one["previous"], two["previous"]] == digests[:2]
    assert [(each["format"], each["index"]) for each in (one, two)] == [("zhixun-supplement/1", 1), ("zhixun-supplement/1", 2)]
    assert [entry["kind"] for entry in (*one["entries"], *two["entries"])] == ["rated", "followed_up", "reviewed"]
    assert "很好" in (world.archive / f"2026/11/19/{number}.html").read_text()
    assert (await world.verify()).ok


async def test_entries_after_closing_never_get_into_the_first_file(world: World) -> None:
    """Sealing was late, and a rating was there already: the receipt does not depend on that."""
    number = await world.open("一")
    await world.add(number, CLOSED)
    await world.add(number, RATED)
    await world.sealer.seal(number)
    assert _read(world, number)["entries"][-1]["kind"] == "closed"
    assert _read(world, number, 1)["entries"][0]["kind"] == "rated"


async def test_what_is_open_is_not_sealed(world: World) -> None:
    number = await world.open("一")
    for wrong in (number, "ZX-20261119-000777-0"):
        with pytest.raises(OurFault, match="尚未结束"):
            await world.sealer.seal(wrong)
    assert await world.sql("SELECT * FROM leaves") == []


async def test_a_clock_that_goes_back_does_not_reopen_a_day(world: World) -> None:
    """`ZHIXUN_TODAY` was set to a later day for a trial and taken back."""
    await world.consult("一")
    await world.turn_to(date(2027, 1, 2))
    await world.consult("二")
    await world.turn_to(date(2027, 1, 3))
    world.journal.clock = type(world.journal.clock)(DAYS[0])
    await world.consult("三")
    days = [row[0] for row in await world.sql("SELECT day FROM leaves ORDER BY id")]
    assert days == ["2026-11-19", "2027-01-02", "2027-01-03"]
    report = await world.verify()
    assert report.ok, report.text()


async def test_many_at_once(world: World) -> None:
    numbers = [await world.open(str(place)) for place in range(12)]
    codes = await asyncio.gather(*(world.close(number) for number in numbers), *(world.rate(n) for n in ()))
    assert len(set(codes)) == 12
    assert (await world.verify()).ok


async def test_two_processes_seal_into_one_ledger(world: World) -> None:
    async with look_at(world.folder) as other:
        other.journal.clock = world.journal.clock
        for place in range(3):
            await world.consult(f"甲{place}")
            await other.consult(f"乙{place}")
    assert (await world.verify()).ok


async def test_a_changed_journal_is_not_sealed_over(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The leaf is there, its file is not, and the journal no longer gives what the leaf says."""
    number, _ = await world.consult("一")
    good, _ = await world.consult("二")
    (world.archive / file_path(number, 0)).unlink()
    (world.archive / "ledger/2026-11-19.leaves").unlink()
    async with world.database.write() as connection:
        await connection.exec_driver_sql("DROP TRIGGER journal_no_update")
        await connection.exec_driver_sql("UPDATE journal SET actor = 'staff:9' WHERE consultation = ? AND seq = 3", (number,))
    async with look_at(world.folder) as again:
        again.journal.clock = world.journal.clock
        with pytest.raises(OurFault, match="台账摘要不符"):
            await again.sealer.seal(number)
        await again.sealer.seal(good)
    assert not (world.archive / file_path(number, 0)).exists()
    assert (world.archive / file_path(good, 0)).exists()
    assert "not written" in caplog.text


async def test_a_gap_in_a_list_is_left_as_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with world_at(tmp_path) as world:
        for place in range(3):
            await world.consult(str(place))
        path = world.archive / "ledger/2026-11-19.leaves"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text(lines[0] + lines[2])
    async with world_at(tmp_path) as world:
        assert path.read_text() == lines[0] + lines[2]
        assert "run verify" in caplog.text
        assert (await world.verify()).found_by("ledger")


async def test_a_lost_key_does_not_spoil_the_rendering(world: World) -> None:
    """Without tombstone nobody asked for that: the rendering is all that is left, and stays."""
    number, _ = await world.consult("一")
    page = (world.archive / f"2026/11/19/{number}.html").read_bytes()
    async with world.database.write() as connection:
        await connection.exec_driver_sql("DELETE FROM keys")
    await world.rate(number)
    assert (world.archive / f"2026/11/19/{number}.html").read_bytes() == page
    assert (await world.verify()).found_by("open")


# --- Crashes: the process really ends, before each call that touches the disk in turn. ---


@pytest.mark.slow
def test_a_crash_at_any_point_is_made_good(tmp_path: Path) -> None:
    template, reference = tmp_path / "template", tmp_path / "reference"
    template.mkdir()
    numbers = asyncio.run(_prepare(template))
    shutil.copytree(template, reference)
    asyncio.run(_work(reference, numbers))
    expected = _snapshot(reference / "archive")
    point, died = 0, BEFORE
    while died:
        point += 1
        for torn in (False, True):
            folder = tmp_path / f"crash-{point}-{torn}"
            shutil.copytree(template, folder)
            died = _dies(folder, numbers, point, torn)
            if died:
                asyncio.run(_recover(folder, numbers))
                assert _snapshot(folder / "archive") == expected, f"after a crash at call {point}"
            if died != IN_WRITE:
                break
    assert point > 30, "the crashes were not where they should be"


async def _prepare(folder: Path) -> list[str]:
    """Consultations that are closed in the journal, and not sealed yet."""
    async with world_at(folder) as world:
        numbers = [await world.open("一"), await world.open("二")]
        await world.add(numbers[0], CLOSED, RATED)
        await world.add(numbers[1], CLOSED)
        return numbers


async def _work(folder: Path, numbers: list[str]) -> None:
    async with restarted_at(folder) as world:
        for number in numbers:
            await world.sealer.seal(number)
        await world.turn_to(DAYS[1])


async def _recover(folder: Path, numbers: list[str]) -> None:
    await _work(folder, numbers)
    async with look_at(folder) as world:
        report = await world.verify()
        assert report.ok, report.text()


BEFORE, IN_WRITE = 9, 10
"""How the child ended: before a call, or before (or within) a write. 0: it did all its work."""


def _dies(folder: Path, numbers: list[str], point: int, torn: bool) -> int:
    child = os.fork()
    if not child:
        try:
            _arm(point, torn)
            asyncio.run(_work(folder, numbers))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _arm(point: int, torn: bool) -> None:
    """Let the process end at the call number `point`; `torn`: a write gets half of its bytes out first."""
    left = point
    real_write = os.write

    def armed(name: str) -> None:
        real = getattr(os, name)

        def call(*given: Any, **more: Any) -> Any:
            nonlocal left
            left -= 1
            if not left:
                if torn and name == "write":
                    real_write(given[0], bytes(given[1])[: len(given[1]) // 2])
                os._exit(IN_WRITE if name == "write" else BEFORE)
            return real(*given, **more)

        setattr(os, name, call)

    for name in ("write", "fsync", "replace", "ftruncate", "mkdir"):
        armed(name)


def _snapshot(archive: Path) -> dict[str, bytes]:
    """All files but the witness, which tells the time."""
    return {path.relative_to(archive).as_posix(): path.read_bytes() for path in sorted(archive.rglob("*"))
            if path.is_file() and path.name not in ("HEAD.json", ".lock")}  # fmt: skip


@pytest.mark.parametrize("call", ["fsync", "replace", "write"])
async def test_a_full_disk_can_be_tried_again(world: World, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    number = await world.open("一")
    await world.add(number, CLOSED)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, _full)
        with pytest.raises(OSError, match="No space"):
            await world.sealer.seal(number)
    assert await world.sealer.seal(number) == await world.sealer.seal(number)
    report = await world.verify()
    assert report.ok, report.text()


def _full(*_: object, **__: object) -> NoReturn:
    raise OSError(28, "No space left on device")
