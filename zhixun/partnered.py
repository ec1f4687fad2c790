"""Joins the partners with the store, the conversation, the requests and the slips; the commands need a part of it too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from zhixun.archive.keys import load_secret
from zhixun.channels.partners.hooks import Hooks
from zhixun.channels.partners.keys import Keys
from zhixun.channels.partners.news import News
from zhixun.channels.partners.posts import Posts
from zhixun.clock import Clock
from zhixun.conversation.owner import owner_of
from zhixun.database import Database, consultations
from zhixun.desk.daybook import Daybook
from zhixun.referral.book import Referrals
from zhixun.referral.tls import trusting
from zhixun.referral.words import told_slip
from zhixun.requests.book import Book
from zhixun.requests.words import told_request
from zhixun.settings import Settings
from zhixun.signing import SignedPost

__all__ = ["Partners", "Standing", "join_partners"]

NEWS_SECONDS = 2
POST_SECONDS = 2
_REQUEST = ("number", "title", "standing", "words", "received", "changed", "due", "confirmed")
_SLIP = ("number", "standing", "words", "issued", "changed")


@dataclass(frozen=True, slots=True)
class Partners:
    """The partners of one deployment: their keys, where they are told, and what is on its way to them."""

    keys: Keys
    hooks: Hooks
    news: News
    posts: Posts

    def keepers(self) -> Sequence[tuple[float, Callable[[], Awaitable[object]]]]:
        """Return what is to be done again and again, each with the seconds between."""
        return [(NEWS_SECONDS, self.news.catch_up), (POST_SECONDS, self.posts.carry_due)]


def join_partners(settings: Settings, database: Database, clock: Clock, daybook: Daybook) -> Partners:
    """Join them.

    Raises:
        StopNow: the file of certificates, or that of the key of the secrets, cannot be read.
    """
    post = SignedPost(settings.webhook_private_hosts, trusting(settings.ca_file), clock)
    key = load_secret(settings.data_dir / "keys" / "partners.key")
    hooks = Hooks(database, clock, daybook, key, post)
    return Partners(Keys(database, clock, daybook), hooks, News(database, clock, hooks), Posts(database, clock, hooks, post))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a consultation stands, for the partner that opened it: no words of anybody are in it."""

    database: Database
    book: Book
    referrals: Referrals

    async def of(self, number: str) -> Mapping[str, Any]:
        """Return it as the API gives it; there must be such a consultation."""
        async with self.database.read() as connection:
            row = (await connection.execute(sa.select(consultations).where(consultations.c.number == number))).mappings().one()
        requests = [told_request(one) for one in await self.book.of(number)]
        slips = [told_slip(one) for one in await self.referrals.of(number)]
        return {
            "consultation": number, "state": row["state"], "owner": owner_of(row["state"]), "opened": row["opened"],
            "closed": row["closed"] or "", "rated": bool(row["rating"] or row["staff_rating"]),
            "requests": [{name: one[name] for name in _REQUEST} for one in requests],
            "referrals": [{name: one[name] for name in _SLIP} for one in slips],
        }  # fmt: skip
