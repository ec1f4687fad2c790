"""What a message means: an act, one or two curated questions, a bare subject, or a question that goes on from the last one.

The order is that of certainty: the very words of a curated question; words that always mean an act; then the ranking, read
by itself, by its parts, and in the light of the question answered before. No Rasa here, so that it can be tested and measured
alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from zhixun.knowledge.guides.model import SERVICE
from zhixun.nlu.kinds import OUTSIDE, PERSON, THEIRS, Kinds
from zhixun.nlu.ranking import WALKS, Candidate, Ranked, Ranking
from zhixun.nlu.text import normalise

__all__ = ["ACT", "ASK", "FALLBACK", "NOT_OURS", "Limits", "Meaning", "Understanding"]

ASK, FALLBACK, VAGUE, NOT_OURS, ASK_PERSON = "ask", "nlu_fallback", "vague", "out_of_scope", "ask_person"
ACT = "act:"
BARE = 8
SHORT = 14
"""Longer messages are taken to say by themselves what they are about."""
PARTS = 2
DOORS = 3
SHORTEST, HALVES = 3, 30
_ASKING = re.compile("怎么|咋|如何|多久|多长|多少|几|吗|么|什么|啥|哪|谁|能|可以|可不|要|是否|不|有没|为|呢|费|期|条件|材料|流程|区别")
_SENTENCE = re.compile(r"[?？。!！;；\n]+|(?:还有(?:就是)?|另外|以及|顺便问?|再就是|同时问?)[,，:：]?")
_CHINESE = re.compile("[\u4e00-\u9fff]")
_HALF = re.compile("[,，、]")
# What surely asks, where a comma is all that parts two questions.
_OPEN = re.compile("怎么|如何|多久|多长|多少|吗|什么|啥|哪|谁|几")
_GOES_ON = re.compile(r"^(那么?|还有|另外|然后|要是|如果|换成|这个|这种|它)|呢[?？]?$|别的|其他")
_ABOUT = re.compile(
    r"^(我想|想|要|我要)?(问|咨询|了解)?(一下|下)?|(方面|这块|相关|有关)?的?(问题|事情|事儿?|咨询|业务|知识|内容)?$"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on the ranking is believed; what each means is told in `KnowledgeRanker`."""

    act: float
    answer: float
    unclear: float
    outside: float
    clear: float
    score: float
    known: float
    refer: float
    guide: float
    service: float
    offer: float
    kind: float
    ahead: float


@dataclass(frozen=True, slots=True)
class Meaning:
    """What was understood.

    Attributes:
        intent: `ask`, `nlu_fallback` or a dialogue act, with its confidence.
        questions: the ranking of curated questions, best first.
        zone: `answer`, `clarify` or `unknown`: what the ranking allows to say.
        also: a second question that the message asks as well, sure enough to be answered; None otherwise.
        subject: the bare right or topic that the message is; empty otherwise.
        goes_on: whether it was understood only in the light of the question before.
        guide: the guide or form that it asks for; `offer`: one that may help besides; empty when none.
        field: whether it sounds like the field at all, though none of the curated questions may be meant.
    """

    intent: str
    confidence: float
    questions: tuple[Candidate, ...]
    zone: str
    rights: tuple[str, ...]
    also: str | None = None
    subject: str = ""
    goes_on: bool = False
    field: bool = False
    guide: str = ""
    offer: str = ""


class Understanding:
    """Understands messages with a fitted ranking.

    Args:
        ranking: what ranks questions and acts.
        patterns: acts with the words that always mean them; the first that fits decides.
        kinds: tells what wants a person or is of another field, where the ranking is not sure.
        limits: from where on both are believed.
    """

    def __init__(self, ranking: Ranking, patterns: Sequence[tuple[str, re.Pattern[str]]], kinds: Kinds, limits: Limits) -> None:
        self._ranking = ranking
        self._kinds = kinds
        self._patterns = patterns
        self._limits = limits
        self._subjects = ranking.subjects

    def understand(self, text: str, last: str = "") -> Meaning:
        """Return what a message means.

        Args:
            text: the message.
            last: id of the question answered before, or empty.
        """
        text = normalise(text)
        ranked = self._ranking.rank(text)
        intent, confidence = self._decide(text, ranked)
        zone = self._zone(text, ranked)
        meaning = Meaning(intent, confidence, _questions(ranked), zone, ranked.rights, field=bool(ranked.terms))
        meaning = self._with_guide(meaning, ranked.guide)
        if meaning.guide or (ranked.exact and intent == ASK) or intent not in (ASK, FALLBACK, VAGUE):
            return meaning
        if self._ranking.terms.is_outside(text) and ranked.candidates[0].confidence < self._limits.outside:
            return self._elsewhere(meaning)
        subject = self._subject(text)
        if subject:
            return replace(meaning, intent=ASK, confidence=1.0, zone="clarify", subject=subject, field=True)
        if last and not last.startswith(WALKS) and len(text) <= SHORT and (zone != "answer" or intent == VAGUE or _GOES_ON.search(text)):
            further = self._further(text, ranked, last)
            if further is not None:
                return further
        return meaning if intent == VAGUE else self._of_kind(text, ranked, meaning) or self._in_parts(text, meaning)

    def _decide(self, text: str, ranked: Ranked) -> tuple[str, float]:
        best = ranked.candidates[0]
        # What a guide does needs no person: "帮我算一下年费".
        guided = ranked.guide.confidence if ranked.guide is not None else 0.0
        if (ranked.exact and not best.id.startswith(ACT)) or guided == 1.0:
            return ASK, 1.0
        opens = self._opens(ranked.guide)
        for act, pattern in self._patterns:
            if pattern.search(text) and not (act == ASK_PERSON and opens):
                return act, 1.0
        if opens and not self._ranking.terms.is_outside(text):
            return ASK, guided
        if best.id.startswith(ACT) and best.confidence >= self._limits.act:
            return best.id.removeprefix(ACT), best.confidence
        unsure = best.id.startswith(ACT) or best.confidence < self._limits.answer
        return (FALLBACK if unsure else ASK), best.confidence

    def _opens(self, walk: Candidate | None) -> bool:
        """Tell whether it is sure enough to be opened; a form, which wants something of the citizen, takes more than a guide."""
        if walk is None:
            return False
        return walk.confidence >= (self._limits.service if walk.id.startswith(SERVICE) else self._limits.guide)

    def _with_guide(self, meaning: Meaning, guide: Candidate | None) -> Meaning:
        if guide is None or guide.confidence < self._limits.offer:
            return meaning
        opens = meaning.intent == ASK and self._opens(guide)
        return replace(meaning, guide=guide.id) if opens else replace(meaning, offer=guide.id)

    def _zone(self, text: str, ranked: Ranked) -> str:
        questions = _questions(ranked)
        if not questions or questions[0].score < self._limits.score or ranked.known < self._limits.known or _foreign(text, ranked):
            return "unknown"
        if not self._ranking.about[questions[0].id].ours and not ranked.rights:
            # To be sent to the right door needs no certainty of the question.
            return "answer"
        # A bare subject ("商标注册") asks for no fact in particular, and a long story resembles many questions a little:
        # it takes more to answer one.
        unclear = questions[0].score < self._limits.clear or (len(text) <= BARE and not _ASKING.search(text))
        wanted = self._limits.unclear if unclear else self._limits.answer
        if self._ranking.about[questions[0].id].refers:
            # It claims nothing and names who can tell; what else may have been meant is offered below it.
            wanted = min(wanted, self._limits.refer)
        return "answer" if questions[0].confidence >= wanted else "clarify"

    def _of_kind(self, text: str, ranked: Ranked, meaning: Meaning) -> Meaning | None:
        """Take a message for a wish for a person, or for what another body or another field is for, where that is surer than the question."""
        best = meaning.questions[0] if meaning.questions else None
        if best is not None and best.confidence >= self._limits.refer and self._ranking.about[best.id].refers:
            return None  # a door has been found already
        kinds = self._kinds.of(text)
        kind = max((PERSON, OUTSIDE, THEIRS), key=kinds.__getitem__)
        if kinds[kind] < max(self._limits.kind, (best.confidence if best else 0.0) + self._limits.ahead):
            return None
        if kind == PERSON:
            return replace(meaning, intent=ASK_PERSON, confidence=kinds[PERSON])
        if kind == OUTSIDE:
            return self._elsewhere(meaning)
        return None if ranked.door is None else _through(ranked.door, meaning)

    def _elsewhere(self, meaning: Meaning) -> Meaning:
        """Send somebody who used words of another matter to its door, or say that the matter is not ours."""
        doors = [c for c in meaning.questions[:DOORS] if not self._ranking.about[c.id].ours]
        return _through(doors[0], meaning) if doors else replace(meaning, intent=NOT_OURS, confidence=1 - meaning.confidence)

    def _subject(self, text: str) -> str:
        """Return the right or topic that is all the message says, or an empty string."""
        said = _ABOUT.sub("", text.rstrip("?？。!！,，~ "))
        return self._subjects.get(said, "")

    def _further(self, text: str, ranked: Ranked, last: str) -> Meaning | None:
        """Read a short message as going on from the last question: "多少钱", "那外观呢", "还有别的办法吗"."""
        before = self._ranking.about.get(last)
        own = ranked.terms and not _GOES_ON.search(text)
        if before is None or own or _foreign(text, ranked):
            return None
        # A right that is named now takes the place of the one before; what was asked stays.
        whole = f"{text}{before.asked}" if ranked.rights else f"{before.right}{before.topic}{text}"
        again = self._ranking.rank(whole)
        alike = _questions(again)
        if ranked.rights:
            fits = [c for c in alike if set(ranked.rights) & self._ranking.about[c.id].rights]
        else:
            near = self._ranking.near(last) | {last}
            fits = [c for c in alike if c.id in near]
        if not fits or fits[0].score < self._limits.score:
            return None
        # How far it is ahead among those that can be meant, not among all.
        sure = self._ranking.sure(fits[0].score - fits[1].score) if len(fits) > 1 else fits[0].confidence
        zone = "answer" if sure >= self._limits.answer else "clarify"
        order = (replace(fits[0], confidence=sure), *fits[1:])
        return Meaning(ASK, sure, order, zone, again.rights, goes_on=True, field=True)

    def _in_parts(self, text: str, meaning: Meaning) -> Meaning:
        """Find a second question in the message, when both of its parts are clear by themselves."""
        parts = _asked_parts(text)
        if len(parts) != PARTS:
            return meaning
        first, second = (self._ranking.rank(part) for part in parts)
        one, other = _questions(first)[:1], _questions(second)[:1]
        if one and not second.rights:
            further = self._further(parts[1], second, one[0].id)
            other = further.questions[:1] if further is not None else other
        best = (*one, *other)
        if len(best) < PARTS or best[0].id == best[1].id or min(c.confidence for c in best) < self._limits.answer:
            return meaning
        if min(c.score for c in best) < self._limits.score:
            return meaning
        order = (best[0], *(c for c in meaning.questions if c.id not in (best[0].id, best[1].id)))
        return replace(
            meaning, intent=ASK, confidence=best[0].confidence, questions=order, zone="answer", also=best[1].id, field=True
        )


def _through(door: Candidate, meaning: Meaning) -> Meaning:
    """Answer with the question that names who can tell."""
    order = (door, *(c for c in meaning.questions if c.id != door.id))
    return replace(meaning, intent=ASK, confidence=door.confidence, questions=order, zone="answer")


def _asked_parts(text: str) -> list[str]:
    """Return the parts of a message that ask something: its sentences, or the two halves of a short one."""
    parts = [part for part in _SENTENCE.split(text) if len(part) >= SHORTEST and _ASKING.search(part)]
    if len(parts) == 1 and len(text) <= HALVES:
        parts = [part for part in _HALF.split(parts[0]) if len(part) >= SHORTEST]
        return parts if all(_OPEN.search(part) for part in parts) else []
    return parts


def _foreign(text: str, ranked: Ranked) -> bool:
    """Tell whether a message has neither Chinese nor a word of the field: a command, a formula, another language."""
    return not ranked.terms and not _CHINESE.search(text)


def _questions(ranked: Ranked) -> tuple[Candidate, ...]:
    return tuple(candidate for candidate in ranked.candidates if not candidate.id.startswith(ACT))
