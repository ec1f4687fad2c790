"""Joins what talks with citizens: the turns, the takeover by staff, requests and slips, over one store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from zhixun.archive.keys import load_secret
from zhixun.archive.opened import open_rows
from zhixun.conversation.arrivals import Arrivals
from zhixun.conversation.consultation import Consultations
from zhixun.conversation.engine import EngineClient
from zhixun.conversation.rating import Ratings
from zhixun.conversation.switch import Switch
from zhixun.conversation.switchboard import Switchboard
from zhixun.conversation.takeover import Takeover
from zhixun.conversation.turn import Turns
from zhixun.desk.correctives import Correctives
from zhixun.joined import rating_path, request_book
from zhixun.knowledge.shelf import Present
from zhixun.knowledge.site import Site
from zhixun.messages import Button
from zhixun.ports import Seal
from zhixun.recalled import Recalled
from zhixun.referral.book import Referrals
from zhixun.referral.deliver import Deliveries
from zhixun.referral.letters import Letters
from zhixun.requests.book import Book
from zhixun.sending import Register, carriers_of, rules_of
from zhixun.settings import Settings
from zhixun.store import Archive

__all__ = ["Talk", "join_talk"]


@dataclass(frozen=True, slots=True)
class Talk:
    """What talks with citizens; `seal` seals a closed consultation and has the engine forget it."""

    turns: Turns
    arrivals: Arrivals
    consultations: Consultations
    ratings: Ratings
    book: Book
    takeover: Takeover
    switch: Switch
    referrals: Referrals
    letters: Letters
    deliveries: Deliveries
    correctives: Correctives
    seal: Seal


def join_talk(
    settings: Settings, archive: Archive, engine: EngineClient | Switchboard, present: Present, site: Site,
    wake: Callable[[str], None],
) -> Talk:  # fmt: skip
    """Join it.

    Args:
        wake: tells open windows and pages of a consultation that there is something new.
    """
    database, journal, clock = archive.database, archive.journal, archive.clock

    async def seal(number: str) -> str:
        code = await archive.sealer.seal(number)
        await engine.forget(number)
        return code

    switch = Switch(database)
    book = request_book(database, journal, archive.codes, clock, present(), site, seal=seal, wake=wake)
    recalled = Recalled(book, archive.receipts, site.number_prefix)
    turns = Turns(database, journal, engine, site, recalled, clock, wake, switch)
    opened = partial(open_rows, journal.keyring)
    correctives = Correctives(database, journal, clock, site.correctives, opened, seal=seal, wake=wake)

    def link(number: str) -> str:
        return f"{settings.public_url}{rating_path(archive.codes, number)}" if settings.public_url else ""

    ratings = Ratings(database, journal, site, clock, turns.order, seal=seal, watch=correctives.watch, link=link)
    consultations = Consultations(
        database, journal, site, clock, turns.order, seal=seal, wake=wake, quick=site.quick,
        idle=timedelta(minutes=settings.idle_minutes), in_guide=timedelta(hours=settings.guide_hours),
    )  # fmt: skip
    takeover = Takeover(
        database, journal, site, clock, turns.order, seal=seal, wake=wake,
        lease=timedelta(seconds=site.desk.lease_seconds), patience=timedelta(minutes=site.desk.transfer_minutes),
    )  # fmt: skip
    carriers, register, rules = carriers_of(settings, clock), Register(present), rules_of(settings, site)
    referrals = Referrals(database, journal, clock, archive.codes, register, rules, carriers, seal=seal, wake=wake)
    letters = Letters(rules, archive.codes)
    deliveries = Deliveries(database, referrals, letters, register, carriers, clock)
    arrivals = Arrivals(
        database, journal, turns, site, clock, key=load_secret(settings.data_dir / "keys" / "threads.key"),
        region=site.region, quick=[Button(one["title"], one["payload"]) for one in site.quick], ratings=ratings,
    )  # fmt: skip
    return Talk(turns, arrivals, consultations, ratings, book, takeover, switch, referrals, letters, deliveries, correctives, seal)
