"""What the journal means for the table `tasks`: what somebody at the desk still owes a citizen.

A task is opened by a call-back that was promised, by a request that was done and is to be asked after, or by staff who
planned one. Its id is the place of the entry that opened it. Nothing but an entry that says so ends it: a citizen who goes
away leaves the promise standing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.database import tasks
from zhixun.messages import Entry

__all__ = ["CALLBACK", "Owed", "fold_tasks", "project_tasks"]

Owed = dict[str, list[dict[str, Any]]]
"""Tasks by consultation: an entry touches those of its own alone, so that a rebuild need not look through all."""
CALLBACK = "callback"
_OPEN, _DONE = "open", "done"
_SAME = ("consultation", "kind", "standing")


@dataclass(frozen=True, slots=True)
class _Change:
    """A row to be added, unless an open one of its kind is there (`single`); or values for the rows that match `where`.

    Either concerns rows of the entry's own consultation.
    """

    row: Mapping[str, Any] | None = None
    single: bool = False
    where: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


async def project_tasks(connection: AsyncConnection, entry: Entry) -> None:
    """Carry `entry` into the table."""
    change = _change_of(entry)
    if change is None:
        return
    if change.row is None:
        wanted = [tasks.c[name] == value for name, value in change.where.items()]
        own = tasks.c.consultation == entry.consultation
        await connection.execute(tasks.update().where(own, *wanted).values(**change.values))
    elif not change.single or not await connection.scalar(sa.select(sa.exists().where(*_same(change.row)))):
        await connection.execute(tasks.insert().values(**change.row))


def fold_tasks(rows: Owed, entry: Entry) -> None:
    """Carry `entry` into the rows, as `project_tasks` does into the table."""
    change = _change_of(entry)
    if change is None:
        return
    own = rows.setdefault(entry.consultation, [])
    if change.row is None:
        for row in own:
            if all(row[name] == value for name, value in change.where.items()):
                row.update(change.values)
    elif not change.single or not any(all(row[name] == change.row[name] for name in _SAME) for row in own):
        own.append(dict(change.row))


def _same(row: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    return [tasks.c[name] == row[name] for name in _SAME]


def _change_of(entry: Entry) -> _Change | None:
    told = entry.open
    change = None
    match entry.kind:
        case "handed_off" | "contact_left" if told.get("state", "message_left") == "message_left" and told.get("for") is None:
            change = _Change(_row(entry, CALLBACK, "", told.get("due", "")), single=True)
        case "request_moved" if told.get("follow_up"):
            change = _Change(_row(entry, "request", told["request"], told["follow_up"]))
        case "planned":
            change = _Change(_row(entry, told["kind"], told.get("subject", ""), told["due"], told.get("owner", "")))
        case "followed_up":
            ended = {"due": told["next"]} if told.get("next") else {"standing": _DONE, "done": entry.time}
            values = {"result": told.get("result", ""), "attempts": told.get("attempt", 1), "owner": told.get("owner", ""), **ended}
            change = _Change(where={"id": told.get("task", "")}, values=values)
        case "erased":
            # Nobody is left to be called; the proof that it was promised stays.
            where = {"standing": _OPEN}
            change = _Change(where=where, values={"standing": _DONE, "result": "erased", "done": entry.time})
        case "closed" | "returned" if _answered(entry):
            where = {"kind": CALLBACK, "standing": _OPEN}
            change = _Change(where=where, values={"standing": _DONE, "result": _result(entry), "done": entry.time})
    return change


def _answered(entry: Entry) -> bool:
    """Whether staff ended the matter, or the citizen wants to wait no longer; who only goes away is still owed a call."""
    if entry.actor.startswith("staff:"):
        return entry.kind == "closed" or entry.open.get("state") == "bot"
    return entry.kind == "returned" and entry.actor == "citizen"


def _result(entry: Entry) -> str:
    return "cancelled" if entry.actor == "citizen" else "answered"


def _row(entry: Entry, kind: str, subject: str, due: str, owner: str = "") -> dict[str, Any]:
    # One that has no time is due at once, so that it stands on top and not nowhere.
    return {"id": f"{entry.consultation}/{entry.seq}", "consultation": entry.consultation, "kind": kind, "subject": subject,
            "due": due or entry.time, "made": entry.time, "owner": owner, "standing": _OPEN, "result": "", "attempts": 0,
            "done": ""}  # fmt: skip
