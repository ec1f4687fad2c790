"""The door of partners: whose key a call carries, what it is counted against, and how a partner's consultations stand."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from zhixun.channels.partners.keys import CONSULT, PREFIX, STATUS, Key, Keys
from zhixun.doors import PARTNER_SESSION
from zhixun.errors import CitizenError
from zhixun.limits import ADDRESS, Bucket, Limiter

__all__ = ["PartnerDoor", "bearer_of"]

_REMEMBERED = 50_000


class PartnerDoor:
    """Checks keys, and counts what comes with them.

    All of a partner's users may come from one address. So what comes with a key, or in a session that was opened with one, is
    counted against that key's own limit as soon as it has proved to be good once; until then against the address, so that
    nobody guesses faster for calling it a key.

    Args:
        standing: tells how a consultation stands.
    """

    def __init__(self, keys: Keys, limiter: Limiter, standing: Callable[[str], Awaitable[Mapping[str, Any]]]) -> None:
        self._keys = keys
        self._limiter = limiter
        self._standing = standing
        self._known: OrderedDict[str, Key] = OrderedDict()

    async def opens(self, token: str | None, address: str) -> Key | None:
        """Return the key that a call to open a consultation carries; None when it carries none. The call is counted.

        A citizen's window may still carry its last session, which is no key and does no harm.

        Raises:
            CitizenError: (401) it is none that is good; (403) it is not good for this.
            TryLater: there are too many calls.
        """
        self.count(token, address)
        return await self._key(token, CONSULT) if token and token.startswith((PREFIX, PARTNER_SESSION)) else None

    def count(self, token: str | None, address: str) -> None:
        """Count a call against the key that it comes with, or else against its address.

        Raises:
            TryLater: there are too many.
        """
        key = self._known.get(_digest(token or ""))
        if key is None:
            self._limiter.take(ADDRESS, address)
        else:
            # So many at once as in six seconds, and not less than a few.
            self._limiter.take(Bucket("partner", max(key.per_minute / 10, 5), key.per_minute / 60), key.id)

    async def learn(self, token: str, number: str) -> None:
        """Remember with which key the session of a consultation was opened, when it was one."""
        if token.startswith(PARTNER_SESSION) and not self.knows(token) and (key := await self._keys.of_session(number)):
            self._remember(token, key)

    def knows(self, token: str | None) -> bool:
        """Tell whether it is a key, or a session that was opened with one."""
        return _digest(token or "") in self._known

    def _remember(self, token: str, key: Key) -> None:
        self._known[_digest(token)] = key
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def _key(self, token: str, scope: str) -> Key:
        key = await self._keys.find(token)
        self._remember(token, key)
        key.demand(scope)
        return key

    async def standing(self, token: str | None, address: str, number: str) -> Mapping[str, Any]:
        """Return how a consultation stands that the holder of a key has opened. The call is counted.

        Raises:
            CitizenError: (401, 403) as `opens`; (404) it is not the partner's, or there is none.
            TryLater: there are too many calls.
        """
        self.count(token, address)
        if token is None:
            raise CitizenError("请在 Authorization 里带上接入密钥。", code="no_key", status=401)
        key = await self._key(token, STATUS)
        if not await self._keys.owns(key, number):
            raise CitizenError("没有这个咨询件，或者它不是由贵系统发起的。", code="no_consultation", status=404)
        return await self._standing(number)


def bearer_of(request: web.Request) -> str | None:
    """Return the token that a call carries; None when it carries none, or something of another kind."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
