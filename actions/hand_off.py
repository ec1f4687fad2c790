"""Hands over to a person; the service puts the consultation into the queue or takes a message."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

__all__ = ["ActionHandOff"]


class ActionHandOff(Action):
    """Asks the service to hand over, saying why."""

    def name(self) -> str:
        """Return the name in domain.yml."""
        return "action_hand_off"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Tell the reason: `asked` or `complaint`."""
        complaint = tracker.latest_message.get("intent", {}).get("name") == "complaint"
        if complaint:
            dispatcher.utter_message(response="utter_complaint")
        reason = "complaint" if complaint else "asked"
        dispatcher.utter_message(json_message={"status": "handoff", "handoff": reason, "replies": []})
        return []
