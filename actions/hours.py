"""Says when somebody is at the desk."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.context import now, site

__all__ = ["ActionOpeningHours"]


class ActionOpeningHours(Action):
    """Tells the weekly hours, and the next opening when the desk is closed."""

    def name(self) -> str:
        """Return the name in domain.yml."""
        return "action_opening_hours"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Fill the sentence of domain.yml."""
        moment = now()
        opening = "" if site().hours.is_open(moment) else site().opening_words(moment)
        dispatcher.utter_message(response="utter_opening_hours", hours=site().hours_words(), opening=opening)
        return []
