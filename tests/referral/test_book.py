"""The book of slips: issuing them with consent, carrying them on, answering, and what is told of it."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from tests.referral.desk import DRAFT, MEDIATION, PERSON, PHONE, STAFF, Desk, desk_of, erased
from tests.support import Office
from zhixun.archive.keys import load_signer
from zhixun.archive.rebuild import rebuild
from zhixun.archive.report import Report
from zhixun.archive.verify import verify
from zhixun.errors import CitizenError
from zhixun.numbers import valid_request_number
from zhixun.referral.book import MOST
from zhixun.referral.standing import STANDINGS
from zhixun.referral.words import told_line, told_slip


async def test_a_slip_is_numbered_timed_and_written(desk: Desk) -> None:
    consultation = await desk.office.open()
    slip = await desk.issue(consultation)
    assert valid_request_number(slip.number)
    assert slip.number.startswith(f"ZJ-{consultation[3:18]}-01-")
    # Seven days from Friday are a Friday; eight would be a Saturday, on which nobody works.
    assert (slip.standing, slip.way, slip.due, slip.owner, slip.overdue) == ("issued", "email", "2026-11-27", "li", False)
    assert (slip.facts, slip.evidence, slip.wish, slip.contact) == (DRAFT.facts, DRAFT.evidence, DRAFT.wish, PHONE)
    assert (await desk.issue(consultation, due_days=8, wish="别的")).due == "2026-11-30"


async def test_who_and_what_stand_encrypted_only(desk: Desk) -> None:
    slip = await desk.issue()
    entry = next(entry for entry in await desk.office.entries(slip.consultation) if entry.kind == "referred")
    assert set(entry.open) == {"slip", "agency", "kind", "way", "standing", "due"}
    assert entry.actor == STAFF
    disk = desk.office.bytes_on_disk()
    assert not [word for word in (PHONE, PERSON, DRAFT.wish) if word.encode() in disk]


async def test_the_consent_and_what_was_told_before_it_are_kept(desk: Desk) -> None:
    slip = await desk.issue()
    notice = desk.referrals.notice("mediation", contact=True)
    assert DRAFT.how in slip.consent
    assert notice in slip.consent
    for told in (MEDIATION.name, MEDIATION.contact, "用途", "方式", "联系方式", desk.office.site.office):
        assert told in notice
    assert "不含您的联系方式" in desk.referrals.notice("mediation", contact=False)


async def test_without_consent_nothing_is_written(desk: Desk) -> None:
    consultation = await desk.office.open()
    with pytest.raises(CitizenError, match="单独同意"):
        await desk.issue(consultation, consent=False)
    assert await desk.referrals.of(consultation) == []
    assert desk.office.sql("SELECT * FROM deliveries") == []


async def test_a_contact_without_consent_to_it_is_nowhere(desk: Desk) -> None:
    slip = await desk.issue(contact_consent=False)
    assert slip.contact == ""
    assert PHONE not in str(await desk.office.entries(slip.consultation))
    assert "不含您的联系方式" in slip.consent


async def test_the_same_again_is_the_same_slip(desk: Desk) -> None:
    first = await desk.issue()
    again = await desk.issue(first.consultation)
    other = await desk.issue(first.consultation, wish="只要求道歉")
    assert (again.number, other.number == first.number) == (first.number, False)
    assert desk.office.sql("SELECT count(*) FROM deliveries") == [(2,)]
    await desk.referrals.move(first.number, "withdrawn", STAFF, "本人要求")
    assert (await desk.issue(first.consultation)).number not in (first.number, other.number)


async def test_two_at_once_are_one(desk: Desk) -> None:
    consultation = await desk.office.open()
    made = await asyncio.gather(*(desk.issue(consultation) for _ in range(5)))
    assert len({slip.number for slip in made}) == 1


async def test_one_consultation_has_so_many(desk: Desk) -> None:
    consultation = await desk.office.open()
    for place in range(MOST):
        await desk.issue(consultation, wish=f"第{place}件", way="hand")
    with pytest.raises(CitizenError) as refused:
        await desk.issue(consultation, wish="再来一件")
    assert refused.value.status == 409


async def test_who_is_not_in_the_register_gets_nothing(desk: Desk) -> None:
    with pytest.raises(CitizenError, match="名录"):
        await desk.issue(agency="ghost")


async def test_who_is_not_confirmed_is_named_by_staff_and_reached_by_hand(desk: Desk) -> None:
    with pytest.raises(CitizenError, match="联系方式"):
        await desk.issue(agency="notary")
    slip = await desk.issue(agency="notary", agency_name="西宁市夏都公证处", agency_contact="0971-7654321")
    assert (slip.way, slip.agency_name) == ("hand", "西宁市夏都公证处")
    assert "0971-7654321" in slip.consent
    assert desk.office.sql("SELECT * FROM deliveries") == []


async def test_what_staff_type_never_replaces_what_is_confirmed(desk: Desk) -> None:
    slip = await desk.issue(agency_name="别处", agency_contact="1")
    assert slip.agency_name == MEDIATION.name
    assert MEDIATION.contact in slip.consent


@pytest.mark.parametrize("change", [{"email": ""}, {"confirmed": False}])
async def test_who_cannot_be_reached_so_gets_it_by_hand(desk: Desk, change: dict[str, object]) -> None:
    desk.register["mediation"] = dataclasses.replace(MEDIATION, **change)
    slip = await desk.issue(agency_contact="0971-1")
    assert slip.way == "hand"
    assert desk.referrals.ways(desk.register["mediation"]) == ("hand",)


async def test_without_a_way_out_every_slip_goes_by_hand(office: Office) -> None:
    desk = desk_of(office, carriers={})
    slip = await desk.issue()
    assert slip.way == "hand"
    assert (await desk.referrals.move(slip.number, "sent", STAFF)).standing == "sent"
    with pytest.raises(CitizenError, match="打印"):
        await desk.referrals.send_again(slip.number)


async def test_after_erasure_nobody_is_referred(desk: Desk) -> None:
    consultation = await desk.office.open()
    await desk.close(consultation)
    async with erased(desk.office, consultation):
        with pytest.raises(CitizenError) as refused:
            await desk.issue(consultation)
    assert refused.value.status == 410
    assert await desk.referrals.of(consultation) == []


async def test_each_step_is_told_to_the_citizen_and_no_more_than_the_slip_says(desk: Desk) -> None:
    slip = await desk.sent()
    await desk.answer(slip, "received")
    await desk.answer(slip, "accepted", "已指定调解员")
    await desk.answer(slip, "done", "双方达成和解")
    told = await desk.told(slip.consultation)
    assert [text.splitlines()[1][3:].partition("（")[0] for text in told] == ["已开具", "已发出", "接收机构已签收", "已受理", "已办结"]
    assert "2026年11月27日" in told[0]
    assert "2026年11月27日" not in told[3]
    assert "说明：已指定调解员" in told[3]
    assert "办理结果：双方达成和解" in told[4]
    assert all(MEDIATION.name in text for text in told)
    assert not [text for text in told if PHONE in text or desk.codes.code_of(slip.number) in text]
    rows = desk.office.sql("SELECT count(*) FROM outbox WHERE consultation = ? AND delivered IS NULL", slip.consultation)
    assert rows == [(5,)]
    assert desk.office.woken.count(slip.consultation) >= 5


async def test_when_it_is_done_the_citizen_is_to_be_asked(desk: Desk) -> None:
    slip = await desk.received()
    await desk.answer(slip, "accepted")
    await desk.answer(slip, "done", "和解")
    planned = next(entry for entry in await desk.office.entries(slip.consultation) if entry.kind == "planned")
    assert planned.open == {"kind": "referral", "subject": slip.number, "due": "2026-11-27"}
    assert MEDIATION.name in (planned.private or {})["words"]
    assert desk.office.sql("SELECT kind, subject, due FROM tasks") == [("referral", slip.number, "2026-11-27")]


async def test_refused_ends_it_and_nobody_is_asked(desk: Desk) -> None:
    slip = await desk.received()
    with pytest.raises(CitizenError) as refused:
        await desk.answer(slip, "refused", "  ")
    assert (refused.value.field, "原因" in refused.value.message) == ("words", True)
    await desk.answer(slip, "refused", "不属于调解范围")
    assert (await desk.slip(slip.number)).words == "不属于调解范围"
    assert desk.office.sql("SELECT * FROM tasks") == []


@pytest.mark.parametrize("standing", [one for one in STANDINGS if one != "received"])
async def test_an_agency_takes_one_step_at_a_time(desk: Desk, standing: str) -> None:
    slip = await desk.sent()
    with pytest.raises(CitizenError) as refused:
        await desk.answer(slip, standing, "话")
    assert refused.value.status == 409
    assert (await desk.slip(slip.number)).standing == "sent"


async def test_an_agency_that_has_it_already_signs_before_it_was_noted_as_sent(desk: Desk) -> None:
    slip = await desk.issue()
    assert (await desk.answer(slip, "received")).standing == "received"
    await desk.deliveries.carry_due()
    assert desk.carrier.letters == []


async def test_who_has_a_wrong_code_learns_nothing(desk: Desk) -> None:
    slip = await desk.sent()
    code = desk.codes.code_of(slip.number)
    other = await desk.sent()
    wrong = [(slip.number, "0000-0000-0000"), (slip.number, ""), ("", code), (other.number, code), (slip.number[:-1] + "x", code),
             (slip.number.replace("ZJ", "FW"), code)]  # fmt: skip
    for number, given in wrong:
        with pytest.raises(CitizenError) as refused:
            await desk.referrals.find(number, given)
        assert refused.value.status == 404
        with pytest.raises(CitizenError):
            await desk.referrals.answer(number, given, "received")
    found = await desk.referrals.find(f" {slip.number.lower()} ", code.lower().replace("-", " "))
    assert found.number == slip.number


async def test_a_request_s_code_opens_no_slip(desk: Desk) -> None:
    with pytest.raises(CitizenError) as refused:
        await desk.referrals.find("FW-20261120-000001-01-2", desk.codes.code_of("FW-20261120-000001-01-2"))
    assert refused.value.status == 404


async def test_after_its_end_the_link_is_closed_and_shows_nothing_of_the_citizen(desk: Desk) -> None:
    slip = await desk.received()
    answered = await desk.answer(slip, "refused", "不属于调解范围")
    found = await desk.referrals.find(slip.number, desk.codes.code_of(slip.number))
    for shown in (answered, found):
        assert (shown.facts, shown.evidence, shown.wish, shown.contact, shown.consent) == ((), (), "", "", "")
    with pytest.raises(CitizenError) as refused:
        await desk.answer(slip, "accepted")
    assert (refused.value.status, "关闭" in refused.value.message) == (410, True)
    assert (await desk.slip(slip.number)).facts == DRAFT.facts


async def test_of_two_answers_at_once_one_counts(desk: Desk) -> None:
    slip = await desk.received()
    both = (desk.answer(slip, "accepted"), desk.answer(slip, "refused", "不属于"))
    results = await asyncio.gather(*both, return_exceptions=True)
    assert len([one for one in results if isinstance(one, CitizenError)]) == 1
    moves = [entry.open["standing"] for entry in await desk.office.entries(slip.consultation) if entry.kind == "slip_moved"]
    assert moves[:2] == ["sent", "received"]
    assert len(moves) == 3


async def test_a_page_that_is_sent_twice_is_one_answer(desk: Desk) -> None:
    slip = await desk.received()
    await desk.answer(slip, "refused", "不属于", "a" * 24)
    again = await desk.answer(slip, "refused", "不属于", "a" * 24)
    assert (again.standing, again.facts) == ("refused", ())
    with pytest.raises(CitizenError):
        await desk.answer(slip, "refused", "不属于", "b" * 24)


async def test_words_that_are_too_long_are_refused(desk: Desk) -> None:
    slip = await desk.received()
    with pytest.raises(CitizenError, match="2000"):
        await desk.answer(slip, "accepted", "长" * 2001)


async def test_staff_note_what_an_agency_said_by_telephone(desk: Desk) -> None:
    slip = await desk.sent(way="hand")
    for standing, said in (("sent", ""), ("received", ""), ("accepted", ""), ("done", "电话告知：已和解")):
        slip = await desk.referrals.move(slip.number, standing, STAFF, said)
    assert (slip.standing, slip.words) == ("done", "电话告知：已和解")
    with pytest.raises(CitizenError):
        await desk.referrals.move(slip.number, "withdrawn", STAFF, "晚了")
    with pytest.raises(CitizenError) as refused:
        await desk.referrals.move("ZJ-20261120-000099-01-0", "sent", STAFF)
    assert refused.value.status == 404


async def test_a_number_that_nobody_gave_out_leads_to_nothing(desk: Desk) -> None:
    assert await desk.referrals.look_up("ZJ-20261120-000099-01-0") is None
    with pytest.raises(CitizenError):
        await desk.referrals.send_again("ZJ-20261120-000099-01-0")


async def test_the_list_of_running_slips_has_the_overdue_ones_first(desk: Desk) -> None:
    late = await desk.sent(due_days=4)
    early = await desk.issue(due_days=1, wish="另一件")
    accepted = await desk.received(due_days=2, wish="第三件")
    await desk.answer(accepted, "accepted")
    ended = await desk.issue(wish="第四件")
    await desk.referrals.move(ended.number, "withdrawn", STAFF, "本人要求")
    desk.office.clock.turn_by(timedelta(days=6))
    found = await desk.referrals.open()
    assert [(slip.number, slip.overdue) for slip in found[:2]] == [(early.number, True), (late.number, True)]
    assert [(slip.number, slip.overdue) for slip in found[2:]] == [(accepted.number, False)]
    assert found[0].facts == ()
    assert "已逾期" in told_line(found[0])
    assert MEDIATION.name in told_line(found[0])


async def test_on_its_last_day_a_slip_is_not_overdue(desk: Desk) -> None:
    slip = await desk.sent()
    desk.office.clock.turn_by(timedelta(days=7))
    assert not (await desk.slip(slip.number)).overdue
    desk.office.clock.turn_by(timedelta(days=1))
    assert (await desk.slip(slip.number)).overdue


async def test_after_closing_what_happens_is_sealed(desk: Desk) -> None:
    slip = await desk.sent()
    await desk.close(slip.consultation)
    told = len(await desk.told(slip.consultation))
    await desk.answer(slip, "received")
    assert desk.office.sql("SELECT count(*) FROM leaves WHERE consultation = ?", slip.consultation) == [(2,)]
    assert len(await desk.told(slip.consultation)) == told
    again = await desk.issue(slip.consultation, wish="另一件")
    await desk.deliveries.carry_due()
    assert (await desk.slip(again.number)).standing == "sent"
    assert desk.office.sql("SELECT count(*) FROM leaves WHERE consultation = ?", slip.consultation) == [(4,)]


async def test_what_cannot_be_sealed_yet_stands_all_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_: str) -> str:
        raise OSError(28, "No space left on device")

    slip = await desk.sent()
    await desk.close(slip.consultation)
    monkeypatch.setattr(desk.referrals, "_seal", full)
    assert (await desk.answer(slip, "received")).standing == "received"


async def test_the_table_comes_back_from_the_journal(desk: Desk) -> None:
    first = await desk.received()
    await desk.issue(first.consultation, wish="另一件", way="hand")
    late = await desk.sent(due_days=1)
    desk.office.clock.turn_by(timedelta(days=5))
    assert await desk.referrals.remind_due() == 1
    await desk.close(late.consultation)
    await desk.answer(first, "accepted")
    before = {table: desk.office.sql(f"SELECT * FROM {table} ORDER BY 1") for table in ("slips", "tasks", "consultations", "deliveries")}
    assert len(before["slips"]) == 3
    await rebuild(desk.office.journal, desk.office.folder / "archive", desk.office.sealer)
    assert {table: desk.office.sql(f"SELECT * FROM {table} ORDER BY 1") for table in before} == before


async def test_what_is_in_the_table_is_held_against_the_journal(desk: Desk) -> None:
    slip = await desk.received()
    await desk.close(slip.consultation)
    await desk.answer(slip, "accepted")

    async def verified() -> Report:
        office = desk.office
        key = load_signer(office.folder / "keys").public_key()
        return await verify(office.journal, office.folder / "archive", key, keys=office.folder / "keys", pause=0)

    report = await verified()
    assert report.ok, report.text()
    async with desk.office.database.write() as connection:
        await connection.exec_driver_sql("UPDATE slips SET standing = 'done'")
    assert not (await verified()).ok


async def test_what_a_citizen_may_see_leaves_out_the_contents(desk: Desk) -> None:
    slip = await desk.received()
    await desk.answer(slip, "refused", "不属于调解范围")
    told = told_slip(await desk.slip(slip.number))
    assert (told["standing"], told["words"], told["note"]) == ("refused", "不予受理", "不属于调解范围")
    assert not [word for word in (PERSON, PHONE, DRAFT.wish) if word in str(told)]


async def test_the_journal_s_page_hides_the_number_to_call(desk: Desk) -> None:
    slip = await desk.sent()
    await desk.close(slip.consultation)
    page = next((desk.office.folder / "archive").rglob(f"{slip.consultation}.html")).read_text("utf-8")
    assert "尾号 3456" in page
    assert PHONE not in page
