"""The records that knowledge consists of. All are frozen: knowledge changes only by loading it anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from zhixun.knowledge.figures import Figures

if TYPE_CHECKING:
    from zhixun.knowledge.agencies.model import Agency
    from zhixun.knowledge.guides.model import Guide
    from zhixun.knowledge.services.model import Service

NATIONWIDE = "全国"


@dataclass(frozen=True, slots=True)
class Source:
    """A paper that answers rest on: a law, a rule, a local notice."""

    id: str
    title: str
    issuer: str
    region: str
    verified: str
    number: str = ""
    since: date | None = None
    until: date | None = None
    replaced_by: str = ""

    def in_force(self, day: date) -> bool:
        """Tell whether the paper is in force on `day`; a paper without dates is taken to be."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Basis:
    """One clause that an answer rests on: where it stands and what it says in plain words."""

    source: str
    locator: str
    gist: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a question in one region within one window of days."""

    region: str
    text: str
    facts: tuple[str, ...]
    basis: tuple[Basis, ...]
    checked: date
    since: date | None = None
    until: date | None = None
    brief: str = ""
    outcome: str = "answered"
    figure_sources: tuple[str, ...] = ()
    """The sources of the fees and deadlines that were put into the text."""

    def holds_on(self, day: date) -> bool:
        """Tell whether the answer holds on `day` (both ends inclusive)."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    @property
    def bubbles(self) -> tuple[str, ...]:
        """The text as the messages a citizen receives, parted at blank lines."""
        return tuple(part.strip() for part in self.text.split("\n\n") if part.strip())


@dataclass(frozen=True, slots=True)
class Question:
    """A question people ask, the ways they word it, and its answers by region and date."""

    id: str
    title: str
    ip: tuple[str, ...]
    topic: str
    wordings: tuple[str, ...]
    answers: tuple[Answer, ...]
    next: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    local: bool = False
    file: str = ""


@dataclass(frozen=True, slots=True)
class Glossary:
    """The words of the field: official term to the sayings that mean it."""

    rights: Mapping[str, tuple[str, ...]]
    wider: Mapping[str, str]
    places: Mapping[str, tuple[str, ...]]
    more: Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything in `knowledge/`, loaded once."""

    questions: Mapping[str, Question]
    guides: Mapping[str, Guide]
    """By name: `guide:` and the id."""
    services: Mapping[str, Service]
    """By name: `service:` and the id; in the catalogue's order."""
    sources: Mapping[str, Source]
    glossary: Glossary
    figures: Figures
    menus: Mapping[str, tuple[str, ...]]
    """Right to the questions that are offered when a citizen says only its name."""
    version: str
    agencies: Mapping[str, Agency] = field(default_factory=dict)
    """Outside bodies that a matter can be referred to, by id."""

    def facets(self, name: str) -> tuple[str, str]:
        """Return the right and the topic of a question; empty when there is no such question any more."""
        asked = self.questions.get(name)
        return (asked.ip[0] if asked and asked.ip else "", asked.topic if asked else "")

    @property
    def walks(self) -> Mapping[str, Guide]:
        """Everything that is walked step by step: the guides, and the forms of the services."""
        return {**self.guides, **{name: service.form for name, service in self.services.items()}}

    @property
    def topics(self) -> Mapping[str, Question | Guide]:
        """Everything that a message can ask for: the questions, the guides, and the forms of the services."""
        return {**self.questions, **self.walks}
