"""What a citizen types instead of pressing a button: its number or its title mean the same as the button."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from zhixun.messages import BACK, LEAVE, PERSON, SKIP, Button

__all__ = ["LONGEST_CHOICE", "named_choice"]

LONGEST_CHOICE = 30

_ORDINAL = re.compile(r"(?:我?选|就|要|是)?第?([1-9一二三四五六七八九])(?:个|项|条|款|种|号)?[吧呢啊。.、]?")
_DIGITS = {char: number for number, char in enumerate("一二三四五六七八九", 1)}


def named_choice(text: str, buttons: Sequence[Button]) -> str | None:
    """Return the payload of the button that `text` names, or None."""
    if not buttons:
        return None
    said = _plain(text)
    match = _ORDINAL.fullmatch(said)
    if match:
        number = _DIGITS.get(match[1]) or int(match[1])
        # Below a step stand things that can be said at any; its numbers are those of its choices.
        aside = (BACK, LEAVE, SKIP, PERSON) if any(button.payload == LEAVE for button in buttons) else ()
        numbered = [button for button in buttons if button.payload not in aside]
        return numbered[number - 1].payload if number <= len(numbered) else None
    return next((button.payload for button in buttons if said in (_plain(button.title), _plain(button.payload))), None)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    return folded.strip("“”\"'「」。.!！?？ ")
