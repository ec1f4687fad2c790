"""What staff add without owning a consultation: notes, labels, reviews, plans and their results, before its end and behind it."""

from __future__ import annotations

import asyncio

import pytest

from tests.conversation.hands import last, refused, waiting
from tests.support import Office
from zhixun.archive.keys import load_signer
from zhixun.archive.verify import verify
from zhixun.desk.casework import AGAIN, KINDS, RESULTS, Casework
from zhixun.desk.daybook import Daybook
from zhixun.errors import OurFault

SECRET = "蓝莓果酱配方"
TODAY, LATER, PAST = "2026-11-20", "2026-11-27", "2026-11-19"


@pytest.fixture
def casework(office: Office) -> Casework:
    return Casework(office.database, office.journal, office.clock, seal=office.sealer.seal, wake=office.woken.append)


async def _sound(office: Office) -> None:
    """Demand that everything is sealed and every table is what its journal says."""
    key = load_signer(office.folder / "keys").public_key()
    report = await verify(office.journal, office.folder / "archive", key, pause=0)
    assert report.ok, report.text()


# --- Notes and labels -------------------------------------------------------------------------------------------------------


async def test_a_note_is_for_staff_alone_and_encrypted(office: Office, casework: Casework) -> None:
    number = await waiting(office)
    office.woken.clear()
    await casework.note(number, "wang", f" 涉及{SECRET} ")
    entry = await last(office, number, "noted")
    assert (entry.actor, entry.open, entry.private) == ("staff:wang", {"mentions": []}, {"text": f"涉及{SECRET}"})
    assert SECRET.encode() not in office.bytes_on_disk()
    assert office.woken == [number]
    assert office.sql("SELECT * FROM outbox WHERE seq = ?", entry.seq) == []
    assert await casework.tasks(number) == []


async def test_who_is_mentioned_gets_a_task(office: Office, casework: Casework) -> None:
    number = await waiting(office)
    await casework.note(number, "wang", "@李明 请看一下", ["li", "wang", "li", "zhao"])
    assert (await last(office, number, "noted")).open == {"mentions": ["li", "zhao"]}
    assert [(one.kind, one.owner, one.due, one.standing) for one in await casework.tasks(number)] == [
        ("mention", "li", TODAY, "open"), ("mention", "zhao", TODAY, "open"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", " \n", "字" * 1001], ids=["empty", "blank", "long"])
async def test_a_note_says_something(office: Office, casework: Casework, text: str) -> None:
    number = await waiting(office)
    with refused("no_words", 400):
        await casework.note(number, "wang", text)
    await casework.note(number, "wang", "字" * 1000)


async def test_labels_are_put_on_and_taken_off(office: Office, casework: Casework) -> None:
    number = await waiting(office)
    await casework.label(number, "wang", ["商标", "外地-企业", "A1", "类·别", "字" * 20], [])
    await casework.label(number, "li", [], ["商标"])
    assert (await last(office, number, "labelled")).open == {"add": [], "remove": ["商标"]}


@pytest.mark.parametrize(
    ("add", "remove"),
    [
        ([], []), (["两 词"], []), (["标点。"], []), ([""], []), (["字" * 21], []), (["<b>"], []), (["a"] * 21, []), ([], ["a"] * 21),
        (["13897123456"], []), (["11010519491231002X"], []), ([], ["电话 13897123456"]), ([], ["11010519491231002X"]), (["好", "坏 的"], []),
    ],
)  # fmt: skip
async def test_what_is_no_label_stands_nowhere(office: Office, casework: Casework, add: list[str], remove: list[str]) -> None:
    """Labels can be read by whoever holds the file: no number of a person may stand there, put on or taken off."""
    number = await waiting(office)
    with refused("bad_label", 400):
        await casework.label(number, "wang", add, remove)
    assert "labelled" not in [entry.kind for entry in await office.entries(number)]


# --- Reviews ----------------------------------------------------------------------------------------------------------------


async def test_two_readers_review_one_consultation(office: Office, casework: Casework) -> None:
    number = await waiting(office)
    await casework.review(number, "wang", "wrong", f"少了{SECRET}")
    await casework.review(number, "li", "correct", "")
    found = [entry for entry in await office.entries(number) if entry.kind == "reviewed"]
    assert [(entry.actor, entry.open) for entry in found] == [
        ("staff:wang", {"mark": "wrong", "second": False}), ("staff:li", {"mark": "correct", "second": True}),
    ]  # fmt: skip
    assert [entry.private for entry in found] == [{"words": f"少了{SECRET}"}, {"words": ""}]
    with refused("reviewed", 409):
        await casework.review(number, "wang", "correct", "")


async def test_two_reviews_of_one_reader_at_once_are_one(office: Office, casework: Casework) -> None:
    number = await waiting(office)
    made = [casework.review(number, name, "correct", "") for name in ("wang", "wang", "li")]
    found = await asyncio.gather(*made, return_exceptions=True)
    assert [getattr(one, "code", None) for one in found] == [None, "reviewed", None]
    marks = [entry.open["second"] for entry in await office.entries(number) if entry.kind == "reviewed"]
    assert marks == [False, True]


@pytest.mark.parametrize(
    ("mark", "words", "code"),
    [("", "", "bad_mark"), ("fine", "x", "bad_mark"), ("wrong", " ", "no_words"), ("better", "", "no_words"),
     ("incomplete", "字" * 1001, "no_words")],
)  # fmt: skip
async def test_a_review_that_is_refused(office: Office, casework: Casework, mark: str, words: str, code: str) -> None:
    number = await waiting(office)
    with refused(code, 400):
        await casework.review(number, "wang", mark, words)


# --- Plans and results ------------------------------------------------------------------------------------------------------


async def test_a_plan_is_owed_from_today_on(office: Office, casework: Casework) -> None:
    number = await waiting(office)
    await casework.plan(number, "wang", "visit", LATER, f"看{SECRET}", owner="li", subject="FW-1")
    await casework.plan(number, "wang", "other", f" {TODAY} ", "问一问")
    first, second = await casework.tasks(number)
    assert (first.kind, first.due, first.owner, first.subject) == ("other", TODAY, "", "")
    assert (second.kind, second.due, second.owner, second.subject) == ("visit", LATER, "li", "FW-1")
    assert await casework.task(second.id) == second
    assert SECRET.encode() not in office.bytes_on_disk()


@pytest.mark.parametrize(
    ("kind", "due", "words", "code"),
    [("", TODAY, "x", "bad_kind"), ("party", TODAY, "x", "bad_kind"), ("visit", PAST, "x", "bad_day"), ("visit", "明天", "x", "bad_day"),
     ("visit", "", "x", "bad_day"), ("visit", "2026-02-30", "x", "bad_day"), ("visit", TODAY, " ", "no_words")],
)  # fmt: skip
async def test_a_plan_that_is_refused(office: Office, casework: Casework, kind: str, due: str, words: str, code: str) -> None:
    number = await waiting(office)
    with refused(code, 400):
        await casework.plan(number, "wang", kind, due, words)
    assert await casework.tasks(number) == []


async def _planned(office: Office, casework: Casework, kind: str = "visit") -> tuple[str, int]:
    number = await waiting(office)
    await casework.plan(number, "wang", kind, TODAY, "问一问", owner="wang")
    return number, (await last(office, number, "planned")).seq


@pytest.mark.parametrize("result", [result for result in RESULTS if result not in AGAIN])
async def test_a_result_ends_it(office: Office, casework: Casework, result: str) -> None:
    number, seq = await _planned(office, casework)
    await casework.follow_up(number, seq, "li", result, " 已联系 ", again="不是日子")
    entry = await last(office, number, "followed_up")
    assert entry.open == {"task": f"{number}/{seq}", "result": result, "next": "", "attempt": 1, "owner": "li"}
    assert entry.private == {"words": "已联系"}
    task = await casework.task(f"{number}/{seq}")
    assert (task.standing, task.result, task.owner, task.attempts) == ("done", result, "li", 1)
    with refused("done", 409):
        await casework.follow_up(number, seq, "li", result, "再来一次")


@pytest.mark.parametrize("result", AGAIN)
async def test_what_is_tried_again_needs_a_day(office: Office, casework: Casework, result: str) -> None:
    number, seq = await _planned(office, casework)
    for again in ("", PAST, "以后"):
        with refused("bad_day", 400):
            await casework.follow_up(number, seq, "wang", result, "没人接", again)
    for attempt in (1, 2):
        await casework.follow_up(number, seq, "wang", result, "没人接", LATER)
        task = await casework.task(f"{number}/{seq}")
        assert (task.standing, task.due, task.attempts) == ("open", LATER, attempt)
    await casework.follow_up(number, seq, "wang", "done", "接了")
    assert (await casework.task(f"{number}/{seq}")).attempts == 3


async def test_two_results_at_once_are_one(office: Office, casework: Casework) -> None:
    number, seq = await _planned(office, casework)
    found = await asyncio.gather(
        *(casework.follow_up(number, seq, name, "done", "已联系") for name in ("wang", "li")), return_exceptions=True
    )
    assert [getattr(one, "code", None) for one in found] == [None, "done"]
    assert [entry.kind for entry in await office.entries(number)].count("followed_up") == 1


@pytest.mark.parametrize(
    ("seq", "result", "words", "code", "status"),
    [(0, "", "x", "bad_result", 400), (0, "maybe", "x", "bad_result", 400), (0, "done", "", "no_words", 400),
     (99, "done", "x", "no_task", 404)],
)  # fmt: skip
async def test_a_result_that_is_refused(
    office: Office, casework: Casework, seq: int, result: str, words: str, code: str, status: int
) -> None:  # fmt: skip
    number, real = await _planned(office, casework)
    with refused(code, status):
        await casework.follow_up(number, seq or real, "wang", result, words)
    assert (await casework.task(f"{number}/{real}")).attempts == 0


async def test_what_is_open_and_due_first_is_on_top(office: Office, casework: Casework) -> None:
    one, other = await waiting(office), await waiting(office)
    await casework.plan(one, "wang", "visit", LATER, "一")
    await casework.plan(other, "wang", "other", TODAY, "二")
    await casework.plan(one, "wang", "referral", "2026-11-23", "三")
    assert [task.kind for task in await casework.tasks(one)] == ["referral", "visit"]
    await casework.follow_up(one, int((await casework.tasks(one))[0].id.partition("/")[2]), "wang", "done", "好")
    assert [(task.kind, task.standing) for task in await casework.tasks(one)] == [("visit", "open"), ("referral", "done")]


def test_every_kind_of_task_that_there_is_has_a_name() -> None:
    assert set(KINDS) == {"mention", "callback", "request", "referral", "visit", "other"}


# --- Behind the end, and where there is nothing -----------------------------------------------------------------------------


async def test_what_comes_after_the_end_is_sealed_as_a_supplement(office: Office, casework: Casework) -> None:
    number, seq = await _planned(office, casework)
    await office.consultations.close(number)
    await _sound(office)
    await casework.note(number, "wang", "事后想起", ["li"])
    await casework.label(number, "wang", ["典型"], [])
    await casework.review(number, "li", "correct", "")
    await casework.plan(number, "wang", "visit", LATER, "看一看")
    await casework.follow_up(number, seq, "wang", "done", "已联系")
    assert office.sql("SELECT COUNT(*) FROM leaves WHERE consultation = ?", number) == [(6,)]
    await _sound(office)


@pytest.mark.parametrize("fault", [OurFault("库"), OSError("disk full")])
async def test_what_cannot_be_sealed_now_is_kept_and_sealed_later(office: Office, fault: Exception) -> None:
    async def refuse(_: str) -> str:
        raise fault

    casework = Casework(office.database, office.journal, office.clock, seal=refuse, wake=office.woken.append)
    number = await waiting(office)
    await office.consultations.close(number)
    await casework.note(number, "wang", "事后想起")
    assert (await office.entries(number))[-1].kind == "noted"
    assert await office.sealer.seal_pending() == 1
    await _sound(office)


async def test_nothing_is_written_where_there_is_no_consultation(office: Office, casework: Casework) -> None:
    daybook = Daybook(office.database, office.journal, office.clock, "西宁市", seal=office.sealer.seal)
    await daybook.note("signed_in", "wang", {})
    ((book,),) = office.sql("SELECT number FROM consultations")
    for number in ("ZX-20261120-000009-9", "", book):
        for act in (
            casework.note(number, "wang", "备注"), casework.label(number, "wang", ["典型"], []),
            casework.review(number, "wang", "correct", ""), casework.plan(number, "wang", "visit", TODAY, "看一看"),
        ):  # fmt: skip
            with refused("no_consultation", 404):
                await act
    assert len(await office.entries(book)) == 2
