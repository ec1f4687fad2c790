"""A citizen's program before a real deployment."""

from collections.abc import AsyncIterator

import pytest

from tests.channels.api import Api, api_of
from tests.support import Office


@pytest.fixture
async def api(office: Office) -> AsyncIterator[Api]:
    """Serve without limits."""
    async with api_of(office) as served:
        yield served


@pytest.fixture
async def limited(office: Office) -> AsyncIterator[Api]:
    """Serve with limits."""
    async with api_of(office, limits=True) as served:
        yield served
