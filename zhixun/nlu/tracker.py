"""The engine's memory of dialogues: one SQLite row each, kept only while the consultation is open.

Rasa's SQL store writes a row an event through the ORM and took a third of a turn; this one writes the dialogue as one text.
It holds citizens' words in the clear, so the service asks for a dialogue to be forgotten at closing, and what was missed
(the engine was down) goes at the next start.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SerializedTrackerAsText, TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted
from rasa.shared.core.trackers import DialogueStateTracker

__all__ = ["DialogueStore"]

KEPT_SECONDS = 7 * 24 * 3600
# Patience first: while answers are improved two engines share the file, and each of the other pragmas may find it in use.
# A power cut may lose the last turn of the engine's memory; the journal has it.
_PRAGMAS = ("busy_timeout=5000", "journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON")


class DialogueStore(TrackerStore, SerializedTrackerAsText):
    """Stores trackers in an SQLite file.

    Args:
        host: `sqlite:///` and the absolute path of the file (Rasa's name for an endpoint's `url`).
    """

    def __init__(self, domain: Domain | None, host: str, event_broker: EventBroker | None = None, **kwargs: Any) -> None:
        super().__init__(domain, event_broker, **kwargs)
        path = Path(host.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._store = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        for pragma in _PRAGMAS:
            self._store.execute(f"PRAGMA {pragma}")
        self._store.execute("CREATE TABLE IF NOT EXISTS dialogues (sender TEXT PRIMARY KEY, last REAL, dialogue TEXT)")
        self._store.execute("DELETE FROM dialogues WHERE last < ?", (time.time() - KEPT_SECONDS,))

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Replace what is kept of the dialogue."""
        await self.stream_events(tracker)
        row = (tracker.sender_id, time.time(), self.serialise_tracker(tracker))
        self._store.execute("INSERT OR REPLACE INTO dialogues VALUES (?, ?, ?)", row)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return the dialogue, or None when there is none."""
        row = self._store.execute("SELECT dialogue FROM dialogues WHERE sender = ?", (sender_id,)).fetchone()
        return self.deserialise_tracker(sender_id, row[0]) if row else None

    async def keys(self) -> Iterable[str]:
        """Return the ids of all dialogues."""
        return [row[0] for row in self._store.execute("SELECT sender FROM dialogues")]

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """Begin a dialogue; it is first written at the end of its first turn."""
        tracker = self.init_tracker(sender_id)
        if append_action_listen:
            tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
        return tracker

    def forget(self, sender_id: str) -> None:
        """Delete everything of one dialogue."""
        self._store.execute("DELETE FROM dialogues WHERE sender = ?", (sender_id,))
