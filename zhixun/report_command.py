"""What the command `report` does: prints which clauses are served by what, or writes the analysis report of a span."""

from __future__ import annotations

import argparse
import asyncio
from datetime import date
from pathlib import Path

from zhixun.clock import Clock
from zhixun.errors import StopNow
from zhixun.knowledge.coverage import Use, coverage, read_rows, serving, table
from zhixun.knowledge.load import load
from zhixun.knowledge.registers import raw_registers
from zhixun.knowledge.shelf import Shelf
from zhixun.knowledge.site import load_site
from zhixun.registers.read import read_registers
from zhixun.settings import Settings

__all__ = ["add_report", "run_report"]


def add_report(command: argparse.ArgumentParser) -> None:
    """Describe the command's words."""
    words = "coverage 规范各条款由什么内容承担、用过几次、还缺什么；analysis 一段时间的咨询分析报告，写成 Word、PDF 和 Excel"
    command.add_argument("what", choices=("coverage", "analysis"), help=words)
    command.add_argument("--from", dest="since", type=date.fromisoformat, help="开始日期（含），如 2026-11-01；不写就是本月")
    command.add_argument("--to", dest="until", type=date.fromisoformat, help="截止日期（含）")
    command.add_argument("--span", choices=("month", "quarter", "half", "year"), help="--from 所在的整月、季度、半年或年")
    command.add_argument("--out", type=Path, default=Path(), help="写到哪个目录，默认当前目录")
    command.add_argument("--form", choices=("docx", "pdf", "xlsx"), action="append", help="只要这一种；可以写几次，默认三种都写")


def run_report(settings: Settings, given: argparse.Namespace) -> int:
    """Print the coverage, or write the files of a report; returns the exit code.

    Raises:
        StopNow: the folder cannot be written to.
    """
    if given.what == "analysis":
        return _analysis(settings, given)
    from zhixun.archive.rebuild import taken_over
    from zhixun.reports.usage import Usage
    from zhixun.store import Archive, with_archive

    async def work(archive: Archive) -> dict[str, Use]:
        usage = Usage(archive.database, lambda: taken_over(archive.journal, archive.folder))
        await usage.catch_up()
        # A guide was used when it was walked to its end, a service when it was asked for.
        shows = {"guide": "guided", "service": "requested"}
        return {
            name: Use(used.count, used.last)
            for (kind, name), used in (await usage.counted()).items()
            if kind == shows.get(name.partition(":")[0], "said")
        }

    knowledge = load(settings.knowledge_dir, settings.own_dir)
    registers = read_registers(raw_registers(settings.knowledge_dir))
    covered = coverage(read_rows(settings.knowledge_dir), knowledge, serving(registers.values()))
    print(table(covered, knowledge, with_archive(settings, work)))
    return 0


def _span(given: argparse.Namespace, today: date) -> dict[str, str]:
    """Return the span that is asked for, as a page would ask for it."""
    if given.span or given.since is None:
        return {"kind": given.span or "month", "day": (given.since or today).isoformat()}
    return {"kind": "any", "since": given.since.isoformat(), "until": (given.until or today).isoformat()}


def _analysis(settings: Settings, given: argparse.Namespace) -> int:
    from zhixun.analysed import FORMS, Analysed
    from zhixun.archive.index import Index
    from zhixun.archive.keys import load_secret
    from zhixun.archive.words import Words
    from zhixun.store import Archive, with_archive

    span = _span(given, Clock(settings.today).today())
    knowledge, site = load(settings.knowledge_dir, settings.own_dir), load_site(settings.knowledge_dir)
    words = Words(load_secret(settings.data_dir / "keys" / "index.key"))

    async def work(archive: Archive) -> list[Path]:
        # The report counts what the index has, and the service may not be running that keeps it.
        await Index(archive.journal, archive.folder, knowledge.facets, words).catch_up()
        reports = Analysed(archive.database, archive.journal, archive.clock, site, Shelf(knowledge))
        written = []
        for form in given.form or FORMS:
            data, name, _ = await reports.file(span, form)
            await asyncio.to_thread((given.out / name).write_bytes, data)
            written.append(given.out / name)
        return written

    try:
        given.out.mkdir(parents=True, exist_ok=True)
        for path in with_archive(settings, work):
            print(f"已写出 {path}")
    except OSError as error:
        raise StopNow(f"写不到 {given.out}：{error.strerror}。") from error
    return 0
