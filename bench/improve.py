"""How long from a saved draft to its live answer, and what memory both engines take: `python -m bench.improve`.

Everything as at the desk: the draft is saved and approved, trained, put to the gate and changed over, while a citizen goes on asking.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.product import machine
from tests.clerks import Clerk
from tests.improve.drafting import FIELDS, QUESTION, WORDINGS
from tests.product import TODAY, Process, Product, known

LIMIT_SECONDS = 900


def main() -> None:
    """Measure once and print it."""
    with tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder), LIMITS="off", TODAY=TODAY).start()
        try:
            for name, figure in _measured(product):
                print(f"{name}: {figure}", flush=True)
            print(machine())
        finally:
            product.stop()


def _measured(product: Product) -> Iterator[tuple[str, str]]:
    wang, li = Clerk.hired(product, "wang", role="reviewer"), Clerk.hired(product, "li", role="reviewer")
    alone = _resident(product.running)
    began = time.monotonic()
    draft = wang.send("POST", "/desk/improve/new", FIELDS)[1].partition("?")[0]
    li.send("POST", f"{draft}/approve", {"version": "1"})
    page = li.send("POST", "/desk/improve/versions")[1]
    most, stages = alone, dict[str, float]()
    with _asking(product) as slowest:
        while QUESTION not in known(product.open().say(WORDINGS[0])):
            if time.monotonic() - began > LIMIT_SECONDS:
                raise SystemExit("not live in time")
            most = max(most, _resident(product.running))
            stages.setdefault(_stage(li.send("GET", f"{page}/progress")[2]), time.monotonic() - began)
            time.sleep(0.5)
    yield "saved to live", f"{time.monotonic() - began:.0f} s"
    yield "stages begin at", ", ".join(f"{name} {seconds:.0f} s" for name, seconds in stages.items())
    yield "slowest answer meanwhile", f"{max(slowest) * 1000:.0f} ms of {len(slowest)}"
    yield "memory", f"{alone} MB alone, {most} MB at most"


@contextmanager
def _asking(product: Product) -> Iterator[list[float]]:
    ended, times = threading.Event(), list[float]()

    def ask() -> None:
        while not ended.is_set():
            began = time.monotonic()
            product.open().say("商标异议期是多久")
            times.append(time.monotonic() - began)
            ended.wait(0.2)

    person = threading.Thread(target=ask)
    person.start()
    try:
        yield times
    finally:
        ended.set()
        person.join()


def _stage(page: str) -> str:
    return page.partition('role="status">')[2].partition("<")[0].partition("（")[0].rstrip("…")


def _resident(process: Process) -> int:
    """Return the MB that the service and its children hold."""
    lines = subprocess.run(["ps", "-eo", "pid,ppid,rss"], capture_output=True, check=True, text=True).stdout.splitlines()[1:]
    rows = [tuple(map(int, line.split())) for line in lines]
    return sum(rss for one, parent, rss in rows if process.pid in (one, parent)) // 1024


if __name__ == "__main__":
    main()
