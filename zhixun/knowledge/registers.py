"""Gives the files of `registers/`, which the room of the registers reads, and the clauses that each source is known to have."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from zhixun.knowledge.coverage import Row
from zhixun.knowledge.load import KnowledgeError, read_file
from zhixun.knowledge.model import Knowledge

__all__ = ["clauses_of", "raw_registers"]


def raw_registers(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Return what each file of `folder`/registers holds, by its name.

    Raises:
        KnowledgeError: one is not YAML or does not have the documented form.
    """
    found = {}
    for path in sorted((folder / "registers").glob("*.yml")):
        try:
            found[path.stem] = read_file(path, "register")
        except KnowledgeError as error:
            raise KnowledgeError(f"registers/{error}") from error
    return found


def clauses_of(rows: Collection[Row], knowledge: Knowledge) -> dict[str, set[str]]:
    """Return by source the clauses that `coverage.yml` or an answer names."""
    clauses: dict[str, set[str]] = {source: set() for source in knowledge.sources}
    for row in rows:
        clauses.setdefault(row.document, set()).add(row.at)
    for question in knowledge.questions.values():
        for answer in question.answers:
            for basis in answer.basis:
                clauses.setdefault(basis.source, set()).add(basis.locator)
    return clauses
