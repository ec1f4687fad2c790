"""The list of what is owed: in its groups, with counts that are true however long it is, and without numbers in the clear."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pytest

from tests.conversation.hands import waiting
from tests.support import OPEN_MOMENT, Office
from zhixun.archive.opened import open_rows
from zhixun.clock import ZONE
from zhixun.desk.casework import Casework
from zhixun.desk.task_list import TaskList

PAST, TODAY, LATER = "2026-11-19", "2026-11-20", "2026-11-24"
PHONE = "13897123456"


@pytest.fixture
def listed(office: Office) -> TaskList:
    return TaskList(office.database, office.clock, partial(open_rows, office.journal.keyring), lambda _: "")


def _owe(office: Office, number: str, *dues: str, owner: str = "", kind: str = "visit", standing: str = "open") -> None:
    ((before,),) = office.sql("SELECT COUNT(*) FROM tasks")
    for place, due in enumerate(dues, before + 1):
        office.sql(
            "INSERT INTO tasks VALUES (?, ?, ?, '', ?, ?, ?, ?, '', 0, ?)",
            f"{number}/{1000 + place}", number, kind, due, "2026-11-01T00:00:00.000Z", owner, standing, "" if standing == "open" else due,
        )  # fmt: skip


async def test_a_day_is_overdue_when_it_is_over_and_a_time_when_it_has_come(office: Office, listed: TaskList) -> None:
    number = await office.open()
    dues = (PAST, TODAY, LATER, *(f"2026-11-20T{time}Z" for time in ("01:59:59.999", "02:00:00.000", "15:59:59.999", "16:00:00.000")))
    _owe(office, number, *dues)

    async def groups() -> dict[str, list[str]]:
        return {group: [one.task.due for one in of] for group, of in (await listed.listed("", "wang")).groups.items()}

    assert await groups() == {"over": [PAST, dues[3]], "today": [TODAY, dues[4], dues[5]], "later": [dues[6], LATER]}
    office.clock.turn_to(OPEN_MOMENT + timedelta(milliseconds=1))
    assert (await groups())["over"] == [PAST, dues[3], dues[4]]
    assert await listed.overdue() == 3
    office.clock.turn_to(datetime(2026, 11, 21, 0, 0, tzinfo=ZONE))
    assert await groups() == {"over": [PAST, TODAY, *dues[3:6]], "today": [dues[6]], "later": [LATER]}


async def test_counts_are_true_however_much_is_owed(office: Office, listed: TaskList) -> None:
    one, other = await office.open(), await office.open()
    _owe(office, one, *[PAST] * 520, owner="li")
    _owe(office, one, *[TODAY] * 30, owner="wang")
    _owe(office, other, *[LATER] * 40, owner="wang", kind="other")
    _owe(office, other, *[PAST] * 130, owner="wang", standing="done")
    assert await listed.overdue() == 520
    found = await listed.listed("", "wang")
    assert (found.counts, found.sizes) == ({"": 590, "mine": 70, "over": 520}, {"over": 520, "today": 30, "later": 40})
    assert (list(found.groups), len(found.all), found.hidden) == (["over"], 100, 490)
    mine = await listed.listed("mine", "wang")
    assert (mine.counts, mine.sizes, mine.hidden) == (found.counts, {"today": 30, "later": 40}, 0)
    assert (await listed.listed("over", "wang", kind="other")).sizes == {}
    assert (await listed.listed("", "wang", number=other)).sizes == {"later": 40}
    done = await listed.listed("done", "wang")
    assert (done.counts, done.sizes, len(done.all), done.hidden) == (found.counts, {"done": 130}, 100, 30)
    # What is sought among the done is not only sought among the latest of them.
    _owe(office, one, "2026-10-01", kind="referral", standing="done")
    assert len((await listed.listed("done", "wang", kind="referral")).all) == 1


async def test_what_is_to_be_asked_is_masked_like_everything_else(office: Office, listed: TaskList) -> None:
    number = await waiting(office)
    casework = Casework(office.database, office.journal, office.clock, seal=office.sealer.seal, wake=office.woken.append)
    await casework.plan(number, "wang", "visit", TODAY, f"打{PHONE}找王经理")
    (one,) = (await listed.listed("", "wang")).all
    assert (one.ask, (await listed.one(one.task.id)).ask) == ("打138****3456找王经理",) * 2
