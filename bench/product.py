"""Starts the whole product for a measurement, on a free port and in a folder of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from datetime import date
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
START_SECONDS = 300


@contextlib.contextmanager
def running() -> Iterator[tuple[str, float, float, int]]:
    """Start the product; gives its address, seconds until HTTP answered, seconds until ready, and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ, "ZHIXUN_DATA_DIR": folder, "ZHIXUN_HTTP_PORT": str(port), "ZHIXUN_LIMITS": "off",
            "PYTHONPATH": str(PROJECT),
        }  # fmt: skip
        began = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", "zhixun", "serve"], env=environment, stdout=subprocess.DEVNULL)
        base = f"http://127.0.0.1:{port}"
        try:
            alive = _until(f"{base}/healthz", process) - began
            ready = _until(f"{base}/readyz", process) - began
            yield base, alive, ready, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _until(address: str, process: subprocess.Popen[bytes]) -> float:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:
            if answer.status == 200:
                return time.monotonic()
        time.sleep(0.05)
    raise SystemExit(f"the product did not come up: {address}")


def machine() -> str:
    """Name the machine as far as figures need it."""
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) // 2**20  # type: ignore[index]
    return f"{os.cpu_count()} cores ({model}), {memory} GiB, Python {platform.python_version()}"


def report(name: str, measure: Callable[[Path, int], Coroutine[Any, Any, str]], about: str | None, count: int) -> None:
    """Measure over a store of so many consultations, as the command line says, and print or keep the figures.

    Args:
        name: of the place in docs/benchmarks.md. measure: is given the store's folder and how many consultations.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=count, help="how many consultations")
    parser.add_argument("--folder", type=Path, help="where the store is made, and stays; a temporary one without it")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        told = asyncio.run(measure(folder, given.cases))
    figures = f"{date.today()}, {machine()}.\n\n```\n{told}\n```\n"
    print(figures)
    if given.write:
        put(name, figures)


def put(place: str, figures: str) -> None:
    """Write figures into docs/benchmarks.md between the marks of their place."""
    page = PROJECT / "docs" / "benchmarks.md"
    marks = re.compile(rf"(<!-- {place} -->\n).*?(<!-- /{place} -->)", re.DOTALL)
    page.write_text(marks.sub(lambda found: found[1] + figures + found[2], page.read_text("utf-8")), "utf-8")
