"""Staff of a running product: accounts made by the command, a browser whose cookie is kept by hand, and what is done at the desk."""

from __future__ import annotations

import http.client
import re
import shutil
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.product import PROJECT, Product, request
from zhixun.desk.gate import COOKIE

PASSWORD = "一句好记的话胜过符号"
_CSRF = re.compile(r'name="csrf" (?:value|content)="([^"]+)"')
_FENCE = re.compile(r'name="fence" value="(\d+)"')


def always_open(folder: Path, *, lease_seconds: int = 60) -> str:
    """Put knowledge into `folder` whose office is always open, as `PROJECT_DIR`; leases as short as is told."""
    shutil.copytree(PROJECT / "knowledge", folder / "knowledge")
    file = folder / "knowledge" / "site.yml"
    week = "".join(f'    {day}: ["00:00-24:00"]\n' for day in range(1, 8))
    text, found = re.subn(r"(?m)^  week:.*\n(?:    \d: .*\n)+", f"  week:\n{week}", file.read_text("utf-8"))
    assert found == 1
    file.write_text(re.sub(r"lease_seconds: \d+", f"lease_seconds: {lease_seconds}", text), "utf-8")
    return str(folder)


class Clerk:
    """Somebody at the desk, in one browser."""

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self.name = name
        self.token = ""
        self.csrf = ""

    @classmethod
    def hired(cls, product: Product, name: str, shown: str = "", role: str = "") -> Clerk:
        """Make an account, sign in with its one-time password and choose one's own."""
        more = (*(("--shown", shown) if shown else ()), *(("--role", role) if role else ()))
        done = product.command("user", "add", name, *more)
        assert done.returncode == 0, done.stdout + done.stderr
        clerk = cls(product.url, name)
        first = done.stdout.strip().rpartition("：")[2]
        clerk.sign_in(first)
        clerk.send("GET", "/desk/password")
        status, told, _ = clerk.send("POST", "/desk/password", {"old": first, "new": PASSWORD, "again": PASSWORD})
        assert (status, told) == (303, "/desk"), told
        clerk.send("GET", "/desk")
        return clerk

    def another_browser(self) -> Clerk:
        """Sign in once more."""
        other = Clerk(self.url, self.name)
        other.sign_in(PASSWORD)
        other.send("GET", "/desk")
        return other

    def sign_in(self, password: str) -> None:
        status, to, _ = self.send("POST", "/desk/login", {"name": self.name, "password": password})
        assert status == 303, to

    def send(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Send a request as a page does; returns status, where it leads on to, and the page."""
        head = {"Cookie": f"{COOKIE}={self.token}"} if self.token else {}
        body = None
        if method != "GET":
            head |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.url, "Sec-Fetch-Site": "same-origin"}
            body = urllib.parse.urlencode({"csrf": self.csrf, **(fields or {})}).encode()
        status, headers, raw = request(self.url, method, path, body, head, seconds=30)
        if kept := re.search(f"{COOKIE}=([^;]+)", headers.get("Set-Cookie", "")):
            self.token = kept[1]
        page = raw.decode("utf-8", "replace")
        if found := _CSRF.search(page):
            self.csrf = found[1]
        return status, headers.get("Location", ""), page

    def claim(self, number: str) -> int:
        """Claim a consultation; returns the status."""
        return self.send("POST", f"/desk/cases/{number}/claim")[0]

    def fence(self, number: str) -> str:
        """Return the fence that the page of a consultation carries; empty when it is not in one's hands."""
        found = _FENCE.search(self.send("GET", f"/desk/cases/{number}")[2])
        return found[1] if found else ""

    def act(self, what: str, number: str, fence: str, **fields: str) -> int:
        """Do something in a consultation; returns the status."""
        return self.send("POST", f"/desk/cases/{number}/{what}", {"fence": fence, **fields})[0]

    @contextmanager
    def stream(self, case: str = "") -> Iterator[http.client.HTTPResponse]:
        """Open the stream that a page listens to."""
        parts = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            connection.request("GET", f"/desk/events?case={case}", headers={"Cookie": f"{COOKIE}={self.token}"})
            yield connection.getresponse()
        finally:
            connection.close()


def next_event(stream: http.client.HTTPResponse) -> str:
    """Return the name of the next event of a stream; empty at its end."""
    while line := stream.readline():
        if line.startswith(b"event: "):
            return line.decode().removeprefix("event: ").strip()
    return ""
