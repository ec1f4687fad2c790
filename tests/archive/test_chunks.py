"""Files in encrypted chunks: what comes out is what went in, from any place, and every change shows."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from zhixun.archive.chunks import CHUNK, ChunkWriter, open_chunks
from zhixun.errors import OurFault

KEY = bytes(range(32))
STORED = CHUNK + 28
SIZES = (1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7)


def _content(size: int) -> bytes:
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


def _write(path: Path, plain: bytes, piece: int = 10_000, place: str = "ZX-1/a") -> Path:
    path.touch()
    writer = ChunkWriter(path, KEY, place)
    for start in range(0, len(plain), piece):
        writer.write(plain[start : start + piece])
    writer.finish()
    return path


def _read(path: Path, place: str = "ZX-1/a", key: bytes = KEY) -> bytes:
    with open_chunks(path, key, place) as file:
        return file.read()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [999, CHUNK, 10 * CHUNK])
def test_what_went_in_comes_out(tmp_path: Path, size: int, piece: int) -> None:
    plain = _content(size)
    path = _write(tmp_path / "a", plain, piece)
    assert _read(path) == plain
    assert b"0123456789abcdef" not in path.read_bytes()


def test_two_writings_are_not_alike(tmp_path: Path) -> None:
    assert _write(tmp_path / "a", b"same").read_bytes() != _write(tmp_path / "b", b"same").read_bytes()


def test_it_is_read_from_any_place(tmp_path: Path) -> None:
    plain = os.urandom(2 * CHUNK + 100)
    path, same = _write(tmp_path / "a", plain), io.BytesIO(plain)
    with open_chunks(path, KEY, "ZX-1/a") as file:
        for offset, whence in ((5, 0), (CHUNK - 3, 0), (10, 1), (-50, 2), (0, 2), (7, 2), (-CHUNK, 2), (0, 0)):
            assert file.seek(offset, whence) == same.seek(offset, whence)
            assert file.read(17) == same.read(17)
            assert file.tell() == same.tell()


def _flip(at: int) -> Callable[[bytes], bytes]:
    return lambda raw: raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


@pytest.mark.parametrize(
    "change",
    [
        _flip(0), _flip(20), _flip(STORED), _flip(-1 % (2 * STORED + 29)),
        lambda raw: raw[:STORED],
        lambda raw: raw[: 2 * STORED],
        lambda raw: raw[:-1],
        lambda raw: raw[:-20],
        lambda raw: b"",
        lambda raw: raw + raw[-STORED:],
        lambda raw: raw + b"x",
        lambda raw: raw[STORED : 2 * STORED] + raw[:STORED] + raw[2 * STORED :],
        lambda raw: raw[STORED:],
        lambda raw: raw[:STORED] + raw[2 * STORED :],
    ],
    ids=["nonce", "text", "second", "tag", "cut-to-one", "cut-to-two", "a-byte-less", "rest-too-short", "empty", "repeated", "a-byte-more",
         "swapped", "first-dropped", "middle-dropped"],
)  # fmt: skip
def test_every_change_shows(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = _write(tmp_path / "a", _content(2 * CHUNK + 1))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(OurFault, match="附件 ZX-1/a 已损坏"):
        _read(path)


def test_it_opens_at_its_own_place_and_with_its_own_key_alone(tmp_path: Path) -> None:
    path = _write(tmp_path / "a", b"plain")
    for place, key in (("ZX-2/a", KEY), ("ZX-1/b", KEY), ("ZX-1/a", bytes(32))):
        with pytest.raises(OurFault, match="已损坏"):
            _read(path, place, key)


def test_a_file_that_was_removed_meanwhile_does_not_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    writer = ChunkWriter(path, KEY, "ZX-1/a")
    writer.write(_content(CHUNK + 1))
    path.unlink()
    with pytest.raises(FileNotFoundError):
        writer.finish()
    assert not path.exists()


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(OurFault, match="无法读取"):
        _read(tmp_path / "nothing")
