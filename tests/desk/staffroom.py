"""What the tests of accounts and sessions share: a real store, a clock in the test's hand, and a day book that remembers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support import HandClock, OnDisk
from zhixun.database import Database, migrate
from zhixun.desk.accounts import Accounts
from zhixun.desk.second_factor import SecondFactor
from zhixun.desk.staff_sessions import StaffSessions

KEY = bytes(range(32))
STEP = timedelta(seconds=30)


@dataclass
class RecordingDaybook:
    """Keeps what was noted."""

    notes: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    private: list[Mapping[str, Any]] = field(default_factory=list)

    async def note(self, kind: str, staff_name: str, open: Mapping[str, Any], private: Mapping[str, Any] | None = None) -> None:
        self.notes.append((kind, staff_name, dict(open)))
        if private is not None:
            self.private.append(private)

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.notes]


@dataclass
class StaffRoom(OnDisk):
    """Accounts and sessions on one store; administrators must have a second factor."""

    database: Database
    clock: HandClock
    daybook: RecordingDaybook
    accounts: Accounts
    sessions: StaffSessions

    @property
    def factor(self) -> SecondFactor:
        return self.accounts.second_factor

    async def enrol(self, name: str) -> tuple[str, tuple[str, ...]]:
        """Set up a second factor; returns its secret and the recovery codes. The code of this step is used up by it."""
        secret = (await self.factor.begin(name)).secret
        return secret, await self.factor.confirm(name, code_at(secret, self.clock.now()))



@asynccontextmanager
async def staff_room(folder: Path, empty_store: bytes) -> AsyncIterator[StaffRoom]:
    """Open the store in `folder`, which begins as `empty_store`."""
    (folder / "zhixun.db").write_bytes(empty_store)
    clock, daybook = HandClock(), RecordingDaybook()
    async with Database(f"sqlite:///{folder}/zhixun.db") as database:
        accounts = Accounts(database, clock, daybook, KEY, frozenset({"administrator"}))
        yield StaffRoom(folder, database, clock, daybook, accounts, StaffSessions(database, clock))


def made_store(folder: Path) -> bytes:
    """Return the file of a store that the migrations have just made."""
    migrate(f"sqlite:///{folder}/zhixun.db")
    return (folder / "zhixun.db").read_bytes()


def code_at(secret: str, moment: datetime) -> str:
    """Return the six digits of a telephone, reckoned by the letter of RFC 6238 and 4226."""
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.digest(key, int(moment.timestamp() // 30).to_bytes(8), hashlib.sha1)
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF) % 1_000_000:06d}"
