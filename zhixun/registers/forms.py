"""The form of a record: what stands in it, what is read from it, and what a consultation or request fills in beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from zhixun.masking import mask
from zhixun.registers.model import CHOICES, FILES, LONG, TEXT, Field, Register, Values
from zhixun.registers.values import BETWEEN, NO, YES, Offered, ValueFlaw, exported, read_value, stays

__all__ = ["form_of", "prefilled", "read_form"]


def form_of(
    register: Register, base: Values, offered: Offered, *, given: Mapping[str, str] | None = None, clear: bool = False
) -> list[dict[str, Any]]:
    """Return what a page needs to draw the fields, files left out.

    Args:
        base: what they hold now. given: what was typed, when the form comes back. clear: show numbers as they are.
    """
    fields = []
    for field in register.columns:
        if field.kind == FILES:
            continue
        told = exported(field, base.get(field.id), offered)
        value = (given or {}).get(field.id, told if clear or given is not None else mask(told))
        fields.append({
            "id": field.id, "title": field.title, "kind": field.kind, "required": field.required, "help": field.help, "value": value,
            "values": value.split(BETWEEN) if field.kind == CHOICES else [], "most": field.most or (1500 if field.kind == LONG else 120),
            "options": _options(field, offered),
        })  # fmt: skip
    return fields


def read_form(register: Register, given: Mapping[str, str], base: Values, offered: Offered) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values that a form leaves a record with, and by field what is wrong.

    Args:
        given: what was typed, by field. base: what the form was filled with; what still stands there as it was shown, stays.
    """
    values: dict[str, Any] = {}
    wrong = {}
    for field in register.columns:
        now = base.get(field.id)
        text = given.get(field.id, "")
        if field.kind == FILES or (now is not None and stays(field, text, now, offered)):
            value = now
        else:
            try:
                value = read_value(field, text, offered)
            except ValueFlaw as flaw:
                wrong[field.id] = f"{flaw}。"
                continue
        if value is not None:
            values[field.id] = value
    return values, wrong


def prefilled(
    register: Register, facts: Sequence[tuple[str, str]], me: str, today: date, links: Sequence[str], offered: Offered
) -> dict[str, Any]:
    """Return the values that a new record begins with.

    Args:
        facts: name and value of what is known of a consultation or request. me: who enters it. links: the numbers it comes from.
    """
    known = {"@me": me, "@today": today.isoformat(), "@link": " ".join(links)}
    for name, value in facts:
        known.setdefault(name, value)
    values = {}
    for field in register.columns:
        text = next((known[name] for name in field.takes if known.get(name)), "")
        if not text:
            continue
        if field.kind == TEXT:
            text = " ".join(text.split())[: field.most or 120]
        try:
            value = read_value(field, text, offered)
        except ValueFlaw:
            continue  # what the citizen wrote is no value of this field; somebody fills it in
        if value is not None:
            values[field.id] = value
    return values


def _options(field: Field, offered: Offered) -> list[tuple[str, str]]:
    match field.kind:
        case "choice" | "choices":
            return [(option, option) for option in field.options]
        case "flag":
            return [(YES, YES), (NO, NO)]
        case "person":
            return [(exported(field, name, offered), told) for name, told in offered.people.items()]
        case "agency":
            return [(told, told) for told in dict.fromkeys(offered.agencies.values())]
    return []

