"""Time and ids: the only place that reads the system clock or draws random values."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

__all__ = ["ZONE", "Clock", "local_of", "monotonic", "new_key", "new_token", "stamp"]

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of one process; `legal_day` fixes the date that rules are read by (`ZHIXUN_TODAY`)."""

    legal_day: date | None = None

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(UTC)

    def local(self) -> datetime:
        """Return the wall-clock time in China, on the legal day when one is fixed."""
        moment = self.now().astimezone(ZONE)
        if self.legal_day is None:
            return moment
        return moment.replace(year=self.legal_day.year, month=self.legal_day.month, day=self.legal_day.day)

    def today(self) -> date:
        """Return the legal date: which rules are in force, and the day in a consultation's number."""
        return self.local().date()


def stamp(moment: datetime) -> str:
    """Write a UTC time as it stands in the journal, to the millisecond: `2026-11-21T02:03:04.567Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def local_of(stamped: str) -> datetime:
    """Return the wall-clock time in China of what `stamp` wrote."""
    return datetime.fromisoformat(stamped).astimezone(ZONE)


def monotonic() -> float:
    """Return seconds for measuring spans; it never runs backwards."""
    return time.monotonic()


def new_token() -> str:
    """Draw an unguessable token (256 bits, URL-safe)."""
    return secrets.token_urlsafe(32)


def new_key(size: int = 32) -> bytes:
    """Draw `size` random bytes for a key or nonce."""
    return secrets.token_bytes(size)
