"""The whole desk as app.py joins it, over a joined deployment, served on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.desk.pages.desk import Answer
from tests.support import Office, real_knowledge
from zhixun.archive.attachments import Attachments, folder_beside
from zhixun.archive.index import Index
from zhixun.archive.opened import open_rows
from zhixun.archive.search import Search
from zhixun.archive.verify import verify_case
from zhixun.archive.views import Views
from zhixun.archive.words import Words
from zhixun.channels.attachments import give
from zhixun.clock import stamp
from zhixun.database import staff
from zhixun.desk.daybook import Daybook
from zhixun.desk.events import Events
from zhixun.desk.gate import COOKIE
from zhixun.desk.staff import FULL
from zhixun.desk.staff_sessions import StaffSessions
from zhixun.filing import Filed
from zhixun.front_desk import FrontDesk, Rooms
from zhixun.improve.candidates import Candidates
from zhixun.improve.drafts import Drafts
from zhixun.improve.turns import Turns
from zhixun.improving import Improving
from zhixun.limits import Limiter
from zhixun.names import told
from zhixun.referral.deliver import Deliveries
from zhixun.referral.letters import Letters
from zhixun.referral.ports import Rules
from zhixun.releasing import Release
from zhixun.requests.codes import Codes
from zhixun.sending import Register, Sent
from zhixun.settings import read_settings


@dataclass
class Staff:
    """Somebody at the desk, in one browser."""

    whole: Whole
    name: str
    token: str
    csrf: str

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.whole.send("GET", path, token=self.token, headers=headers)

    async def post(self, path: str, fields: Mapping[str, str] | Sequence[tuple[str, str]] = (), **headers: str) -> Answer:
        pairs = [*(fields.items() if isinstance(fields, Mapping) else fields), ("csrf", self.csrf)]
        return await self.whole.send("POST", path, token=self.token, fields=pairs, headers=headers)


@dataclass
class Whole:
    """The desk, the office behind it, and what the engine understands."""

    office: Office
    desk: FrontDesk
    daybook: Daybook
    index: Index
    events: Events
    understood: dict[str, Any]
    client: TestClient[web.Request, web.Application]

    async def send(
        self, method: str, path: str, *, token: str = "", fields: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request; redirects are not followed."""
        cookie = {"Cookie": f"{COOKIE}={token}"} if token else {}
        told = {**cookie, **{name.replace("_", "-"): value for name, value in (headers or {}).items()}}
        async with self.client.request(method, path, data=fields, headers=told, allow_redirects=False) as response:
            return Answer(response.status, (await response.read()).decode("utf-8", "replace"), dict(response.headers))

    async def enter(self, role: str = "clerk", name: str = "", teams: str = "") -> Staff:
        """Make an account and sign in to it, without the hash of a password, which takes its time."""
        name = name or role
        clock = self.office.clock
        row = {"name": name, "role": role, "shown": name.title(), "teams": teams, "password": "", "one_time": False,
               "made": stamp(clock.now())}  # fmt: skip
        async with self.office.database.write() as connection:
            await connection.execute(staff.insert().values(**row))
        await self.desk.learn_names()
        return await self.enter_again(name)

    async def enter_again(self, name: str) -> Staff:
        """Sign in to an account that there is."""
        token, csrf = await StaffSessions(self.office.database, self.office.clock).open(name, FULL, "Firefox Linux", "127.0.0.1")
        return Staff(self, name, token, csrf)

    async def queued(self, *words: str) -> str:
        """Return a consultation that waits in the queue, with these words said before."""
        number = await self.office.open()
        for text in (*words, "转人工"):
            await self.office.turns.say(number, text)
        return number

    async def claimed(self, who: Staff, *words: str) -> tuple[str, str]:
        """Return a consultation in somebody's hands, and its fence."""
        number = await self.queued(*words)
        assert (await who.post(f"/desk/cases/{number}/claim")).status == 303
        return number, str(self.office.sql("SELECT fence FROM consultations WHERE number = ?", number)[0][0])

    async def notes(self, *kinds: str) -> list[tuple[str, str, dict[str, Any], Any]]:
        """Return what the day books hold of these kinds: kind, actor, open and private part."""
        books = [str(row[0]) for row in self.office.sql("SELECT number FROM consultations WHERE channel = 'desk' ORDER BY opened")]
        entries = [entry for number in books for entry in await self.office.entries(number)]
        return [(entry.kind, entry.actor, dict(entry.open), entry.private) for entry in entries if entry.kind in kinds]


@asynccontextmanager
async def whole_desk(office: Office) -> AsyncIterator[Whole]:
    """Join the desk over `office` and serve it."""
    knowledge, codes = real_knowledge(), Codes(bytes(32))
    settings = read_settings({"ZHIXUN_DATA_DIR": str(office.folder)})
    daybook = Daybook(office.database, office.journal, office.clock, "西宁市", seal=office.sealer.seal)
    events = Events(office.database, office.woken.append)
    words = Words(bytes(32))
    index = Index(office.journal, office.folder / "archive", knowledge.facets, words)
    drafts = office.folder / "drafts"
    drafts.mkdir()
    rules = Rules(office.site.office, "ZJ", "https://ip.example.cn", office.site.hours, 7, 3)
    letters, register = Letters(rules, codes), Register(lambda: knowledge)
    sent = Sent(
        office.referrals, Deliveries(office.database, office.referrals, letters, register, {}, office.clock), letters, codes, register,
        office.journal, office.database, office.site.office,
    )  # fmt: skip
    filed = Filed(
        office.journal, office.folder / "archive", office.ledger.public_key, drafts, Search(office.journal, words),
        Views(office.database, daybook), told,
    )  # fmt: skip
    understood: dict[str, Any] = {}

    async def understand(text: str) -> Mapping[str, Any]:
        return understood

    async def intact(number: str) -> Sequence[str]:
        return await verify_case(office.journal, office.folder / "archive", number)

    opened = partial(open_rows, office.journal.keyring)
    drafts, turns = Drafts(office.database, office.clock, daybook), Turns(office.database, office.clock, daybook, opened)
    candidates = Candidates(office.database, office.clock, drafts)
    release = Release(settings, lambda: knowledge, None, drafts, candidates, turns, daybook, "西宁市")
    improving = Improving(settings, lambda: knowledge, office.clock, drafts, turns, release, "西宁市")
    folder = folder_beside(office.folder / "archive")
    files = Attachments(office.database, office.journal, folder, office.site.phrases["attached"], spare=0)
    desk = FrontDesk(Rooms(
        settings=settings, database=office.database, journal=office.journal, clock=office.clock, site=office.site,
        present=lambda: knowledge, book=office.book, switch=office.switch, takeover=office.takeover, understand=understand, intact=intact,
        seal=office.sealer.seal, wake=events.wake, limiter=Limiter(on=False), events=events,
        improving=improving,
        address=lambda request: request.headers.get("From", "127.0.0.1"), daybook=daybook, filed=filed, sent=sent, give=give, files=files,
        ratings=office.ratings, correctives=office.correctives, codes=codes,
    ))  # fmt: skip
    application = web.Application()
    application.add_routes(desk.routes())
    await desk.prepare()
    async with TestClient(TestServer(application)) as client:
        yield Whole(office, desk, daybook, index, events, understood, client)
