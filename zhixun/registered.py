"""Joins the registers with the knowledge, the consultations and requests, the files and the desk; a part of `front_desk.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from zhixun.archive.export import harmless
from zhixun.archive.journal import Journal
from zhixun.archive.keys import load_secret
from zhixun.archive.opened import open_rows
from zhixun.clock import Clock
from zhixun.conversation.redact import clean
from zhixun.database import Database
from zhixun.knowledge.model import NATIONWIDE, Knowledge
from zhixun.knowledge.registers import raw_registers
from zhixun.masking import mask
from zhixun.messages import Entry
from zhixun.numbers import valid_number, valid_request_number
from zhixun.ports import Seal
from zhixun.registers.attendance import Attendance
from zhixun.registers.book import PREFIX, Records
from zhixun.registers.model import Register, Values
from zhixun.registers.office import Files, RegisterOffice, Told
from zhixun.registers.read import read_registers
from zhixun.registers.values import Offered
from zhixun.requests.book import Book
from zhixun.requests.request import Request
from zhixun.settings import Settings

__all__ = ["Asked", "Registered", "join_registers", "read_all"]

_NAMES = ("联系人", "单位名称", "信用代码", "对方", "联系电话", "姓名")
"""The facts of a request that tell who somebody is."""
_CONTACT = {"name": "联系人", "unit": "单位名称", "phone": "回电号码"}
"""What somebody left to be reached by, and what it is called."""
_SPEAKERS = {"citizen": "咨询人", "bot": "答复"}
_STAFF = "工作人员"
_SHORTEST = 2
_KINDS = {
    "arbitration": "仲裁机构", "notary": "公证机构", "mediation": "调解组织", "valuers": "评估机构", "banks": "金融机构",
    "tisc": "技术与创新支持中心（TISC）",
}  # fmt: skip
"""The kinds of agencies by how the register of institutions calls them; the rest is `_OTHER`."""
_OTHER = "其他"


@dataclass(frozen=True, slots=True)
class Registered:
    """The registers of a deployment, joined."""

    records: Records
    office: RegisterOffice
    attendance: Attendance


@dataclass(frozen=True, slots=True)
class Asked:
    """Tells what is known of consultations and requests, for records that are made from them."""

    database: Database
    journal: Journal
    book: Book

    async def told(self, number: str) -> Told | None:
        """Return what is known of a consultation or request; None when there is none."""
        if valid_request_number(number):
            one = await self.book.look_up(number)
            return Told(one.facts, _without((one,), (), ())) if one else None
        if not valid_number(number) or number.startswith(f"{PREFIX}-"):
            return None
        async with self.database.read() as connection:
            entries = await self.journal.read(connection, number)
        if not entries:
            return None
        made = await self.book.of(number)
        guided = [tuple(fact) for entry in entries if entry.kind == "guided" and entry.private for fact in entry.private["facts"]]
        left = next((entry.private for entry in reversed(entries) if entry.kind == "contact_left" and entry.private), {})
        contact = [(title, str(left[name])) for name, title in _CONTACT.items() if left.get(name)]
        facts = [fact for one in made for fact in one.facts] + [(str(name), str(value)) for name, value in guided]
        return Told([*facts, *contact], _without(made, entries, contact))

    async def applicants(self, numbers: Sequence[str]) -> list[tuple[str, str]]:
        """Return name and telephone of those who made these requests."""
        made = [await self.book.look_up(number) for number in numbers if valid_request_number(number)]
        facts = [dict(one.facts) for one in made if one]
        return [(fact.get("联系人", ""), fact.get("联系电话", "")) for fact in facts if fact.get("联系人")]


def read_all(folder: Path) -> Mapping[str, Register]:
    """Return the registers of a folder of knowledge."""
    return read_registers(raw_registers(folder))


def join_registers(
    settings: Settings, database: Database, journal: Journal, clock: Clock, region: str, knowledge: Knowledge, book: Book,
    accounts: Callable[[], Awaitable[Sequence[Any]]], files: Files, *, seal: Seal,
) -> Registered:  # fmt: skip
    """Join the registers.

    Args:
        accounts: all accounts of the desk. files: keeps the files of records.
    """

    async def offered() -> Offered:
        people = {one.name: one.shown for one in await accounts()}
        return Offered(people, {one.id: one.name for one in knowledge.agencies.values()})

    asked = Asked(database, journal, book)
    registers, opened = read_all(settings.knowledge_dir), partial(open_rows, journal.keyring)
    records = Records(database, journal, clock, region, registers, offered, opened, seal=seal)
    secret = load_secret(settings.data_dir / "keys" / "registers.key")
    attendance = Attendance(records, clock, secret, settings.public_url, asked.applicants)
    ours = _ours(region, knowledge)
    titles = {one.id: f"《{one.title}》{'' if one.region in ours else '（外地文件，供参照）'}" for one in knowledge.sources.values()}
    offers = {"agencies": lambda: _agencies(registers, knowledge)}
    return Registered(records, RegisterOffice(records, attendance, files, clock, asked.told, harmless, titles, offers), attendance)


def _ours(region: str, knowledge: Knowledge) -> set[str]:
    """Return the places whose papers hold for the deployment: its own and those in which it lies."""
    places = {NATIONWIDE, region}
    while (region := knowledge.glossary.wider.get(region, "")) and region not in places:
        places.add(region)
    return places


def _agencies(registers: Mapping[str, Register], knowledge: Knowledge) -> list[Values]:
    """Return the agencies of the knowledge as institutions, each as far as it has been verified."""
    known = set(registers["institutions"].fields["kind"].options)
    return [
        {
            "name": one.name, "kind": _KINDS[one.kind] if _KINDS.get(one.kind) in known else _OTHER, "body": one.id, "does": one.competence,
            "region": one.region, "state": one.status, **({"address": one.contact.address} if one.contact.address else {}),
            **({"phone": one.contact.phone} if one.contact.phone else {}), **({"checked": one.checked.isoformat()} if one.checked else {}),
        }
        for one in knowledge.agencies.values()
    ]  # fmt: skip


def _without(made: Sequence[Request], entries: Sequence[Entry], contact: Sequence[tuple[str, str]]) -> str:
    """Return what was said, and what was asked for, without numbers, and without the names that a request or contact tells."""
    facts = [*contact, *(fact for one in made for fact in one.facts)]
    names = {value for name, value in facts if name in _NAMES and len(value) >= _SHORTEST}
    lines = [f"{one.title}：" + "；".join(f"{name} {value}" for name, value in one.facts if name not in _NAMES) for one in made if one.facts]
    for entry in entries:
        if entry.kind == "said" and entry.private and entry.actor != "zhixun":
            who = _SPEAKERS.get(entry.actor, _STAFF)
            lines.append(f"{who}：{entry.private.get('text', '')}")
    text = mask(clean("\n".join(lines)).text)
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "某人或某单位")
    # What is masked tells of a number, too, and would not be taken by the form.
    return text.replace("****", "某").replace("***@", "某@")
