"""The limiter: so many at once, refilled with time, counted for each sender apart."""

from __future__ import annotations

import pytest

from zhixun.errors import TryLater
from zhixun.limits import _REMEMBERED, Bucket, Limiter, place_of

BUCKET = Bucket("test", burst=3, rate=0.5)


class Seconds:
    """A stopwatch in the test's hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def _taken(limiter: Limiter, who: str, bucket: Bucket = BUCKET) -> int:
    """Take until it is refused."""
    taken = 0
    try:
        while taken < 1000:
            limiter.take(bucket, who)
            taken += 1
    except TryLater:
        pass
    return taken


def test_so_many_pass_at_once_and_no_more() -> None:
    limiter = Limiter(now=Seconds())
    assert _taken(limiter, "a") == 3
    with pytest.raises(TryLater, match="太频繁") as refused:
        limiter.take(BUCKET, "a")
    assert (refused.value.code, refused.value.status) == ("too_fast", 429)


@pytest.mark.parametrize(("seconds", "more"), [(1.9, 0), (2, 1), (3.9, 1), (4, 2), (6, 3), (6000, 3)])
def test_time_refills_it_up_to_the_brim(seconds: float, more: int) -> None:
    clock = Seconds()
    limiter = Limiter(now=clock)
    _taken(limiter, "a")
    clock.at += seconds
    assert _taken(limiter, "a") == more


def test_asking_in_vain_neither_costs_nor_helps() -> None:
    clock = Seconds()
    limiter = Limiter(now=clock)
    _taken(limiter, "a")
    passed = []
    for _ in range(16):
        clock.at += 0.25
        passed.append(_taken(limiter, "a"))
    assert passed == [0] * 7 + [1] + [0] * 7 + [1]


def test_senders_and_purposes_are_counted_apart() -> None:
    limiter = Limiter(now=Seconds())
    assert [_taken(limiter, who) for who in ("a", "b")] == [3, 3]
    assert _taken(limiter, "a", Bucket("other", burst=2, rate=1)) == 2


@pytest.mark.parametrize(
    ("who", "place"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:DB8:1:2::", "2001:db8:1:2::/64"), ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"), ("::ffff:192.0.2.1", "192.0.2.1"), ("192.0.2.1", "192.0.2.1"), ("lina", "lina"),
        ("unknown", "unknown"), ("a:b", "a:b"), ("", ""),
    ],
)  # fmt: skip
def test_what_somebody_is_counted_by(who: str, place: str) -> None:
    assert place_of(who) == place


def test_a_line_has_one_bucket_whatever_addresses_it_takes() -> None:
    limiter = Limiter(now=Seconds())
    assert sum(_taken(limiter, f"2001:db8:1:2::{number:x}") for number in range(100)) == 3
    assert _taken(limiter, "2001:db8:1:3::1") == 3
    assert [_taken(limiter, f"::ffff:192.0.2.{number}") for number in (1, 2)] == [3, 3]


def test_switched_off_everything_passes() -> None:
    assert _taken(Limiter(on=False, now=Seconds()), "a") == 1000


def test_only_so_many_senders_are_remembered_the_longest_silent_go_first() -> None:
    limiter = Limiter(now=Seconds())
    _taken(limiter, "first")
    _taken(limiter, "kept")
    for number in range(_REMEMBERED - 2):
        limiter.take(BUCKET, str(number))
    assert _taken(limiter, "kept") == 0
    limiter.take(BUCKET, "one more")
    assert len(limiter._left) == _REMEMBERED
    assert _taken(limiter, "first") == 3
    assert _taken(limiter, "kept") == 0
