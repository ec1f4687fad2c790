"""Handing over: from a citizen's 转人工 to the open pages of staff.

Timed from the moment the citizen has the answer, at every open page: until its stream says `queue`, and until the list that the
page then asks for (`/desk/queue`) has the consultation in it. Meanwhile citizens talk with the program, each a message a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bench.load import ASKED, TURNS_EACH, at
from bench.product import PROJECT, machine, running

BAR_MS = 1000
ROUNDS, PAGES, TALKING = 50, (1, 10), 8
NAME, PASSWORD = "bench", "measured on a quiet afternoon"
PATIENCE, QUIET, PAUSE, AGAIN = 30.0, 0.5, 1.0, 0.2
BUSY = 503


@dataclass
class Page:
    """An open page of the desk: hears the stream, and asks for the list when the queue changed, as the page's script does."""

    http: aiohttp.ClientSession
    base: str
    heard: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        async with self.http.get(f"{self.base}/desk/events", timeout=aiohttp.ClientTimeout(total=None)) as stream:
            stream.raise_for_status()
            self.open.set()
            async for line in stream.content:
                if line == b"event: queue\n":
                    self.heard = time.perf_counter()
                    self.changed.set()

    async def sees(self, number: str) -> tuple[float, float]:
        """Return when the stream said that the queue changed, and when the list had the consultation."""
        while True:
            await self.changed.wait()
            self.changed.clear()
            heard = self.heard
            async with self.http.get(f"{self.base}/desk/queue", headers={"HX-Request": "true", "X-Passive": "1"}) as part:
                part.raise_for_status()
                if number in await part.text():
                    return heard, time.perf_counter()

    async def quiet(self) -> None:
        """Wait until nothing has changed for a while."""
        while True:
            self.changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(QUIET):
                    await self.changed.wait()
                    continue
            return


@dataclass
class Figures:
    """Milliseconds, sorted: until the stream spoke, and until the list had it."""

    streamed: list[float]
    listed: list[float]

    def rows(self, pages: int) -> Iterator[tuple[str, str]]:
        """Give each as a row of the table."""
        for what, times in (("the stream says so", self.streamed), ("the list has it", self.listed)):
            told = f"p50 {at(times, 0.5):.0f} ms, p95 {at(times, 0.95):.0f} ms, longest {times[-1]:.0f} ms"
            yield f"转人工 until {what}, {pages} page(s) open, {TALKING} citizens talking", told


def add_clerk(pid: int) -> str:
    """Make a clerk of the running product by the command; returns the one-time password."""
    started = dict(part.partition("=")[::2] for part in Path(f"/proc/{pid}/environ").read_text().split("\0"))
    environment = {**os.environ, "ZHIXUN_DATA_DIR": started["ZHIXUN_DATA_DIR"]}
    command = [PROJECT / "bin" / "zhixun", "user", "add", NAME]
    told = subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout
    return told.rsplit("：", 1)[1].strip()


async def sign_in(base: str, password: str) -> str:
    """Sign in by the pages, with a password of one's own in the place of the drawn one; returns the cookie."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:

        async def fill_in(path: str, fields: dict[str, str], cookie: str) -> str:
            headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
            async with http.post(base + path, data=fields, headers=headers, allow_redirects=False) as answer:
                if answer.status != 303:
                    raise SystemExit(f"{path} answered {answer.status}")
                return "; ".join(f"{name}={value.value}" for name, value in answer.cookies.items())

        cookie = await fill_in("/desk/login", {"name": NAME, "password": password}, "")
        async with http.get(f"{base}/desk/password", headers={"Cookie": cookie}) as page:
            csrf = re.search(r'name="csrf" value="([^"]+)"', await page.text())
        assert csrf is not None
        fields = {"csrf": csrf[1], "old": password, "new": PASSWORD, "again": PASSWORD}
        return await fill_in("/desk/password", fields, cookie)


async def post(http: aiohttp.ClientSession, address: str, body: dict[str, str], session: str = "") -> dict[str, str]:
    """Call the citizens' interface, again where it says that it is busy."""
    head = {"Authorization": f"Bearer {session}"} if session else {}
    while True:
        async with http.post(address, json=body, headers=head) as answer:
            if answer.status != BUSY:
                answer.raise_for_status()
                return dict(await answer.json())
        await asyncio.sleep(AGAIN)


async def talk(http: aiohttp.ClientSession, base: str) -> None:
    """Let one citizen talk with the program, for ever."""
    while True:
        session = (await post(http, f"{base}/api/v1/sessions", {}))["session"]
        for turn in range(TURNS_EACH):
            await post(http, f"{base}/api/v1/messages", {"text": ASKED[turn % len(ASKED)]}, session)
            await asyncio.sleep(PAUSE)


async def desk(base: str, cookie: str, pages: int, rounds: int = ROUNDS) -> Figures:
    """Hand over so many times, with so many pages open."""
    figures = Figures([], [])
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(headers={"Cookie": cookie}, connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as staff,
        aiohttp.ClientSession() as citizens,
        # A stream or a talk that breaks off ends it all: the figures would be worth nothing.
        asyncio.TaskGroup() as group,
    ):
        opened = [Page(staff, base) for _ in range(pages)]
        tasks = [group.create_task(page.listen()) for page in opened]
        tasks += [group.create_task(talk(citizens, base)) for _ in range(TALKING)]
        await asyncio.gather(*(page.open.wait() for page in opened))
        for _ in range(rounds):
            await asyncio.gather(*(page.quiet() for page in opened))
            async with asyncio.timeout(PATIENCE):
                await hand_over(citizens, base, opened, figures)
        for task in tasks:
            task.cancel()
    return Figures(sorted(figures.streamed), sorted(figures.listed))


async def hand_over(http: aiohttp.ClientSession, base: str, pages: list[Page], figures: Figures) -> None:
    """Let one citizen ask for a person, time it at every page, and let the citizen go."""
    opened = await post(http, f"{base}/api/v1/sessions", {})
    seen = [asyncio.create_task(page.sees(opened["consultation"])) for page in pages]
    await post(http, f"{base}/api/v1/messages", {"text": "转人工"}, opened["session"])
    asked = time.perf_counter()
    for heard, listed in await asyncio.gather(*seen):
        # The stream may be faster than the citizen's own answer.
        figures.streamed.append(max(0.0, heard - asked) * 1e3)
        figures.listed.append(max(0.0, listed - asked) * 1e3)
    await post(http, f"{base}/api/v1/close", {}, opened["session"])


def measure_desk(base: str, pid: int) -> list[tuple[str, str]]:
    """Measure a running product; returns rows of the table."""
    cookie = asyncio.run(sign_in(base, add_clerk(pid)))
    return [row for pages in PAGES for row in asyncio.run(desk(base, cookie, pages)).rows(pages)]


def main() -> None:
    """Measure and print."""
    with running() as (base, _, _, pid):
        rows = measure_desk(base, pid)
    print(f"{machine()}; bar {BAR_MS} ms")
    for name, figure in rows:
        print(f"| {name} | {figure} |")


if __name__ == "__main__":
    main()
