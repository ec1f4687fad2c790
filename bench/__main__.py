"""`make bench`: measures the product and prints a table; `--write` puts it into docs/benchmarks.md.

    python -m bench [--questions FILE] [--only accuracy|desk] [--write]
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import subprocess
import sys
import time
from pathlib import Path

from bench.desk import measure_desk
from bench.load import at, load
from bench.product import PROJECT, machine, put, running


def training() -> tuple[float, Path]:
    """Train the full model from nothing; returns the seconds and the model."""
    from zhixun.training import model_path, train

    began = time.monotonic()
    asyncio.run(train(PROJECT, lambda _step: None, force=True))
    return time.monotonic() - began, model_path(PROJECT)


def size(folder: Path) -> int:
    """Return the MB that a folder takes."""
    return int(subprocess.run(["du", "-sm", folder], capture_output=True, check=True, text=True).stdout.split()[0])


def resident(pid: int) -> int:
    """Return the MB that a process and its children hold."""
    lines = subprocess.run(["ps", "-eo", "pid,ppid,rss"], capture_output=True, check=True, text=True).stdout.splitlines()[1:]
    rows = [tuple(map(int, line.split())) for line in lines]
    return sum(rss for one, parent, rss in rows if pid in (one, parent)) // 1024


def accuracy(base: str, questions: Path, half: str | None = None) -> str:
    """Ask a file of questions and return the report."""
    command = [sys.executable, str(PROJECT / "bench" / "accuracy.py"), base, str(questions)]
    command += ["--half", half] if half else []
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


def measure_accuracy(base: str, questions: Path | None) -> str:
    """Ask the project's own set and a further file; return the reports as Markdown."""
    own, field, wishes = (PROJECT / "tests" / f"questions{name}.jsonl" for name in ("", "-field", "-wishes"))
    reports = [
        (f"`{own.relative_to(PROJECT)}`, even lines", accuracy(base, own, "even")),
        (f"`{field.relative_to(PROJECT)}`, written by somebody who saw no wording", accuracy(base, field)),
        (f"`{wishes.relative_to(PROJECT)}`, even lines: wishes for somebody, and what looks like one", accuracy(base, wishes, "even")),
    ]
    if questions is not None:
        reports.append((f"`{questions.name}`", accuracy(base, questions)))
    return "\n\n".join(f"{name}:\n\n```\n{report}\n```" for name, report in reports)


def measure(questions: Path | None) -> str:
    """Run all measurements and return them as Markdown."""
    seconds, model = training()
    rows = [("training the full model from nothing", f"{seconds:.0f} s"), ("model", f"{model.stat().st_size / 1e6:.1f} MB"),
            ("environment `.venv`", f"{size(PROJECT / '.venv')} MB")]  # fmt: skip
    with running() as (base, alive, ready, pid):
        rows += [("start until HTTP answers", f"{alive:.1f} s"), ("start until the first answer can be given", f"{ready:.1f} s")]
        asyncio.run(load(base, 1, 20))
        _, times = asyncio.run(load(base, 1, 300))
        rows.append(("a turn, one at a time (HTTP in → journalled → HTTP out)", f"p50 {at(times, 0.5):.1f} ms, p99 {at(times, 0.99):.1f} ms"))
        rate, times = asyncio.run(load(base, 8, 100))
        rows.append(("8 people at once", f"{rate:.0f} turns/s, p50 {at(times, 0.5):.0f} ms, p99 {at(times, 0.99):.0f} ms"))
        rows += measure_desk(base, pid)
        rows.append(("memory, service and engine", f"{resident(pid)} MB"))
        texts = measure_accuracy(base, questions)
    return f"{datetime.date.today()}, {machine()}.\n\n{table_of(rows)}\n\n{texts}\n"


def table_of(rows: list[tuple[str, str]]) -> str:
    """Return the rows as a table."""
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {name} | {figure} |" for name, figure in rows)])


def main() -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, help="a further file of questions")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    parser.add_argument("--only", choices=("accuracy", "desk"), help="measure nothing else; prints without writing")
    given = parser.parse_args()
    if given.only:
        with running() as (base, _, _, pid):
            desk = given.only == "desk"
            print(table_of(measure_desk(base, pid)) if desk else measure_accuracy(base, given.questions))
        return
    figures = measure(given.questions)
    print(figures)
    if given.write:
        put("figures", figures)


if __name__ == "__main__":
    main()
