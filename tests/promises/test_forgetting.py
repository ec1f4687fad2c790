"""Promise 7, a person can be forgotten: after erasing, none of the words is left in any file, and every proof still holds."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.archive.world import DAYS, World, check, look_at, world_at
from zhixun.archive.erase import erase
from zhixun.archive.export import export
from zhixun.errors import CitizenError, TryLater

WORDS = [f"王小明{place}的商标被西宁某某公司{place}冒用，电话1380971{place:04d}" for place in range(40)]


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_at(tmp_path) as started:
        yield started


def _everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def _is_anywhere(words: str, everything: bytes) -> bool:
    """Look for words as UTF-8, UTF-16 and the escapes of JSON."""
    escaped = words.encode("unicode_escape").replace(b"\\x", b"\\u00")
    return any(form in everything for form in (words.encode(), words.encode("utf-16-le"), escaped))


async def test_nothing_is_left_of_the_words(tmp_path: Path) -> None:
    kept_words = "别人的专利年费怎么交"
    async with world_at(tmp_path) as world:
        number, code = await world.consult(*WORDS, phone="13809710000")
        await world.rate(number, "王小明很满意")
        kept, _ = await world.consult(kept_words)
        wrapped = (await world.sql("SELECT wrapped FROM keys WHERE consultation = ?", number))[0][0]
        assert _is_anywhere("王小明很满意", _everything(tmp_path))
        assert wrapped in _everything(tmp_path)

        await world.erase(number)

        # While the service still runs, and so with the log (WAL) as it is.
        left = _everything(tmp_path)
        planted = [*WORDS, "王小明", "1380971", "13809710000", "很满意"]
        assert [words for words in planted if _is_anywhere(words, left)] == []
        assert wrapped not in left
        assert _is_anywhere(kept_words, left)
        entries = await world.read(number)
        assert [entry.private for entry in entries] == [None] * len(entries)
        assert entries[-1].kind == "erased"
        assert entries[-1].open == {"reason": "本人请求"}
        assert next(entry.private for entry in await world.read(kept) if entry.actor == "citizen") == {"text": kept_words}
        report = await world.verify(receipts=[(number, code)])
        assert report.ok, report.text()
        assert check(world.archive, [(number, code)]) == []
        for form in ("json", "csv", "xlsx"):
            await export(world.journal, form, None, None, tmp_path / f"all.{form}")
        assert [words for words in planted if _is_anywhere(words, _everything(tmp_path))] == []
        await world.turn_to(DAYS[1])
        assert (await world.verify(receipts=[(number, code)])).ok
    async with world_at(tmp_path, day=DAYS[1]) as world:
        assert (await world.verify(receipts=[(number, code)])).ok
        receipt = await world.receipts.check(number, code)
        assert (receipt.erased, receipt.intact, receipt.supplements) == (True, True, 2)


async def test_words_that_come_after_are_not_kept(world: World) -> None:
    number, _ = await world.consult("一")
    await world.erase(number)
    await world.rate(number, "再说一句")
    assert (await world.read(number))[-1].private is None
    assert not _is_anywhere("再说一句", _everything(world.folder))
    assert (await world.verify()).ok


async def test_another_process_forgets_too(world: World) -> None:
    """`zhixun erase` beside a running service: the service remembers the key, and must not use it any more."""
    number, _ = await world.consult("一")
    assert (await world.read(number))[2].private is not None
    async with look_at(world.folder) as other:
        other.journal.clock = world.journal.clock
        await other.erase(number)
    assert all(entry.private is None for entry in await world.read(number))
    await world.rate(number, "再说一句")
    assert (await world.read(number))[-1].private is None
    assert (await world.verify()).ok


async def test_an_interrupted_erasure_is_finished_by_the_next_start(tmp_path: Path) -> None:
    async with world_at(tmp_path) as world:
        number, _ = await world.consult("一")
        page = world.archive / f"2026/11/19/{number}.html"
        kept = page.read_bytes()
        await world.erase(number)
        # As if the process had died right after the first transaction.
        page.write_bytes(kept)
        (world.archive / f"2026/11/19/{number}.s1.json").unlink()
        path = world.archive / "ledger/2026-11-19.leaves"
        path.write_text(path.read_text().splitlines(keepends=True)[0])
    async with world_at(tmp_path) as world:
        assert not page.exists()
        assert (await world.verify()).ok


async def test_erasing_twice_is_erasing_once(world: World) -> None:
    number, _ = await world.consult("一")
    await world.erase(number)
    await world.erase(number)
    assert [entry.kind for entry in await world.read(number)].count("erased") == 1
    assert (await world.verify()).ok


async def test_what_is_refused(world: World) -> None:
    number = await world.open("一")
    with pytest.raises(CitizenError, match="尚未结束"):
        await world.erase(number)
    with pytest.raises(CitizenError, match="没有咨询件"):
        await world.erase("ZX-20261119-000777-0")
    await world.close(number)
    page = world.archive / f"2026/11/19/{number}.html"
    assert page.exists()


async def test_a_reader_in_the_way_is_told_of(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody reads an old state, the log cannot be emptied; the erasure says so and can be repeated."""
    number, _ = await world.consult("一")
    wrapped = (await world.sql("SELECT wrapped FROM keys WHERE consultation = ?", number))[0][0]
    monkeypatch.setattr("zhixun.archive.erase.WAIT", 0)  # the test need not wait for ten seconds
    reader = sqlite3.connect(world.folder / "zhixun.db", isolation_level=None)
    try:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM journal").fetchone()
        with pytest.raises(TryLater, match="稍后再执行一次"):
            await world.erase(number)
    finally:
        reader.close()
    assert all(entry.private is None for entry in await world.read(number))
    await world.erase(number)
    assert wrapped not in _everything(world.folder)
    assert (await world.verify()).ok


async def test_a_reader_that_leaves_is_waited_for(world: World) -> None:
    number, _ = await world.consult("一")
    reader = sqlite3.connect(world.folder / "zhixun.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM journal").fetchone()
    asyncio.get_running_loop().call_later(0.2, reader.close)
    await world.erase(number)
    assert (world.folder / "zhixun.db-wal").stat().st_size == 0


async def test_what_else_remembers_is_told(world: World) -> None:
    number, _ = await world.consult("一")
    told: list[str] = []

    async def forget(which: str) -> None:
        told.append(which)

    await erase(world.journal, world.sealer, number, "本人请求", by="staff:1", elsewhere=(forget,))
    assert told == [number]
    for reason in ("", " ", "长" * 201):
        with pytest.raises(CitizenError, match="删除原因"):
            await erase(world.journal, world.sealer, number, reason)
