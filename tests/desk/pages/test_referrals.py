"""Referrals at the desk: agencies are proposed, a slip wants consent, what became of it is followed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.desk.whole import Staff, Whole, whole_desk
from tests.support import Office
from zhixun.messages import EngineTurn, Reply

PHONE = "13897123456"
HOSTILE = "<script>alert(1)</script>"
FORM = {"facts": "权利：注册商标\n对方：某店", "evidence": "商标注册证", "wish": "希望调解", "way": "hand", "due_days": "7"}
NAMED = {"agency_name": "西宁市某人民调解委员会（演示）", "agency_contact": "0971-0000000（演示）"}
AGREED = {"consent": "yes", "how": "11月20日在线答复同意"}


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as opened:
        office.engine.answers["商标被侵权怎么办"] = EngineTurn("answered", (Reply("可以调解。", knowledge=("tm-infringed",)),))
        yield opened


async def _issued(whole: Whole, wang: Staff, **more: str) -> tuple[str, str]:
    number = await whole.queued("商标被侵权怎么办")
    await whole.office.turns.say(number, PHONE)
    await wang.post(f"/desk/cases/{number}/claim")
    answer = await wang.post(f"/desk/cases/{number}/refer", {"agency": "mediation-people", **FORM, **NAMED, **AGREED, **more})
    assert answer.status == 303, answer.words
    return number, answer.to.removeprefix("/desk/referrals/").partition("?")[0]


async def test_the_right_agencies_are_proposed_with_what_is_to_be_checked(whole: Whole) -> None:
    wang = await whole.enter()
    number, _ = await whole.claimed(wang, "商标被侵权怎么办")
    page = await wang.get(f"/desk/cases/{number}/refer")
    assert {"待核实", "转给它"} <= set(page.words.split())
    form = await wang.get(f"/desk/cases/{number}/refer?agency=mediation-people")
    assert "开具前请向当事人说明并取得单独同意" in form.words
    assert "接收机构的准确名称" in form.words
    assert (await wang.get(f"/desk/cases/{number}/refer?agency=gone")).status == 400


async def test_without_consent_there_is_no_slip_and_what_was_written_stays(whole: Whole) -> None:
    wang = await whole.enter()
    number, _ = await whole.claimed(wang, "商标被侵权怎么办")
    answer = await wang.post(f"/desk/cases/{number}/refer", {"agency": "mediation-people", **FORM, **NAMED, "how": "", "wish": HOSTILE})
    assert answer.status == 422
    assert "同意" in answer.words
    assert HOSTILE not in answer.text
    assert "某店" in answer.text
    assert whole.office.sql("SELECT count(*) FROM slips") == [(0,)]


async def test_a_slip_is_issued_told_to_the_citizen_and_printed(whole: Whole) -> None:
    wang = await whole.enter()
    number, slip = await _issued(whole, wang)
    page = await wang.get(f"/desk/referrals/{slip}")
    assert {"已开具", "商标注册证", "希望调解"} <= set(page.words.split())
    assert PHONE not in page.text
    said = [entry.private["text"] for entry in await whole.office.entries(number) if entry.kind == "said" and entry.private]
    assert slip in said[-1]
    paper, document = await wang.get(f"/desk/referrals/{slip}/paper"), await wang.get(f"/desk/referrals/{slip}/docx")
    assert slip in paper.text
    assert document.headers["Content-Disposition"] == f'attachment; filename="{slip}.docx"'
    assert [kind for kind, *_ in await whole.notes("printed", "exported")] == ["printed", "exported"]
    assert slip in (await wang.get("/desk/referrals")).text
    assert slip in (await wang.get(f"/desk/cases/{number}")).text


async def test_the_number_goes_along_only_when_agreed_to(whole: Whole) -> None:
    wang = await whole.enter()
    number, slip = await _issued(whole, wang, with_contact="yes")
    shown = (await wang.get(f"/desk/referrals/{slip}")).text
    assert (PHONE in shown, "138****3456" in shown) == (False, True)
    assert ("looked", "staff:clerk", {"about": number, "slip": slip}, None) in await whole.notes("looked")
    assert PHONE in (await wang.get(f"/desk/referrals/{slip}/paper")).text


async def test_its_way_is_followed_and_nothing_is_left_out(whole: Whole) -> None:
    wang = await whole.enter()
    number, slip = await _issued(whole, wang)
    skipped = await wang.post(f"/desk/referrals/{slip}", {"standing": "done", "said": "办了"})
    assert (skipped.status, "不能改为" in skipped.words) == (422, True)
    for standing in ("sent", "received", "accepted"):
        assert (await wang.post(f"/desk/referrals/{slip}", {"standing": standing})).status == 303
    wordless = await wang.post(f"/desk/referrals/{slip}", {"standing": "done", "said": ""})
    assert wordless.status == 422
    assert (await wang.post(f"/desk/referrals/{slip}", {"standing": "done", "said": "达成协议"})).status == 303
    assert "达成协议" in (await wang.get(f"/desk/referrals/{slip}")).words
    assert slip not in (await wang.get("/desk/referrals")).text
    (task,) = [task for task in await whole.desk.casework.tasks(number) if task.kind == "referral"]
    assert (task.subject, task.standing) == (slip, "open")


async def test_the_register_says_what_nobody_has_confirmed(whole: Whole) -> None:
    auditor = await whole.enter("auditor")
    page = await auditor.get("/desk/referrals/agencies")
    assert {"待核实", "已核实", "人民法院", "海关"} <= set(page.words.split())


async def test_who_only_reads_issues_nothing(whole: Whole) -> None:
    wang, auditor = await whole.enter(), await whole.enter("auditor")
    number, slip = await _issued(whole, wang)
    assert (await auditor.post(f"/desk/cases/{number}/refer", {"agency": "mediation-people", **FORM, **NAMED, **AGREED})).status == 403
    assert (await auditor.post(f"/desk/referrals/{slip}", {"standing": "withdrawn", "said": "x"})).status == 403
    assert (await auditor.get("/desk/referrals/ZJ-20261120-000001-99-9")).status == 404
