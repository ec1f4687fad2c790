"""The limiter: so many at once, refilled with time, counted for each sender apart."""

from __future__ import annotations

import pytest

from zhixun.errors import TryLater
from zhixun.limits import _REMEMBERED, Bucket, Limiter

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
