"""What the requests need of the rooms that they do not import."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from zhixun.messages import Terms

__all__ = ["Catalogue"]

class Catalogue(Protocol):
    """What is offered, and what the office has set for it."""

    def terms(self, service: str, values: Mapping[str, str], moment: datetime) -> Terms:
        """Return what holds for a request with these values, made at the local time `moment`.

        Raises:
            OurFault: there is no such service.
        """

    def title(self, service: str) -> str:
        """Return what a service is called; its id when the catalogue has it no longer."""

    def follow_up(self, service: str) -> tuple[int, str]:
        """Return after how many days the office asks again, and what; 0 when the catalogue has the service no longer."""

    @property
    def confirmed(self) -> bool:
        """Whether the office stands by the times that are told."""
