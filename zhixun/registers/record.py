"""A record as it stands, how it came to that, and what of it is open in the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from zhixun.messages import Entry
from zhixun.registers.model import DAY, FILES, LINK, Field, Register, Values
from zhixun.registers.values import Offered, shown

__all__ = [
    "ADDED", "CHANGED", "ENDED", "PUSHED", "RESTORED", "SIGNED", "Change", "Record", "changes_of", "differing", "dues_of", "open_part",
    "private_part", "year_of",
]  # fmt: skip

ADDED, CHANGED, ENDED, RESTORED = "recorded", "record_changed", "record_ended", "record_restored"
SIGNED, PUSHED = "attended", "pushed"
"""Kinds of entries in a record's file."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record.

    Attributes:
        values: None when its personal data were erased, or when it was read without them.
        dues: fields with a day by which something is to be done.
        links: the numbers that it names. seq: the place of the entry that tells its values, which a change must name.
        added, changed: UTC stamps; ended: one, or empty while it counts. by: who changed it last.
    """

    number: str
    register: str
    standing: str
    year: str
    dues: Mapping[str, date]
    links: tuple[str, ...]
    seq: int
    added: str
    changed: str
    ended: str
    by: str
    erased: bool
    values: Values | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a record's history; `fields` are title, old and new text of what was changed."""

    time: str
    who: str
    kind: str
    fields: tuple[tuple[str, str, str], ...] = ()
    words: str = ""


def dues_of(register: Register, values: Values) -> dict[str, str]:
    """Return the days by which something is still to be done, by field."""
    standing = values.get(register.standing, "")
    return {
        field.id: values[field.id]
        for field in register.columns
        if field.due and values.get(field.id) and not values.get(field.due.until) and standing not in field.due.ended
    }


def open_part(register: Register, values: Values, year: str) -> dict[str, Any]:
    """Return what of a record is open: what lists and watches need, and nothing that people wrote."""
    links = [number for field in register.columns if field.kind == LINK for number in values.get(field.id, ())]
    return {
        "register": register.id, "standing": values.get(register.standing, ""), "year": year, "dues": dues_of(register, values),
        "links": list(dict.fromkeys(links)),
    }  # fmt: skip


def private_part(register: Register, values: Values, offered: Offered) -> dict[str, Any]:
    """Return what is encrypted: the values, and the same in words, so that the file explains itself for ever."""
    facts = [[field.title, _told(field, values[field.id], offered)] for field in register.columns if field.id in values]
    return {"title": f"{register.title}：{values[register.heading]}", "facts": facts, "values": dict(values)}


def differing(register: Register, old: Values, new: Values) -> list[str]:
    """Return the fields whose values are not the same, in their order."""
    return [field.id for field in register.columns if old.get(field.id) != new.get(field.id)]


def changes_of(register: Register, entries: Sequence[Entry], offered: Offered) -> list[Change]:
    """Return the history of a record, the newest first."""
    found: list[Change] = []
    before: Values = {}
    for entry in entries:
        who = entry.actor.removeprefix("staff:")
        match entry.kind:
            case "recorded" | "record_changed":
                values: Values = (entry.private or {}).get("values", {})
                fields = tuple(_line(register, name, before, values, offered) for name in differing(register, before, values))
                found.append(Change(entry.time, who, entry.kind, fields))
                before = values
            case "record_ended" | "record_restored":
                found.append(Change(entry.time, who, entry.kind, words=str((entry.private or {}).get("why", ""))))
            case "attached":
                found.append(Change(entry.time, who, entry.kind, words=str((entry.private or {}).get("name", ""))))
            case "pushed":
                told = (f"{title} {text}" for title, text in (entry.private or {}).get("facts", ()))
                found.append(Change(entry.time, who, entry.kind, words="；".join(told)))
            case "attended" | "erased":
                found.append(Change(entry.time, who, entry.kind))
    return found[::-1]


def _line(register: Register, name: str, old: Values, new: Values, offered: Offered) -> tuple[str, str, str]:
    field = register.fields[name]
    return field.title, _told(field, old.get(name), offered), _told(field, new.get(name), offered)


def _told(field: Field, value: Any, offered: Offered) -> str:
    if field.kind == FILES and value:
        return "\n".join(f"{one['name']}（SHA-256 {one['digest']}）" for one in value)
    return shown(field, value, offered)


def year_of(register: Register, values: Values, otherwise: str) -> str:
    """Return the year under which a record stands: of its year field, or `otherwise`."""
    value = str(values.get(register.year) or "")
    if not value:
        return otherwise
    return value[:4] if register.fields[register.year].kind == DAY else value
