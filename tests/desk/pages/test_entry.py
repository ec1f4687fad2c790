"""The page of entries: searching while one listens, saving once, nothing lost, and the paper that is taken along."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
import pytest_asyncio
import segno
from aiohttp.test_utils import make_mocked_request

from tests.desk.whole import Staff, Whole, whole_desk
from tests.support import Office, real_knowledge
from zhixun.archive.erase import erase
from zhixun.clock import ZONE
from zhixun.desk import staff
from zhixun.desk.entries import PERSONS
from zhixun.desk.ports import Known

PHONE = "13897123456"
QUESTION = "商标异议期多久"
KNOWN = "tm-opposition-period"
ONCE = "A" * 43
GIVEN = {
    "channel": "phone", "region": "西宁市", "person": "small", "question": QUESTION, "answer": "三个月。", "knowledge": KNOWN,
    "ending": "answered", "right-商标": "yes", "labels": "夜校", "words": "", "once": ONCE,
}  # fmt: skip
CONTACT = {"name": "王芳", "phone": PHONE, "unit": "湟水食品有限公司", "consent": "yes"}
CALL = {**GIVEN, **CONTACT, "ending": "callback", "due": "2026-11-20T15:00"}
FORM = {
    "service": "policy", "f-need": "talk", "f-policy": "support", "f-industry": "farming", "f-matter": "想听奖励政策解读",
    "f-district": "east",
}  # fmt: skip

WANG = staff.Staff("wang", "Wang", "clerk", (), "", "", staff.FULL)


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as opened:
        yield opened


def _numbers(whole: Whole) -> list[str]:
    query = "SELECT number FROM consultations WHERE channel IN ('phone', 'counter') ORDER BY opened, number"
    return [str(number) for (number,) in whole.office.sql(query)]


def _value(text: str, name: str) -> str:
    """Return what a field of the page holds."""
    area = re.search(rf'<textarea[^>]*name="{name}"[^>]*>(.*?)</textarea>', text, re.S)
    line = re.search(rf'<input(?=[^>]*name="{name}")[^>]*value="([^"]*)"', text)
    found = area or line
    return html.unescape(found[1]) if found else ""


async def _saved(who: Staff, **given: str) -> str:
    answer = await who.post("/desk/entry", {**GIVEN, **given})
    assert answer.status == 303, answer.words
    found = re.fullmatch(r"/desk/entry/(\S+)/receipt\?done=entered", answer.to)
    assert found is not None
    return found[1]


async def test_the_page_is_reached_by_the_navigation_and_begins_with_the_question(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    page = await wang.get("/desk/entry?channel=counter")
    assert page.status == 200
    assert re.search(r'<textarea id="question"[^>]*data-focus', page.text)
    assert '<option value="counter" selected>窗口</option>' in page.text
    assert 'href="/desk/entry" title="登记" aria-current="page" data-key="e"' in page.text
    assert whole.office.site.phrases["oral_consent"] in page.words
    assert 'data-key="e"' not in (await (await whole.enter("auditor")).get("/desk")).text


async def test_while_one_types_cited_answers_are_found(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    found = await wang.post("/desk/entry/found", {"question": f"  {QUESTION}", "region": "西宁市"})
    assert found.status == 200
    assert f'data-cite="{KNOWN}"' in found.text
    known = whole.desk.advice.answer(KNOWN, "西宁市")
    assert known is not None
    assert f"《{known.basis[0].title}》{known.basis[0].locator}" in found.words
    assert 'id="found-count"' in found.text
    nothing = await wang.post("/desk/entry/found", {"question": "", "region": "西宁市"})
    assert "data-cite" not in nothing.text


async def test_what_is_searched_for_holds_no_personal_numbers(whole: Whole) -> None:
    asked: list[str] = []

    class Listening:
        async def suggest(self, text: str, region: str) -> list[Known]:
            asked.append(text)
            return []

        def answer(self, question: str, region: str) -> Known | None:
            return None

    pages = dataclasses.replace(whole.desk._entry_pages(), advice=Listening())
    await pages._suggested({"question": f"电话{PHONE}，{QUESTION}", "region": "西宁市"})
    await pages._suggested({"question": "长" * 300 + QUESTION, "region": "西宁市"})
    assert asked[0] == f"电话138****3456，{QUESTION}"
    assert asked[1].endswith(QUESTION)
    assert len(asked[1]) == 200


def test_every_service_asks_who_it_is_in_the_entry_s_own_terms() -> None:
    for service in real_knowledge().services.values():
        assert {choice.id for choice in service.form.steps["who"].choices} == set(PERSONS), service.id


async def test_saving_leads_to_the_receipt_and_everything_stands_in_a_sealed_file(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number = await _saved(wang)
    entries = await whole.office.entries(number)
    assert [entry.kind for entry in entries] == ["opened", "claimed", "said", "relayed", "said", "labelled", "described", "closed"]
    assert entries[0].actor == "staff:wang"
    assert entries[4].open["knowledge"] == [KNOWN]
    assert entries[5].open["add"] == ["中小微企业", "商标", "夜校"]
    assert entries[6].open == {"user_kind": "中小微企业、个体户"}
    code = await whole.office.consultations.close(number)
    receipt = await wang.get(f"/desk/entry/{number}/receipt?done=entered")
    assert {number, code} <= set(receipt.words.split())
    assert "已登记。" in receipt.words
    known = whole.desk.advice.answer(KNOWN, "西宁市")
    assert known is not None
    assert f"《{known.basis[0].title}》{known.basis[0].locator}" in receipt.words
    assert 'data-entered="wang"' in receipt.text
    case = await wang.get(f"/desk/cases/{number}")
    assert {"电话", "三个月。"} <= set(case.words.split())


async def test_industry_and_district_are_told_where_the_person_said_so(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number = await _saved(wang, **{**GIVEN, "industry": "制造业", "district": "湟中区"})
    (told,) = [entry for entry in await whole.office.entries(number) if entry.kind == "described"]
    assert (told.actor, told.private) == ("staff:wang", None)
    assert told.open == {"user_kind": "中小微企业、个体户", "industry": "制造业", "district": "湟中区"}
    page = await wang.post("/desk/entry", {**GIVEN, "once": "C" * 43, "industry": "炼金术"})
    assert page.status == 422
    assert "请从列表里选择" in page.words
    assert len(_numbers(whole)) == 1


async def test_the_same_form_sent_twice_makes_one(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    assert await _saved(wang) == await _saved(wang)
    assert len(_numbers(whole)) == 1
    changed = await wang.post("/desk/entry", {**GIVEN, "answer": "两个月。"})
    assert changed.status == 409
    assert f"已经保存为 {_numbers(whole)[0]}" in changed.words
    assert _value(changed.text, "answer") == "两个月。"
    assert len(_numbers(whole)) == 1
    await _saved(wang, once="B" * 43)
    li = await whole.enter("clerk", "li")
    await _saved(li)
    assert len(_numbers(whole)) == 3


async def test_what_is_wrong_is_told_and_nothing_that_was_typed_is_lost(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    page = await wang.post("/desk/entry", {**GIVEN, **CONTACT, "consent": "", "answer": "", "words": "<b>急</b>", "labels": "夜校 " + PHONE})
    assert page.status == 422
    assert "请先读出这段话" in page.words
    assert "请写答复了什么" in page.words
    assert "不含个人号码" in page.words
    assert _numbers(whole) == []
    kept = {**dict.fromkeys(("question", "once", "knowledge")), **CONTACT, "words": "<b>急</b>"}
    kept = {name: value or GIVEN[name] for name, value in kept.items() if name != "consent"}
    assert {name: _value(page.text, name) for name in kept} == kept
    assert "<b>急</b>" not in page.text
    assert '<option value="small" selected>' in page.text
    assert re.search(r'name="right-商标" value="yes" checked', page.text)


async def test_when_the_store_is_busy_the_form_is_shown_again(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    wang = await whole.enter("clerk", "wang")
    monkeypatch.setattr(whole.office.database, "_patience", 0.05)
    async with whole.office.database.write():
        page = await wang.post("/desk/entry", GIVEN)
    assert page.status == 503
    assert (_value(page.text, "question"), _value(page.text, "answer"), _value(page.text, "once")) == (QUESTION, "三个月。", ONCE)
    number = await _saved(wang)
    assert _numbers(whole) == [number]


async def test_without_scripts_one_searches_by_a_button_and_takes_an_answer_by_another(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    blank = {**GIVEN, "answer": "", "knowledge": ""}
    found = await wang.post("/desk/entry", {**blank, "do": "search"})
    assert (found.status, _value(found.text, "question")) == (200, QUESTION)
    assert re.search(rf'type="submit"[^>]*name="use" value="{KNOWN}"', found.text)
    used = await wang.post("/desk/entry", {**blank, "use": KNOWN})
    known = whole.desk.advice.answer(KNOWN, "西宁市")
    assert known is not None
    assert (_value(used.text, "answer"), _value(used.text, "knowledge")) == (known.text, KNOWN)
    dropped = await wang.post("/desk/entry", {**blank, "answer": "三个月", "knowledge": KNOWN, "drop": KNOWN})
    assert (_value(dropped.text, "answer"), _value(dropped.text, "knowledge")) == ("三个月", "")
    unknown = await wang.post("/desk/entry", {**GIVEN, "use": "nothing-of-ours"})
    assert _value(unknown.text, "answer") == "三个月。"
    assert _numbers(whole) == []


async def test_a_call_back_stays_open_as_a_task_of_who_entered_it(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number = await _saved(wang, **CALL)
    ((state, callback),) = whole.office.sql("SELECT state, callback FROM consultations WHERE number = ?", number)
    assert (state, callback) == ("message_left", 1)
    (task,) = await whole.desk.casework.tasks(number=number)
    assert (task.kind, task.owner, task.standing) == ("callback", "wang", "open")
    assert datetime.fromisoformat(task.due).astimezone(ZONE) == datetime(2026, 11, 20, 15, tzinfo=ZONE)
    receipt = await wang.get(f"/desk/entry/{number}/receipt")
    assert "2026-11-20 15:00 以前给您回电" in receipt.words
    assert "办结后才有" in receipt.words
    assert "电话或窗口登记，约定回电" in (await wang.get("/desk")).words
    tasks = await wang.get("/desk/tasks?view=mine")
    assert number in tasks.text
    assert "找湟水食品有限公司 王芳：回电答复" in tasks.words
    assert PHONE not in tasks.text
    assert "留下回电号码 王芳 湟水食品有限公司" in (await wang.get(f"/desk/cases/{number}")).words
    # Whoever calls back takes it over, says it and closes it: the task ends with it.
    li = await whole.enter("clerk", "li")
    assert (await li.post(f"/desk/cases/{number}/claim")).status == 303
    fence = str(whole.office.sql("SELECT fence FROM consultations WHERE number = ?", number)[0][0])
    closed = await li.post(f"/desk/cases/{number}/close", {"fence": fence, "outcome": "answered", "words": "已回电"})
    assert closed.status == 303
    assert [one.standing for one in await whole.desk.casework.tasks(number=number)] == ["done"]


async def test_it_stays_where_it_is_when_nobody_looks_at_it(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number = await _saved(wang, **CALL)
    before = len(await whole.office.entries(number))
    whole.office.ticks.append(600.0)
    assert await whole.office.takeover.keep() == 0
    assert len(await whole.office.entries(number)) == before


async def test_a_request_is_made_in_the_same_consultation(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    asked = {**GIVEN, **CONTACT, "ending": "requested", "service": "policy"}
    page = await wang.post("/desk/entry", asked)
    assert page.status == 422
    assert 'name="f-matter"' in page.text
    assert re.search(r'<select id="f-who".*?<option value="small" selected>', page.text, re.S)
    consent = real_knowledge().services["service:policy"].form.steps["consent"].ask
    assert consent in page.words
    assert _numbers(whole) == []
    number = await _saved(wang, **{**asked, **FORM})
    entries = await whole.office.entries(number)
    (made,) = await whole.office.book.of(number)
    assert made.title in (await wang.get(f"/desk/requests/{made.number}")).words
    assert [entry.kind for entry in entries][-3:] == ["requested", "described", "closed"]
    assert entries[-1].open["outcome"] == "requested"
    (left,) = [entry for entry in entries if entry.kind == "contact_left"]
    assert (left.open["consent"], left.open["told"]) == ("oral", consent)
    receipt = await wang.get(f"/desk/entry/{number}/receipt")
    assert made.number in receipt.words
    code = whole.desk._rooms.sent.codes.code_of(made.number)
    assert code in receipt.words
    assert (await whole.office.book.find(made.number, code)).number == made.number
    assert await whole.desk.casework.tasks(number=number) == []


async def test_of_a_service_the_form_is_fetched_and_the_sentence_of_its_own_is_read_out(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    part = await wang.post("/desk/entry/service", {"ending": "requested", "service": "policy", "person": "person"})
    assert re.search(r'<select id="f-who".*?<option value="person" selected>', part.text, re.S)
    assert 'id="consent-told" hx-swap-oob="true"' in part.text
    assert 'name="f-phone"' not in part.text
    none = await wang.post("/desk/entry/service", {"ending": "requested", "service": "nothing"})
    assert "f-who" not in none.text
    page = await wang.post("/desk/entry", {**GIVEN, "ending": "requested", "service": "nothing"})
    assert (page.status, "请选择要办的服务" in page.words) == (422, True)


async def test_what_is_referred_leads_on_to_the_slip(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number = await _saved(wang, ending="referred", words="转市场监管执法", answer="")
    receipt = await wang.get(f"/desk/entry/{number}/receipt?done=entered")
    assert f'href="/desk/cases/{number}/refer"' in receipt.text
    assert (await wang.get(f"/desk/cases/{number}/refer")).status == 200
    (task,) = await whole.desk.casework.tasks(number=number)
    assert (task.kind, task.owner, task.standing) == ("referral", "wang", "open")


async def _paper(whole: Whole, number: str, public: str) -> str:
    """Return the receipt as an office with this public address prints it."""
    rooms = whole.desk._rooms
    whole.desk._rooms = dataclasses.replace(rooms, settings=dataclasses.replace(rooms.settings, public_url=public))
    request = make_mocked_request("GET", f"/desk/entry/{number}/receipt", match_info={"number": number})
    text = (await whole.desk._entry_pages()._receipt(request, WANG)).text
    assert text is not None
    return text


async def test_the_receipt_s_picture_holds_the_public_address_and_no_secret(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number = await _saved(wang, **CONTACT)
    paper = await _paper(whole, number, "https://ip.example.cn")
    drawn = re.search(r'<path[^>]* d="([^"]*)"/></svg></p>', paper) or re.search(r'<p class="qr">(.*?)</p>', paper, re.S)
    expected = segno.make_qr("https://ip.example.cn/requests", error="m").svg_inline(omitsize=True, border=4, light="#fff", lineclass=None)
    assert drawn is not None
    assert drawn[1] in expected
    assert "https://ip.example.cn/requests" in paper
    assert PHONE not in paper
    assert "王芳" not in paper
    assert 'class="qr"' not in await _paper(whole, number, "")


async def test_a_receipt_is_for_what_was_entered_and_noted_when_a_colleague_prints_it(whole: Whole) -> None:
    wang, li = await whole.enter("clerk", "wang"), await whole.enter("reviewer", "li")
    number = await _saved(wang, question=f"我的电话是{PHONE}，{QUESTION}")
    assert "[手机号码已隐去]" in (await wang.get(f"/desk/entry/{number}/receipt")).words
    assert await whole.notes("printed") == []
    assert (await li.get(f"/desk/entry/{number}/receipt")).status == 200
    assert await whole.notes("printed") == [("printed", "staff:li", {"what": "receipt", "about": number}, None)]
    web = await whole.office.open()
    assert (await wang.get(f"/desk/entry/{web}/receipt")).status == 404
    assert (await wang.get("/desk/entry/ZX-20261120-000009-9/receipt")).status == 404


async def test_an_erased_one_has_no_words_left_on_its_receipt(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number = await _saved(wang, **CONTACT)
    await erase(whole.office.journal, whole.office.sealer, number, "本人要求")
    paper = await wang.get(f"/desk/entry/{number}/receipt")
    assert "（内容已按请求删除）" in paper.words
    assert QUESTION not in paper.words
    assert await _saved(wang, **CONTACT) == number


async def test_it_is_found_in_the_archive_and_told_among_the_acts(whole: Whole) -> None:
    wang, audit = await whole.enter("clerk", "wang"), await whole.enter("auditor", "zhou")
    number = await _saved(wang, **CONTACT, channel="counter")
    await whole.index.catch_up()
    for query in ("words=异议", "channel=counter", "label=夜校", "right=商标", "operator=wang", "outcome=answered"):
        assert number in (await wang.get(f"/desk/archive?{query}")).text, query
    assert number not in (await wang.get("/desk/archive?channel=phone")).text
    acts = await audit.get("/desk/audit?who=wang")
    assert "登记咨询" in acts.words
    assert "渠道 窗口" in acts.words


@pytest.mark.parametrize(("method", "path"), [("GET", "/desk/entry"), ("POST", "/desk/entry"), ("POST", "/desk/entry/found")])
async def test_an_auditor_enters_nothing(whole: Whole, method: str, path: str) -> None:
    zhou = await whole.enter("auditor", "zhou")
    answer = await (zhou.get(path) if method == "GET" else zhou.post(path, GIVEN))
    assert answer.status == 403
    assert _numbers(whole) == []
