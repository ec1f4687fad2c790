"""The page of the specification against the service on a large store: counting the journal once, then drawing the page.

    python -m bench.coverage [--cases 100000] [--folder FOLDER] [--write]

The journal is made as `bench.archive` makes it. What a page waits for is the sum over days that were counted before.
"""

from __future__ import annotations

import random
import time
from datetime import date
from pathlib import Path

from aiohttp.test_utils import make_mocked_request

from bench.archive import Maker, Stopwatch, Timed, fill
from bench.product import PROJECT, report
from zhixun.archive.journal import Journal
from zhixun.archive.keys import Keyring
from zhixun.archive.rebuild import taken_over
from zhixun.clock import Clock
from zhixun.database import migrate
from zhixun.desk.pages.coverage import CoveragePages
from zhixun.desk.staff import FULL, Staff
from zhixun.desk.view import View
from zhixun.growth import Growth, Registers
from zhixun.knowledge.coverage import read_rows
from zhixun.knowledge.load import load
from zhixun.knowledge.site import load_site
from zhixun.reports.usage import Usage

ROUNDS = 10
STAFF = Staff("bench", "量", "reviewer", (), "", "", FULL)
DAY = date(2026, 11, 20)


class NoBook:
    """Takes what is noted, and keeps nothing."""

    async def note(self, *_: object) -> None:
        pass


async def no_records() -> dict[str, int]:
    return {}


async def measure(folder: Path, count: int) -> str:
    url = f"sqlite:///{folder}/zhixun.db"
    new = not (folder / "zhixun.db").exists()
    if new:
        migrate(url)
    knowledge, site, clock = load(PROJECT / "knowledge"), load_site(PROJECT / "knowledge"), Clock(DAY)
    async with Timed(url) as database:
        book = Journal(database, Keyring(folder / "keys"), clock, "sha256", "ZX")
        if new:
            await book.prepare()
            await fill(book, Maker(random.Random(7), knowledge), count)
        usage = Usage(database, lambda: taken_over(book, folder))
        database.held = Stopwatch()
        began = time.perf_counter()
        entries = await usage.catch_up()
        took = time.perf_counter() - began
        lines = [f"{count} consultations: {entries} entries counted once in {took:.0f} s; writers waited {database.held}"]
        growth = Growth(lambda: knowledge, read_rows(PROJECT / "knowledge"), site, clock, usage, Registers({}, no_records, {}))
        view = View.of({"name": "知询", "office": site.office}, lambda: "", dict, 1800)
        view.environment.filters["staff_name"] = str
        pages = CoveragePages(view, growth, clock, NoBook(), site.office)
        for name, path in (("page, this year", "/desk/coverage"), ("page, two years", "/desk/coverage?since=2024-01-01"),
                           ("document", "/desk/coverage/docx")):  # fmt: skip
            watch = Stopwatch()
            for _ in range(ROUNDS):
                request = make_mocked_request("GET", path)
                watch.start()
                await (pages._document if name == "document" else pages._page)(request, STAFF)
                watch.stop()
            lines.append(f"{name}: {watch}")
    return "\n".join(lines)


if __name__ == "__main__":
    report("coverage", measure, __doc__, 100_000)
