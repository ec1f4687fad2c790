"""Reads the forms of pages: for citizens, agencies and staff alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from aiohttp import web

from zhixun.clock import new_token
from zhixun.errors import CitizenError

__all__ = ["day_of", "fields_of", "once_of", "refuse_cross_site"]

_FIRST, _LAST = 2000, 2100
_ONCE = re.compile(r"[A-Za-z0-9_-]{20,64}")


async def fields_of(request: web.Request, longest: int) -> dict[str, str]:
    """Return the fields of a form, files left out: each the last value of its name, as text that can be stored.

    Args:
        longest: so many letters may a field have, as people count them.

    Raises:
        CitizenError: it is no form, or a field is too long.
    """
    try:
        body = await request.post()
    except (ValueError, LookupError) as error:
        raise CitizenError("提交的内容无法读取，请刷新页面重填。", code="bad_form") from error
    fields = {name: _whole(value) for name, value in body.items() if isinstance(value, str)}
    if any(len(value) > longest for value in fields.values()):
        raise CitizenError(f"一项最多 {longest} 个字。", code="too_long")
    return fields


def day_of(given: Mapping[str, str], name: str) -> date | None:
    """Return the day in a form's field; None when it is empty.

    Raises:
        CitizenError: (400) it is no day, or one that nobody can mean.
    """
    text = given.get(name, "").strip()
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError as error:
        raise CitizenError("请按年-月-日填写日期。", code="bad_day", field=name) from error
    if day is not None and not _FIRST <= day.year <= _LAST:
        raise CitizenError("日期应在 2000 年到 2100 年之间。", code="bad_day", field=name)
    return day


def once_of(given: Mapping[str, str]) -> str:
    """Return what a form carries in its field `once`, so that sending it twice does one thing; a new one when it carries none."""
    once = given.get("once", "")
    return once if _ONCE.fullmatch(once) else new_token()


def refuse_cross_site(request: web.Request) -> None:
    """Refuse a form that another site's page sends, as far as browsers tell.

    Raises:
        CitizenError: (403) it does.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") == "cross-site":
        raise CitizenError("请在本站的页面上填写。", code="cross_site", status=403)


def _whole(value: str) -> str:
    """Browsers end lines with two characters, and lone surrogates are no text."""
    return value.replace("\r\n", "\n").encode("utf-8", "replace").decode()
