"""The records that a guide consists of. All are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from zhixun.knowledge.model import Basis

__all__ = ["CHOICE", "GUIDE", "PERCENT", "SCORE", "SERVICE", "UNSURE", "Band", "Choice", "Guide", "Leaf", "Next", "Step", "Way"]

GUIDE, SERVICE = "guide:", "service:"
"""Before the id of a guide, or of a service whose form is walked like one, where it stands beside ids of questions."""
CHOICE, UNSURE, SCORE = "choice", "unsure", "score"
PERCENT = "{score}"
"""Where the score stands in a text."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a choice or step leads when all conditions hold: step to the values it must have."""

    go: str
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def open_for(self, answers: Mapping[str, str]) -> bool:
        """Tell whether the conditions hold."""
        return all(answers.get(step) in values for step, values in self.when.items())


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a step.

    Attributes:
        words: what people say for it besides the title.
        points: its score in a questionnaire.
        advise: what is told at the end to somebody who chose it, with what that rests on.
    """

    id: str
    title: str
    words: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    points: int = 0
    advise: str = ""
    basis: tuple[Basis, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One question of a guide.

    Attributes:
        kind: `choice`, or how a typed value is read (`zhixun.knowledge.guides.fields`).
        about: its name in summaries and for corrections ("改一下日期").
        help: told when somebody does not know what is meant.
        least, most: the limits of a number, or of the length of a text.
        optional: whether it may be left empty.
        exact: whether only the very words of a choice are taken: what binds somebody is not guessed from a sentence.
    """

    id: str
    ask: str
    about: str
    kind: str = CHOICE
    choices: tuple[Choice, ...] = ()
    ways: tuple[Way, ...] = ()
    help: str = ""
    least: int = 0
    most: int = 0
    optional: bool = False
    exact: bool = False

    def choice(self, name: str) -> Choice | None:
        """Return the choice with an id."""
        return next((choice for choice in self.choices if choice.id == name), None)

    def ways_of(self, value: str) -> tuple[Way, ...]:
        """Return where an answer leads."""
        choice = self.choice(value)
        return choice.ways if choice is not None and choice.ways else self.ways


@dataclass(frozen=True, slots=True)
class Next:
    """A button under a recommendation."""

    title: str
    say: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A recommendation within one window of days.

    Attributes:
        needs: what must hold for it. body: who is in charge. cost, time: only where a source tells them.
        reckon: the calculator that puts its working under the text.
    """

    id: str
    title: str
    text: str
    basis: tuple[Basis, ...]
    checked: date
    needs: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    body: str = ""
    cost: str = ""
    time: str = ""
    next: tuple[Next, ...] = ()
    reckon: str = ""
    since: date | None = None
    until: date | None = None
    figures: tuple[str, ...] = ()
    """The fees and periods that were put into the words, as written, and their sources."""
    figure_sources: tuple[str, ...] = ()

    def holds_on(self, day: date) -> bool:
        """Tell whether the recommendation holds on `day` (both ends inclusive)."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Band:
    """The recommendation for a score of at least so many per cent."""

    least: int
    leaf: str


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide: its steps, where it begins, and its recommendations (each in one or more windows of days)."""

    id: str
    title: str
    purpose: str
    ip: tuple[str, ...]
    topic: str
    wordings: tuple[str, ...]
    start: str
    steps: Mapping[str, Step]
    leaves: Mapping[str, tuple[Leaf, ...]]
    bands: tuple[Band, ...] = ()
    covers: tuple[str, ...] = ()
    file: str = ""
    kind: str = GUIDE
    """What it is the walk of: a guide, or the form of a service."""

    @property
    def name(self) -> str:
        """The id as it stands beside ids of questions."""
        return self.kind + self.id

    def leaf_on(self, name: str, day: date) -> Leaf | None:
        """Return a recommendation as it holds on `day`."""
        return next((leaf for leaf in self.leaves[name] if leaf.holds_on(day)), None)
