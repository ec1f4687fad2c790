"""What the journal means for the index of the archive: one row for each consultation, folded from its entries in order.

Lists are written `,one,two,`, so that one of them is found as `,one,` and nothing else is.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from zhixun.archive.canonical import canonical
from zhixun.archive.journal import as_entry
from zhixun.errors import OurFault
from zhixun.messages import Entry
from zhixun.numbers import day_of

__all__ = ["DESCRIBED", "LISTS", "Facets", "begin_case", "fold_case", "listed", "open_entry", "unlisted", "words_of"]

_log = logging.getLogger(__name__)

Facets = Callable[[str], tuple[str, str]]
"""Gives the right and the topic of an id of knowledge; empty strings for what has none."""
LISTS = ("rights", "topics", "knowledge", "services", "statuses", "operators", "labels", "marks", "stages")
DESCRIBED = ("user_kind", "industry", "district")
"""What is told of who asks, by an entry `described`; nothing of it names a person."""
_Row = Mapping[str, Any]
_STAFF = "staff:"
_NUMBERS = ("request", "slip", "corrective")
_STAGE = "stage"
"""The kind of entity that says at what stage of a right's life the matter is."""


def listed(values: Iterable[str]) -> str:
    """Write a list as it stands in a column, each value once."""
    return "," + "".join(f"{value}," for value in dict.fromkeys(value.replace(",", "，") for value in values if value))


def unlisted(column: str) -> tuple[str, ...]:
    """Read a list as it stands in a column."""
    return tuple(filter(None, column.split(",")))


def begin_case(entry: Entry, place: int) -> dict[str, Any]:
    """Return the row of the consultation that `entry` opens; `place` is its id, in the order of opening."""
    return {
        "id": place, "number": entry.consultation, "day": day_of(entry.consultation).isoformat(),
        "channel": entry.open["channel"], "region": entry.open["region"], "state": "bot", "turns": 0,
        **dict.fromkeys(LISTS, listed(())), **dict.fromkeys((*DESCRIBED, "outcome", "handed", "helped", "closed", "scores"), ""),
        "rating": None, "staff_rating": None, "confidence": None,
        "referred": False, "attached": False, "noted": False, "erased": False, "indexed": entry.seq,
    }  # fmt: skip


def fold_case(row: _Row, entry: Entry, facets: Facets) -> dict[str, Any]:
    """Return the row as it is after `entry`; as it was when `entry` is in it already."""
    if entry.seq <= row["indexed"]:
        return dict(row)
    fold = _FOLDS.get(entry.kind)
    change = {} if fold is None else fold(row, entry)
    if "knowledge" in change:
        about = [facets(name) for name in unlisted(change["knowledge"])]
        change |= {"rights": listed(right for right, _ in about), "topics": listed(topic for _, topic in about)}
    state = {"state": entry.open["state"]} if "state" in entry.open else {}
    return {**row, **state, **change, "indexed": entry.seq}


def open_entry(row: Any, key: bytes | None) -> Entry | None:
    """Open a row of the journal as far as it goes; None when nothing of it can be read.

    What is damaged is for `verify` to tell, and may not keep the rest from being found.
    """
    for each in (key, None):
        try:
            return as_entry(row, each)
        except (OurFault, ValueError, KeyError) as error:
            _log.error("%s, entry %s cannot be read: %s", row["consultation"], row["seq"], type(error).__name__)
    return None


def words_of(entry: Entry) -> str:
    """Return what can be searched for of an entry: what was said, written or filled in, and the numbers that were given out.

    Empty when its words cannot be read, and for what the program tells everybody (the greeting, notices outside of a turn): each
    consultation would be found by them.
    """
    private = entry.private
    told_to_all = entry.kind == "said" and entry.actor in ("bot", "system") and not entry.open.get("turn")
    if private is None or told_to_all:
        return ""
    facts = (fact[-1] for fact in private.get("facts") or ())
    parts = (private.get("text"), private.get("words"), *facts, *(entry.open.get(name) for name in _NUMBERS))
    return "\n".join(str(part) for part in parts if part)


def _said(row: _Row, entry: Entry) -> dict[str, Any]:
    if entry.actor == "citizen":
        return {"turns": entry.open["turn"]}
    known = entry.open.get("knowledge") or ()
    change = _add(row, "knowledge", *map(str, known)) if known else {}
    if not entry.actor.startswith(_STAFF):
        return change
    # On the telephone staff speak before anybody waits for them.
    first = {"helped": entry.time} if row["handed"] and not row["helped"] else {}
    return change | first | _add(row, "operators", entry.actor.removeprefix(_STAFF))


def _heard(row: _Row, entry: Entry) -> dict[str, Any]:
    status, sure = str(entry.open.get("status", "")), entry.open.get("confidence")
    change = _add(row, "statuses", status)
    if status == "answered" and isinstance(sure, int | float):
        change["confidence"] = min(sure, row["confidence"] if row["confidence"] is not None else sure)
    stages = [str(found["value"]) for found in entry.open.get("entities") or () if found.get("entity") == _STAGE]
    return change | (_add(row, "stages", *stages) if stages else {})


def _rated(row: _Row, entry: Entry) -> dict[str, Any]:
    scores, subject = dict(entry.open["scores"]), str(entry.open.get("subject", ""))
    told = {**json.loads(row["scores"] or "{}"), subject: scores}
    mean = round(sum(scores.values()) / len(scores), 2) if scores else None
    return {"staff_rating" if subject == "staff" else "rating": mean, "scores": canonical(told).decode()}


def _asked_for(row: _Row, entry: Entry) -> dict[str, Any]:
    """Return since when somebody waits for staff; that staff step in by themselves counts as well."""
    return {} if row["handed"] else {"handed": entry.time}


def _claimed(row: _Row, entry: Entry) -> dict[str, Any]:
    stepped_in = _asked_for(row, entry) if entry.open.get("from") == "bot" else {}
    return stepped_in | _add(row, "operators", str(entry.open.get("operator", "")))


def _labelled(row: _Row, entry: Entry) -> dict[str, Any]:
    removed = unlisted(listed(map(str, entry.open.get("remove") or ())))
    kept = [label for label in unlisted(row["labels"]) if label not in removed]
    return {"labels": listed([*kept, *map(str, entry.open.get("add") or ())])}


def _add(row: _Row, column: str, *values: str) -> dict[str, Any]:
    return {column: listed([*unlisted(row[column]), *values])}


_FOLDS: Mapping[str, Callable[[_Row, Entry], dict[str, Any]]] = {
    "said": _said,
    "parsed": _heard,
    "relayed": _heard,
    "requested": lambda row, entry: _add(row, "services", str(entry.open["service"])),
    "handed_off": _asked_for,
    "claimed": _claimed,
    "described": lambda _, entry: {name: str(entry.open[name]) for name in DESCRIBED if name in entry.open},
    "labelled": _labelled,
    "reviewed": lambda row, entry: _add(row, "marks", str(entry.open.get("mark", ""))),
    "rated": _rated,
    "closed": lambda _, entry: {"outcome": str(entry.open.get("outcome", "")), "closed": entry.time},
    "referred": lambda *_: {"referred": True},
    "attached": lambda *_: {"attached": True},
    "noted": lambda *_: {"noted": True},
    "erased": lambda *_: {"erased": True},
}
