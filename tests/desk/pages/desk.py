"""A desk behind its gate, served over a real socket, and people who have signed in to it."""

from __future__ import annotations

import functools
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.desk.staffroom import KEY
from tests.support import HOURS, HandClock, OnDisk
from zhixun.archive.export import harmless
from zhixun.archive.journal import Journal
from zhixun.archive.keys import Keyring, load_signer
from zhixun.archive.ledger import Ledger
from zhixun.archive.opened import open_rows
from zhixun.archive.seal import Sealer
from zhixun.clock import stamp
from zhixun.conversation.switch import Switch
from zhixun.database import Database, staff
from zhixun.desk.accounts import Accounts
from zhixun.desk.audit import Audit
from zhixun.desk.canned import Canned
from zhixun.desk.casework import Casework
from zhixun.desk.daybook import Daybook
from zhixun.desk.gate import COOKIE, Gate
from zhixun.desk.pages.audit import AuditPages
from zhixun.desk.pages.canned import CannedPages
from zhixun.desk.pages.requests import RequestPages
from zhixun.desk.pages.roster import RosterPages
from zhixun.desk.pages.switch import SwitchPages
from zhixun.desk.pages.tasks import TaskPages
from zhixun.desk.pages.team import TeamPages
from zhixun.desk.roster import Roster
from zhixun.desk.staff import FULL
from zhixun.desk.staff_sessions import StaffSessions
from zhixun.desk.task_list import TaskList
from zhixun.desk.view import View
from zhixun.errors import CitizenError
from zhixun.limits import Limiter
from zhixun.messages import Entry, Event, Terms
from zhixun.requests.book import Book
from zhixun.requests.codes import Codes
from zhixun.requests.standing import STANDINGS, step

PHONE = "13897123456"
MASKED = "138****3456"
HOSTILE = "<script>alert(1)</script>\"'&"
TEAMS = ("综合窗口", "信息服务")
ROLES = ("clerk", "reviewer", "administrator", "auditor")
FORM = {"name": "王芳", "phone": PHONE, "subject": "青稞饼干低温烘烤"}


class Catalogue:
    """One service, answered within sixteen working hours and asked after ten days later."""

    confirmed = True

    def terms(self, service: str, values: Mapping[str, str], moment: datetime) -> Terms:
        titles = {"name": "申请人", "phone": "联系电话", "subject": "检索主题", "honour": "企业类型"}
        facts = tuple((titles[name], value) for name, value in values.items())
        return Terms(self.title(service), TEAMS[1], HOURS.after(moment, 16), self.confirmed, facts, values.get("honour", ""))

    def title(self, service: str) -> str:
        return {"search": "专利信息检索"}.get(service, service)

    def follow_up(self, service: str) -> tuple[int, str]:
        return (10, "检索结果有没有用上？") if service == "search" else (0, "")


@dataclass
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def to(self) -> str:
        """Where it leads."""
        return self.headers.get("Location", "")

    @property
    def words(self) -> str:
        """What somebody reads, without the markup and the drawings."""
        text = re.sub(r"(?s)<(script|style|symbol|template).*?</\1>|<[^>]*>", " ", self.text)
        return re.sub(r"\s+", " ", text)


@dataclass
class Person:
    """Somebody who has signed in wholly."""

    desk: Desk
    name: str
    token: str
    csrf: str

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.desk.send("GET", path, token=self.token, headers=headers)

    async def post(self, path: str, fields: Mapping[str, str] | None = None, *, csrf: bool = True, **headers: str) -> Answer:
        proof = {"csrf": self.csrf} if csrf else {}
        return await self.desk.send("POST", path, token=self.token, fields={**(fields or {}), **proof}, headers=headers)


@dataclass
class Desk(OnDisk):
    """The desk of an office of one service."""

    database: Database
    journal: Journal
    sealer: Sealer
    clock: HandClock
    daybook: Daybook
    accounts: Accounts
    sessions: StaffSessions
    casework: Casework
    book: Book
    switch: Switch
    roster: Roster
    canned: Canned
    audit: Audit
    tasks: TaskPages
    requests: RequestPages
    shown: dict[str, str]
    woken: list[str] = field(default_factory=list)
    client: TestClient[web.Request, web.Application] | None = None

    async def enter(self, role: str = "clerk", name: str = "", *, shown: str = "", teams: tuple[str, ...] = ()) -> Person:
        """Make an account, if there is none of the name, and sign in to it."""
        name = name or role
        if name not in self.shown:
            # Without the hash of a password, which takes its time: nobody here signs in with one.
            row = {"name": name, "role": role, "shown": shown or name.title(), "teams": ",".join(teams), "password": "", "one_time": False,
                   "made": stamp(self.clock.now())}  # fmt: skip
            async with self.database.write() as connection:
                await connection.execute(staff.insert().values(**row))
            self.shown[name] = str(row["shown"])
        token, csrf = await self.sessions.open(name, FULL, "Firefox Linux", "127.0.0.1")
        return Person(self, name, token, csrf)

    async def send(
        self, method: str, path: str, *, token: str = "", fields: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request; redirects are not followed."""
        assert self.client is not None
        # A browser sends the cookie over loopback without TLS; the client of the tests does not, so it is written by hand.
        told = {"Cookie": f"{COOKIE}={token}", **{name.replace("_", "-"): value for name, value in (headers or {}).items()}}
        async with self.client.request(method, path, data=fields, headers=told, allow_redirects=False) as response:
            return Answer(response.status, await response.text(), dict(response.headers))

    async def open(self, *words: str, phone: str = "", left: bool = False, due: str = "") -> str:
        """Open a consultation, say `words`, and with `left` leave it as a message out of hours."""
        return (await self.open_many(1, *words, phone=phone, left=left, due=due))[0]

    async def open_many(self, count: int, *words: str, phone: str = "", left: bool = False, due: str = "") -> list[str]:
        """Open as many consultations at once."""
        said = [Event("said", "citizen", {"turn": turn}, {"text": text}) for turn, text in enumerate(words, 1)]
        handed = [Event("handed_off", "zhixun", {"state": "message_left", "reason": "asked", "team": TEAMS[0], "due": due})] if left else []
        contact = [Event("contact_left", "citizen", {"what": "phone", "turn": 1}, {"phone": phone})] if phone else []
        opened = Event("opened", "zhixun", {"channel": "web", "region": "西宁市", "consent": True})
        async with self.database.write() as connection:
            numbers = [(await self.journal.open(connection, opened)).consultation for _ in range(count)]
            for number in numbers:
                await self.journal.append(connection, number, [*said, *handed, *contact])
        return numbers

    async def add(self, number: str, *events: Event) -> None:
        """Write events as another room would."""
        async with self.database.write() as connection:
            await self.journal.append(connection, number, events)

    async def read(self, number: str) -> list[Entry]:
        async with self.database.read() as connection:
            return await self.journal.read(connection, number)

    async def notes(self, *kinds: str) -> list[tuple[str, str, dict[str, Any], Any]]:
        """Return what the day books hold of these kinds: kind, actor, open and private part."""
        books = [number for (number,) in self.sql("SELECT number FROM consultations WHERE channel = 'desk' ORDER BY opened")]
        entries = [entry for number in books for entry in await self.read(number)]
        return [(entry.kind, entry.actor, dict(entry.open), entry.private) for entry in entries if entry.kind in kinds]

    async def ask(self, once: str = "1", **values: str) -> str:
        """Send the form of the service; returns the number of the request."""
        return (await self.book.submit("search", {**FORM, **values}, "西宁市", once)).number

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """Give the list of the statements that are run meanwhile."""
        engine, asked = self.database._connected.sync_engine, list[str]()

        def count(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
            asked.append(statement)

        sa.event.listen(engine, "before_cursor_execute", count)
        try:
            yield asked
        finally:
            sa.event.remove(engine, "before_cursor_execute", count)


def following(standing: str) -> list[str]:
    """Return to which standings a request may go."""
    return [one for one in STANDINGS if _may(standing, one)]


def _may(standing: str, new: str) -> bool:
    try:
        return bool(step(standing, new))
    except CitizenError:
        return False


async def no_records(number: str) -> list[Mapping[str, str]]:
    """Return the records that name a number, where there are no registers."""
    return []


@asynccontextmanager
async def desk_in(folder: Path, empty_store: bytes, clock: HandClock | None = None) -> AsyncIterator[Desk]:
    """Open a desk in `folder`, whose store begins as `empty_store`, and serve it on loopback."""
    (folder / "zhixun.db").write_bytes(empty_store)
    clock, woken, shown = clock or HandClock(), list[str](), dict[str, str]()

    def names(name: str) -> str:
        return shown.get(name, name)

    async with Database(f"sqlite:///{folder}/zhixun.db") as database:
        journal = Journal(database, Keyring(folder / "keys"), clock, "sha256", "ZX")
        await journal.prepare()
        ledger = Ledger(journal, folder / "archive", load_signer(folder / "keys"))
        await ledger.prepare()
        sealer = Sealer(journal, folder / "archive", ledger)
        daybook = Daybook(database, journal, clock, "西宁市", seal=sealer.seal)
        accounts = Accounts(database, clock, daybook, KEY, frozenset({"administrator"}))
        sessions, switch, roster = StaffSessions(database, clock), Switch(database), Roster(database, clock, daybook)
        catalogue = Catalogue()
        book = Book(database, journal, catalogue, Codes(bytes(32)), clock, "FW", seal=sealer.seal, wake=woken.append)
        casework = Casework(database, journal, clock, seal=sealer.seal, wake=woken.append)
        opened = functools.partial(open_rows, journal.keyring)
        canned = Canned(database, clock, daybook)
        audit = Audit(database, opened, names, {"standing": STANDINGS})
        view = View.of({"name": "知询", "office": "西宁市知识产权公共服务"}, lambda: "", dict, 1800)
        task_list = TaskList(database, clock, opened, lambda service: catalogue.follow_up(service)[1])
        tasks = TaskPages(view, task_list, casework, daybook, clock, names)
        requests = RequestPages(
            view=view, database=database, journal=journal, book=book, daybook=daybook, clock=clock, hours=HOURS, warn_at=0.7,
            standings=STANDINGS, following=following, names=names, accounts=accounts.list, teams=TEAMS, linked=no_records,
        )  # fmt: skip
        pages = (
            tasks, requests, TeamPages(view, database, accounts, sessions, daybook, TEAMS),
            RosterPages(view, roster, clock, HOURS.spans, accounts.list, names), CannedPages(view, canned, TEAMS),
            SwitchPages(view, switch, audit, daybook), AuditPages(view, audit, daybook, clock, harmless, accounts.list),
        )  # fmt: skip
        gate = Gate(sessions, view, Limiter(on=False), lambda request: "127.0.0.1")
        application = web.Application()
        application.add_routes(gate.guard([route for each in pages for route in each.routes()]))
        desk = Desk(folder, database, journal, sealer, clock, daybook, accounts, sessions, casework, book, switch, roster, canned, audit,
                    tasks, requests, shown, woken)  # fmt: skip
        async with TestClient(TestServer(application)) as client:
            desk.client = client
            yield desk
