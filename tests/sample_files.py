"""Small real files of the types that people send, made here byte by byte; each opens in the programs it is for."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Mapping

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAIN = DOCX + ".main+xml"
WITH_MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"


def png(width: int = 2, height: int = 3, *, noise: bytes = b"") -> bytes:
    """Make a grey picture; `noise` is put into a comment, for bulk."""
    rows = (b"\0" + b"\x80" * width) * height if width * height < 10_000 else b""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"tEXt", b"Comment\0" + noise),
        (b"IDAT", zlib.compress(rows)), (b"IEND", b""),
    ]  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )


def jpeg(width: int = 8, height: int = 8) -> bytes:
    """Make a grey picture as baseline JPEG, with a comment before the segment that tells its size."""
    quantised = b"\xff\xdb" + struct.pack(">HB", 67, 0) + b"\x01" * 64
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    # One code of one bit, for "nothing follows"; the block of 8 × 8 is then grey.
    tables = b"".join(
        b"\xff\xc4" + struct.pack(">HB", 20, kind) + b"\x01" + b"\0" * 15 + b"\x00" for kind in (0x00, 0x10)
    )
    scan = b"\xff\xda" + struct.pack(">HB", 8, 1) + b"\x01\x00\x00\x3f\x00" + b"\x3f"
    return b"\xff\xd8" + b"\xff\xfe\x00\x06kept" + b"\xff" + quantised + frame + tables + scan + b"\xff\xd9"


def webp(form: bytes = b"VP8L", width: int = 4, height: int = 5) -> bytes:
    """Make the head of a picture in one of the three forms of WebP, with a few bytes of data behind it."""
    head = {
        b"VP8 ": b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height),
        b"VP8L": b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14),
        b"VP8X": b"\x10\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
    }[form]
    data = head + b"\0" * 12
    chunk = form + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def pdf() -> bytes:
    """Make a document of one empty page."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    ]  # fmt: skip
    out, places = bytearray(b"%PDF-1.4\n"), []
    for index, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (index, body)
    table = len(out)
    out += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % table
    return bytes(out)


def docx(text: str = "附件说明", *, kind: str = MAIN, more: Mapping[str, bytes] | None = None) -> bytes:
    """Make a document of one paragraph; `more` are further parts, `kind` the type of the main one."""
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>'
    )
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
        "</Relationships>"
    )
    words = (
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r>'
        f"<w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
    )
    parts = {"[Content_Types].xml": head + types, "_rels/.rels": head + links, "word/document.xml": head + words}
    return packed({**{name: part.encode() for name, part in parts.items()}, **(more or {})})


def packed(parts: Mapping[str, bytes]) -> bytes:
    """Make a zip file, the same at any time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def doc(*streams: str) -> bytes:
    """Make the frame of a compound file (as .doc, .xls and the like are) with a directory that names `streams`."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    names = ["Root Entry", *(streams or ("WordDocument", "1Table"))]
    raw = [name.encode("utf-16-le") + b"\0\0" for name in names]
    entries = [(name.ljust(64, b"\0") + struct.pack("<H", len(name))).ljust(128, b"\0") for name in raw]
    return head.ljust(512, b"\0") + b"".join(entries).ljust(1024, b"\0")


SAMPLES: dict[str, tuple[bytes, str]] = {
    "image/png": (png(), ".png"),
    "image/jpeg": (jpeg(), ".jpg"),
    "image/webp": (webp(), ".webp"),
    "application/pdf": (pdf(), ".pdf"),
    "application/msword": (doc(), ".doc"),
    DOCX: (docx(), ".docx"),
}
"""One file of each type that is taken, and the ending of its name."""


async def stream(data: bytes, piece: int = 50_000) -> AsyncIterator[bytes]:
    """Give `data` in pieces, as a network does."""
    for start in range(0, len(data), piece):
        yield data[start : start + piece]
