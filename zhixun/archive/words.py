"""Words as the index keeps them: cut, folded, and written as keyed marks.

What people say lies encrypted in the journal; an index of plain words beside it would give it away again. So a word is kept
as a short digest under a secret of its own: the same word always gives the same mark, and a mark tells nothing to whoever
holds the store without the secret.

A text is folded (NFKC, lower case, simplified characters) and cut by jieba's plain dictionary, which cuts a question as it cut
the answer. Characters that belong to no word of it, as in most names, are kept alone and as pairs of neighbours.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
import warnings
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from importlib.metadata import version
from threading import Lock
from typing import Any

import opencc

__all__ = ["Asked", "Words", "fold_text", "person_names", "tokens"]

_NUMBER = re.compile(r"(?<![0-9a-z])[a-z]{2,6}-\d{8}-\d{6}(?:-\d{2})?-\d(?!\d)")
_EMPTY = frozenset("的了吗呢吧啊呀嘛是在有和与及就都也还很我你您他她它这那们个")
"""Characters that stand in nearly every text: alone they find nothing."""
_FORM = "1"
"""Which form the marks have; to be raised when the rules here change, so that the index is made anew."""
_BYTES = 5
_TEXTS = 2048
_loading = Lock()


@dataclass(frozen=True, slots=True)
class Asked:
    """One of the words that are searched for: as it was written, cut, and as marks that must all be there."""

    written: str
    words: tuple[str, ...]
    marks: frozenset[str]


class Words:
    """Makes marks of words. The first use loads the dictionary (a second): do it in a thread.

    Args:
        secret: 32 bytes; with another secret the index is made anew.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._mark = lru_cache(65536)(self._digest)
        self._known: OrderedDict[bytes, frozenset[str]] = OrderedDict()

    @property
    def version(self) -> str:
        """What the marks depend on, in one mark of its own."""
        return self._digest(f"{_FORM} {version('jieba')} {version('opencc')}")

    def marks(self, text: str) -> frozenset[str]:
        """Return the marks of all words of `text`; for one thread at a time."""
        # The bot says the same texts again and again; they are remembered by digest, so that no words stay in memory.
        name = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
        found = self._known.pop(name, None)
        if found is None:
            found = frozenset(map(self._mark, _cut(text, asked=False)))
        self._known[name] = found
        if len(self._known) > _TEXTS:
            self._known.popitem(last=False)
        return found

    def asked(self, text: str) -> tuple[Asked, ...]:
        """Return what is searched for: the parts of `text` between blanks; those that say nothing are left out."""
        cut = ((part, tuple(dict.fromkeys(_cut(part, asked=True)))) for part in text.split())
        return tuple(Asked(part, words, frozenset(map(self._mark, words))) for part, words in cut if words)

    def _digest(self, word: str) -> str:
        raw = hashlib.blake2b(word.encode("utf-8", "replace"), key=self._secret, digest_size=_BYTES).digest()
        return base64.b32hexencode(raw).decode().lower()


def fold_text(text: str) -> str:
    """Return `text` in NFKC, lower case and simplified characters."""
    return str(_simplifier().convert(unicodedata.normalize("NFKC", text).lower()))


def tokens(text: str) -> list[str]:
    """Return the words of a text as they follow each other, folded; the first use loads the dictionary: do it in a thread."""
    return [str(word) for word in _tokenizer().cut(fold_text(text), HMM=False) if word.strip()]


@cache
def person_names() -> frozenset[str]:
    """Return the words that the dictionary has as names of people, or parts of them; reads a large file once."""
    with _tokenizer().get_dict_file() as file:
        lines = (line.decode("utf-8").split() for line in file)
        return frozenset(parts[0] for parts in lines if len(parts) == 3 and parts[2].startswith("nr"))


def _cut(text: str, *, asked: bool) -> Iterator[str]:
    folded = fold_text(text)
    yield from _NUMBER.findall(folded)
    tokenizer, alone = _tokenizer(), ""
    for word in tokenizer.cut(_NUMBER.sub(" ", folded), HMM=False):
        if len(word) == 1 and word.isalpha() and not word.isascii():
            alone += word
            continue
        yield from _loose(alone, asked=asked)
        alone = ""
        if any(char.isalnum() for char in word):
            yield from _parts(word, tokenizer.FREQ, asked=asked)
    yield from _loose(alone, asked=asked)


def _parts(word: str, known: Mapping[str, int], *, asked: bool) -> Iterable[str]:
    """Return a word with the shorter words in it, as jieba's search mode does.

    Who asks for a word that shorter ones make up, asks for those: 产权保护 is found in 知识产权保护 then, which is cut otherwise.
    """
    pairs = [word[at : at + 2] for at in range(len(word) - 1) if len(word) > 2 and known.get(word[at : at + 2])]
    threes = [word[at : at + 3] for at in range(len(word) - 2) if len(word) > 3 and known.get(word[at : at + 3])]
    if not asked:
        return (*pairs, *threes, word)
    ends = {at for at in range(len(word) - 1) if word[at : at + 2] in pairs}
    made_up = all(at in ends or at - 1 in ends for at in range(len(word)))
    return pairs if made_up else (word,)


def _loose(run: str, *, asked: bool) -> Iterable[str]:
    """Return the words of a run of characters that belong to no longer word.

    A run that is asked for must be there with its neighbours: who looks for 朴炯宇 wants those together.
    """
    pairs = [run[at : at + 2] for at in range(len(run) - 1) if not _EMPTY.issuperset(run[at : at + 2])]
    return pairs if asked and pairs else [*pairs, *(char for char in run if char not in _EMPTY)]


@cache
def _simplifier() -> Any:
    return opencc.OpenCC("t2s")


def _tokenizer() -> Any:
    with _loading:
        return _loaded()


@cache
def _loaded() -> Any:
    with warnings.catch_warnings():
        # It is old, and what it imports says so at length.
        warnings.simplefilter("ignore")
        tokenizer = import_module("jieba").Tokenizer()
    # By itself it would keep its tables in a folder that anybody on the machine may write to.
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer
