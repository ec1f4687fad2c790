"""The package of consultations: whoever opens it can check it, and sees of persons only what is meant to be seen."""

from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.archive.world import DAYS, World, check
from zhixun.archive.package import MOST, package
from zhixun.archive.sealed import file_path, page_path
from zhixun.errors import CitizenError, TryLater
from zhixun.messages import Event

MAIL = "wang@example.com"


async def _fill(world: World) -> list[tuple[str, str]]:
    first = await world.consult("商标异议期限多长？", f"邮箱 {MAIL}", phone="13809710000")
    await world.rate(first[0])
    others = [await world.consult(f"别人的事 {place}") for place in range(3)]
    await world.turn_to(DAYS[1])
    return [first, *others, await world.consult("今天的事")]


async def _packed(world: World, numbers: list[str], *, clear: bool = False) -> dict[str, bytes]:
    out = world.folder / "out.zip"
    await package(world.journal, world.archive, numbers, out, clear=clear)
    with zipfile.ZipFile(out) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def _unpacked(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / "opened" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / "opened"


async def test_whoever_opens_it_can_check_it(world: World, tmp_path: Path) -> None:
    (number, code), _, _, _, (today, _) = await _fill(world)
    files = await _packed(world, [today, number, number])
    folder = _unpacked(tmp_path, files)
    sealed = [file_path(number, 0), file_path(number, 1), file_path(today, 0)]
    assert {f"archive/{path}" for path in sealed} == {name for name in files if name.startswith("archive/2")}
    assert all(files[f"archive/{path}"] == (world.archive / path).read_bytes() for path in sealed)
    assert check(folder / "archive", [(number, code)], part=True) == []
    assert len(check(folder / "archive")) == 3  # the files of others, which are not in it
    run = _run(folder, "--part", "--receipt", number, code)
    assert (run.returncode, run.stdout) == (0, "通过：核验了 3 份封存件、1 个日根\n"), run.stderr
    assert _run(folder).returncode == 1


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the checker that lies in the package, the way its sheet says."""
    command = [sys.executable, "-I", "-X", "utf8", "checker.py", "archive", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)


@pytest.mark.parametrize("damage", ["change", "swap", "cut", "rename", "supplement"])
async def test_tampering_with_it_shows(world: World, tmp_path: Path, damage: str) -> None:
    (number, code), (other, _), *_ = await _fill(world)
    archive = _unpacked(tmp_path, await _packed(world, [number, other])) / "archive"
    first, supplement = archive / file_path(number, 0), archive / file_path(number, 1)
    lines = archive / f"ledger/{DAYS[0]}.leaves"
    {
        "change": lambda: first.write_bytes(first.read_bytes().replace(b"answered", b"unknown_", 1)),
        "swap": lambda: first.write_bytes((archive / file_path(other, 0)).read_bytes()),
        "cut": lambda: lines.write_text("".join(lines.read_text().splitlines(keepends=True)[:-1])),
        "rename": lambda: first.rename(first.with_name(first.name.replace("000001", "000009"))),
        "supplement": lambda: supplement.write_bytes(supplement.read_bytes() + b" "),
    }[damage]()
    assert check(archive, part=True)
    assert check(archive, [(number, code)], part=True)


async def test_its_sums_are_those_of_its_files(world: World) -> None:
    (number, _), *_ = await _fill(world)
    files = await _packed(world, [number])
    sums = dict(line.split("  ", 1)[::-1] for line in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert {"checker.py", "说明.txt", "附件清单.csv", f"pages/{number}.html", "archive/HEAD.json", "archive/ledger/public.key"} <= set(files)
    words = files["说明.txt"].decode()
    assert "checker.py archive --part" in words
    assert files["archive/ledger/public.key"].decode().strip() in words
    assert "封存件：2 份，分属 1 件咨询" in words
    assert "{" not in words


async def test_pages_are_masked_unless_they_may_be_seen(world: World) -> None:
    (number, _), *_ = await _fill(world)
    hidden = await _packed(world, [number])
    everything = b"".join(hidden.values())
    assert MAIL.encode() not in everything
    assert "w***@example.com" in hidden[f"pages/{number}.html"].decode()
    assert "已遮盖" in hidden["说明.txt"].decode()
    shown = await _packed(world, [number], clear=True)
    assert shown[f"pages/{number}.html"] == (world.archive / page_path(number)).read_bytes()
    assert MAIL.encode() in shown[f"pages/{number}.html"]
    assert "没有遮盖" in shown["说明.txt"].decode()
    assert {name: data for name, data in hidden.items() if name.startswith("archive/")} == {
        name: data for name, data in shown.items() if name.startswith("archive/")
    }


async def test_attachments_are_listed(world: World) -> None:
    number = await world.open("一")
    facts = {"id": "a1", "type": "application/pdf", "size": 9, "digest": "d" * 64}
    await world.add(number, Event("attached", "citizen", facts, {"name": f"=合同 {MAIL}.pdf"}))
    await world.close(number)
    for clear, name in ((False, "'=合同 w***@example.com.pdf"), (True, f"'=合同 {MAIL}.pdf")):
        files = await _packed(world, [number], clear=clear)
        rows = list(csv.DictReader(io.StringIO(files["附件清单.csv"].decode("utf-8-sig"))))
        told = [tuple(row[column] for column in ("编号", "附件编号", "文件名", "字节数", "已删除")) for row in rows]
        assert told == [(number, "a1", name, "9", "")]


async def test_of_an_erased_consultation_the_proof_is_left(world: World, tmp_path: Path) -> None:
    (number, code), *_ = await _fill(world)
    await world.erase(number)
    files = await _packed(world, [number], clear=True)
    assert not [name for name in files if name.startswith("pages/")]
    assert check(_unpacked(tmp_path, files) / "archive", [(number, code)], part=True) == []


async def test_what_is_refused(world: World) -> None:
    sealed, _ = await world.consult("一")
    still_open, out = await world.open("二"), world.folder / "out.zip"
    with pytest.raises(CitizenError, match=f"{still_open} 等 1 件还没有封存") as told:
        await package(world.journal, world.archive, [sealed, still_open], out)
    assert told.value.status == 409
    for numbers in ([], [f"ZX-{place}" for place in range(MOST + 1)]):
        with pytest.raises(CitizenError, match=f"1 到 {MOST} 件"):
            await package(world.journal, world.archive, numbers, out)
    assert [path for path in world.folder.iterdir() if path.suffix in (".zip", ".part")] == []


async def test_an_archive_that_is_behind_its_store_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The leaf is committed before the line is written; a package made in between could not be checked."""
    number, _ = await world.consult("一")
    path = world.archive / f"ledger/{DAYS[0]}.leaves"
    kept = path.read_text()
    path.write_text("")
    monkeypatch.setattr("zhixun.archive.package._PAUSE", 0)
    with pytest.raises(TryLater, match="正在写入"):
        await package(world.journal, world.archive, [number], world.folder / "out.zip")
    path.write_text(kept)
    assert await package(world.journal, world.archive, [number], world.folder / "out.zip") == 1
