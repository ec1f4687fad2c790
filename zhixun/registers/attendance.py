"""Signing in to a training with one's telephone: a code on the wall opens a page, where name and four digits are confirmed."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import segno
from markupsafe import Markup

from zhixun.clock import Clock
from zhixun.codes import same_code, spell
from zhixun.errors import CitizenError
from zhixun.messages import Event
from zhixun.registers.book import Records
from zhixun.registers.model import LINK, Register
from zhixun.registers.record import SIGNED, Record

__all__ = ["Attendance", "Came", "Meeting"]

_LETTERS = 12
_DAYS = 7
"""So many days after the training somebody may still sign in or rate it."""
_MOST = 2000
_NAME = re.compile(r"[\u3400-\u9fffA-Za-z][\u3400-\u9fffA-Za-z·• .'-]{0,38}")
_TAIL = re.compile(r"\d{4}")
_CLOSED = "这场培训的签到没有开放。请核对现场的二维码，或者找工作人员登记。"


@dataclass(frozen=True, slots=True)
class Meeting:
    """A training as its participants see it."""

    title: str
    day: str
    place: str


@dataclass(frozen=True, slots=True)
class Came:
    """Who signed in: name, the last four digits of the telephone, the score (0: none given), when (UTC), and whether signed up."""

    name: str
    tail: str
    score: int
    time: str
    signed_up: bool


class Attendance:
    """Keeps who came.

    Args:
        secret: 32 bytes, of which the codes are derived. address: of the public pages; empty when there is none yet.
        applicants: name and telephone of those who signed up by requests of these numbers.
    """

    def __init__(
        self, records: Records, clock: Clock, secret: bytes, address: str,
        applicants: Callable[[Sequence[str]], Awaitable[Sequence[tuple[str, str]]]],
    ) -> None:  # fmt: skip
        self._records = records
        self._clock = clock
        self._secret = secret
        self._address = address
        self._applicants = applicants

    def code_of(self, number: str) -> str:
        """Return the code of a training: 60 bits."""
        return spell(hmac.new(self._secret, f"attend\0{number}".encode(), hashlib.sha256).digest(), _LETTERS)

    async def meeting(self, code: str) -> Meeting:
        """Return the training of a code.

        Raises:
            CitizenError: (404) there is none, or nobody signs in to it now.
        """
        register, record = await self._find(code)
        values = record.values or {}
        return Meeting(str(values[register.heading]), str(values.get(register.year, "")), str(values.get("time", "")))

    async def sign(self, code: str, name: str, tail: str, score: str) -> None:
        """Write down that somebody came; the same person again changes the score alone.

        Args:
            score: 1 to 5, or empty.

        Raises:
            CitizenError: name, digits or score are none (`field`); (404) nobody signs in there now; (409) the list is full.
        """
        register, record = await self._find(code)
        name = " ".join(name.split())
        if not _NAME.fullmatch(name):
            raise CitizenError("请填姓名（1–39 字）。", code="bad_name", field="name")
        if not (_TAIL.fullmatch(tail) and tail.isascii()):
            raise CitizenError("请填手机号码的后四位，例如 5678。", code="bad_tail", field="tail")
        if score not in ("", *"12345"):
            raise CitizenError("满意度请选 1 到 5。", code="bad_score", field="score")
        before = [one for one in await self._came(record) if (one.name, one.tail) == (name, tail)]
        if before and (not score or before[0].score == int(score)):
            return
        if not before and len(await self._came(record)) >= _MOST:
            raise CitizenError("签到人数已满，请找工作人员登记。", code="full", status=409)
        told = {"register": register.id, **({"score": int(score)} if score else {})}
        await self._records.note(record.number, Event(SIGNED, "citizen", told, {"name": name, "tail": tail}))

    async def summary(self, register: Register, record: Record) -> Mapping[str, Any] | None:
        """Return how many came and how content they were, with the code for the wall; None when nobody signs in to this register."""
        if not register.attendance or record.values is None:
            return None
        came = await self._came(record)
        links = [number for field in register.columns if field.kind == LINK for number in record.values.get(field.id, ())]
        invited = {(name, phone[-4:]) for name, phone in await self._applicants(links)}
        came = [Came(one.name, one.tail, one.score, one.time, (one.name, one.tail) in invited) for one in came]
        scores = [one.score for one in came if one.score]
        code = self.code_of(record.number)
        link = f"{self._address}/t/{code}" if self._address else ""
        return {
            "code": code, "link": link, "picture": _picture(link), "open": self._is_open(register, record), "came": came,
            "count": len(came), "scored": len(scores), "signed_up": len(invited),
            "mean": f"{sum(scores) / len(scores):.2f}" if scores else "",
            "content": f"{100 * sum(score >= 4 for score in scores) / len(scores):.0f}%" if scores else "",
        }  # fmt: skip

    async def _find(self, code: str) -> tuple[Register, Record]:
        found = None
        for register in self._records.registers.values():
            for record in await self._records.of(register) if register.attendance else ():
                # All are compared, so that the time tells nothing of which one it was.
                if same_code(code, self.code_of(record.number)) and self._is_open(register, record):
                    found = register, record
        if found is None:
            raise CitizenError(_CLOSED, code="no_meeting", status=404)
        return found

    def _is_open(self, register: Register, record: Record) -> bool:
        held = str((record.values or {}).get(register.year, ""))
        if record.ended or not held:
            return False
        day = date.fromisoformat(held)
        return day <= self._clock.today() <= day + timedelta(days=_DAYS)

    async def _came(self, record: Record) -> list[Came]:
        found: dict[tuple[str, str], Came] = {}
        for entry in await self._records.entries(record.number):
            if entry.kind == SIGNED and entry.private:
                key = str(entry.private["name"]), str(entry.private["tail"])
                before = found.get(key)
                score = int(entry.open.get("score", 0)) or (before.score if before else 0)
                found[key] = Came(*key, score, before.time if before else entry.time, signed_up=False)
        return list(found.values())


def _picture(link: str) -> Markup:
    if not link:
        return Markup()
    drawn = segno.make_qr(link, error="m").svg_inline(omitsize=True, border=4, light="#fff", title="签到网页的二维码", lineclass=None)
    return Markup(drawn)  # noqa: S704 - our own address and title: no word of anybody gets past the escaping here
