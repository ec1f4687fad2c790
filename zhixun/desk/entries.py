"""The entry at the desk: what was asked and answered on the telephone or at the counter becomes a consultation like any other.

All of it is written in one transaction: who asked, what was said and on which knowledge it rests, the contact if the person
agreed to its being kept, and how it ended. What is still owed stays open as a call-back and stands among the tasks of who
entered it; the rest is closed and sealed at once.
"""

from __future__ import annotations

import hashlib
import logging
import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import ZONE, Clock, stamp
from zhixun.database import Database, consultations, sessions
from zhixun.desk.casework import DESCRIBED, good_label
from zhixun.desk.ports import Known
from zhixun.errors import CitizenError, ZhixunError
from zhixun.messages import Event, Reply, dump
from zhixun.names import OUTCOMES
from zhixun.ports import Journal, Seal

__all__ = [
    "CALLBACK", "CHANNELS", "ENDINGS", "LONGEST", "LONGEST_WORDS", "OWED", "PERSONS", "REFERRED", "REQUESTED", "Contact", "Draft",
    "Entries", "Offered", "read_draft",
]  # fmt: skip

CHANNELS = ("phone", "counter")
"""The doors at which staff hear and speak, and write down afterwards."""
PERSONS: Mapping[str, str] = {"person": "个人", "small": "中小微企业", "large": "大型企业", "school": "高校院所", "other": "其他单位"}
"""The kinds of persons, by the ids that the forms of services have for them; kept as a label, which can be searched and put right."""
CALLBACK, REFERRED, REQUESTED = "callback", "referred", "requested"
ENDINGS: Mapping[str, str] = {
    "answered": OUTCOMES["answered"], CALLBACK: "稍后回电", REFERRED: "转办（接着开转介单）", REQUESTED: "受理服务申请",
    "visit": OUTCOMES["visit"], "outside": OUTCOMES["outside"], "other": OUTCOMES["other"],
}  # fmt: skip
"""How a conversation ends: all but the call-back close the consultation with the outcome of the same name."""
OWED = "entered"
"""Why a consultation waits that was entered and not closed."""
LONGEST, LONGEST_WORDS = 2000, 500
_LONGEST_NAME = 60
_MOST_LABELS = 12
_LATEST = timedelta(days=60)
_CALL, _SLIP = "回电答复", "开转介单"
_MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_LANDLINE = re.compile(r"(010|02\d|0[3-9]\d{2})(\d{7,8})")
_log = logging.getLogger(__name__)

Cleaned = Callable[[str], tuple[str, Sequence[str]]]
"""Takes personal numbers out of words: what stays, and the kinds that were taken out."""
Take = Callable[[str, int, Mapping[str, Any], str], Awaitable[tuple[Reply, tuple[Event, ...]]]]
"""Makes a request in a consultation: what is told of it, and the events; see `requests/book.py`."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How somebody can be reached; `told` is the sentence that was read out before it was agreed to."""

    name: str
    phone: str
    unit: str
    told: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What was heard and said.

    Attributes:
        channel: one of `CHANNELS`. person: one of `PERSONS`. labels: the rights it was about, and what else marks it.
        known: the answers that were cited. contact: None unless its being kept was agreed to.
        ending: one of `ENDINGS`. due: until when a call-back was promised (local time). words: what staff add to it.
        wish: the request for a service: `service` and `values`. described: what is told of who asks, by name of `DESCRIBED`.
    """

    channel: str
    region: str
    person: str
    question: str
    answer: str = ""
    known: tuple[Known, ...] = ()
    contact: Contact | None = None
    labels: tuple[str, ...] = ()
    ending: str = "answered"
    due: datetime | None = None
    words: str = ""
    wish: Mapping[str, Any] = field(default_factory=dict)
    described: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offered:
    """What may be chosen in a form.

    Attributes:
        consent: the sentence that is read out before a contact is kept.
        described: industries and districts, by name of `DESCRIBED`. kinds: what each of `PERSONS` is called in the statistics.
    """

    regions: Sequence[str]
    rights: Sequence[str]
    consent: str
    described: Mapping[str, Sequence[str]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)


def read_draft(
    given: Mapping[str, str], offered: Offered, known: Sequence[Known], now: datetime, wish: Mapping[str, Any] | None = None
) -> tuple[Draft, dict[str, str]]:
    """Read a form that was filled in.

    Args:
        given: its fields. known: the answers that it cites. now: local time. wish: the request, where it is one.

    Returns:
        What is to be saved, and what is wrong by field. Only without errors may it be saved.
    """
    errors: dict[str, str] = {}
    told = {name: given.get(name, "").strip() for name in ("channel", "region", "person", "question", "answer", "ending", "words")}
    for name, allowed in (("channel", CHANNELS), ("region", offered.regions), ("person", PERSONS), ("ending", ENDINGS)):
        if told[name] not in allowed:
            errors[name] = "请选择。"
    for name, most in (("question", LONGEST), ("answer", LONGEST), ("words", LONGEST_WORDS)):
        if len(told[name]) > most:
            errors[name] = f"最多 {most} 字。"
    if not any(char.isalnum() for char in told["question"]):
        errors["question"] = "请写咨询人问了什么。"
    if not told["answer"] and told["ending"] not in (CALLBACK, REFERRED, REQUESTED):
        errors["answer"] = "请写答复了什么；没有当场答复的，结果选“稍后回电”。"
    contact = _contact(given, offered.consent, errors)
    due = _due(given.get("due", ""), now, errors) if told["ending"] == CALLBACK else None
    if told["ending"] == CALLBACK and contact is None and "consent" not in errors:
        errors.setdefault("phone", "要回电，得有咨询人同意登记的电话。")
    elif told["ending"] == CALLBACK and contact is not None and not contact.phone:
        errors.setdefault("phone", "要回电，请填写电话。")
    labels = tuple(dict.fromkeys([*(one for one in offered.rights if given.get(f"right-{one}")), *_labels(given.get("labels", ""), errors)]))
    described = _described(given, told["person"], offered, errors)
    return Draft(**told, known=tuple(known), contact=contact, labels=labels, due=due, wish=wish or {}, described=described), errors


class Entries:
    """Writes down what was said at the telephone and at the counter.

    Args:
        clean: takes personal numbers out of what the citizen said; the contact has its own place. take: makes a request.
        seal: seals what is closed. wake: tells open pages that there is something new.
    """

    def __init__(
        self, database: Database, journal: Journal, clock: Clock, clean: Cleaned, take: Take, *, seal: Seal, wake: Callable[[str], None]
    ) -> None:
        self._database = database
        self._journal = journal
        self._clock = clock
        self._clean = clean
        self._take = take
        self._seal = seal
        self._wake = wake

    async def save(self, draft: Draft, by: str, once: str) -> str:
        """Write a draft down and return the number of its consultation.

        Args:
            by: login name of who heard it. once: what the form carried: the same again is the same consultation.

        Raises:
            CitizenError: (409) the form was saved before, with other words; (400) the request lacks something.
            TryLater: the store is busy; nothing was written.
        """
        text, hidden = self._clean(draft.question)
        token = hashlib.sha256(f"entry\0{by}\0{once}".encode()).hexdigest()
        async with self._database.write() as connection:
            number = await connection.scalar(sa.select(sessions.c.consultation).where(sessions.c.token == token))
            if number is None:
                number = await self._write(connection, draft, by, text, hidden)
                await connection.execute(sessions.insert().values(token=token, consultation=number))
            else:
                await self._demand_same(connection, number, (text, draft.answer))
            state = await connection.scalar(sa.select(consultations.c.state).where(consultations.c.number == number))
        self._wake(number)
        if state == "closed":
            await self._sealed(number)
        return str(number)

    async def _write(self, connection: AsyncConnection, draft: Draft, by: str, text: str, hidden: Sequence[str]) -> str:
        opened = {"channel": draft.channel, "region": draft.region, "consent": draft.contact is not None, "state": "staff"}
        first = await self._journal.open(connection, Event("opened", f"staff:{by}", opened))
        number = first.consultation
        requested = await self._requested(number, draft)
        events = [*_heard(draft, by, text, hidden, first.seq + 1), *requested, *_ended(draft, by, self._clock.today().isoformat())]
        await self._journal.append(connection, number, events)
        return number

    async def _requested(self, number: str, draft: Draft) -> Sequence[Event]:
        if draft.ending != REQUESTED:
            return ()
        reply, events = await self._take(number, 1, draft.wish, draft.contact.phone if draft.contact else "")
        if not events:
            raise CitizenError(reply.text, code="bad_request", field="service")
        return events

    async def _demand_same(self, connection: AsyncConnection, number: str, words: tuple[str, str]) -> None:
        """Refuse to pass over words that were changed after the form had been saved."""
        entries = await self._journal.read(connection, number)
        said = [str(entry.private["text"]) for entry in entries if entry.kind == "said" and entry.private]
        if said and (said[0], said[1] if len(said) > 1 else "") != words:
            told = f"这张登记单已经保存为 {number}，改动没有保存。要补充，请打开那件咨询；要另登一件，请重新打开登记页。"
            raise CitizenError(told, code="entered", status=409)

    async def _sealed(self, number: str) -> None:
        try:
            await self._seal(number)
        except (ZhixunError, OSError) as error:  # it is written; its keeper seals it later
            _log.error("%s could not be sealed: %s", number, type(error).__name__)


def _heard(draft: Draft, by: str, text: str, hidden: Sequence[str], fence: int) -> Iterator[Event]:
    """Tell what was said: the question as the citizen's first turn, in the hands of `by`, and the answer with its sources."""
    staff = f"staff:{by}"
    yield Event("claimed", staff, {"state": "staff", "operator": by})
    yield Event("said", "citizen", {"turn": 1, "hidden": list(hidden)}, {"text": text})
    yield Event("relayed", "zhixun", {"turn": 1, "status": "handoff"})
    if draft.answer:
        basis = tuple(dict.fromkeys(clause for one in draft.known for clause in one.basis))
        told = {"turn": 0, "kind": "staff", "knowledge": [one.id for one in draft.known], "fence": fence, "first": True}
        yield Event("said", staff, told, {"text": draft.answer, "basis": dump(basis), "buttons": []})
    if draft.due is not None:
        # It is planned before the number is left, which alone would be a call-back that is nobody's and due at once.
        promised = {"kind": CALLBACK, "subject": "", "due": stamp(draft.due), "owner": by}
        yield Event("planned", staff, promised, {"words": f"{_who(draft.contact)}{draft.words or _CALL}"})
    if draft.contact is not None:
        left = {"turn": 1, "what": "phone", "consent": "oral", "told": draft.contact.told}
        purpose = {} if draft.due is not None else {"for": "record"}
        whose = {"phone": draft.contact.phone, "name": draft.contact.name, "unit": draft.contact.unit}
        yield Event("contact_left", "citizen", {**left, **purpose}, whose)
    yield Event("labelled", staff, {"add": list(dict.fromkeys((PERSONS[draft.person], *draft.labels))), "remove": []})
    if draft.described:
        yield Event("described", staff, dict(draft.described))


def _who(contact: Contact | None) -> str:
    """Say whom to ask for at the other end."""
    known = filter(None, (contact.unit, contact.name)) if contact else ()
    return f"找{named}：" if (named := " ".join(known)) else ""


def _ended(draft: Draft, by: str, today: str) -> Iterator[Event]:
    """Tell how it ended: as a call-back that is owed, or closed."""
    staff = f"staff:{by}"
    if draft.due is not None:
        # Not in anybody's hands: the lease of who has a window open would run out as soon as the telephone rings again.
        yield Event("handed_off", "zhixun", {"state": "message_left", "reason": OWED, "team": "", "due": stamp(draft.due)})
        return
    if draft.ending == REFERRED:
        yield Event("planned", staff, {"kind": "referral", "subject": "", "due": today, "owner": by}, {"words": draft.words or _SLIP})
    told = {"state": "closed", "reason": "staff", "outcome": draft.ending}
    yield Event("closed", staff, told, {"words": draft.words} if draft.words else None)


def _contact(given: Mapping[str, str], told: str, errors: dict[str, str]) -> Contact | None:
    """Return the contact that may be kept: nothing is without consent (PIPL 13)."""
    name, phone, unit = (unicodedata.normalize("NFKC", given.get(one, "")).strip() for one in ("name", "phone", "unit"))
    for one, value in (("name", name), ("unit", unit)):
        if len(value) > _LONGEST_NAME:
            errors[one] = f"最多 {_LONGEST_NAME} 字。"
    if not (name or phone or unit):
        return None
    if given.get("consent") != "yes":
        errors["consent"] = "请先读出这段话，对方同意后勾选；不同意就清空姓名、电话和单位。"
        return None
    digits = re.sub(r"[\s()（）-]", "", phone)
    found = _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits)
    if phone and found is None:
        errors["phone"] = "请填写 11 位手机号码，或者带区号的座机。"
    return Contact(name, "-".join(found.groups()) if found else "", unit, told)


def _described(given: Mapping[str, str], person: str, offered: Offered, errors: dict[str, str]) -> dict[str, str]:
    """Return what is told of who asks; what was not asked is left out."""
    told = {name: given.get(name, "").strip() for name in DESCRIBED if name in offered.described}
    errors |= {name: "请从列表里选择。" for name, value in told.items() if value and value not in offered.described[name]}
    kind = offered.kinds.get(person, "")
    return {name: value for name, value in {"user_kind": kind, **told}.items() if value}


def _due(given: str, now: datetime, errors: dict[str, str]) -> datetime | None:
    """Read until when a call-back was promised."""
    try:
        due = datetime.fromisoformat(given.strip()).replace(tzinfo=ZONE)
    except ValueError:
        errors["due"] = "请填写什么时候以前回电。"
        return None
    if not now < due < now + _LATEST:
        errors["due"] = f"回电时间应在现在之后、{_LATEST.days} 天以内。"
        return None
    return due


def _labels(given: str, errors: dict[str, str]) -> list[str]:
    found = re.split(r"[\s,，、;；]+", given.strip()) if given.strip() else []
    if len(found) > _MOST_LABELS or not all(map(good_label, found)):
        errors["labels"] = f"标签用 1–20 个汉字、字母或数字，不含个人号码，最多 {_MOST_LABELS} 个，用空格隔开。"
    return found
