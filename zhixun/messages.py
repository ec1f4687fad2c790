"""The small frozen records that cross from one room to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

__all__ = [
    "AROUND_PHONE", "BACK", "ENDED", "HIDDEN", "HIDDEN_PHONE", "LEAVE", "MOBILE", "OWNERS", "PERSON", "SKIP", "SLIP_ENDED", "STATUSES",
    "Basis", "Button", "EngineTurn", "Entry", "Event", "QuizItem", "Reply", "Terms", "To", "Turn", "dump",
]  # fmt: skip

BACK, LEAVE = "上一步", "退出"
"""What can be said at every step of a guide or form; numbers do not count them."""
SKIP = "跳过"
"""What is said at a step of a form that may be left empty."""
HIDDEN, MOBILE = "[{kind}已隐去]", "手机号码"
"""Stands where a citizen wrote a secret of some kind: neither the engine nor the log sees it."""
HIDDEN_PHONE = HIDDEN.format(kind=MOBILE)
AROUND_PHONE = 6
"""So many letters may stand beside a number that is given as one's own: “我的手机是”."""
PERSON = "转人工"
"""What is said to be given to a person."""
ENDED = ("done", "declined")
"""The standings of a request in which nothing more will be done."""
SLIP_ENDED = ("refused", "done", "withdrawn")
"""The standings of a slip in which the outside agency has nothing more to do."""
OWNERS = ("bot", "queue", "staff", "closed")
STATUSES = (
    "answered", "clarify", "guide", "service", "small_talk", "out_of_scope",
    "unknown", "handoff", "referral", "withheld", "degraded",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Basis:
    """One clause that a reply cites."""

    title: str
    locator: str
    region: str
    in_force: bool
    source: str = ""
    gist: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """A choice the citizen can press; `payload` is plain words sent back as text."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One bubble."""

    text: str
    knowledge: tuple[str, ...] = ()
    basis: tuple[Basis, ...] = ()
    buttons: tuple[Button, ...] = ()
    kind: str = "answer"

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Reply:
        """Build a reply from its JSON form; unknown keys are ignored."""
        return cls(
            text=str(raw.get("text") or ""),
            knowledge=tuple(raw.get("knowledge") or ()),
            basis=tuple(Basis(**{name: b[name] for name in Basis.__slots__ if name in b}) for b in raw.get("basis") or ()),
            buttons=tuple(Button(str(b["title"]), str(b["payload"])) for b in raw.get("buttons") or ()),
            kind=str(raw.get("kind") or "answer"),
        )


@dataclass(frozen=True, slots=True)
class EngineTurn:
    """What the engine made of one message."""

    status: str
    replies: tuple[Reply, ...]
    handoff: str = ""
    parsed: Mapping[str, Any] = field(default_factory=dict)
    guided: Mapping[str, Any] = field(default_factory=dict)
    """What a guide that has ended found out: `guide`, `title`, `leaf`, `percent`, `facts` (name and value each)."""

    wish: Mapping[str, Any] = field(default_factory=dict)
    """The form of a service that was filled in and sent: `service`, `values` (field to canonical value)."""
    wants: str = ""
    """What is asked for that must not reach the engine: `phone`."""

    @property
    def in_guide(self) -> bool:
        """Whether a guide or form is open and waits for the citizen's next word."""
        return bool(self.replies) and self.replies[-1].kind in ("guide", "service") and not self.guided


@dataclass(frozen=True, slots=True)
class Terms:
    """What the office has set for a service, and what was filled in for it.

    Attributes:
        due: when somebody should have answered; None when the calendar cannot tell. `confirmed`: whether the office stands by it.
        facts: name and value of each field, to be read by people.
        priority: the kind of enterprise that goes first; empty when it is none.
        described: what the form told of who asks, as an entry `described` tells it.
    """

    title: str
    target: str
    due: datetime | None
    confirmed: bool
    facts: tuple[tuple[str, str], ...]
    priority: str
    described: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """Something to be journalled: `open` may be read by anyone who sees the file, `private` is encrypted."""

    kind: str
    actor: str
    open: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A journalled event as it is read back; `private` is None when there is none or the key was destroyed."""

    consultation: str
    seq: int
    time: str
    kind: str
    actor: str
    open: Mapping[str, Any]
    private: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class To:
    """Whom a consultation is passed on to: a member of staff, or a team when `name` is empty; `shown` is said to the citizen."""

    team: str
    name: str = ""
    shown: str = ""


@dataclass(frozen=True, slots=True)
class QuizItem:
    """One question of the quiz for staff, as it is asked.

    Attributes:
        field: what it is about, as site.yml weighs fields.
        choices: of which one is true; right: its place, from 0.
        told, basis: what is shown afterwards: the rest of the answer, and the clauses it rests on.
    """

    id: str
    field: str
    ask: str
    choices: tuple[str, ...]
    right: int
    told: str
    basis: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """The result of one turn, as the citizen API gives it."""

    consultation: str
    turn: int
    owner: str
    status: str
    replies: tuple[Reply, ...]


def dump(record: Any) -> Any:
    """Turn a record (or a tuple of records) into plain JSON values."""
    if isinstance(record, tuple | list):
        return [dump(item) for item in record]
    return asdict(record)
