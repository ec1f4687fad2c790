"""What the reports need of others: the office's working time, and what the codes of other rooms are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["Limits", "Terms", "WorkingTime"]


class WorkingTime(Protocol):
    """When people are at the desk; moments are local."""

    def is_open(self, moment: datetime) -> bool:
        """Tell whether somebody is at the desk."""

    def minutes_between(self, start: datetime, end: datetime) -> float | None:
        """Return the working minutes between two moments; None when the calendar does not know."""


class Limits(Protocol):
    """How soon staff are to answer, in working time."""

    @property
    def first_minutes(self) -> int:
        """Until the first answer to who asked in working hours."""

    @property
    def callback_hours(self) -> int:
        """Until who asked out of hours is answered."""

    @property
    def solution_hours(self) -> int:
        """Until the end."""

    @property
    def confirmed(self) -> bool:
        """Whether the office stands by them."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What things are called.

    Attributes:
        office: whose report it is. told: says a code of a field (`channel`, `status`, `outcome`).
        title: of an id of knowledge. service: of an id of the catalogue. agency: of an id of the register.
        services: the ids of the catalogue, in the specification's order.
        request_standings, slip_standings, task_kinds: what their codes are called.
        groups: a kind of user to its class of clause 1.
    """

    office: str
    told: Callable[[str, str], str]
    title: Callable[[str], str]
    service: Callable[[str], str]
    agency: Callable[[str], str]
    services: Sequence[str]
    request_standings: Mapping[str, str]
    slip_standings: Mapping[str, str]
    task_kinds: Mapping[str, str]
    groups: Mapping[str, str]
