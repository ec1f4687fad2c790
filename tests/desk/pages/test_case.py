"""The page of a consultation: talking, passing on, closing, reading with and without numbers, notes, labels, reviews, files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from aiohttp import FormData

from tests.desk.whole import Staff, Whole, whole_desk
from tests.sample_files import png
from tests.support import NIGHT, Office, until
from zhixun.archive.erase import erase
from zhixun.channels.web import entry_for_citizen
from zhixun.desk.gate import COOKIE
from zhixun.messages import EngineTurn, Reply

PHONE = "13897123456"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as opened:
        yield opened


def _said(entries: list[object]) -> list[tuple[str, str]]:
    return [(entry.actor, (entry.private or {}).get("text", "")) for entry in entries if entry.kind == "said"]  # type: ignore[attr-defined]


async def test_what_staff_say_reaches_the_citizen_with_its_source(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number, fence = await whole.claimed(wang, "商标异议期多久")
    words = {"text": " 三个月。 ", "fence": fence, "once": "1", "region": "西宁市", "knowledge": "tm-opposition-period"}
    sent = await wang.post(f"/desk/cases/{number}/say", words)
    assert (sent.status, sent.to) == (303, f"/desk/cases/{number}")
    last = (await whole.office.entries(number))[-1]
    assert (last.actor, last.private["text"]) == ("staff:wang", "三个月。")  # type: ignore[index]
    known = whole.desk.advice.answer("tm-opposition-period", "西宁市")
    if known is None:
        pytest.fail("the question that this test cites is gone")
    assert last.open["knowledge"] == ["tm-opposition-period"]
    assert [one["title"] for one in last.private["basis"]] == [one.title for one in known.basis]  # type: ignore[index]
    again = await wang.post(f"/desk/cases/{number}/say", {"text": "三个月。", "fence": fence, "once": "1"})
    assert again.status == 303
    assert [who for who, _ in _said(await whole.office.entries(number))].count("staff:wang") == 1


async def test_two_who_want_it_and_one_who_gets_it(whole: Whole) -> None:
    wang, li = await whole.enter("clerk", "wang"), await whole.enter("clerk", "li")
    number, fence = await whole.claimed(wang)
    late = await li.post(f"/desk/cases/{number}/claim")
    assert (late.status, "刚刚已由同事接待" in late.words) == (409, True)
    stolen = await li.post(f"/desk/cases/{number}/say", {"text": "我来", "fence": fence, "once": "2"})
    assert stolen.status == 409
    assert 'id="composer"' not in (await li.get(f"/desk/cases/{number}")).text
    assert 'id="composer"' in (await wang.get(f"/desk/cases/{number}")).text


async def test_a_page_of_an_earlier_claim_does_nothing_any_more(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number, old = await whole.claimed(wang)
    assert (await wang.post(f"/desk/cases/{number}/put-back?fence={old}")).to == "/desk?done=put_back"
    assert (await wang.post(f"/desk/cases/{number}/claim")).status == 303
    for act, fields in (("say", {"text": "x"}), ("close", {"outcome": "answered", "words": "x"}), ("beat", {}), ("give-back", {})):
        answer = await wang.post(f"/desk/cases/{number}/{act}?fence={old}", {**fields, "fence": old}, X_CSRF_Token=wang.csrf)
        assert answer.status == 409, act


async def test_passing_on_and_the_right_of_who_it_is_meant_for(whole: Whole) -> None:
    wang, li, zhao = [await whole.enter("clerk", name) for name in ("wang", "li", "zhao")]
    number, fence = await whole.claimed(wang)
    nothing = await wang.post(f"/desk/cases/{number}/transfer", {"fence": fence, "to": "name:li", "reason": " "})
    assert nothing.status == 400
    passed = await wang.post(f"/desk/cases/{number}/transfer", {"fence": fence, "to": "name:li", "reason": "她懂专利"})
    assert passed.to == "/desk?done=transferred"
    assert "她懂专利" in (await li.get(f"/desk/cases/{number}")).words
    assert (await zhao.post(f"/desk/cases/{number}/claim")).status == 409
    assert (await li.post(f"/desk/cases/{number}/claim")).status == 303
    assert "她懂专利" not in str([text for _, text in _said(await whole.office.entries(number))])


async def test_given_back_the_program_answers_and_a_second_hand_over_works(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number, fence = await whole.claimed(wang)
    whole.office.engine.answers["续展要多少钱"] = EngineTurn("answered", (Reply("五百元。"),))
    assert (await whole.office.turns.say(number, "续展要多少钱")).replies == ()
    assert (await wang.post(f"/desk/cases/{number}/give-back?fence={fence}")).to == "/desk?done=given_back"
    assert (await whole.office.turns.say(number, "续展要多少钱")).replies[0].text == "五百元。"
    await whole.office.turns.say(number, "转人工")
    assert (await wang.post(f"/desk/cases/{number}/claim")).status == 303
    (second,) = whole.office.sql("SELECT fence FROM consultations WHERE number = ?", number)[0]
    assert int(str(second)) > int(fence)


async def test_it_is_closed_with_an_outcome_and_sealed(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number, fence = await whole.claimed(wang)
    for fields in ({"outcome": "", "words": "办了"}, {"outcome": "answered", "words": " "}, {"outcome": "nonsense", "words": "办了"}):
        assert (await wang.post(f"/desk/cases/{number}/close", {**fields, "fence": fence})).status == 400
    closed = await wang.post(f"/desk/cases/{number}/close", {"fence": fence, "outcome": "answered", "words": "已说明期限"})
    assert closed.to == f"/desk/cases/{number}?done=closed"
    page = await wang.get(f"/desk/cases/{number}?done=closed")
    assert "咨询已结束并封存。" in page.words
    assert "办理结果：已答复" in page.words
    assert "与封存时一致" in (await wang.get(f"/desk/cases/{number}/verify")).words
    (file,) = (whole.office.folder / "archive").rglob(f"{number}.json")
    file.write_text(file.read_text("utf-8").replace("closed", "clased", 1), "utf-8")
    assert "校验不通过" in (await wang.get(f"/desk/cases/{number}/verify")).words


async def test_numbers_are_masked_and_showing_them_is_noted_with_the_reason(whole: Whole) -> None:
    whole.office.clock.turn_to(NIGHT)
    wang, wu = await whole.enter("clerk", "wang"), await whole.enter("reviewer", "wu")
    number = await whole.queued()
    await whole.office.turns.say(number, PHONE)
    page = await wu.get(f"/desk/cases/{number}")
    assert PHONE not in page.text
    assert "138****3456" in page.text
    assert (await wu.post(f"/desk/cases/{number}/unmask", {"why": ""})).status == 400
    shown = await wu.post(f"/desk/cases/{number}/unmask", {"why": "核对回电"})
    assert PHONE in shown.text
    assert await whole.notes("unmasked") == [("unmasked", "staff:wu", {"about": number}, {"why": "核对回电"})]
    assert (await whole.notes("looked"))[0][2] == {"about": number}
    await wang.post(f"/desk/cases/{number}/claim")
    assert PHONE in (await wang.get(f"/desk/cases/{number}")).text, "who calls back needs it"
    assert PHONE not in (await wu.get(f"/desk/cases/{number}/print")).text


async def test_notes_are_for_staff_and_ask_colleagues(whole: Whole) -> None:
    wang, li = await whole.enter("clerk", "wang"), await whole.enter("clerk", "li")
    await whole.enter("auditor", "lin")
    number, fence = await whole.claimed(wang)
    await wang.post(f"/desk/cases/{number}/say", {"mode": "note", "text": f"@Lin @Li 看一下 {HOSTILE}", "fence": fence})
    page = await li.get(f"/desk/cases/{number}")
    assert HOSTILE not in page.text
    assert "看一下" in page.words
    (task,) = [task for task in await whole.desk.casework.tasks(number) if task.kind == "mention"]
    assert (task.owner, task.standing) == ("li", "open")
    shown = [entry_for_citizen(entry) for entry in await whole.office.entries(number)]
    assert "看一下" not in str(shown)


async def test_who_asks_is_told_and_taken_back_and_nothing_but_what_is_offered(whole: Whole) -> None:
    li = await whole.enter("clerk", "li")
    number = await whole.queued("商标怎么注册")
    page = await li.get(f"/desk/cases/{number}")
    assert page.words.count("未记录") >= 3
    told = {"user_kind": "个人", "industry": "教育", "district": ""}
    assert (await li.post(f"/desk/cases/{number}/describe", told)).to.endswith("?done=described")
    assert (await li.post(f"/desk/cases/{number}/describe", told)).status == 303  # nothing new to be told
    assert (await li.post(f"/desk/cases/{number}/describe", {**told, "industry": ""})).status == 303
    found = [entry.open for entry in await whole.office.entries(number) if entry.kind == "described"]
    assert found == [{"user_kind": "个人", "industry": "教育"}, {"industry": ""}]
    page = await li.get(f"/desk/cases/{number}")
    assert '<option value="个人" selected>' in page.text
    assert "咨询人情况：个人、教育" in page.words
    assert (await li.post(f"/desk/cases/{number}/describe", {"district": "张三家"})).status == 400
    auditor = await whole.enter("auditor", "ma")
    assert (await auditor.post(f"/desk/cases/{number}/describe", told)).status == 403


async def test_labels_reviews_and_a_second_reader(whole: Whole) -> None:
    wu, zheng = await whole.enter("reviewer", "wu"), await whole.enter("reviewer", "zheng")
    number = await whole.office.open()
    await whole.office.consultations.close(number)
    assert (await wu.post(f"/desk/cases/{number}/label", {"add": "重点 企业,展会"})).status == 303
    assert (await wu.post(f"/desk/cases/{number}/label", {"add": "有！标点"})).status == 400
    await wu.post(f"/desk/cases/{number}/label", {"remove": "重点"})
    page = (await wu.get(f"/desk/cases/{number}")).words
    assert {"企业", "展会"} <= set(page.split())
    assert (await wu.post(f"/desk/cases/{number}/review", {"mark": "wrong", "words": ""})).status == 400
    assert (await wu.post(f"/desk/cases/{number}/review", {"mark": "wrong", "words": "期限说错"})).status == 303
    assert (await wu.post(f"/desk/cases/{number}/review", {"mark": "correct"})).status == 409
    assert (await zheng.post(f"/desk/cases/{number}/review", {"mark": "correct"})).status == 303
    reviews = [entry.open for entry in await whole.office.entries(number) if entry.kind == "reviewed"]
    assert reviews == [{"mark": "wrong", "second": False}, {"mark": "correct", "second": True}]
    assert "与封存时一致" in (await wu.get(f"/desk/cases/{number}/verify")).words, "what came after the end is sealed as well"


async def test_the_same_question_today(whole: Whole) -> None:
    wu = await whole.enter("reviewer", "wu")
    whole.office.engine.answers["异议期多久"] = EngineTurn("answered", (Reply("三个月。", knowledge=("tm-opposition-period",)),))
    number = await whole.office.open()
    await whole.office.turns.say(number, "异议期多久")
    whole.understood["ranking"] = [{"question": "tm-opposition-period", "confidence": 0.9}]
    assert "今天答复相同" in (await wu.get(f"/desk/cases/{number}/replay")).words
    whole.understood["ranking"] = [{"question": "tm-renewal", "confidence": 0.9}]
    assert "今天首选不同" in (await wu.get(f"/desk/cases/{number}/replay")).words


async def test_a_file_from_staff_and_what_is_refused(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number, fence = await whole.claimed(wang)

    async def send(who: Staff, data: bytes, name: str, held: str) -> int:
        form = FormData(quote_fields=False)  # as browsers write names
        form.add_field("csrf", who.csrf)
        form.add_field("fence", held)
        form.add_field("file", data, filename=name, content_type="application/octet-stream")
        return (await whole.send("POST", f"/desk/cases/{number}/files", token=who.token, fields=form)).status

    assert await send(wang, png(), "证书.png", fence) == 303
    assert await send(wang, b"MZ\x90\x00 program", "证书.png", fence) == 415
    assert await send(wang, png(), "证书.png", str(int(fence) - 1)) == 409
    (attached,) = [entry for entry in await whole.office.entries(number) if entry.kind == "attached"]
    assert (attached.actor, attached.private) == ("staff:wang", {"name": "证书.png"})
    given = await wang.get(f"/desk/cases/{number}/files/{attached.open['id']}")
    assert (given.status, given.headers["Content-Disposition"][:10]) == (200, "attachment")
    other = await whole.office.open()
    assert (await wang.get(f"/desk/cases/{other}/files/{attached.open['id']}")).status == 404


@pytest.mark.parametrize("end", ["passed on", "taken again", "closed"])
async def test_a_file_that_arrives_when_the_consultation_is_in_other_hands_is_not_kept(whole: Whole, end: str) -> None:
    wang = await whole.enter("clerk", "wang")
    number, fence = await whole.claimed(wang)
    data, takeover, folder = png(noise=bytes(20_000)), whole.office.takeover, whole.office.folder / "attachments"

    async def slowly() -> AsyncIterator[bytes]:
        yield data[:15_000]
        await until(lambda: [path for path in folder.rglob("*") if path.is_file()])
        if end == "closed":
            await takeover.close(number, "wang", int(fence), "answered", "已答复。")
        else:
            await takeover.put_back(number, "wang", int(fence))
            await takeover.claim(number, "wang" if end == "taken again" else "li")
        yield data[15_000:]

    form = FormData(quote_fields=False)
    form.add_field("csrf", wang.csrf)
    form.add_field("fence", fence)
    form.add_field("file", slowly(), filename="证书.png", content_type="application/octet-stream")
    assert (await whole.send("POST", f"/desk/cases/{number}/files", token=wang.token, fields=form)).status == 409
    assert "attached" not in {entry.kind for entry in await whole.office.entries(number)}
    assert not [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(("sent", "limit"), [(100, "desk.gate._BEFORE_SECONDS"), (20_000, "archive.attachments.LONGEST_SECONDS")])
async def test_a_file_that_takes_too_long_is_given_up(whole: Whole, monkeypatch: pytest.MonkeyPatch, sent: int, limit: str) -> None:
    monkeypatch.setattr(f"zhixun.{limit}", 0.05)
    wang = await whole.enter("clerk", "wang")
    number, fence = await whole.claimed(wang)
    fields = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}'
        for name, value, more in (("csrf", f"{wang.csrf}\r\n", ""), ("fence", f"{fence}\r\n", ""), ("file", "", '; filename="1.png"'))
    )
    head = (
        f"POST /desk/cases/{number}/files HTTP/1.1\r\nHost: desk\r\nCookie: {COOKIE}={wang.token}\r\nContent-Length: 100000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(whole.client.host, whole.client.port)
    try:
        writer.write(f"{head}{fields}".encode() + png(noise=bytes(sent)))
        async with asyncio.timeout(20):
            told = (await reader.readuntil(b"</main>")).decode()
    finally:
        writer.close()
        await writer.wait_closed()
    assert "HTTP/1.1 408" in told
    assert "时间太长" in told
    assert not [path for path in (whole.office.folder / "attachments").rglob("*") if path.is_file()]


async def test_an_auditor_reads_and_changes_nothing(whole: Whole) -> None:
    auditor = await whole.enter("auditor")
    number = await whole.queued("我要投诉")
    page = await auditor.get(f"/desk/cases/{number}")
    assert page.status == 200
    for act in ("claim", "say", "note", "label", "review", "close", "plan", "transfer", "files"):
        assert (await auditor.post(f"/desk/cases/{number}/{act}", {"text": "x"})).status == 403, act
    assert whole.office.sql("SELECT state FROM consultations WHERE number = ?", number) == [("queued",)]


async def test_there_is_no_page_of_a_day_book_or_of_nothing(whole: Whole) -> None:
    wang = await whole.enter()
    (book,) = whole.office.sql("SELECT number FROM consultations WHERE channel = 'desk'") or [("GZ-20261120-000001-1",)]
    for number in (str(book[0]), "ZX-20261120-000099-1", HOSTILE.replace("/", "")):
        answer = await wang.get(f"/desk/cases/{number}")
        assert answer.status == 404
        assert HOSTILE not in answer.text


async def test_it_is_passed_on_only_to_somebody_who_is_there(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    await whole.enter("auditor", "zhao")
    await whole.enter("clerk", "gone")
    await whole.desk.accounts.change("gone", by="admin", active=False)
    number, fence = await whole.claimed(wang)
    said = len(await whole.office.entries(number))
    for to in ("name:zhao", "name:gone", "name:nobody", "team:请转账", "team:", "name:", ""):
        refused = await wang.post(f"/desk/cases/{number}/transfer", {"to": to, "reason": "转交", "fence": fence})
        assert (refused.status, "从列表里选择" in refused.words) == (400, True), to
    planned = {"kind": "other", "due": "2026-12-01", "words": "问进展", "owner": "gone"}
    assert (await wang.post(f"/desk/cases/{number}/plan", planned)).status == 400
    assert len(await whole.office.entries(number)) == said, "the citizen is told nothing"


@pytest.mark.parametrize(("shown", "whom"), [("李明", "“李明”"), ("", "另一位工作人员"), ("liming", "另一位工作人员")])
async def test_a_citizen_is_told_no_login_name(whole: Whole, shown: str, whom: str) -> None:
    wang = await whole.enter("clerk", "wang")
    await whole.enter("clerk", "liming")
    whole.office.sql("UPDATE staff SET shown = ? WHERE name = 'liming'", shown)
    number, fence = await whole.claimed(wang)
    await wang.post(f"/desk/cases/{number}/transfer", {"to": "name:liming", "reason": "转交", "fence": fence})
    last = (await whole.office.entries(number))[-1]
    assert last.private is not None
    assert last.private["text"] == f"已为您转给{whom}，请稍候。"


async def test_a_day_book_is_no_consultation_not_even_when_it_is_closed(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    await whole.daybook.note("unmasked", "li", {}, {"why": "家属来访"})
    book = str(whole.office.sql("SELECT number FROM consultations WHERE channel = 'desk'")[0][0])
    forged = {"text": "伪造", "add": "伪造", "kind": "other", "due": "2026-12-01", "words": "伪造", "agency": "x"}
    for state in ("book", "closed"):
        assert whole.office.sql("SELECT state FROM consultations WHERE number = ?", book) == [(state,)]
        before = len(await whole.office.entries(book))
        for act in ("note", "label", "plan", "claim", "unmask", "refer"):
            assert (await wang.post(f"/desk/cases/{book}/{act}", {**forged, "why": "看看"})).status == 404, act
        for page in ("", "/log", "/side", "/print", "/refer?agency=x"):
            assert (await wang.get(f"/desk/cases/{book}{page}")).status == 404, page
        assert len(await whole.office.entries(book)) == before
        whole.office.clock.turn_by(timedelta(days=1))
        wang = await whole.enter("clerk", f"wang-{state}")
        await whole.daybook.note("signed_out", "li", {})


async def test_what_is_not_there_is_noted_nowhere(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    for page in ("", "/print", f"/files/{PHONE}"):
        assert (await wang.get(f"/desk/cases/{PHONE}{page}")).status == 404
    assert (await wang.post(f"/desk/cases/{PHONE}/unmask", {"why": "看看"})).status == 404
    assert await whole.notes("looked", "printed", "unmasked") == []


async def test_what_is_printed_is_masked_for_who_has_it_too(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number, fence = await whole.claimed(wang)
    await wang.post(f"/desk/cases/{number}/note", {"text": f"本人电话 {PHONE}", "fence": fence})
    assert PHONE in (await wang.get(f"/desk/cases/{number}")).text
    printed = await wang.get(f"/desk/cases/{number}/print")
    assert ("号码已遮盖" in printed.words, PHONE in printed.text) == (True, False)


async def test_what_is_sent_again_is_said_once_and_what_was_mended_is_not_lost(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number, fence = await whole.claimed(wang)
    page = await wang.get(f"/desk/cases/{number}")
    once = page.text.partition('name="once" value="')[2].partition('"')[0]
    assert once
    for text in ("三个月", " 三个月", "三个月。"):
        assert (await wang.post(f"/desk/cases/{number}/say", {"text": text, "fence": fence, "once": once})).status == 303
    said = [text for who, text in _said(await whole.office.entries(number)) if who == "staff:wang"]
    assert said == ["三个月", "三个月。"]


async def test_nobody_is_told_that_words_were_kept_that_cannot_be(whole: Whole) -> None:
    wu = await whole.enter("reviewer", "wu")
    number = await whole.office.open()
    await whole.office.consultations.close(number)
    await erase(whole.office.journal, whole.office.sealer, number, "本人要求")
    planned = {"kind": "other", "due": "2026-12-01", "words": "问进展"}
    for act, fields in (("note", {"text": "备注"}), ("plan", planned), ("review", {"mark": "wrong", "words": "不对"})):
        refused = await wu.post(f"/desk/cases/{number}/{act}", fields)
        assert (refused.status, "已按请求删除" in refused.words) == (410, True), act
    assert (await wu.post(f"/desk/cases/{number}/label", {"add": "已删除"})).status == 303
