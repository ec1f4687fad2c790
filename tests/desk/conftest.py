"""What the tests of the desk share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.desk.staffroom import StaffRoom, made_store, staff_room


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give a store that the migrations have just made."""
    return made_store(tmp_path_factory.mktemp("store"))


@pytest_asyncio.fixture
async def room(tmp_path: Path, empty_store: bytes) -> AsyncIterator[StaffRoom]:
    """Give an empty staff room."""
    async with staff_room(tmp_path, empty_store) as opened:
        yield opened
