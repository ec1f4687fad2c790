"""What is owed follows from the journal: the table as it grows, entry by entry, is what a rebuild makes of all of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.support import Office
from zhixun.archive.projection import Folded
from zhixun.archive.rebuild import rebuild
from zhixun.archive.tasks import fold_tasks
from zhixun.database import tasks
from zhixun.messages import Entry, Event

DUE = "2026-11-23T09:00:00.000Z"
LEFT = Event("handed_off", "zhixun", {"state": "message_left", "reason": "asked", "team": "", "due": DUE})
LEFT_AGAIN = Event("handed_off", "zhixun", {"state": "message_left", "reason": "asked", "team": "", "again": True, "due": "2026-11-24"})
LEFT_WITHOUT_CALENDAR = Event("handed_off", "zhixun", {"state": "message_left", "reason": "asked", "team": "", "due": ""})
QUEUED = Event("handed_off", "zhixun", {"state": "queued", "reason": "asked", "team": ""})
PHONE = Event("contact_left", "citizen", {"turn": 2, "what": "phone"}, {"phone": "13897123456"})
PHONE_IN_FORM = Event("contact_left", "citizen", {"turn": 2, "what": "phone", "for": "request"}, {"phone": "13897123456"})
CLAIMED = Event("claimed", "staff:wang", {"state": "staff", "operator": "wang"})
GIVEN_BACK = Event("returned", "staff:wang", {"state": "bot", "reason": "given_back"})
PUT_BACK = Event("returned", "staff:wang", {"state": "queued", "reason": "put_back"})
LAPSED = Event("returned", "zhixun", {"state": "queued", "reason": "lapsed"})
CANCELLED = Event("returned", "citizen", {"state": "bot"})
PASSED_ON = Event("transferred", "staff:wang", {"state": "queued", "to": "li", "team": "", "until": DUE, "reason": "passed_on"})
CLOSED = Event("closed", "staff:wang", {"state": "closed", "reason": "staff", "outcome": "answered"}, {"words": "已答复"})
WENT_AWAY = Event("closed", "citizen", {"state": "closed", "reason": "citizen"})
IDLE = Event("closed", "idle", {"state": "closed", "reason": "idle"})
ERASED = Event("erased", "zhixun", {"reason": "本人请求"})
REQUEST_DONE = Event("request_moved", "staff:wang", {"request": "FW-1", "standing": "done", "follow_up": "2026-12-04"})
REQUEST_MOVED = Event("request_moved", "staff:wang", {"request": "FW-1", "standing": "working"})
PLANNED = Event("planned", "staff:wang", {"kind": "visit", "subject": "FW-1", "due": "2026-11-30", "owner": "li"}, {"words": "看一看"})
PLANNED_BARELY = Event("planned", "zhixun", {"kind": "referral", "due": "2026-11-30"}, {"words": "问结果"})


def followed_up(task: str, result: str = "done", again: str = "", attempt: int = 1, owner: str = "wang") -> Event:
    told = {"task": task, "result": result, "next": again, "attempt": attempt, "owner": owner}
    return Event("followed_up", f"staff:{owner}", told, {"words": "已联系"})


async def _add(office: Office, number: str, *events: Event) -> list[Entry]:
    async with office.database.write() as connection:
        return await office.journal.append(connection, number, events)


async def _rows(office: Office, number: str = "") -> list[dict[str, Any]]:
    names = [column.name for column in tasks.columns]
    query, values = f"SELECT {', '.join(names)} FROM tasks", [number] if number else []
    found = office.sql(f"{query} {'WHERE consultation = ? ' * bool(number)}ORDER BY id", *values)
    return [dict(zip(names, row, strict=True)) for row in found]


async def _only(office: Office, number: str) -> dict[str, Any]:
    (row,) = await _rows(office, number)
    return row


def _folded(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    folded = Folded()
    for entry in entries:
        folded.take(entry)
    return sorted(folded.rows(tasks), key=lambda row: row["id"])


# --- A call-back that was promised ------------------------------------------------------------------------------------------


async def test_a_message_that_was_left_is_owed_a_call(office: Office) -> None:
    number = await office.open()
    (entry,) = await _add(office, number, LEFT)
    assert await _only(office, number) == {
        "id": f"{number}/{entry.seq}", "consultation": number, "kind": "callback", "subject": "", "due": DUE, "made": entry.time,
        "owner": "", "standing": "open", "result": "", "attempts": 0, "done": "",
    }  # fmt: skip


async def test_where_the_calendar_ends_it_is_due_at_once(office: Office) -> None:
    number = await office.open()
    (entry,) = await _add(office, number, LEFT_WITHOUT_CALENDAR)
    assert (await _only(office, number))["due"] == entry.time


async def test_who_waits_in_the_queue_is_owed_no_call_until_a_number_is_left(office: Office) -> None:
    number = await office.open()
    await _add(office, number, QUEUED)
    assert await _rows(office, number) == []
    (entry,) = await _add(office, number, PHONE)
    assert ((await _only(office, number))["kind"], (await _only(office, number))["due"]) == ("callback", entry.time)


async def test_a_number_in_a_form_is_no_wish_to_be_called(office: Office) -> None:
    number = await office.open()
    await _add(office, number, PHONE_IN_FORM)
    assert await _rows(office, number) == []


async def test_however_often_it_is_promised_it_is_owed_once(office: Office) -> None:
    number = await office.open()
    await _add(office, number, LEFT, PHONE, PHONE, LEFT_AGAIN)
    assert (await _only(office, number))["due"] == DUE


@pytest.mark.parametrize(
    "gone", [(WENT_AWAY,), (IDLE,), (CLAIMED, WENT_AWAY), (CLAIMED, LAPSED), (CLAIMED, PUT_BACK), (CLAIMED, PASSED_ON)],
    ids=["closed by the citizen", "closed by itself", "closed in hand", "lapsed", "put back", "passed on"],
)  # fmt: skip
async def test_no_going_away_ends_what_was_promised(office: Office, gone: tuple[Event, ...]) -> None:
    number = await office.open()
    await _add(office, number, LEFT, PHONE, *gone)
    assert ((await _only(office, number))["standing"], (await _only(office, number))["result"]) == ("open", "")


@pytest.mark.parametrize(
    ("ending", "result"),
    [((CLAIMED, CLOSED), "answered"), ((CLAIMED, GIVEN_BACK), "answered"), ((CANCELLED,), "cancelled")],
    ids=["closed by staff", "given back", "cancelled by the citizen"],
)
async def test_what_ends_it(office: Office, ending: tuple[Event, ...], result: str) -> None:
    number = await office.open()
    await _add(office, number, LEFT)
    entries = await _add(office, number, *ending)
    row = await _only(office, number)
    assert (row["standing"], row["result"], row["done"]) == ("done", result, entries[-1].time)


async def test_with_the_words_everything_ends_that_was_owed(office: Office) -> None:
    """Nobody is left to be called; that it was promised, and what had been done of it, stays."""
    number, other = await office.open(), await office.open()
    await _add(office, other, LEFT)
    _, planned, _ = await _add(office, number, LEFT, PLANNED, REQUEST_DONE)
    await _add(office, number, followed_up(f"{number}/{planned.seq}"))
    office.clock.turn_by(timedelta(hours=1))
    (entry,) = await _add(office, number, ERASED)
    found = {row["kind"]: (row["standing"], row["result"], row["done"] == entry.time) for row in await _rows(office, number)}
    assert found == {"callback": ("done", "erased", True), "visit": ("done", "done", False), "request": ("done", "erased", True)}
    assert (await _only(office, other))["standing"] == "open"


async def test_what_ended_it_first_stays_what_ended_it(office: Office) -> None:
    number = await office.open()
    (entry,) = await _add(office, number, LEFT)
    await _add(office, number, followed_up(f"{number}/{entry.seq}", "refused"))
    before = await _rows(office)
    office.clock.turn_by(timedelta(hours=1))
    await _add(office, number, CLAIMED, CLOSED)
    assert await _rows(office) == before


async def test_after_it_has_ended_a_new_promise_is_a_new_one(office: Office) -> None:
    number = await office.open()
    await _add(office, number, LEFT, CANCELLED, LEFT_AGAIN)
    assert [(row["standing"], row["result"]) for row in await _rows(office, number)] == [("done", "cancelled"), ("open", "")]


async def test_the_end_of_one_consultation_ends_nothing_of_another(office: Office) -> None:
    one, other = await office.open(), await office.open()
    await _add(office, one, LEFT)
    (entry,) = await _add(office, other, LEFT)
    await _add(office, one, CLAIMED, CLOSED, followed_up(f"{other}/{entry.seq}"))
    assert (await _only(office, other))["standing"] == "open"


async def test_answering_ends_the_call_and_leaves_what_else_is_planned(office: Office) -> None:
    number = await office.open()
    await _add(office, number, LEFT, PLANNED, CLAIMED, CLOSED)
    assert {row["kind"]: row["standing"] for row in await _rows(office, number)} == {"callback": "done", "visit": "open"}


# --- Requests and plans -----------------------------------------------------------------------------------------------------


async def test_a_request_that_is_done_is_asked_after(office: Office) -> None:
    number = await office.open()
    await _add(office, number, REQUEST_MOVED)
    assert await _rows(office, number) == []
    await _add(office, number, REQUEST_DONE)
    row = await _only(office, number)
    assert (row["kind"], row["subject"], row["due"], row["standing"]) == ("request", "FW-1", "2026-12-04", "open")


async def test_what_staff_plan_stands_with_its_owner(office: Office) -> None:
    number = await office.open()
    await _add(office, number, PLANNED, PLANNED_BARELY, PLANNED)
    told = [(row["kind"], row["subject"], row["due"], row["owner"]) for row in await _rows(office, number)]
    assert told == [("visit", "FW-1", "2026-11-30", "li"), ("referral", "", "2026-11-30", ""), ("visit", "FW-1", "2026-11-30", "li")]


@pytest.mark.parametrize("result", ["done", "refused", "wrong_number"])
async def test_a_result_ends_a_task_and_only_that(office: Office, result: str) -> None:
    number = await office.open()
    first, _ = await _add(office, number, PLANNED, PLANNED)
    (entry,) = await _add(office, number, followed_up(f"{number}/{first.seq}", result, attempt=3))
    done, left = await _rows(office, number)
    assert (done["standing"], done["result"], done["attempts"], done["owner"], done["done"]) == ("done", result, 3, "wang", entry.time)
    assert (left["standing"], left["owner"]) == ("open", "li")


async def test_a_next_day_keeps_it_open(office: Office) -> None:
    number = await office.open()
    (entry,) = await _add(office, number, PLANNED)
    await _add(office, number, followed_up(f"{number}/{entry.seq}", "no_answer", "2026-12-01", 1))
    row = await _only(office, number)
    assert (row["standing"], row["result"], row["due"], row["attempts"], row["done"]) == ("open", "no_answer", "2026-12-01", 1, "")
    await _add(office, number, followed_up(f"{number}/{entry.seq}", "done", attempt=2))
    row = await _only(office, number)
    assert (row["standing"], row["result"], row["due"], row["attempts"]) == ("done", "done", "2026-12-01", 2)


@pytest.mark.parametrize("task", ["", "ZX-1/1", "0"])
async def test_a_result_of_nothing_changes_nothing(office: Office, task: str) -> None:
    number = await office.open()
    await _add(office, number, PLANNED)
    before = await _rows(office)
    await _add(office, number, followed_up(task))
    assert await _rows(office) == before


# --- The table is what its journal says -------------------------------------------------------------------------------------

EVERY = (
    LEFT, LEFT_AGAIN, LEFT_WITHOUT_CALENDAR, QUEUED, PHONE, PHONE_IN_FORM, CLAIMED, GIVEN_BACK, PUT_BACK, LAPSED, CANCELLED, PASSED_ON,
    CLOSED, WENT_AWAY, IDLE, REQUEST_DONE, REQUEST_MOVED, PLANNED, PLANNED_BARELY, ERASED,
)  # fmt: skip

async def test_whatever_happens_the_table_is_what_a_rebuild_makes_of_it(office: Office) -> None:
    """Both ways in one store: many consultations, each with a course of its own, and at the end the table made anew."""
    chance = random.Random(20261121)
    seen: Counter[str] = Counter()
    for _ in range(60):
        rows = await _compared(office, _course(chance), cut=chance.randrange(14))
        seen.update(f"{row['kind']} {row['standing']}" for row in rows)
    wanted = {f"{kind} {standing}" for kind in ("callback", "request", "visit", "referral") for standing in ("open", "done")}
    assert set(seen) == wanted, "something went untested"
    before = await _rows(office)
    await rebuild(office.journal, office.folder / "archive", office.sealer)
    assert await _rows(office) == before


def _course(chance: random.Random) -> list[Callable[[str], Event]]:
    """Make up what happens in a consultation; results are of any of its entries, mostly of none that opened a task."""

    def result(seq: int, how: str, again: str) -> Callable[[str], Event]:
        return lambda number: followed_up(f"{number}/{seq}", how, again, seq)

    def one() -> Callable[[str], Event]:
        if chance.random() < 0.3:
            return result(chance.randrange(1, 17), chance.choice(("done", "no_answer", "refused")), chance.choice(("", "2026-12-01")))
        event = chance.choice(EVERY)
        return lambda _: event

    return [one() for _ in range(chance.randrange(1, 15))]


async def _compared(office: Office, course: Sequence[Callable[[str], Event]], cut: int) -> list[dict[str, Any]]:
    """Let it happen in two writes, and compare the rows with what the entries alone give."""
    number = await office.open()
    events = [make(number) for make in course]
    for part in (events[:cut], events[cut:]):
        await _add(office, number, *part)
    rows = await _rows(office, number)
    assert rows == _folded(await office.entries(number))
    return rows


def test_a_rebuild_looks_only_through_the_tasks_of_the_entry_s_own_consultation() -> None:
    """A hundred thousand consultations must not be gone through for each of their endings."""

    class Counted(dict[str, list[dict[str, Any]]]):
        looked = 0

        def setdefault(self, key: str, default: Any = None) -> Any:
            Counted.looked += 1
            return super().setdefault(key, default)

        def __iter__(self) -> Any:
            raise AssertionError("all consultations are gone through")

        values = items = keys = __iter__  # type: ignore[assignment]

    rows = Counted()
    for place in range(50):
        for seq, event in enumerate((LEFT, CLAIMED, CLOSED), 1):
            fold_tasks(rows, Entry(f"ZX-{place}", seq, "t", event.kind, event.actor, event.open, None))
    assert (len(rows), Counted.looked) == (50, 100)
