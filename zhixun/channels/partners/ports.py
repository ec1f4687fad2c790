"""What partners need of the rooms that they do not import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["Daybook"]


class Daybook(Protocol):
    """Where acts are noted that belong to no consultation."""

    async def note(self, kind: str, staff_name: str, open: Mapping[str, Any], private: Mapping[str, Any] | None = None) -> None:
        """Write an act into today's book; the name is empty for what is done at the machine itself."""
