"""What the tests share: a clock that the test turns, an engine that remembers what it was asked, and a joined deployment."""

from __future__ import annotations

import asyncio
import dataclasses
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from zhixun.archive.journal import Journal
from zhixun.archive.keys import Keyring, load_signer
from zhixun.archive.ledger import Ledger
from zhixun.archive.opened import open_rows
from zhixun.archive.receipt import Receipts
from zhixun.archive.seal import Sealer
from zhixun.clock import ZONE, Clock
from zhixun.conversation.consultation import Consultations
from zhixun.conversation.rating import Ratings
from zhixun.conversation.switch import Switch
from zhixun.conversation.takeover import Takeover
from zhixun.conversation.turn import Turns
from zhixun.database import Database, migrate
from zhixun.desk.correctives import Correctives
from zhixun.joined import request_book
from zhixun.knowledge.load import load
from zhixun.knowledge.model import Knowledge
from zhixun.knowledge.site import Hours, Site, load_site
from zhixun.messages import EngineTurn, Entry, Event, Reply
from zhixun.recalled import Recalled
from zhixun.referral.book import Referrals
from zhixun.referral.ports import Rules
from zhixun.requests.book import Book
from zhixun.requests.codes import Codes
from zhixun.sending import Register

ROOT = Path(__file__).resolve().parent.parent
IDLE = timedelta(minutes=30)
IN_GUIDE = timedelta(hours=72)
LEASE = timedelta(seconds=60)

# A Friday within the hours below; Saturday and Sunday follow.
OPEN_MOMENT = datetime(2026, 11, 20, 10, 0, tzinfo=ZONE)
NIGHT = datetime(2026, 11, 20, 22, 0, tzinfo=ZONE)
_DAY = ((time(9), time(12)), (time(13, 30), time(17, 30)))
HOURS = Hours(
    week=dict.fromkeys(range(1, 6), _DAY),
    holidays=frozenset({date(2026, 10, 1), date(2026, 10, 2)}),
    workdays=frozenset({date(2026, 10, 10)}),
    years=frozenset({2026}),
    confirmed=True,
)


class HandClock(Clock):
    """A clock that stands still until the test turns it."""

    def __init__(self, moment: datetime = OPEN_MOMENT, legal_day: date | None = None) -> None:
        super().__init__(legal_day)
        object.__setattr__(self, "_hand", [moment])

    def now(self) -> datetime:
        return self._hand[0].astimezone(UTC)

    def turn_to(self, moment: datetime) -> None:
        self._hand[0] = moment

    def turn_by(self, span: timedelta) -> None:
        self._hand[0] += span


class Crash(BaseException):
    """Ends a turn the way a dying process does: nothing of ours may catch it."""


class RecordingEngine:
    """The one outside collaborator: answers each text as it was told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.ready = True
        self.asked: list[tuple[str, str, str]] = []
        self.retried: list[tuple[int, bool]] = []
        self.answers: dict[str, EngineTurn | BaseException] = {}
        self.while_asked: Callable[[], object] = lambda: None
        self.gate = asyncio.Event()
        self.gate.set()
        self.at_once = 0
        self.most_at_once = 0

    @property
    def texts(self) -> list[str]:
        return [text for _, text, _ in self.asked]

    async def ask(
        self, consultation: str, text: str, region: str, last: str = "", *, turn: int = 0, again: bool = False
    ) -> EngineTurn:
        self.retried.append((turn, again))
        self.asked.append((consultation, text, region))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.while_asked()
            await self.gate.wait()
        finally:
            self.at_once -= 1
        answer = self.answers.get(text) or answered(f"答：{text}")
        if isinstance(answer, BaseException):
            raise answer
        return answer


def answered(*texts: str, **more: object) -> EngineTurn:
    """Make an engine's answer of plain bubbles."""
    return EngineTurn("answered", tuple(Reply(text) for text in texts), parsed={"intent": "ask", "confidence": 0.9}, **more)


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Let the other tasks run until `condition` holds; fails after a while that no machine needs."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a test looks from outside; there is no event to wait for
            await asyncio.sleep(0)


@asynccontextmanager
async def held_elsewhere(folder: Path) -> AsyncIterator[None]:
    """Hold the store in `folder` as another process would.

    Waited for in a thread: whoever writes at this moment must be let go on, or would never come to an end.
    """
    with closing(sqlite3.connect(folder / "zhixun.db", timeout=20, isolation_level=None, check_same_thread=False)) as other:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        yield


def short(value: object) -> str:
    """Name a parameter of a test by its beginning."""
    return repr(value)[:40]


@cache
def real_knowledge() -> Knowledge:
    """Return the knowledge of this repository, read once."""
    return load(ROOT / "knowledge")


@dataclass
class OnDisk:
    """A store in `folder`, as it stands on the disk."""

    folder: Path

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask or change the file itself, as another process would: only what is committed is seen."""
        with sqlite3.connect(self.folder / "zhixun.db") as other:
            found = list(other.execute(statement, values))
        other.close()
        return found

    def bytes_on_disk(self) -> bytes:
        """Return everything that stands in the store's files."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.glob("zhixun.db*")))


@dataclass
class Office(OnDisk):
    """A joined deployment: everything is ours and real but the engine and the clock."""

    database: Database
    journal: Journal
    ledger: Ledger
    sealer: Sealer
    receipts: Receipts
    clock: HandClock
    engine: RecordingEngine
    site: Site
    turns: Turns
    consultations: Consultations
    ratings: Ratings
    correctives: Correctives
    book: Book
    switch: Switch
    takeover: Takeover
    referrals: Referrals
    ticks: list[float]
    """The seconds that leases are counted by; the test moves the last of them on."""
    woken: list[str] = field(default_factory=list)

    def restarted(self) -> Turns:
        """Return the turns of a new process on the same store."""
        recalled = Recalled(self.book, self.receipts, "ZX")
        return Turns(self.database, self.journal, self.engine, self.site, recalled, self.clock, self.woken.append, self.switch)

    async def open(self, region: str = "西宁市") -> str:
        """Open a consultation; returns its number."""
        return (await self.consultations.open("api", region, consent=True))[1]

    async def entries(self, number: str) -> list[Entry]:
        async with self.database.read() as connection:
            return await self.journal.read(connection, number)

    async def add(self, number: str, *events: Event) -> None:
        """Write events as another room would, e.g. a clerk's words."""
        async with self.database.write() as connection:
            await self.journal.append(connection, number, events)


@cache
def _site() -> Site:
    """Return the real site with the hours that the tests reckon with."""
    return dataclasses.replace(load_site(ROOT / "knowledge"), hours=HOURS)


@cache
def _empty_store() -> bytes:
    """Return the file of a store that the migrations have just made."""
    with tempfile.TemporaryDirectory() as folder:
        migrate(f"sqlite:///{folder}/zhixun.db")
        # The last connection that closed has written everything into the file.
        assert [path.name for path in Path(folder).iterdir()] == ["zhixun.db"]
        return (Path(folder) / "zhixun.db").read_bytes()


def _put_empty_store(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "zhixun.db").write_bytes(_empty_store())


@asynccontextmanager
async def office_in(folder: Path, clock: HandClock | None = None) -> AsyncIterator[Office]:
    """Join a deployment in `folder` the way app.py does."""
    url = f"sqlite:///{folder}/zhixun.db"
    _put_empty_store(folder)
    clock = clock or HandClock()
    site = _site()
    engine, woken = RecordingEngine(), list[str]()
    async with Database(url) as database:
        journal = Journal(database, Keyring(folder / "keys"), clock, "sha256", "ZX")
        await journal.prepare()
        ledger = Ledger(journal, folder / "archive", load_signer(folder / "keys"))
        await ledger.prepare()
        sealer = Sealer(journal, folder / "archive", ledger)
        book = request_book(
            database, journal, Codes(bytes(32)), clock, real_knowledge(), site, seal=sealer.seal, wake=woken.append
        )  # fmt: skip
        switch = Switch(database)
        receipts = Receipts(journal, folder / "archive")
        turns = Turns(database, journal, engine, site, Recalled(book, receipts, "ZX"), clock, woken.append, switch)
        correctives = Correctives(
            database, journal, clock, site.correctives, partial(open_rows, journal.keyring), seal=sealer.seal, wake=woken.append
        )  # fmt: skip
        ratings = Ratings(
            database, journal, site, clock, turns.order, seal=sealer.seal, watch=correctives.watch, link=lambda _: ""
        )  # fmt: skip
        consultations = Consultations(
            database, journal, site, clock, turns.order,
            seal=sealer.seal, wake=woken.append, quick=site.quick, idle=IDLE,
            in_guide=IN_GUIDE,
        )  # fmt: skip
        register = Register(real_knowledge)
        referrals = Referrals(
            database, journal, clock, Codes(bytes(32)), register, Rules(site.office, "ZJ", "", site.hours, 7, 3), {},
            seal=sealer.seal, wake=woken.append,
        )  # fmt: skip
        ticks = [0.0]
        takeover = Takeover(
            database, journal, site, clock, turns.order, seal=sealer.seal, wake=woken.append,
            lease=LEASE, patience=timedelta(minutes=15), now=lambda: ticks[-1],
        )  # fmt: skip
        yield Office(
            folder, database, journal, ledger, sealer, receipts, clock, engine, site, turns, consultations, ratings, correctives,
            book, switch, takeover, referrals, ticks, woken,
        )  # fmt: skip
