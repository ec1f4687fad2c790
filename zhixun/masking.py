"""Hides what identifies a person in words that somebody reads who does not need it."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["mask"]

# People part long numbers by blanks, dots and hyphens of every kind. What hangs on letters by a hyphen is a number of ours.
_PART = r"[\s.·\-‐-―]{0,2}"
# A mobile number, an ID card or bank card, a telephone with its area code, a mail address: enough stays to tell two apart.
_MOBILE = re.compile(rf"(?<!\d)((?:(?:\+|00)?86{_PART})?1{_PART}[3-9]{_PART}\d)(?:{_PART}\d){{4}}{_PART}((?:\d{_PART}){{3}}\d)(?!\d)")
_LONG = re.compile(rf"(?<![0-9A-Za-z-])([1-9](?:{_PART}\d){{2}})(?:{_PART}\d){{8,14}}{_PART}((?:\d{_PART}){{3}}[\dXx])(?![0-9A-Za-z])")
_LANDLINE = re.compile(rf"(?<!\d)([(（]?0\d{{2,3}}[)）]?){_PART}\d{{3,4}}{_PART}(\d{{4}})(?!\d)")
_MAIL = re.compile(r"([A-Za-z0-9])[A-Za-z0-9._%+-]*@([A-Za-z0-9.-]+\.[A-Za-z]{2,})")


def mask(text: str) -> str:
    """Return `text` with personal numbers and mail addresses shortened: `138****5678`, `z***@example.com`."""
    # Full-width digits are digits; character by character, so that the rest stays as it was written.
    text = "".join(str(unicodedata.decimal(char)) if char.isdecimal() and not char.isascii() else char for char in text)
    text = _MAIL.sub(r"\1***@\2", text)
    for pattern in (_MOBILE, _LONG, _LANDLINE):
        text = pattern.sub(r"\1****\2", text)
    return text
