"""What the tests of registers share: a store with a register of every kind of field."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.registers.world import World, world_in


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Give empty registers."""
    async with world_in(tmp_path) as opened:
        yield opened
