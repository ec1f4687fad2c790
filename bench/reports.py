"""The analysis report over a year: makes consultations, lets the index read them, and times the figures, the page and the words.

    python -m bench.reports [--cases 30000] [--folder FOLDER] [--write]

A store that lies in FOLDER already is used again. The consultations are those of `bench.archive`, within one year; of half of them
it is told who asks, and those that staff took were answered after some hours and ended after some days.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bench.archive as made
from bench.archive import Maker, Stopwatch, Timed, fill
from bench.product import PROJECT, report
from zhixun.analysed import FORMS, Analysed
from zhixun.archive.index import Index
from zhixun.archive.journal import Journal
from zhixun.archive.keys import Keyring
from zhixun.archive.words import Words
from zhixun.clock import Clock
from zhixun.database import migrate
from zhixun.desk.pages.reports import ReportPages
from zhixun.desk.staff import FULL, Staff
from zhixun.desk.view import View
from zhixun.knowledge.load import load
from zhixun.knowledge.shelf import Shelf
from zhixun.knowledge.site import Site, load_site
from zhixun.messages import Event

BAR_SECONDS = 2.0
ROUNDS = 5
TODAY = date(2026, 11, 20)
YEAR = {"kind": "any", "since": "2025-11-21", "until": "2026-11-20"}
MONTH = {"kind": "month", "day": "2026-10-01"}


class Described(Maker):
    """Makes the same consultations, and tells of some who asks."""

    site: Site

    def consultation(self) -> Iterator[Event]:
        for event in super().consultation():
            if event.kind == "closed" and self.rng.random() < 0.5:
                told = {name: self.rng.choice(values) for name, values in self.site.described.offered.items()}
                yield Event("described", "staff:li", told)
            yield event


async def store(folder: Path, count: int, journal: Journal, knowledge: Any, site: Site) -> str:
    """Make the store unless it is there; returns what that took, in words."""
    async with journal.database.read() as connection:
        there, _ = await journal.head(connection)
    lines = "a store that was there"
    if not there:
        made.DAYS, made.LAST_DAY = 365, TODAY
        maker = Described(random.Random(7), knowledge)
        maker.site = site
        began = time.perf_counter()
        entries = await fill(journal, maker, count)
        lines = f"{count} consultations, {entries} entries, made in {time.perf_counter() - began:.0f} s"
    began = time.perf_counter()
    await Index(journal, folder / "archive", knowledge.facets, Words(bytes(32))).catch_up()
    async with journal.database.write() as connection:
        # All of a consultation is made in one moment; working time is to be reckoned over real spans.
        await connection.exec_driver_sql(
            "UPDATE cases SET helped = strftime('%Y-%m-%dT%H:%M:%S.000Z', handed, '+' || (id % 400) || ' minutes'), "
            "closed = strftime('%Y-%m-%dT%H:%M:%S.000Z', handed, '+' || (400 + id % 5000) || ' minutes') WHERE handed != ''"
        )
    return f"{lines}; indexed in {time.perf_counter() - began:.0f} s"


def pages(reports: Analysed) -> ReportPages:
    """Return the page, drawn as the desk draws it."""
    view = View.of({"name": "知询", "office": "西宁市知识产权公共服务"}, lambda: "", dict, 1800)
    view.environment.filters |= {"staff_name": str, "title_of": str}
    return ReportPages(view, reports, SimpleNamespace())  # type: ignore[arg-type]


async def measure(folder: Path, count: int) -> str:
    """Make, index and report; returns the report."""
    url = f"sqlite:///{folder}/zhixun.db"
    migrate(url)
    knowledge, site = load(PROJECT / "knowledge"), load_site(PROJECT / "knowledge")
    async with Timed(url) as database:
        clock = Clock(TODAY)
        journal = Journal(database, Keyring(folder / "keys"), clock, "sha256", "ZX")
        await journal.prepare()
        lines = [await store(folder, count, journal, knowledge, site)]
        reports = Analysed(database, journal, clock, site, Shelf(knowledge))
        drawn, staff = pages(reports), Staff("li", "李", "reviewer", (), "", "", FULL)
        for name, span in (("a month", MONTH), ("a year", YEAR)):
            lines.append(f"the page of {name}, words still to come: {await time_page(drawn, staff, span)}; bar {BAR_SECONDS:g} s")
        for name, span in (("a month", MONTH), ("a year", YEAR)):
            reports = Analysed(database, journal, clock, site, Shelf(knowledge))
            began, computed = time.perf_counter(), time.process_time()
            await reports.waiting(span)
            await reports.work()
            took, computed = time.perf_counter() - began, time.process_time() - computed
            lines.append(f"words of {name}, beside the service: {took:.1f} s (computing {computed:.1f} s)")
        drawn = pages(reports)
        lines.append(f"the page of a year, words there: {await time_page(drawn, staff, YEAR)}; bar {BAR_SECONDS:g} s")
        for form in FORMS:
            began = time.perf_counter()
            data, _, _ = await reports.file(YEAR, form)
            lines.append(f"a year as {form}: {time.perf_counter() - began:.1f} s, {len(data) / 1e3:.0f} kB")
    return "\n".join(lines)


async def time_page(drawn: ReportPages, staff: Staff, span: dict[str, str]) -> str:
    """Draw the page again and again; returns how long it took, in words."""
    watch = Stopwatch()
    for _ in range(ROUNDS):
        request = SimpleNamespace(query=span, path="/desk/reports", method="GET")
        watch.start()
        answer = await drawn._page(request, staff)  # type: ignore[arg-type]
        watch.stop()
        assert answer.status == 200
    return str(watch)


if __name__ == "__main__":
    report("reports", measure, __doc__, 30_000)
