"""Partners over a real deployment: keys, addresses, and the keepers that tell what happens."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import timedelta

from tests.support import Office
from zhixun.channels.partners.hooks import Hooks
from zhixun.channels.partners.keys import SCOPES, Keys
from zhixun.channels.partners.news import News
from zhixun.channels.partners.posts import Posts
from zhixun.clock import ZONE
from zhixun.desk.daybook import Daybook
from zhixun.partnered import Partners
from zhixun.signing import SignedPost

PORTAL = "城市门户"
HOTLINE = "hotline-12345"
TIMES = 600
_TRUST = ssl.create_default_context()


def partners_of(office: Office) -> Partners:
    """Join the partners of a process on the office's store; receivers may stand on this machine."""
    database, clock = office.database, office.clock
    daybook = Daybook(database, office.journal, clock, office.site.region, seal=office.sealer.seal)
    post = SignedPost(frozenset({"127.0.0.1"}), _TRUST, clock)
    hooks = Hooks(database, clock, daybook, bytes(32), post)
    return Partners(Keys(database, clock, daybook), hooks, News(database, clock, hooks), Posts(database, clock, hooks, post))


async def key_of(
    office: Office, name: str = PORTAL, scopes: Sequence[str] = tuple(SCOPES), *, per_minute: int = TIMES, days: int = 30
) -> str:
    """Give out a key."""
    until = office.clock.now().astimezone(ZONE).date() + timedelta(days=days)
    return await partners_of(office).keys.add(name, scopes, per_minute=per_minute, until=until)
