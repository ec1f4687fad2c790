"""Pages of which sites may call the citizen API from a browser, and what each of them is told.

A browser tells in `Origin` whose page a script runs on, and no script can change that. Programs that are no browsers send none:
they are not meant here, and are held by sessions and limits alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from aiohttp import web

from zhixun.errors import CitizenError

__all__ = ["SITE", "Host", "Origins"]

SITE = web.RequestKey("site", str)
"""By what a request tells on whose site its page is; not there for our own pages and for programs."""

_GUARDED = "/api/"
_ALLOWED = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-File-Name",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Max-Age": "600",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class Host(Protocol):
    """A site of others that carries the widget."""

    @property
    def id(self) -> str:
        """Return what its pages name themselves by."""

    @property
    def origins(self) -> tuple[str, ...]:
        """Return scheme, host and port of its pages; `https://*.name` is all below a name."""

    def page(self, page: Mapping[str, Any]) -> dict[str, Any]:
        """Return what this site is told, from what everybody is told."""


class Origins:
    """The list of whom to admit.

    Args:
        page: what `/api/v1/site` tells everybody.
        hosts: the sites of others. An origin belongs to the first that names it; an exact name goes before all below a name.
        public_url: where the service itself is reached, empty when that is not set: its own pages are always admitted.
    """

    def __init__(self, page: Mapping[str, Any], hosts: Sequence[Host], public_url: str = "") -> None:
        self._page = page
        self._hosts = {host.id: host for host in hosts}
        self._exact = {origin: host for host in hosts for origin in host.origins if "://*." not in origin}
        self._below = [(*origin.partition("*")[::2], host) for host in hosts for origin in host.origins if "://*." in origin]
        public = urlsplit(public_url)
        self._own = f"{public.scheme}://{public.netloc}" if public.netloc else ""

    def page(self, request: web.Request) -> Mapping[str, Any]:
        """Return what the page that asks is told: that of its site, be it named (`?site=`) or known by its origin.

        Raises:
            CitizenError: there is no site of that name (404), or it is another one's (403).
        """
        origin, named = self._foreign(request), request.query.get("site", "")
        asking = self._host_of(origin) if origin is not None else None
        if not named:
            return self._page if asking is None else asking.page(self._page)
        host = self._hosts.get(named)
        if host is None:
            raise CitizenError("没有登记这个网站编号，请核对 data-site。", code="no_site", status=404, field="site")
        if asking is not None and asking is not host:
            raise CitizenError("网站编号与网址不符，请核对 data-site。", code="wrong_site", status=403, field="site")
        return host.page(self._page)

    @web.middleware
    async def gate(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuse pages of sites that are not on the list, before anything is done for them; WebSockets too. Notes whose the others are."""
        origin = self._foreign(request) if request.path.startswith(_GUARDED) else None
        host = self._host_of(origin) if origin is not None else None
        if host is not None:
            request[SITE] = host.id
        elif origin is not None:
            words = "这个网页所在的网站没有登记，不能使用本站的在线咨询。请该网站联系本站登记，或者直接打开本站网页咨询。"
            raise CitizenError(words, code="origin", status=403)
        return await handler(request)

    async def answer(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the pages of admitted sites read the answer; no cookie is used, so none is let through."""
        if not request.path.startswith(_GUARDED):
            return
        # A cache must not give one site's permission to another.
        response.headers.add("Vary", "Origin")
        origin = self._foreign(request)
        if origin is not None and self._host_of(origin) is not None:
            response.headers.update({"Access-Control-Allow-Origin": origin, **_ALLOWED})

    def _foreign(self, request: web.Request) -> str | None:
        """Return the origin of another site's page; None for our own and for what is no browser's page."""
        origin = request.headers.get("Origin")
        # A proxy may end the encryption, so that our own scheme is not known here; the host is.
        own = origin is None or origin == self._own or origin.partition("://")[2] == request.host
        return None if own else origin

    def _host_of(self, origin: str) -> Host | None:
        if origin in self._exact:
            return self._exact[origin]
        for start, end, host in self._below:
            name = origin[len(start) : -len(end)]
            if origin.startswith(start) and origin.endswith(end) and _is_name(name):
                return host
        return None


def _is_name(words: str) -> bool:
    """Tell whether these are labels of a host's name, and not a way to smuggle in something else."""
    return all(label and label.replace("-", "").isalnum() and label.isascii() for label in words.split("."))
