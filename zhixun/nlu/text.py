"""Chinese text as the matcher wants it: normalised, without fillers, in official terms, cut into character grams."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

__all__ = ["Terms", "bare", "clauses", "grams", "normalise", "sounds"]

_BLANK_IN_CHINESE = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")
_BREAK = re.compile(r"[^\w%]+")
_FILLERS = re.compile(
    r"请问一下|请问|想问一下|想问下|想问问|想问|问一下|问下|咨询一下|咨询下|想咨询|咨询|想了解一下|想了解|了解一下|麻烦您|麻烦你|麻烦|"
    r"你好|您好|谢谢您|谢谢|老师|亲|那个|就是说|就是|的话|到底|究竟|一下子|一下|请|呢|啊|呀|嘛|哦|哈|吧|啦|哎"
)


@cache
def _simplifier() -> Any:
    import opencc  # loading its tables takes a moment, so only who normalises pays

    return opencc.OpenCC("t2s")


def normalise(text: str) -> str:
    """Return `text` in NFKC, lower case, simplified characters, without blanks beside Chinese characters."""
    folded = unicodedata.normalize("NFKC", text).lower().strip()
    simple: str = _simplifier().convert(folded)
    # A leading slash would be a command to the engine.
    return _BLANK_IN_CHINESE.sub("", simple).lstrip("/ ")


def bare(text: str) -> str:
    """Return a normalised text without fillers, unless it is nothing else."""
    return _FILLERS.sub("", text) or text


def clauses(text: str) -> list[str]:
    """Return the clauses of a normalised text: what stands between marks of punctuation."""
    return [part for part in _BREAK.split(text) if part]


def grams(parts: Iterable[str]) -> list[str]:
    """Return the character 1- and 2-grams of clauses; the whole begins with `^` and ends with `$`."""
    parts = list(parts)
    found: list[str] = []
    for place, part in enumerate(parts):
        marked = ("^" if place == 0 else "") + part + ("$" if place == len(parts) - 1 else "")
        found += part
        found += (marked[at : at + 2] for at in range(len(marked) - 1))
    return found


def sounds(parts: Iterable[str]) -> list[str]:
    """Return the syllables (pinyin without tones) of clauses and their neighbours; letters and digits stay as they are."""
    from pypinyin import lazy_pinyin  # its dictionary takes a moment to load

    found: list[str] = []
    for part in parts:
        syllables = lazy_pinyin(part)
        marked = ["^", *syllables, "$"]
        found += syllables
        found += (f"{one} {two}" for one, two in pairwise(marked))
    return found


class Terms:
    """The field's words: maps sayings to official terms and finds which rights and terms a text names.

    Args:
        synonyms: official term to sayings that are replaced by it, in questions and documents alike.
        rights: official right to its sayings; `wider`: a narrower right to the wider one.
        terms: words that show that a text is about the field at all.
        outside: words of other matters, which occur in no question of the field.

    Attributes:
        rights: what a right is called, normalised, to its official name.
    """

    def __init__(
        self,
        synonyms: Mapping[str, Iterable[str]],
        rights: Mapping[str, Iterable[str]],
        wider: Mapping[str, str],
        terms: Iterable[str],
        outside: Iterable[str] = (),
    ) -> None:
        self.rights = {normalise(saying): right for right, sayings in rights.items() for saying in (right, *sayings)}
        self._official = {normalise(saying): term for term, sayings in synonyms.items() for saying in sayings}
        self._wider = dict(wider)
        words = {normalise(term) for term in terms} | set(self.rights)
        self._synonym_pattern = _any_of(self._official)
        self._right_pattern = _any_of(self.rights)
        self._term_pattern = _any_of(words)
        self._outside_pattern = _any_of(normalise(word) for word in outside)

    def official(self, text: str) -> str:
        """Return a normalised text without fillers and with sayings replaced by official terms."""
        kept = self._synonym_pattern.sub(lambda match: self._official[match[0]], text)
        return bare(kept)

    def rights_in(self, text: str) -> frozenset[str]:
        """Return the rights that a normalised text names; a narrower right brings its wider one."""
        found = {self.rights[match[0]] for match in self._right_pattern.finditer(text)}
        return frozenset(found | {self._wider[right] for right in found if right in self._wider})

    def is_outside(self, text: str) -> bool:
        """Tell whether a normalised text has words of other matters."""
        return bool(self._outside_pattern.search(text))

    def without_rights(self, text: str) -> str:
        """Return a normalised text without the rights that it names."""
        return self._right_pattern.sub("", text)

    def count(self, text: str) -> int:
        """Return how many words of the field a normalised text holds."""
        return len(self._term_pattern.findall(text))


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Match any of `words`, longest first; matches nothing when there are none."""
    ordered = sorted((word for word in words if word), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)) or r"(?!)")
