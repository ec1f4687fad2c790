"""Who sees whose figures: oneself always, administrators with consent or as a mean, and that they looked stands in the day book."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.desk.whole import Staff, Whole, whole_desk
from tests.support import Office

PATH = "/desk/learning/figures"


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as opened:
        yield opened


async def _served(whole: Whole, who: Staff, count: int) -> None:
    for place in range(count):
        number, fence = await whole.claimed(who)
        said = {"text": "您好", "fence": fence, "once": f"{who.name}{place}", "region": "西宁市"}
        assert (await who.post(f"/desk/cases/{number}/say", said)).status == 303


async def _agree(who: Staff, agrees: str = "yes") -> str:
    return (await who.post("/desk/me/figures", {"agrees": agrees})).to


def _row(text: str, name: str) -> str:
    return next((row for row in text.split("<tr")[1:] if f">{name}<" in row), "")


async def test_one_s_own_are_always_there_and_nobody_is_noted_for_it(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    await _served(whole, wang, 2)
    page = await wang.get(PATH)
    assert "接待 2 件" in page.words
    assert "没有评价的 0 件" in page.words
    assert "质检 没有可算的" in page.words
    assert "您现在没有同意" in page.words
    assert await whole.notes("looked") == []
    assert "同意查看的同事" not in page.words


async def test_an_administrator_sees_who_agrees_and_nobody_else(whole: Whole) -> None:
    wang, li = await whole.enter("clerk", "wang"), await whole.enter("reviewer", "li")
    boss = await whole.enter("administrator", "boss")
    await _served(whole, wang, 2)
    assert await _agree(wang) == "/desk/me?done=shown"
    page = await boss.get(PATH)
    assert ">2<" in _row(page.text, "Wang")
    assert _row(page.text, "Li") == ""
    assert await _agree(li) == "/desk/me?done=shown"
    assert _row((await boss.get(PATH)).text, "Li")
    assert await _agree(wang, "no") == "/desk/me?done=hidden"
    assert _row((await boss.get(PATH)).text, "Wang") == ""
    assert [note[2]["names"] for note in await whole.notes("looked")] == [["wang"], ["li", "wang"], ["li"]]
    assert [(note[0], note[1]) for note in await whole.notes("figures_shown", "figures_hidden")] == [
        ("figures_shown", "staff:wang"), ("figures_shown", "staff:li"), ("figures_hidden", "staff:wang"),
    ]  # fmt: skip


async def test_a_mean_is_shown_when_it_gives_nobody_away(whole: Whole) -> None:
    boss = await whole.enter("administrator", "boss")
    people = [await whole.enter("clerk", name) for name in ("wang", "li")]
    assert "不显示" in _row((await boss.get(PATH)).text, "全体平均")
    people.append(await whole.enter("clerk", "ma"))
    for count, who in enumerate(people, 1):
        await _served(whole, who, count)
    assert ">2.0<" in _row((await boss.get(PATH)).text, "全体平均")
    await _agree(people[0])
    assert ">2.0<" not in _row((await boss.get(PATH)).text, "全体平均")


async def test_an_auditor_reads_that_it_was_looked_at_and_not_what(whole: Whole) -> None:
    wang, boss, auditor = [await whole.enter(*one) for one in (("clerk", "wang"), ("administrator", "boss"), ("auditor", "aud"))]
    await _agree(wang)
    await boss.get(PATH)
    assert (await auditor.get(PATH)).status == 403
    assert (await auditor.post("/desk/me/figures", {"agrees": "yes"})).status == 403
    told = (await auditor.get("/desk/audit?who=boss")).words
    assert "人员 Wang；办件情况；时段 2026-11-01 至 2026-11-20" in told
    assert "谁能看我的办件情况" not in (await auditor.get("/desk/me")).words


async def test_agreeing_stands_on_one_s_own_page(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    assert "同意管理员查看" in (await wang.get("/desk/me")).words
    await _agree(wang)
    assert "撤回同意" in (await wang.get("/desk/me")).words
    assert (await wang.post("/desk/me/figures", {"agrees": "maybe"})).status == 400
    assert "撤回同意" in (await wang.get("/desk/me")).words


@pytest.mark.parametrize("query", ["since=x", "since=2026-11-20&until=2026-11-01"])
async def test_a_span_that_is_none_is_refused(whole: Whole, query: str) -> None:
    assert (await (await whole.enter("clerk")).get(f"{PATH}?{query}")).status == 422
