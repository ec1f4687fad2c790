"""Listens to what citizens said in a span: decrypts it in small portions beside the service's work, and keeps no words but those shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.database import Database, cases, journal
from zhixun.messages import Entry
from zhixun.reports.spans import Span
from zhixun.reports.words import Count, Said, Vocabulary, Words, clusters, new_words, words_in

__all__ = ["MOST_READ", "Listener"]

MOST_READ = 10_000
"""So many consultations of each span are read, the newest: it takes a second for some three hundred."""
_AT_ONCE = 40
"""So many are opened in one go; turns wait that long, which is some milliseconds."""
_UNANSWERED = ("unknown", "degraded")
_OpenRows = Callable[[AsyncConnection, Sequence[sa.RowMapping]], Awaitable[Sequence[Entry]]]


@dataclass(frozen=True, slots=True)
class Listener:
    """Reads what was said.

    Args:
        opened: opens rows of the journal. clean: takes personal numbers out of words.
        vocabulary: returns how words are cut and which are public; called in a thread, as it may load a dictionary.
    """

    database: Database
    opened: _OpenRows
    clean: Callable[[str], str]
    vocabulary: Callable[[], Vocabulary]

    async def listen(self, span: Span, before: Span) -> Words:
        """Return the unanswered questions and the new words of a span."""
        vocabulary = await asyncio.to_thread(self.vocabulary)
        unanswered: list[Said] = []
        now, then = Count(), Count()
        for count, days in ((now, span), (then, before)):
            for numbers in _portions(await self._numbers(days)):
                said = await self._said(numbers)
                # What was not answered before is no news.
                unanswered += [one for one, open in said if open and count is now]
                await asyncio.to_thread(_count, count, said, vocabulary)
        found, hidden = await asyncio.to_thread(clusters, unanswered, vocabulary)
        fresh = await asyncio.to_thread(new_words, now, then)
        return Words(tuple(found), tuple(fresh), len(unanswered), hidden, now.total)

    async def _numbers(self, span: Span) -> list[str]:
        query = sa.select(cases.c.number).where(cases.c.day.between(span.first.isoformat(), span.last.isoformat()), ~cases.c.erased)
        async with self.database.read() as connection:
            newest = (await connection.scalars(query.order_by(cases.c.id.desc()).limit(MOST_READ))).all()
        return [str(number) for number in reversed(newest)]

    async def _said(self, numbers: Sequence[str]) -> list[tuple[Said, bool]]:
        """Return what the citizens of some consultations said, and whether it stayed unanswered."""
        kinds = sa.or_(sa.and_(journal.c.kind == "said", journal.c.actor == "citizen"), journal.c.kind.in_(("parsed", "relayed")))
        query = sa.select(journal).where(journal.c.consultation.in_(numbers), kinds).order_by(journal.c.consultation, journal.c.seq)
        async with self.database.read() as connection:
            entries = await self.opened(connection, (await connection.execute(query)).mappings().all())
        status = {(one.consultation, one.open.get("turn")): one.open.get("status") for one in entries if one.kind != "said"}
        return [
            (Said(one.consultation, self.clean(str(one.private["text"]))), status.get((one.consultation, one.open["turn"])) in _UNANSWERED)
            for one in entries if one.kind == "said" and one.private
        ]  # fmt: skip


def _count(count: Count, said: Sequence[tuple[Said, bool]], vocabulary: Vocabulary) -> None:
    texts: dict[str, list[str]] = {}
    for one, _ in said:
        texts.setdefault(one.consultation, []).append(one.text)
    for own in texts.values():
        count.words.update(words_in(own, vocabulary))
    count.total += len(texts)


def _portions(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (numbers[at : at + _AT_ONCE] for at in range(0, len(numbers), _AT_ONCE))
