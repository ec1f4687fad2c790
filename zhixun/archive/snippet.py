"""A few words around what was found, so that whoever searches sees why a case is among the hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zhixun.archive.cases import words_of
from zhixun.archive.words import Asked, fold_text
from zhixun.masking import mask
from zhixun.messages import Entry

__all__ = ["Snippet", "snippet_of"]

_BEFORE, _AFTER = 20, 60


@dataclass(frozen=True, slots=True)
class Snippet:
    """Whose words, and where in them `found` stands; it is empty where only the beginning is shown."""

    actor: str
    before: str
    found: str
    after: str


def snippet_of(entries: Sequence[Entry], asked: Sequence[Asked]) -> Snippet | None:
    """Return the place where most of what was asked for stands together; the citizen's words come first.

    Without a place, the citizen's first words are returned; None when nothing can be read. Personal numbers are masked.
    """
    texts = [(entry.actor, " ".join(mask(words_of(entry)).split())) for entry in entries]
    texts = sorted(((actor, text) for actor, text in texts if text), key=lambda said: _order(said[0]))
    folded = [_alike(text) for _, text in texts] if asked else []
    for wanted in _wanted(asked):
        for (actor, text), plain in zip(texts, folded, strict=True):
            at = plain.find(wanted)
            if at >= 0:
                return _cut(actor, text, at, at + len(wanted))
    return _cut(*texts[0], 0, 0) if texts else None


def _order(actor: str) -> int:
    return 0 if actor == "citizen" else 1 if actor.startswith("staff:") else 2


def _wanted(asked: Sequence[Asked]) -> list[str]:
    """Return what to look for: the words as they were written, then their parts, longer ones first."""
    parts = sorted((word for each in asked for word in each.words), key=len, reverse=True)
    return [*(fold_text(each.written) for each in asked), *parts]


def _alike(text: str) -> str:
    """Return `text` folded so that a place in it is the same place in `text`."""
    folded = fold_text(text)
    if len(folded) == len(text):
        return folded
    return "".join(alike if len(alike := fold_text(char)) == 1 else char for char in text)


def _cut(actor: str, text: str, start: int, end: int) -> Snippet:
    begin, stop = max(0, start - _BEFORE), end + _AFTER
    before = ("…" if begin else "") + text[begin:start]
    return Snippet(actor, before, text[start:end], text[end:stop] + ("…" if stop < len(text) else ""))
