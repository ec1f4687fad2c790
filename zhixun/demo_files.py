"""Small real files that the citizens of the demonstration send: a picture and a document of one page."""

from __future__ import annotations

import struct
import zlib

__all__ = ["pdf", "png"]

_WIDTH, _HEIGHT = 320, 200
_LINES = ("Demonstration", "Nothing in this document is real.")


def png() -> bytes:
    """Make a picture of grey stripes."""
    row = bytes(0xE0 if at // 20 % 2 else 0x90 for at in range(_WIDTH))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress((b"\0" + row) * _HEIGHT)), (b"IEND", b""),
    )  # fmt: skip
    chunks = (struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def pdf() -> bytes:
    """Make a document of one page with two lines of text."""
    text = b"BT /F1 18 Tf 72 760 Td 24 TL " + b" ".join(f"({line}) Tj T*".encode() for line in _LINES) + b" ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text), b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )  # fmt: skip
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return out + head + table + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
