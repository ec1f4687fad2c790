"""Joins the reports with the archive, the knowledge and the desk; a part of `front_desk.py` that the command needs too."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa

from zhixun.archive.export import harmless
from zhixun.archive.journal import Journal
from zhixun.archive.opened import open_rows
from zhixun.archive.words import person_names, tokens
from zhixun.clock import Clock, monotonic
from zhixun.conversation.redact import clean
from zhixun.database import Database, cases
from zhixun.desk.casework import KINDS as TASKS
from zhixun.errors import CitizenError
from zhixun.knowledge.guides.model import SERVICE
from zhixun.knowledge.model import Knowledge
from zhixun.knowledge.shelf import Present
from zhixun.knowledge.site import Site
from zhixun.masking import mask
from zhixun.names import told
from zhixun.referral.standing import STANDINGS as SLIP_STANDINGS
from zhixun.reports.compose import Ground, compose
from zhixun.reports.document import document_of
from zhixun.reports.font import font_file
from zhixun.reports.listen import Listener
from zhixun.reports.ports import Terms
from zhixun.reports.printed import print_of
from zhixun.reports.read import Reader
from zhixun.reports.sheet import Report
from zhixun.reports.spans import KINDS, Span, around, read_span
from zhixun.reports.words import Vocabulary, Words
from zhixun.reports.workbook import workbook_of
from zhixun.requests.standing import STANDINGS

__all__ = ["FORMS", "Analysed"]

FORMS: Mapping[str, str] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The forms of a report that can be taken away, with their types."""
_FRESH_SECONDS = 600.0
"""So long words that were looked through are good; an erasure makes them void at once."""
_MOST_KEPT = 12
_NEAR = {"month": ("本月", "上月"), "quarter": ("本季度", "上季度"), "year": ("今年", "去年")}
_Key = tuple[str, str, int]


@dataclass(slots=True)
class Analysed:
    """The reports of one deployment."""

    database: Database
    journal: Journal
    clock: Clock
    site: Site
    present: Present
    _kept: dict[_Key, tuple[float, Words]] = field(default_factory=dict)
    _wanted: dict[_Key, Span] = field(default_factory=dict)
    _known: Vocabulary | None = None

    async def page(self, given: Mapping[str, str]) -> Mapping[str, Any]:
        """Return a report for a page: `report`, its `span`, whether words are still `waiting`, and `spans` to choose from.

        Raises:
            CitizenError: the span cannot be read.
        """
        span = read_span(given, self.clock.today())
        words = await self._words_of(span)
        report = await self._report(span, words)
        return {"report": report, "span": span, "waiting": words is None, "spans": self._spans(span), "kinds": list(KINDS.items())}

    async def waiting(self, given: Mapping[str, str]) -> bool:
        """Tell whether the words of a span are still being looked through."""
        return await self._words_of(read_span(given, self.clock.today())) is None

    async def file(self, given: Mapping[str, str], form: str) -> tuple[bytes, str, str]:
        """Return a report in one of `FORMS`, the name of its file and its type.

        Raises:
            CitizenError: the span or the form cannot be read, or there is no font to print with.
        """
        if form not in FORMS:
            raise CitizenError("请选择 Word、PDF 或 Excel。", code="bad_format", field="form")
        span = read_span(given, self.clock.today())
        words = await self._words_of(span) or await self._listen(span)
        report = await self._report(span, words)
        name = f"zhixun-report-{span.first:%Y%m%d}-{span.last:%Y%m%d}.{form}"
        return await asyncio.to_thread(_drawn, report, form), name, FORMS[form]

    async def work(self) -> None:
        """Look through the words of the spans that were asked for, one after the other; call it again and again."""
        while self._wanted:
            key, span = next(iter(self._wanted.items()))
            try:
                await self._listen(span)
            finally:
                # A page that asks in the meantime finds it kept.
                del self._wanted[key]

    async def _report(self, span: Span, words: Words | None) -> Report:
        reader, now = Reader(self.site.hours, self.site.limits), self.clock.now()
        async with self.database.read() as connection:
            figures = await reader.read(connection, span, now)
            before = await reader.read(connection, span.before(), now)
            # The year before a year is what it is compared with already.
            last = span.year_before()
            year = await reader.read(connection, last, now) if last != span.before() else None
        confirmed = self.site.hours.confirmed and self.site.limits.confirmed
        past = year if year and year.total else None
        return await asyncio.to_thread(compose, Ground(span, figures, before, past, words, self._terms, self.clock.local(), confirmed))

    async def _words_of(self, span: Span) -> Words | None:
        """Return the words of a span, or None and see to it that they are looked through."""
        key = await self._key(span)
        since, words = self._kept.get(key, (0.0, None))
        if words is not None and monotonic() - since < _FRESH_SECONDS:
            return words
        self._wanted[key] = span
        return None

    async def _listen(self, span: Span) -> Words:
        key = await self._key(span)
        words = await self._listener.listen(span, span.before())
        self._kept[key] = monotonic(), words
        while len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return words

    async def _key(self, span: Span) -> _Key:
        async with self.database.read() as connection:
            erased = await connection.scalar(sa.select(sa.func.count()).where(cases.c.erased))
        return span.first.isoformat(), span.last.isoformat(), int(erased or 0)

    def _spans(self, shown: Span) -> list[dict[str, Any]]:
        """Return the spans that are one press away."""
        today = self.clock.today()
        spans = [(kind, around(kind, today)) for kind in ("month", "quarter", "year")]
        named = [one for kind, span in spans for one in zip(_NEAR[kind], (span, span.before()), strict=True)]
        at = shown.kind, shown.first
        return [{"title": title, "query": one.query, "current": (one.kind, one.first) == at} for title, one in named]

    @property
    def _listener(self) -> Listener:
        return Listener(self.database, partial(open_rows, self.journal.keyring), lambda text: mask(clean(text).text), self._vocabulary)

    def _vocabulary(self) -> Vocabulary:
        """Return the words of the knowledge, which are cut once."""
        if self._known is None:
            self._known = _vocabulary_of(self.present())
        return self._known

    @property
    def _terms(self) -> Terms:
        services = [name.removeprefix(SERVICE) for name in self.present().services]
        agencies, topics = self.present().agencies, self.present().topics
        groups = {kind.name: kind.group for kind in self.site.described.user_kinds}

        def service(name: str) -> str:
            found = self.present().services.get(SERVICE + name)
            return found.title if found is not None else name

        def title(name: str) -> str:
            return topics[name].title if name in topics else name

        def agency(name: str) -> str:
            return agencies[name].name if name in agencies else name

        return Terms(self.site.office, told, title, service, agency, services, STANDINGS, SLIP_STANDINGS, TASKS, groups)


def _drawn(report: Report, form: str) -> bytes:
    if form == "docx":
        return document_of(report)
    return workbook_of(report, harmless) if form == "xlsx" else print_of(report, font_file())


def _vocabulary_of(knowledge: Knowledge) -> Vocabulary:
    glossary = knowledge.glossary
    named = (glossary.rights, glossary.places, *glossary.more.values())
    terms = frozenset(one for sayings in named for term, others in sayings.items() for one in (term, *others))
    asked = (text for question in knowledge.questions.values() for text in (question.title, *question.wordings))
    # All at once: converting each text for itself would take some seconds.
    public = frozenset(tokens("\n".join((*asked, *sorted(terms))))) | terms
    return Vocabulary(tokens, public, person_names() - public)
