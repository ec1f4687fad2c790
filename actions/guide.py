"""Walks a citizen through a guide or the form of a service: the steps, the interruptions and the end.

The form `guide_form` asks for one slot, `guide_step`, which is never filled: what was answered is kept in the slot `guide`
(`zhixun.knowledge.guides.walk.State`), and the form ends when the walk does. A message that is not for the guide is not taken,
so that Rasa lets the rules answer it and then comes back to the step.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.context import calendar, knowledge, today
from zhixun.knowledge.guides.model import SERVICE, Guide
from zhixun.knowledge.guides.reckon import Ground
from zhixun.knowledge.guides.say import say_leaf, say_step
from zhixun.knowledge.guides.walk import ACT, CANCELLED, OTHER, OUTSIDE, QUESTION, State, fill_from, hear, summary, walk
from zhixun.knowledge.services.model import SENT
from zhixun.knowledge.services.say import say_field

__all__ = ["ActionAskGuideStep", "ActionGuideEnd", "ValidateGuideForm", "start_guide"]

PHONE = "phone"
FORM, STATE, REQUESTED = "guide_form", "guide", "requested_slot"
EARLIER = 2
"""So many messages before the one that opened a guide may fill its steps too."""
_OWN = {FORM, "action_listen", "action_extract_slots", "validate_guide_form", "action_ask_guide_step"}
_CHAT = {"ask", "nlu_fallback", "vague", "affirm", "deny"}
_NOT_OURS = {"out_of_scope", "complaint"}
"""What a free text may well sound like: "有人卖我们的假货"."""
SURE = 0.5


def start_guide(guide: Guide) -> list[EventType]:
    """Return the events that open a guide; a guide that is open gives way."""
    return [SlotSet(STATE, State(guide.name, fresh=True).as_json()), FollowupAction(FORM)]


class ValidateGuideForm(Action):
    """Takes what was said at a step, unless it is not for the guide."""

    def name(self) -> str:
        """Return the name in domain.yml."""
        return "validate_guide_form"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Return the new state; nothing when the message is for somebody else; an end when the walk has one."""
        state, guide = _state(tracker)
        if guide is None:
            return [SlotSet(STATE, None), SlotSet(REQUESTED, None)]
        if state.fresh:
            after = fill_from(guide, state, _said_before(tracker))
        elif _interrupted(tracker):
            return []
        else:
            message = tracker.latest_message
            written = str((message.get("metadata") or {}).get("written") or "")
            heard, after = hear(guide, state, message.get("text") or "", today(), heard=_heard(tracker), written=written)
            if heard == CANCELLED:
                return [SlotSet(STATE, None), SlotSet(REQUESTED, None)]
            if heard == OTHER:
                return []
        ended = [SlotSet(REQUESTED, None)] if walk(guide, after.answers).step is None else []
        return [SlotSet(STATE, after.as_json()), *ended]


class ActionAskGuideStep(Action):
    """Asks the present step."""

    def name(self) -> str:
        """Return the name in domain.yml."""
        return "action_ask_guide_step"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Say the question and its choices."""
        state, guide = _state(tracker)
        step = walk(guide, state.answers).step if guide is not None else None
        if guide is not None and step is not None:
            # Opening a guide is an action of its own, but no interruption.
            again = _interrupted(tracker) and not _just_opened(tracker)
            shown = replace(state, note="") if again else state
            if guide.kind == SERVICE:
                wanted = {"wants": step.kind} if step.kind == PHONE else {}
                _say(dispatcher, "service", say_field(knowledge().services[guide.name], shown, step, again=again), wanted)
            else:
                _say(dispatcher, "guide", say_step(guide, shown, step, again=again), {})
        return []


class ActionGuideEnd(Action):
    """Says the recommendation, or that the guide was left."""

    def name(self) -> str:
        """Return the name in domain.yml."""
        return "action_guide_end"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Say how the walk ended, give the facts to the service, and forget the state."""
        state, guide = _state(tracker)
        place = walk(guide, state.answers) if guide is not None else None
        if guide is None or place is None or place.step is not None:
            dispatcher.utter_message(response="utter_guide_left")
            return [SlotSet(STATE, None)]
        if guide.kind == SERVICE:
            return _end_form(dispatcher, guide, state, place.leaf)
        ground = Ground(knowledge().figures, today(), calendar())
        facts = {"guide": guide.id, "title": guide.title, "leaf": place.leaf, "percent": place.percent,
                 "facts": [list(fact) for fact in summary(guide, state.answers)]}  # fmt: skip
        _say(dispatcher, "guide", say_leaf(guide, state, place, knowledge(), ground), {"guided": facts})
        return [SlotSet(STATE, None)]


def _end_form(dispatcher: CollectingDispatcher, form: Guide, state: State, end: str) -> list[EventType]:
    """Give what was filled in to the service, which numbers it; or say that nothing was sent."""
    if end != SENT:
        dispatcher.utter_message(response="utter_no_consent")
        return [SlotSet(STATE, None)]
    path = walk(form, state.answers).path
    wish = {"service": form.id, "values": {name: state.answers[name] for name in path}}
    _say(dispatcher, "service", [], {"wish": wish})
    return [SlotSet(STATE, None)]


def _say(dispatcher: CollectingDispatcher, status: str, replies: list[dict[str, object]], more: dict[str, Any]) -> None:
    dispatcher.utter_message(json_message={"status": status, "replies": replies, **more})


def _state(tracker: Tracker) -> tuple[State, Guide | None]:
    """Return the state and its guide; None when no guide is open or the knowledge has it no longer."""
    raw = tracker.get_slot(STATE)
    if not raw:
        return State(""), None
    state = State.read(raw)
    return state, knowledge().walks.get(state.guide)


def _since_last_message(tracker: Tracker) -> list[dict[str, Any]]:
    events = list(tracker.events)
    last = max((index for index, event in enumerate(events) if event.get("event") == "user"), default=0)
    return events[last:]


def _interrupted(tracker: Tracker) -> bool:
    """Tell whether another action has answered this message already."""
    done = [event for event in _since_last_message(tracker) if event.get("event") == "action"]
    return any(event.get("name") not in _OWN for event in done)


def _just_opened(tracker: Tracker) -> bool:
    """Tell whether this very message opened the guide."""
    states = [e.get("value") for e in _since_last_message(tracker) if e.get("event") == "slot" and e.get("name") == STATE]
    return any(value and value.get("fresh") for value in states)


def _heard(tracker: Tracker) -> str:
    """Tell what else than an answer the message is: an act, a question that is surely known, or what is not ours."""
    message = tracker.latest_message
    intent = (message.get("intent") or {}).get("name")
    if intent in _NOT_OURS:
        return OUTSIDE
    if intent not in _CHAT:
        return ACT
    ranking, meaning = message.get("ranking") or [], message.get("meaning") or {}
    best = ranking[0]["confidence"] if ranking else 0.0
    alone = not meaning.get("subject") and not meaning.get("goes_on")
    known = meaning.get("guide") or (alone and meaning.get("zone") == "answer" and best >= SURE)
    return QUESTION if known else ""


def _said_before(tracker: Tracker) -> list[str]:
    """Return the words that opened the guide and a few before them, the newest first."""
    said = [str(event.get("text") or "") for event in tracker.events if event.get("event") == "user"]
    return said[::-1][: EARLIER + 1]
