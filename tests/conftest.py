"""What every test gets: no network beyond this machine, and a deployment in a folder of its own."""

from __future__ import annotations

import ipaddress
import os
import pickle
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.product import deploy, engine, product, pytest_runtest_makereport  # noqa: F401 - fixtures and a hook of the slow tests
from tests.support import Office, office_in
from zhixun.knowledge import load

# Thousands of small stores are synced to disk; in memory that costs nothing. What a disk does to a crash is for other tiers.
_MEMORY = Path("/dev/shm")
if "PYTEST_DEBUG_TEMPROOT" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 2**30:
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_MEMORY)

# The examples are the same on every machine; a time limit for one example would measure the machine.
settings.register_profile("zhixun", deadline=None, derandomize=True, database=None, max_examples=100)
settings.load_profile("zhixun")

_connect = socket.socket.connect


def _connect_here_only(self: socket.socket, address: object) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
        host = "127.0.0.1" if address[0] == "localhost" else str(address[0])
        if not ipaddress.ip_address(host).is_loopback:
            raise AssertionError(f"a test may not connect to {host}")
    _connect(self, address)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _connect_here_only)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    # A proxy of the machine that tests is none of ours.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in [name for name in os.environ if name.startswith("ZHIXUN_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    """Parse the same text of the knowledge once: a thousand desks are joined here, and what a text says does not change."""
    parsed, kept = load._parsed, dict[tuple[str, ...], bytes]()

    def parsed_once(*told: str) -> Any:
        if told not in kept:
            kept[told] = pickle.dumps(parsed(*told))
        return pickle.loads(kept[told])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "_parsed", parsed_once)
        yield


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an empty deployment: real store, journal, archive and conversation; a clock and an engine in the test's hand."""
    async with office_in(tmp_path) as joined:
        yield joined
