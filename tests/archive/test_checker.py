"""The stand-alone checker: small, alone, and right about signatures."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archive.world import DAYS, check, run_checker, world_at
from zhixun.archive import checker

SOURCE = Path(str(checker.__file__))

# RFC 8032, 7.1: public key, signature, message.
VECTORS = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b", ""),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00", "72"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import asyncio

    where = tmp_path_factory.mktemp("checked")

    async def build() -> None:
        async with world_at(where) as world:
            number, code = await world.consult("一")
            await world.rate(number)
            (where / "receipt").write_text(f"{number} {code}")
            await world.turn_to(DAYS[1])

    asyncio.run(build())
    return where


def test_it_is_short_and_needs_only_the_standard_library() -> None:
    text = SOURCE.read_text("utf-8")
    assert len(text.splitlines()) <= 150
    tree = ast.parse(text, feature_version=(3, 8))
    names = {node.module if isinstance(node, ast.ImportFrom) else alias.name
             for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}  # fmt: skip
    assert {str(name).split(".")[0] for name in names} <= sys.stdlib_module_names | {"__future__"}


def test_it_runs_by_itself(folder: Path, tmp_path: Path) -> None:
    number, code = (folder / "receipt").read_text().split()
    run = run_checker(folder / "archive", "--receipt", number, code.lower(), "--head", folder / "archive/HEAD.json")
    assert (run.returncode, run.stdout) == (0, "通过：核验了 2 份封存件、1 个日根\n"), run.stderr
    broken = shutil.copytree(folder / "archive", tmp_path / "broken")
    next(broken.glob("2026/*/*/*.json")).unlink()
    run = run_checker(broken, "--receipt", number, "0000-0000-0000-0000")
    assert run.returncode == 1
    assert "不见了" in run.stdout
    assert f"回执 {number} 不符" in run.stdout
    assert run_checker(tmp_path).returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.12", "3.13"])
def test_it_runs_on_other_versions(folder: Path, version: str) -> None:
    python = shutil.which(f"python{version}")
    works = python and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    if not python or not works:
        pytest.skip(f"no Python {version} on this machine")
    run = run_checker(folder / "archive", python=python)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(("key", "signature", "message"), VECTORS)
def test_known_signatures(key: str, signature: str, message: str) -> None:
    assert _holds(bytes.fromhex(key), bytes.fromhex(signature), bytes.fromhex(message))


@settings(deadline=None, max_examples=40)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 511), st.booleans())
def test_it_agrees_with_the_library(seed: bytes, message: bytes, bit: int, changed: bool) -> None:
    signer = Ed25519PrivateKey.from_private_bytes(seed)
    key, signature = signer.public_key().public_bytes_raw(), bytearray(signer.sign(message))
    if changed:
        signature[bit // 8] ^= 1 << bit % 8
    assert _holds(key, bytes(signature), message) == _library(key, bytes(signature), message) == (not changed)
    assert not _holds(key, bytes(signature), message + b"x")


def test_a_signature_is_unique() -> None:
    """s + L satisfies the same equation; RFC 8032 demands that it be refused."""
    signer = Ed25519PrivateKey.generate()
    signature = signer.sign(b"x")
    s = int.from_bytes(signature[32:], "little") + checker.L
    forged = signature[:32] + s.to_bytes(32, "little")
    assert not _holds(signer.public_key().public_bytes_raw(), forged, b"x")


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"null", b"\xff", b'{"leaves":{}}'])
def test_no_damage_stops_it(folder: Path, tmp_path: Path, damage: bytes) -> None:
    for place, path in enumerate(path for path in sorted((folder / "archive").rglob("*")) if path.is_file()):
        if path.name == ".lock" or path.suffix == ".html":
            continue
        broken = shutil.copytree(folder / "archive", tmp_path / str(place))
        (broken / path.relative_to(folder / "archive")).write_bytes(damage)
        assert check(broken), path.name


def _holds(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        return checker.signed(key, signature, message)
    except (StopIteration, IndexError):
        return False


def _library(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True
