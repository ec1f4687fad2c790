"""Draws pages from templates: those of citizens and agencies, which work without scripts, whole; for the desk the surroundings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

__all__ = ["drawn", "environment_of"]

_SHARED = Path(__file__).with_name("templates")
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action {}; frame-ancestors 'none'"


def environment_of(folder: Path) -> jinja2.Environment:
    """Return where the templates of `folder` are drawn; they can be built on the shared `page.html`."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _SHARED]), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def drawn(environment: jinja2.Environment, template: str, status: int = 200, *, forms: bool = True, **what: Any) -> web.Response:
    """Draw a page that loads nothing from elsewhere and is kept nowhere.

    Args:
        forms: whether it may send forms, to this site alone. what: the words that the template asks for.
    """
    headers = {"Content-Security-Policy": _POLICY.format("'self'" if forms else "'none'"), "Cache-Control": "no-store"}
    text = environment.get_template(template).render(**what)
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)
