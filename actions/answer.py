"""Answers a question from knowledge, asks which one is meant, or says that there is no approved answer."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.context import knowledge, region_of, today
from zhixun.knowledge.choose import Choice, choose, say
from zhixun.knowledge.model import Question

__all__ = ["ActionAnswer", "ActionRepeat"]

CHOICES = 3
ABROAD, ELSEWHERE = "境外", "外省"
# Curated questions that are given instead when the place makes the local answer wrong.
FOREIGN_LAW, OTHER_PROVINCE = "overseas-foreign-law", "other-province-policy"
OVERSEAS = "海外"

_ORDINAL = re.compile(r"第?([一二三四1234])")
_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4}
_ELLIPSIS = re.compile(r"(那么?|换成|如果是|要是|还有)?.{1,8}(呢|怎么样|也是吗|也一样吗|又是多久|又怎么说)[?？]?")


class ActionAnswer(Action):
    """Answers from the ranking that came with the message."""

    def name(self) -> str:
        """Return the name in domain.yml."""
        return "action_answer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Say the answer, the choices or that nothing is known; remember what was said."""
        message = tracker.latest_message
        chosen = _chosen(tracker) or _ellipsis(tracker)
        if chosen is not None:
            return _give(dispatcher, tracker, chosen)
        ranking = [hit for hit in message.get("ranking") or [] if hit["question"] in knowledge().questions]
        named = message.get("named") or {}
        zone = named.get("zone", "unknown")
        if not ranking or zone == "unknown" or message.get("intent", {}).get("name") == "choose":
            dispatcher.utter_message(response="utter_unknown" if named.get("terms") else "utter_unknown_field")
            return [SlotSet("offered", None)]
        questions = [knowledge().questions[hit["question"]] for hit in ranking]
        if zone == "answer":
            return _give(dispatcher, tracker, questions[0])
        return _offer(dispatcher, questions[:CHOICES])


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


def _give(dispatcher: CollectingDispatcher, tracker: Tracker, question: Question) -> list[EventType]:
    """Say the answer that holds today in the citizen's region, or in the place that was named."""
    day, region = today(), region_of(tracker)
    places = {entity["value"] for entity in tracker.latest_message.get("entities") or [] if entity["entity"] == "place"}
    question = _for_place(question, places)
    named = [answer.region for answer in question.answers if answer.region in places and answer.region != region]
    choice = choose(question, named[0] if named else region, day, knowledge().glossary)
    if choice is None:
        dispatcher.utter_message(response="utter_unknown")
        return [SlotSet("offered", None)]
    choice = Choice(choice.question, choice.answer, choice.foreign or bool(named), choice.successor)
    replies = say(choice, region, day, knowledge())
    dispatcher.utter_message(json_message={"status": choice.answer.outcome, "replies": replies})
    return [SlotSet("last_question", question.id), SlotSet("offered", None)]


def _for_place(question: Question, places: set[str]) -> Question:
    """Keep a rule of this place from being given for another country or province."""
    if ABROAD in places and OVERSEAS not in (question.topic, *question.ip) and not question.id.startswith(("overseas", "customs")):
        return knowledge().questions.get(FOREIGN_LAW, question)
    if ELSEWHERE in places and question.local:
        return knowledge().questions.get(OTHER_PROVINCE, question)
    return question


def _offer(dispatcher: CollectingDispatcher, questions: list[Question]) -> list[EventType]:
    """Ask which question is meant."""
    lines = "\n".join(f"{number}. {question.title}" for number, question in enumerate(questions, 1))
    buttons = [{"title": question.title, "payload": question.title} for question in questions]
    buttons.append({"title": "都不是", "payload": "都不是"})
    text = f"您是想问下面哪一个？可以点选，也可以回复序号：\n{lines}"
    reply = {"text": text, "knowledge": [], "basis": [], "buttons": buttons}
    dispatcher.utter_message(json_message={"status": "clarify", "replies": [reply]})
    return [SlotSet("offered", [question.id for question in questions])]


def _chosen(tracker: Tracker) -> Question | None:
    """Return what was chosen by number among the offered questions."""
    offered = tracker.get_slot("offered") or []
    if not offered or tracker.latest_message.get("intent", {}).get("name") != "choose":
        return None
    match = _ORDINAL.search(tracker.latest_message.get("text") or "")
    number = _DIGITS.get(match[1]) or int(match[1]) if match else 0
    return knowledge().questions.get(offered[number - 1]) if 1 <= number <= len(offered) else None


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
