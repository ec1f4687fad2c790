"""What registers are watched for: days by which something must be done, and rules that must hold over all records of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from zhixun.registers.model import Register, Rule
from zhixun.registers.record import Record

__all__ = ["LATER", "OVER", "SOON", "DueDay", "Unmet", "due_days", "unmet"]

OVER, SOON, LATER = "over", "warn", "fine"


@dataclass(frozen=True, slots=True)
class DueDay:
    """Something to be done by a day: in which register, by which field, of which record; and whether it is late."""

    day: date
    register: str
    field: str
    number: str
    level: str


@dataclass(frozen=True, slots=True)
class Unmet:
    """A rule that does not hold: what the clause asks, the clause, and what is missing, in Chinese."""

    say: str
    at: str
    missing: tuple[str, ...]


def due_days(registers: Mapping[str, Register], records: Sequence[Record], today: date) -> list[DueDay]:
    """Return what is to be done, the earliest first."""
    found = [
        DueDay(day, record.register, name, record.number, _level(day, field.due.warn, today))
        for record in records
        for name, day in record.dues.items()
        if (field := registers[record.register].fields.get(name)) and field.due
    ]
    return sorted(found, key=lambda one: (one.day, one.number))


def unmet(register: Register, records: Sequence[Record]) -> list[Unmet]:
    """Return the rules of a register that its records in use do not keep."""
    found = []
    for rule in register.rules:
        used = [one for one in records if not one.ended and one.standing in (rule.during or (one.standing,))]
        counted = [one.values for one in used if one.values is not None]
        missing = tuple(_missing(register, rule, counted))
        if missing:
            found.append(Unmet(rule.say, rule.at, missing))
    return found


def _missing(register: Register, rule: Rule, counted: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    values = Counter(str(one.get(rule.field, "")) for one in counted)
    if rule.least:
        if not any(values[value] >= count for value, count in rule.least.items()):
            yield "现在" + "、".join(f"{value} {values[value]} 名" for value in rule.least)
        return
    if rule.every:
        yield from (f"没有登记{value}" for value in rule.every if not values[value])
        return
    for one in counted:
        words = _wrong(register, rule, one)
        if words:
            yield f"{one[register.heading]}：{words}"


def _wrong(register: Register, rule: Rule, one: Mapping[str, Any]) -> str:
    """Return what is wrong with one record; empty when nothing is."""
    field, value = register.fields[rule.field], one.get(rule.field)
    if not value:
        return f"没有填{field.title}"
    if rule.among and value not in rule.among:
        return f"{field.title}是{value}"
    before = one.get(rule.before)
    if before and value > before:
        return f"{field.title} {value} 晚于{register.fields[rule.before].title} {before}"
    return ""


def _level(day: date, warn: int, today: date) -> str:
    return OVER if day < today else SOON if day <= today + timedelta(days=warn) else LATER
