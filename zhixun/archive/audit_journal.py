"""Verifies the journal: every hash and link, every number, and the triggers that keep it append-only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.canonical import canonical, event_hash
from zhixun.archive.journal import anchor, event_of
from zhixun.archive.report import Sheet
from zhixun.archive.sealed import Leaf
from zhixun.database import counters, journal
from zhixun.numbers import counter_of, day_of, prefix_of, sequence_of, valid_number
from zhixun.remembered import restored_at

__all__ = ["Course", "audit_journal", "audit_store", "safe_event"]

_PAGE = 2000
_MOST = 999_999
_TRIGGERS = {
    f"{table}_no_{verb.lower()}": f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    for table in ("journal", "leaves")
    for verb in ("UPDATE", "DELETE")
}
_TRIGGERS |= {
    f"{table}_no_replace": f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608 - constants only
    f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    for table, same in (
        ("journal", "id = NEW.id OR hash = NEW.hash OR (consultation = NEW.consultation AND seq = NEW.seq)"),
        ("leaves", "id = NEW.id OR path = NEW.path"),
    )
}


@dataclass(slots=True)
class Course:
    """What the way through the journal has shown."""

    last: dict[str, int]
    """The newest sequence of each consultation."""
    hashes: dict[int, str] = field(default_factory=dict)
    """The hashes of the rows that somebody has a witness of."""
    head: int = 0
    start: int = 0


async def audit_journal(
    connection: AsyncConnection, algorithm: str, sheet: Sheet, restored: Sequence[Leaf], wanted: Iterable[int]
) -> Course:
    """Go through all rows in the order of writing.

    Args:
        restored: leaves that were taken over when a lost store was restored; their entries stand in files only.
        wanted: ids of rows whose hashes are asked for.
    """
    course = Course({leaf.consultation: leaf.through for leaf in restored})
    course.start, prev = await anchor(connection)
    course.head, asked = course.start, set(wanted)
    course.hashes[course.start] = prev
    while True:
        query = sa.select(journal).where(journal.c.id > course.head).order_by(journal.c.id).limit(_PAGE)
        rows = (await connection.execute(query)).mappings().all()
        for row in rows:
            place = f"日志第 {row['id']} 行（{row['consultation']} 第 {row['seq']} 条）"
            if row["id"] != course.head + 1:
                sheet.find("rows", f"日志缺第 {course.head + 1} 至 {row['id'] - 1} 行")
            _check_row(row, prev, algorithm, place, sheet)
            _check_place(row, course, place, sheet)
            course.head, prev = row["id"], row["hash"]
            if row["id"] in asked:
                course.hashes[row["id"]] = row["hash"]
        sheet.count("chain", len(rows))
        sheet.count("rows", len(rows))
        if len(rows) < _PAGE:
            break
    sheet.count("seq", len(course.last))
    await _check_sequence(connection, "journal", course.head, sheet)
    await _check_numbers(connection, course, sheet)
    return course


async def audit_store(connection: AsyncConnection, last_leaf: int, sheet: Sheet) -> None:
    """Check the triggers, and that the end of `leaves` was not cut off."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('journal', 'leaves')"
    present = {row[0]: row[1] for row in await connection.exec_driver_sql(query)}
    sheet.count("trigger", len(_TRIGGERS))
    for name, wanted in _TRIGGERS.items():
        if present.get(name) != wanted:
            sheet.find("trigger", f"触发器 {name} {'被改过' if name in present else '不见了'}")
    for name in sorted(set(present) - set(_TRIGGERS)):
        sheet.find("trigger", f"多出触发器 {name}")
    await _check_sequence(connection, "leaves", last_leaf, sheet)


def safe_event(row: Any) -> dict[str, Any] | None:
    """Return a row as `journal.event_of` does; None when its body is not what the journal writes."""
    try:
        event = event_of(row)
        canonical(event)
        whole = canonical(event["body"]).decode() == row["body"] and isinstance(event["body"]["open"], dict)
    except (ValueError, TypeError, KeyError):
        return None
    return event if whole and isinstance(row["seq"], int) else None


def _check_row(row: Any, prev: str, algorithm: str, place: str, sheet: Sheet) -> None:
    event = safe_event(row)
    if event is None:
        sheet.find("chain", f"{place}的内容不是规范的 JSON：被改动")
    elif event_hash(algorithm, event) != row["hash"]:
        sheet.find("chain", f"{place}与自身摘要不符：被改动")
    if row["prev"] != prev:
        sheet.find("chain", f"{place}与上一行不相连：有删除、插入或调换")


def _check_place(row: Any, course: Course, place: str, sheet: Sheet) -> None:
    number, before = str(row["consultation"]), course.last.get(str(row["consultation"]), 0)
    if not before and not valid_number(number):
        sheet.find("number", f"{place}的编号不合规则")
    if row["seq"] != before + 1:
        sheet.find("seq", f"{place}应为第 {before + 1} 条")
    if (row["kind"] == "opened") != (row["seq"] == 1):
        sheet.find("seq", f"{place}：一件应当而且只应以“咨询开始”起头")
    course.last[number] = row["seq"] if isinstance(row["seq"], int) else before + 1


async def _check_sequence(connection: AsyncConnection, table: str, last: int, sheet: Sheet) -> None:
    """Compare with SQLite's own note of the highest id that was ever given."""
    query = "SELECT seq FROM sqlite_sequence WHERE name = ?"
    noted = (await connection.exec_driver_sql(query, (table,))).scalar() or 0
    check, what = ("rows", "日志") if table == "journal" else ("ledger", "台账")
    if noted != last:
        sheet.find(check, f"{what}末尾是第 {last} 行，但曾写到第 {noted} 行：末尾被截断或计数被改")


async def _check_numbers(connection: AsyncConnection, course: Course, sheet: Sheet) -> None:
    restored = await restored_at(connection)
    known_from = restored["day"] if restored else ""
    days: dict[str, list[int]] = {}
    counted = {row.day: row.last for row in await connection.execute(sa.select(counters))}
    for number in filter(valid_number, course.last):
        own = counter_of(prefix_of(number), day_of(number))
        days.setdefault(own if own in counted else counter_of("", day_of(number)), []).append(sequence_of(number))
    for day in sorted(days.keys() | counted.keys()):
        used, last = days.get(day, []), counted.get(day, 0)
        sheet.count("number", len(used))
        # Consultations that were not sealed when the store was lost are gone, and their numbers with them.
        absent = sorted(set(range(1, min(last, _MOST) + 1)) - set(used))
        if day.replace("-", "")[-8:] > known_from.replace("-", "") and absent:
            sheet.find("number", f"{day} 缺 {len(absent)} 个编号，自第 {absent[0]:06d} 号起")
        for sequence in sorted(each for each in used if each > last):
            sheet.find("number", f"{day} 的第 {sequence:06d} 号超出当日计数 {last}")
        if len(set(used)) < len(used):
            sheet.find("number", f"{day} 有重号")
