"""Draws pages from templates: those of citizens and agencies, which work without scripts, whole; for the desk the surroundings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web
from jinja2.bccache import Bucket

__all__ = ["drawn", "environment_of"]

_SHARED = Path(__file__).with_name("templates")
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action {}; frame-ancestors 'none'"


class _Compiled(jinja2.BytecodeCache):
    """What was compiled in this process: a page of the desk takes ten times as long to compile as to draw."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (kept := self._kept.get(bucket.key)) is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def environment_of(folder: Path) -> jinja2.Environment:
    """Return where the templates of `folder` are drawn; they can be built on the shared `page.html`."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _SHARED]), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, bytecode_cache=_COMPILED,
    )  # fmt: skip


def drawn(environment: jinja2.Environment, template: str, status: int = 200, *, forms: bool = True, **what: Any) -> web.Response:
    """Draw a page that loads nothing from elsewhere and is kept nowhere.

    Args:
        forms: whether it may send forms, to this site alone. what: the words that the template asks for.
    """
    headers = {"Content-Security-Policy": _POLICY.format("'self'" if forms else "'none'"), "Cache-Control": "no-store"}
    text = environment.get_template(template).render(**what)
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)
