"""The open windows: who is looking at a consultation right now and wants to hear of new entries."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Windows"]


class Windows:
    """Wakes the sockets of a consultation; holds no content, so that nothing can be lost here."""

    def __init__(self) -> None:
        self._bells: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def open(self, consultation: str) -> Iterator[asyncio.Event]:
        """Give a bell that rings when `consultation` has something new."""
        bell = asyncio.Event()
        self._bells.setdefault(consultation, set()).add(bell)
        try:
            yield bell
        finally:
            bells = self._bells[consultation]
            bells.discard(bell)
            if not bells:
                del self._bells[consultation]

    def wake(self, consultation: str) -> None:
        """Ring all bells of `consultation`."""
        for bell in self._bells.get(consultation, ()):
            bell.set()

    def __len__(self) -> int:
        return sum(map(len, self._bells.values()))
