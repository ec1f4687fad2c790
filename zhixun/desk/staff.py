"""Who works at the desk: an account as it stands in the store, and a person who has signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import stamp
from zhixun.database import staff
from zhixun.errors import CitizenError

__all__ = [
    "ADMINISTRATOR", "ENROL", "FULL", "LEADERS", "PASSWORD", "RENEW", "ROLES", "WRITERS", "Account", "Staff", "account_of", "row_of",
    "teams_of",
]  # fmt: skip

ADMINISTRATOR = "administrator"
ROLES = MappingProxyType({"clerk": "坐席", "reviewer": "审核", ADMINISTRATOR: "管理", "auditor": "审计"})
"""What somebody is at the desk, and what it is called; an auditor reads and changes nothing."""
LEADERS = ("reviewer", ADMINISTRATOR)
"""Who reviews, approves, assigns and releases."""
WRITERS = ("clerk", *LEADERS)
"""Whoever does not only read."""
PASSWORD, RENEW, ENROL, FULL = "password", "renew", "enrol", "full"
"""How far somebody has signed in: the code is still asked, a password must be chosen, a second factor must be set up, wholly."""


@dataclass(frozen=True, slots=True)
class Account:
    """A member of staff as the list of accounts shows them.

    Attributes:
        one_time: the password was drawn, and another one must be chosen at the next sign-in.
        second_factor: a code is asked after the password.
        locked_until: until when nobody signs in to it (UTC), after wrong codes; empty when it is not locked. Wrong passwords lock out
            the place where they come from only (`lockout`), which does not show here.
    """

    name: str
    shown: str
    role: str
    teams: tuple[str, ...]
    one_time: bool
    active: bool
    second_factor: bool
    locked_until: str
    made: str

    @property
    def told(self) -> str:
        """How citizens hear of the person; empty when no name was given for that: a login name is nobody's business."""
        return "" if self.shown == self.name else self.shown


@dataclass(frozen=True, slots=True)
class Staff:
    """A person who has signed in, as far as `stage` says.

    Attributes:
        session: the hash of the session's token; it opens nothing. csrf: what every form of this session must carry.
    """

    name: str
    shown: str
    role: str
    teams: tuple[str, ...]
    session: str
    csrf: str
    stage: str

    @property
    def actor(self) -> str:
        """How the journal names this person."""
        return f"staff:{self.name}"


async def row_of(connection: AsyncConnection, name: str) -> sa.RowMapping:
    """Return the row of an account.

    Raises:
        CitizenError: (404) there is none of this name.
    """
    row = (await connection.execute(sa.select(staff).where(staff.c.name == name))).mappings().first()
    if row is None:
        raise CitizenError(f"没有用户 {name}。", code="no_account", status=404, field="name")
    return row


def account_of(row: sa.RowMapping, now: datetime) -> Account:
    """Read a row of the table `staff`; a lock that has run out by `now` is none."""
    return Account(
        name=row["name"], shown=row["shown"] or row["name"], role=row["role"], teams=teams_of(row["teams"]),
        # A second factor counts from the first code that was right: a secret alone is an enrolment that was not finished.
        one_time=row["one_time"], active=row["active"], second_factor=row["totp_step"] > 0,
        locked_until=row["locked_until"] if row["locked_until"] > stamp(now) else "", made=row["made"],
    )  # fmt: skip


def teams_of(kept: str) -> tuple[str, ...]:
    """Read the teams of somebody as they are kept, with commas between."""
    return tuple(filter(None, kept.split(",")))
