"""What the desk needs of the rooms that it does not import."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.messages import Basis, Entry, To

__all__ = [
    "Advice", "CorrectiveRules", "Daybook", "Files", "Known", "Limits", "OpenRows", "Ratings", "Registers", "Request", "Requests", "Switch",
    "Takeover", "WorkingTime",
]  # fmt: skip

OpenRows = Callable[[AsyncConnection, Sequence[sa.RowMapping]], Awaitable[Sequence[Entry]]]
"""Turns rows of the table `journal`, of any consultations, into entries in the same order, opened where the key is there."""


class Daybook(Protocol):
    """Where acts of staff are kept that belong to no consultation."""

    async def note(
        self, kind: str, staff_name: str, open: Mapping[str, Any], private: Mapping[str, Any] | None = None
    ) -> None:
        """Write an act of `staff_name` in a transaction of its own; `private` is encrypted."""


class Ratings(Protocol):
    """Keeps what citizens think of a consultation."""

    async def channel(self, number: str) -> str:
        """Return by which door a consultation came; raises CitizenError when there is none."""

    async def to_rate(self, number: str) -> Sequence[str]:
        """Return what can still be rated."""

    async def rate(
        self, number: str, scores: Mapping[str, int], words: str, subject: str = "", *, by: str = ..., whole: bool = ...
    ) -> None:
        """Keep a rating; with `whole`, only with all five indicators."""


class WorkingTime(Protocol):
    """When people are at the desk; all moments are local times."""

    def is_open(self, moment: datetime) -> bool:
        """Tell whether somebody is at the desk."""

    def after_minutes(self, moment: datetime, minutes: float) -> datetime | None:
        """Return when so many working minutes have passed since `moment`; None when the calendar does not reach so far."""

    def minutes_between(self, start: datetime, end: datetime) -> float | None:
        """Return the working minutes from `start` to `end`, negative backwards; None when the calendar cannot tell."""


class Limits(Protocol):
    """How soon staff answer, in working time."""

    @property
    def first_minutes(self) -> int:
        """Until the first answer."""

    @property
    def next_minutes(self) -> int:
        """Until each further answer."""

    @property
    def solution_hours(self) -> int:
        """Until the consultation is closed."""

    @property
    def callback_hours(self) -> int:
        """Until who left a message is answered."""

    @property
    def warn_at(self) -> float:
        """The share of a limit from which on it is warned of."""


class CorrectiveRules(Protocol):
    """How what ratings and reviews find is set right."""

    @property
    def prefix(self) -> str:
        """What their numbers begin with."""

    @property
    def low_score(self) -> int:
        """An indicator with this score or a lower one opens one."""

    @property
    def analyse_days(self) -> int:
        """So many days until cause and measure should be written down."""

    @property
    def check_days(self) -> int:
        """So many days after the measure its effect should be looked at."""


@dataclass(frozen=True, slots=True)
class Known:
    """An approved answer that staff may put into their words.

    Attributes:
        text: as the citizen would get it, empty when no answer holds on this day in this region.
        share: how sure the ranker is that it was meant, 0–1.
    """

    id: str
    title: str
    text: str
    basis: tuple[Basis, ...]
    share: float = 0.0


class Advice(Protocol):
    """Finds approved answers."""

    async def suggest(self, text: str, region: str) -> Sequence[Known]:
        """Return the answers that fit `text` best, the best first."""

    def answer(self, question: str, region: str) -> Known | None:
        """Return the answer of today to a question by its id; None when there is no such question."""


class Takeover(Protocol):
    """Takes consultations over for staff; see `conversation/takeover.py`."""

    async def claim(self, number: str, name: str) -> int:
        """Take over and return the fence."""

    def renew(self, number: str, name: str, fence: int) -> None:
        """Hold for another lease."""

    async def demand(self, connection: AsyncConnection, number: str, name: str, fence: int) -> None:
        """Make sure in a transaction that the claim holds."""

    async def say(
        self, number: str, name: str, fence: int, text: str, *, once: str, knowledge: tuple[str, ...] = (), basis: tuple[Basis, ...] = ()
    ) -> Entry | None:
        """Say something to the citizen."""

    async def transfer(self, number: str, name: str, fence: int, to: To, reason: str) -> None:
        """Pass on."""

    async def give_back(self, number: str, name: str, fence: int) -> None:
        """Let the program go on."""

    async def put_back(self, number: str, name: str, fence: int) -> None:
        """Put back into the queue."""

    async def close(self, number: str, name: str, fence: int, outcome: str, words: str) -> str:
        """Close and seal."""


class Request(Protocol):
    """A request for a service as it stands; see `requests/request.py`, which tells more of it to the pages."""

    @property
    def number(self) -> str:
        """Its number."""

    @property
    def consultation(self) -> str:
        """The consultation in which it was made."""

    @property
    def target(self) -> str:
        """The team that it goes to."""

    @property
    def standing(self) -> str:
        """How far it has come."""

    @property
    def received(self) -> str:
        """When it was made (UTC stamp)."""

    @property
    def due(self) -> str:
        """By when somebody should have answered (UTC stamp); empty when the calendar could not tell."""

    @property
    def priority(self) -> str:
        """The kind of enterprise that goes first; empty when it is none."""

    @property
    def owner(self) -> str:
        """The member of staff who has it; empty when nobody has."""

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Name and value of each field; empty when they were erased, or not read."""

    @property
    def running(self) -> bool:
        """Whether something is still to be done."""


class Requests(Protocol):
    """The book of requests; see `requests/book.py`."""

    async def waiting(self) -> Sequence[Request]:
        """Return all that is still to be done, without their fields."""

    async def look_up(self, number: str) -> Request | None:
        """Return one with its fields; None when there is none."""

    async def move(self, number: str, standing: str, by: str, *, note: str = "", owner: str = "") -> Request:
        """Carry one on, and tell the citizen."""


class Switch(Protocol):
    """The switch of the program's own answers; see `conversation/switch.py`."""

    @property
    def reason(self) -> str:
        """Why it is paused; empty while it answers."""

    async def pause(self, reason: str) -> None:
        """Stop answering."""

    async def resume(self) -> None:
        """Answer again."""


class Files(Protocol):
    """Keeps what is sent along in consultations."""

    async def keep(
        self, number: str, sender: str, name: str, stream: AsyncIterable[bytes],
        may: Callable[[AsyncConnection], Awaitable[object]] | None = None,
    ) -> object:  # fmt: skip
        """Take a file in, if `may` does not refuse it in the transaction that journals it."""

    async def read(self, number: str, identity: str) -> tuple[Any, AsyncIterator[bytes]]:
        """Give a file of a consultation."""


class Registers(Protocol):
    """The registers as the desk works with them; see `registers/office.py`. What it returns is drawn by the pages."""

    async def home(self) -> Mapping[str, Any]:
        """Return all registers, and what is due in them."""

    async def register_of(self, number: str) -> str:
        """Return the id of the register in which a record is."""

    async def late(self) -> int:
        """Return how many things are past their day."""

    async def listed(self, name: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Return a page of a register."""

    async def shown(self, name: str, number: str, *, clear: bool = False, topic: str = "") -> Mapping[str, Any]:
        """Return a record with its history, and to whom of those who want `topic` it is pushed."""

    async def form(
        self, name: str, number: str, source: str, me: str, *, given: Mapping[str, str] | None = None, clear: bool = False
    ) -> Mapping[str, Any]:
        """Return the form of a record, or of a new one."""

    async def save(
        self, name: str, number: str, source: str, given: Mapping[str, str], by: str, role: str, seq: int
    ) -> tuple[str, Mapping[str, str]]:
        """Write a record; returns its number and, when nothing was written, what is wrong by field."""

    async def join(self, name: str, number: str, source: str, by: str, role: str) -> None:
        """Let a record name a consultation or request."""

    async def move(self, name: str, number: str, what: str, why: str, by: str, role: str) -> None:
        """Take a record out of use (`end`) or into use again (`restore`)."""

    async def add_file(self, name: str, number: str, field: str, called: str, stream: AsyncIterable[bytes], by: str, role: str) -> None:
        """Keep a file with a record."""

    async def note_file(self, name: str, number: str, field: str, called: str, digest: str, by: str, role: str) -> None:
        """Note name and digest of a file that is kept elsewhere."""

    async def export(self, name: str, *, clear: bool) -> tuple[bytes, int]:
        """Return a register as a sheet, and how many records are in it."""

    async def push_list(self, name: str, number: str, chosen: Mapping[str, str], *, clear: bool) -> tuple[str, bytes, int]:
        """Return the list of those who get a record: their register, a sheet, and how many there are."""

    async def note_push(self, name: str, number: str, given: Mapping[str, str], by: str, role: str) -> Mapping[str, str]:
        """Write down that a record was pushed; returns what is wrong by field."""

    async def template(self, name: str, *, known: bool = False) -> bytes:
        """Return an empty sheet, or one that is filled with what the knowledge has."""

    async def look(self, name: str, data: bytes, by: str, role: str) -> Any:
        """Tell what a sheet would do."""

    async def carry_out(self, name: str, token: str, by: str, role: str, *, partly: bool) -> tuple[Any, bool]:
        """Write what a sheet says; returns what was done or hinders it, and whether it was done."""

    def writable(self, role: str) -> Sequence[tuple[str, str]]:
        """Return id and title of the registers in which somebody of this role writes."""
