"""The pages of learning: a round from the first question to the certificate, and who sees what of whom."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.desk.whole import Staff, Whole, whole_desk
from tests.support import Office


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as opened:
        yield opened


async def _begun(who: Staff) -> str:
    begun = await who.post("/desk/learning")
    assert begun.status == 303
    return begun.to


def _answers(whole: Whole, path: str, mistakes: int = 0) -> dict[str, str]:
    ((sheet,),) = whole.office.sql("SELECT sheet FROM quizzes WHERE id = ?", int(path.rpartition("/")[2]))
    items = json.loads(str(sheet))
    return {
        f"q{place}": str((item["right"] + (place <= mistakes)) % len(item["choices"])) for place, item in enumerate(items, 1)
    }  # fmt: skip


async def _passed(whole: Whole, who: Staff) -> str:
    path = await _begun(who)
    assert (await who.post(path, _answers(whole, path))).to == path
    return path


async def test_a_round_from_its_first_question_to_its_certificate(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    assert "还没有通过" in (await wang.get("/desk/learning")).words
    path = await _begun(wang)
    asked = await wang.get(path)
    assert asked.text.count("<fieldset class=\"field\" id=\"q") == 20
    assert "正确的：" not in asked.words
    answers = _answers(whole, path, mistakes=2)
    assert (await wang.post(path, answers)).to == path
    shown = await wang.get(path)
    assert "20 题答对 18 题" in shown.words
    assert shown.words.count("您选的：") == 2
    assert shown.text.count('class="badge good"') >= 18
    assert shown.words.count("《") >= 20
    home = await wang.get("/desk/learning")
    assert "2026-11-20，20 题答对 18 题" in home.words
    paper = await wang.get(f"{path}/certificate")
    assert "Wang （wang）于 2026 年 11 月 20 日参加上岗前培训测验，20 题答对 18 题" in paper.words
    assert [note[2]["result"] for note in await whole.notes("quiz_done")] == ["passed"]
    assert [note[2] for note in await whole.notes("printed")] == [{"what": "certificate", "quiz": 1, "names": ["wang"]}]


async def test_who_leaves_out_a_question_is_told_which_and_keeps_the_others(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    path = await _begun(wang)
    answers = _answers(whole, path)
    for wrong in ("", "9", "-1", "x"):
        page = await wang.post(path, {**answers, "q3": wrong})
        assert page.status == 422
        assert page.text.count('id="error-q') == 1
        assert 'id="error-q3"' in page.text
        assert page.text.count(" checked>") == 19
        assert "还有 1 题没有答" in page.words
    assert await whole.notes("quiz_done") == []


async def test_a_round_that_is_not_passed_has_no_certificate(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    path = await _begun(wang)
    await wang.post(path, _answers(whole, path, mistakes=5))
    assert "未合格" in (await wang.get(path)).words
    assert (await wang.get(f"{path}/certificate")).status == 404
    assert (await wang.post(path, _answers(whole, path))).status == 409


async def test_nobody_sees_what_somebody_else_does_not_know(whole: Whole) -> None:
    wang, li, admin = [await whole.enter(role, name) for role, name in (("clerk", "wang"), ("clerk", "li"), ("administrator", "boss"))]
    path = await _passed(whole, wang)
    for other in (li, admin, await whole.enter("auditor", "aud")):
        assert (await other.get(path)).status == 404
    assert (await li.post(path, {"q1": "0"})).status == 404
    assert (await li.get(f"{path}/certificate")).status == 404
    assert (await admin.get(f"{path}/certificate")).status == 200
    for path in ("/desk/learning/99", "/desk/learning/x", "/desk/learning/٣/certificate"):
        assert (await li.get(path)).status == 404


@pytest.mark.parametrize("role", ["administrator", "auditor"])
async def test_who_looks_after_it_sees_who_has_passed_and_who_is_on_duty_without(whole: Whole, role: str) -> None:
    wang, _ = await whole.enter("clerk", "wang"), await whole.enter("clerk", "li")
    await _passed(whole, wang)
    whole.office.sql("INSERT INTO duty VALUES ('2026-11-20', 'li'), ('2026-11-20', 'wang')")
    page = await (await whole.enter(role, "boss")).get("/desk/learning")
    rows = page.text.partition('id="main"')[2].split("<tr")
    assert sum("值班，但没有通过" in row for row in rows) == 1
    assert any("Li" in row and "值班，但没有通过" in row for row in rows)
    assert any("Wang" in row and "2026-11-20" in row and "20 / 20" in row for row in rows)
    assert "谁通过了" not in (await wang.get("/desk/learning")).words


async def test_an_auditor_takes_no_quiz(whole: Whole) -> None:
    auditor = await whole.enter("auditor")
    assert (await auditor.post("/desk/learning")).status == 403
    assert "开始一轮" not in (await auditor.get("/desk/learning")).words


async def test_where_the_office_wants_it_only_who_has_passed_takes_over(office: Office) -> None:
    office.site = dataclasses.replace(office.site, learning=dataclasses.replace(office.site.learning, required=True))
    async with whole_desk(office) as whole:
        wang = await whole.enter("clerk", "wang")
        number = await whole.queued("商标异议期多久")
        refused = await wang.post(f"/desk/cases/{number}/claim")
        assert refused.status == 403
        assert "还没有通过上岗前的测验" in refused.words
        await _passed(whole, wang)
        assert (await wang.post(f"/desk/cases/{number}/claim")).status == 303
