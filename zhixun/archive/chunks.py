"""A file in encrypted chunks: written as it comes in, read from any place, and never in the clear on the disk.

Each chunk is sealed by itself (AES-256-GCM). Its place in the file, and whether it is the last one, is associated data, so
that no chunk can be changed, moved, left out, put into another file or cut off unseen.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zhixun.clock import new_key
from zhixun.errors import OurFault

__all__ = ["CHUNK", "ChunkWriter", "open_chunks"]

CHUNK = 64 * 1024
"""So many plain bytes are in each chunk but the last."""
_NONCE, _TAG = 12, 16
_STORED = _NONCE + CHUNK + _TAG


class ChunkWriter:
    """Writes one file; what was given is complete only after `finish`.

    The file is opened for each writing anew, so that one who is stopped in the middle leaves nothing open.

    Args:
        path: of the file, which is there and empty.
        key: of the consultation.
        place: consultation and name of the file; it opens at no other place.
    """

    def __init__(self, path: Path, key: bytes, place: str) -> None:
        self._path = path
        self._cipher = AESGCM(key)
        self._place = place
        self._held = bytearray()
        self._index = 0

    def write(self, data: bytes) -> None:
        """Take `data`; up to a chunk is held back, as it may be the last one."""
        self._held += data
        full = []
        while len(self._held) > CHUNK:
            full.append(self._seal(last=False))
        self._append(b"".join(full))

    def finish(self) -> None:
        """Write what was held back as the last chunk."""
        self._append(self._seal(last=True))

    def _seal(self, *, last: bool) -> bytes:
        plain, nonce = bytes(self._held[:CHUNK]), new_key(_NONCE)
        del self._held[:CHUNK]
        sealed = self._cipher.encrypt(nonce, plain, _bound(self._place, self._index, last=last))
        self._index += 1
        return nonce + sealed

    def _append(self, sealed: bytes) -> None:
        if sealed:
            # Not made anew: one whose file was removed meanwhile must not bring it back.
            with self._path.open("r+b") as file:
                file.seek(0, os.SEEK_END)
                file.write(sealed)


def open_chunks(path: Path, key: bytes, place: str) -> BinaryIO:
    """Open a file that `ChunkWriter` wrote, as the plain bytes that it was given; reading and seeking are allowed.

    Raises:
        OurFault: the file is missing, or empty or cut off; later, while reading: a chunk was changed.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise OurFault(f"附件 {place} 无法读取（{error.strerror}）。") from error
    stored = os.fstat(file.fileno()).st_size
    chunks, rest = divmod(stored, _STORED)
    # Of a last chunk something is left, or it is a whole one; nobody keeps an empty file.
    if not stored or 0 < rest <= _NONCE + _TAG:
        file.close()
        raise _damaged(place)
    return io.BufferedReader(_Chunks(file, key, place, chunks + bool(rest), stored), CHUNK)


class _Chunks(io.RawIOBase):
    """Opens one chunk at a time, where it is read."""

    def __init__(self, file: BinaryIO, key: bytes, place: str, count: int, stored: int) -> None:
        self._file = file
        self._cipher = AESGCM(key)
        self._place = place
        self._count = count
        self._size = stored - count * (_NONCE + _TAG)
        self._at = 0
        self._open: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # the stub's Buffer is no public type
        if self._at >= self._size:
            return 0
        index, within = divmod(self._at, CHUNK)
        part = self._chunk(index)[within : within + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _chunk(self, index: int) -> bytes:
        if self._open[0] != index:
            self._file.seek(index * _STORED)
            raw = self._file.read(_STORED)
            try:
                bound = _bound(self._place, index, last=index == self._count - 1)
                self._open = (index, self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], bound))
            except (InvalidTag, ValueError) as error:
                raise _damaged(self._place) from error
        return self._open[1]


def _bound(place: str, index: int, *, last: bool) -> bytes:
    return f"{place}/{index}/{int(last)}".encode()


def _damaged(place: str) -> OurFault:
    return OurFault(f"附件 {place} 已损坏或被改动，无法解密。")
