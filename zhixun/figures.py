"""What `/metrics` tells, and the turns as they are counted for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from zhixun.clock import monotonic
from zhixun.conversation.turn import Turns
from zhixun.messages import Turn

__all__ = ["Counted", "Figures"]


@dataclass
class Figures:
    """The figures of one service."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.turns = Counter("zhixun_turns", "Turns by status", ["status"], registry=self.registry)
        self.seconds = Histogram(
            "zhixun_turn_seconds", "From the message to the journalled reply", registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
        )  # fmt: skip
        self.engine = Gauge("zhixun_engine_ready", "1 while the engine answers", registry=self.registry)
        self.windows = Gauge("zhixun_open_windows", "Open WebSockets", registry=self.registry)


class Counted:
    """The turns, counted and timed."""

    def __init__(self, turns: Turns, figures: Figures) -> None:
        self._turns = turns
        self._figures = figures

    async def say(self, number: str, text: str, message_id: str | None = None) -> Turn:
        """Take a message as `Turns.say` does."""
        began = monotonic()
        turn = await self._turns.say(number, text, message_id)
        self._figures.seconds.observe(monotonic() - began)
        self._figures.turns.labels(turn.status).inc()
        return turn
