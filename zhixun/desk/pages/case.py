"""One consultation: talking in it while one has it, reading and reviewing it afterwards."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from aiohttp import BodyPartReader, web

from zhixun.clock import Clock, new_token
from zhixun.database import Database, consultations
from zhixun.desk.case import REASONS, contact_of, described_of, facts_of, last_words, lines_of, ratings_of, trace_of
from zhixun.desk.casework import AGAIN, DESCRIBED, KINDS, RESULTS, Casework
from zhixun.desk.events import Events
from zhixun.desk.gate import Handler, Route, fields_of, file_of
from zhixun.desk.limits import TITLES
from zhixun.desk.mentions import able, mentioned
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.ports import Advice, Daybook, Files, Known, Takeover
from zhixun.desk.reach import Way, way_of
from zhixun.desk.staff import LEADERS, Account, Staff
from zhixun.desk.view import View
from zhixun.desk.waiting import Queue
from zhixun.errors import CitizenError
from zhixun.masking import mask
from zhixun.messages import Entry, To
from zhixun.names import BOOKS, MARKS, OUTCOMES, SCALE
from zhixun.ports import Journal

__all__ = ["CasePages"]

_Act = Callable[[str, Staff, dict[str, str]], Awaitable[str]]
"""Does one thing in a consultation with the fields of a form, and returns where to go on."""
_OFFERED = 0.2
_TRIED = 3
_PIECE = 64 * 1024
_REPLAYED = 30
"""So many questions are asked again at most."""
_CARRIED = 20
"""Of so many of the last words of staff it is told anew what became of them."""


@dataclass(frozen=True, slots=True)
class CasePages:
    """The routes of a consultation.

    Args:
        accounts: all accounts; names: login name to shown name.
        teams: the groups of staff.
        related: what belongs to a consultation in other rooms, by section, as plain values.
        intact: whether a consultation's files are as they were sealed, and what is wrong.
        canned: the canned replies for a member of staff.
        files, give: the attachments, and how one is given out. wake: tells open pages that there is something new.
        offered: what may be chosen of who asks, by name of `DESCRIBED`.
        standings: what the standings of requests and slips are called, by the kind of entry that tells them.
        fit: raises CitizenError (403) for who may not take consultations over.
        beat_seconds: so often the page of who has a consultation says that it is still open.
    """

    view: View
    database: Database
    journal: Journal
    clock: Clock
    takeover: Takeover
    casework: Casework
    queue: Queue
    events: Events
    advice: Advice
    daybook: Daybook
    names: Callable[[str], str]
    accounts: Callable[[], Awaitable[Sequence[Account]]]
    teams: Sequence[str]
    related: Callable[[str], Awaitable[Mapping[str, Any]]]
    intact: Callable[[str], Awaitable[Sequence[str]]]
    canned: Callable[[Staff], Awaitable[Sequence[Any]]]
    files: Files
    give: Callable[..., Awaitable[web.StreamResponse]]
    wake: Callable[[str], None]
    standings: Mapping[str, Mapping[str, str]]
    fit: Callable[[str], Awaitable[None]]
    offered: Mapping[str, Sequence[str]]
    beat_seconds: int

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        base = "/desk/cases/{number}"
        acts: Mapping[str, _Act] = {
            "claim": self._claim, "transfer": self._transfer, "put-back": self._put_back, "give-back": self._give_back,
            "close": self._close, "note": self._note, "label": self._label,
            "describe": self._describe, "review": self._review, "plan": self._plan,
        }  # fmt: skip
        return [
            ("GET", base, self._page),
            ("GET", f"{base}/log", self._log),
            ("GET", f"{base}/side", self._side),
            ("GET", f"{base}/print", self._print),
            ("GET", f"{base}/replay", self._replay),
            ("GET", f"{base}/verify", self._verify),
            ("GET", "/desk/knowledge", self._knowledge),
            ("POST", f"{base}/unmask", self._unmask),
            ("POST", f"{base}/beat", self._beat),
            ("POST", f"{base}/typing", self._typing),
            ("POST", f"{base}/say", self._say),
            ("GET", f"{base}/files/{{id}}", self._give_file),
            ("POST", f"{base}/files", self._take_file),
            *(("POST", f"{base}/{name}", self._acted(act)) for name, act in acts.items()),
        ]

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._shown(request, staff, "case.html")

    async def _print(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._shown(request, staff, "case_print.html", act="printed")

    async def _unmask(self, request: web.Request, staff: Staff) -> web.Response:
        """Show the page once with all numbers in the clear; that it was done, and why, stays in the day book."""
        why = (await fields_of(request)).get("why", "").strip()
        if not why or len(why) > 200:
            raise CitizenError("请写明查看完整内容的原因（1–200 字），会记入操作记录。", code="no_reason", field="why")
        return await self._shown(request, staff, "case.html", act="unmasked", why=why)

    async def _shown(self, request: web.Request, staff: Staff, template: str, *, act: str = "looked", why: str = "") -> web.Response:
        """Show a page of a consultation and note it, unless it is one's own that is just looked at."""
        row, entries, way = await self._read(request.match_info["number"])
        mine = row["state"] == "staff" and row["operator"] == staff.name
        if not mine or act != "looked":
            await self.daybook.note(act, staff.name, {"about": row["number"]}, {"why": why} if why else None)
        # What lies on a desk as paper is masked for whoever printed it, too.
        clear = bool(why) or (mine and template == "case.html")
        parts = await self._parts(row, entries, way, staff, clear=clear)
        return self.view.page(template, request, staff, **parts)

    async def _log(self, request: web.Request, staff: Staff) -> web.Response:
        row, entries, way = await self._read(request.match_info["number"])
        mine = row["state"] == "staff" and row["operator"] == staff.name
        after = int(given) if (given := request.query.get("after", "0")).isdecimal() and len(given) < 10 else 0
        lines = lines_of(entries, self.names, self.standings, clear=mine, marks=way.marks)
        carried = [line for line in lines if line.seq <= after and line.speaker == "staff" and line.marks][-_CARRIED:]
        new = [line for line in lines if line.seq > after]
        return self.view.part("case_log.html", staff, case=row, lines=new, carried=carried, mine=mine, reach=way.reach)

    async def _side(self, request: web.Request, staff: Staff) -> web.Response:
        row, entries, way = await self._read(request.match_info["number"])
        mine = row["state"] == "staff" and row["operator"] == staff.name
        return self.view.part("case_side.html", staff, **await self._parts(row, entries, way, staff, clear=mine))

    async def _parts(
        self, row: sa.RowMapping, entries: Sequence[Entry], way: Way, staff: Staff, *, clear: bool
    ) -> dict[str, Any]:
        number = row["number"]
        mine = row["state"] == "staff" and row["operator"] == staff.name
        asked = last_words(entries, _TRIED)
        colleagues = [one for one in able(await self.accounts()) if one.name != staff.name]
        phone = contact_of(entries)
        return {
            "case": row, "lines": lines_of(entries, self.names, self.standings, clear=clear, marks=way.marks),
            "mine": mine, "clear": clear, "reach": way.reach,
            "once": new_token(), "names": self.names, "reasons": REASONS, "beat_seconds": self.beat_seconds,
            "limits": await self.queue.one(number), "facts": facts_of(entries), "phone": phone if clear else mask(phone),
            "suggested": await self._suggested(asked, row["region"]) if mine else [],
            "described": described_of(entries), "described_titles": DESCRIBED, "offered": self.offered,
            "labels": _labels(entries), "label_pairs": [(one, one) for one in _labels(entries)], "limit_titles": TITLES,
            "marks": MARKS, "kinds": KINDS, "results": RESULTS, "again": AGAIN,
            "tasks": await self.casework.tasks(number), "outcomes": OUTCOMES, "teams": self.teams,
            "colleagues": colleagues, "ratings": ratings_of(entries), "scale": SCALE,
            "trace": trace_of(entries), "canned": await self.canned(staff) if mine else [],
            "may_talk": staff.role != "auditor", "may_review": staff.role in LEADERS,
            **await self.related(number),
        }  # fmt: skip

    async def _replay(self, request: web.Request, staff: Staff) -> web.Response:
        """Ask the questions of the consultation again: would the program give the same answers today?"""
        row, entries, _ = await self._read(request.match_info["number"])
        found = []
        for told, text in _asked(entries)[:_REPLAYED]:
            now = await self._suggest(text, row["region"])
            found.append({"text": mask(text), "then": told, "now": now[:1]})
        return self.view.part("case_replay.html", staff, case=row, found=found)

    async def _verify(self, request: web.Request, staff: Staff) -> web.Response:
        return self.view.part("case_verify.html", staff, wrong=await self.intact(request.match_info["number"]))

    async def _knowledge(self, request: web.Request, staff: Staff) -> web.Response:
        words, region = request.query.get("q", "").strip()[:200], request.query.get("region", "")
        return self.view.part("knowledge.html", staff, words=words, found=await self._suggest(words, region) if words else [])

    async def _suggested(self, asked: Sequence[str], region: str) -> Sequence[Known]:
        """Return what is offered unasked, to the newest words that say something: only what the ranker is not quite unsure of."""
        for text in reversed(asked):
            if found := [known for known in await self._suggest(text, region) if known.share >= _OFFERED]:
                return found[:3]
        return []

    async def _suggest(self, text: str, region: str) -> Sequence[Known]:
        return [known for known in await self.advice.suggest(text, region) if known.text]

    async def _beat(self, request: web.Request, staff: Staff) -> web.Response:
        self.takeover.renew(request.match_info["number"], staff.name, _fence(request.query))
        return web.Response(status=204)

    async def _typing(self, request: web.Request, staff: Staff) -> web.Response:
        self.events.typing(request.match_info["number"], staff.name)
        return web.Response(status=204)

    async def _say(self, request: web.Request, staff: Staff) -> web.Response:
        given, number = await fields_of(request), request.match_info["number"]
        if given.get("mode") == "note":
            await self._note(number, staff, given)
        else:
            await self._answer(number, staff, given)
        # The page's log hears of it by its own line.
        return web.Response(status=204) if "HX-Request" in request.headers else lead_on(f"/desk/cases/{number}")

    async def _answer(self, number: str, staff: Staff, given: dict[str, str]) -> None:
        known = [self.advice.answer(one, given.get("region", "")) for one in given.get("knowledge", "").split(",") if one]
        cited = [one for one in known if one is not None]
        text, once = given.get("text", ""), given.get("once", "") or new_token()
        # Words that were mended before they were sent again are other words, and must not be lost.
        once = hashlib.sha256(f"{once}\0{text.strip()}".encode()).hexdigest()
        await self.takeover.say(
            number, staff.name, _fence(given), text, once=once,
            knowledge=tuple(one.id for one in cited), basis=tuple(dict.fromkeys(clause for one in cited for clause in one.basis)),
        )  # fmt: skip

    async def _give_file(self, request: web.Request, staff: Staff) -> web.StreamResponse:
        number, identity = request.match_info["number"], request.match_info["id"]
        file = await self.files.read(number, identity)
        await self.daybook.note("looked", staff.name, {"about": number, "file": identity})
        return await self.give(request, *file)

    async def _take_file(self, request: web.Request, staff: Staff) -> web.Response:
        number, part, fence = request.match_info["number"], file_of(request), _fence(await fields_of(request))
        self.takeover.renew(number, staff.name, fence)
        # While it is on its way the consultation may pass into other hands: it is asked again when it is entered.
        held = partial(self.takeover.demand, number=number, name=staff.name, fence=fence)
        await self.files.keep(number, staff.actor, part.filename or "", _pieces(part), held)
        self.wake(number)
        return lead_on(f"/desk/cases/{number}")

    def _acted(self, act: _Act) -> Handler:
        """Return a handler that does one thing with the form's fields and leads on to where `act` says."""

        async def handle(request: web.Request, staff: Staff) -> web.StreamResponse:
            to = await act(request.match_info["number"], staff, {**request.query, **await fields_of(request)})
            if request.headers.get("HX-Request"):
                return web.Response(headers={"HX-Redirect": to})
            return lead_on(to)

        return handle

    async def _claim(self, number: str, staff: Staff, given: dict[str, str]) -> str:
        await self.fit(staff.name)
        await self.takeover.claim(number, staff.name)
        return f"/desk/cases/{number}"

    async def _transfer(self, number: str, staff: Staff, given: dict[str, str]) -> str:
        kind, _, name = given.get("to", "").partition(":")
        # The citizen is told whom it was passed on to.
        if kind == "team":
            targets = {team: To(team=team) for team in self.teams}
        else:
            targets = {one.name: To(team="", name=one.name, shown=one.told) for one in able(await self.accounts())}
        to = targets.get(name)
        if to is None:
            raise CitizenError("请从列表里选择转给哪位同事或哪个组。", code="bad_target", field="to")
        await self.takeover.transfer(number, staff.name, _fence(given), to, given.get("reason", ""))
        return "/desk?done=transferred"

    async def _put_back(self, number: str, staff: Staff, given: dict[str, str]) -> str:
        await self.takeover.put_back(number, staff.name, _fence(given))
        return "/desk?done=put_back"

    async def _give_back(self, number: str, staff: Staff, given: dict[str, str]) -> str:
        await self.takeover.give_back(number, staff.name, _fence(given))
        return "/desk?done=given_back"

    async def _close(self, number: str, staff: Staff, given: dict[str, str]) -> str:
        await self.takeover.close(number, staff.name, _fence(given), given.get("outcome", ""), given.get("words", ""))
        return f"/desk/cases/{number}?done=closed"

    async def _note(self, number: str, staff: Staff, given: dict[str, str]) -> str:
        text = given.get("text", "")
        mentions = mentioned(text, await self.accounts())
        await self.casework.note(number, staff.name, text, mentions)
        for name in mentions:
            self.events.notify(name, f"{staff.shown} 在备注里提到您", number)
        return f"/desk/cases/{number}?done=noted"

    async def _label(self, number: str, staff: Staff, given: dict[str, str]) -> str:
        add = given.get("add", "").replace("，", " ").replace(",", " ").split()
        await self.casework.label(number, staff.name, add, given.get("remove", "").split())
        return f"/desk/cases/{number}?done=labelled"

    async def _describe(self, number: str, staff: Staff, given: dict[str, str]) -> str:
        _, entries, _ = await self._read(number)
        # What a request told may stand as it is, though staff would choose other words.
        told = {name: given[name] for name, before in described_of(entries).items() if given.get(name, before) != before}
        await self.casework.describe(number, staff.name, told, self.offered)
        return f"/desk/cases/{number}?done=described"

    async def _review(self, number: str, staff: Staff, given: dict[str, str]) -> str:
        await self.casework.review(number, staff.name, given.get("mark", ""), given.get("words", ""))
        return f"/desk/cases/{number}?done=reviewed"

    async def _plan(self, number: str, staff: Staff, given: dict[str, str]) -> str:
        kind, due, words, owner = (given.get(name, "") for name in ("kind", "due", "words", "owner"))
        if owner and owner not in [one.name for one in able(await self.accounts())]:
            raise CitizenError("请从在职的同事里选择负责人。", code="bad_owner", field="owner")
        await self.casework.plan(number, staff.name, kind, due, words, owner)
        return f"/desk/cases/{number}?done=planned"

    async def _read(self, number: str) -> tuple[sa.RowMapping, list[Entry], Way]:
        """Return a consultation's row, its entries, and what becomes of them on their way to the citizen.

        Raises:
            CitizenError: (404) there is none.
        """
        query = sa.select(consultations).where(consultations.c.number == number, consultations.c.channel.not_in(BOOKS))
        async with self.database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                raise CitizenError(f"没有咨询件 {number}。", code="no_consultation", status=404)
            way = await way_of(connection, row, self.clock.now())
            return row, await self.journal.read(connection, number), way


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(_PIECE):
        yield piece


def _fence(given: Mapping[str, str]) -> int:
    with contextlib.suppress(ValueError):
        return int(given.get("fence", ""))
    raise CitizenError("页面已过期，请刷新后再操作。", code="no_fence", status=409)


def _labels(entries: Sequence[Entry]) -> list[str]:
    labels: dict[str, None] = {}
    for entry in entries:
        if entry.kind == "labelled":
            labels |= dict.fromkeys(entry.open["add"])
            for one in entry.open["remove"]:
                labels.pop(one, None)
    return list(labels)


def _asked(entries: Sequence[Entry]) -> list[tuple[list[str], str]]:
    """Return what the citizen asked the program, each with the ids of what was answered then."""
    answered: dict[int, list[str]] = {}
    for entry in entries:
        if entry.kind == "said" and entry.actor == "bot":
            answered.setdefault(entry.open["turn"], []).extend(entry.open.get("knowledge", ()))
    return [
        (list(dict.fromkeys(answered.get(entry.open["turn"], ()))), str(entry.private["text"]))
        for entry in entries if entry.kind == "said" and entry.actor == "citizen" and entry.private and answered.get(entry.open["turn"])
    ]  # fmt: skip

