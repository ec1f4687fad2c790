"""Leads on to another page after something was done, so that a page that is loaded again does nothing a second time."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import web

__all__ = ["address", "lead_on"]


def address(path: str, query: Mapping[str, str]) -> str:
    """Return the address of a page with those conditions that are not empty."""
    told = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{told}" if told else path


def lead_on(path: str, **query: str) -> web.Response:
    """Lead to the page at `path`; `done` among the conditions is the word for what was done (`view.py`)."""
    return web.Response(status=303, headers={"Location": address(path, query), "Cache-Control": "no-store"})
