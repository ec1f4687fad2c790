"""Turns knowledge into what the engine trains on: wordings, lookup tables, the user dictionary of the word cutter.

Nothing made here is committed; `zhixun train` makes it anew whenever the knowledge changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from zhixun.knowledge.model import Glossary, Knowledge

__all__ = ["LOOKUPS", "compile_training_data"]

LOOKUPS = {"right": "rights", "place": "places", "dispute": "disputes", "stage": "stages", "service": "services"}
"""Entity to the section of the glossary that lists its values."""

_WORDINGS = 8


def compile_training_data(knowledge: Knowledge, folder: Path) -> None:
    """Write `nlu/ask.yml`, `nlu/lookups.yml` and `jieba/field.txt` below `folder`, replacing what was there."""
    (folder / "nlu").mkdir(parents=True, exist_ok=True)
    (folder / "jieba").mkdir(parents=True, exist_ok=True)
    _write_nlu(folder / "nlu" / "ask.yml", [_examples(knowledge)])
    _write_nlu(folder / "nlu" / "lookups.yml", _lookups(knowledge.glossary))
    words = sorted(_dictionary(knowledge.glossary))
    (folder / "jieba" / "field.txt").write_text("".join(f"{word} 2000 n\n" for word in words), "utf-8")


def _write_nlu(path: Path, entries: Iterable[Mapping[str, str]]) -> None:
    data = {"version": "3.1", "nlu": list(entries)}
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=10_000), "utf-8")


def _examples(knowledge: Knowledge) -> Mapping[str, str]:
    # The ranker reads all wordings from the knowledge itself; the linear model only needs to know what a question
    # sounds like, and its training time grows with every example.
    wordings = (words for question in knowledge.questions.values() for words in question.wordings[-_WORDINGS:])
    return {"intent": "ask", "examples": _bullets(_plain(words) for words in wordings)}


def _lookups(glossary: Glossary) -> Iterator[Mapping[str, str]]:
    for entity, section in LOOKUPS.items():
        table = glossary.rights if section == "rights" else glossary.places if section == "places" else glossary.more[section]
        sayings = {saying for term, known in table.items() for saying in (term, *known)}
        # Longest first: the extractor takes the first alternative that fits.
        yield {"lookup": entity, "examples": _bullets(sorted(sayings, key=lambda saying: (-len(saying), saying)))}
        for term, known in table.items():
            if known:
                yield {"synonym": term, "examples": _bullets(known)}


def _dictionary(glossary: Glossary) -> set[str]:
    tables = [glossary.rights, glossary.places, *glossary.more.values()]
    words = {word for table in tables for term, known in table.items() for word in (term, *known)}
    return {word for word in words if len(word) > 1 and " " not in word}


def _plain(words: str) -> str:
    """Brackets would be read as entity marks."""
    return words.translate(str.maketrans("[]()", "【】（）"))


def _bullets(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in dict.fromkeys(lines))
