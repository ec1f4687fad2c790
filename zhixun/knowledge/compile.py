"""Turns knowledge into what the engine trains on: lookup tables and the user dictionary of the word cutter.

The wordings of questions are read by the ranker from the knowledge itself.

Nothing made here is committed; `zhixun train` makes it anew whenever the knowledge changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from zhixun.knowledge.model import Glossary, Knowledge

__all__ = ["LOOKUPS", "compile_training_data"]

LOOKUPS = {"right": "rights", "place": "places", "dispute": "disputes", "stage": "stages", "service": "services"}
"""Entity to the section of the glossary that lists its values."""


def compile_training_data(knowledge: Knowledge, folder: Path) -> None:
    """Write `nlu/lookups.yml` and `jieba/field.txt` below `folder`, replacing what was there."""
    for part in ("nlu", "jieba"):
        # The engine reads whole folders, so nothing of an earlier version may be left in them.
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir(parents=True)
    data = {"version": "3.1", "nlu": list(_lookups(knowledge.glossary))}
    (folder / "nlu" / "lookups.yml").write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=10_000), "utf-8")
    words = sorted(_dictionary(knowledge.glossary))
    (folder / "jieba" / "field.txt").write_text("".join(f"{word} 2000 n\n" for word in words), "utf-8")


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


def _bullets(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in dict.fromkeys(lines))
