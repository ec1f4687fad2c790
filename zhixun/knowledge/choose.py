"""Chooses the answer that holds on a day in a region, and puts it into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from zhixun.knowledge.guides.model import Guide
from zhixun.knowledge.model import NATIONWIDE, Answer, Basis, Glossary, Knowledge, Question

__all__ = ["NEAR", "Choice", "basis_of", "choose", "regions_of", "say"]

BUTTONS = 4
NEAR = timedelta(days=180)
"""How long before a change of the rule the new one is told beside the old one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer to a question, where it was chosen for, and whether it is another place's."""

    question: Question
    answer: Answer
    foreign: bool
    successor: Answer | None = None


def regions_of(region: str, glossary: Glossary) -> tuple[str, ...]:
    """Return the regions whose rules hold in `region`, the most specific first."""
    chain = [region]
    while (wider := glossary.wider.get(chain[-1])) is not None and wider not in chain:
        chain.append(wider)
    return tuple(dict.fromkeys([*chain, NATIONWIDE]))


def choose(question: Question, region: str, day: date, glossary: Glossary) -> Choice | None:
    """Return the answer for `region` on `day`: the most specific one in force.

    When only other places have an answer, theirs is returned as `foreign`; None when nothing holds on that day.
    """
    current = {answer.region: answer for answer in question.answers if answer.holds_on(day)}
    for place in regions_of(region, glossary):
        if place in current:
            return Choice(question, current[place], foreign=False, successor=_successor(question, current[place], day))
    if current:
        return Choice(question, next(iter(current.values())), foreign=True)
    return None


def say(
    choice: Choice, region: str, day: date, knowledge: Knowledge, close: Sequence[Question | Guide] = (), lead: str = ""
) -> list[dict[str, object]]:
    """Return the replies for a choice: bubbles, basis on the last of them, and buttons to what people ask next.

    Args:
        close: questions and guides that may have been meant instead; their buttons come first.
        lead: words before the answer; the label of another place's rule stands before them.
    """
    answer = choice.answer
    bubbles = list(answer.bubbles)
    bubbles[0] = _label(choice, region, day, knowledge) + lead + bubbles[0]
    if choice.successor is not None and choice.successor.since is not None:
        since = choice.successor.since
        bubbles.append(f"提醒：自{since.year}年{since.month}月{since.day}日起，{choice.successor.brief}。")
    replies: list[dict[str, object]] = [
        {"text": text, "knowledge": [choice.question.id], "basis": [], "buttons": []} for text in bubbles
    ]
    replies[-1]["basis"] = basis_of(answer.basis, day, knowledge)
    replies[-1]["buttons"] = [{"title": title, "payload": title} for title in _buttons(choice.question, close, knowledge)]
    return replies


def _buttons(question: Question, close: Sequence[Question | Guide], knowledge: Knowledge) -> list[str]:
    """Return what is offered below an answer; the service that its words speak of is always among it."""
    topics = knowledge.topics
    titles = list(dict.fromkeys([topic.title for topic in close] + [topics[other].title for other in question.next]))
    promised = [topics[other].title for other in question.next if other in knowledge.services][:1]
    kept = titles[:BUTTONS]
    return kept if set(promised) <= set(kept) else [*kept[:-1], *promised]


def _successor(question: Question, answer: Answer, day: date) -> Answer | None:
    later = [a for a in question.answers if a.region == answer.region and a.since and day < a.since <= day + NEAR]
    return min(later, key=lambda a: a.since or day, default=None)


def _label(choice: Choice, region: str, day: date, knowledge: Knowledge) -> str:
    """Say before the answer that it is another place's, or rests on a paper that has run out."""
    sources = [knowledge.sources[basis.source] for basis in choice.answer.basis]
    ended = [source.until for source in sources if source.until and source.until < day]
    parts = []
    # Asked of the region itself, not of `foreign`: an answer may have been chosen for a place that the citizen named.
    if choice.answer.region not in regions_of(region, knowledge.glossary):
        parts.append(f"{choice.answer.region}的规定，不适用于{region}，仅供参考")
    if sources and len(ended) == len(sources):
        last = max(ended)
        parts.append(f"所依据的文件{last.year}年{last.month}月{last.day}日已到期，有关活动已结束")
    return f"【{'；'.join(parts)}】" if parts else ""


def basis_of(clauses: Sequence[Basis], day: date, knowledge: Knowledge) -> list[dict[str, object]]:
    """Return clauses as a reply cites them."""
    return [
        {
            "title": source.title,
            "locator": basis.locator,
            "region": source.region,
            "in_force": source.in_force(day),
            "source": source.id,
            "gist": basis.gist,
        }
        for basis in clauses
        for source in [knowledge.sources[basis.source]]
    ]
