"""A small deployment for the tests of the archive: a real store and real files in a folder, and a clock that the test turns."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

from zhixun.archive import checker
from zhixun.archive.erase import erase
from zhixun.archive.journal import Journal
from zhixun.archive.keys import Keyring, load_signer
from zhixun.archive.ledger import Ledger
from zhixun.archive.receipt import Receipts
from zhixun.archive.report import Report
from zhixun.archive.seal import Sealer
from zhixun.archive.verify import verify
from zhixun.clock import Clock
from zhixun.database import Database, migrate
from zhixun.messages import Entry, Event

DAYS = (date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21))
SCORES = {"professionalism": 5, "attitude": 5, "content": 4, "quality": 4, "satisfaction": 5}


class World:
    """One deployment, open."""

    def __init__(self, folder: Path, database: Database, algorithm: str) -> None:
        self.folder = folder
        self.archive = folder / "archive"
        self.keys = folder / "keys"
        self.database = database
        self.signer = load_signer(self.keys)
        self.journal = Journal(database, Keyring(self.keys), Clock(DAYS[0]), algorithm, "ZX")
        self.ledger = Ledger(self.journal, self.archive, self.signer)
        self.sealer = Sealer(self.journal, self.archive, self.ledger)
        self.receipts = Receipts(self.journal, self.archive)

    async def turn_to(self, day: date) -> None:
        """Let it be `day`; the days before are closed."""
        self.journal.clock = Clock(day)
        await self.ledger.close_days(day)

    async def open(self, *words: str, phone: str = "") -> str:
        """Open a consultation and say `words`."""
        async with self.database.write() as connection:
            opened = Event("opened", "zhixun", {"channel": "web", "region": "630100", "consent": True})
            number = (await self.journal.open(connection, opened)).consultation
            await self.journal.append(connection, number, [Event("said", "system", {"turn": 0, "kind": "greeting"}, {"text": "您好"})])
        for turn, text in enumerate(words or ("商标异议期限多长？",), 1):
            await self.add(number, *_turn(turn, text))
        if phone:
            await self.add(number, Event("contact_left", "citizen", {"what": "phone"}, {"phone": phone}))
        return number

    async def add(self, number: str, *events: Event) -> list[Entry]:
        """Write events."""
        async with self.database.write() as connection:
            return await self.journal.append(connection, number, events)

    async def close(self, number: str) -> str:
        """Close and seal; returns the receipt's code."""
        await self.add(number, Event("closed", "citizen", {"state": "closed", "reason": "citizen"}))
        return await self.sealer.seal(number)

    async def consult(self, *words: str, phone: str = "") -> tuple[str, str]:
        """Open, speak, close: number and code."""
        number = await self.open(*words, phone=phone)
        return number, await self.close(number)

    async def rate(self, number: str, words: str = "很好") -> None:
        """Rate after closing."""
        await self.add(number, Event("rated", "citizen", {"scores": SCORES}, {"words": words}))
        await self.sealer.seal(number)

    async def erase(self, number: str) -> None:
        """Erase."""
        await erase(self.journal, self.sealer, number, "本人请求")

    async def verify(self, **more: Any) -> Report:
        """Verify; nothing is being written, unless a test gives a `pause`."""
        more = {"keys": self.keys, "pause": 0, **more}
        return await verify(self.journal, self.archive, self.signer.public_key(), **more)

    async def read(self, number: str) -> list[Entry]:
        """Read all entries."""
        async with self.database.read() as connection:
            return await self.journal.read(connection, number)

    async def sql(self, statement: str, *values: Any) -> list[Any]:
        """Ask the store directly."""
        async with self.database.read() as connection:
            return list((await connection.exec_driver_sql(statement, values)).all())


@asynccontextmanager
async def world_at(folder: Path, algorithm: str = "sha256", day: date = DAYS[0]) -> AsyncIterator[World]:
    """Start a deployment in `folder` the way the service does."""
    migrate(f"sqlite:///{folder}/zhixun.db")
    async with restarted_at(folder, algorithm, day) as world:
        yield world


@asynccontextmanager
async def restarted_at(folder: Path, algorithm: str = "sha256", day: date = DAYS[0]) -> AsyncIterator[World]:
    """Start it again; the store has its tables."""
    async with look_at(folder, algorithm) as world:
        world.journal.clock = Clock(day)
        await world.journal.prepare()
        await world.ledger.prepare()
        await world.sealer.seal_pending()
        await world.ledger.close_days(day)
        await world.ledger.witness()
        yield world
        await world.ledger.witness()


@asynccontextmanager
async def look_at(folder: Path, algorithm: str = "sha256") -> AsyncIterator[World]:
    """Open what is there without starting anything, as `zhixun verify` does."""
    async with Database(f"sqlite:///{folder}/zhixun.db") as database:
        yield World(folder, database, algorithm)


def check(
    archive: Path, receipts: Sequence[tuple[str, str]] = (), heads: Sequence[Path] = (), key: str = "", *, part: bool = False
) -> list[str]:
    """Run the stand-alone checker in this process; returns what it found."""
    return checker.Check(Namespace(archive=archive, receipt=receipts, head=heads, key=key, part=part)).found


def run_checker(*arguments: object, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Run the stand-alone checker as anybody would."""
    command = [python, "-I", "-X", "utf8", str(checker.__file__), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)


def _turn(turn: int, text: str) -> list[Event]:
    answer = {"text": f"关于“{text}”：自初步审定公告之日起三个月内。",
              "basis": [{"title": "商标法", "locator": "第三十三条", "in_force": True}], "buttons": []}  # fmt: skip
    return [
        Event("said", "citizen", {"turn": turn, "hidden": [], "message_id": f"m{turn}"}, {"text": text}),
        Event("parsed", "engine", {"turn": turn, "status": "answered", "intent": "ask", "confidence": 0.93}),
        Event("said", "bot", {"turn": turn, "status": "answered", "kind": "answer", "knowledge": ["trademark-opposition"]}, answer),
    ]
