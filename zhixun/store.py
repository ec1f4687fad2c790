"""Opens the store and what keeps it, for the service or for one command."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from zhixun.archive.attachments import Attachments, folder_beside
from zhixun.archive.journal import Journal
from zhixun.archive.keys import Keyring, load_secret, load_signer
from zhixun.archive.ledger import Ledger
from zhixun.archive.rebuild import is_behind, rebuild
from zhixun.archive.receipt import Receipts
from zhixun.archive.seal import Sealer
from zhixun.clock import Clock
from zhixun.database import Database, migrate
from zhixun.desk.daybook import Daybook
from zhixun.knowledge.site import load_site
from zhixun.requests.codes import Codes
from zhixun.settings import Settings

__all__ = ["Archive", "open_archive", "with_archive"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Archive:
    """The store and what keeps it, opened for the service or for one command."""

    database: Database
    journal: Journal
    ledger: Ledger
    sealer: Sealer
    receipts: Receipts
    clock: Clock
    folder: Path
    codes: Codes
    daybook: Daybook
    attachments: Attachments


@contextlib.asynccontextmanager
async def open_archive(settings: Settings, patience: float = 10) -> AsyncIterator[Archive]:
    """Open the store, bringing it to the newest form first; `patience` is how long a write waits for others (seconds)."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    settings.data_dir.chmod(0o700)
    await asyncio.to_thread(migrate, settings.database_url)
    clock = Clock(settings.today)
    keys, folder = settings.data_dir / "keys", settings.data_dir / "archive"
    site = load_site(settings.knowledge_dir)
    async with Database(settings.database_url, patience) as database:
        journal = Journal(database, Keyring(keys), clock, settings.digest, site.number_prefix)
        await journal.prepare()
        ledger = Ledger(journal, folder, load_signer(keys))
        sealer = Sealer(journal, folder, ledger)
        if await is_behind(journal):
            await rebuild(journal, folder, sealer)
        yield Archive(
            database, journal, ledger, sealer, Receipts(journal, folder), clock, folder,
            Codes(load_secret(keys / "requests.key")), Daybook(database, journal, clock, site.region, seal=sealer.seal),
            Attachments(database, journal, folder_beside(folder), site.phrases["attached"]),
        )  # fmt: skip


def with_archive(settings: Settings, work: Callable[[Archive], Awaitable[_T]]) -> _T:
    """Open the store, do one piece of work, close it; for a command."""

    async def run() -> _T:
        async with open_archive(settings) as archive:
            return await work(archive)

    return asyncio.run(run())
