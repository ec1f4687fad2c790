"""The engine of the demonstration: it understands what the story wants it to, and says approved words alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from zhixun.clock import Clock
from zhixun.conversation.engine import EngineClient
from zhixun.errors import OurFault
from zhixun.knowledge.choose import choose, say
from zhixun.knowledge.guides.model import SERVICE, Guide, Step
from zhixun.knowledge.guides.reckon import Calendar, Ground
from zhixun.knowledge.guides.say import say_leaf, say_step
from zhixun.knowledge.guides.walk import State, summary, walk
from zhixun.knowledge.model import Knowledge, Question
from zhixun.knowledge.services.say import say_field
from zhixun.knowledge.site import Site
from zhixun.messages import PERSON, Button, EngineTurn, Reply

__all__ = ["Understood", "Voice", "read_phrases"]

_PHONE = "phone"
_MODEL = "demo"
_OFFERED = 3


class Voice(EngineClient):
    """Stands in the place of the engine's client; there is no engine behind it."""

    def __init__(self) -> None:
        super().__init__("", "")
        self.ready = True
        self.next: EngineTurn | None = None

    async def ask(
        self, consultation: str, text: str, region: str, last: str = "", *, turn: int = 0, again: bool = False
    ) -> EngineTurn:
        """Return what the story put into `next`, once.

        Raises:
            OurFault: it put nothing there.
        """
        told, self.next = self.next, None
        if told is None:
            raise OurFault("演示里没有写智能助手怎么回答这句话。")
        return told

    async def forget(self, consultation: str) -> None:
        """Do nothing: nothing was remembered."""


@dataclass(frozen=True, slots=True)
class Understood:
    """Makes the engine's answers from the knowledge, as the actions do.

    Args:
        phrases: the sentences of domain.yml, by name.
    """

    knowledge: Knowledge
    site: Site
    clock: Clock
    phrases: Mapping[str, Mapping[str, Any]]

    def answer(self, question: Question, region: str, share: float) -> EngineTurn:
        """Give the answer to a question that was understood with so much confidence."""
        day = self.clock.today()
        choice = choose(question, region, day, self.knowledge.glossary)
        if choice is None:
            return self.phrase("utter_unknown", share)
        status = choice.answer.outcome
        told = say(choice, region, day, self.knowledge, () if share >= 0.75 else self.near(question)[:1])
        kind = "answer" if status == "answered" else status
        return EngineTurn(status, tuple(Reply.read({"kind": kind, **raw}) for raw in told), parsed=self._parsed(question, share))

    def which(self, question: Question, share: float) -> EngineTurn:
        """Ask which of a few questions is meant; `question` is the first."""
        topics = [question, *self.near(question)][:_OFFERED]
        lines = "\n".join(f"{number}. {one.title}" for number, one in enumerate(topics, 1))
        buttons = [{"title": title, "payload": title} for title in (*(one.title for one in topics), "都不是")]
        text = f"{self.phrases['utter_which_question']['text']}\n{lines}"
        reply = Reply.read({"kind": "clarify", "text": text, "buttons": buttons})
        return EngineTurn("clarify", (reply,), parsed=self._parsed(question, share))

    def phrase(self, name: str, share: float = 0.97) -> EngineTurn:
        """Say a sentence of domain.yml."""
        told = self.phrases[name].get("custom", self.phrases[name])
        status = str(told.get("status", "small_talk"))
        intent = "ask" if status == "unknown" else name.removeprefix("utter_")
        parsed = {"intent": intent, "confidence": share, "ranking": [], "entities": [], "model": _MODEL}
        return EngineTurn(status, (Reply.read({"kind": status, **told}),), parsed=parsed)

    def complaint(self) -> EngineTurn:
        """Hand over to a person because of a complaint."""
        told = self.phrase("utter_complaint")
        return EngineTurn("handoff", told.replies, "complaint", told.parsed)

    def failure(self) -> EngineTurn:
        """Return what a turn becomes when the engine does not answer."""
        reply = Reply(self.site.phrases["degraded"], buttons=(Button(PERSON, PERSON),), kind="degraded")
        return EngineTurn("degraded", (reply,), parsed={"error": "engine_TimeoutError"})

    def step(self, guide: Guide, answers: Mapping[str, str], step: Step) -> EngineTurn:
        """Ask a step of a guide, or a field of a service's form."""
        state = State(guide.name, answers)
        if guide.kind != SERVICE:
            return self._said("guide", say_step(guide, state, step, again=False))
        told = say_field(self.knowledge.services[guide.name], state, step, again=False)
        return self._said("service", told, wants=_PHONE if step.kind == _PHONE else "")

    def end(self, guide: Guide, answers: Mapping[str, str]) -> EngineTurn:
        """Give the recommendation of a guide, or send the form of a service."""
        place = walk(guide, answers)
        if guide.kind == SERVICE:
            return self._said("service", [], wish={"service": guide.id, "values": {name: answers[name] for name in place.path}})
        hours = self.site.hours
        ground = Ground(self.knowledge.figures, self.clock.today(), Calendar(hours.holidays, hours.workdays, hours.years))
        facts = {"guide": guide.id, "title": guide.title, "leaf": place.leaf, "percent": place.percent,
                 "facts": [list(fact) for fact in summary(guide, answers)]}  # fmt: skip
        return self._said("guide", say_leaf(guide, State(guide.name, answers), place, self.knowledge, ground), guided=facts)

    def near(self, question: Question) -> list[Question]:
        """Return the questions that people ask next."""
        return [self.knowledge.questions[name] for name in question.next if name in self.knowledge.questions]

    def _said(self, status: str, told: Sequence[Mapping[str, Any]], **more: Any) -> EngineTurn:
        parsed = {"intent": "ask", "confidence": 0.96, "ranking": [], "entities": [], "model": _MODEL}
        return EngineTurn(status, tuple(Reply.read({"kind": status, **raw}) for raw in told), parsed=parsed, **more)

    def _parsed(self, question: Question, share: float) -> dict[str, Any]:
        others = [(one.id, round((1 - share) / (2 + at), 4)) for at, one in enumerate(self.near(question)[:_OFFERED])]
        ranking = [{"question": name, "confidence": part, "score": part} for name, part in [(question.id, share), *others]]
        rights = [{"entity": "right", "value": right} for right in question.ip[:1] if right in self.knowledge.glossary.rights]
        return {"intent": "ask", "confidence": share, "ranking": ranking, "entities": rights, "model": _MODEL}


def read_phrases(project: Path) -> dict[str, Mapping[str, Any]]:
    """Return the sentences of a project's domain.yml by name.

    Raises:
        OurFault: it has none.
    """
    try:
        responses = yaml.safe_load((project / "domain.yml").read_text("utf-8"))["responses"]
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise OurFault(f"{project / 'domain.yml'} 无法读取。") from error
    return {name: told[0] for name, told in responses.items()}
