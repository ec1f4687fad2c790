"""The questions that a new model must go on answering: what people ask, in their words, and what is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zhixun.knowledge.load import OWN, read_file
from zhixun.knowledge.model import Knowledge

__all__ = ["Asked", "read_regression", "regression_flaws"]

FILE = "regression.yml"


@dataclass(frozen=True, slots=True)
class Asked:
    """One of them.

    Attributes:
        expect: ids of the questions of which one must be answered, or with `status` nothing.
        status: how the turn must end instead, e.g. `handoff`.
        protected: a wrong answer would harm: fees, deadlines, disputes.
        file: where it stands.
    """

    text: str
    expect: tuple[str, ...] = ()
    status: str = ""
    protected: bool = False
    file: str = FILE


def read_regression(folder: Path, own: Path | None = None) -> list[Asked]:
    """Read those of the knowledge folder and, where there is one, of the deployment's own.

    Raises:
        KnowledgeError: a file does not have the documented form.
    """
    places = [(folder, "")] + ([(own, OWN)] if own is not None and (own / FILE).exists() else [])
    return [
        Asked(raw["text"], tuple(raw.get("expect", ())), raw.get("status", ""), raw.get("protected", False), f"{place}{FILE}")
        for where, place in places
        for raw in read_file(where / FILE, "regression", place) or ()
    ]


def regression_flaws(asked: Sequence[Asked], knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Find what expects a question that there is not, stands twice, and files of answers about which nothing is asked."""
    seen: set[str] = set()
    for one in asked:
        place = f"{one.file}: {one.text}"
        yield from ((place, f"不存在的问题 {name}") for name in one.expect if name not in knowledge.topics)
        if one.text in seen:
            yield place, "同一句写了两次"
        seen.add(one.text)
    covered = {knowledge.questions[name].file for one in asked for name in one.expect if name in knowledge.questions}
    shipped = dict.fromkeys(question.file for question in knowledge.questions.values() if not question.file.startswith(OWN))
    yield from ((FILE, f"没有一句问到 answers/{file} 里的问题") for file in shipped if file not in covered)
