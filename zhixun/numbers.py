"""Numbers of consultations, `ZX-20261121-000123-7`, and of the requests made in them, `FW-20261121-000123-01-5`.

Prefix of the site, legal day, sequence within the day, of a request also which one of its consultation, and a check digit by
ISO 7064 MOD 11,10 over the digits before: every single wrong digit and nearly every swap of neighbours is caught.
"""

from __future__ import annotations

import re
from datetime import date

__all__ = ["counter_of", "day_of", "make_number", "prefix_of", "request_number", "sequence_of", "valid_number", "valid_request_number"]

_FORM = re.compile(r"(?a)[A-Z]{2,6}-(\d{8})-(\d{6})-(\d)")
_REQUEST = re.compile(r"(?a)[A-Z]{2,6}-(\d{8})-(\d{6})-(\d{2})-(\d)")
_MOST = 99


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


def request_number(prefix: str, consultation: str, index: int) -> str:
    """Write the number of the `index`-th (1–99) request made in a consultation.

    Raises:
        ValueError: the index does not fit two digits.
    """
    if not 0 < index <= _MOST:
        raise ValueError(f"index {index} is out of range")
    day, sequence = consultation.split("-")[1:3]
    return f"{prefix}-{day}-{sequence}-{index:02d}-{_check_digit(f'{day}{sequence}{index:02d}')}"


def valid_request_number(number: str) -> bool:
    """Tell whether `number` has the form of a request's and the right check digit."""
    match = _REQUEST.fullmatch(number)
    return match is not None and _is_day(match[1]) and _check_digit("".join(match.groups()[:3])) == match[4]


def counter_of(prefix: str, day: date) -> str:
    """Return under which name the numbers of a day are counted; those of another kind of file by its prefix: `GZ20261121`."""
    return f"{prefix}{day:%Y%m%d}" if prefix else day.isoformat()


def prefix_of(number: str) -> str:
    """Return what a number begins with."""
    return number.partition("-")[0]


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
