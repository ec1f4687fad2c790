"""Joins the desk with improvement: turns that want an answer, drafts with their lint, and what is tried and live."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from zhixun.archive.opened import open_rows
from zhixun.clock import Clock, stamp
from zhixun.conversation.redact import clean
from zhixun.desk.staff import Staff
from zhixun.engines import Engines
from zhixun.errors import CitizenError
from zhixun.improve.candidates import STANDINGS as RELEASE_STANDINGS
from zhixun.improve.candidates import Candidate, Candidates
from zhixun.improve.compare import changes
from zhixun.improve.drafts import APPROVED, DRAFT, STANDINGS, Draft, Drafts
from zhixun.improve.form import MOST_ANSWERS, fields_from, raw_from
from zhixun.improve.turns import HOW, REASONS, Missed, Turns
from zhixun.knowledge.check import Flaw, check
from zhixun.knowledge.choose import choose, say
from zhixun.knowledge.expiry import expiring
from zhixun.knowledge.load import OWN, KnowledgeError, held_against, one_question, raw_question
from zhixun.knowledge.model import Knowledge, Question
from zhixun.knowledge.shelf import Present
from zhixun.masking import mask
from zhixun.nlu.alike import group
from zhixun.releasing import Release, base_of
from zhixun.settings import Settings
from zhixun.store import Archive

__all__ = ["Improving", "candidates_of", "join_improving"]

_GROUPS = 40
_EXAMPLES = 4
_KEYS = 60
"""So many turns of a group are carried along when somebody deals with it."""
_NEAREST = 3
_WHY = {"ends": "到期后没有接替的答复", "changes": "到期后换成新的答复", "stale": "很久没有核对"}


@dataclass(slots=True)
class _Checked:
    """The flaws of a knowledge, so that those of a draft can be told from them."""

    knowledge: Knowledge | None = None
    flaws: frozenset[Flaw] = frozenset()


class Improving:
    """The desk's `Improvements`.

    Args:
        release: brings drafts live.
        region: whose citizen sees the preview.
    """

    def __init__(
        self, settings: Settings, present: Present, clock: Clock, drafts: Drafts, turns: Turns, release: Release, region: str
    ) -> None:
        self._settings = settings
        self._present = present
        self._clock = clock
        self._drafts = drafts
        self._turns = turns
        self._release = release
        self._region = region
        self._checked = _Checked()

    # --- What wants an answer ------------------------------------------------------------------------------------------------

    async def missed(self, days: int, why: str) -> Mapping[str, Any]:
        """Return groups of turns of the last `days` days that want a better answer, the largest first, and how many of each reason."""
        since = stamp(self._clock.now() - timedelta(days=days))
        found = await self._turns.missed(since)
        counts = {reason: sum(one.why == reason for one in found) for reason in REASONS}
        found = [one for one in found if not why or one.why == why]
        groups = await asyncio.to_thread(group, [one.text for one in found])
        shown = [[found[at] for at in members] for members in groups[:_GROUPS]]
        newest = [max(members, key=lambda one: one.time) for members in shown]
        replies = await self._turns.replies([one.key for one in newest])
        return {
            "groups": [self._group(members, last, replies.get(last.key, "")) for members, last in zip(shown, newest, strict=True)],
            "more": max(0, len(groups) - _GROUPS), "total": len(found), "counts": counts, "reasons": REASONS,
        }  # fmt: skip

    def _group(self, members: Sequence[Missed], last: Missed, reply: str) -> dict[str, Any]:
        knowledge = self._present()
        nearest = dict.fromkeys(name for one in members for name in one.nearest[:_NEAREST] if name in knowledge.questions)
        return {
            "count": len(members), "last": last.time, "case": last.key.partition("/")[0], "reply": mask(reply),
            "examples": list(dict.fromkeys(mask(one.text) for one in members))[:_EXAMPLES],
            "why": [f"{REASONS[why]} {count}" for why in REASONS if (count := sum(one.why == why for one in members))],
            "nearest": [(name, knowledge.questions[name].title) for name in [*nearest][:_NEAREST]],
            "turns": " ".join(one.key for one in members[:_KEYS]),
        }  # fmt: skip

    async def settle(self, turns: str, how: str, by: str) -> None:
        """Mark turns, with blanks between, as dealt with.

        Raises:
            CitizenError: they are none.
        """
        if how not in HOW or how == "live":
            raise CitizenError("请选择怎么处理。", code="bad_how", field="how")
        await self._turns.settle(_keys(turns), how, by)

    def expiring(self) -> Sequence[Mapping[str, Any]]:
        """Return the answers that end or grow old within the next 60 days; `settled` are those that another one follows by itself."""
        found = expiring(self._present(), self._clock.today())
        return [{**asdict(one), "day": one.day.isoformat(), "why": _WHY[one.why], "settled": one.why == "changes"} for one in found]

    # --- Drafts ----------------------------------------------------------------------------------------------------------------

    async def drafts(self, staff: Staff) -> Sequence[Mapping[str, Any]]:
        """Return the open drafts as a list shows them."""
        return [self._listed(one, staff) for one in await self._drafts.list()]

    async def waiting(self) -> int:
        """Return how many drafts wait for a second person."""
        return len(await self._drafts.list(DRAFT))

    def fields(self, question: str) -> Mapping[str, str]:
        """Return the form of a question as it is live; an empty one when `question` is empty.

        Raises:
            CitizenError: (404) there is no such question.
        """
        if not question:
            return fields_from({"answers": [{"region": self._region, "checked": self._clock.today().isoformat()}]})
        return fields_from(self._raw(question))

    async def draft(self, id: int, staff: Staff) -> Mapping[str, Any]:
        """Return a draft with its form, its history, and what somebody may do with it.

        Raises:
            CitizenError: (404) there is none.
        """
        one = await self._drafts.one(id)
        history = [{"version": text.version, "by": text.made_by, "made": text.made, "digest": text.digest[:12]} for text in one.texts]
        may = {"edit": one.standing in (DRAFT, APPROVED), "approve": one.standing == DRAFT and staff.name not in one.authors}
        about = {"why": one.why, "approved_by": one.approved_by, "approved": one.approved, "turns": len(one.turns)}
        return {**self._listed(one, staff), **about, "fields": fields_from(one.raw), "history": history, "may": may}

    async def text(self, id: int, version: int) -> str:
        """Return an older text of a draft, as YAML.

        Raises:
            CitizenError: (404) there is none.
        """
        found = next((text.text for text in (await self._drafts.one(id)).texts if text.version == version), None)
        if found is None:
            raise CitizenError("没有这一稿。", code="no_text", status=404)
        return found

    async def look(self, given: Mapping[str, str]) -> Mapping[str, Any]:
        """Return what a form would mean: what is wrong by field, the flaws, how a citizen would read it, and what it changes."""
        told = raw_from(given, _cleaned, self._clock.today())
        live = self._present().questions.get(str(told.raw["id"]))
        before = fields_from(self._raw(live.id)) if live is not None else {}
        flaws, preview = await asyncio.to_thread(self._laid, told.raw) if not told.wrong else ((), ())
        after = fields_from(told.raw)
        return {"wrong": told.wrong, "flaws": flaws, "preview": preview, "changes": changes(before, after), "new": live is None}

    async def begin(self, given: Mapping[str, str], turns: str, by: str) -> int:
        """Begin a draft; returns its id.

        Raises:
            CitizenError: something of the form is wrong (`field`), or somebody has begun one of this question.
        """
        raw = self._read(given)
        return await self._drafts.begin(raw, base_of(self._present(), raw["id"], self._settings), _keys(turns), by)

    async def save(self, id: int, given: Mapping[str, str], by: str) -> None:
        """Keep a further version of a draft.

        Raises:
            CitizenError: as `begin`; (404) there is none.
        """
        await self._drafts.save(id, self._read(given), by)

    async def approve(self, id: int, version: int, by: str) -> None:
        """Approve a draft that the lint finds nothing wrong with.

        Raises:
            CitizenError: who approves has written at it, it was changed meanwhile, or it has flaws.
        """
        one = await self._drafts.one(id)
        if by not in one.authors:
            flaws, _ = await asyncio.to_thread(self._laid, one.raw)
            if flaws:
                raise CitizenError(f"还有 {len(flaws)} 处毛病，改好才能审批：{flaws[0]}", code="flaws", status=409)
            if one.base != base_of(self._present(), one.question, self._settings):
                raise CitizenError("这个问题在起草以后已经改过，请放弃这份草稿，按现在的内容重新起草。", code="stale", status=409)
        await self._drafts.approve(id, version, by)

    async def send_back(self, id: int, why: str, by: str) -> None:
        """Tell the authors what to change."""
        await self._drafts.send_back(id, why, by)

    async def drop(self, id: int, by: str) -> None:
        """Give a draft up."""
        await self._drafts.drop(id, by)

    # --- What is tried, and what is live ---------------------------------------------------------------------------------------

    async def releases(self) -> Mapping[str, Any]:
        """Return the newest candidates, which of them can be gone back to, and whether one may be begun."""
        versions = {one.id for one in await self._release.candidates.versions() if one.standing != "live"}
        newest = [{**self._told(one), "back": one.id in versions} for one in await self._release.candidates.newest()]
        running = next((one for one in newest if one["runs"]), None)
        approved = [self._title(one) for one in await self._drafts.list(APPROVED)]
        return {"newest": newest, "running": running, "approved": approved, "possible": self._release.possible}

    async def release(self, id: int) -> Mapping[str, Any]:
        """Return a candidate with what the gate found.

        Raises:
            CitizenError: (404) there is none.
        """
        one = await self._release.candidates.one(id)
        questions = [(draft.id, self._title(draft)) for draft in [await self._drafts.one(id) for id in one.drafts]]
        return {**self._told(one), "drafts": questions, "report": one.report, "files": sorted(one.files)}

    async def start(self, by: str) -> int:
        """Begin a candidate of all approved drafts; returns its id."""
        return await self._release.start(by)

    async def cancel(self, id: int, by: str) -> None:
        """Stop working at a candidate."""
        await self._release.cancel(id, by)

    async def roll_back(self, id: int, by: str) -> int:
        """Go back to a version; returns the id under which that is done."""
        return await self._release.roll_back(id, by)

    def _told(self, one: Candidate) -> dict[str, Any]:
        at = self._release.progress
        here = at if at.id == one.id and one.runs else None
        return {
            "id": one.id, "made": one.made, "by": one.made_by, "standing": one.standing, "words": RELEASE_STANDINGS[one.standing],
            "runs": one.runs, "ended": one.ended, "back_to": one.back_to, "model": one.model, "knowledge": one.knowledge,
            "count": len(one.drafts), "done": here.done if here else 0, "total": here.total if here else 0,
            "passed": one.report.get("after"), "asked": one.report.get("asked"),
        }  # fmt: skip

    def _listed(self, one: Draft, staff: Staff) -> dict[str, Any]:
        return {
            "id": one.id, "question": one.question, "title": self._title(one), "standing": one.standing, "words": STANDINGS[one.standing],
            "new": not one.base, "version": one.text.version, "by": one.text.made_by, "made": one.text.made,
            "own": staff.name in one.authors,
        }  # fmt: skip

    @staticmethod
    def _title(one: Draft) -> str:
        return str(one.raw["title"])

    def _raw(self, question: str) -> dict[str, Any]:
        found = self._present().questions.get(question)
        if found is None:
            raise CitizenError(f"没有问题 {question}。", code="no_question", status=404)
        return raw_question(found, self._settings.knowledge_dir, self._settings.own_dir)

    def _read(self, given: Mapping[str, str]) -> dict[str, Any]:
        told = raw_from(given, _cleaned, self._clock.today())
        for field, words in told.wrong.items():
            raise CitizenError(words, code="bad_draft", field=field)
        try:
            held_against([told.raw], "questions", "草稿")
        except KnowledgeError as error:
            raise CitizenError(str(error), code="bad_draft", field="form") from error
        return told.raw

    def _laid(self, raw: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[Mapping[str, Any]]]:
        """Lay a question over the present knowledge; returns the flaws that this brings, and what a citizen would get."""
        knowledge = self._present()
        try:
            held_against([raw], "questions", "草稿")
            question = one_question(raw, f"{OWN}{raw['id']}.yml", knowledge.figures)
        except KnowledgeError as error:
            return [str(error)], ()
        laid = replace(knowledge, questions=MappingProxyType({**knowledge.questions, question.id: question}))
        if self._checked.knowledge is not knowledge:
            self._checked = _Checked(knowledge, frozenset(check(knowledge)))
        flaws = [_shortly(place, words, question) for place, words in check(laid) if (place, words) not in self._checked.flaws]
        return flaws, [] if any("指向不存在" in flaw or "未知来源" in flaw for flaw in flaws) else self._preview(question, laid)

    def _preview(self, question: Question, laid: Knowledge) -> Sequence[Mapping[str, Any]]:
        day = self._clock.today()
        chosen = choose(question, self._region, day, laid.glossary)
        return [] if chosen is None else say(chosen, self._region, day, laid)

    @property
    def form(self) -> Mapping[str, Any]:
        """What the form of a draft offers: regions, rights, sources, and how many answers it has room for."""
        knowledge = self._present()
        return {
            "regions": [(place, place) for place in knowledge.glossary.places], "rights": list(knowledge.glossary.rights),
            "answers": MOST_ANSWERS, "sources": [(source.id, source.title) for source in knowledge.sources.values()],
        }  # fmt: skip


def candidates_of(archive: Archive) -> Candidates:
    """Return the candidates of an opened store."""
    return Candidates(archive.database, archive.clock, Drafts(archive.database, archive.clock, archive.daybook))


def join_improving(
    settings: Settings, archive: Archive, present: Present, engines: Engines | None, region: str
) -> tuple[Improving, Release]:
    """Join improvement over an opened store.

    Args:
        engines: those that this service starts itself; None when somebody else runs the engine.
    """
    database, clock, daybook = archive.database, archive.clock, archive.daybook
    drafts = Drafts(database, clock, daybook)
    turns = Turns(database, clock, daybook, partial(open_rows, archive.journal.keyring))
    candidates = Candidates(database, clock, drafts)
    release = Release(settings, present, engines, drafts, candidates, turns, daybook, region)
    return Improving(settings, present, clock, drafts, turns, release, region), release


def _cleaned(text: str) -> tuple[str, Sequence[str]]:
    kept = clean(text)
    return kept.text, kept.hidden


def _keys(turns: str) -> list[str]:
    return [key for key in dict.fromkeys(turns.split()) if "/" in key and len(key) <= 40][:_KEYS]


def _shortly(place: str, words: str, question: Question) -> str:
    """Tell a flaw; where it stands in the draft itself, its file need not be told."""
    own = f"{question.file}: {question.id}"
    return f"{place.removeprefix(own).strip()} {words}".strip() if place.startswith(own) else f"{place}: {words}"
