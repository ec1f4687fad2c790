"""Answers a question from knowledge, asks which one is meant, or says that there is no approved answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.context import knowledge, region_of, today
from zhixun.knowledge.choose import Choice, choose, say
from zhixun.knowledge.model import Question

__all__ = ["ActionAnswer", "ActionRepeat", "ActionWhichRight"]

CHOICES = 3
SURE = 0.6
"""Below this confidence an answer is given together with the questions that were nearly as likely."""
COMMON_RIGHTS = ("专利", "商标", "著作权")
ABROAD, ELSEWHERE = "境外", "外省"
# Curated questions that are given instead when the place makes the local answer wrong.
FOREIGN_LAW, OTHER_PROVINCE = "overseas-foreign-law", "other-province-policy"
OVERSEAS = "海外"

# Somebody who names a foreign country and asks what holds at home.
AT_HOME = re.compile("国内|中国|我国|咱们这|我们这|青海|西宁|海关")
_ELLIPSIS = re.compile(r"(那么?|换成|如果是|要是|还有)?.{1,8}(呢|怎么样|也是吗|也一样吗|又是多久|又怎么说)[?？]?")


class ActionAnswer(Action):
    """Answers from the ranking that came with the message."""

    def name(self) -> str:
        """Return the name in domain.yml."""
        return "action_answer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Say the answer, the choices or that nothing is known; remember what was said."""
        message = tracker.latest_message
        chosen = _ellipsis(tracker)
        if chosen is not None:
            return _give(dispatcher, tracker, chosen)
        ranking = [hit for hit in message.get("ranking") or [] if hit["question"] in knowledge().questions]
        named = message.get("named") or {}
        zone = named.get("zone", "unknown")
        if not ranking or zone == "unknown":
            dispatcher.utter_message(response="utter_unknown" if named.get("field") else "utter_unknown_field")
            return []
        questions = [knowledge().questions[hit["question"]] for hit in ranking[:CHOICES]]
        if zone == "answer" or (ELSEWHERE in _places(tracker) and any(question.local for question in questions)):
            chosen = max(questions[:1] if zone == "answer" else questions, key=lambda q: q.local)
            close = ranking[0]["confidence"] < SURE
            return _give(dispatcher, tracker, chosen, [q for q in questions if q is not chosen] if close else [])
        foreign_matters = [q for q in questions if q.answers[0].outcome == "out_of_scope"]
        if questions[0] in foreign_matters and len(foreign_matters) > 1:
            dispatcher.utter_message(response="utter_out_of_scope")
            return []
        return _offer(dispatcher, domain, questions)


class ActionWhichRight(Action):
    """Asks which right is meant when too little was said: "多少钱"."""

    def name(self) -> str:
        """Return the name in domain.yml."""
        return "action_which_right"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Offer the rights people mean most; each button repeats what was said about that right."""
        said = tracker.latest_message.get("text") or ""
        buttons = [{"title": right, "payload": f"{right}{said}"} for right in COMMON_RIGHTS]
        reply = {"text": _phrase(domain, "utter_which_right"), "knowledge": [], "basis": [], "buttons": buttons}
        dispatcher.utter_message(json_message={"status": "clarify", "replies": [reply]})
        return []


class ActionRepeat(Action):
    """Says the last answer again."""

    def name(self) -> str:
        """Return the name in domain.yml."""
        return "action_repeat"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Repeat the answer to the last question, or say that there is none."""
        question = knowledge().questions.get(tracker.get_slot("last_question") or "")
        if question is None:
            dispatcher.utter_message(response="utter_nothing_to_repeat")
            return []
        return _give(dispatcher, tracker, question)


def _phrase(domain: dict[str, Any], name: str) -> str:
    """Return a sentence of domain.yml."""
    return str(domain["responses"][name][0]["text"])


def _give(
    dispatcher: CollectingDispatcher, tracker: Tracker, question: Question, close: Sequence[Question] = ()
) -> list[EventType]:
    """Say the answer that holds today in the citizen's region, or in the place that was named.

    Args:
        close: questions that were nearly as likely; they are offered before what people ask next.
    """
    day, region = today(), region_of(tracker)
    places = _places(tracker)
    if not AT_HOME.search(tracker.latest_message.get("text") or ""):
        question = _for_place(question, places)
    named = [answer.region for answer in question.answers if answer.region in places and answer.region != region]
    choice = choose(question, named[0] if named else region, day, knowledge().glossary)
    if choice is None:
        dispatcher.utter_message(response="utter_unknown")
        return []
    choice = Choice(choice.question, choice.answer, choice.foreign or bool(named), choice.successor)
    replies = say(choice, region, day, knowledge(), close)
    dispatcher.utter_message(json_message={"status": choice.answer.outcome, "replies": replies})
    return [SlotSet("last_question", question.id)]


def _places(tracker: Tracker) -> set[str]:
    """Return the places that the message names, as the glossary calls them."""
    return {entity["value"] for entity in tracker.latest_message.get("entities") or [] if entity["entity"] == "place"}


def _for_place(question: Question, places: set[str]) -> Question:
    """Keep a rule of this place from being given for another country or province."""
    if ABROAD in places and OVERSEAS not in (question.topic, *question.ip) and not question.id.startswith(("overseas", "customs")):
        return knowledge().questions.get(FOREIGN_LAW, question)
    if ELSEWHERE in places and question.local:
        return knowledge().questions.get(OTHER_PROVINCE, question)
    return question


def _offer(dispatcher: CollectingDispatcher, domain: dict[str, Any], questions: list[Question]) -> list[EventType]:
    """Ask which question is meant."""
    lines = "\n".join(f"{number}. {question.title}" for number, question in enumerate(questions, 1))
    buttons = [{"title": question.title, "payload": question.title} for question in questions]
    buttons.append({"title": "都不是", "payload": "都不是"})
    text = f"{_phrase(domain, 'utter_which_question')}\n{lines}"
    reply = {"text": text, "knowledge": [], "basis": [], "buttons": buttons}
    dispatcher.utter_message(json_message={"status": "clarify", "replies": [reply]})
    return []


def _ellipsis(tracker: Tracker) -> Question | None:
    """Return the question on the same topic of another right: after a term of patents, "那商标呢"."""
    last = knowledge().questions.get(tracker.get_slot("last_question") or "")
    message = tracker.latest_message
    rights = set((message.get("named") or {}).get("rights") or ())
    if last is None or not rights or not _ELLIPSIS.fullmatch(message.get("text") or ""):
        return None
    fits = [q for q in knowledge().questions.values() if q.topic == last.topic and rights & set(q.ip)]
    ranked = [hit["question"] for hit in message.get("ranking") or []]
    order = {question_id: place for place, question_id in enumerate(ranked)}
    best = min(fits, key=lambda q: (order.get(q.id, len(ranked)), len(set(q.ip) - rights)), default=None)
    if best is None and rights & set(last.ip):
        return last
    return best
