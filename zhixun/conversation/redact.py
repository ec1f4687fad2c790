"""Takes secrets out of a citizen's words before the engine, the logs or the journal see them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

__all__ = ["MAX_LENGTH", "Clean", "clean", "find_phone"]

MAX_LENGTH = 2000

_IDENTITY = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])")
_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){15,18}\d(?!\d)")
_PHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d[ -]?\d{4}[ -]?\d{4})(?!\d)")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn"}
_LEADING_SLASH = re.compile(r"^\s*/+")


@dataclass(frozen=True, slots=True)
class Clean:
    """Words that may be kept: `hidden` names the kinds of secrets that were taken out."""

    text: str
    hidden: tuple[str, ...]
    bare: bool
    """Nothing but secrets was said."""


def clean(text: str) -> Clean:
    """Return `text` without control characters, secrets and engine commands.

    A leading `/` would be a command to the engine; it becomes a full-width one, which is only a character.
    """
    kept = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in _INVISIBLE)
    kept = unicodedata.normalize("NFC", kept).strip()
    hidden: list[str] = []
    for kind, pattern, sure in (
        ("身份证号", _IDENTITY, _is_identity),
        ("银行卡号", _CARD, _is_card),
        ("手机号码", _PHONE, _is_phone),
    ):
        kept, found = _hide(kept, kind, pattern, sure)
        hidden += [kind] * found
    rest = re.sub(r"\[\w+已隐去\]", "", kept)
    bare = bool(hidden) and sum(char.isalnum() for char in rest) < 4
    return Clean(_LEADING_SLASH.sub("／", kept), tuple(hidden), bare)


def find_phone(text: str) -> str | None:
    """Return the mobile number in `text` as eleven digits, or None."""
    match = _PHONE.search(unicodedata.normalize("NFKC", text))
    return re.sub(r"\D", "", match[1]) if match else None


def _hide(text: str, kind: str, pattern: re.Pattern[str], sure: object) -> tuple[str, bool]:
    found = False

    def replace(match: re.Match[str]) -> str:
        nonlocal found
        if not sure(match[0]):  # type: ignore[operator]  # one of the three functions below
            return match[0]
        found = True
        return f"[{kind}已隐去]"

    # Full-width digits hide a number as well as ordinary ones do.
    folded = "".join(str(unicodedata.digit(char)) if char.isdigit() else char for char in text)
    return pattern.sub(replace, folded), found


def _is_identity(number: str) -> bool:
    """Tell whether it is an ID-card number by GB 11643-1999: a date of birth and the check digit."""
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def _is_card(number: str) -> bool:
    """Tell whether the digits pass the Luhn test of bank cards (ISO/IEC 7812-1)."""
    digits = [int(char) for char in number if char.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return 16 <= len(digits) <= 19 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_phone(_number: str) -> bool:
    return True
