"""What the tests of the desk's pages share: a desk behind its gate, all of it real but the clock and a small catalogue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.desk.pages.desk import Desk, desk_in


@pytest_asyncio.fixture
async def desk(tmp_path: Path, empty_store: bytes) -> AsyncIterator[Desk]:
    """Give an empty desk."""
    async with desk_in(tmp_path, empty_store) as opened:
        yield opened
