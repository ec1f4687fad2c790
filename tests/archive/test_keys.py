"""Keys: sealing, opening, and refusing what was moved or changed."""

import base64
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.archive.world import World
from zhixun.archive.keys import Keyring, load_secret, load_signer, seal, unseal
from zhixun.clock import new_key
from zhixun.database import keys
from zhixun.errors import OurFault, StopNow


def test_what_is_sealed_opens_in_its_place_only() -> None:
    key, place = new_key(), "ZX-20261121-000001-1/3"
    sealed = seal(key, place, {"text": "商标"})
    assert unseal(key, place, sealed) == {"text": "商标"}
    assert seal(key, place, {"text": "商标"}) != sealed
    raw = bytearray(base64.b64decode(sealed))
    raw[-1] ^= 1
    for wrong in ((key, "ZX-20261121-000001-1/4", sealed), (new_key(), place, sealed), (key, place, "AAAA"), (key, place, "!"),
                  (key, place, base64.b64encode(raw).decode())):  # fmt: skip
        with pytest.raises(OurFault, match="无法解密"):
            unseal(*wrong)


def test_secrets_are_made_once_and_damage_stops(tmp_path: Path) -> None:
    path = tmp_path / "keys/master.key"
    assert load_secret(path) == load_secret(path)
    assert load_signer(tmp_path / "keys").public_key() == load_signer(tmp_path / "keys").public_key()
    for damaged in (b"c2hvcnQ=", b"\xff", b""):
        path.write_bytes(damaged)
        with pytest.raises(StopNow, match=r"master\.key"):
            load_secret(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(StopNow, match="无法读取"):
        load_secret(path)


async def test_another_master_key_opens_nothing(world: World, tmp_path: Path) -> None:
    number = await world.open("一")
    stranger = Keyring(tmp_path / "other")
    async with world.database.read() as connection:
        with pytest.raises(OurFault, match="主密钥不符"):
            await stranger.find(connection, number)


async def test_a_key_that_is_gone_is_forgotten(world: World) -> None:
    number = await world.open("一")
    keyring = world.journal.keyring
    async with world.database.write() as connection:
        assert await keyring.find(connection, number)
        # Not through this keyring: another process did it.
        await connection.execute(sa.delete(keys))
        assert await keyring.find(connection, number) is None


