"""Answers a question from knowledge, asks which one is meant, or says that there is no approved answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.context import knowledge, region_of, today
from actions.guide import start_guide
from actions.premise import contradiction
from zhixun.knowledge.choose import Choice, choose, say
from zhixun.knowledge.guides.model import Guide
from zhixun.knowledge.model import Question

__all__ = ["ActionAnswer", "ActionRepeat", "ActionWhichRight"]

CHOICES = 3
MENU = 6
SURE = 0.75
"""Below this confidence the answer to the next likely question is given too, and the third is offered."""
COMMON_RIGHTS = ("专利", "商标", "著作权")
ABROAD, ELSEWHERE = "境外", "外省"
OUTSIDE = "out_of_scope"
# Curated questions that are given instead when the place makes the local answer wrong.
FOREIGN_LAW, OTHER_PROVINCE = "overseas-foreign-law", "other-province-policy"
OWN_CASE = "own-case-progress"
OVERSEAS = "海外"

# Somebody who names a foreign country and asks what holds at home.
AT_HOME = re.compile("国内|中国|我国|咱们这|我们这|青海|西宁|海关")

# Somebody who asks how his own running case stands, which only the body that handles it can say.
RUNNING = re.compile(
    "(案子|举报|投诉|立案|官司|申请|扣了|冻了).{0,24}(到哪一?步|查完没|判了没|办完没|出结果|有结果|办得怎么样|没人回)"
    "|(抽走|送检|取样|鉴定|检测|开完庭|裁决|调解|认定|评审).{0,24}(结果|消息|通知)(什么时候|啥时候|几时|多久|何时)(能|会|才)?(出|下|有|知道)"
)


class ActionAnswer(Action):
    """Answers from the ranking that came with the message."""

    def name(self) -> str:
        """Return the name in domain.yml."""
        return "action_answer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Say the answer, the choices or that nothing is known; remember what was said."""
        message = tracker.latest_message
        meaning = message.get("meaning") or {}
        if meaning.get("subject"):
            return _open_menu(dispatcher, domain, meaning["subject"])
        if meaning.get("guide") in knowledge().walks:
            return start_guide(knowledge().walks[meaning["guide"]])
        ranking = [hit for hit in message.get("ranking") or [] if hit["question"] in knowledge().questions]
        zone = meaning.get("zone", "unknown")
        if not ranking or zone == "unknown":
            dispatcher.utter_message(response="utter_unknown" if meaning.get("field") else "utter_unknown_field")
            return []
        questions = [knowledge().questions[hit["question"]] for hit in ranking[:CHOICES]]
        offer = [walk for walk in [knowledge().walks.get(meaning.get("offer") or "")] if walk is not None]
        if zone != "answer" and (instead := _not_here(tracker, questions[0])):
            return _give(dispatcher, tracker, [knowledge().questions[instead]], questions)
        elsewhere = ELSEWHERE in _places(tracker) and any(question.local for question in questions)
        if zone != "answer" and not elsewhere:
            return _ask_which(dispatcher, domain, questions, offer)
        also = knowledge().questions.get(meaning.get("also") or "")
        sure = ranking[0]["confidence"] >= SURE or elsewhere
        said, rest = _answered(questions, also, set(meaning.get("rights") or ()), sure=sure, local=elsewhere)
        return _give(dispatcher, tracker, said, [*offer, *rest])


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
        return _give(dispatcher, tracker, [question])


def _ask_which(
    dispatcher: CollectingDispatcher, domain: dict[str, Any], questions: Sequence[Question], offer: Sequence[Guide]
) -> list[EventType]:
    """Ask which one is meant, unless most of them are of another field."""
    if not _ours(questions[0]) and sum(not _ours(question) for question in questions) > 1:
        dispatcher.utter_message(response="utter_out_of_scope")
        return []
    return _offer(dispatcher, domain, "utter_which_question", [*questions, *offer])


def _phrase(domain: dict[str, Any], name: str) -> str:
    """Return a sentence of domain.yml."""
    return str(domain["responses"][name][0]["text"])


def _give(
    dispatcher: CollectingDispatcher, tracker: Tracker, questions: Sequence[Question], close: Sequence[Question | Guide] = ()
) -> list[EventType]:
    """Say the answers that hold today in the citizen's region, or in the place that was named.

    Args:
        questions: one, or two when two were asked or the first two are nearly as likely.
        close: questions that may have been meant instead; they are offered before what people ask next.
    """
    choices = [choice for question in questions if (choice := _chosen(tracker, question)) is not None]
    if not choices:
        dispatcher.utter_message(response="utter_unknown")
        return []
    region, day = region_of(tracker), today()
    leads = [f"关于“{choice.question.title}”：" if len(choices) > 1 else "" for choice in choices]
    leads[0] += contradiction(tracker.latest_message.get("text") or "", choices[0].answer)
    said = [say(choice, region, day, knowledge(), close, lead) for choice, lead in zip(choices, leads, strict=True)]
    for part in said[:-1]:
        part[-1]["buttons"] = []  # once, under the last bubble
    replies = [reply for part in said for reply in part]
    dispatcher.utter_message(json_message={"status": choices[0].answer.outcome, "replies": replies})
    return [SlotSet("last_question", choices[0].question.id)]


def _answered(
    questions: list[Question], also: Question | None, rights: set[str], *, sure: bool, local: bool
) -> tuple[list[Question], list[Question]]:
    """Return which questions are answered, and which are offered besides.

    Args:
        questions: the likely ones, the first sure enough to be answered.
        also: the second question of a message that asks two.
        rights: the rights that were named; the next likely question must be about one of them to be answered too.
        sure: whether the first is so likely that the others need no mention.
        local: whether another place's policy is asked for, so that a local question goes first.
    """
    chosen = max(questions, key=lambda question: question.local) if local else questions[0]
    others = [question for question in questions if question is not chosen]
    if also is not None:
        return [chosen, also], []
    if sure:
        return [chosen], []
    wider = knowledge().glossary.wider
    fits = [q for q in others[:1] if _ours(q) and (not rights or rights & {*q.ip, *(wider.get(right) for right in q.ip)})]
    if fits and _ours(chosen):
        return [chosen, *fits], others[1:]
    return [chosen], others


def _ours(question: Question) -> bool:
    """Tell whether a question is of the field, and not one that only says who else is to be asked."""
    return question.answers[0].outcome != OUTSIDE


def _chosen(tracker: Tracker, question: Question) -> Choice | None:
    """Choose the answer for the day, the citizen's region and the places that the message names."""
    region, places = region_of(tracker), _places(tracker)
    if not AT_HOME.search(tracker.latest_message.get("text") or ""):
        question = _for_place(question, places)
    named = [answer.region for answer in question.answers if answer.region in places and answer.region != region]
    choice = choose(question, named[0] if named else region, today(), knowledge().glossary)
    if choice is None:
        return None
    return Choice(choice.question, choice.answer, choice.foreign or bool(named), choice.successor)


def _places(tracker: Tracker) -> set[str]:
    """Return the places that the message names, as the glossary calls them."""
    return {entity["value"] for entity in tracker.latest_message.get("entities") or [] if entity["entity"] == "place"}


def _not_here(tracker: Tracker, likely: Question) -> str:
    """Return the question that sends an unclear message to where it is known, or an empty string."""
    text = tracker.latest_message.get("text") or ""
    if RUNNING.search(text):
        return OWN_CASE
    if ABROAD in _places(tracker) and _ours(likely) and not AT_HOME.search(text):
        return FOREIGN_LAW
    return ""


def _for_place(question: Question, places: set[str]) -> Question:
    """Keep a rule of this place from being given for another country or province."""
    if not _ours(question):
        return question
    if ABROAD in places and OVERSEAS not in (question.topic, *question.ip) and not question.id.startswith(("overseas", "customs")):
        return knowledge().questions.get(FOREIGN_LAW, question)
    if ELSEWHERE in places and question.local:
        return knowledge().questions.get(OTHER_PROVINCE, question)
    return question


def _open_menu(dispatcher: CollectingDispatcher, domain: dict[str, Any], subject: str) -> list[EventType]:
    """Offer what people ask most about a right or topic that was said and nothing else."""
    listed = knowledge().menus.get(subject) or [q.id for q in knowledge().questions.values() if q.topic == subject]
    return _offer(dispatcher, domain, "utter_menu", [knowledge().questions[name] for name in listed[:MENU]])


def _offer(
    dispatcher: CollectingDispatcher, domain: dict[str, Any], phrase: str, questions: Sequence[Question | Guide]
) -> list[EventType]:
    """Ask which question is meant."""
    lines = "\n".join(f"{number}. {question.title}" for number, question in enumerate(questions, 1))
    buttons = [{"title": question.title, "payload": question.title} for question in questions]
    buttons.append({"title": "都不是", "payload": "都不是"})
    text = f"{_phrase(domain, phrase)}\n{lines}"
    reply = {"text": text, "knowledge": [], "basis": [], "buttons": buttons}
    dispatcher.utter_message(json_message={"status": "clarify", "replies": [reply]})
    return []
