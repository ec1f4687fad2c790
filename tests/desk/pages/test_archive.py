"""The archive's pages: finding, keeping searches, taking out, batch labels, days of the ledger; what is taken out is noted."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio

from tests.desk.whole import Whole, whole_desk
from tests.support import Office
from zhixun.messages import EngineTurn, Reply

PHONE = "13897123456"


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as opened:
        office.engine.answers["商标异议期多久"] = EngineTurn(
            "answered", (Reply("三个月。", knowledge=("tm-opposition-period",)),), parsed={"intent": "ask", "confidence": 0.9}
        )
        yield opened


async def _filed(whole: Whole, *words: str) -> str:
    number = await whole.office.open()
    for text in words:
        await whole.office.turns.say(number, text)
    await whole.office.consultations.close(number)
    await whole.index.catch_up()
    return number


async def test_a_case_is_found_by_its_words_and_by_what_it_was_about(whole: Whole) -> None:
    wu = await whole.enter("reviewer", "wu")
    number, other = await _filed(whole, "商标异议期多久"), await _filed(whole, "专利年费")
    found = await wu.get("/desk/archive?words=异议期")
    assert number in found.text
    assert other not in found.text
    for query in ("right=商标", "topic=异议", "state=closed&words=商标", f"words={number}"):
        text = (await wu.get(f"/desk/archive?{query}")).text
        assert number in text, query
        assert f"/desk/cases/{other}" not in text or query == "state=closed", query
    nothing = await wu.get("/desk/archive?words=集成电路布图")
    assert "没有找到符合条件的咨询" in nothing.words
    assert next(told for _, _, told, _ in await whole.notes("searched")) == {"found": 1}
    wrong = await wu.get("/desk/archive?since=昨天")
    assert (wrong.status, "开始日期" in wrong.words) == (422, True)
    assert (await wu.get("/desk/archive?nonsense=1")).status == 422


async def test_a_search_is_kept_for_oneself(whole: Whole) -> None:
    wu, zheng = await whole.enter("reviewer", "wu"), await whole.enter("reviewer", "zheng")
    kept = await wu.post("/desk/archive/views", {"title": "异议", "words": "异议", "right": "商标"})
    assert kept.status == 303
    assert "异议" in (await wu.get("/desk/archive")).words
    assert 'aria-label="保存的视图"' not in (await zheng.get("/desk/archive")).text
    (view,) = whole.office.sql("SELECT id FROM views")
    await zheng.post(f"/desk/archive/views/{view[0]}")
    assert whole.office.sql("SELECT count(*) FROM views") == [(1,)], "another's view is not one's own to delete"
    await wu.post(f"/desk/archive/views/{view[0]}")
    assert whole.office.sql("SELECT count(*) FROM views") == [(0,)]


async def test_what_is_taken_out_is_masked_and_noted_with_the_reason(whole: Whole) -> None:
    wu = await whole.enter("reviewer", "wu")
    number = await whole.queued("商标异议期多久")
    await whole.office.turns.say(number, PHONE)
    await whole.office.consultations.close(number)
    await whole.index.catch_up()
    assert (await wu.post("/desk/archive/export", {"form": "csv", "words": "异议"})).status == 400
    table = await wu.post("/desk/archive/export", {"form": "csv", "words": "异议", "why": "季度分析"})
    assert table.headers["Content-Disposition"] == 'attachment; filename="zhixun-cases.csv"'
    assert number in table.text
    assert PHONE not in table.text
    assert "138****3456" in table.text
    clear = await wu.post("/desk/archive/export", {"form": "csv", "words": "异议", "why": "移送", "clear": "yes"})
    assert PHONE in clear.text
    noted = await whole.notes("exported")
    assert [(told["count"], told["clear"], private["why"]) for _, _, told, private in noted] == [(1, False, "季度分析"), (1, True, "移送")]
    assert list((whole.office.folder / "drafts").iterdir()) == [], "nothing is left behind"


async def test_a_package_can_be_checked_elsewhere(whole: Whole) -> None:
    wu = await whole.enter("reviewer", "wu")
    number = await _filed(whole, "商标异议期多久")
    none = await wu.post("/desk/archive/package", {"why": "移送"})
    assert (none.status, "请先勾选" in none.words) == (400, True)
    async with whole.client.post(
        "/desk/archive/package", data={"number": number, "why": "移送", "csrf": wu.csrf}, headers={"Cookie": f"__Host-zhixun-desk={wu.token}"}
    ) as response:
        names = zipfile.ZipFile(io.BytesIO(await response.read())).namelist()
    assert [name for name in names if name.endswith(f"{number}.json")]
    assert [name for name in names if name.endswith("checker.py")]
    assert [told for _, _, told, _ in await whole.notes("exported")] == [{"what": "package", "about": number, "clear": False}]


async def test_several_get_a_label_at_once(whole: Whole) -> None:
    wu = await whole.enter("reviewer", "wu")
    numbers = [await _filed(whole, "商标异议期多久"), await _filed(whole, "专利年费")]
    answer = await wu.post("/desk/archive/label", [*(("number", number) for number in numbers), ("add", "展会 重点")])
    assert answer.to == "/desk/archive?done=labelled"
    for number in numbers:
        assert [entry.open["add"] for entry in await whole.office.entries(number) if entry.kind == "labelled"] == [["展会", "重点"]]


async def test_the_days_of_the_ledger_are_shown_with_their_check(whole: Whole) -> None:
    wu = await whole.enter("reviewer", "wu")
    assert "还没有封账的日子" in (await wu.get("/desk/archive/days")).words
    await _filed(whole, "商标异议期多久")
    day = whole.office.clock.today()
    whole.office.clock.turn_to(whole.office.clock.local().replace(day=day.day + 1))
    await whole.office.ledger.close_days(whole.office.clock.today())
    wu = await whole.enter("reviewer", "wu2")
    page = await wu.get("/desk/archive/days")
    assert "2026-11-20" in page.words
    assert "重算相符，签名有效" in page.words
    (root,) = (whole.office.folder / "archive" / "ledger").glob("*.root.json")
    root.write_text(root.read_text("utf-8").replace('"count":1', '"count":2'), "utf-8")
    assert "不符" in (await wu.get("/desk/archive/days")).words


async def test_a_clerk_reads_but_takes_nothing_out(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number = await _filed(whole, "商标异议期多久")
    page = await wang.get("/desk/archive?words=异议")
    assert number in page.text
    assert "打包" not in page.words
    for path in ("export", "package", "label"):
        assert (await wang.post(f"/desk/archive/{path}", {"why": "x", "form": "csv", "number": number})).status == 403


async def test_the_day_book_of_staff_is_in_no_package(whole: Whole) -> None:
    await whole.daybook.note("unmasked", "li", {}, {"why": "家属来访"})
    whole.office.clock.turn_by(timedelta(days=1))
    await whole.daybook.note("signed_out", "li", {})
    book = str(whole.office.sql("SELECT number FROM consultations WHERE channel = 'desk' AND state = 'closed'")[0][0])
    wu = await whole.enter("reviewer", "wu")
    packed = await wu.post("/desk/archive/package", {"number": book, "why": "看看", "clear": "yes"})
    assert packed.status == 409
    assert await whole.notes("exported") == []
