"""Hides what identifies a person in words that somebody reads who does not need it."""

from __future__ import annotations

import re

__all__ = ["mask"]

# A mobile number, an ID card, a bank card, a mail address: enough stays to tell two apart.
_MOBILE = re.compile(r"(?<!\d)((?:(?:\+|00)?86[ -]?)?1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)")
_LONG = re.compile(r"(?<![0-9A-Za-z])(\d{3})\d{8,14}([\dXx]{4})(?![0-9A-Za-z])")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3})[ -]?\d{3,4}(\d{4})(?!\d)")
_MAIL = re.compile(r"([A-Za-z0-9])[A-Za-z0-9._%+-]*@([A-Za-z0-9.-]+\.[A-Za-z]{2,})")


def mask(text: str) -> str:
    """Return `text` with personal numbers and mail addresses shortened: `138****5678`, `z***@example.com`."""
    text = _MAIL.sub(r"\1***@\2", text)
    for pattern in (_MOBILE, _LONG, _LANDLINE):
        text = pattern.sub(r"\1****\2", text)
    return text
