"""Verifies consultations one by one: their sealed files, renderings, keys and index rows against the journal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.attachments import check_file, folder_beside
from zhixun.archive.audit_journal import safe_event
from zhixun.archive.canonical import canonical, event_hash
from zhixun.archive.journal import Journal, as_entry
from zhixun.archive.keys import unseal
from zhixun.archive.projection import PRIVATE_COLUMNS, TABLES, Folded, key_of, own
from zhixun.archive.report import Sheet
from zhixun.archive.seal import page_of
from zhixun.archive.sealed import (
    Leaf,
    compose,
    digest_of,
    end_of_first,
    file_path,
    page_path,
)
from zhixun.database import journal, keys
from zhixun.errors import OurFault
from zhixun.numbers import valid_number

__all__ = ["Case", "FileAudit", "load_cases"]

_IDENTITY = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])")


_NAMES = {"consultations": "", "requests": "申请 ", "tasks": "任务 ", "slips": "转介单 ", "attachments": "附件 ",
          "records": "台账记录 "}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the store says about one consultation."""

    number: str
    leaves: Sequence[Leaf]
    rows: Sequence[sa.RowMapping]
    wrapped: bytes | None
    index: Mapping[str, Sequence[sa.RowMapping]]
    """Its rows in the tables that follow from the journal, by table."""


class FileAudit:
    """Checks cases against the files.

    Args:
        journal: gives digest and master key.
        archive: the archive's folder.
        restored: how many leaves were taken over from a lost store.
        paths: digest of each leaf → its path, to tell a swap from a change.
    """

    def __init__(self, journal: Journal, archive: Path, restored: int, paths: Mapping[str, str]) -> None:
        self._algorithm = journal.algorithm
        self._keyring = journal.keyring
        self._archive = archive
        self._restored = restored
        self._paths = paths

    def check(self, case: Case, sheet: Sheet) -> None:
        """Check one consultation; reads its files."""
        if not valid_number(case.number):
            return sheet.find("number", f"“{case.number}”不是合规的编号")
        try:
            self._check(case, sheet)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            sheet.find("content", f"{case.number} 的记录残缺，无法核对（{type(error).__name__}）")

    def _check(self, case: Case, sheet: Sheet) -> None:
        old = [leaf for leaf in case.leaves if leaf.id <= self._restored]
        events = [event for event in map(safe_event, case.rows) if event is not None]
        on_disk = [self._read(leaf.path) if leaf.path == file_path(case.number, place) else None
                   for place, leaf in enumerate(case.leaves)]  # fmt: skip
        for leaf, data in zip(case.leaves, on_disk, strict=True):
            self._check_file(leaf, data, sheet)
        taken = [event for data in on_disk[: len(old)] for event in self._events_of(data, sheet)]
        if not case.rows and not taken:
            return sheet.find("content", f"{case.number} 有封存件或索引，日志里却没有这一件")
        everything = taken + events
        self._check_contents(case, everything, on_disk, sheet)
        self._check_sealed(case, everything, sheet)
        erased = any(event["kind"] == "erased" for event in everything)
        key = self._check_key(case, erased, events, lost=bool(old), sheet=sheet)
        self._check_attachments(case, everything, key, sheet)
        self._check_page(case, erased, key, sheet)
        self._check_index(case, everything, sheet)

    def _check_file(self, leaf: Leaf, data: bytes | None, sheet: Sheet) -> None:
        sheet.count("file")
        if data is None:
            return sheet.find("file", f"{leaf.path} 不见了")
        actual = digest_of(self._algorithm, data)
        if actual != leaf.digest:
            other = self._paths.get(actual)
            sheet.find("file", f"{leaf.path} {f'被换成了 {other} 的内容' if other else '的内容被改动'}")
        self._check_identity(leaf.path, data, sheet)

    def _check_contents(
        self, case: Case, events: Sequence[dict[str, Any]], on_disk: Sequence[bytes | None], sheet: Sheet
    ) -> None:
        """Compose each file anew and compare: what it says, and how far it reaches."""
        after, previous = 0, ""
        for place, (leaf, data) in enumerate(zip(case.leaves, on_disk, strict=True)):
            sheet.count("content")
            part = [event for event in events if after < event["seq"] <= leaf.through]
            wanted = compose(self._algorithm, place, previous, part) if part else b""
            if leaf.path != file_path(case.number, place):
                sheet.find("content", f"台账第 {leaf.id} 行的路径 {leaf.path} 不是 {case.number} 第 {place + 1} 份封存件应有的")
            elif digest_of(self._algorithm, wanted) != leaf.digest:
                sheet.find("content", f"{leaf.path} 的台账摘要与日志不符：日志或台账被改动")
            elif data is not None and data != wanted:
                sheet.find("content", f"{leaf.path} 与日志不符{_where(data, part)}")
            after, previous = leaf.through, leaf.digest

    def _check_sealed(self, case: Case, events: Sequence[Mapping[str, Any]], sheet: Sheet) -> None:
        end = end_of_first(events)
        sheet.count("sealed", bool(end))
        if end and not case.leaves:
            sheet.find("sealed", f"{case.number} 已结束但没有封存")
        elif end and case.leaves[0].through != events[end - 1]["seq"]:
            sheet.find("sealed", f"{case.number} 的封存件没有正好止于“咨询结束”")
        elif end and case.leaves[-1].through != events[-1]["seq"]:
            sheet.find("sealed", f"{case.number} 结束后的新条目没有封入补充件")
        elif not end and case.leaves:
            sheet.find("sealed", f"{case.number} 没有结束却有封存件")

    def _check_key(
        self, case: Case, erased: bool, events: Sequence[Mapping[str, Any]], *, lost: bool, sheet: Sheet
    ) -> bytes | None:
        """Check that every private part opens, or that it was erased on record; returns the key."""
        sheet.count("open")
        if case.wrapped is None:
            if not erased and not lost:
                sheet.find("open", f"{case.number} 的密钥不见了，却没有删除登记：原文已不可读")
            return None
        if erased:
            sheet.find("open", f"{case.number} 已登记删除，密钥却还在")
        try:
            key = self._keyring.unwrap(case.number, case.wrapped)
        except OurFault as error:
            sheet.find("open", error.message)
            return None
        for event in events:
            if "sealed" in event["body"]:
                try:
                    unseal(key, f"{case.number}/{event['seq']}", event["body"]["sealed"])
                except OurFault as error:
                    sheet.find("open", error.message)
        return key

    def _check_attachments(self, case: Case, events: Sequence[Mapping[str, Any]], key: bytes | None, sheet: Sheet) -> None:
        """Check that every file that was sent is there and opens."""
        if key is None:
            return  # whether it may be missing was looked at above
        for told in (event["body"]["open"] for event in events if event["kind"] == "attached"):
            sheet.count("open")
            path = folder_beside(self._archive) / case.number / told["id"]
            try:
                check_file(path, key, told["size"], told["digest"], self._algorithm)
            except OurFault as error:
                sheet.find("open", error.message)

    def _check_page(self, case: Case, erased: bool, key: bytes | None, sheet: Sheet) -> None:
        if not case.leaves:
            return
        sheet.count("page")
        path = page_path(case.number)
        actual = self._read(path)
        if erased:
            if actual is not None:
                sheet.find("page", f"{case.number} 已登记删除，阅览件 {path} 却还在")
            return
        if actual is None:
            return sheet.find("page", f"阅览件 {path} 不见了")
        try:
            wanted = page_of(case.rows, case.leaves, key)
        except OurFault:
            return  # what cannot be opened was found above
        if wanted is not None and wanted != actual:
            sheet.find("page", f"阅览件 {path} 与日志不符：被改动")

    def _check_index(self, case: Case, events: Sequence[Mapping[str, Any]], sheet: Sheet) -> None:
        sheet.count("index")
        folded = Folded()
        for event in events:
            folded.take(as_entry({**event, "body": json.dumps(event["body"])}, None))
        for table in TABLES:
            there = {row[key_of(table)]: row for row in case.index[table.name]}
            wanted = {row[key_of(table)]: row for row in folded.rows(table)}
            for key in sorted(wanted.keys() | there.keys()):
                if key not in there:
                    sheet.find("index", f"{_NAMES[table.name]}{key} 不在索引里")
                elif key not in wanted:
                    sheet.find("index", f"{_NAMES[table.name]}{key} 在索引里，日志里却没有依据")
                elif wrong := sorted(n for n, v in wanted[key].items() if n not in PRIVATE_COLUMNS and there[key][n] != v):
                    sheet.find("index", f"{_NAMES[table.name]}{key} 的索引与日志不符：{'、'.join(wrong)}")

    def _check_identity(self, path: str, data: bytes, sheet: Sheet) -> None:
        sheet.count("identity")
        try:
            entries = json.loads(data)["entries"]
            plain = canonical([[entry["kind"], entry["actor"], entry["body"]["open"]] for entry in entries]).decode()
        except (ValueError, TypeError, KeyError):
            return  # what is no file of ours was found by its digest
        if any(_is_identity(match[0]) for match in _IDENTITY.finditer(plain)):
            sheet.find("identity", f"{path} 的明文里有身份证号")

    def _events_of(self, data: bytes | None, sheet: Sheet) -> list[dict[str, Any]]:
        """Return the entries of a file whose journal was lost; each still carries its own hash."""
        if data is None:
            return []
        events: list[dict[str, Any]] = json.loads(data)["entries"]
        for event in events:
            if event_hash(self._algorithm, event) != event["hash"]:
                sheet.find("content", f"{event['consultation']} 第 {event['seq']} 条与自身摘要不符：被改动")
        return events

    def _read(self, path: str) -> bytes | None:
        full = self._archive / path
        return full.read_bytes() if full.is_file() and not full.is_symlink() else None


async def load_cases(
    connection: AsyncConnection, numbers: Sequence[str], leaves: Mapping[str, Sequence[Leaf]]
) -> list[Case]:
    """Read what the store says about `numbers` in few questions."""
    rows: dict[str, list[sa.RowMapping]] = {number: [] for number in numbers}
    query = sa.select(journal).where(journal.c.consultation.in_(numbers)).order_by(journal.c.consultation, journal.c.seq)
    for row in (await connection.execute(query)).mappings():
        rows[row["consultation"]].append(row)
    of_these = sa.select(keys).where(keys.c.consultation.in_(numbers))
    wrapped = {row.consultation: row.wrapped for row in await connection.execute(of_these)}
    index: dict[str, dict[str, list[sa.RowMapping]]] = {number: {table.name: [] for table in TABLES} for number in numbers}
    for table in TABLES:
        for row in (await connection.execute(sa.select(table).where(own(table).in_(numbers)))).mappings():
            index[row[own(table).name]][table.name].append(row)
    return [Case(each, leaves.get(each, ()), rows[each], wrapped.get(each), index[each]) for each in numbers]


def _where(data: bytes, events: Sequence[Mapping[str, Any]]) -> str:
    """Say which entry of a file is the first that differs from the journal's."""
    try:
        found = json.loads(data)["entries"]
    except (ValueError, TypeError, KeyError):
        return "，且不是可读的封存件"
    if len(found) != len(events):
        return f"：应有 {len(events)} 条，实有 {len(found)} 条"
    place = next((event["seq"] for event, other in zip(events, found, strict=True) if event != other), None)
    return "" if place is None else f"：第 {place} 条不同"


def _is_identity(number: str) -> bool:
    """Tell whether it is an ID-card number by GB 11643-1999: a date of birth, and a check digit by ISO 7064 MOD 11-2."""
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    digits = [10 if char in "Xx" else int(char) for char in number]
    likely = number[6:8] in ("19", "20")
    return likely and sum(digit * pow(2, 17 - place, 11) for place, digit in enumerate(digits)) % 11 == 1
