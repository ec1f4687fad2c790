"""What the registers need of the rooms that they do not import."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.messages import Entry
from zhixun.registers.values import Offered

__all__ = ["OfferedNow", "OpenRows"]

OpenRows = Callable[[AsyncConnection, Sequence[sa.RowMapping]], Awaitable[Sequence[Entry]]]
"""Turns rows of the table `journal`, of any files, into entries in the same order, opened where the key is there."""
OfferedNow = Callable[[], Awaitable[Offered]]
"""Returns who and what can be chosen now."""
