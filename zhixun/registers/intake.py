"""Importing: what a sheet would do to a register, row by row, before anything is written."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zhixun.clock import monotonic, new_token
from zhixun.errors import CitizenError, TryLater
from zhixun.registers.book import Records
from zhixun.registers.model import Register, Values
from zhixun.registers.record import Record, differing
from zhixun.registers.sheet import NUMBER_TITLE, Line, read_sheet
from zhixun.registers.values import Offered, ValueFlaw, read_value, stays

__all__ = ["Intake", "Plan", "RowFlaw"]

_KEPT, _SECONDS = 20, 1800
_PORTION = 10
"""So many rows are written in one transaction."""
_FORMULA = "这一格是公式，请改成写死的值"


@dataclass(frozen=True, slots=True)
class RowFlaw:
    """What is wrong in a row: its number, the column, and the reason in Chinese."""

    row: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do.

    Attributes:
        token: names the sheet that was read, for whoever uploaded it. digest: SHA-256 of the file.
        new: row and values. changes: row, number, values, place, and the titles of the fields that change.
        same: so many rows change nothing.
    """

    token: str
    digest: str
    new: tuple[tuple[int, Values], ...]
    changes: tuple[tuple[int, str, Values, int, tuple[str, ...]], ...]
    same: int
    flaws: tuple[RowFlaw, ...]

    @property
    def bad_rows(self) -> int:
        """How many rows have a flaw."""
        return len({flaw.row for flaw in self.flaws})


@dataclass(frozen=True, slots=True)
class _Draft:
    who: str
    register: str
    digest: str
    lines: Sequence[Line]
    at: float


class Intake:
    """Reads sheets, keeps them for a while in memory, and writes them when somebody says so.

    Args:
        harmless: what an export makes of texts that a spreadsheet might compute.
    """

    def __init__(self, records: Records, harmless: Callable[[str], str]) -> None:
        self._records = records
        self._harmless = harmless
        self._drafts: OrderedDict[str, _Draft] = OrderedDict()

    async def look(self, register: Register, data: bytes, by: str, role: str) -> Plan:
        """Read a sheet and tell what it would do.

        Raises:
            CitizenError: it cannot be read as a sheet of this register.
        """
        # A stranger's file may keep its reader busy.
        lines = await asyncio.to_thread(read_sheet, data, register)
        token = new_token()
        self._drafts[token] = _Draft(by, register.id, hashlib.sha256(data).hexdigest(), lines, monotonic())
        while len(self._drafts) > _KEPT:
            self._drafts.popitem(last=False)
        return await self._plan(token, self._drafts[token], by, role)

    async def carry_out(self, register: Register, token: str, by: str, role: str, *, partly: bool) -> tuple[Plan, bool]:
        """Write what a sheet says; returns what was done, or what hinders it, and whether it was done.

        All rows are looked at once more before the first is written. They are written in small portions, since everybody else waits
        while one is; should a colleague change a record meanwhile, what was written before stays, and the sheet keeps the rest.

        Args:
            partly: leave out the rows with flaws; otherwise nothing is written when there are any.

        Raises:
            CitizenError: (409) the sheet is not kept any more.
        """
        draft = self._drafts.get(token)
        if draft is None or (draft.who, draft.register) != (by, register.id) or monotonic() - draft.at > _SECONDS:
            raise CitizenError("预览已过期，请重新上传文件。", code="no_draft", status=409)
        plan = await self._plan(token, draft, by, role)
        if plan.flaws and not partly:
            return plan, False
        for place in range(0, max(len(plan.new), len(plan.changes)), _PORTION):
            new, changes = plan.new[place : place + _PORTION], plan.changes[place : place + _PORTION]
            try:
                rows = [(number, values, seq) for _, number, values, seq, _ in changes]
                await self._records.write(register, [values for _, values in new], rows, by, role, plan.digest)
            except (CitizenError, TryLater):
                return await self._plan(token, self._drafts[token], by, role), False
            done = {each[0] for each in (*new, *changes)}
            draft = replace(draft, lines=[line for line in draft.lines if line.row not in done])
            self._drafts[token] = draft
        self._drafts.pop(token, None)
        return plan, True

    async def _plan(self, token: str, draft: _Draft, by: str, role: str) -> Plan:
        register, offered = self._records.register(draft.register), await self._records.offered()
        there = {one.number: one for one in await self._records.of(register)}
        new: list[tuple[int, Values]] = []
        changes: list[tuple[int, str, Values, int, tuple[str, ...]]] = []
        flaws: list[RowFlaw] = []
        seen: set[str] = set()
        same = 0
        for line in draft.lines:
            number = line.cells.get(NUMBER_TITLE, "").strip()
            found = _number_flaw(number, there, seen)
            if found:
                flaws.append(RowFlaw(line.row, NUMBER_TITLE, found))
                continue
            seen.add(number)
            before = there.get(number)
            values, wrong = _values(register, line, before, offered, self._harmless)
            changed = differing(register, before.values or {}, values) if before else []
            if not wrong and (before is None or changed):
                wrong = await self._refused(register, before, values, by, role, line.row)
            flaws += wrong
            if wrong:
                continue
            if before is None:
                new.append((line.row, values))
            elif changed:
                changes.append((line.row, number, values, before.seq, tuple(register.fields[name].title for name in changed)))
            else:
                same += 1
        return Plan(token, draft.digest, tuple(new), tuple(changes), same, tuple(flaws))

    async def _refused(
        self, register: Register, before: Record | None, values: Values, by: str, role: str, row: int
    ) -> list[RowFlaw]:  # fmt: skip
        """Return why the book would not take a row."""
        try:
            await self._records.demand_row(register, before, values, by, role)
        except (CitizenError, TryLater) as error:
            field = register.fields.get(error.field or "")
            return [RowFlaw(row, field.title if field else NUMBER_TITLE, error.message)]
        return []


def _number_flaw(number: str, there: Mapping[str, Record], seen: set[str]) -> str:
    if not number:
        return ""
    if number not in there:
        return "这本台账里没有这个编号；新记录请把编号留空"
    if number in seen:
        return "这个编号在文件里出现了两次"
    return "内容已按请求删除，不能再改" if there[number].values is None else ""


def _values(
    register: Register, line: Line, before: Record | None, offered: Offered, harmless: Callable[[str], str]
) -> tuple[dict[str, Any], list[RowFlaw]]:  # fmt: skip
    """Return what a row holds, and what is wrong in it; of an existing record what the sheet leaves out stays."""
    now = (before.values or {}) if before else {}
    values: dict[str, Any] = {}
    flaws = []
    for field in register.columns:
        given = line.cells.get(field.title, "")
        absent = field.title not in line.cells
        if before is not None and (absent or stays(field, given, now.get(field.id), offered, harmless)):
            value = now.get(field.id)
        elif field.title in line.formulas:
            flaws.append(RowFlaw(line.row, field.title, _FORMULA))
            continue
        else:
            try:
                # An apostrophe that an export put before a text is no part of it.
                bare = given[1:] if given[:1] == "'" and harmless(given[1:]) == given else given
                value = read_value(field, bare, offered)
            except ValueFlaw as flaw:
                flaws.append(RowFlaw(line.row, field.title, str(flaw)))
                continue
        if value is not None:
            values[field.id] = value
    return values, flaws
