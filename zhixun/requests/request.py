"""The record of a request."""

from __future__ import annotations

from dataclasses import dataclass

from zhixun.messages import ENDED

__all__ = ["Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it stands.

    Attributes:
        service, title: what was asked for.
        received, changed, due: times (UTC stamps); `due` is empty when the calendar could not tell.
        priority: the kind of enterprise that goes first. same_as: an earlier running request of the same people.
        follow_up: the day (ISO) on which the office asks again, once it is done; `follow_ask`: what it asks.
        reason, note: why it stands so, the latter in words to the citizen.
        facts: name and value of each field; empty when they were erased.
        confirmed: whether the office stands by the time that is told.
    """

    number: str
    consultation: str
    service: str
    title: str
    target: str
    standing: str
    received: str
    changed: str
    due: str
    priority: str
    same_as: str
    owner: str
    follow_up: str
    follow_ask: str = ""
    reason: str = ""
    note: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    confirmed: bool = False

    @property
    def running(self) -> bool:
        """Whether something is still to be done."""
        return self.standing not in ENDED
