"""What the journal means for the tables that are read every day; used at each append and by `rebuild` alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.attached import fold_attachments, project_attachments
from zhixun.archive.boxes import project_boxes
from zhixun.archive.canonical import canonical
from zhixun.archive.correctives import fold_correctives, project_correctives
from zhixun.archive.records import fold_records, project_records
from zhixun.archive.slips import fold_slips, project_slips
from zhixun.archive.tasks import Owed, fold_tasks, project_tasks
from zhixun.database import attachments, consultations, correctives, records, requests, slips, tasks
from zhixun.messages import Entry

__all__ = ["PRIVATE_COLUMNS", "TABLES", "Folded", "fold", "key_of", "own", "project"]

PRIVATE_COLUMNS = ("mark", "same_as")
"""The columns of `requests` that follow from what is encrypted."""

_Rows = dict[str, dict[str, Any]]
TABLES = (consultations, requests, tasks, attachments, slips, correctives, records)
"""The tables that follow from the journal, entry by entry."""
# Who has it and since when; the words of a hand-over are `handed_off`, `claimed`, `transferred` and `returned`.
_DESK = ("operator", "team", "reason", "handed", "assigned", "assigned_until", "answered", "spoke", "escalated", "outcome")


async def project(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Carry what was appended to one consultation into the tables."""
    change: dict[str, Any] = {}
    for entry in entries:
        change = fold(change, entry)
    if entries[0].kind == "opened":
        await connection.execute(consultations.insert().values(**change))
    else:
        await connection.execute(consultations.update().where(consultations.c.number == entries[0].consultation).values(**change))
    for entry in entries:
        await _project_others(connection, entry)


async def _project_others(connection: AsyncConnection, entry: Entry) -> None:
    """Carry `entry` into the tables that have more or fewer rows than one for a consultation."""
    await project_boxes(connection, entry)
    await project_tasks(connection, entry)
    await project_attachments(connection, entry)
    await project_slips(connection, entry)
    await project_correctives(connection, entry)
    await project_records(connection, entry)
    if entry.kind == "requested":
        await connection.execute(requests.insert().values(**_requested(entry)))
    elif entry.kind == "request_moved":
        await connection.execute(requests.update().where(requests.c.number == entry.open["request"]).values(**_moved(entry)))
    elif entry.kind == "erased":
        own = requests.c.consultation == entry.consultation
        await connection.execute(requests.update().where(requests.c.same_as.in_(sa.select(requests.c.number).where(own))).values(same_as=""))
        await connection.execute(requests.update().where(own).values(dict.fromkeys(PRIVATE_COLUMNS, "")))


def fold(row: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """Return the row of `consultations` as it is after `entry`."""
    if entry.kind == "opened":
        return {"number": entry.consultation, "channel": entry.open["channel"], "region": entry.open["region"],
                "state": entry.open.get("state", "bot"), "opened": entry.time, "last": entry.time, "closed": None, "turns": 0,
                "seq": entry.seq, "rating": None, "staff_rating": None, "callback": False, "in_guide": False, "wants": "", "fence": 0,
                **dict.fromkeys(_DESK, "")}  # fmt: skip
    change: dict[str, Any] = {"seq": entry.seq}
    if "state" in entry.open:
        change["state"] = entry.open["state"]
    change |= _desk(entry)
    if entry.kind == "said" and entry.actor == "citizen":
        change |= {"turns": entry.open["turn"], "last": entry.time}
    elif entry.kind == "attached" and entry.actor == "citizen":
        change["last"] = entry.time
    elif entry.kind == "closed":
        change["closed"] = entry.time
    elif entry.kind == "rated":
        change["staff_rating" if entry.open.get("subject") == "staff" else "rating"] = canonical(entry.open["scores"]).decode()
    elif entry.kind == "parsed" and "in_guide" in entry.open:
        change |= {"in_guide": entry.open["in_guide"], "wants": entry.open.get("wants", "")}
    elif entry.kind == "contact_left" and entry.open.get("for") is None:
        change["callback"] = True
    return {**row, **change}


def _desk(entry: Entry) -> dict[str, Any]:
    """Return what `entry` means for who has the consultation, and for the clocks that run on it."""
    told, nobody = entry.open, {"operator": "", "assigned": "", "assigned_until": ""}
    begins = {"handed": entry.time, "answered": "", "escalated": ""}
    change: dict[str, Any] = {}
    match entry.kind:
        case "handed_off":
            change = {**nobody, **({} if told.get("again") else begins), "reason": told.get("reason", ""), "team": told.get("team", "")}
        case "claimed":
            stepped_in = {**begins, "reason": "stepped_in"} if told.get("from") == "bot" else {}
            change = {**nobody, **stepped_in, "operator": told.get("operator", ""), "fence": entry.seq}
        case "transferred":
            change = {**nobody, "assigned": told.get("to", ""), "assigned_until": told.get("until", ""), "team": told.get("team", "")}
        case "returned":
            ended = {**begins, "handed": "", "reason": "", "team": ""} if told.get("state") == "bot" else {}
            change = {**nobody, **ended}
        case "said" if entry.actor.startswith("staff:"):
            change = {"spoke": entry.time, **({"answered": entry.time} if told.get("first") else {})}
        case "escalated":
            change = {"escalated": told.get("told", "")}
        case "closed":
            change = {"outcome": told.get("outcome", "")}
    return change


def own(table: sa.Table) -> sa.ColumnElement[str]:
    """Return the column of one of `TABLES` that names the consultation."""
    return table.c.number if table is consultations or table is records else table.c.consultation


def key_of(table: sa.Table) -> str:
    """Return the name of the column by which a row of one of `TABLES` is known."""
    return str(next(iter(table.primary_key)).name)


@dataclass(slots=True)
class Folded:
    """The same tables, built up in memory by `rebuild`."""

    consultations: _Rows = field(default_factory=dict)
    requests: _Rows = field(default_factory=dict)
    tasks: Owed = field(default_factory=dict)
    attachments: _Rows = field(default_factory=dict)
    slips: _Rows = field(default_factory=dict)
    correctives: _Rows = field(default_factory=dict)
    records: _Rows = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """Carry `entry` into all of them."""
        self.consultations[entry.consultation] = fold(self.consultations.get(entry.consultation, {}), entry)
        _fold_requests(self.requests, entry)
        fold_tasks(self.tasks, entry)
        fold_attachments(self.attachments, entry)
        fold_slips(self.slips, entry)
        fold_correctives(self.correctives, entry)
        fold_records(self.records, entry)

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        """Return the rows of one of `TABLES`."""
        if table is tasks:
            return [row for own in self.tasks.values() for row in own]
        kept: _Rows = getattr(self, table.name)
        return list(kept.values())


def _fold_requests(rows: _Rows, entry: Entry) -> None:
    """Carry `entry` into the rows of `requests`, by number."""
    if entry.kind == "requested":
        rows[str(entry.open["request"])] = _requested(entry)
    elif entry.kind == "request_moved" and entry.open["request"] in rows:
        rows[str(entry.open["request"])] |= _moved(entry)
    elif entry.kind == "erased":
        own = {number for number, row in rows.items() if row["consultation"] == entry.consultation}
        for number, row in rows.items():
            if row["same_as"] in own:
                row["same_as"] = ""
            if number in own:
                row.update(dict.fromkeys(PRIVATE_COLUMNS, ""))


def _requested(entry: Entry) -> dict[str, Any]:
    told = entry.open
    return {"number": told["request"], "consultation": entry.consultation, "service": told["service"],
            "target": told["target"], "standing": told["standing"], "received": entry.time, "changed": entry.time,
            "due": told["due"], "priority": told["priority"], "owner": "", "follow_up": "",
            **{name: str((entry.private or {}).get(name, "")) for name in PRIVATE_COLUMNS}}  # fmt: skip


def _moved(entry: Entry) -> dict[str, Any]:
    change = {"standing": entry.open["standing"], "changed": entry.time}
    return change | {name: entry.open[name] for name in ("owner", "follow_up") if entry.open.get(name)}
