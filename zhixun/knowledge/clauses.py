"""What is known of a cited clause: the paper, its window, the gist, and the original where an operator imported it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from zhixun.errors import CitizenError
from zhixun.knowledge.model import Knowledge
from zhixun.knowledge.shelf import Present

__all__ = ["Clauses", "import_source"]

_ARTICLE = re.compile(r"^[\s　]*(第[一二三四五六七八九十百零〇]+条(?:之[一二三四五六七八九十])?)", re.MULTILINE)
_MAX_BYTES = 5_000_000


class Clauses:
    """Looks clauses up.

    Args:
        present: the knowledge with the gists; today: the legal date; originals: the folder of imported papers (`<source>.txt`).
    """

    def __init__(self, present: Present, today: Callable[[], date], originals: Path) -> None:
        self._present = present
        self._today = today
        self._originals = originals
        self._read = present()
        self._gists = _gists_of(self._read)

    def find(self, source_id: str, locator: str) -> Mapping[str, Any]:
        """Return the paper and what its clause says.

        Raises:
            CitizenError: no such source.
        """
        if (knowledge := self._present()) is not self._read:
            self._read, self._gists = knowledge, _gists_of(knowledge)
        source = knowledge.sources.get(source_id)
        if source is None:
            raise CitizenError("没有这份依据文件。", code="no_source", status=404, field="source")
        return {
            "title": source.title,
            "number": source.number,
            "issuer": source.issuer,
            "region": source.region,
            "since": source.since.isoformat() if source.since else None,
            "until": source.until.isoformat() if source.until else None,
            "in_force": source.in_force(self._today()),
            "locator": locator,
            "gists": self._gists.get((source_id, locator), []),
            "text": self._original(source_id, locator),
        }

    def _original(self, source_id: str, locator: str) -> str | None:
        path = self._originals / f"{source_id}.txt"
        article = _ARTICLE.match(locator)
        if article is None or not path.exists():
            return None
        return _articles(path.read_text("utf-8-sig")).get(article[1])


def _gists_of(knowledge: Knowledge) -> dict[tuple[str, str], list[str]]:
    """Return what answers say of each clause, by source and place."""
    found: dict[tuple[str, str], list[str]] = {}
    for question in knowledge.questions.values():
        for answer in question.answers:
            for basis in answer.basis:
                gists = found.setdefault((basis.source, basis.locator), [])
                if basis.gist not in gists:
                    gists.append(basis.gist)
    return found


def import_source(knowledge: Knowledge, source_id: str, file: Path, originals: Path, write: Callable[[Path, bytes], None]) -> int:
    """Import the text of an official paper; returns how many articles were found.

    Raises:
        CitizenError: the source is not in sources.yml, or the file cannot be read or is no UTF-8 text with articles.
    """
    if source_id not in knowledge.sources:
        raise CitizenError(f"sources.yml 里没有 {source_id}，请先登记这份文件。", code="no_source")
    try:
        with file.open("rb") as paper:
            data = paper.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise CitizenError("文件超过 5 MB。", code="too_large")
        found = _articles(data.decode("utf-8-sig"))
    except OSError as error:
        raise CitizenError(f"文件 {file} 无法读取：{error.strerror}。", code="no_file") from error
    except UnicodeDecodeError as error:
        raise CitizenError("文件应为 UTF-8 编码的纯文本。", code="bad_text") from error
    if not found:
        raise CitizenError("文件里没有找到“第×条”，无法按条打开。", code="no_articles")
    write(originals / f"{source_id}.txt", data)
    return len(found)


def _articles(text: str) -> dict[str, str]:
    """Return each article's text by its number; the first occurrence at the start of a line counts."""
    marks = list(_ARTICLE.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    found: dict[str, str] = {}
    for mark, end in zip(marks, ends, strict=False):  # a text without articles has an end and no mark
        found.setdefault(mark[1], text[mark.start() : end].strip())
    return found
