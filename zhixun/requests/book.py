"""The book of requests: taking them, telling how they stand, and carrying them on.

What is written here is the journal; the table `requests` follows from it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock, stamp
from zhixun.database import Database, requests, sessions
from zhixun.errors import CitizenError, OurFault, ZhixunError
from zhixun.messages import ENDED, HIDDEN_PHONE, Entry, Event, Reply, Terms, dump
from zhixun.numbers import request_number, valid_request_number
from zhixun.outgoing import tell
from zhixun.ports import Journal, Seal
from zhixun.requests.codes import Codes
from zhixun.requests.ports import Catalogue
from zhixun.requests.request import Request
from zhixun.requests.standing import DECLINED, DONE, RECEIVED, WITHDRAWN, step
from zhixun.requests.words import (
    told_again,
    told_incomplete,
    told_received,
    told_standing,
    told_standings,
    told_too_many,
    told_withdrawing,
)

__all__ = ["Book", "Submitted"]

_PHONE = "phone"
MOST = 20
"""So many requests may be made in one consultation."""
_log = logging.getLogger(__name__)

_NUMBER = re.compile(r"(?ai)[A-Z]{2,6}-\d{8}-\d{6}-\d{2}-\d")
_CODE = re.compile(r"(?a)[0-9A-Z]{4}(?:[ -]?[0-9A-Z]{4}){2}")
_WITHDRAW = re.compile("撤回|撤销|取消|不申请了|不办了")
_SURE = re.compile(f"确认撤回(申请)? *({_NUMBER.pattern[5:]})[。.!！]?", re.ASCII | re.IGNORECASE)
_LONGEST = 60
"""What is longer than that says more than how a request stands."""
_STANDING = re.compile(
    "^(请|帮我|我想|想|麻烦)*(查|看|问)(一下|下)?我?们?的?(申请|报名|预约|登记|委托)(的)?(进度|状态|进展|情况)"
    "|^(我|我们|上次|刚才|昨天|前天|之前)?(提交|交)?的?(服务)?(申请|报名|预约|登记|委托|需求|单子)(现在)?"
    "(到哪(一?步)?了?|怎么样了|咋样了|进展|进度|有(没有)?(结果|消息|人(管|处理|受理))|受理了(吗|没)|办(好|完)了?(吗|没)|处理了?(吗|没))"
)
_NOT_HERE = "没有找到这个编号，或者查询码不对。请核对编号（FW 开头）和查询码，两样一起发给我；也可以转人工查。"


@dataclass(frozen=True, slots=True)
class Submitted:
    """What somebody gets who sent a form on a page.

    Attributes:
        receipt: the code of the sealed consultation's receipt; empty when it could not be sealed yet.
    """

    number: str
    code: str
    consultation: str
    receipt: str


class Book:
    """Takes requests and carries them on.

    Args:
        catalogue: what is offered. codes: proves who made a request. prefix: of numbers.
        seal: seals what was added to a closed consultation. wake: tells open windows that there is something new.
    """

    def __init__(
        self, database: Database, journal: Journal, catalogue: Catalogue, codes: Codes, clock: Clock, prefix: str, *,
        seal: Seal, wake: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._catalogue = catalogue
        self._codes = codes
        self._clock = clock
        self._prefix = prefix
        self._seal = seal
        self._wake = wake

    async def take(self, consultation: str, turn: int, wish: Mapping[str, Any], phone: str) -> tuple[Reply, tuple[Event, ...]]:
        """Return the confirmation of a request made in chat and the event that makes it; nothing is written yet.

        Args:
            wish: `service` and `values`, in which the mobile number is hidden. phone: that number, empty when there is none.
        """
        async with self._database.read() as connection:
            made = await self._of(connection, consultation)
            values = {name: phone if value == HIDDEN_PHONE else value for name, value in wish["values"].items()}
            if values.get(_PHONE) == "":
                return told_incomplete(), ()
            if len(made) >= MOST:
                return told_too_many(), ()
            service = str(wish["service"])
            terms = self._catalogue.terms(service, values, self._clock.local())
            running = [request for request in made if request.service == service and request.running]
            if again := next((request for request in running if request.facts == terms.facts), None):
                return told_again(again), ()
            reply, event = await self._requested(connection, consultation, len(made) + 1, service, values, terms)
        return reply, (Event(event.kind, event.actor, {**event.open, "turn": turn}, event.private), *_described(terms))

    async def submit(self, service: str, values: Mapping[str, str], region: str, once: str) -> Submitted:
        """Take a form that was sent on a page: a consultation of its own, closed and sealed at once.

        Args:
            values: field to canonical value, checked. once: what the page carried, so that sending it twice makes one request.
        """
        told = json.dumps([once, service, sorted(values.items())], ensure_ascii=False)
        token = hashlib.sha256(f"form\0{told}".encode()).hexdigest()
        async with self._database.write() as connection:
            number = await connection.scalar(sa.select(sessions.c.consultation).where(sessions.c.token == token))
            if number is None:
                number = await self._write(connection, service, values, region)
                await connection.execute(sessions.insert().values(token=token, consultation=number))
            entries = await self._journal.read(connection, number)
        made = next(entry for entry in entries if entry.kind == "requested")
        if made.private is None:
            raise CitizenError("这份申请已经按要求删除，请重新填写。", code="erased", status=410)
        request = str(made.open["request"])
        return Submitted(request, self._codes.code_of(request), number, await self._sealed(number))

    async def answer(self, consultation: str, text: str) -> Reply | None:
        """Answer what is about a request: how it stands, taking it back. None when the words are about something else."""
        text = unicodedata.normalize("NFKC", text).strip()
        named = _NUMBER.search(text.upper())
        if len(text) > _LONGEST or (named is None and not _STANDING.search(text)):
            return None
        async with self._database.read() as connection:
            made = await self._of(connection, consultation)
        if named is None:
            return told_standings(made[::-1]) if made else None
        number = named[0]
        own = next((request for request in made if request.number == number), None)
        if own is not None and _WITHDRAW.search(text):
            return await self._withdraw(own, text)
        if own is not None:
            return told_standings([own])
        code = _CODE.search(text.upper().replace(number, ""))
        try:
            return Reply(told_standing(await self.find(number, code[0] if code else "")), kind="service")
        except CitizenError:
            return Reply(_NOT_HERE, kind="service")

    async def find(self, number: str, code: str) -> Request:
        """Return the request that a number and its code belong to.

        Raises:
            CitizenError: (404) there is none; it is not said which of the two is wrong.
        """
        right = self._codes.is_code(number, code) and valid_request_number(number)
        found = await self.look_up(number) if right else None
        if found is None:
            raise CitizenError("没有这个申请，请核对编号和查询码。", code="no_request", status=404)
        return found

    async def look_up(self, number: str) -> Request | None:
        """Return a request by its number, for staff."""
        async with self._database.read() as connection:
            consultation = await connection.scalar(sa.select(requests.c.consultation).where(requests.c.number == number))
            made = await self._of(connection, consultation) if consultation is not None else []
        return next((request for request in made if request.number == number), None)

    async def of(self, consultation: str) -> list[Request]:
        """Return the requests made in a consultation, in order."""
        async with self._database.read() as connection:
            return await self._of(connection, consultation)

    def follow_up(self, service: str) -> str:
        """Return what is asked when a request of this service was done; empty when nothing is."""
        return self._catalogue.follow_up(service)[1]

    async def waiting(self) -> list[Request]:
        """Return all that is still to be done: those that go first before the others, and then by when they are due."""
        query = sa.select(requests).where(requests.c.standing.not_in(ENDED))
        query = query.order_by(requests.c.priority == "", requests.c.due == "", requests.c.due)
        async with self._database.read() as connection:
            return [self._request(row, ()) for row in (await connection.execute(query)).mappings()]

    async def move(self, number: str, standing: str, by: str, *, note: str = "", owner: str = "") -> Request:
        """Carry a request on; the citizen is told, in the consultation where it is still open.

        Args:
            by: who does it. note: words to the citizen. owner: who has it from now on.

        Raises:
            CitizenError: (404) there is no such request; (409) it cannot go there; (400) going back needs a note.
        """
        if standing in ("returned", DECLINED) and not note.strip():
            raise CitizenError("请写明原因（--note），申请人会看到。", code="no_note", field="note")
        async with self._database.write() as connection:
            request = await self._move(connection, number, standing, by, note=note, owner=owner)
            if note.strip() and not request.note:
                raise OurFault("这件咨询的密钥已经不在，说明无法保存；请当面或电话告知申请人，再不带说明改变状态。")
            told = await tell(connection, self._journal, request.consultation, Reply(told_standing(request), kind="notice"))
        if told is None:
            await self._sealed(request.consultation)
        self._wake(request.consultation)
        return request

    async def _move(
        self, connection: AsyncConnection, number: str, standing: str, by: str, *, note: str = "", owner: str = "", reason: str = ""
    ) -> Request:
        """Write the next standing of a request, if it may go there; returns it as it is then."""
        row = (await connection.execute(sa.select(requests).where(requests.c.number == number))).mappings().first()
        if row is None:
            raise CitizenError(f"没有申请 {number}。", code="no_request", status=404)
        told: dict[str, Any] = {"request": number, "standing": step(row["standing"], standing)}
        told |= {name: value for name, value in (("owner", owner), ("reason", reason)) if value}
        days, _ = self._catalogue.follow_up(row["service"])
        if standing == DONE and days:
            told["follow_up"] = (self._clock.today() + timedelta(days=days)).isoformat()
        event = Event("request_moved", by, told, {"note": note.strip()} if note.strip() else None)
        await self._journal.append(connection, row["consultation"], [event])
        return next(one for one in await self._of(connection, row["consultation"]) if one.number == number)

    async def _withdraw(self, request: Request, text: str) -> Reply:
        """Take a request back when the citizen confirms it in so many words; it may have been ended in the meantime."""
        if not request.running:
            return told_standings([request])
        if not _SURE.fullmatch(text):
            return told_withdrawing(request)
        async with self._database.write() as connection:
            return told_standings([await self._move(connection, request.number, DECLINED, "citizen", reason=WITHDRAWN)])

    async def _sealed(self, consultation: str) -> str:
        """Seal; what cannot be sealed now, as on a full disk, is sealed by the keeper later, and the request stands all the same."""
        try:
            return await self._seal(consultation)
        except (ZhixunError, OSError) as error:
            _log.error("%s could not be sealed: %s", consultation, type(error).__name__)
            return ""

    async def _write(self, connection: AsyncConnection, service: str, values: Mapping[str, str], region: str) -> str:
        """Write the consultation of a form that was sent on a page; returns its number."""
        opened = Event("opened", "zhixun", {"channel": "form", "region": region, "consent": True})
        number = (await self._journal.open(connection, opened)).consultation
        terms = self._catalogue.terms(service, values, self._clock.local())
        reply, event = await self._requested(connection, number, 1, service, values, terms)
        said = Event("said", "system", {"turn": 0, "kind": reply.kind}, {"text": reply.text, "basis": [], "buttons": dump(())})
        closed = Event("closed", "form", {"state": "closed", "reason": "form"})
        await self._journal.append(connection, number, [event, *_described(terms), said, closed])
        return number

    async def _requested(
        self, connection: AsyncConnection, consultation: str, index: int, service: str, values: Mapping[str, str], terms: Terms
    ) -> tuple[Reply, Event]:
        number = request_number(self._prefix, consultation, index)
        mark = self._codes.mark_of(service, values)
        same = sa.select(requests.c.number).where(requests.c.mark == mark, requests.c.standing.not_in(ENDED))
        same_as = await connection.scalar(same.order_by(requests.c.received.desc()).limit(1)) if mark else None
        told = {"request": number, "service": service, "target": terms.target, "standing": RECEIVED,
                "due": stamp(terms.due) if terms.due else "", "priority": terms.priority}  # fmt: skip
        # That two requests are of the same people is as private as who they are.
        private = {"title": terms.title, "facts": [list(fact) for fact in terms.facts], "values": dict(values), "mark": mark,
                   "same_as": same_as or ""}  # fmt: skip
        reply = told_received(number, self._codes.code_of(number), terms)
        return reply, Event("requested", "citizen", told, private)

    async def _of(self, connection: AsyncConnection, consultation: str) -> list[Request]:
        query = sa.select(requests).where(requests.c.consultation == consultation).order_by(requests.c.number)
        rows = (await connection.execute(query)).mappings().all()
        entries = await self._journal.read(connection, consultation) if rows else []
        return [self._request(row, [e for e in entries if e.open.get("request") == row["number"]]) for row in rows]

    def _request(self, row: sa.RowMapping, entries: Sequence[Entry]) -> Request:
        last = entries[-1] if entries else None
        facts = next(((entry.private or {}).get("facts", ()) for entry in entries if entry.kind == "requested"), ())
        told = {name: row[name] for name in Request.__slots__ if name in row}
        return Request(
            **told, title=self._catalogue.title(row["service"]), follow_ask=self._catalogue.follow_up(row["service"])[1],
            confirmed=self._catalogue.confirmed,
            reason=str(last.open.get("reason", "")) if last else "", note=str((last.private or {}).get("note", "")) if last else "",
            facts=tuple((str(name), str(value)) for name, value in facts),
        )  # fmt: skip


def _described(terms: Terms) -> tuple[Event, ...]:
    """Tell what the form told of who asks, openly: it names nobody."""
    return (Event("described", "citizen", dict(terms.described)),) if terms.described else ()
