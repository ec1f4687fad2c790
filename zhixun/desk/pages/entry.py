"""The entry of what is asked on the telephone and at the counter: a form that searches while one listens, and a receipt on paper."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import segno
import sqlalchemy as sa
from aiohttp import web
from markupsafe import Markup

from zhixun.clock import Clock, local_of, new_token
from zhixun.database import Database, consultations, tasks
from zhixun.desk.entries import (
    CHANNELS,
    ENDINGS,
    LONGEST,
    LONGEST_WORDS,
    PERSONS,
    REFERRED,
    REQUESTED,
    Entries,
    Offered,
    read_draft,
)
from zhixun.desk.gate import Route, fields_of
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.ports import Advice, Daybook, Known
from zhixun.desk.staff import Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError, TryLater
from zhixun.masking import mask
from zhixun.messages import Entry
from zhixun.names import told
from zhixun.ports import Journal
from zhixun.posted import once_of

__all__ = ["EntryPages", "Office"]

_HOME = "/desk/entry"
_OWN = ("name", "phone", "unit", "consent")
"""The fields of a service's form that the entry asks for itself."""
_WHO = "who"
"""The field of a service's form that says who asks."""
_NO_CONSENT = "要办理服务，请先读出“登记联系方式”里的话，对方同意后勾选。"
_SHORT, _SEARCHED = 80, 200
"""So much of the question stands on the receipt, and so much of its end is searched for."""
_Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Office:
    """What the office has set.

    Attributes:
        offered: what may be chosen. region: the own one. services: the catalogue, by id.
        due: by when somebody is called back who leaves a message now (UTC stamp), empty when the calendar cannot tell.
        hours: when somebody is there, in words. public: the address of the public pages, empty when it is not known.
        rate: where a consultation can be rated on those pages: what of it stands behind `public`, empty when it is rated.
    """

    offered: Offered
    region: str
    services: Mapping[str, Mapping[str, Any]]
    due: Callable[[], str]
    hours: str
    public: str
    rate: Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class EntryPages:
    """The routes of the entry.

    Args:
        read: reads the form of a service: canonical values, and what is wrong by field.
        code: the code of a consultation's receipt, empty until it is sealed.
        made: the requests made in a consultation, each with `number`, `title` and the `code` by which it is asked after.
    """

    view: View
    database: Database
    journal: Journal
    entries: Entries
    advice: Advice
    daybook: Daybook
    clock: Clock
    office: Office
    read: Callable[[str, _Fields], tuple[dict[str, str], dict[str, str]]]
    code: Callable[[str], Awaitable[str]]
    made: Callable[[str], Awaitable[Sequence[Mapping[str, str]]]]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [
            ("GET", _HOME, self._blank),
            ("POST", _HOME, self._send),
            ("POST", f"{_HOME}/found", self._found),
            ("POST", f"{_HOME}/service", self._service),
            ("GET", f"{_HOME}/{{number}}/receipt", self._receipt),
        ]

    async def _blank(self, request: web.Request, staff: Staff) -> web.Response:
        given = {"channel": _chosen(request.query.get("channel", ""), CHANNELS), "region": self.office.region, "person": "person"}
        return await self._draw(request, staff, given)

    async def _found(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        return self.view.part("entry_found.html", staff, words=_words(given), found=await self._suggested(given), plain=False)

    async def _service(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        return self.view.part("entry_service.html", staff, partly=True, **self._form(given, {}))

    async def _send(self, request: web.Request, staff: Staff) -> web.Response:
        """Save; or, where scripts do not run, do what one of the other buttons says and show the form again."""
        given = await fields_of(request)
        given = {**given, "once": once_of(given)}
        if given.get("use"):
            return await self._draw(request, staff, self._used(given, given["use"]))
        if given.get("do") == "search" or given.get("drop"):
            return await self._draw(request, staff, given)
        wish, wrong = self._wish(given)
        offered = replace(self.office.offered, consent=self._consent(given))
        draft, errors = read_draft(given, offered, self._cited(given), self.clock.local(), wish)
        if errors := {**errors, **{name: words for name, words in wrong.items() if name not in errors}}:
            return await self._draw(request, staff, given, wrong=errors, status=422)
        try:
            number = await self.entries.save(draft, staff.name, given["once"])
        except (CitizenError, TryLater) as error:
            # Nothing was lost: what was typed stands in the page, to be sent again.
            return await self._draw(request, staff, given, fault=error.message, status=error.status)
        return lead_on(f"{_HOME}/{number}/receipt", done="entered")

    async def _draw(
        self, request: web.Request, staff: Staff, given: _Fields, *, wrong: _Fields | None = None, fault: str = "", status: int = 200
    ) -> web.Response:
        """Draw the form with what was given, and what was found for it."""
        office = self.office
        return self.view.page(
            "entry.html", request, staff, status=status, given={"due": _local(office.due()), **given},
            once=given.get("once") or new_token(), words=_words(given), found=await self._suggested(given), plain=True,
            cited=self._cited(given), offered=office.offered, regions=[(one, one) for one in office.offered.regions], partly=False,
            fresh=request.method == "GET", channels=[(one, told("channel", one)) for one in CHANNELS],
            persons=list(PERSONS.items()), endings=list(ENDINGS.items()),
            services=[(name, one["title"]) for name, one in office.services.items()], most=LONGEST, most_words=LONGEST_WORDS,
            flash=(fault, "over") if fault else None, **self._form(given, wrong or {}),
        )  # fmt: skip

    async def _suggested(self, given: _Fields) -> Sequence[Known]:
        # Personal numbers are no words to search by, and the engine must not see them.
        words = mask(_words(given))
        return [one for one in await self.advice.suggest(words, given.get("region", "")) if one.text] if words else []

    def _cited(self, given: _Fields) -> list[Known]:
        ids = dict.fromkeys(one for one in given.get("knowledge", "").split(",") if one and one != given.get("drop"))
        known = [self.advice.answer(one, given.get("region", "")) for one in ids]
        return [one for one in known if one is not None]

    def _used(self, given: _Fields, name: str) -> dict[str, str]:
        """Put an answer into the form as a script would."""
        one = self.advice.answer(name, given.get("region", ""))
        if one is None:
            return dict(given)
        answer = "\n\n".join(filter(None, (given.get("answer", "").strip(), one.text)))
        return {**given, "answer": answer[:LONGEST], "knowledge": ",".join(filter(None, (given.get("knowledge", ""), one.id)))}

    def _wish(self, given: _Fields) -> tuple[dict[str, Any] | None, dict[str, str]]:
        """Read the form of a service, where one is requested: the request, and what is wrong by the field of the page."""
        if given.get("ending") != REQUESTED:
            return None, {}
        name = given.get("service", "")
        if name not in self.office.services:
            return None, {"service": "请选择要办的服务。"}
        values, wrong = self.read(name, self._filled(given))
        if "consent" in wrong:
            wrong["consent"] = _NO_CONSENT
        called = {one["id"]: one["about"] for one in self.office.services[name]["fields"]}
        return {"service": name, "values": values}, {_field(one): f"{called[one]}：{words}" for one, words in wrong.items()}

    def _filled(self, given: _Fields) -> dict[str, str]:
        """Return the fields of a service's form: its own, and those that the entry asks for itself."""
        own = {name.removeprefix("f-"): value for name, value in given.items() if name.startswith("f-")}
        asked = {name: given.get(name, "") for name in _OWN}
        return {_WHO: given.get("person", ""), **{name: value for name, value in own.items() if value}, **asked}

    def _form(self, given: _Fields, wrong: _Fields) -> dict[str, Any]:
        """Return what the part of a service's form is drawn with; without a service there is none."""
        service = self.office.services.get(given.get("service", ""))
        fields = [one for one in service["fields"] if one["id"] not in _OWN] if service else []
        return {"service": service, "fields": fields, "filled": self._filled(given), "wrong": wrong, "consent": self._consent(given)}

    def _consent(self, given: _Fields) -> str:
        """Return what is read out before a contact is kept: a service tells by its own sentence what it is for."""
        service = self.office.services.get(given.get("service", "")) if given.get("ending") == REQUESTED else None
        asked = (one["ask"] for one in service["fields"] if one["id"] == "consent") if service else iter(())
        return str(next(asked, self.office.offered.consent))

    async def _receipt(self, request: web.Request, staff: Staff) -> web.Response:
        """Show what the person takes along: no address holds a secret but the one at which all that can be done is rating."""
        number = request.match_info["number"]
        row, entries = await self._read(number)
        if entries[0].actor != staff.actor:
            await self.daybook.note("printed", staff.name, {"what": "receipt", "about": number})
        public, path = self.office.public, await self.office.rate(number) if row["closed"] else ""
        address, rate = f"{public}/requests" if public else "", f"{public}{path}" if public and path else ""
        return self.view.page(
            "entry_receipt.html", request, staff, case=row, question=_short(entries), basis=_basis(entries), code=await self.code(number),
            made=await self.made(number), due=await self._due(number), hours=self.office.hours, address=address,
            picture=_picture(address, "查询网页的二维码"), rate=rate, rate_picture=_picture(rate, "评价网页的二维码"), may_rate=bool(path),
            refer=row["outcome"] == REFERRED, fresh=request.query.get("done") == "entered",
        )  # fmt: skip

    async def _read(self, number: str) -> tuple[sa.RowMapping, list[Entry]]:
        query = sa.select(consultations).where(consultations.c.number == number, consultations.c.channel.in_(CHANNELS))
        async with self.database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                raise CitizenError(f"没有登记的咨询件 {number}。", code="no_consultation", status=404)
            return row, await self.journal.read(connection, number)

    async def _due(self, number: str) -> str:
        """Return until when a call-back is owed, empty when none is."""
        query = sa.select(tasks.c.due).where(tasks.c.consultation == number, tasks.c.kind == "callback", tasks.c.standing == "open")
        async with self.database.read() as connection:
            return str(await connection.scalar(query) or "")


def _words(given: _Fields) -> str:
    return given.get("question", "").strip()[-_SEARCHED:]


def _chosen(value: str, allowed: Sequence[str]) -> str:
    return value if value in allowed else allowed[0]


def _field(name: str) -> str:
    """Return where a field of a service's form stands in the page."""
    return name if name in _OWN else f"f-{name}"


def _local(stamped: str) -> str:
    """Write a UTC stamp as the browser's field of date and time does."""
    return f"{local_of(stamped):%Y-%m-%dT%H:%M}" if stamped else ""


def _short(entries: Sequence[Entry]) -> str:
    """Return the question as it may stand on paper: short, and without numbers."""
    said = next((entry.private for entry in entries if entry.kind == "said" and entry.actor == "citizen"), None)
    text = " ".join(mask(str(said["text"])).split()) if said else "（内容已按请求删除）"
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"


def _basis(entries: Sequence[Entry]) -> list[str]:
    """Return the clauses that the answers cite, in words."""
    cited = [one for entry in entries if entry.kind == "said" and entry.private for one in entry.private.get("basis", ())]
    return list(dict.fromkeys(f"《{one['title']}》{one['locator']}" for one in cited))


def _picture(address: str, title: str) -> Markup:
    if not address:
        return Markup()
    drawn = segno.make_qr(address, error="m").svg_inline(omitsize=True, border=4, light="#fff", title=title, lineclass=None)
    return Markup(drawn)  # noqa: S704 - drawn from the office's own address: nobody's words get past the escaping here
