"""Codes that people copy by hand: letters of Crockford's base 32, in groups of four, and how one is compared."""

from __future__ import annotations

import base64
import hmac
import unicodedata

__all__ = ["same_code", "spell"]

_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_GROUP = 4


def spell(data: bytes, letters: int) -> str:
    """Write the first bits of `data`, five a letter: `4F0K-9QXM-2C7D`."""
    code = base64.b32encode(data).translate(_CROCKFORD).decode()[:letters]
    return "-".join(code[at : at + _GROUP] for at in range(0, letters, _GROUP))


def same_code(given: str, code: str) -> bool:
    """Compare a code as somebody typed it with the right one, in a time that tells nothing.

    Letters may be small or full-width, blanks and hyphens anywhere; O is read as 0, I and L as 1.
    """
    folded = "".join(char for char in unicodedata.normalize("NFKC", given).upper() if char.isalnum())
    plain = folded.translate(str.maketrans("OIL", "011"))
    return hmac.compare_digest(plain.encode(), code.replace("-", "").encode())
