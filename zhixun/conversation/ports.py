"""What the conversation asks of the rooms that it does not import."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from zhixun.messages import EngineTurn, Event, Reply

__all__ = ["Engine", "Hours", "Phrases", "Requests"]

class Engine(Protocol):
    """What understands a message and decides the reply."""

    @property
    def ready(self) -> bool:
        """Whether it may be asked."""

    async def ask(
        self, consultation: str, text: str, region: str, last: str = "", *, turn: int = 0, again: bool = False
    ) -> EngineTurn:
        """Take one message; one that is asked `again` and was heard before gets the same answer and moves nothing on.

        Raises:
            TryLater: the engine is starting, gone, too slow or answered rubbish.
        """


class Requests(Protocol):
    """What was asked for before: requests for services, and earlier consultations."""

    async def take(self, consultation: str, turn: int, wish: Mapping[str, Any], phone: str) -> tuple[Reply, tuple[Event, ...]]:
        """Return the confirmation of a request that was filled in, and what makes it."""

    async def answer(self, consultation: str, text: str) -> tuple[Reply, tuple[Event, ...]] | None:
        """Answer how something stands, and what that leaves in the journal; None when the words are about something else."""


class Hours(Protocol):
    """When people are at the desk."""

    def is_open(self, moment: datetime) -> bool:
        """Tell whether somebody is at the desk."""


class Team(Protocol):
    """A group of staff."""

    @property
    def name(self) -> str:
        """What it is called."""


class Phrases(Protocol):
    """The deployment's sentences and hours."""

    @property
    def phrases(self) -> Mapping[str, str]:
        """The sentences by name."""

    @property
    def hours(self) -> Hours:
        """When people are at the desk."""

    def opening_words(self, moment: datetime) -> str:
        """Say when the desk opens next."""

    def team_for(self, right: str = "") -> Team:
        """Return the group of staff that has the matters of a right; the default one for all others."""

    def callback_due(self, moment: datetime) -> str:
        """Return by when somebody who leaves a message at `moment` should be called (UTC stamp); empty when it cannot be told."""
