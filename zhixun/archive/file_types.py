"""What a file is by its content; neither the sender's name for it nor the sender's type is believed.

Taken are pictures (PNG, JPEG, WebP), PDF and Word. The first bytes decide, so that a file has exactly one type. Nothing is
unpacked or drawn: of a picture only its size is read, of a .docx the list of its parts and whether they are what they say.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import BinaryIO

from zhixun.errors import CitizenError

__all__ = ["EXTENSIONS", "type_of"]

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXTENSIONS: Mapping[str, str] = {
    "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp",
    "application/pdf": ".pdf", "application/msword": ".doc", _DOCX: ".docx",
}  # fmt: skip
"""Each type that is taken, and the ending of its files' names."""

# Binary millions: what is sold as a camera of 50 megapixels makes pictures of 8192 × 6144.
_MOST_PIXELS = 50 * 1024 * 1024
_MOST_SEGMENTS = 1000
_MOST_PARTS = 2000
_MOST_LISTED = 512 * 1024
_MOST_UNPACKED = 100 * 1024 * 1024
_MOST_TYPES = 1024 * 1024
_TAIL = 1024
_END_OF_ZIP = 22
_LOCATOR = 20
_SCAN = 64 * 1024
_ENTRY = 128


def type_of(file: BinaryIO) -> str:
    """Return the type of the whole file, one of `EXTENSIONS`.

    Raises:
        CitizenError: it is of another type, incomplete, too large when drawn or unpacked, has macros or a password.
    """
    file.seek(0)
    head = file.read(32)
    for signature, kind, check in _SIGNATURES:
        if signature.match(head):
            try:
                check(file, head)
            except (struct.error, IndexError, zlib.error, zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
                raise _damaged() from error
            return kind
    raise _of_no_use()


def _png(file: BinaryIO, head: bytes) -> None:
    width, height = struct.unpack(">II", head[16:24])
    if head[8:16] != b"\0\0\0\rIHDR":
        raise _damaged()
    _demand_drawable(width, height)


def _jpeg(file: BinaryIO, head: bytes) -> None:
    """Go from segment to segment until the one that tells the size."""
    file.seek(2)
    for _ in range(_MOST_SEGMENTS):
        mark = file.read(2)
        while mark == b"\xff\xff":  # A mark may have filling before it.
            mark = mark[1:] + file.read(1)
        code = mark[1]
        if mark[0] != 0xFF or code in (0x00, 0x01, 0xD9, 0xDA) or 0xD0 <= code <= 0xD8:
            break
        length = struct.unpack(">H", file.read(2))[0]
        if 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
            _, height, width = struct.unpack(">BHH", file.read(5))
            return _demand_drawable(width, height)
        file.seek(length - 2, 1)
    raise _damaged()


def _webp(file: BinaryIO, head: bytes) -> None:
    if struct.unpack("<I", head[4:8])[0] + 8 > file.seek(0, 2):
        raise _damaged()
    form = head[12:16]
    if form == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
    elif form == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif form == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", head[26:30]))
    else:
        raise _damaged()
    _demand_drawable(width, height)


def _demand_drawable(width: int, height: int) -> None:
    if not width or not height:
        raise _damaged()
    if width * height > _MOST_PIXELS:
        raise CitizenError("图片的尺寸太大（超过约 5000 万像素），请缩小后再发。", code="too_many_pixels", status=413)


def _pdf(file: BinaryIO, head: bytes) -> None:
    file.seek(max(0, file.seek(0, 2) - _TAIL))
    if b"%%EOF" not in file.read():
        raise _damaged()


def _docx(file: BinaryIO, head: bytes) -> None:
    _demand_short_list(file)
    with zipfile.ZipFile(file) as packed:
        parts = packed.infolist()
        names = {part.filename for part in parts}
        if any(part.flag_bits & 1 for part in parts):
            raise _locked()
        if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
            raise CitizenError("这个文件解开后太大，不能接收。", code="unpacks_too_large", status=413)
        # Whatever stands before the first part would make it two files in one.
        if len(names) != len(parts) or min(part.header_offset for part in parts) or {part.compress_type for part in parts} - {0, 8}:
            raise _damaged()
        if "[Content_Types].xml" not in names or not any(name.startswith("word/") for name in names):
            raise _of_no_use()
        # Parts that are larger than they say would come out here; no more than what they say is unpacked.
        if packed.testzip() is not None:
            raise _damaged()
        with packed.open("[Content_Types].xml") as part:
            types = part.read(_MOST_TYPES).lower()
    if b"macroenabled" in types or b"vbaproject" in types or any(name.lower().endswith("vbaproject.bin") for name in names):
        raise _macros()


def _demand_short_list(file: BinaryIO) -> None:
    """Look at the end of a zip file before its list of parts is read, as the list alone can fill the memory.

    No comment may stand at the end, and none of the records of zip files beyond 4 GB: then there is one end only to be read.
    """
    file.seek(-_LOCATOR - _END_OF_ZIP, 2)
    tail = file.read()
    signature, *_, listed, _, comment = struct.unpack("<4s4H2IH", tail[_LOCATOR:])
    if signature != b"PK\x05\x06" or comment or tail.startswith(b"PK\x06\x07") or listed > _MOST_LISTED:
        raise _damaged()


def _doc(file: BinaryIO, head: bytes) -> None:
    """Find the names of the streams in a compound file: its directory stands in entries at multiples of 128 bytes."""
    found = set()
    file.seek(0)
    while part := file.read(_SCAN):
        for name in ("WordDocument", "EncryptedPackage", "_VBA_PROJECT"):
            raw = name.encode("utf-16-le") + b"\0\0"
            entry = raw.ljust(64, b"\0") + struct.pack("<H", len(raw))
            at = part.find(entry)
            while at >= 0 and at % _ENTRY:
                at = part.find(entry, at + 1)
            if at >= 0:
                found.add(name)
    if "EncryptedPackage" in found:
        raise _locked()
    if "WordDocument" not in found:
        raise _of_no_use()
    if "_VBA_PROJECT" in found:
        raise _macros()


def _of_no_use() -> CitizenError:
    return CitizenError("只能发送图片（PNG、JPEG、WebP）、PDF 和 Word 文件。", code="bad_type", status=415)


def _damaged() -> CitizenError:
    return CitizenError("这个文件不完整或已损坏。请重新导出或拍摄后再发。", code="damaged", status=415)


def _locked() -> CitizenError:
    return CitizenError("这个文件设有打开密码，不能接收。请去掉密码后再发。", code="locked", status=415)


def _macros() -> CitizenError:
    return CitizenError("这个 Word 文件带有宏，为安全起见不能接收。请另存为不带宏的 .docx 或 PDF 后再发。", code="macros", status=415)


_SIGNATURES: tuple[tuple[re.Pattern[bytes], str, Callable[[BinaryIO, bytes], None]], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png", _png),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg", _jpeg),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp", _webp),
    (re.compile(rb"%PDF-[12]\.\d"), "application/pdf", _pdf),
    (re.compile(rb"PK\x03\x04"), _DOCX, _docx),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "application/msword", _doc),
)
