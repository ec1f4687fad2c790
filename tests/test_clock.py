"""Time and ids."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.support import HandClock
from zhixun.clock import ZONE, Clock, monotonic, new_key, new_token, stamp


def test_now_is_utc_and_local_is_china() -> None:
    clock = HandClock(datetime(2026, 11, 20, 20, 0, tzinfo=UTC))
    assert clock.now() == datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
    assert clock.local().isoformat() == "2026-11-21T04:00:00+08:00"
    assert clock.today() == date(2026, 11, 21)


def test_a_legal_day_changes_the_day_and_nothing_else() -> None:
    clock = HandClock(datetime(2026, 11, 20, 20, 0, tzinfo=UTC), legal_day=date(2027, 1, 1))
    assert clock.local().isoformat() == "2027-01-01T04:00:00+08:00"
    assert clock.today() == date(2027, 1, 1)
    assert clock.now() == datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


def test_a_legal_day_may_be_a_leap_day() -> None:
    assert Clock(date(2028, 2, 29)).today() == date(2028, 2, 29)


def test_the_real_clock_runs() -> None:
    clock = Clock()
    assert clock.now().tzinfo is UTC
    assert clock.local().tzinfo is ZONE
    assert abs((clock.local() - clock.now()).total_seconds()) < 60
    assert monotonic() <= monotonic()


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 11, 21, 2, 3, 4, 567999, tzinfo=UTC), "2026-11-21T02:03:04.567Z"),
        (datetime(2026, 11, 21, 7, 59, 59, 0, tzinfo=ZONE), "2026-11-20T23:59:59.000Z"),
    ],
)
def test_a_stamp_is_utc_to_the_millisecond(moment: datetime, written: str) -> None:
    assert stamp(moment) == written


def test_stamps_sort_as_the_moments_do() -> None:
    moments = [datetime(2026, 11, 21, 2, 3, 4, micro, tzinfo=UTC) for micro in (0, 999, 1000, 50_000, 999_999)]
    assert [stamp(moment) for moment in moments] == sorted(stamp(moment) for moment in moments)


def test_tokens_and_keys_are_drawn_anew() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert all(len(token) >= 43 and token.isascii() for token in (new_token(), new_token()))
    assert (len(new_key()), len(new_key(12))) == (32, 12)
    assert new_key() != new_key()
