"""What other sites put into their pages: the widget's file under a name of its own for each version, and the lines to paste.

A page that names the script's hash takes that very file and no other, so that a file once pasted anywhere must stay as it was:
every version that this service has ever given out is kept beside the data and served for good.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from zhixun.channels.origins import Host
from zhixun.drawn import drawn, environment_of

__all__ = ["STATIC", "EmbedPages", "Widget", "policy", "read_widget", "snippet"]

STATIC = Path(__file__).with_name("static")
SCRIPT = "widget.js"
_log = logging.getLogger(__name__)
_DIGITS = 16
_FOR_GOOD = "public, max-age=31536000, immutable"
_ENVIRONMENT = environment_of(Path(__file__).with_name("templates"))


@dataclass(frozen=True, slots=True)
class Widget:
    """One version of the widget.

    Args:
        file: the name under which it is served for good. integrity: its hash, as pages name it.
    """

    file: str
    integrity: str


def read_widget(folder: Path) -> Widget | None:
    """Return the version that stands in the folder of the built front end; None when it was not built."""
    path = folder / SCRIPT
    return _named(path.read_bytes()) if path.is_file() else None


def snippet(address: str, host: Host, widget: Widget) -> str:
    """Return the two lines that a site puts into its pages.

    The link inside the element is what visitors see when the script cannot run or the service does not admit the page.

    Args:
        address: where the service is reached, without a slash at the end.
    """
    server = f' server="{html.escape(address)}"' if urlsplit(address).path else ""
    source = html.escape(f"{address}/{widget.file}")
    return (
        f'<script src="{source}" integrity="{widget.integrity}" crossorigin="anonymous" defer></script>\n'
        f'<zhixun-chat data-site="{host.id}"{server}><a href="{html.escape(address)}/">在线咨询</a></zhixun-chat>'
    )


def policy(address: str) -> str:
    """Return what a site with a content policy (CSP) must allow."""
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    return f"script-src {origin}; connect-src {origin} {origin.replace('http', 'ws', 1)}"


class EmbedPages:
    """The routes of the widget's versions, and the page with the lines to paste.

    Args:
        site: name and office, for the page. hosts: the sites of others.
        static: the built front end. kept: where versions are kept; they outlive the front end that they came with.
        address: where the service is reached; empty: as the visitor of the page reached it.
        write: writes a file whole or not at all.
    """

    def __init__(
        self, site: Mapping[str, Any], hosts: Sequence[Host], static: Path, kept: Path, address: str,
        write: Callable[[Path, bytes], None],
    ) -> None:  # fmt: skip
        self._site = site
        self._hosts = hosts
        self._kept = kept
        self._address = address
        self._widget = _keep(static, kept, write)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to be added to the application."""
        return [web.get("/embed", self._page), web.get(f"/widget-{{digest:[0-9a-f]{{{_DIGITS}}}}}.js", self._version)]

    async def _version(self, request: web.Request) -> web.StreamResponse:
        path = self._kept / request.path.removeprefix("/")
        if not path.is_file():
            raise web.HTTPNotFound
        headers = {
            "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": _FOR_GOOD,
            "Content-Type": "text/javascript; charset=utf-8",
        }  # fmt: skip
        return web.FileResponse(path, headers=headers)

    async def _page(self, request: web.Request) -> web.Response:
        address = self._address or f"{request.scheme}://{request.host}"
        lines = {host.id: snippet(address, host, self._widget) for host in self._hosts} if self._widget else {}
        return drawn(
            _ENVIRONMENT, "embed.html", forms=False, site=self._site, hosts=self._hosts, snippets=lines, policy=policy(address),
            built=self._widget is not None,
        )  # fmt: skip


def _named(content: bytes) -> Widget:
    digest = hashlib.sha384(content)
    return Widget(f"widget-{digest.hexdigest()[:_DIGITS]}.js", "sha384-" + base64.b64encode(digest.digest()).decode())


def _keep(static: Path, kept: Path, write: Callable[[Path, bytes], None]) -> Widget | None:
    """Keep the version that is built now; returns it, or None when it is not built or cannot be kept."""
    path = static / SCRIPT
    if not path.is_file():
        return None
    content = path.read_bytes()
    widget = _named(content)
    if not (kept / widget.file).exists():
        try:
            # What is smaller on the way comes first: the name is found only when both are there.
            write(kept / f"{widget.file}.gz", gzip.compress(content, 9, mtime=0))
            write(kept / widget.file, content)
        except OSError as error:
            # A full disk is no reason to leave alone those who ask on our own page.
            _log.error("the widget's version could not be kept: %s", error.strerror)
            return None
    return widget
