"""Joins knowledge, engine and desk: what approved answers there are for words that a citizen or a colleague typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhixun.clock import Clock
from zhixun.desk.ports import Known
from zhixun.errors import TryLater
from zhixun.knowledge.choose import choose, say
from zhixun.knowledge.shelf import Present
from zhixun.messages import Reply

__all__ = ["Advised"]

_MOST = 6


@dataclass(frozen=True, slots=True)
class Advised:
    """The desk's `Advice`.

    Args:
        present: the knowledge that holds now.
        understand: how the engine understands words; without it titles and wordings are searched for the words themselves.
    """

    present: Present
    clock: Clock
    understand: Callable[[str], Awaitable[Mapping[str, Any]]]

    async def suggest(self, text: str, region: str) -> Sequence[Known]:
        """Return the answers that fit `text` best, the best first."""
        text = text.strip()
        if not text:
            return []
        try:
            ranked = [(str(one["question"]), float(one["confidence"])) for one in (await self.understand(text)).get("ranking", ())]
        except TryLater:
            ranked = []
        named = [(name, 0.0) for name in self._named(text)]
        best = dict(reversed([*ranked, *named]))
        order = list(dict.fromkeys(name for name, _ in [*ranked, *named]))
        found = [self.answer(name, region, best[name]) for name in order if name in self.present().questions]
        return [known for known in found if known is not None][:_MOST]

    def answer(self, question: str, region: str, share: float = 0.0) -> Known | None:
        """Return the answer of today to a question by its id; None when there is no such question."""
        knowledge, day = self.present(), self.clock.today()
        asked = knowledge.questions.get(question)
        if asked is None:
            return None
        choice = choose(asked, region, day, knowledge.glossary)
        replies = [Reply.read(raw) for raw in say(choice, region, day, knowledge)] if choice else []
        basis = replies[-1].basis if replies else ()
        return Known(asked.id, asked.title, "\n\n".join(reply.text for reply in replies), basis, share)

    def title(self, name: str) -> str:
        """Return what a question, guide or service is called; its id when there is none any more."""
        topic = self.present().topics.get(name)
        return topic.title if topic is not None else name

    def _named(self, text: str) -> list[str]:
        """Return the questions whose id, title or wordings hold the very words; those whose title does first."""
        questions = self.present().questions.values()
        titled = [one.id for one in questions if text in one.title or text == one.id]
        worded = [one.id for one in questions if any(text in wording for wording in one.wordings)]
        return [*titled, *worded][:_MOST]
