"""Names for files that others will save: without anything that could lead a person, a page or a disk astray."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clean_name"]

_LONGEST = 120
_NAMELESS = "附件"
# What no disk takes in a name; control characters, and those that turn the direction of reading, go by their category.
_REFUSED = re.compile(r'[<>:"|?*]')
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")


def clean_name(given: str, ending: str) -> str:
    """Return a name of at most 120 characters from what a sender gave, with the true `ending` (`.pdf`) instead of the given one."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    visible = "".join(" " if char.isspace() else char for char in last if char.isspace() or unicodedata.category(char)[0] != "C")
    stem = _ENDING.sub("", " ".join(_REFUSED.sub("", visible).split()))
    return (stem.strip(" .")[: _LONGEST - len(ending)].rstrip(" .") or _NAMELESS) + ending
