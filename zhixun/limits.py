"""One limiter for the whole service: token buckets by what they are counted for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address

from zhixun.clock import monotonic
from zhixun.errors import TryLater

__all__ = ["ADDRESS", "DESK", "FORMS", "OPENINGS", "RECEIPTS", "SESSION", "SIGNING", "SIGN_IN", "UPLOADS", "Bucket", "Limiter", "place_of"]

_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many at once (`burst`), refilled at `rate` a second."""

    name: str
    burst: float
    rate: float


# A whole office may sit behind one address, so an address is allowed more than a person can type.
ADDRESS = Bucket("address", burst=40, rate=10)
# Of one member of staff who has signed in, on all pages that are open.
DESK = Bucket("desk", burst=120, rate=20)
OPENINGS = Bucket("openings", burst=60, rate=2)
SESSION = Bucket("session", burst=6, rate=1)
FORMS = Bucket("forms", burst=20, rate=0.1)
SIGN_IN = Bucket("sign_in", burst=20, rate=0.2)
RECEIPTS = Bucket("receipts", burst=10, rate=0.1)
# Signing in to a training: a hall full of people within minutes, often behind one address.
SIGNING = Bucket("signing", burst=60, rate=1)
UPLOADS = Bucket("uploads", burst=30, rate=0.2)


def place_of(who: str) -> str:
    """Return what somebody is counted by: of an IPv6 address its first 64 bits, since each line has that many to itself.

    An IPv4 address written as one of IPv6 is that IPv4 address; anything else stays as it is.
    """
    if ":" not in who:
        return who
    try:
        address = IPv6Address(who)
    except ValueError:
        return who
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"


class Limiter:
    """Counts and refuses.

    Args:
        on: False lets everything pass (benchmarks on loopback only).
        now: seconds that never run backwards.
    """

    def __init__(self, on: bool = True, now: Callable[[], float] = monotonic) -> None:
        self._on = on
        self._now = now
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, bucket: Bucket, who: str) -> None:
        """Take one from the bucket of `who`; if that is an address, of its place.

        Raises:
            TryLater: it is empty; nothing was done with the request.
        """
        if not self._on:
            return
        key, now = (bucket.name, place_of(who)), self._now()
        left, at = self._left.pop(key, (bucket.burst, now))
        left = min(bucket.burst, left + (now - at) * bucket.rate)
        self._left[key] = (max(left - 1, 0) if left >= 1 else left, now)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
        if left < 1:
            raise TryLater("操作太频繁，请稍等几秒再试。", code="too_fast", status=429)
