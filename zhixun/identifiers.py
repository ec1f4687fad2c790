"""Numbers with a check digit that enterprises and applicants carry, and what is wrong with one that does not pass."""

from __future__ import annotations

import re

__all__ = ["is_credit_code", "is_patent_number", "patent_digits"]

_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_OFFICES = "123456789ANY"
"""The first character: which office registers."""
_PATENT_KINDS = "12389"
"""The digit behind the year: invention, utility model, design, and inventions and utility models that came as PCT applications."""


def is_credit_code(code: str) -> bool:
    """Tell whether `code` is a unified social credit code: 18 characters, the last one the check (GB 32100-2015)."""
    if len(code) != 18 or any(char not in _CREDIT for char in code) or code[0] not in _OFFICES:
        return False
    total = sum(_CREDIT.index(char) * pow(3, place, 31) for place, char in enumerate(code[:17]))
    return _CREDIT[-total % 31] == code[17]


def is_patent_number(digits: str) -> bool:
    """Tell whether it is an application number, which granted patents keep: 12 or (before October 2003) 8 digits and the check.

    The check digit by ZC 0006-2003: the digits weighted 2–9 over and over, modulo 11, ten written X.
    """
    match = re.fullmatch(r"(\d{12}|\d{8})([\dX])", digits)
    if match is None or match[1][4 if len(match[1]) == 12 else 2] not in _PATENT_KINDS:
        return False
    total = sum(int(digit) * (2 + place % 8) for place, digit in enumerate(match[1]))
    return "0123456789X"[total % 11] == match[2]


def patent_digits(said: str) -> str:
    """Return a patent's or application's number without what is written around it: `ZL 2023 1 0123456.7` → `2023101234567`."""
    return re.sub(r"^(ZL|CN)", "", re.sub(r"[^0-9A-Z]", "", said.upper()))
