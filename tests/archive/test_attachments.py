"""Files of consultations: durable before they are named, unreadable without the key, forgotten with it, and damage shows."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import resource
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.archive.world import DAYS, World, world_at
from tests.sample_files import DOCX, SAMPLES, docx, packed, pdf, png, stream
from tests.support import Crash
from zhixun.archive.attachments import Attachments, Kept, folder_beside
from zhixun.archive.chunks import CHUNK
from zhixun.archive.durable import open_draft
from zhixun.archive.erase import erase
from zhixun.archive.rebuild import rebuild
from zhixun.clock import Clock
from zhixun.errors import CitizenError, OurFault, TryLater
from zhixun.messages import PERSON, Event

WORDS = "文件已收到。"


@pytest.fixture
def files(world: World) -> Attachments:
    """Give the store of files of an empty deployment."""
    return _files(world)


def _files(world: World, **more: Any) -> Attachments:
    return Attachments(world.database, world.journal, folder_beside(world.archive), WORDS, **{"spare": 0, **more})


async def _fetch(files: Attachments, number: str, identity: str) -> bytes:
    _, content = await files.read(number, identity)
    return b"".join([piece async for piece in content])


def _on_disk(world: World) -> list[str]:
    folder = folder_beside(world.archive)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _bytes_on_disk(world: World) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(world.folder.rglob("*")) if path.is_file())


async def _attached(world: World, number: str) -> list[Any]:
    return [entry for entry in await world.read(number) if entry.kind == "attached"]


@pytest.mark.parametrize("kind", SAMPLES)
async def test_each_type_is_kept_and_comes_back(world: World, files: Attachments, kind: str) -> None:
    data, ending = SAMPLES[kind]
    number = await world.open()
    kept = await files.keep(number, "citizen", "王小明的证明.exe", stream(data, 100))
    assert kept == Kept(kept.id, kind, len(data), hashlib.sha256(data).hexdigest(), f"王小明的证明{ending}")
    found, content = await files.read(number, kept.id)
    assert found == kept
    assert b"".join([piece async for piece in content]) == data
    entry = (await _attached(world, number))[0]
    assert entry.actor == "citizen"
    assert entry.open == {"id": kept.id, "type": kind, "size": len(data), "digest": kept.digest}
    assert entry.private == {"name": kept.name}
    row = (await world.sql("SELECT * FROM attachments"))[0]
    assert tuple(row) == (kept.id, number, entry.seq, "citizen", kind, len(data), kept.digest, False)
    assert _on_disk(world) == [f"{number}/{kept.id}"]
    path = folder_beside(world.archive) / number / kept.id
    assert path.stat().st_mode & 0o777 == 0o600
    assert (await world.verify()).ok


async def test_nothing_of_it_is_ever_readable_on_the_disk(world: World, files: Attachments) -> None:
    number, secret = await world.open(), b"a secret of the trade " * 20
    seen = []

    async def watched() -> AsyncIterator[bytes]:
        async for piece in stream(png(noise=secret * 500), 40_000):
            yield piece
            seen.append(_bytes_on_disk(world))

    await files.keep(number, "citizen", "王小明.png", watched())
    seen.append(_bytes_on_disk(world))
    assert len(seen) > 4
    assert not [one for one in seen if secret[:40] in one or "王小明".encode() in one]


async def test_a_large_file_never_stands_in_memory(world: World, files: Attachments) -> None:
    number, piece = await world.open(), os.urandom(64 * 1024)

    async def large() -> AsyncIterator[bytes]:
        yield png()
        for _ in range(100):
            yield piece

    tracemalloc.start()
    try:
        kept = await files.keep(number, "citizen", "大图.png", large())
        _, content = await files.read(number, kept.id)
        size = sum([len(piece) async for piece in content])
        assert tracemalloc.get_traced_memory()[1] < 3 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert size == kept.size == len(png()) + 100 * len(piece)


async def test_the_citizen_is_told_once_for_several_and_can_call_a_person(world: World, files: Attachments) -> None:
    number = await world.open()
    await files.keep(number, "staff:li", "说明.docx", stream(docx("一")))
    for text in ("二", "三", "四"):
        await files.keep(number, "citizen", "证据.docx", stream(docx(text)))
    await world.add(number, Event("handed_off", "zhixun", {"state": "queued", "reason": "asked"}))
    await files.keep(number, "citizen", "证据.docx", stream(docx("五")))
    await files.keep(number, "staff:li", "说明.docx", stream(docx("六")))
    told = [(entry.kind, entry.actor) for entry in (await world.read(number))[5:]]
    answer = ("said", "system")
    assert told == [
        ("attached", "staff:li"), ("attached", "citizen"), answer, ("attached", "citizen"), ("attached", "citizen"),
        ("handed_off", "zhixun"), ("attached", "citizen"), answer, ("attached", "staff:li"),
    ]  # fmt: skip
    first, second = [entry for entry in await world.read(number) if entry.open.get("kind") == "attached"]
    assert first.private["text"] == second.private["text"] == WORDS
    assert first.private["buttons"] == [{"title": PERSON, "payload": PERSON}]
    assert second.private["buttons"] == []


async def test_the_same_file_again_is_the_one_that_is_kept(world: World, files: Attachments) -> None:
    number, other = await world.open(), await world.open()
    first = await files.keep(number, "citizen", "证据.pdf", stream(pdf()))
    assert await files.keep(number, "citizen", "又一次.pdf", stream(pdf())) == first
    assert len(await _attached(world, number)) == 1
    from_staff = await files.keep(number, "staff:li", "证据.pdf", stream(pdf()))
    elsewhere = await files.keep(other, "citizen", "证据.pdf", stream(pdf()))
    assert len({first.id, from_staff.id, elsewhere.id}) == 3
    assert len(_on_disk(world)) == 3


async def test_who_sends_a_file_is_not_idle(world: World, files: Attachments) -> None:
    number = await world.open()
    last = "SELECT last FROM consultations WHERE number = ?"
    before = await world.sql(last, number)
    await files.keep(number, "staff:li", "说明.docx", stream(docx()))
    assert await world.sql(last, number) == before
    await files.keep(number, "citizen", "说明.docx", stream(docx()))
    assert await world.sql(last, number) > before
    entry = (await _attached(world, number))[1]
    assert (await world.sql(last, number))[0][0] == entry.time


async def _refused(world: World, files: Attachments, number: str, data: AsyncIterator[bytes]) -> CitizenError:
    before = await world.read(number)
    with pytest.raises(CitizenError) as refused:
        await files.keep(number, "citizen", "文件.pdf", data)
    assert await world.read(number) == before
    assert _on_disk(world) == []
    return refused.value


@pytest.mark.parametrize(
    ("data", "code", "status"),
    [
        (b"", "empty", 400),
        (b"junk" * 1000, "bad_type", 415),
        (b"<html><script>1</script>", "bad_type", 415),
        (packed({"a.exe": b"MZ"}), "bad_type", 415),
        (docx(more={"word/vbaProject.bin": b"x"}), "macros", 415),
        (docx(more={"word/media/a.bmp": bytes(101 * 1024 * 1024)}), "unpacks_too_large", 413),
        (png(9000, 9000), "too_many_pixels", 413),
        (pdf()[:-20], "damaged", 415),
    ],
    ids=["empty", "junk", "html", "zip", "macros", "bomb", "pixels", "cut"],
)
async def test_what_is_refused_leaves_nothing(world: World, files: Attachments, data: bytes, code: str, status: int) -> None:
    refused = await _refused(world, files, await world.open(), stream(data))
    assert (refused.code, refused.status) == (code, status)


async def test_a_file_that_is_too_large_is_stopped_on_its_way(world: World) -> None:
    files, given = _files(world, most_bytes=200_000), []

    async def endless() -> AsyncIterator[bytes]:
        for piece in [png()] + [bytes(50_000)] * 1000:
            given.append(piece)
            yield piece

    refused = await _refused(world, files, await world.open(), endless())
    assert (refused.code, refused.status) == ("too_large", 413)
    assert len(given) == 5
    files.demand_size(200_000)
    with pytest.raises(CitizenError, match="文件太大"):
        files.demand_size(200_001)
    with pytest.raises(CitizenError, match="最多 10 MB"):
        _files(world).demand_size(10 * 1024 * 1024 + 1)


async def test_a_closed_or_unknown_consultation_takes_none(world: World, files: Attachments) -> None:
    number, _ = await world.consult("一")
    assert (await _refused(world, files, number, stream(pdf()))).code == "closed"
    with pytest.raises(CitizenError) as refused:
        await files.keep("ZX-20261119-000777-0", "citizen", "a.pdf", stream(pdf()))
    assert refused.value.status == 404


async def test_closing_while_it_comes_in_refuses_it(world: World, files: Attachments) -> None:
    number = await world.open()

    async def slow() -> AsyncIterator[bytes]:
        yield pdf()
        await world.close(number)

    with pytest.raises(CitizenError) as refused:
        await files.keep(number, "citizen", "a.pdf", slow())
    assert (refused.value.code, refused.value.status) == ("closed", 409)
    assert _on_disk(world) == []
    assert (await world.verify()).ok


async def test_there_is_a_bound_for_each_consultation_even_at_once(world: World) -> None:
    files, number, other = _files(world, most=2), await world.open(), await world.open()
    sent = [files.keep(number, "citizen", "a.docx", stream(docx(str(index)))) for index in range(4)]
    results = await asyncio.gather(*sent, return_exceptions=True)
    assert [type(result) for result in results].count(Kept) == 2
    assert {result.code for result in results if isinstance(result, CitizenError)} == {"too_many"}
    assert len(_on_disk(world)) == 2
    with pytest.raises(CitizenError, match="最多发送 2 个"):
        await files.keep(number, "staff:li", "a.pdf", stream(pdf()))
    await files.keep(other, "citizen", "a.pdf", stream(pdf()))


@pytest.mark.parametrize("call", ["fsync", "replace"])
async def test_a_disk_that_fails_at_the_end_keeps_nothing(
    world: World, files: Attachments, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, call: str
) -> None:
    number = await world.open()
    with monkeypatch.context() as patch:
        patch.setattr(os, call, _full)
        with pytest.raises(TryLater, match="没有存下来"):
            await files.keep(number, "citizen", "王小明.pdf", stream(pdf()))
    assert await _attached(world, number) == []
    assert _on_disk(world) == []
    assert "No space left" in caplog.text
    assert "王小明" not in caplog.text
    await files.keep(number, "citizen", "a.pdf", stream(pdf()))


def _full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_disk_that_fills_up_on_the_way_keeps_nothing(world: World, files: Attachments) -> None:
    """No file of this process may grow beyond two chunks and a bit: the system itself refuses the rest."""
    number, before = await world.open(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * CHUNK + 1000, before[1]))
    try:
        with pytest.raises(TryLater, match="没有存下来"):
            await files.keep(number, "citizen", "a.png", stream(png() + bytes(5 * CHUNK)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert _on_disk(world) == []
    assert await _attached(world, number) == []


async def test_files_leave_room_for_words(world: World) -> None:
    number = await world.open()
    with pytest.raises(TryLater, match="存不下"):
        await _files(world, spare=2**62).keep(number, "citizen", "a.pdf", stream(pdf()))
    assert _on_disk(world) == []


async def test_somebody_else_s_file_is_not_given(world: World, files: Attachments) -> None:
    number, other = await world.open(), await world.open()
    kept = await files.keep(number, "citizen", "a.pdf", stream(pdf()))
    for asked, identity in ((other, kept.id), (number, "0" * 32), (number, "../" + kept.id), (number, "")):
        with pytest.raises(CitizenError) as refused:
            await files.read(asked, identity)
        assert refused.value.status == 404


async def test_an_erased_file_is_gone(world: World, files: Attachments) -> None:
    number, secret = await world.open(), b"what should be forgotten"
    kept = await files.keep(number, "citizen", "王小明.png", stream(png(noise=secret)))
    await world.close(number)
    path = folder_beside(world.archive) / number / kept.id
    before = path.read_bytes()
    await erase(world.journal, world.sealer, number, "本人请求", elsewhere=(files.forget,))
    assert not path.parent.exists()
    with pytest.raises(CitizenError) as refused:
        await files.read(number, kept.id)
    assert (refused.value.code, refused.value.status) == ("erased", 410)
    assert await world.sql("SELECT erased FROM attachments") == [(True,)]
    assert (await _attached(world, number))[0].private is None
    assert (await world.verify()).ok
    # As if `zhixun erase` had died before it came to the files: they are unreadable, and the next start removes them.
    path.parent.mkdir()
    path.write_bytes(before)
    with pytest.raises(CitizenError, match="已按请求删除"):
        await files.read(number, kept.id)
    assert await files.sweep() == 1
    assert not path.parent.exists()
    await files.forget(number)


async def test_a_crash_before_the_entry_leaves_what_the_next_start_sweeps(
    world: World, files: Attachments, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await world.open()
    kept = await files.keep(number, "citizen", "a.pdf", stream(pdf()))
    before = await world.read(number)
    with monkeypatch.context() as patch:
        patch.setattr(world.journal, "append", _die)
        with pytest.raises(Crash):
            await files.keep(number, "citizen", "b.docx", stream(docx()))
    assert await world.read(number) == before
    open_draft(folder_beside(world.archive) / number / "half")
    assert len(_on_disk(world)) == 3
    assert (await world.verify()).ok
    assert await files.sweep() == 2
    assert _on_disk(world) == [f"{number}/{kept.id}"]
    assert await _fetch(files, number, kept.id) == pdf()
    assert await files.sweep() == 0


async def _die(*_: object) -> None:
    raise Crash


async def test_the_file_is_durable_before_the_entry(world: World, files: Attachments, monkeypatch: pytest.MonkeyPatch) -> None:
    number, steps = await world.open(), []
    real_replace, real_append = os.replace, world.journal.append

    def replace(*arguments: Any) -> None:
        steps.append("published")
        real_replace(*arguments)

    async def append(*arguments: Any) -> Any:
        steps.append(arguments[2][0].kind)
        return await real_append(*arguments)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(world.journal, "append", append)
    await files.keep(number, "citizen", "a.pdf", stream(pdf()))
    assert steps == ["published", "attached", "said"]


async def test_files_of_a_consultation_that_the_store_does_not_know_stay(world: World, files: Attachments) -> None:
    """An old copy of the store may have been put back; its newer files must still be there when the right one comes."""
    strange = folder_beside(world.archive) / "ZX-20261119-000777-0" / "a"
    strange.parent.mkdir(parents=True)
    strange.write_bytes(b"x")
    (folder_beside(world.archive) / "lost").write_bytes(b"x")
    open_draft(strange)
    assert await files.sweep() == 1
    assert strange.exists()
    assert await _files_of_nothing(world).sweep() == 0


def _files_of_nothing(world: World) -> Attachments:
    return Attachments(world.database, world.journal, world.folder / "nothing", WORDS)


async def test_an_upload_that_is_given_up_leaves_nothing(world: World, files: Attachments) -> None:
    number, begun = await world.open(), asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield png() + bytes(3 * CHUNK)
        begun.set()
        await asyncio.Event().wait()

    sending = asyncio.create_task(files.keep(number, "citizen", "a.png", stalled()))
    await begun.wait()
    assert len(_on_disk(world)) == 1
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert _on_disk(world) == []


@pytest.mark.parametrize(
    "attack",
    [
        lambda path, other: path.unlink(),
        lambda path, other: path.write_bytes(b""),
        lambda path, other: path.write_bytes(path.read_bytes()[: CHUNK + 28]),
        lambda path, other: path.write_bytes(path.read_bytes()[:100] + b"?" + path.read_bytes()[101:]),
        lambda path, other: path.write_bytes(other.read_bytes()),
    ],
    ids=["removed", "emptied", "cut-off", "changed", "swapped"],
)
async def test_damage_shows(
    world: World, files: Attachments, caplog: pytest.LogCaptureFixture, attack: Callable[[Path, Path], object]
) -> None:
    number = await world.open()
    kept = await files.keep(number, "citizen", "a.png", stream(png() + bytes(2 * CHUNK)))
    other = await files.keep(number, "citizen", "b.png", stream(png() + bytes(2 * CHUNK + 1)))
    folder = folder_beside(world.archive) / number
    attack(folder / kept.id, folder / other.id)
    with pytest.raises(OurFault, match=kept.id):
        await files.read(number, kept.id)
    assert "zhixun verify" in caplog.text
    assert await _fetch(files, number, other.id) == png() + bytes(2 * CHUNK + 1)
    found = (await world.verify()).found_by("open")
    assert [kept.id in words for words in found] == [True]


async def test_damage_while_it_is_given_shows(world: World, files: Attachments) -> None:
    number = await world.open()
    kept = await files.keep(number, "citizen", "a.png", stream(png() + bytes(3 * CHUNK)))
    _, content = await files.read(number, kept.id)
    assert await anext(content)
    path = folder_beside(world.archive) / number / kept.id
    with path.open("r+b") as file:
        file.truncate(2 * CHUNK)
    with pytest.raises(OurFault, match="已损坏"):
        [piece async for piece in content]


async def test_a_lost_key_is_told(world: World, files: Attachments) -> None:
    number = await world.open()
    kept = await files.keep(number, "citizen", "a.pdf", stream(pdf()))
    async with world.database.write() as connection:
        await world.journal.keyring.destroy(connection, number)
    with pytest.raises(OurFault, match="密钥不见了"):
        await files.read(number, kept.id)
    with pytest.raises(OurFault, match="密钥不见了"):
        await files.keep(number, "citizen", "b.pdf", stream(pdf()))


async def test_the_table_is_rebuilt_and_a_change_of_it_is_found(world: World, files: Attachments) -> None:
    number, erased = await world.open(), await world.open()
    kept = await files.keep(number, "citizen", "a.pdf", stream(pdf()))
    await files.keep(erased, "staff:li", "b.docx", stream(docx()))
    await world.close(erased)
    await world.erase(erased)
    before = sorted(map(tuple, await world.sql("SELECT * FROM attachments")))
    assert [row[-1] for row in sorted(before, key=lambda row: row[2])].count(1) == 1
    async with world.database.write() as connection:
        await connection.exec_driver_sql("UPDATE attachments SET digest = 'x' WHERE id = ?", (kept.id,))
        await connection.exec_driver_sql("DELETE FROM attachments WHERE erased")
    found = (await world.verify()).found_by("index")
    assert len(found) == 2
    assert any("digest" in words and kept.id in words for words in found)
    await rebuild(world.journal, world.archive, world.sealer)
    assert sorted(map(tuple, await world.sql("SELECT * FROM attachments"))) == before
    assert (await world.verify()).ok


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
async def test_the_digest_is_of_the_content_by_the_store_s_algorithm(tmp_path: Path, algorithm: str) -> None:
    async with world_at(tmp_path, algorithm, DAYS[1]) as world:
        number = await world.open()
        kept = await _files(world).keep(number, "citizen", "a.docx", stream(SAMPLES[DOCX][0]))
        assert kept.digest == hashlib.new(algorithm, SAMPLES[DOCX][0]).hexdigest()
        await world.close(number)
        assert kept.digest in (world.archive / f"2026/11/20/{number}.json").read_text()
        world.journal.clock = Clock(DAYS[1])
        assert (await world.verify()).ok
