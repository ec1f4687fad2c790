"""Call-backs and follow-ups: what is listed, the number to call, how it went, and the list for paper."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from tests.desk.pages.desk import HOSTILE, MASKED, PHONE, Desk
from zhixun.clock import ZONE, stamp
from zhixun.messages import Event


def _at(day: int, hour: int) -> str:
    return stamp(datetime(2026, 11, day, hour, tzinfo=ZONE))


def _task(desk: Desk, number: str) -> str:
    return str(desk.sql("SELECT id FROM tasks WHERE consultation = ?", number)[0][0])


async def test_an_empty_list_says_so(desk: Desk) -> None:
    clerk = await desk.enter()
    page = await clerk.get("/desk/tasks")
    assert page.status == 200
    assert "没有要办的任务" in page.words
    assert "打印电话单" not in page.words
    assert await desk.tasks.counts() == {"/desk/tasks": 0}


async def test_what_is_overdue_stands_on_top_then_today_then_later(desk: Desk) -> None:
    clerk = await desk.enter()
    later = await desk.open("以后的", left=True, due=_at(23, 11))
    today = await desk.open("今天的", left=True, due=_at(20, 17))
    over = await desk.open("超时的", left=True, due=_at(20, 9))
    await desk.casework.plan(later, "clerk", "visit", "2026-11-20", "到企业看看")
    page = await clerk.get("/desk/tasks")
    order = [page.text.index(f'id="{task.replace("/", "-")}"') for task in (_task(desk, over), _task(desk, today), _task(desk, later))]
    assert order == sorted(order)
    assert all(words in page.words for words in ("已超时（1）", "今天到期（2）", "以后（1）"))
    assert "到企业看看" in page.words
    assert await desk.tasks.counts() == {"/desk/tasks": 1}


async def test_a_day_is_over_only_when_it_has_ended(desk: Desk) -> None:
    number = await desk.open("问一下")
    await desk.casework.plan(number, "clerk", "other", "2026-11-20", "问问进展")
    desk.clock.turn_to(datetime(2026, 11, 20, 23, 59, tzinfo=ZONE))
    assert await desk.tasks.counts() == {"/desk/tasks": 0}
    desk.clock.turn_to(datetime(2026, 11, 21, 0, 1, tzinfo=ZONE))
    assert await desk.tasks.counts() == {"/desk/tasks": 1}


async def test_a_call_back_shows_the_last_words_and_hides_the_number(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.open("第一句", "第二句", f"打{PHONE}", HOSTILE, phone=PHONE, left=True)
    page = await clerk.get("/desk/tasks")
    assert MASKED in page.words
    assert PHONE not in page.text
    assert "第二句" not in page.words
    assert HOSTILE not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert f"/desk/cases/{number}" in page.text


async def test_showing_the_number_is_noted(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.open("请回电", phone=PHONE, left=True)
    other = await desk.open("也请回电", phone="13900001111", left=True)
    task = _task(desk, number)
    shown = await clerk.post(f"/desk/tasks/{task}/contact")
    assert shown.status == 200
    assert PHONE in shown.words
    assert "13900001111" not in shown.text
    part = await clerk.post(f"/desk/tasks/{_task(desk, other)}/contact", HX_Request="true")
    assert part.words.split() == ["13900001111"]
    assert 'href="tel:13900001111"' in part.text
    assert await desk.notes("unmasked") == [
        ("unmasked", "staff:clerk", {"about": number, "task": task}, None),
        ("unmasked", "staff:clerk", {"about": other, "task": _task(desk, other)}, None),
    ]


async def test_the_result_is_kept_and_the_task_done(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.open("请回电", phone=PHONE, left=True)
    task = _task(desk, number)
    saved = await clerk.post(f"/desk/tasks/{task}?view=mine", {"result": "done", "words": "已经说清楚了", "again": ""})
    assert (saved.status, saved.to) == (303, "/desk/tasks?view=mine&done=followed_up")
    last = (await desk.read(number))[-1]
    assert (last.kind, last.actor, last.open["result"], last.private) == ("followed_up", "staff:clerk", "done", {"words": "已经说清楚了"})
    assert "没有要办的任务" in (await clerk.get("/desk/tasks?done=followed_up")).words
    assert "结果已记录" in (await clerk.get("/desk/tasks?done=followed_up")).words
    done = await clerk.get("/desk/tasks?view=done")
    assert "已联系并解决，已经说清楚了" in done.words
    assert "记录结果" not in done.words
    again = await clerk.post(f"/desk/tasks/{task}", {"result": "done", "words": "又说一遍"})
    assert again.status == 409
    assert "已经办结" in again.words


async def test_who_does_not_answer_is_called_another_day(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.open("请回电", phone=PHONE, left=True)
    await clerk.post(f"/desk/tasks/{_task(desk, number)}", {"result": "no_answer", "words": "响了没人接", "again": "2026-11-23"})
    page = await clerk.get("/desk/tasks?view=mine")
    assert "以后（1）" in page.words
    assert "已联系 1 次" in page.words
    assert "Clerk：无人接听，响了没人接" in page.words


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ({"result": "", "words": "说了"}, "result", "请选择结果"),
        ({"result": "done", "words": " "}, "words", "请写明情况"),
        ({"result": "no_answer", "words": HOSTILE, "again": ""}, "again", "请选择日期"),
        ({"result": "open", "words": "再约", "again": "2026-11-19"}, "again", "日期不能早于今天"),
    ],
)  # fmt: skip
async def test_a_form_that_is_wrong_is_drawn_again_with_what_was_written(desk: Desk, given: dict[str, str], field: str, told: str) -> None:
    clerk = await desk.enter()
    number = await desk.open("请回电", phone=PHONE, left=True)
    task = _task(desk, number)
    page = await clerk.post(f"/desk/tasks/{task}", given)
    assert page.status == 422
    anchor = task.replace("/", "-")
    assert re.search(rf'id="error-{field}-{anchor}"[^<]*<svg.*?</svg><span class="hidden">错误：</span>[^<]*{told}', page.text, re.DOTALL)
    assert "<details open>" in page.text
    if given["words"].strip():
        assert f">{'&lt;script&gt;' if given['words'] == HOSTILE else given['words']}" in page.text
    if given["result"]:
        assert re.search(rf'value="{given["result"]}" checked', page.text)
    assert [entry.kind for entry in await desk.read(number) if entry.kind == "followed_up"] == []


async def test_after_a_request_the_question_of_its_service_is_asked(desk: Desk) -> None:
    clerk = await desk.enter()
    request = await desk.ask()
    for standing in ("accepted", "done"):
        await desk.book.move(request, standing, "staff:clerk")
    page = await clerk.get("/desk/tasks")
    assert "检索结果有没有用上？" in page.words
    assert f'<a href="/desk/requests/{request}">专利信息检索</a>' in page.text
    assert MASKED in page.words
    assert "以后（1）" in page.words


async def test_a_call_back_goes_to_the_number_that_was_left_for_it(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.open("请回电", phone="13900001111", left=True)
    await desk.add(number, Event("contact_left", "citizen", {"what": "phone", "turn": 2, "for": "request"}, {"phone": PHONE}))
    part = await clerk.post(f"/desk/tasks/{_task(desk, number)}/contact", HX_Request="true")
    assert part.words.split() == ["13900001111"]


async def test_lists_can_be_narrowed(desk: Desk) -> None:
    clerk = await desk.enter()
    one, other = await desk.open("甲", left=True), await desk.open("乙")
    await desk.casework.plan(other, "clerk", "visit", "2026-11-20", "走访", owner="clerk")
    by_kind = await clerk.get("/desk/tasks?kind=visit")
    assert (one in by_kind.text, other in by_kind.text) == (False, True)
    mine = await clerk.get("/desk/tasks?view=mine")
    assert (one in mine.text, other in mine.text) == (False, True)
    by_number = await clerk.get(f"/desk/tasks?number={one.lower()}")
    assert (one in by_number.text, other in by_number.text) == (True, False)
    strange = await clerk.get("/desk/tasks?view=%3Cb%3E&kind=nothing")
    assert (one in strange.text, other in strange.text) == (True, True)


async def test_the_list_for_paper_has_the_numbers_and_is_noted(desk: Desk) -> None:
    clerk = await desk.enter()
    one, other = await desk.open("请回电", phone=PHONE, left=True), await desk.open("没留号码", left=True)
    assert (await clerk.get("/desk/tasks/print")).status in (404, 405)
    paper = await clerk.post("/desk/tasks/print")
    assert paper.status == 200
    assert PHONE in paper.words
    assert other in paper.words
    assert await desk.notes("printed") == [("printed", "staff:clerk", {"what": "call_list", "about": [one]}, None)]


async def test_what_was_erased_leaves_the_task_without_words(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.open("请回电", phone=PHONE, left=True)
    async with desk.database.write() as connection:
        await desk.journal.keyring.destroy(connection, number)
    page = await clerk.get("/desk/tasks")
    assert page.status == 200
    assert "没有留号码" in page.words


async def test_a_hundred_tasks_cost_a_few_questions(desk: Desk) -> None:
    clerk = await desk.enter()
    await desk.open_many(105, "请回电", phone=PHONE, left=True)
    with desk.counted() as asked:
        page = await clerk.get("/desk/tasks")
    assert page.text.count("记录结果") == 100
    assert "还有 5 项没有列出" in page.words
    assert len([statement for statement in asked if statement.startswith("SELECT")]) <= 6


async def test_an_auditor_reads_and_does_nothing(desk: Desk) -> None:
    auditor = await desk.enter("auditor")
    number = await desk.open("请回电", phone=PHONE, left=True)
    page = await auditor.get("/desk/tasks")
    assert MASKED in page.words.split()
    assert not {"记录结果", "显示号码", "打印电话单"} & set(page.words.split())
    for path in (f"/desk/tasks/{_task(desk, number)}", f"/desk/tasks/{_task(desk, number)}/contact", "/desk/tasks/print"):
        refused = await auditor.post(path, {"result": "done", "words": "x"})
        assert refused.status == 403
        assert PHONE not in refused.text


async def test_without_proof_or_session_nothing_is_done(desk: Desk) -> None:
    clerk = await desk.enter()
    number = await desk.open("请回电", phone=PHONE, left=True)
    for path in (f"/desk/tasks/{_task(desk, number)}", f"/desk/tasks/{_task(desk, number)}/contact", "/desk/tasks/print"):
        assert (await clerk.post(path, {"result": "done", "words": "x"}, csrf=False)).status == 403
        assert (await desk.send("POST", path)).to == "/desk/login"
    assert (await desk.send("GET", "/desk/tasks")).to == "/desk/login"
    assert await desk.notes("unmasked", "printed") == []


@pytest.mark.parametrize("task", [f"ZX-20261120-000009-9/{seq}" for seq in ("3", "x", "٣", "99999999999")])
async def test_a_task_that_is_not_there(desk: Desk, task: str) -> None:
    clerk = await desk.enter()
    for path in (f"/desk/tasks/{task}", f"/desk/tasks/{task}/contact"):
        page = await clerk.post(path, {"result": "done", "words": "x"})
        assert page.status == 404
        assert "没有这项任务" in page.words


async def test_an_hour_makes_the_badge(desk: Desk) -> None:
    await desk.open("请回电", left=True, due=_at(20, 11))
    assert await desk.tasks.counts() == {"/desk/tasks": 0}
    desk.clock.turn_by(timedelta(hours=1, seconds=1))
    assert await desk.tasks.counts() == {"/desk/tasks": 1}


async def test_a_colleague_s_call_for_attention_is_a_task_without_a_telephone(desk: Desk) -> None:
    clerk, lina = await desk.enter(), await desk.enter("clerk", "lina")
    number = await desk.open("请看一下")
    await desk.casework.note(number, "clerk", "@lina 年费减缴的事请您看一下", ["lina"])
    page = await lina.get("/desk/tasks?view=mine")
    assert "同事提醒" in page.words
    assert "@lina 年费减缴的事请您看一下" in page.words
    assert "已处理" in page.words
    assert "号码不对" not in page.words
    assert "没有要办的任务" in (await clerk.get("/desk/tasks?view=mine")).words
    assert (await lina.post(f"/desk/tasks/{_task(desk, number)}", {"result": "done", "words": "看过了"})).status == 303
