"""Numbers of consultations: `ZX-20261121-000123-7`.

Prefix of the site, legal day, sequence within the day, and a check digit by ISO 7064 MOD 11,10 over the fourteen digits:
every single wrong digit and nearly every swap of neighbours is caught.
"""

from __future__ import annotations

import re
from datetime import date

__all__ = ["day_of", "make_number", "sequence_of", "valid_number"]

_FORM = re.compile(r"(?a)[A-Z]{2,6}-(\d{8})-(\d{6})-(\d)")


def make_number(prefix: str, day: date, sequence: int) -> str:
    """Write the number of the `sequence`-th (1–999999) consultation of `day`.

    Raises:
        ValueError: the sequence does not fit six digits.
    """
    if not 0 < sequence < 1_000_000:
        raise ValueError(f"sequence {sequence} is out of range")
    digits = f"{day:%Y%m%d}{sequence:06d}"
    return f"{prefix}-{digits[:8]}-{digits[8:]}-{_check_digit(digits)}"


def valid_number(number: str) -> bool:
    """Tell whether `number` has the form and the right check digit."""
    match = _FORM.fullmatch(number)
    return match is not None and _is_day(match[1]) and _check_digit(match[1] + match[2]) == match[3]


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def day_of(number: str) -> date:
    """Return the legal day that stands in a valid `number`."""
    digits = number.split("-")[1]
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def sequence_of(number: str) -> int:
    """Return which consultation of its day a valid `number` is."""
    return int(number.split("-")[2])


def _check_digit(digits: str) -> str:
    product = 10
    for char in digits:
        total = (product + int(char)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)
