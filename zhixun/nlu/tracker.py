"""The engine's memory of dialogues: Rasa's SQL store with WAL, and with a way to forget.

It holds citizens' words in the clear, so it keeps a dialogue only while its consultation is open: the service asks for it
to be forgotten at closing, and what was missed (the engine was down) goes at the next start.
"""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain

__all__ = ["DurableTrackerStore"]

KEPT_SECONDS = 7 * 24 * 3600


class DurableTrackerStore(SQLTrackerStore):
    """Stores trackers in the SQLite file that the endpoint's `url` names."""

    def __init__(
        self, domain: Domain | None = None, host: str | None = None, event_broker: EventBroker | None = None, **kwargs: Any
    ) -> None:
        sa.event.listen(sa.engine.Engine, "connect", _prepare)
        super().__init__(domain=domain, host=host, event_broker=event_broker, **kwargs)
        with self.session_scope() as session:
            session.query(self.SQLEvent).filter(self.SQLEvent.timestamp < time.time() - KEPT_SECONDS).delete()
            session.commit()

    def forget(self, sender_id: str) -> None:
        """Delete everything of one dialogue."""
        with self.session_scope() as session:
            session.query(self.SQLEvent).filter(self.SQLEvent.sender_id == sender_id).delete()
            session.commit()


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # A power cut may lose the last turn of the engine's memory; the journal has it.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
