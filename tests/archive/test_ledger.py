"""The ledger: day roots, their chain, the witness, and what stops the start."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.archive.world import DAYS, World, look_at, restarted_at, world_at
from zhixun.archive.canonical import LEAF, ROOT, canonical, digest
from zhixun.archive.keys import load_signer
from zhixun.archive.ledger import is_signed, public_hex
from zhixun.archive.merkle import inclusion, verify_inclusion
from zhixun.errors import OurFault, StopNow
from zhixun.messages import Event


def _root(world: World, day: date) -> dict[str, object]:
    return dict(json.loads((world.archive / f"ledger/{day}.root.json").read_bytes()))


def _head(world: World) -> dict[str, dict[str, object]]:
    return dict(json.loads((world.archive / "HEAD.json").read_bytes()))


async def test_a_root_covers_its_day_and_chains_to_the_one_before(world: World) -> None:
    for day in DAYS:
        await world.turn_to(day)
        for place in range(3):
            await world.consult(str(place))
    key = public_hex(world.signer.public_key())
    first, second = _root(world, DAYS[0]), _root(world, DAYS[1])
    assert not (world.archive / f"ledger/{DAYS[2]}.root.json").exists()
    assert [(root["index"], root["first"], root["count"]) for root in (first, second)] == [(1, 1, 3), (2, 4, 3)]
    assert second["previous"] == digest("sha256", ROOT, (world.archive / f"ledger/{DAYS[0]}.root.json").read_bytes())
    assert is_signed(first, key)
    assert not is_signed({**first, "count": 4}, key)
    assert not is_signed(first, "00" * 32)
    assert not is_signed("x", key)
    lines = (world.archive / f"ledger/{DAYS[0]}.leaves").read_text().splitlines()
    hashes = [digest("sha256", LEAF, line.encode()) for line in lines]
    proof = inclusion("sha256", hashes, 1)
    assert verify_inclusion("sha256", hashes[1], 1, 3, proof, str(first["root"]))


async def test_a_day_without_leaves_needs_no_root(world: World) -> None:
    await world.consult("一")
    later = DAYS[0] + timedelta(days=40)
    assert await world.ledger.close_days(later) == [DAYS[0].isoformat()]
    assert await world.ledger.close_days(later) == []
    await world.turn_to(later)
    await world.consult("二")
    await world.turn_to(later + timedelta(days=1))
    assert _root(world, later)["index"] == 2
    assert (await world.verify()).ok


async def test_several_days_are_closed_at_once(world: World) -> None:
    for day in DAYS:
        world.journal.clock = type(world.journal.clock)(day)
        await world.consult("一")
    assert await world.ledger.close_days(DAYS[2]) == [day.isoformat() for day in DAYS[:2]]
    assert (await world.verify()).ok


async def test_a_root_whose_file_was_not_written_is_written_at_the_next_start(tmp_path: Path) -> None:
    async with world_at(tmp_path) as world:
        await world.consult("一")
        await world.turn_to(DAYS[1])
        path = world.archive / f"ledger/{DAYS[0]}.root.json"
        kept = path.read_bytes()
        path.unlink()
    async with restarted_at(tmp_path, day=DAYS[1]):
        assert path.read_bytes() == kept


async def test_the_witness_follows_what_is_committed(world: World) -> None:
    number = await world.open("一")
    await world.ledger.witness()
    head = _head(world)
    rows = await world.sql("SELECT id, hash FROM journal ORDER BY id DESC LIMIT 1")
    assert head["journal"] == {"id": rows[0][0], "hash": rows[0][1]}
    assert is_signed(head, public_hex(world.signer.public_key()))
    before = (world.archive / "HEAD.json").read_bytes()
    await world.ledger.witness()
    assert (world.archive / "HEAD.json").read_bytes() == before
    await world.close(number)
    assert _head(world)["leaves"]["count"] == 1
    await world.turn_to(DAYS[1])
    assert _head(world)["roots"]["count"] == 1


async def test_a_store_that_was_rolled_back_does_not_start(tmp_path: Path) -> None:
    async with world_at(tmp_path) as world:
        await world.consult("一")
    old = (tmp_path / "zhixun.db").read_bytes()
    async with restarted_at(tmp_path) as world:
        await world.consult("二")
    (tmp_path / "zhixun.db").write_bytes(old)
    with pytest.raises(StopNow, match="回退"):
        async with restarted_at(tmp_path):
            pass
    kept = (tmp_path / "archive/HEAD.json").read_bytes()
    async with look_at(tmp_path) as world:
        with pytest.raises(OurFault, match="回退"):
            await world.ledger.witness()
        # It does not help to write on until the old place is reached.
        for place in range(5):
            number = await world.open(str(place))
            await world.add(number, Event("closed", "citizen", {"state": "closed", "reason": "citizen"}))
        with pytest.raises(OurFault, match="回退"):
            await world.ledger.witness()
        assert (tmp_path / "archive/HEAD.json").read_bytes() == kept


async def test_a_roll_back_under_the_running_service_stops_no_sealing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.consult("一")
    head = _head(world)
    head["journal"]["id"] = 999
    body = {name: value for name, value in head.items() if name != "signature"}
    signed = canonical({**body, "signature": world.signer.sign(canonical(body)).hex()}) + b"\n"
    (world.archive / "HEAD.json").write_bytes(signed)
    _, code = await world.consult("二")
    assert code
    assert "witness refused" in caplog.text
    assert _head(world)["journal"]["id"] == 999
    assert (await world.verify()).found_by("witness")
    (world.archive / "HEAD.json").unlink()  # or the deployment could not be stopped cleanly


async def test_an_empty_store_beside_a_full_archive_does_not_start(tmp_path: Path) -> None:
    async with world_at(tmp_path) as world:
        await world.consult("一")
    (tmp_path / "zhixun.db").unlink()
    with pytest.raises(StopNow, match="zhixun rebuild"):
        async with world_at(tmp_path):
            pass


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b'{"journal":1}'])
async def test_a_damaged_witness_stops_the_start(tmp_path: Path, damage: bytes) -> None:
    async with world_at(tmp_path) as world:
        await world.consult("一")
    (tmp_path / "archive/HEAD.json").write_bytes(damage)
    with pytest.raises(StopNow, match=r"HEAD\.json"):
        async with restarted_at(tmp_path):
            pass


async def test_another_signing_key_stops_the_start(tmp_path: Path) -> None:
    async with world_at(tmp_path):
        pass
    (tmp_path / "keys/ledger.key").unlink()
    load_signer(tmp_path / "keys")
    with pytest.raises(StopNow, match="公钥"):
        async with restarted_at(tmp_path):
            pass
