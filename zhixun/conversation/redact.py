"""Takes secrets out of a citizen's words before the engine, the logs or the journal see them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from zhixun.identifiers import is_credit_code
from zhixun.messages import AROUND_PHONE, HIDDEN, HIDDEN_PHONE, MOBILE

__all__ = ["MAX_LENGTH", "Clean", "clean", "find_phone"]

MAX_LENGTH = 2000

# People part long numbers by blanks or hyphens, as they stand on the card.
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])[1-9](?:[ -]?\d){16}[ -]?[\dXx](?![0-9A-Za-z])")
_PHONE = re.compile(r"(?<!\d)(?:(?:\+|00)?86[\s-]{0,3})?(1[\s-]{0,3}[3-9](?:[\s-]{0,3}\d){9})(?!\d)")
_BREAKS = re.compile(r"[\s-]+")
_MOST_BREAKS = 4
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn"}
_LEADING_SLASH = re.compile(r"^/+")
_MARK = re.compile(r"\[\w+已隐去\]")
_FEW = 4
"""So many letters beside a secret say nothing: "我的卡"."""


@dataclass(frozen=True, slots=True)
class _Secret:
    """A kind of number that is hidden: how it looks, and whether one that looks like it is one."""

    kind: str
    pattern: re.Pattern[str]
    sure: Callable[[str], bool] = bool


@dataclass(frozen=True, slots=True)
class Clean:
    """Words that may be kept: `hidden` names the kinds of secrets that were taken out."""

    text: str
    hidden: tuple[str, ...]

    @property
    def bare(self) -> bool:
        """Whether nothing but secrets was said."""
        return bool(self.hidden) and self._around < _FEW

    @property
    def only_phone(self) -> bool:
        """Whether it is one mobile number that is given as one's own, with hardly a word beside it."""
        return self.text.count(HIDDEN_PHONE) == 1 and self._around <= AROUND_PHONE

    @property
    def _around(self) -> int:
        return sum(char.isalnum() for char in _MARK.sub("", self.text))


def clean(text: str) -> Clean:
    """Return `text` without control characters, secrets and engine commands.

    A leading `/` would be a command to the engine; it becomes a full-width one, which is only a character.
    """
    kept = _visible(text)
    hidden: list[str] = []
    for secret in (*_NUMBERS, _Secret(MOBILE, _PHONE, _is_mobile)):
        kept, found = _hide(kept, secret)
        hidden += [secret.kind] * found
    return Clean(_LEADING_SLASH.sub("／", kept), tuple(dict.fromkeys(hidden)))


def find_phone(text: str) -> str | None:
    """Return the mobile number in `text` as eleven digits, or None."""
    kept = _visible(text)
    for secret in _NUMBERS:
        kept, _ = _hide(kept, secret)
    match = next((match for match in _PHONE.finditer(_folded(kept)) if _is_mobile(match[0])), None)
    return re.sub(r"\D", "", match[1]) if match else None


def _visible(text: str) -> str:
    kept = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in _INVISIBLE)
    return unicodedata.normalize("NFC", kept).strip()


def _folded(text: str) -> str:
    """Return `text`, character by character, with full-width signs as ordinary ones: they hide a number just as well."""
    return "".join(wide if len(wide := unicodedata.normalize("NFKC", char)) == 1 else char for char in text)


def _hide(text: str, secret: _Secret) -> tuple[str, bool]:
    """Put a mark in the place of each secret; every other character stays as it was written."""
    folded, parts, end, at = _folded(text), list[str](), 0, 0
    while match := secret.pattern.search(folded, at):
        # What only looks like one may overlap with a real one that begins later.
        at = match.start() + 1
        if secret.sure(match[0]):
            parts += [text[end : match.start()], HIDDEN.format(kind=secret.kind)]
            end = at = match.end()
    return "".join([*parts, text[end:]]), bool(parts)


def _is_mobile(number: str) -> bool:
    """Tell whether digits are written as one number, and not as a row of small ones."""
    return len(_BREAKS.findall(number)) <= _MOST_BREAKS


def _is_identity(number: str) -> bool:
    """Tell whether it is an ID-card number by GB 11643-1999: a date of birth and the check digit."""
    number = re.sub(r"[ -]", "", number)
    if number[6:8] not in ("18", "19", "20"):
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def _is_card(number: str) -> bool:
    """Tell whether the digits pass the Luhn test of bank cards (ISO/IEC 7812-1) and are no firm's credit code, which is public."""
    digits = [int(char) for char in number if char.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 and not is_credit_code("".join(map(str, digits)))


_NUMBERS = (
    _Secret("身份证号", _IDENTITY, _is_identity),
    # Behind letters and a hyphen stand our own numbers: FW-20261121-000001-01-1.
    *(_Secret("银行卡号", re.compile(rf"(?<!\d)(?<![A-Za-z]-)(?:\d[ -]?){{{length - 1}}}\d(?![0-9A-Za-z])"), _is_card)
      for length in (19, 18, 17, 16)),
)
