"""Fills an empty data folder with a believable month, for trying the desk out and for pictures of it.

Everything is done by the rooms themselves, with a clock that walks from thirty days ago to the end and an engine that says
approved answers alone; so what is written is journalled, sealed and signed like anything else, and `verify` finds it clean.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from zhixun.archive.keys import load_secret
from zhixun.archive.query import Query
from zhixun.archive.views import Views
from zhixun.demo_engine import Understood, Voice, read_phrases
from zhixun.demo_now import now
from zhixun.demo_past import CLERKS, answered, past
from zhixun.demo_records import records
from zhixun.demo_stage import Moments, Stage, Story, Walking, pick, play
from zhixun.desk.accounts import SYSTEM, Accounts
from zhixun.desk.casework import Casework
from zhixun.desk.daybook import Daybook
from zhixun.desk.roster import Roster
from zhixun.errors import CitizenError, StopNow
from zhixun.joined import Received
from zhixun.knowledge.model import Knowledge
from zhixun.knowledge.site import load_site
from zhixun.registered import join_registers
from zhixun.settings import Settings
from zhixun.store import Archive, open_archive
from zhixun.talk import join_talk

__all__ = ["ORDINARY", "Member", "fill"]

DAYS = 30
ORDINARY = 45
"""So many consultations the program answers alone; with all the others about 120 are closed."""
_ADMIN, _REVIEWER, _AUDITOR = "admin", "reviewer", "auditor"
_OPENS, _NIGHT = timedelta(minutes=-5), 5
_MONTH, _LATEST = 20 * 7 * 60, 100
"""Minutes: about as much as the office is open in the time, and how long before the end the last consultation begins."""


@dataclass(frozen=True, slots=True)
class Member:
    """A colleague of the demonstration, with the one-time password that opens the account."""

    name: str
    shown: str
    role: str
    password: str


async def fill(
    settings: Settings, knowledge: Knowledge, end: datetime, told: Callable[[int], object], *, ordinary: int = ORDINARY
) -> list[Member]:  # fmt: skip
    """Fill the data folder of `settings` and return the staff.

    Args:
        end: until when (local) the month goes. told: is told of each story that has ended, and how many there are.
        ordinary: so many consultations the program answers alone.

    Raises:
        StopNow: there is something in the store already.
    """
    async with _opened(settings, end - timedelta(days=DAYS)) as (archive, clock):
        stage, members = await _set(settings, knowledge, archive, clock, end)
        stories = [*_keepers(stage), *past(stage), *now(stage), *records(stage), *_ordinary(stage, ordinary)]
        await play(stories, clock, end, lambda: told(len(stories)))
        clock.turn_to(end)
        await stage.delivered()
        await archive.sealer.seal_pending()
        await archive.ledger.close_days(clock.today())
        await archive.ledger.witness()
        return members


@contextlib.asynccontextmanager
async def _opened(settings: Settings, begins: datetime) -> AsyncIterator[tuple[Archive, Walking]]:
    """Open an empty store with a clock that walks."""
    clock = Walking(hand=[begins])
    async with open_archive(settings) as archive:
        async with archive.database.read() as connection:
            if (await archive.journal.head(connection))[0]:
                raise StopNow(
                    f"{settings.data_dir} 里已经有记录。演示数据只填入新的、空的数据目录：请用 ZHIXUN_DATA_DIR 另指一个，再运行 zhixun demo。"
                )
        archive.journal.clock = clock
        daybook = Daybook(archive.database, archive.journal, clock, load_site(settings.knowledge_dir).region, seal=archive.sealer.seal)
        await archive.ledger.prepare()
        yield replace(archive, clock=clock, daybook=daybook), clock


async def _set(
    settings: Settings, knowledge: Knowledge, archive: Archive, clock: Walking, end: datetime
) -> tuple[Stage, list[Member]]:  # fmt: skip
    """Set the stage: join the rooms and make the accounts."""
    site, voice = load_site(settings.knowledge_dir), Voice()
    words: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
    talk = join_talk(settings, archive, voice, lambda: knowledge, site, lambda _: None)
    key = load_secret(settings.data_dir / "keys" / "staff.key")
    accounts = Accounts(archive.database, clock, archive.daybook, key, frozenset(site.desk.second_factor))
    teams = [team.name for team in site.teams]
    members = []
    for one in words["staff"]:
        own = teams[CLERKS.index(one["name"]) :: len(CLERKS)] if one["name"] in CLERKS else ()
        password = await accounts.add(one["name"], one["role"], by=SYSTEM, shown=one["shown"], teams=own)
        members.append(Member(one["name"], one["shown"], one["role"], password))
    registered = join_registers(
        settings, archive.database, archive.journal, clock, site.region, knowledge, talk.book, accounts.list, archive.attachments,
        seal=talk.seal,
    )  # fmt: skip
    stage = Stage(
        clock=clock, moments=Moments(site.hours, end), knowledge=knowledge, site=site, archive=archive, talk=talk, voice=voice,
        understood=Understood(knowledge, site, clock, read_phrases(settings.project_dir)), accounts=accounts,
        casework=Casework(archive.database, archive.journal, clock, seal=talk.seal, wake=lambda _: None, watch=talk.correctives.watch),
        received=Received(knowledge, site, clock, talk.book), registered=registered, words=words,
        passwords={one.name: one.password for one in members},
        idle=timedelta(minutes=settings.idle_minutes),
    )  # fmt: skip
    return stage, members


def _ordinary(stage: Stage, count: int) -> list[Story]:
    """Return what the program answered alone: mostly in office hours, some at night and at weekends."""
    stories = []
    for at in range(count):
        begins = stage.moments.before(_LATEST + pick(range(60), "minute", at) + _MONTH * at / count)
        if at % 6 == 5:
            day = begins.date() + timedelta(days=pick(range(3), "day", at))
            aside = begins.replace(year=day.year, month=day.month, day=day.day, hour=pick((7, 8, 19, 20, 22), "hour", at))
            begins = min(aside, stage.moments.until(_LATEST))
        stories.append(answered(stage, at, begins))
    return stories


def _keepers(stage: Stage) -> list[Story]:
    return [_nights(stage), _mornings(stage), _plans(stage), _mistake(stage)]


async def _nights(stage: Stage) -> Story:
    """Every night what is not sealed yet is sealed, and the day's ledger is closed, as the service does."""
    for days in range(DAYS - 1, -1, -1):
        yield stage.moments.clock(days, 0, _NIGHT)
        await stage.archive.sealer.seal_pending()
        await stage.archive.ledger.close_days(stage.clock.today())


async def _mornings(stage: Stage) -> Story:
    """Staff sign in when the office opens, a little before the first of them is needed."""
    for days in range(DAYS - 1, -1, -1):
        opening = stage.moments.on(stage.moments.clock(days, 0).date(), 0)
        if opening.date() != stage.moments.clock(days, 0).date() or opening > stage.moments.end:
            continue
        yield opening + _OPENS
        for name in (CLERKS[days % len(CLERKS)], *([_REVIEWER] if days % 7 == 3 else ())):
            await stage.accounts.check_password(name, stage.passwords[name])


async def _mistake(stage: Stage) -> Story:
    """The auditor mistypes the password once, and saves a search afterwards, as the reviewer does."""
    yield stage.moments.at(5, 0.1)
    with contextlib.suppress(CitizenError):
        await stage.accounts.check_password(_AUDITOR, stage.passwords[_AUDITOR][1:])
    yield stage.after(1)
    await stage.accounts.check_password(_AUDITOR, stage.passwords[_AUDITOR])
    views = Views(stage.archive.database, stage.archive.daybook)
    await views.save(_AUDITOR, "删除过个人信息的", Query.read({"erased": "1"}))
    await views.save(_REVIEWER, "没有答上来的", Query.read({"unanswered": "1"}))


async def _plans(stage: Stage) -> Story:
    """The administrator plans who is on duty in this week and the next."""
    today = stage.moments.end.date()
    monday = today - timedelta(days=today.weekday())
    yield stage.moments.at(today.weekday() + 1, 0.8)
    roster = Roster(stage.archive.database, stage.clock, stage.archive.daybook)
    await stage.accounts.check_password(_ADMIN, stage.passwords[_ADMIN])
    for day in (monday + timedelta(days=ahead) for ahead in range(14)):
        if stage.moments.is_working(day):
            await roster.set(day, (CLERKS[day.weekday() % 2], _REVIEWER) if day.weekday() == 4 else CLERKS, by=_ADMIN)
