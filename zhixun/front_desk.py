"""Joins the desk with the other rooms; a part of `app.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from aiohttp import web

from zhixun.advice import Advised
from zhixun.analysed import Analysed
from zhixun.archive.export import harmless
from zhixun.archive.journal import Journal
from zhixun.archive.keys import load_secret
from zhixun.archive.opened import open_rows
from zhixun.archive.rebuild import taken_over
from zhixun.archive.receipt import Receipts
from zhixun.clock import Clock
from zhixun.conversation.rating import Ratings
from zhixun.conversation.redact import clean
from zhixun.conversation.switch import Switch
from zhixun.conversation.takeover import Takeover
from zhixun.database import Database
from zhixun.dated import Dated, unknown_days
from zhixun.desk.accounts import Accounts
from zhixun.desk.audit import Audit
from zhixun.desk.calendar_links import CalendarLinks
from zhixun.desk.canned import Canned
from zhixun.desk.casework import Casework
from zhixun.desk.correctives import Correctives
from zhixun.desk.daybook import Daybook
from zhixun.desk.entries import CHANNELS as HEARD
from zhixun.desk.entries import Entries, Offered
from zhixun.desk.escalation import Escalation
from zhixun.desk.events import Events
from zhixun.desk.gate import Gate, Route
from zhixun.desk.learning import Learning
from zhixun.desk.pages.archive import ArchivePages
from zhixun.desk.pages.audit import AuditPages
from zhixun.desk.pages.calendar import CalendarPages
from zhixun.desk.pages.canned import CannedPages
from zhixun.desk.pages.case import CasePages
from zhixun.desk.pages.correctives import CorrectivePages, corrective_lines
from zhixun.desk.pages.coverage import CoveragePages
from zhixun.desk.pages.drafts import DraftPages
from zhixun.desk.pages.entry import EntryPages, Office
from zhixun.desk.pages.figures import FiguresPages
from zhixun.desk.pages.improve import Improvements, ImprovePages
from zhixun.desk.pages.learning import LearningPages
from zhixun.desk.pages.queue import QueuePages
from zhixun.desk.pages.rating import RatingPages
from zhixun.desk.pages.referrals import ReferralPages
from zhixun.desk.pages.registers import RegisterPages
from zhixun.desk.pages.reports import ReportPages
from zhixun.desk.pages.requests import RequestPages
from zhixun.desk.pages.roster import RosterPages
from zhixun.desk.pages.sign_in import SignInPages
from zhixun.desk.pages.switch import SwitchPages
from zhixun.desk.pages.tasks import TaskPages
from zhixun.desk.pages.team import TeamPages
from zhixun.desk.ports import Files
from zhixun.desk.quality import Agreements, Quality
from zhixun.desk.roster import Roster
from zhixun.desk.staff import ROLES
from zhixun.desk.staff_sessions import StaffSessions
from zhixun.desk.task_list import TaskList
from zhixun.desk.view import View
from zhixun.desk.waiting import Queue
from zhixun.doors import DOORS
from zhixun.errors import StopNow
from zhixun.filing import Filed
from zhixun.growth import Growth, Registers
from zhixun.joined import RatingForms, Received
from zhixun.knowledge.coverage import read_rows, serving
from zhixun.knowledge.services.page import catalogue_page
from zhixun.knowledge.shelf import Present
from zhixun.knowledge.site import Site
from zhixun.limits import Limiter
from zhixun.names import CHANNELS
from zhixun.ports import Seal
from zhixun.referral.standing import STANDINGS as SLIP_STANDINGS
from zhixun.registered import join_registers
from zhixun.reports.usage import Usage
from zhixun.requests.book import Book
from zhixun.requests.codes import Codes
from zhixun.requests.standing import STANDINGS, following, words_of
from zhixun.sending import Sent
from zhixun.settings import Settings

__all__ = ["FrontDesk"]


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms as they were opened: what the desk is joined with."""

    settings: Settings
    database: Database
    journal: Journal
    clock: Clock
    site: Site
    present: Present
    book: Book
    switch: Switch
    takeover: Takeover
    understand: Callable[[str], Awaitable[Mapping[str, Any]]]
    intact: Callable[[str], Awaitable[Sequence[str]]]
    seal: Seal
    wake: Callable[[str], None]
    limiter: Limiter
    address: Callable[[web.Request], str]
    events: Events
    daybook: Daybook
    filed: Filed
    sent: Sent
    files: Files
    ratings: Ratings
    correctives: Correctives
    codes: Codes
    improving: Improvements
    give: Callable[..., Awaitable[web.StreamResponse]]


class FrontDesk:
    """The desk of one deployment: its routes, and what runs in the background for it.

    Raises:
        StopNow: site.yml names a role that there is not.
    """

    def __init__(self, rooms: Rooms) -> None:
        site, database, journal, clock, daybook = rooms.site, rooms.database, rooms.journal, rooms.clock, rooms.daybook
        self._rooms = rooms
        self._names: dict[str, str] = {}
        self._counts: Mapping[str, int] = {}
        self._counted: tuple[TaskPages | RequestPages | CorrectivePages | RegisterPages | ImprovePages, ...] = ()
        must = frozenset(site.desk.second_factor)
        if unknown := must - set(ROLES):
            raise StopNow(f"site.yml: desk › second_factor：没有角色 {'、'.join(sorted(unknown))}。")
        key = load_secret(rooms.settings.data_dir / "keys" / "staff.key")
        self.accounts = Accounts(database, clock, daybook, key, must)
        self._sessions = StaffSessions(
            database, clock, idle=timedelta(minutes=site.desk.idle_minutes), longest=timedelta(hours=site.desk.longest_hours)
        )
        self.casework = Casework(database, journal, clock, seal=rooms.seal, wake=rooms.wake, watch=rooms.correctives.watch)
        self._roster = Roster(database, clock, daybook)
        self._canned = Canned(database, clock, daybook)
        opened = partial(open_rows, journal.keyring)
        self.registered = join_registers(
            rooms.settings, database, journal, clock, site.region, rooms.present(), rooms.book, self.accounts.list, rooms.files,
            seal=rooms.seal,
        )  # fmt: skip
        terms = {"standing": STANDINGS, "register": self.registered.office.titles()}
        self._audit = Audit(database, opened, self._shown, terms)
        self._tasks = TaskList(database, clock, opened, rooms.book.follow_up)
        self.usage = Usage(database, partial(taken_over, journal, rooms.filed.folder))
        books = self.registered.records
        kept = Registers(self.registered.office.titles(), books.counts, serving(books.registers.values()))
        rows = read_rows(rooms.settings.knowledge_dir)
        self._growth = Growth(rooms.present, rows, site, clock, self.usage, kept)
        self.learning = Learning(database, clock, daybook, self._growth.draw, site.learning.pass_percent)
        self._agreements = Agreements(database, clock, daybook)
        self.reports = Analysed(database, journal, clock, site, rooms.present)
        self.advice = Advised(rooms.present, clock, rooms.understand)
        self._queue = Queue(database, journal, clock, site.limits, site.hours)
        self._escalation = Escalation(database, journal, clock, site.limits, site.hours, rooms.wake)
        self._view = View.of({"name": site.name, "office": site.office}, self._banner, lambda: self._counts, site.desk.idle_minutes * 60)
        self._view.environment.globals["writable"] = self.registered.office.writable
        self._view.environment.filters |= {"staff_name": self._shown, "title_of": self.advice.title}

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, each behind the gate."""
        return Gate(self._sessions, self._view, self._rooms.limiter, self._rooms.address).guard(self._pages())

    async def prepare(self) -> str | None:
        """Read what the desk keeps in memory; returns the one-time password of the first administrator when there was none."""
        await self._rooms.switch.prepare()
        await self._rooms.takeover.prepare()
        await self._canned.prepare()
        password = await self.accounts.first()
        await self.learn_names()
        return password

    def keepers(self) -> Sequence[tuple[float, Callable[[], Awaitable[object]]]]:
        """Return what is to be done again and again, each with the seconds between."""
        often = [(5, work) for work in (self.learn_names, self._count, self.usage.catch_up)]
        return [(2, self._rooms.takeover.keep), (15, self._escalation.watch), (1, self.reports.work), *often]

    async def watch(self) -> None:
        """Carry changes to open pages, for ever."""
        await self._rooms.events.watch()

    def _pages(self) -> list[Route]:
        rooms = self._rooms
        queue = QueuePages(self._view, self._queue, rooms.events, self._shown, self._sessions.peek, self._duty)
        case = CasePages(
            view=self._view, database=rooms.database, journal=rooms.journal, clock=rooms.clock, takeover=rooms.takeover,
            casework=self.casework,
            queue=self._queue, events=rooms.events, advice=self.advice, daybook=rooms.daybook, names=self._shown,
            accounts=self.accounts.list, teams=[team.name for team in rooms.site.teams], related=self._related,
            intact=rooms.intact, canned=self._canned.of, files=rooms.files, give=rooms.give, wake=rooms.wake,
            standings={"request_moved": STANDINGS, "slip_moved": SLIP_STANDINGS},
            fit=self._fit, offered=rooms.site.described.offered,
            # Three of them may be lost before the consultation goes back to the queue.
            beat_seconds=rooms.site.desk.lease_seconds // 4,
        )  # fmt: skip
        entering = SignInPages(self._view, self.accounts, self._sessions, rooms.daybook, rooms.limiter, rooms.address, self._agreements.since)
        archive = ArchivePages(self._view, rooms.filed, self.casework, rooms.daybook)
        referrals = ReferralPages(self._view, rooms.sent, rooms.sent.register.listed, rooms.daybook, self._shown)
        teams = [team.name for team in rooms.site.teams]
        requests = RequestPages(
            view=self._view, database=rooms.database, journal=rooms.journal, book=rooms.book, daybook=rooms.daybook, clock=rooms.clock,
            hours=rooms.site.hours, warn_at=rooms.site.limits.warn_at, standings=STANDINGS, following=following, names=self._shown,
            accounts=self.accounts.list, teams=teams, linked=self.registered.office.linked,
        )  # fmt: skip
        tasks = TaskPages(self._view, self._tasks, self.casework, rooms.daybook, rooms.clock, self._shown)
        correctives = CorrectivePages(self._view, rooms.correctives, rooms.daybook, rooms.clock, self._shown, self.accounts.list)
        registers = RegisterPages(self._view, self.registered.office, rooms.daybook, self._shown, rooms.files, rooms.give)
        improve = ImprovePages(self._view, rooms.improving, self._shown)
        self._counted = (tasks, requests, correctives, registers, improve)
        others = (
            tasks, correctives, RatingPages(self._view, rooms.ratings), self._entry_pages(), registers, self._calendar_pages(),
            ReportPages(self._view, self.reports, rooms.daybook), improve, DraftPages(self._view, rooms.improving, self._shown),
            TeamPages(self._view, rooms.database, self.accounts, self._sessions, rooms.daybook, teams),
            RosterPages(self._view, self._roster, rooms.clock, rooms.site.hours.spans, self.accounts.list, self._shown),
            CannedPages(self._view, self._canned, teams), SwitchPages(self._view, rooms.switch, self._audit, rooms.daybook),
            AuditPages(self._view, self._audit, rooms.daybook, rooms.clock, harmless, self.accounts.list), *self._growth_pages(),
        )  # fmt: skip
        return [route for pages in (entering, queue, case, archive, referrals, requests, *others) for route in pages.routes()]

    def _growth_pages(self) -> tuple[CoveragePages, FiguresPages, LearningPages]:
        rooms, site = self._rooms, self._rooms.site
        coverage = CoveragePages(self._view, self._growth, rooms.clock, rooms.daybook, site.office)
        # Its address would be read as a round's, were it not asked for first.
        figures = FiguresPages(
            self._view, Quality(rooms.database, site.hours), self._agreements, rooms.clock, rooms.daybook, self.accounts.list
        )
        learning = LearningPages(
            self._view, self.learning, site.learning, rooms.clock, rooms.daybook, self.accounts.list, self._shown, self._roster.on_duty,
            site.office, self._growth.duty("zhixun/desk/learning.py"),
        )  # fmt: skip
        return coverage, figures, learning

    async def _fit(self, name: str) -> None:
        """Make sure that somebody may take consultations over.

        Raises:
            CitizenError: (403) the office wants everybody to have passed the quiz first, and they have not.
        """
        if self._rooms.site.learning.required:
            await self.learning.demand(name)

    def _calendar_pages(self) -> CalendarPages:
        rooms, folder = self._rooms, self._rooms.settings.knowledge_dir
        calendar = Dated(rooms.database, rooms.present, folder, self.registered.office.all_dues).calendar()
        links = CalendarLinks(rooms.database, rooms.clock, rooms.daybook)
        return CalendarPages(self._view, calendar, links, rooms.clock, unknown_days(folder), rooms.settings.public_url)

    def _entry_pages(self) -> EntryPages:
        rooms, site, clock, knowledge = self._rooms, self._rooms.site, self._rooms.clock, self._rooms.present()
        receipts = Receipts(rooms.journal, rooms.filed.folder)

        def cleaned(text: str) -> tuple[str, Sequence[str]]:
            kept = clean(text)
            return kept.text, kept.hidden

        async def code(number: str) -> str:
            async with rooms.database.read() as connection:
                return await receipts.code(connection, number)

        async def made(number: str) -> Sequence[Mapping[str, str]]:
            found = await rooms.book.of(number)
            return [{"number": one.number, "title": one.title, "code": rooms.sent.codes.code_of(one.number)} for one in found]

        regions = tuple(dict.fromkeys((site.region, *site.regions)))
        office = Office(
            self._offered(regions), site.region,
            catalogue_page(knowledge), lambda: site.callback_due(clock.local()), site.hours_words(), rooms.settings.public_url,
            RatingForms(rooms.ratings, rooms.codes).offered,
        )  # fmt: skip
        entries = Entries(rooms.database, rooms.journal, clock, cleaned, rooms.book.take, seal=rooms.seal, wake=rooms.wake)
        received = Received(knowledge, site, clock, rooms.book)
        return EntryPages(
            view=self._view, database=rooms.database, journal=rooms.journal, entries=entries, advice=self.advice, daybook=rooms.daybook,
            clock=clock, office=office, read=received.read, code=code, made=made,
        )  # fmt: skip

    def _offered(self, regions: Sequence[str]) -> Offered:
        site = self._rooms.site
        described = {name: values for name, values in site.described.offered.items() if name != "user_kind"}
        kinds = {kind.form: kind.name for kind in site.described.user_kinds if kind.form}
        return Offered(regions, tuple(self._rooms.present().glossary.rights), site.phrases["oral_consent"], described, kinds)

    async def _related(self, number: str) -> Mapping[str, Any]:
        made = await self._rooms.book.of(number)
        requests = [
            {"number": one.number, "title": one.title, "words": words_of(one.standing, one.reason),
             "level": "fine" if one.running else "soft"}
            for one in made
        ]  # fmt: skip
        slips = [{**one, "words": one["words_of"]} for one in await self._rooms.sent.of(number)]
        correctives = await corrective_lines(self._rooms.correctives, number)
        noted = await self._rooms.ratings.channel(number) in HEARD and bool(await self._rooms.ratings.to_rate(number))
        records = await self.registered.office.linked(number)
        return {"requests": requests, "slips": slips, "correctives": correctives, "records": records, "may_note_rating": noted}

    async def _duty(self) -> Mapping[str, Any]:
        names = await self._roster.on_duty(self._rooms.clock.today())
        return {"names": [self._shown(name) for name in names], "open": self._rooms.site.hours.is_open(self._rooms.clock.local())}

    async def learn_names(self) -> None:
        """Read how colleagues are called, for pages that name them."""
        # Who talks with citizens in a platform's own client is known by the platform alone.
        self._names = {account.name: account.shown for account in await self.accounts.list()} | {door: CHANNELS[door] for door in DOORS}

    async def _count(self) -> None:
        """Count what waits behind the main pages."""
        told: dict[str, int] = {"/desk": self._rooms.events.waiting}
        for pages in self._counted:
            told |= await pages.counts()
        self._counts = told

    def _shown(self, name: str) -> str:
        return self._names.get(name, name)

    def _banner(self) -> str:
        return f"智能应答已暂停：{self._rooms.switch.reason}。新的提问都会转人工。" if self._rooms.switch.reason else ""
