"""What the slips need of the rooms that they do not import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

__all__ = ["Agencies", "Agency", "Carrier", "Codes", "Hours", "Letter", "Rules"]

class Codes(Protocol):
    """What proves that somebody holds a slip."""

    def code_of(self, number: str) -> str:
        """Return the code of a slip."""

    def is_code(self, number: str, given: str) -> bool:
        """Tell whether `given` is the code of a slip."""


@dataclass(frozen=True, slots=True)
class Agency:
    """An outside agency, as the register has it.

    Attributes:
        kind: what sort of agency it is. region: where it works.
        contact: how a citizen reaches it, e.g. telephone and address; it is told before consent is asked for.
        confirmed: whether the office has checked the entry. Nothing is sent to an address that nobody has checked.
        email, webhook: where slips can be sent; empty when there is none.
    """

    id: str
    name: str
    kind: str
    region: str
    contact: str
    confirmed: bool
    email: str = ""
    webhook: str = ""


class Agencies(Protocol):
    """The register of agencies."""

    def find(self, agency: str) -> Agency | None:
        """Return an agency by its id."""


class Hours(Protocol):
    """When the office works."""

    def spans(self, day: date) -> Sequence[object] | None:
        """Return the spans of a day, none on a day off; None when the calendar does not know it."""

    def is_open(self, moment: datetime) -> bool:
        """Tell whether somebody is at work at the local time `moment`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the office has set for slips.

    Attributes:
        office: who issues. prefix: of numbers.
        public_url: where agencies reach the service, without a slash at the end; empty when they do not.
        follow_up_days: so many days after a slip is done, the citizen is asked about the agency.
        remind_days: so many working days pass between two reminders.
    """

    office: str
    prefix: str
    public_url: str
    hours: Hours
    follow_up_days: int
    remind_days: int


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out.

    Attributes:
        id: always the same for the same delivery, so that a receiver can leave out what comes twice.
        subject, text: for people; neither tells anything of the citizen.
        attachment: the slip as a document (docx); empty for other letters. data: the same for programs.
    """

    id: str
    subject: str
    text: str
    file_name: str
    attachment: bytes = field(repr=False)
    data: dict[str, Any] = field(repr=False)


class Carrier(Protocol):
    """A way by which letters go out."""

    def reaches(self, agency: Agency) -> bool:
        """Tell whether letters to the agency can go this way."""

    async def carry(self, agency: Agency, letter: Letter) -> None:
        """Send a letter.

        Raises:
            NotSent: it did not arrive, or nobody knows.
        """
