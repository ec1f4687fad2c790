"""Entries of the telephone and the counter: what may be saved, what is written of it, and what of it nobody reads."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support import OPEN_MOMENT, Crash, Office
from zhixun.archive.erase import erase
from zhixun.archive.projection import Folded
from zhixun.archive.verify import verify_case
from zhixun.clock import ZONE, stamp
from zhixun.conversation.redact import clean
from zhixun.database import consultations, requests, tasks
from zhixun.desk.entries import ENDINGS, PERSONS, Contact, Draft, Entries, Offered, read_draft
from zhixun.desk.ports import Known
from zhixun.errors import CitizenError, OurFault
from zhixun.messages import Basis, Event, Reply
from zhixun.names import OUTCOMES, told

PHONE = "13897123456"
TOLD = "为了给您回电，需要登记电话。您同意吗？"
OFFERED = Offered(("西宁市", "青海省"), ("商标", "专利"), TOLD)
KNOWN = Known("tm-opposition-period", "异议期", "三个月。", (Basis("商标法", "第三十三条", "全国", in_force=True),))
GIVEN = {"channel": "phone", "region": "西宁市", "person": "person", "question": "商标异议期多久", "answer": "三个月。", "ending": "answered"}
CONTACT = {"name": "王芳", "phone": PHONE, "unit": "湟水食品", "consent": "yes"}
CALL = {**GIVEN, **CONTACT, "ending": "callback", "due": "2026-11-20T15:00"}
DRAFT = Draft("phone", "西宁市", "person", "商标异议期多久", "三个月。", (KNOWN,))
WHO = Contact("王芳", PHONE, "湟水食品", TOLD)
DUE = datetime(2026, 11, 20, 15, tzinfo=ZONE)


def _read(given: Mapping[str, str]) -> tuple[Draft, dict[str, str]]:
    return read_draft(given, OFFERED, [KNOWN], OPEN_MOMENT)


def _cleaned(text: str) -> tuple[str, tuple[str, ...]]:
    kept = clean(text)
    return kept.text, kept.hidden


def _entries(office: Office, **other: Any) -> Entries:
    given: dict[str, Any] = {"seal": office.sealer.seal, "wake": office.woken.append, **other}
    return Entries(office.database, office.journal, office.clock, _cleaned, given.pop("take", office.book.take), **given)


def _count(office: Office) -> int:
    return int(str(office.sql("SELECT count(*) FROM consultations")[0][0]))


# ---- what may be saved ------------------------------------------------------------------------------------------------


def test_a_form_is_read_into_a_draft() -> None:
    draft, errors = _read({**GIVEN, **CONTACT, "right-商标": "yes", "labels": "夜校，急件 夜校", "words": " 下周再问 "})
    assert errors == {}
    assert draft == Draft(
        "phone", "西宁市", "person", "商标异议期多久", "三个月。", (KNOWN,), WHO, ("商标", "夜校", "急件"), "answered", None, "下周再问"
    )


def test_doors_persons_and_endings_are_called_in_words() -> None:
    assert (told("channel", "phone"), told("channel", "counter")) == ("电话", "窗口")
    assert set(ENDINGS) - {"callback"} <= set(OUTCOMES)
    draft, _ = _read({**GIVEN, "labels": " ".join(PERSONS.values())})
    assert draft.labels == tuple(PERSONS.values())


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"channel": "web"}, "channel"), ({"channel": ""}, "channel"), ({"region": "海东市"}, "region"), ({"person": "robot"}, "person"),
        ({"ending": ""}, "ending"), ({"question": " ？ "}, "question"), ({"question": "长" * 2001}, "question"), ({"answer": " "}, "answer"),
        ({"answer": "长" * 2001}, "answer"), ({"words": "长" * 501}, "words"), ({"ending": "outside", "answer": ""}, "answer"),
        ({"labels": "不 许<有>符号"}, "labels"), ({"labels": PHONE}, "labels"), ({"labels": "长" * 21}, "labels"),
        ({"labels": " ".join(map(str, range(13)))}, "labels"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_field(given: dict[str, str], field: str) -> None:
    assert list(_read({**GIVEN, **given})[1]) == [field]


@pytest.mark.parametrize("one", ["name", "phone", "unit"])
def test_no_contact_is_kept_without_consent(one: str) -> None:
    draft, errors = _read({**GIVEN, one: CONTACT[one]})
    assert draft.contact is None
    assert list(errors) == ["consent"]
    assert list(_read({**GIVEN, one: CONTACT[one], "consent": "on"})[1]) == ["consent"]


def test_consent_without_a_contact_is_no_contact() -> None:
    assert _read({**GIVEN, "consent": "yes"}) == (replace(DRAFT), {})


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("138 9712 3456", PHONE), ("+86 138-9712-3456", PHONE), ("１３８９７１２３４５６", PHONE), ("0971-6123456", "0971-6123456"),
        ("（0971）6123456", "0971-6123456"), ("010 12345678", "010-12345678"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_say_them(written: str, kept: str) -> None:
    draft, errors = _read({**GIVEN, **CONTACT, "phone": written})
    assert errors == {}
    assert draft.contact is not None
    assert draft.contact.phone == kept


@pytest.mark.parametrize("written", ["12345", "1389712345", "23897123456", "王芳", "6123456"])
def test_what_is_no_number_is_told(written: str) -> None:
    assert list(_read({**GIVEN, **CONTACT, "phone": written})[1]) == ["phone"]


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"due": ""}, ["due"]), ({"due": "明天"}, ["due"]), ({"due": "2026-11-20T09:59"}, ["due"]), ({"due": "2027-03-01T10:00"}, ["due"]),
        ({"phone": ""}, ["phone"]), ({"name": "", "phone": "", "unit": ""}, ["phone"]), ({"consent": ""}, ["consent"]),
    ],
)  # fmt: skip
def test_a_call_back_needs_a_time_to_come_and_a_number(given: dict[str, str], fields: list[str]) -> None:
    assert list(_read({**CALL, **given})[1]) == fields


def test_a_call_back_needs_no_answer_yet() -> None:
    draft, errors = _read({**CALL, "answer": ""})
    assert (errors, draft.due) == ({}, DUE)
    assert _read({**GIVEN, "due": "yesterday"})[1] == {}


# ---- what is written --------------------------------------------------------------------------------------------------


async def test_an_answered_one_is_written_closed_and_sealed(office: Office) -> None:
    number = await _entries(office).save(replace(DRAFT, contact=WHO, labels=("商标",), words="已讲清楚"), "wang", "1")
    assert office.woken == [number]
    found = [(entry.kind, entry.actor, dict(entry.open), entry.private) for entry in await office.entries(number)]
    basis = [{"title": "商标法", "locator": "第三十三条", "region": "全国", "in_force": True, "source": "", "gist": ""}]
    assert found == [
        ("opened", "staff:wang", {"channel": "phone", "region": "西宁市", "consent": True, "state": "staff"}, None),
        ("claimed", "staff:wang", {"state": "staff", "operator": "wang"}, None),
        ("said", "citizen", {"turn": 1, "hidden": []}, {"text": "商标异议期多久"}),
        ("relayed", "zhixun", {"turn": 1, "status": "handoff"}, None),
        ("said", "staff:wang", {"turn": 0, "kind": "staff", "knowledge": [KNOWN.id], "fence": 2, "first": True},
         {"text": "三个月。", "basis": basis, "buttons": []}),
        ("contact_left", "citizen", {"turn": 1, "what": "phone", "consent": "oral", "told": TOLD, "for": "record"},
         {"phone": PHONE, "name": "王芳", "unit": "湟水食品"}),
        ("labelled", "staff:wang", {"add": ["个人", "商标"], "remove": []}, None),
        ("closed", "staff:wang", {"state": "closed", "reason": "staff", "outcome": "answered"}, {"words": "已讲清楚"}),
    ]  # fmt: skip
    assert await verify_case(office.journal, office.folder / "archive", number) == ()
    receipt = await office.receipts.check(number, await office.consultations.close(number))
    assert (receipt.state, receipt.intact, receipt.supplements, receipt.callback) == ("closed", True, 0, "")
    assert office.sql("SELECT count(*) FROM tasks") == [(0,)]
    assert office.sql("SELECT count(*) FROM outbox") == [(0,)]


async def test_no_number_stands_in_clear_in_the_store_or_in_the_files(office: Office) -> None:
    draft = replace(DRAFT, question=f"请打{PHONE}，身份证630102199001011234也行", contact=WHO, ending="callback", due=DUE)
    number = await _entries(office).save(draft, "wang", "1")
    said = next(entry for entry in await office.entries(number) if entry.kind == "said")
    assert said.private is not None
    assert PHONE not in said.private["text"]
    assert said.open["hidden"] == [*clean(draft.question).hidden]
    closed = await _entries(office).save(replace(DRAFT, contact=WHO), "wang", "2")
    files = b"".join(path.read_bytes() for path in (office.folder / "archive").rglob(f"{closed}*"))
    assert len(files) > 1000
    for secret in (PHONE, "王芳", "湟水食品"):
        assert secret.encode() not in office.bytes_on_disk()
        assert secret.encode() not in files


async def test_without_consent_nothing_of_a_contact_is_written(office: Office) -> None:
    number = await _entries(office).save(DRAFT, "wang", "1")
    entries = await office.entries(number)
    assert "contact_left" not in [entry.kind for entry in entries]
    assert entries[0].open["consent"] is False


async def test_a_call_back_waits_as_a_message_and_as_a_task_of_who_promised_it(office: Office) -> None:
    number = await _entries(office).save(replace(DRAFT, answer="", contact=WHO, ending="callback", due=DUE), "wang", "1")
    kinds = [entry.kind for entry in await office.entries(number)]
    assert kinds == ["opened", "claimed", "said", "relayed", "planned", "contact_left", "labelled", "handed_off"]
    (row,) = office.sql("SELECT kind, owner, due, standing FROM tasks WHERE consultation = ?", number)
    assert row == ("callback", "wang", stamp(DUE), "open")
    planned = next(entry for entry in await office.entries(number) if entry.kind == "planned")
    assert planned.private == {"words": "找湟水食品 王芳：回电答复"}
    (row,) = office.sql("SELECT state, operator, reason, callback, handed FROM consultations WHERE number = ?", number)
    assert row == ("message_left", "", "entered", 1, stamp(OPEN_MOMENT))
    with pytest.raises(OurFault, match="尚未结束"):
        await office.sealer.seal(number)
    assert await office.consultations.close_idle() == 0


async def test_what_is_referred_is_closed_and_leaves_a_task_for_the_slip(office: Office) -> None:
    number = await _entries(office).save(replace(DRAFT, ending="referred", words="转执法部门"), "wang", "1")
    assert office.sql("SELECT state, outcome FROM consultations WHERE number = ?", number) == [("closed", "referred")]
    assert office.sql("SELECT kind, owner, due, standing FROM tasks") == [("referral", "wang", "2026-11-20", "open")]
    assert await verify_case(office.journal, office.folder / "archive", number) == ()


async def test_the_tables_are_those_that_a_rebuild_makes(office: Office) -> None:
    entries = _entries(office)
    drafts = [
        replace(DRAFT, contact=WHO), replace(DRAFT, contact=WHO, ending="callback", due=DUE), replace(DRAFT, ending="referred"),
    ]  # fmt: skip
    numbers = [await entries.save(draft, "wang", str(index)) for index, draft in enumerate(drafts)]
    folded = Folded()
    for number in numbers:
        for entry in await office.entries(number):
            folded.take(entry)
    async with office.database.read() as connection:
        for table in (consultations, tasks, requests):
            rows = [dict(row) for row in (await connection.execute(sa.select(table))).mappings()]
            key = next(iter(table.primary_key)).name
            assert sorted(rows, key=lambda row: row[key]) == sorted(folded.rows(table), key=lambda row: row[key])


# ---- once, whole, or not at all ---------------------------------------------------------------------------------------


async def test_the_same_form_at_the_same_time_makes_one(office: Office) -> None:
    entries = _entries(office)
    numbers = await asyncio.gather(*(entries.save(DRAFT, "wang", "1") for _ in range(5)))
    assert len(set(numbers)) == 1
    assert _count(office) == 1
    assert await entries.save(DRAFT, "wang", "2") != numbers[0]
    assert await entries.save(DRAFT, "li", "1") != numbers[0]
    assert _count(office) == 3


@pytest.mark.parametrize("change", [{"question": "别的问题"}, {"answer": "别的答复"}, {"answer": ""}])
async def test_words_that_were_changed_after_saving_are_not_passed_over(office: Office, change: dict[str, str]) -> None:
    entries = _entries(office)
    number = await entries.save(DRAFT, "wang", "1")
    with pytest.raises(CitizenError, match=number) as caught:
        await entries.save(replace(DRAFT, **change), "wang", "1")  # type: ignore[arg-type]
    assert caught.value.status == 409
    assert _count(office) == 1


async def test_when_a_part_fails_nothing_is_written_and_the_number_is_not_used_up(office: Office) -> None:
    async def fail(*_: object) -> tuple[Reply, tuple[Event, ...]]:
        raise Crash

    async def refuse(*_: object) -> tuple[Reply, tuple[Event, ...]]:
        return Reply("请补充电话。"), ()

    draft = replace(DRAFT, ending="requested", wish={"service": "policy", "values": {}})
    with pytest.raises(Crash):
        await _entries(office, take=fail).save(draft, "wang", "1")
    with pytest.raises(CitizenError, match="请补充电话"):
        await _entries(office, take=refuse).save(draft, "wang", "1")
    assert (_count(office), office.sql("SELECT count(*) FROM journal"), office.sql("SELECT count(*) FROM sessions")) == (0, [(0,)], [(0,)])
    assert (await _entries(office).save(DRAFT, "wang", "1")).startswith("ZX-20261120-000001")


async def test_what_cannot_be_sealed_now_is_saved_and_sealed_later(office: Office) -> None:
    async def full(number: str) -> str:
        raise OSError

    number = await _entries(office, seal=full).save(DRAFT, "wang", "1")
    assert office.sql("SELECT state FROM consultations WHERE number = ?", number) == [("closed",)]
    assert await office.sealer.seal_pending() == 1
    assert await verify_case(office.journal, office.folder / "archive", number) == ()


async def test_a_person_can_be_forgotten_and_every_proof_still_holds(office: Office) -> None:
    number = await _entries(office).save(replace(DRAFT, contact=WHO), "wang", "1")
    await erase(office.journal, office.sealer, number, "本人要求")
    assert all(entry.private is None for entry in await office.entries(number))
    assert await verify_case(office.journal, office.folder / "archive", number) == ()
    assert not list((office.folder / "archive").rglob(f"{number}*.html"))
    # The form that is sent once more makes no second one of it.
    assert await _entries(office).save(replace(DRAFT, contact=WHO), "wang", "1") == number
