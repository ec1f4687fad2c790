"""The records: added, changed field by field, ended, found. Each is a file of its own in the journal (`TZ-…`)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock
from zhixun.database import Database, consultations, journal, records, requests
from zhixun.errors import CitizenError, TryLater, ZhixunError
from zhixun.messages import Entry, Event
from zhixun.names import REGISTER
from zhixun.ports import Journal, Seal
from zhixun.registers.model import LINK, Register, Values
from zhixun.registers.ports import OfferedNow, OpenRows
from zhixun.registers.record import (
    ADDED,
    CHANGED,
    ENDED,
    RESTORED,
    Change,
    Record,
    changes_of,
    differing,
    open_part,
    private_part,
    year_of,
)
from zhixun.registers.values import Offered

__all__ = ["PREFIX", "Allow", "Records"]

PREFIX = "TZ"
Allow = Callable[[Record, Sequence[Entry]], bool]
"""Tells of a record and the entries of its file whether one more may be added; may raise why not."""
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class _Written:
    """Who writes, from which file (its digest), and who and what can be chosen meanwhile."""

    by: str
    role: str
    source: str
    offered: Offered

    @property
    def told(self) -> dict[str, str]:
        """What each entry says of it."""
        return {"import": self.source} if self.source else {}


class Records:
    """Keeps the records of all registers.

    Args:
        region: of the deployment. registers: by id. offered: who and what can be chosen in them.
        open_rows: opens rows of the journal. seal: seals what was added to a closed file.
    """

    def __init__(
        self, database: Database, journal: Journal, clock: Clock, region: str, registers: Mapping[str, Register], offered: OfferedNow,
        open_rows: OpenRows, *, seal: Seal,
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._clock = clock
        self._region = region
        self.registers = registers
        self.offered = offered
        self._open_rows = open_rows
        self._seal = seal

    def register(self, name: str) -> Register:
        """Return a register.

        Raises:
            CitizenError: (404) there is none of this id.
        """
        if name not in self.registers:
            raise CitizenError("没有这本台账。", code="no_register", status=404)
        return self.registers[name]

    async def add(self, register: Register, values: Values, by: str, role: str) -> str:
        """Enter a record; returns its number.

        Raises:
            CitizenError: somebody of this role does not write here, or a value is refused (`field` tells which).
        """
        (number,) = await self.write(register, [values], [], by, role)
        await self._sealed(number)
        return number

    async def change(self, number: str, values: Values, by: str, role: str, seq: int) -> list[str]:
        """Write what a record holds from now on; returns the fields that changed, none when it stays as it was.

        Args:
            values: all of them. seq: the place of the entry that the writer saw.

        Raises:
            CitizenError: (409) it was ended; (410) it was erased; what `demand` raises.
            TryLater: (409) somebody was faster.
        """
        written = _Written(by, role, "", await self.offered())
        async with self._database.write() as connection:
            changed = await self._change(connection, number, values, seq, written)
        if changed:
            await self._sealed(number)
        return changed

    async def write(
        self, register: Register, new: Sequence[Values], changes: Sequence[tuple[str, Values, int]], by: str, role: str, source: str = ""
    ) -> list[str]:  # fmt: skip
        """Enter new records and change others in one transaction, all of it or nothing; the keeper of the archive seals them.

        Everybody else waits meanwhile: a few rows at a time.

        Args:
            changes: number, values and place each, as of `change`. source: digest of the file that they were imported from.

        Returns the numbers of the new records.
        """
        written = _Written(by, role, source, await self.offered())
        async with self._database.write() as connection:
            made = [await self._add(connection, register, values, written) for values in new]
            for number, values, seq in changes:
                await self._change(connection, number, values, seq, written)
        return made

    async def _add(self, connection: AsyncConnection, register: Register, values: Values, written: _Written) -> str:
        self.demand(register, None, values, written.by, written.role)
        await self._demand_links(connection, register, values)
        told = open_part(register, values, year_of(register, values, str(self._clock.today().year)))
        told |= written.told
        opened = Event("opened", "zhixun", {"channel": REGISTER, "region": self._region, "consent": False, "state": "record"})
        number = (await self._journal.open(connection, opened, PREFIX)).consultation
        added = Event(ADDED, f"staff:{written.by}", told, private_part(register, values, written.offered))
        # Closed from the start: whatever comes later is sealed as a supplement.
        closed = Event("closed", "zhixun", {"state": "closed", "reason": REGISTER})
        await self._journal.append(connection, number, [added, closed])
        return number

    async def _change(self, connection: AsyncConnection, number: str, values: Values, seq: int, written: _Written) -> list[str]:
        before, authors = await self._now(connection, number)
        register = self.register(before.register)
        changed = differing(register, before.values or {}, values)
        if not changed:
            return []
        _demand_current(before, seq)
        self.demand(register, before, values, written.by, written.role, authors)
        await self._demand_links(connection, register, values)
        told = {**open_part(register, values, year_of(register, values, before.year)), "fields": changed, **written.told}
        private = private_part(register, values, written.offered)
        await self._journal.append(connection, number, [Event(CHANGED, f"staff:{written.by}", told, private)])
        return changed

    async def end(self, number: str, why: str, by: str, role: str) -> None:
        """Take a record out of use; it stays where it is, and can be restored.

        Raises:
            CitizenError: there is no reason, none such record, or the role does not write here.
        """
        await self._move(number, ENDED, why, by, role)

    async def restore(self, number: str, why: str, by: str, role: str) -> None:
        """Take a record into use again."""
        await self._move(number, RESTORED, why, by, role)

    async def note(self, number: str, event: Event, allow: Allow | None = None) -> None:
        """Add an entry to a record's file that changes none of its values.

        Args:
            allow: looks at the record and its file as they stand in the same transaction; nothing is added when it says no.

        Raises:
            CitizenError: (410) the record was erased, if there is an `allow`; and what that raises.
        """
        async with self._database.write() as connection:
            if allow is not None:
                now, _ = await self._now(connection, number)
                if not allow(now, await self._journal.read(connection, number)):
                    return
            await self._journal.append(connection, number, [event])
        await self._sealed(number)

    async def find(self, number: str) -> Record | None:
        """Return a record with its values; None when there is none of this number."""
        async with self._database.read() as connection:
            found = await self._read(connection, records.c.number == number)
        return found[0] if found else None

    async def of(self, register: Register) -> list[Record]:
        """Return all records of a register with their values, the newest first."""
        async with self._database.read() as connection:
            return await self._read(connection, records.c.register == register.id)

    async def linked(self, number: str) -> list[Record]:
        """Return the records that name a consultation, request or record."""
        async with self._database.read() as connection:
            return await self._read(connection, records.c.links.like(f"% {number} %"))

    async def due(self) -> list[Record]:
        """Return the records in use that have something to be done by a day, without their values."""
        query = sa.select(records).where(records.c.ended == "", records.c.dues != "{}")
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_record(row) for row in rows if row["register"] in self.registers]

    async def headings(self, numbers: Sequence[str]) -> dict[str, str]:
        """Return how records are called, by number."""
        async with self._database.read() as connection:
            found = await self._read(connection, records.c.number.in_(numbers))
        return {one.number: str((one.values or {}).get(self.registers[one.register].heading, one.number)) for one in found}

    async def counts(self) -> dict[str, int]:
        """Return how many records in use each register has."""
        query = sa.select(records.c.register, sa.func.count()).where(records.c.ended == "").group_by(records.c.register)
        async with self._database.read() as connection:
            return {str(name): int(count) for name, count in await connection.execute(query)}

    async def entries(self, number: str) -> list[Entry]:
        """Return the entries of a record's file."""
        async with self._database.read() as connection:
            return await self._journal.read(connection, number)

    async def history(self, record: Record) -> list[Change]:
        """Return how a record came to what it is, the newest first."""
        return changes_of(self.register(record.register), await self.entries(record.number), await self.offered())

    def demand(
        self, register: Register, before: Record | None, values: Values, by: str, role: str, authors: Sequence[str] = ()
    ) -> None:  # fmt: skip
        """Make sure that somebody may write these values.

        Args:
            before: the record as it stands; None for a new one. authors: who has written in it.

        Raises:
            CitizenError: (403) the role does not write here; a standing needs a second person (field of the standing).
        """
        if role not in register.write:
            raise CitizenError(f"您的角色不能登记“{register.title}”。", code="may_not_write", status=403)
        second = register.second
        if second is None:
            return
        now = values.get(register.standing) == second.standing
        was = before is not None and before.standing == second.standing
        changed = differing(register, before.values or {}, values) if before else []
        words = ""
        if now and before is None:
            words = f"登记时不能就是“{second.standing}”：要由另一个人看过再定"
        elif now and was and changed:
            words = f"“{second.standing}”的内容改动后要重新审：请先把状态改回去"
        elif now and not was and changed != [register.standing]:
            words = f"定为“{second.standing}”时不能同时改别的内容"
        elif now and not was and (by in authors or role not in second.by):
            words = f"“{second.standing}”要由没有写过这条记录的审核或管理人员来定"
        if words:
            raise CitizenError(f"{words}。", code="second_person", field=register.standing)

    async def demand_row(self, register: Register, before: Record | None, values: Values, by: str, role: str) -> None:
        """Make sure that `write` would take a row as things stand now; raises what it would."""
        async with self._database.read() as connection:
            authors: Sequence[str] = ()
            if before is not None:
                before, authors = await self._now(connection, before.number)
                _demand_current(before, before.seq)
            self.demand(register, before, values, by, role, authors)
            await self._demand_links(connection, register, values)

    async def _move(self, number: str, kind: str, why: str, by: str, role: str) -> None:
        why = why.strip()
        if not 0 < len(why) <= _LONGEST_REASON:
            raise CitizenError(f"请写明原因（1–{_LONGEST_REASON} 字）。", code="no_reason", field="why")
        async with self._database.write() as connection:
            before, _ = await self._now(connection, number)
            if role not in self.register(before.register).write:
                raise CitizenError("您的角色不能改这条记录。", code="may_not_write", status=403)
            if bool(before.ended) == (kind == ENDED):
                return
            await self._journal.append(connection, number, [Event(kind, f"staff:{by}", {"register": before.register}, {"why": why})])
        await self._sealed(number)

    async def _now(self, connection: AsyncConnection, number: str) -> tuple[Record, list[str]]:
        """Return a record as it stands in this transaction, and who has written its contents."""
        found = await self._read(connection, records.c.number == number)
        if not found:
            raise CitizenError(f"没有记录 {number}。", code="no_record", status=404)
        if found[0].erased or found[0].values is None:
            raise CitizenError("这条记录的内容已按请求删除，不能再改。", code="erased", status=410)
        register, authors = self.register(found[0].register), list[str]()
        before: Values = {}
        for entry in await self._journal.read(connection, number):
            if entry.kind in (ADDED, CHANGED):
                values = (entry.private or {}).get("values", {})
                if set(differing(register, before, values)) - {register.standing}:
                    authors.append(entry.actor.removeprefix("staff:"))
                before = values
        return found[0], authors

    async def _read(self, connection: AsyncConnection, which: sa.ColumnElement[bool]) -> list[Record]:
        own = sa.and_(journal.c.consultation == records.c.number, journal.c.seq == records.c.seq)
        query = sa.select(records).where(which).order_by(records.c.number.desc())
        rows = [row for row in (await connection.execute(query)).mappings() if row["register"] in self.registers]
        told = sa.select(journal).join(records, own).where(which).order_by(records.c.number.desc())
        entries = await self._open_rows(connection, (await connection.execute(told)).mappings().all())
        values = {entry.consultation: (entry.private or {}).get("values") for entry in entries}
        return [_record(row, values.get(row["number"])) for row in rows]

    async def _demand_links(self, connection: AsyncConnection, register: Register, values: Values) -> None:
        """Make sure that what a record names is there."""
        for field in register.columns:
            for number in values.get(field.id, ()) if field.kind == LINK else ():
                known = sa.union_all(
                    sa.select(consultations.c.number).where(consultations.c.number == number, consultations.c.channel != "desk"),
                    sa.select(requests.c.number).where(requests.c.number == number),
                )
                if (await connection.execute(known)).first() is None:
                    raise CitizenError(f"没有编号 {number} 的咨询件、服务申请或台账记录。", code="no_link", field=field.id)

    async def _sealed(self, number: str) -> None:
        # What cannot be sealed now is in the journal, and its keeper seals it later.
        with contextlib.suppress(ZhixunError, OSError):
            await self._seal(number)


def _demand_current(before: Record, seq: int) -> None:
    if before.ended:
        raise CitizenError("这条记录已经停用，请先恢复再改。", code="ended", status=409)
    if before.seq != seq:
        raise TryLater("同事刚刚改过这条记录，您的改动没有保存。请看一下现在的内容再改。", code="changed_meanwhile", status=409)


def _record(row: Any, values: Values | None = None) -> Record:
    dues = {name: date.fromisoformat(day) for name, day in json.loads(row["dues"]).items()}
    told = {name: row[name] for name in ("number", "register", "standing", "year", "seq", "added", "changed", "ended", "by", "erased")}
    return Record(dues=dues, links=tuple(row["links"].split()), values=values, **told)
