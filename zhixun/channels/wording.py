"""How replies are worded where only plain text can be shown: sources below, choices as numbers, in pieces that the platform takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from zhixun.messages import Button

__all__ = ["Parcel", "Shown", "numbered", "pack", "size_in_bytes", "split", "worded"]

_ENDS = re.compile(r"(?<=[。！？；\n])")
_WHOLE = re.compile(r"[A-Za-z0-9:/?#\[\]@!$&'()*+,;=._~%-]+")
"""What must not be cut: addresses, numbers, words in Latin letters."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A bubble as plain text.

    Attributes:
        seq: its place in the journal. buttons: what can be chosen, in the order of its numbers.
    """

    seq: int
    text: str
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes out in one message.

    Attributes:
        seqs: the entries that have wholly gone out with it. at: the entry whose buttons it carries; 0 without.
    """

    text: str
    seqs: tuple[int, ...]
    buttons: tuple[Button, ...] = ()
    at: int = 0

    def with_numbers(self) -> str:
        """Return the text with the choices under it, for a platform that has no buttons."""
        return self.text + numbered(self.buttons)


def size_in_bytes(text: str) -> int:
    """Return how many bytes a text takes, as WeChat counts it."""
    return len(text.encode())


def worded(seq: int, shown: dict[str, Any]) -> Shown:
    """Return a bubble in words.

    Args:
        shown: an entry as a citizen may see it: `text`, `basis`, `buttons`.
    """
    sources = dict.fromkeys(
        f"《{one['title']}》{one['locator']}" + ("" if one.get("in_force", True) else "（未在施行）") for one in shown.get("basis", [])
    )
    below = "\n依据：" + "；".join(sources) if sources else ""
    buttons = tuple(Button(str(one["title"]), str(one["payload"])) for one in shown.get("buttons", []))
    # What the text lists already stands below it once more, as what can be chosen.
    listed = {f"{place}. {button.title}" for place, button in enumerate(buttons, 1)}
    text = "\n".join(line for line in str(shown["text"]).split("\n") if line not in listed)
    return Shown(seq, f"{text}{below}", buttons)


def numbered(buttons: Sequence[Button]) -> str:
    """Return choices as lines to be answered by a number."""
    if not buttons:
        return ""
    return "\n\n" + "\n".join(f"{place} {button.title}" for place, button in enumerate(buttons, 1)) + "\n（回复数字即可）"


def pack(bubbles: Sequence[Shown], limit: int, size: Callable[[str], int] = size_in_bytes) -> list[Parcel]:
    """Put bubbles into as few messages as their size allows: a platform counts messages, not words.

    Only the last choices of all are offered; a number means them (the newest bubble that offers something).

    Args:
        limit: the largest message. size: what a text counts.
    """
    parcels: list[Parcel] = []
    for bubble in bubbles:
        parcels = [Parcel(one.text, one.seqs) for one in parcels] if bubble.buttons else parcels
        room = limit - size(numbered(bubble.buttons))
        if parcels and not parcels[-1].buttons and size(parcels[-1].text) + size(bubble.text) + 2 <= room:
            last = parcels.pop()
            whole = [Parcel(f"{last.text}\n\n{bubble.text}", (*last.seqs, bubble.seq), bubble.buttons, bubble.seq)]
        else:
            pieces = split(bubble.text, room, size)
            whole = [Parcel(piece, ()) for piece in pieces[:-1]]
            whole.append(Parcel(pieces[-1], (bubble.seq,), bubble.buttons, bubble.seq))
        parcels += [one if one.buttons else Parcel(one.text, one.seqs) for one in whole]
    return parcels


def split(text: str, limit: int, size: Callable[[str], int] = size_in_bytes) -> list[str]:
    """Cut a text into pieces: at ends of sentences, else anywhere but inside an address, number or word.

    Raises:
        ValueError: the limit leaves no room for a single character.
    """
    if limit < size("汉"):
        raise ValueError("a message has no room for text")
    pieces, piece = [], ""
    for part in _parts(text, limit, size):
        if size(piece + part) > limit:
            pieces.append(piece.strip())
            piece = part.lstrip()
        else:
            piece += part
    return [one for one in (*pieces, piece.strip()) if one] or [""]


def _parts(text: str, limit: int, size: Callable[[str], int]) -> list[str]:
    """Return sentences, and of those that are too long smaller parts; each fits."""
    parts: list[str] = []
    for sentence in _ENDS.split(text):
        parts += [sentence] if size(sentence) <= limit else _smaller(sentence, limit, size)
    return parts


def _smaller(sentence: str, limit: int, size: Callable[[str], int]) -> list[str]:
    parts, at = [], 0
    for found in _WHOLE.finditer(sentence):
        parts += [*sentence[at : found.start()], found[0]]
        at = found.end()
    parts += sentence[at:]
    # What does not fit even alone has to be cut all the same.
    return [piece for part in parts for piece in ([part] if size(part) <= limit else part)]
