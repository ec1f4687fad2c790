"""Codes that people copy by hand: letters of Crockford's base 32, in groups of four, and how one is compared."""

from __future__ import annotations

import base64
import hmac
import unicodedata

__all__ = ["folded", "same_code", "spell"]

_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_GROUP = 4


def spell(data: bytes, letters: int) -> str:
    """Write the first bits of `data`, five a letter: `4F0K-9QXM-2C7D`."""
    code = base64.b32encode(data).translate(_CROCKFORD).decode()[:letters]
    return "-".join(code[at : at + _GROUP] for at in range(0, letters, _GROUP))


def folded(typed: str) -> str:
    """Return a code as people type it in one form: large letters and digits alone, O as 0, I and L as 1.

    Letters may be small or full-width, blanks, hyphens and whatever else no code has stand anywhere.
    """
    letters = "".join(char for char in unicodedata.normalize("NFKC", typed).upper() if char.isascii() and char.isalnum())
    return letters.translate(str.maketrans("OIL", "011"))


def same_code(given: str, code: str) -> bool:
    """Compare a code as somebody typed it, in whatever form, with the right one, in a time that tells nothing."""
    return hmac.compare_digest(folded(given).encode(), code.replace("-", "").encode())
