"""What the tests of the archive share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.archive.world import World, world_at


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Give an empty deployment."""
    async with world_at(tmp_path) as started:
        yield started
