"""Whom a note calls for: `@王芳 请看一下`, by shown or login name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from zhixun.desk.staff import Account

__all__ = ["able", "mentioned"]

_LETTERS = "A-Za-z0-9_-"


def able(accounts: Sequence[Account]) -> list[Account]:
    """Return who can have a consultation or a task."""
    return [one for one in accounts if one.active and one.role != "auditor"]


def mentioned(text: str, accounts: Sequence[Account]) -> list[str]:
    """Return the login names of those whom a text calls for, in the order of `accounts`; only who can have a task.

    Of names that begin alike the longest counts, even if its person cannot have a task: whoever calls for `@王芳`, who has left,
    does not mean 王. Chinese has no blanks between words, so that anything may follow a Chinese name; but no letter may follow a
    name that ends in one, and a mail address calls for nobody.

    Args:
        accounts: all there are.
    """
    names = sorted({name for one in accounts for name in (one.shown, one.name)}, key=len, reverse=True)
    whole = "|".join(re.escape(name) + (rf"(?![{_LETTERS}]|\.[{_LETTERS}])" if name[-1].isascii() else "") for name in names)
    called = set(re.findall(rf"(?<![.{_LETTERS}])@({whole})", text)) if names else set()
    return [one.name for one in able(accounts) if called & {one.shown, one.name}]
