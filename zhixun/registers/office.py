"""What the desk does with registers: lists, forms, files, sheets; each returns what a page draws."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from zhixun.clock import Clock
from zhixun.errors import CitizenError
from zhixun.masking import mask
from zhixun.registers.attendance import Attendance
from zhixun.registers.book import Records
from zhixun.registers.forms import form_of, prefilled, read_form
from zhixun.registers.intake import Intake
from zhixun.registers.listing import DUES, columns_of, listed
from zhixun.registers.model import FILES, LONG, Register, Values
from zhixun.registers.push import Pushing
from zhixun.registers.record import Record
from zhixun.registers.sheet import write_sheet
from zhixun.registers.values import ValueFlaw, noted_file, shown
from zhixun.registers.watch import LATER, due_days, unmet

__all__ = ["Files", "RegisterOffice", "Told"]

_MOST_DUE = 100
_DRAFTED = "facts"
"""The field of a register with drafts that takes what was said."""


class Files(Protocol):
    """Keeps files; see `archive/attachments.py`."""

    async def keep(self, number: str, sender: str, name: str, stream: AsyncIterable[bytes]) -> Any:
        """Take a file in; tells its `id`, `name` and `digest`."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a consultation or request: its facts, whom it names, and what was said without personal data."""

    facts: Sequence[tuple[str, str]]
    said: str = ""


class RegisterOffice:
    """Works with the registers for the desk.

    Args:
        told: what is known of the number of a consultation or request; None when there is none.
        harmless: makes a text one that no spreadsheet computes.
        titles: how sources are called, by id.
        offers: by name what of the knowledge a first sheet can be filled with; see `Register.offer`.
    """

    def __init__(
        self, records: Records, attendance: Attendance, files: Files, clock: Clock, told: Callable[[str], Awaitable[Told | None]],
        harmless: Callable[[str], str], titles: Mapping[str, str], offers: Mapping[str, Callable[[], Sequence[Values]]],
    ) -> None:  # fmt: skip
        self._records = records
        self._attendance = attendance
        self._files = files
        self._clock = clock
        self._told = told
        self._harmless = harmless
        self._titles = titles
        self._offers = offers
        self._intake = Intake(records, harmless)
        self._pushing = Pushing(records, clock, harmless)

    async def home(self) -> Mapping[str, Any]:
        """Return all registers with how many records they have, and what is due, late or soon."""
        dues = due_days(self._records.registers, await self._records.due(), self._clock.today())
        near = [one for one in dues if one.level != LATER]
        names = await self._records.headings([one.number for one in near[:_MOST_DUE]])
        counts = await self._records.counts()
        registers = [
            {"one": one, "count": counts.get(one.id, 0), "near": sum(due.register == one.id for due in near), "at": self._at(one)}
            for one in self._records.registers.values()
        ]  # fmt: skip
        told = [
            {"due": one, "title": mask(names[one.number]), "register": self._records.registers[one.register].title,
             "field": self._records.registers[one.register].fields[one.field].title}
            for one in near[:_MOST_DUE]
        ]  # fmt: skip
        return {"registers": registers, "dues": told, "hidden": max(0, len(near) - _MOST_DUE)}

    async def register_of(self, number: str) -> str:
        """Return the id of the register in which a record is.

        Raises:
            CitizenError: (404) there is none of this number.
        """
        record = await self._records.find(number)
        if record is None:
            raise CitizenError(f"没有记录 {number}。", code="no_record", status=404)
        return record.register

    async def late(self) -> int:
        """Return how many things are past their day."""
        return sum(one.level == "over" for one in due_days(self._records.registers, await self._records.due(), self._clock.today()))

    async def all_dues(self) -> Sequence[Mapping[str, str]]:
        """Return everything that is due, without what was written: day, register, field and number."""
        registers = self._records.registers
        return [
            {"day": one.day.isoformat(), "title": f"{registers[one.register].title}：{registers[one.register].fields[one.field].title}",
             "number": one.number, "href": f"/desk/registers/{one.register}/{one.number}"}
            for one in due_days(registers, await self._records.due(), self._clock.today())
        ]  # fmt: skip

    async def listed(self, name: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Return a page of a register; see `listing.listed`."""
        register = self._records.register(name)
        found = await self._records.of(register)
        return {
            "register": register, "columns": columns_of(register), "found": listed(register, found, query, await self._records.offered(),
            self._clock.today()), "unmet": unmet(register, found), "at": self._at(register), "dues": DUES,
        }  # fmt: skip

    async def shown(self, name: str, number: str, *, clear: bool = False, topic: str = "") -> Mapping[str, Any]:
        """Return a record with its history.

        Args:
            topic: to what the table of those whom it is pushed to is narrowed.

        Raises:
            CitizenError: (404) there is none of this number in the register.
        """
        register, record = await self._find(name, number)
        offered = await self._records.offered()
        values = record.values or {}
        told = str if clear else mask
        facts = [
            {"title": field.title, "text": told(shown(field, values.get(field.id), offered)), "long": field.kind == LONG}
            for field in register.columns if field.kind != FILES
        ]  # fmt: skip
        history = await self._records.history(record)
        return {
            "register": register, "record": record, "heading": told(str(values.get(register.heading, number))), "facts": facts,
            "files": [(field, values.get(field.id, [])) for field in register.columns if field.kind == FILES],
            "history": [(one, [(title, told(old), told(new)) for title, old, new in one.fields], told(one.words)) for one in history],
            "dues": due_days({register.id: register}, [record], self._clock.today()) if not record.ended else [],
            "linked": await self.linked(number), "attendance": await self._attendance.summary(register, record), "at": self._at(register),
            "push": await self._pushing.summary(register, record, topic),
        }  # fmt: skip

    async def form(
        self, name: str, number: str, source: str, me: str, *, given: Mapping[str, str] | None = None, clear: bool = False
    ) -> Mapping[str, Any]:  # fmt: skip
        """Return the form of a record, or of a new one (`number` empty) that comes from a consultation or request (`source`)."""
        register, record, base = await self._base(name, number, source, me)
        fields = form_of(register, base, await self._records.offered(), given=given, clear=clear)
        return {"register": register, "record": record, "fields": fields, "source": source}

    async def save(
        self, name: str, number: str, source: str, given: Mapping[str, str], by: str, role: str, seq: int
    ) -> tuple[str, Mapping[str, str]]:  # fmt: skip
        """Write a record; returns its number and, when nothing was written, by field what is wrong.

        Raises:
            CitizenError: it cannot be written whatever the fields hold. TryLater: somebody was faster.
        """
        register, record, base = await self._base(name, number, source, by)
        values, wrong = read_form(register, given, base, await self._records.offered())
        if wrong:
            return number, wrong
        try:
            if record is None:
                return await self._records.add(register, values, by, role), {}
            await self._records.change(number, values, by, role, seq)
        except CitizenError as error:
            if error.field not in register.fields:
                raise
            return number, {str(error.field): error.message}
        return number, {}

    async def join(self, name: str, number: str, source: str, by: str, role: str) -> None:
        """Let a record name the consultation or request that it also concerns."""
        register, record = await self._find(name, number)
        field = next((field for field in register.columns if field.kind == "link"), None)
        if field is None or record.values is None:
            raise CitizenError("这本台账不记关联编号。", code="no_link", status=409)
        links = list(record.values.get(field.id, []))
        if source not in links:
            await self._records.change(number, {**record.values, field.id: [*links, source]}, by, role, record.seq)

    async def move(self, name: str, number: str, what: str, why: str, by: str, role: str) -> None:
        """Take a record out of use (`end`) or into use again (`restore`)."""
        await self._find(name, number)
        await (self._records.end if what == "end" else self._records.restore)(number, why, by, role)

    async def add_file(self, name: str, number: str, field: str, called: str, stream: AsyncIterable[bytes], by: str, role: str) -> None:
        """Keep a file with a record, encrypted under its key."""
        register, record = await self._holder(name, number, field, by, role)
        kept = await self._files.keep(number, f"staff:{by}", called, stream)
        await self._put(register, record, field, {"name": kept.name, "digest": kept.digest, "id": kept.id}, by, role)

    async def note_file(self, name: str, number: str, field: str, called: str, digest: str, by: str, role: str) -> None:
        """Note name and SHA-256 of a file that is kept elsewhere.

        Raises:
            CitizenError: one of them is missing or wrong.
        """
        register, record = await self._holder(name, number, field, by, role)
        try:
            noted = noted_file(called, digest)
        except ValueFlaw as flaw:
            raise CitizenError(f"{flaw}。", code="bad_file", field="digest") from flaw
        await self._put(register, record, field, noted, by, role)

    async def export(self, name: str, *, clear: bool) -> tuple[bytes, int]:
        """Return a register as a sheet, and how many records are in it."""
        register = self._records.register(name)
        found = [one for one in await self._records.of(register) if one.values is not None][::-1]
        # Beside the others: a large register takes a second.
        offered = await self._records.offered()
        return await asyncio.to_thread(write_sheet, register, found, offered, self._harmless, clear=clear), len(found)

    async def push_list(self, name: str, number: str, chosen: Mapping[str, str], *, clear: bool) -> tuple[str, bytes, int]:
        """Return the list of those who get a record; see `push.Pushing.sheet`."""
        return await self._pushing.sheet(*await self._find(name, number), chosen, clear=clear)

    async def note_push(self, name: str, number: str, given: Mapping[str, str], by: str, role: str) -> Mapping[str, str]:
        """Write down that a record was pushed; see `push.Pushing.note`."""
        return await self._pushing.note(*await self._find(name, number), given, by, role)

    async def template(self, name: str, *, known: bool = False) -> bytes:
        """Return an empty sheet of a register; `known`: filled with what the knowledge has, as far as it has anything."""
        register = self._records.register(name)
        rows = self._offers[register.offer]() if known and register.offer else ()
        return write_sheet(register, [_unsaved(register, one) for one in rows], await self._records.offered(), self._harmless, clear=True)

    async def look(self, name: str, data: bytes, by: str, role: str) -> Any:
        """Read a sheet and tell what it would do; see `intake.Intake.look`."""
        return await self._intake.look(self._may_write(name, role), data, by, role)

    async def carry_out(self, name: str, token: str, by: str, role: str, *, partly: bool) -> tuple[Any, bool]:
        """Write what a sheet says; see `intake.Intake.carry_out`."""
        return await self._intake.carry_out(self._may_write(name, role), token, by, role, partly=partly)

    async def linked(self, number: str) -> Sequence[Mapping[str, str]]:
        """Return the records that name a number."""
        registers = self._records.registers
        return [
            {"number": one.number, "href": f"/desk/registers/{one.register}/{one.number}", "register": registers[one.register].title,
             "title": mask(str((one.values or {}).get(registers[one.register].heading, one.number))), "standing": one.standing}
            for one in await self._records.linked(number)
        ]  # fmt: skip

    def writable(self, role: str) -> Sequence[tuple[str, str]]:
        """Return id and title of the registers in which somebody of this role writes."""
        return [(one.id, one.title) for one in self._records.registers.values() if role in one.write]

    def titles(self) -> Mapping[str, str]:
        """Return how each register is called."""
        return {one.id: one.title for one in self._records.registers.values()}

    def _at(self, register: Register) -> list[str]:
        """Return the clauses that ask for a register, one text a source."""
        places: dict[str, list[str]] = {}
        for clause in register.clauses:
            places.setdefault(clause.source, []).append(clause.at)
        return [f"{self._titles.get(source, source)}{'、'.join(found)}" for source, found in places.items()]

    def _may_write(self, name: str, role: str) -> Register:
        register = self._records.register(name)
        if role not in register.write:
            raise CitizenError(f"您的角色不能登记“{register.title}”。", code="may_not_write", status=403)
        return register

    async def _find(self, name: str, number: str) -> tuple[Register, Record]:
        register, record = self._records.register(name), await self._records.find(number)
        if record is None or record.register != name:
            raise CitizenError(f"“{register.title}”里没有记录 {number}。", code="no_record", status=404)
        return register, record

    async def _base(self, name: str, number: str, source: str, me: str) -> tuple[Register, Record | None, Values]:
        """Return what a form is filled with: of a record what it holds, of a new one what is known of where it comes from."""
        if number:
            register, record = await self._find(name, number)
            if record.values is None:
                raise CitizenError("这条记录的内容已按请求删除，不能再改。", code="erased", status=410)
            return register, record, record.values
        register = self._records.register(name)
        told = await self._told(source) if source else None
        if source and told is None:
            raise CitizenError(f"没有编号 {source}。", code="no_link", status=404)
        # A draft of a case takes nothing that tells who it was.
        facts = [] if told is None or register.draft else told.facts
        offered = await self._records.offered()
        base = prefilled(register, facts, me, self._clock.today(), [source] if source else [], offered)
        if told and register.draft:
            base[_DRAFTED] = told.said[: register.fields[_DRAFTED].most or 1500]
            base[register.standing] = register.standings[0]
        return register, None, base

    async def _holder(self, name: str, number: str, field: str, by: str, role: str) -> tuple[Register, Record]:
        register, record = await self._find(name, number)
        self._may_write(name, role)
        if field not in register.fields or register.fields[field].kind != FILES or record.values is None or record.ended:
            raise CitizenError("这条记录现在不能加文件。", code="no_file_here", status=409)
        return register, record

    async def _put(self, register: Register, record: Record, field: str, file: Mapping[str, str], by: str, role: str) -> None:
        held = list((record.values or {}).get(field, []))
        if any(one["digest"] == file["digest"] for one in held):
            raise CitizenError("这个文件已经在记录里了。", code="same_file", status=409, field="digest")
        await self._records.change(record.number, {**(record.values or {}), field: [*held, dict(file)]}, by, role, record.seq)


def _unsaved(register: Register, values: Values) -> Record:
    """Return values as a record that has no number yet."""
    return Record("", register.id, "", "", {}, (), 0, "", "", "", "", erased=False, values=values)
