"""Promise 6, tampering shows: edit, delete, insert, reorder, truncate, roll back, in the store and in each kind of file.

Every attack is made on a copy of one small archive that holds all there is: three days, supplements, an erased and an open
consultation. `verify` must find each, the stand-alone checker must agree where files alone tell, and neither may find
anything on the untouched archive.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.archive.file_attacks import FILES, files, flip, forge_everything_but_the_key, forge_roots, sealed, signed
from tests.archive.store_attacks import STORE, Store
from tests.archive.world import DAYS, check, look_at, world_at
from zhixun.archive.canonical import ROOT, canonical, digest
from zhixun.archive.ledger import public_hex
from zhixun.archive.report import Report
from zhixun.messages import Event
from zhixun.numbers import request_number


@dataclass(frozen=True)
class Sample:
    """The archive that is attacked: as it is now, and as it was a day before."""

    now: Path
    before: Path
    receipts: list[tuple[str, str]]


@pytest.fixture(scope="module", params=["sha256", "sm3"])
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("sample")
    return asyncio.run(_build(folder, request.param))


async def _build(folder: Path, algorithm: str) -> Sample:
    now, before = folder / "now", folder / "before"
    now.mkdir()
    receipts = []
    async with world_at(now, algorithm) as world:
        receipts.append(await world.consult("商标异议期限多长？", "那要交多少钱？"))
        receipts.append(await world.consult("外观设计保护几年？"))
        await world.rate(receipts[0][0])
        await world.turn_to(DAYS[1])
        receipts.append(await world.consult("专利年费怎么交？"))
        receipts.append(await world.consult("软件著作权怎么登记？"))
        await world.erase(receipts[3][0])
    shutil.copytree(now, before)
    async with world_at(now, algorithm, DAYS[2]) as world:
        receipts.append(await world.consult("地理标志是什么？"))
        receipts.append(await world.consult("商业秘密怎么保护？"))
        await world.rate(receipts[2][0])
        asking = await world.open("还没有结束的咨询")
        told = {"request": request_number("FW", asking, 1), "service": "search", "target": "窗口", "standing": "received", "due": "",
                "priority": "", "same_as": "", "turn": 1}  # fmt: skip
        await world.add(asking, Event("requested", "citizen", told, {"title": "检索", "facts": [["姓名", "王芳"]], "mark": "ab"}))
    return Sample(now, before, receipts)


@pytest.fixture
def folder(sample: Sample, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample.now, tmp_path / "attacked"))


def verified(folder: Path, **more: Any) -> Report:
    async def run() -> Report:
        async with look_at(folder, _algorithm(folder)) as world:
            return await world.verify(**more)

    return asyncio.run(run())


def _algorithm(folder: Path) -> str:
    return str(_ask(folder, "SELECT value FROM meta WHERE name = 'digest'")[0][0])


def test_nothing_is_found_where_nothing_was_done(sample: Sample) -> None:
    head = sample.before / "archive/HEAD.json"
    report = verified(sample.now, receipts=sample.receipts, head=head)
    assert report.ok, report.text()
    assert all(report.counts[name] for name in report.counts), report.text()
    assert check(sample.now / "archive", sample.receipts, [head]) == []
    assert verified(sample.before, receipts=sample.receipts[:4]).ok


def _ask(folder: Path, statement: str, *values: Any) -> list[Any]:
    connection = sqlite3.connect(folder / "zhixun.db", isolation_level=None)
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize(("attack", "found_by"), STORE, ids=[f"{attack.__name__}-{name}" for attack, name in STORE])
def test_in_the_store(folder: Path, attack: Callable[[Store, str], None], found_by: str) -> None:
    with Store(folder) as store:
        attack(store, _algorithm(folder))
    report = verified(folder)
    assert report.found_by(found_by), report.text()


def test_the_store_itself_refuses(folder: Path) -> None:
    for table in ("journal", "leaves"):
        for statement in (f"UPDATE {table} SET id = id + 1000", f"DELETE FROM {table}"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                _ask(folder, statement)


def test_the_store_is_rolled_back(sample: Sample, folder: Path) -> None:
    shutil.copy(sample.before / "zhixun.db", folder / "zhixun.db")
    report = verified(folder)
    assert {"witness", "stray", "ledger"} <= {finding.check for finding in report.findings}, report.text()


def test_the_files_are_rolled_back(sample: Sample, folder: Path) -> None:
    shutil.rmtree(folder / "archive")
    shutil.copytree(sample.before / "archive", folder / "archive")
    report = verified(folder)
    assert {"file", "ledger", "root"} <= {finding.check for finding in report.findings}, report.text()


def test_store_and_files_are_rolled_back_together(sample: Sample) -> None:
    """Then nothing on the machine tells; a witness kept elsewhere and any citizen's receipt do."""
    head = sample.now / "archive/HEAD.json"
    assert verified(sample.before).ok
    assert verified(sample.before, head=head).found_by("witness")
    assert verified(sample.before, receipts=sample.receipts).found_by("receipt")
    assert check(sample.before / "archive", heads=[head])
    assert check(sample.before / "archive", receipts=sample.receipts)


def test_a_rolled_back_store_that_went_on_is_found(sample: Sample, tmp_path: Path) -> None:
    """New consultations on top of an old state do not hide it from a witness or a receipt."""
    folder = Path(shutil.copytree(sample.before, tmp_path / "forked"))

    async def go_on() -> None:
        async with world_at(folder, _algorithm(folder), DAYS[2]) as world:
            for _ in range(4):
                await world.consult("另一段历史")

    asyncio.run(go_on())
    head = sample.now / "archive/HEAD.json"
    assert verified(folder).ok
    assert verified(folder, head=head).found_by("witness")
    assert verified(folder, receipts=sample.receipts).found_by("receipt")
    assert check(folder / "archive", heads=[head])
    assert check(folder / "archive", receipts=sample.receipts)


# --- The files. `verify` and the checker, which knows nothing but files, must both find it. ---


@pytest.mark.parametrize("attack", FILES, ids=lambda attack: attack.__name__)
def test_in_the_files(sample: Sample, folder: Path, attack: Callable[[Path, Path], None]) -> None:
    attack(folder / "archive", sample.before / "archive")
    report = verified(folder)
    assert not report.ok
    assert check(folder / "archive"), report.text()


def test_an_attacker_with_a_key_of_his_own(folder: Path) -> None:
    """He signs it all anew and publishes his key: whoever knows the right key sees it."""
    archive = folder / "archive"
    right = (archive / "ledger/public.key").read_text().strip()
    forge_everything_but_the_key(archive, archive)
    mine = Ed25519PrivateKey.generate()
    forge_roots(archive, _algorithm(folder), mine)
    (archive / "ledger/public.key").write_text(public_hex(mine.public_key()) + "\n")
    head = json.loads((archive / "HEAD.json").read_bytes())
    newest = files(archive, "ledger/*.root.json")[-1]
    head["roots"]["digest"] = digest(_algorithm(folder), ROOT, newest.read_bytes())
    (archive / "HEAD.json").write_bytes(canonical(signed(head, mine)) + b"\n")
    assert check(archive) == []
    assert check(archive, key=right)
    assert verified(folder).found_by("root")


def test_renderings(folder: Path) -> None:
    """They prove nothing, so only `verify` looks at them."""
    first, second, *_ = files(folder / "archive", "2026/*/*/*.html")
    first.write_bytes(first.read_bytes().replace("三个月".encode(), "六个月".encode()))
    second.unlink()
    assert len(verified(folder).found_by("page")) == 2
    assert check(folder / "archive") == []


def test_a_rendering_that_came_back(sample: Sample, folder: Path) -> None:
    erased = sample.receipts[3][0]
    (folder / f"archive/2026/11/20/{erased}.html").write_text("他说过的话")
    assert verified(folder).found_by("page")


def test_loose_permissions(folder: Path) -> None:
    (folder / "keys/master.key").chmod(0o644)
    (folder / "keys").chmod(0o755)
    files(folder / "archive", "2026/*/*/*.html")[0].chmod(0o644)
    assert len(verified(folder).found_by("permission")) == 3


def _places(archive: Path) -> Iterator[tuple[Path, int]]:
    """Some bytes of every file that is part of the proof."""
    chance = random.Random(6)
    for path in (*sealed(archive), *files(archive, "ledger/*.*"), archive / "HEAD.json"):
        if path.name != ".lock":
            size = 64 if path.name == "public.key" else path.stat().st_size  # without the newline after the key
            for _ in range(12):
                yield path, chance.randrange(size)


def test_any_byte(folder: Path) -> None:
    """One bit anywhere in the archive is seen by the checker."""
    archive = folder / "archive"
    for path, place in _places(archive):
        flip(path, place)
        assert check(archive), f"{path.name} byte {place}"
        flip(path, place)
    assert check(archive) == []


def test_any_byte_of_a_file_or_list_is_seen_by_verify(folder: Path) -> None:
    for path, place in list(_places(folder / "archive"))[::18]:
        flip(path, place)
        assert not verified(folder).ok, f"{path.name} byte {place}"
        flip(path, place)
    assert verified(folder).ok
