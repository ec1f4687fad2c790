"""Handing over to a person, and what is said while one is awaited. The same when the engine is down."""

from __future__ import annotations

import re

from zhixun.clock import Clock
from zhixun.conversation.owner import owner_of, step
from zhixun.conversation.ports import Phrases
from zhixun.messages import Button, Event, Reply

__all__ = ["Person"]

_Answer = tuple[str, str, tuple[Reply, ...], tuple[Event, ...]]
"""New state, status of the turn, replies, further events."""

# The button and its nearest words work without the engine; every other wording is the engine's to understand.
_ASK = re.compile(r"(请|帮我|我要|我想|麻烦)*(转|找|接|要)?(到|个)?(人工|真人)(服务|客服|坐席)?[吧呀啊。！!]*")
_CANCEL = re.compile(r"(取消排队|取消转人工|不用人工了?|不等了|返回智能助手|继续问机器人)[吧了。！!]*")


class Person:
    """Decides the turns that concern a person.

    Args:
        site: sentences and hours.
        clock: tells whether the desk is open.
    """

    def __init__(self, site: Phrases, clock: Clock) -> None:
        self._site = site
        self._clock = clock

    def answer(self, state: str, text: str, phone: str | None) -> _Answer | None:
        """Answer what is about a person without asking the engine; None when it is not.

        Args:
            state: of the consultation.
            text: the words without secrets.
            phone: the number to call back that was left with them.
        """
        owner = owner_of(state)
        if owner == "queue":
            return self._in_queue(state, text, phone)
        return self._with_bot(state, text) if owner == "bot" else None

    def _with_bot(self, state: str, text: str) -> _Answer | None:
        if _CANCEL.fullmatch(text):
            return state, "small_talk", (Reply(self._site.phrases["not_waiting"], kind="notice"),), ()
        if not _ASK.fullmatch(text):
            return None
        new, reply, events = self.hand_off("asked")
        return new, "handoff", (reply,), events

    def _in_queue(self, state: str, text: str, phone: str | None) -> _Answer:
        phrases = self._site.phrases
        if _CANCEL.fullmatch(text):
            back = Event("returned", "citizen", {"state": step(state, "bot")})
            return "bot", "small_talk", (Reply(phrases["cancelled"], kind="notice"),), (back,)
        if phone is not None:
            told = Reply(phrases["contact_kept"].format(tail=phone[-4:]), buttons=self._buttons(), kind="notice")
            return state, "handoff", (told,), ()
        return state, "handoff", (Reply(phrases["queued_again"], buttons=self._buttons(), kind="notice"),), ()

    def hand_off(self, reason: str, team: str = "") -> tuple[str, Reply, tuple[Event, ...]]:
        """Put the consultation into the queue, or take a message out of hours: the state, the words, the event.

        `team`: the group of staff that it is for, empty for all.
        """
        now = self._clock.local()
        if self._site.hours.is_open(now):
            state, words = "queued", self._site.phrases["queued"]
        else:
            state = "message_left"
            words = self._site.phrases["message_left"].format(opening=self._site.opening_words(now))
        due = {"due": self._site.callback_due(now)} if state == "message_left" else {}
        event = Event("handed_off", "zhixun", {"state": state, "reason": reason, "team": team, **due})
        return state, Reply(words, buttons=self._buttons(), kind="handoff"), (event,)

    def _buttons(self) -> tuple[Button, ...]:
        title = self._site.phrases["back_to_bot"]
        return (Button(title, title),)
