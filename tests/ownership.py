"""What "one owner" means, read from a journal alone. Written out here once more, apart from the product's own tables of steps."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from zhixun.messages import Entry

WAITING = ("queued", "message_left")
OPEN = ("bot", *WAITING, "staff")
AFTER_THE_END = {"rated", "noted", "labelled", "reviewed", "planned", "followed_up", "request_moved", "slip_moved", "slip_reminded", "erased"}

MOVES = {
    # kind of entry and who makes it: from where to where
    ("handed_off", "zhixun"): {("bot", "queued"), ("bot", "message_left"), ("queued", "message_left")},
    ("claimed", "staff"): {("bot", "staff"), ("queued", "staff"), ("message_left", "staff")},
    ("transferred", "holder"): {("staff", "queued")},
    ("transferred", "zhixun"): {("queued", "queued")},
    ("returned", "holder"): {("staff", "queued"), ("staff", "bot")},
    ("returned", "zhixun"): {("staff", "queued")},
    ("returned", "citizen"): {("queued", "bot"), ("message_left", "bot")},
    ("closed", "holder"): {("staff", "closed")},
    ("closed", "citizen"): {(state, "closed") for state in OPEN},
    ("closed", "idle"): {("bot", "closed")},
}


@dataclass
class Course:
    """How a consultation stands after its entries."""

    number: str
    state: str = ""
    holder: str = ""
    fence: int = 0
    seq: int = 0
    turns: int = 0
    done: Counter[int] = field(default_factory=Counter)
    """How often each message of the citizen was understood by the program or passed to a person."""
    ids: set[str] = field(default_factory=set)
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often it went from one state to another."""

    @property
    def unfinished(self) -> list[int]:
        return [turn for turn in range(1, self.turns + 1) if not self.done[turn]]

    def take(self, entry: Entry) -> None:
        """Carry one entry in; fails when it breaks a promise."""
        self.seq += 1
        assert entry.seq == self.seq, self._of(entry)
        if entry.kind == "opened":
            assert self.seq == 1, self._of(entry)
            self.state = "bot"
            return
        if self.state == "closed":
            # A limit that ran out in the very moment of closing may be told behind it.
            assert entry.kind in AFTER_THE_END, self._of(entry)
            return
        if entry.kind in ("said", "parsed", "relayed"):
            getattr(self, f"_{entry.kind}")(entry)
        if "state" in entry.open:
            self._move(entry)

    def _said(self, entry: Entry) -> None:
        if entry.actor == "citizen":
            self.turns += 1
            assert entry.open["turn"] == self.turns, self._of(entry)
            given = entry.open.get("message_id")
            assert given is None or given not in self.ids, self._of(entry)
            self.ids |= {given} if given else set()
        elif entry.actor.startswith("staff:"):
            assert (self.state, self.holder, self.fence) == ("staff", entry.actor, entry.open["fence"]), self._of(entry)
        elif entry.actor == "bot":
            assert self.state == "bot", self._of(entry)
        else:
            assert entry.actor == "system", self._of(entry)

    def _parsed(self, entry: Entry) -> None:
        assert self.state == "bot", self._of(entry)
        self._answered(entry)

    def _relayed(self, entry: Entry) -> None:
        assert self.state in (*WAITING, "staff"), self._of(entry)
        self._answered(entry)

    def _answered(self, entry: Entry) -> None:
        turn = entry.open["turn"]
        self.done[turn] += 1
        assert 1 <= turn <= self.turns, self._of(entry)
        assert self.done[turn] == 1, self._of(entry)

    def _move(self, entry: Entry) -> None:
        new = entry.open["state"]
        staff = entry.actor.startswith("staff:")
        who = "staff" if staff and entry.kind == "claimed" else "holder" if staff else entry.actor
        assert (self.state, new) in MOVES.get((entry.kind, who), ()), self._of(entry)
        if who == "holder":
            assert entry.actor == self.holder, self._of(entry)
        if entry.kind == "claimed":
            assert entry.actor == f"staff:{entry.open['operator']}", self._of(entry)
            assert entry.seq > self.fence, self._of(entry)
            self.fence = entry.seq
        self.holder = entry.actor if new == "staff" else ""
        self.moves[self.state, new] += 1
        self.state = new

    def _of(self, entry: Entry) -> str:
        return f"{self.number}/{entry.seq} {entry.kind} by {entry.actor} {dict(entry.open)}, while {self.holder or self.state} had it"


def followed(number: str, entries: Iterable[Entry]) -> Course:
    """Go through a consultation's entries; fails at the first that breaks a promise."""
    course = Course(number)
    for entry in entries:
        course.take(entry)
    return course


def stored(file: Path, numbers: Sequence[str] = ()) -> dict[str, list[Entry]]:
    """Return what stands in a store's journal, read as another process would, by consultation; all but the day books."""
    query = "SELECT consultation, seq, time, kind, actor, body FROM journal"
    query += f" WHERE consultation IN ({','.join('?' * len(numbers))})" if numbers else ""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
        rows = store.execute(query + " ORDER BY consultation, seq", tuple(numbers)).fetchall()
    found: dict[str, list[Entry]] = {}
    for *head, body in rows:
        if not head[0].startswith("GZ-"):
            found.setdefault(head[0], []).append(Entry(*head, json.loads(body)["open"], None))
    return found
