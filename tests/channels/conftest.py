"""Both sides of the doors: a citizen's program, WeChat or Telegram, before a real deployment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.channels.api import Api, api_of
from tests.channels.wechat_town import hasty, town  # noqa: F401 - fixtures
from tests.support import HandClock, Office

if TYPE_CHECKING:  # Telegram's library takes a while to load; only the tests of its door need it

    from tests.channels.telegram_hall import Station
    from tests.doubles.telegram import Telegram


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


@pytest.fixture
async def double() -> AsyncIterator[Telegram]:
    """Give Telegram's side, which must have seen nothing that Telegram would not take."""
    from tests.doubles.telegram import telegram_at

    async with telegram_at(HandClock()) as served:
        yield served
        assert served.violations == []


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    """Join a deployment with Telegram's door."""
    from tests.channels.telegram_hall import station_in

    async with station_in(tmp_path) as joined:
        yield joined
