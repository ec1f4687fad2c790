"""What all staff did: the list, its filters, what an auditor alone reads, and the export."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta

import pytest

from tests.desk.pages.desk import HOSTILE, PHONE, Desk
from zhixun.clock import ZONE
from zhixun.desk.audit import Asked
from zhixun.desk.lockout import Verdict, note_failure
from zhixun.messages import Event


async def _kinds(desk: Desk, asked: Asked) -> list[str]:
    return [act.kind for act in (await desk.audit.page(asked)).acts]


async def test_acts_in_and_outside_of_consultations_are_listed_the_newest_first(desk: Desk) -> None:
    auditor, clerk = await desk.enter("auditor"), await desk.enter("clerk", shown=HOSTILE)
    number = await desk.open("我的问题")
    await desk.daybook.note("looked", "clerk", {"about": number})
    await desk.add(number, Event("claimed", "staff:clerk", {"state": "staff", "operator": "clerk"}))
    await desk.add(number, Event("said", "staff:clerk", {"turn": 0, "kind": "staff"}, {"text": f"您的电话{PHONE}"}))
    page = await auditor.get("/desk/audit")
    assert page.status == 200
    assert page.words.index("答复咨询人 ZX") < page.words.index("接待 ZX") < page.words.index("查看 ZX")
    assert page.text.count(f'href="/desk/cases/{number}"') == 3
    assert HOSTILE not in page.text
    assert "&lt;script&gt;" in page.text
    assert "我的问题" not in page.words
    assert PHONE not in page.text
    assert (await clerk.get("/desk/audit")).status == 403


async def test_failed_sign_ins_locks_and_acts_at_the_machine_are_listed_too(desk: Desk) -> None:
    auditor = await desk.enter("auditor")
    await desk.accounts.add("lina", "clerk", by="")
    await note_failure(desk.daybook, "lina", "password", Verdict(right=False, locked_until="2026-11-20T09:00:00.000Z", locked_now=True))
    page = await auditor.get("/desk/audit")
    assert "lina 登录失败 — 错在 密码" in page.words
    assert "lina 账号锁定 — 锁定到 2026-11-20 17:00" in page.words
    assert "本机命令 添加账号 — 账号 lina；角色 坐席" in page.words
    assert await _kinds(desk, Asked()) == ["locked", "sign_in_failed", "account_made"]
    # The opening of the day book, and what the program did, are no acts.
    number = await desk.open("转人工", left=True)
    await desk.add(number, Event("returned", "zhixun", {"state": "queued", "reason": "lapsed"}))
    assert len(await _kinds(desk, Asked())) == 3


async def test_why_somebody_looked_is_opened_for_an_auditor_alone(desk: Desk) -> None:
    auditor, admin = await desk.enter("auditor"), await desk.enter("administrator")
    number = await desk.open("请回电")
    await desk.daybook.note("unmasked", "clerk", {"about": number}, {"why": f"核实{PHONE}和{HOSTILE}"})
    await desk.add(number, Event("noted", "staff:clerk", {"mentions": []}, {"text": "只给同事看的备注"}))
    read = await auditor.get("/desk/audit")
    assert "核实138****3456和" in read.words
    assert HOSTILE not in read.text
    other = await admin.get("/desk/audit")
    assert "核实" not in other.words
    assert "只对审计角色显示" in other.words
    assert "只给同事看的备注" not in read.words + other.words


async def test_a_slip_is_named_and_a_search_told_by_its_conditions(desk: Desk) -> None:
    auditor = await desk.enter("auditor")
    await desk.daybook.note("exported", "clerk", {"what": "slip", "about": "ZJ-20261120-000001-01-4"})
    await desk.daybook.note("searched", "clerk", {"found": 2}, {"query": {"words": f"王芳{PHONE}", "right": "专利"}})
    page = await auditor.get("/desk/audit")
    assert "导出 — 编号 ZJ-20261120-000001-01-4；转介单" in page.words
    assert "检索档案 — 找到 2 专利、王芳138****3456" in page.words
    assert "/desk/cases/ZJ" not in page.text
    assert await _kinds(desk, Asked(about="ZJ-20261120-000001-01-4")) == ["exported"]


async def test_acts_are_found_by_who_kind_consultation_and_day(desk: Desk) -> None:
    one, other = await desk.open("甲"), await desk.open("乙")
    await desk.daybook.note("looked", "clerk", {"about": one})
    await note_failure(desk.daybook, "lina", "code", Verdict(right=False))
    desk.clock.turn_to(datetime(2026, 11, 21, 0, 30, tzinfo=ZONE))
    await desk.daybook.note("unmasked", "lina", {"about": other, "request": "FW-20261120-000002-01-6"})
    await desk.daybook.note("printed", "lina", {"what": "call_list", "about": [one, other]})
    await desk.add(one, Event("labelled", "staff:lina", {"add": ["专利"], "remove": []}))
    found = {
        "who": await _kinds(desk, Asked(who="lina")), "kind": await _kinds(desk, Asked(kinds=("looked", "sign_in_failed"))),
        "about": await _kinds(desk, Asked(about=one)), "request": await _kinds(desk, Asked(about="FW-20261120-000002-01-6")),
        "since": await _kinds(desk, Asked(since=date(2026, 11, 21))), "until": await _kinds(desk, Asked(until=date(2026, 11, 20))),
        "both": await _kinds(desk, Asked(who="clerk", since=date(2026, 11, 21))),
    }  # fmt: skip
    assert found == {
        "who": ["labelled", "printed", "unmasked", "sign_in_failed"], "kind": ["sign_in_failed", "looked"],
        "about": ["labelled", "printed", "looked"], "request": ["unmasked"], "since": ["labelled", "printed", "unmasked"],
        "until": ["sign_in_failed", "looked"], "both": [],
    }  # fmt: skip


async def test_the_page_filters_by_its_address(desk: Desk) -> None:
    auditor = await desk.enter("auditor")
    number = await desk.open("甲")
    await desk.daybook.note("looked", "clerk", {"about": number})
    await desk.daybook.note("signed_out", "clerk", {})
    page = await auditor.get(f"/desk/audit?about={number.lower()}&who=clerk&kind=looked&since=2026-11-20&until=2026-11-20")
    assert "查看 ZX" in page.words
    assert "clerk 退出" not in page.words
    assert f"/desk/audit/export?who=clerk&amp;kind=looked&amp;about={number.lower()}&amp;since=2026-11-20&amp;until=2026-11-20" in page.text
    assert "没有符合条件的记录" in (await auditor.get("/desk/audit?who=nobody")).words


@pytest.mark.parametrize(
    ("query", "told"),
    [("about=ZX-1%25", "完整的咨询编号"), ("since=soon", "按年-月-日"), ("until=9999-12-31", "2000 年到 2100 年")],
)  # fmt: skip
async def test_a_condition_that_is_wrong_is_told(desk: Desk, query: str, told: str) -> None:
    auditor = await desk.enter("auditor")
    page = await auditor.get(f"/desk/audit?{query}")
    assert page.status == 422
    assert told in page.words
    assert 'aria-invalid="true"' in page.text
    assert (await auditor.get(f"/desk/audit/export?{query}")).status == 400
    assert await desk.notes("exported") == []


async def test_pages_follow_each_other_without_gap_or_overlap(desk: Desk) -> None:
    for index in range(7):
        await desk.daybook.note("looked", "clerk", {"about": f"{index}"})
        if index % 3 == 0:
            await note_failure(desk.daybook, "lina", "password", Verdict(right=False))
    whole = [act.id for act in (await desk.audit.page(Asked())).acts]
    assert len(whole) == 10
    assert whole == sorted(whole, reverse=True)
    for most in (1, 2, 3, 5, 9, 10):
        parts, before = [], 0
        while True:
            page = await desk.audit.page(Asked(), before=before, most=most)
            parts += [act.id for act in page.acts]
            before = page.before
            if not before:
                break
        assert parts == whole, most


async def test_the_way_leads_to_older_acts_and_back(desk: Desk) -> None:
    auditor = await desk.enter("auditor")
    number = await desk.open("甲")
    await desk.add(number, *(Event("labelled", "staff:clerk", {"add": [f"第{index}个"], "remove": []}) for index in range(51)))
    first = await auditor.get("/desk/audit?who=clerk")
    assert "第0个" not in first.words
    older = await auditor.get(f"/desk/audit?who=clerk&before={(await desk.audit.page(Asked(who='clerk'))).before}")
    assert older.words.count("改标签 ZX") == 1
    assert "第0个" in older.words
    assert 'href="/desk/audit?who=clerk"' in older.text
    assert (await auditor.get("/desk/audit?before=x")).words.count("改标签 ZX") == 50


async def test_the_export_is_whole_harmless_and_noted_first(desk: Desk) -> None:
    auditor = await desk.enter("auditor", shown="=HYPERLINK(1)")
    number = await desk.open("甲")
    await desk.add(number, *(Event("labelled", "staff:clerk", {"add": [f"第{index}个"], "remove": []}) for index in range(501)))
    await desk.daybook.note("unmasked", "clerk", {"about": number}, {"why": "核实\n=1+1"})
    answer = await auditor.get("/desk/audit/export?since=2026-11-20")
    assert answer.status == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-20261120.csv"'
    assert answer.text.startswith("\ufeff时间,")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == 1 + 1 + 1 + 501
    assert rows[1][1:] == ["'=HYPERLINK(1)", "auditor", "导出", "", "操作记录；格式 csv；条件 2026-11-20", ""]
    assert rows[2] == ["2026-11-20 10:00", "clerk", "clerk", "查看完整号码", number, "", "核实\n=1+1"]
    assert len({tuple(row) for row in rows}) == len(rows)
    told = {"what": "audit", "format": "csv", "filters": {"since": "2026-11-20"}}
    assert await desk.notes("exported") == [("exported", "staff:auditor", told, None)]


async def test_an_administrator_exports_without_what_was_written(desk: Desk) -> None:
    admin, reviewer = await desk.enter("administrator"), await desk.enter("reviewer")
    await desk.daybook.note("unmasked", "clerk", {"about": "ZX-1"}, {"why": "核实"})
    assert "核实" not in (await admin.get("/desk/audit/export")).text
    assert (await reviewer.get("/desk/audit/export")).status == 403
    assert (await desk.send("GET", "/desk/audit/export")).to == "/desk/login"


async def test_the_index_of_acts_is_used(desk: Desk) -> None:
    for _ in range(5):
        await desk.daybook.note("signed_out", "clerk", {})
    with desk.counted() as asked:
        await desk.audit.page(Asked(who="clerk", since=date(2026, 11, 20)), before=99, most=3)
    (by_staff,) = [statement for statement in asked if "LIKE 'staff:%'" in statement]
    values = [0] * by_staff.count("?")
    plan = " ".join(str(row[3]) for row in desk.sql(f"EXPLAIN QUERY PLAN {by_staff}", *values))
    assert "USING INDEX journal_staff" in plan


async def test_a_page_costs_a_few_questions(desk: Desk) -> None:
    auditor = await desk.enter("auditor")
    for number in await desk.open_many(60, "甲"):
        await desk.add(number, Event("transferred", "staff:clerk", {"state": "queued", "to": "", "team": ""}, {"reason": "请接手"}))
    desk.clock.turn_by(timedelta(minutes=1))
    with desk.counted() as asked:
        page = await auditor.get("/desk/audit")
    assert page.words.count("请接手") == 50
    assert len([statement for statement in asked if statement.startswith("SELECT")]) <= 5
