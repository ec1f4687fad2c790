"""Requests for services: all that run, one of them, showing its numbers, and carrying it on."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.desk.pages.desk import HOSTILE, MASKED, PHONE, TEAMS, Desk, Person
from zhixun.clock import ZONE


async def _accepted(desk: Desk, clerk: Person) -> str:
    number = await desk.ask()
    moved = await clerk.post(f"/desk/requests/{number}", {"standing": "accepted", "note": "", "owner": "clerk"})
    assert moved.status == 303
    return number


async def test_nothing_is_asked_for_at_first(desk: Desk) -> None:
    clerk = await desk.enter()
    page = await clerk.get("/desk/requests")
    assert page.status == 200
    assert "没有符合条件的申请" in page.words
    assert await desk.requests.counts() == {"/desk/requests": 0}


async def test_a_running_request_is_listed_with_what_matters(desk: Desk) -> None:
    clerk = await desk.enter()
    plain = await desk.ask("1")
    again = await desk.ask("2", honour="高新技术企业")
    page = await clerk.get("/desk/requests")
    assert page.text.index(f'href="/desk/requests/{again}"') < page.text.index(f'href="/desk/requests/{plain}"')
    assert "优先：高新技术企业" in page.words
    assert "可能重复" in page.words
    assert "限 11-24 12:00" in page.words
    assert "已收到，等待受理" in page.words
    assert "王芳" not in page.words


async def test_the_time_is_told_as_it_runs_out(desk: Desk) -> None:
    clerk = await desk.enter()
    await desk.ask()
    assert '<tr data-row class="">' in (await clerk.get("/desk/requests")).text
    desk.clock.turn_to(datetime(2026, 11, 23, 17, 0, tzinfo=ZONE))
    assert '<tr data-row class="warn">' in (await (await desk.enter()).get("/desk/requests")).text
    assert await desk.requests.counts() == {"/desk/requests": 0}
    desk.clock.turn_to(datetime(2026, 11, 24, 12, 1, tzinfo=ZONE))
    page = await (await desk.enter()).get("/desk/requests?view=over")
    assert '<tr data-row class="over">' in page.text
    assert "已过 11-24 12:00" in page.words
    assert await desk.requests.counts() == {"/desk/requests": 1}


async def test_lists_can_be_narrowed(desk: Desk) -> None:
    clerk = await desk.enter()
    mine = await _accepted(desk, clerk)
    other = await desk.ask("2", name="李四", phone="13900001111", honour="高新技术企业")
    found = {
        query: [number for number in (mine, other) if f'/desk/requests/{number}"' in (await clerk.get(f"/desk/requests?{query}")).text]
        for query in ("view=mine", "standing=received", "first=yes", f"team={TEAMS[1]}", f"team={TEAMS[0]}", "view=over", "view=%3Cb%3E")
    }
    assert found == {
        "view=mine": [mine], "standing=received": [other], "first=yes": [other], f"team={TEAMS[1]}": [mine, other], f"team={TEAMS[0]}": [],
        "view=over": [], "view=%3Cb%3E": [mine, other],
    }  # fmt: skip


async def test_an_ended_request_is_found_by_its_number(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.ask()
    await desk.book.move(number, "declined", "staff:clerk", note="不在服务范围")
    assert number not in (await clerk.get("/desk/requests")).text
    assert (await clerk.get(f"/desk/requests?q={number.lower()}")).to == f"/desk/requests/{number}"
    page = await clerk.get(f"/desk/requests/{number}")
    assert "不在服务范围" in page.words
    assert 'name="standing"' not in page.text
    missing = await clerk.get("/desk/requests?q=FW-1")
    assert "没有申请 FW-1" in missing.words
    assert (await clerk.get("/desk/requests/FW-20261120-000009-01-1")).status == 404


async def test_one_shows_its_fields_with_numbers_hidden_and_looking_is_noted(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.ask(subject=HOSTILE)
    page = await clerk.get(f"/desk/requests/{number}")
    assert {"王芳", MASKED} <= set(page.words.split())
    assert PHONE not in page.text
    assert HOSTILE not in page.text
    assert "&lt;script&gt;" in page.text
    found = await desk.book.look_up(number)
    assert found is not None
    assert f"/desk/cases/{found.consultation}" in page.text
    assert await desk.notes("looked") == [("looked", "staff:clerk", {"about": found.consultation, "request": number}, None)]


async def test_who_has_it_sees_everything_and_needs_no_note(desk: Desk) -> None:
    clerk, other = await desk.enter(), await desk.enter("clerk", "lina")
    number = await _accepted(desk, clerk)
    assert PHONE in (await clerk.get(f"/desk/requests/{number}")).words
    assert await desk.notes("looked") == []
    assert PHONE not in (await other.get(f"/desk/requests/{number}")).text


async def test_others_see_the_numbers_for_a_reason_that_is_kept(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.ask()
    refused = await clerk.post(f"/desk/requests/{number}/unmask", {"why": " "})
    assert refused.status == 422
    assert "请写明查看完整内容的原因" in refused.words
    assert PHONE not in refused.text
    assert await desk.notes("unmasked") == []
    shown = await clerk.post(f"/desk/requests/{number}/unmask", {"why": "要打电话核实"})
    assert shown.status == 200
    assert PHONE in shown.words
    consultation = (await desk.book.look_up(number)).consultation  # type: ignore[union-attr]
    told = {"about": consultation, "request": number}
    assert await desk.notes("unmasked") == [("unmasked", "staff:clerk", told, {"why": "要打电话核实"})]


async def test_each_step_is_offered_where_it_may_go_and_kept_in_the_history(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.ask()
    page = await clerk.get(f"/desk/requests/{number}")
    assert [verb for verb in ("受理", "开始办理", "办结") if f"<span>{verb}</span></button>" in page.text] == ["受理"]
    moved = await clerk.post(f"/desk/requests/{number}", {"standing": "accepted", "note": "请带营业执照", "owner": "clerk"})
    assert (moved.status, moved.to) == (303, f"/desk/requests/{number}?done=moved")
    page = await clerk.get(moved.to)
    assert "申请状态已更新" in page.words
    assert "已受理 Clerk" in page.words
    assert "请带营业执照" in page.words
    assert [verb for verb in ("受理", "开始办理", "办结") if f"<span>{verb}</span></button>" in page.text] == ["开始办理", "办结"]
    assert desk.sql("SELECT standing, owner FROM requests") == [("accepted", "clerk")]


@pytest.mark.parametrize("standing", ["returned", "declined"])
async def test_going_back_or_declining_needs_words(desk: Desk, standing: str) -> None:
    clerk = await desk.enter()
    number = await desk.ask()
    refused = await clerk.post(f"/desk/requests/{number}", {"standing": standing, "note": "  ", "owner": "clerk"})
    assert refused.status == 422
    assert 'id="error-note"' in refused.text
    assert 'value="clerk" selected' in refused.text
    assert desk.sql("SELECT standing FROM requests") == [("received",)]
    moved = await clerk.post(f"/desk/requests/{number}", {"standing": standing, "note": HOSTILE})
    assert moved.status == 303
    assert HOSTILE not in (await clerk.get(f"/desk/requests/{number}")).text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"standing": "nowhere"}, "请按一个办理按钮"), ({}, "请按一个办理按钮"),
        ({"standing": "accepted", "note": "长" * 1001}, "说明最多 1000 字"),
        ({"standing": "accepted", "owner": "nobody"}, "请从在职的同事里选择负责人"),
        ({"standing": "accepted", "owner": "auditor"}, "请从在职的同事里选择负责人"),
    ],
)  # fmt: skip
async def test_a_step_that_is_wrong_is_told_and_not_taken(desk: Desk, given: dict[str, str], told: str) -> None:
    clerk, _ = await desk.enter(), await desk.enter("auditor")
    number = await desk.ask()
    page = await clerk.post(f"/desk/requests/{number}", given)
    assert page.status == 422
    assert told in page.words
    assert desk.sql("SELECT standing, owner FROM requests") == [("received", "")]


async def test_who_was_slower_sees_how_it_stands_now(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await _accepted(desk, clerk)
    late = await clerk.post(f"/desk/requests/{number}", {"standing": "accepted"})
    assert late.status == 409
    assert "不能改为“已受理”" in late.words
    assert "<span>开始办理</span></button>" in late.text


async def test_what_was_erased_is_said_to_be(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.ask()
    consultation = (await desk.book.look_up(number)).consultation  # type: ignore[union-attr]
    async with desk.database.write() as connection:
        await desk.journal.keyring.destroy(connection, consultation)
    page = await clerk.get(f"/desk/requests/{number}")
    assert "填写的内容已按请求删除" in page.words
    assert "unmask" not in page.text


async def test_an_auditor_reads_and_does_nothing(desk: Desk) -> None:
    auditor = await desk.enter("auditor")
    number = await desk.ask()
    page = await auditor.get(f"/desk/requests/{number}")
    assert 'name="standing"' not in page.text
    assert (await auditor.post(f"/desk/requests/{number}", {"standing": "accepted"})).status == 403
    assert PHONE in (await auditor.post(f"/desk/requests/{number}/unmask", {"why": "抽查"})).words


async def test_without_proof_or_session_nothing_is_done(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.ask()
    for path in (f"/desk/requests/{number}", f"/desk/requests/{number}/unmask"):
        assert (await clerk.post(path, {"standing": "accepted", "why": "x"}, csrf=False)).status == 403
        assert (await desk.send("POST", path)).to == "/desk/login"
        assert (await clerk.post(path, {"standing": "accepted", "why": "x"}, Sec_Fetch_Site="cross-site")).status == 403
    assert desk.sql("SELECT standing FROM requests") == [("received",)]
    assert await desk.notes("unmasked") == []


async def test_many_requests_cost_a_few_questions(desk: Desk) -> None:
    clerk = await desk.enter()
    for index in range(30):
        await desk.ask(str(index), phone=f"139{index:08d}")
    desk.clock.turn_by(timedelta(minutes=1))
    with desk.counted() as asked:
        page = await clerk.get("/desk/requests")
    assert page.text.count("<tr data-row") == 30
    assert len([statement for statement in asked if statement.startswith("SELECT")]) <= 4
