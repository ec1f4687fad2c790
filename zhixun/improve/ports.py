"""What improvement needs of the rooms that it does not import."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.messages import Entry

__all__ = ["Cleaned", "Daybook", "Group", "OpenRows"]

OpenRows = Callable[[AsyncConnection, Sequence[sa.RowMapping]], Awaitable[Sequence[Entry]]]
"""Turns rows of the table `journal`, of any consultations, into entries in the same order, opened where the key is there."""
Group = Callable[[Sequence[str]], Sequence[Sequence[int]]]
"""Puts texts that ask the same thing together, by their places, the largest group first."""
Cleaned = Callable[[str], tuple[str, Sequence[str]]]
"""Returns a text without secrets, and which kinds of them it had."""


class Daybook(Protocol):
    """Where acts of staff are kept that belong to no consultation."""

    async def note(
        self, kind: str, staff_name: str, open: Mapping[str, Any], private: Mapping[str, Any] | None = None
    ) -> None:
        """Write an act of `staff_name` in a transaction of its own; `private` is encrypted."""
