"""The book of requests: taking them in chat and from a page, telling how they stand, carrying them on, and forgetting them."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support import NIGHT, Office, answered, real_knowledge
from zhixun.archive.erase import erase
from zhixun.archive.rebuild import rebuild
from zhixun.errors import CitizenError
from zhixun.knowledge.services.intake import Intake
from zhixun.messages import HIDDEN_PHONE, EngineTurn, Reply
from zhixun.numbers import valid_request_number
from zhixun.requests.book import MOST
from zhixun.requests.request import Request

PHONE = "13897123456"
VALUES = {
    "who": "person", "target": "patent", "subject": "青稞饼干低温烘烤", "scope": "china", "purpose": "filing", "due": "",
    "consent": "yes", "name": "王芳", "district": "east", "phone": PHONE, "review": "send",
}  # fmt: skip
WISH = {"service": "search", "values": {**VALUES, "phone": HIDDEN_PHONE}}
DUE = "2026-11-24T04:00:00.000Z"  # sixteen working hours after Friday ten o'clock: Tuesday noon in China


async def _asked_for_phone(office: Office, number: str) -> None:
    """Bring the consultation to where the form asks for a number."""
    asks = EngineTurn("service", (Reply("请留一个联系电话。", kind="service"),), wants="phone", parsed={"intent": "ask"})
    office.engine.answers["李四"] = asks
    await office.turns.say(number, "李四")


async def _sent(office: Office, number: str, **values: str) -> Reply:
    """Send the form in chat; returns the confirmation."""
    office.engine.answers["提交"] = EngineTurn("service", (), wish={**WISH, "values": {**WISH["values"], **values}})
    return (await office.turns.say(number, "提交")).replies[-1]


def _number(reply: Reply) -> str:
    return next(line.removeprefix("申请编号：") for line in reply.text.splitlines() if line.startswith("申请编号："))


def _code(reply: Reply) -> str:
    return next(line.removeprefix("查询码：") for line in reply.text.splitlines() if line.startswith("查询码："))


async def _requested(office: Office) -> tuple[str, str, str]:
    """Make a request in chat; returns the consultation, its number and its code."""
    consultation = await office.open()
    await _asked_for_phone(office, consultation)
    office.engine.answers[HIDDEN_PHONE] = EngineTurn("service", (Reply(f"联系电话：{HIDDEN_PHONE}", kind="service"),))
    await office.turns.say(consultation, PHONE)
    reply = await _sent(office, consultation)
    return consultation, _number(reply), _code(reply)


async def test_the_number_in_a_form_reaches_the_request_and_never_the_engine(office: Office) -> None:
    consultation = await office.open()
    await _asked_for_phone(office, consultation)
    office.engine.answers[HIDDEN_PHONE] = EngineTurn("service", (Reply(f"联系电话：{HIDDEN_PHONE}", kind="service"),))
    shown = await office.turns.say(consultation, PHONE)
    assert [reply.text for reply in shown.replies] == ["联系电话：138****3456"]
    reply = await _sent(office, consultation)
    assert all(PHONE not in text for text in office.engine.texts)
    request = await office.book.look_up(_number(reply))
    assert request is not None
    assert dict(request.facts)["联系电话"] == PHONE
    assert PHONE.encode() not in office.bytes_on_disk()
    rows = office.sql("SELECT callback FROM consultations WHERE number = ?", consultation)
    assert rows == [(0,)]


async def test_outside_of_a_form_a_number_is_only_hidden(office: Office) -> None:
    consultation = await office.open()
    office.engine.answers[f"我的电话{HIDDEN_PHONE}"] = answered("好")
    await office.turns.say(consultation, f"我的电话{PHONE}")
    assert [entry.kind for entry in await office.entries(consultation) if entry.kind == "contact_left"] == []


async def test_a_digression_leaves_the_form_waiting_for_the_number(office: Office) -> None:
    consultation = await office.open()
    await _asked_for_phone(office, consultation)
    await office.turns.say(consultation, "FW-20261120-000009-01-9 办到哪了")
    office.engine.answers["慢"] = EngineTurn("degraded", (Reply("慢"),))
    await office.turns.say(consultation, "慢")
    office.engine.answers[HIDDEN_PHONE] = EngineTurn("service", (Reply(f"联系电话：{HIDDEN_PHONE}", kind="service"),))
    assert (await office.turns.say(consultation, PHONE)).replies[0].text == "联系电话：138****3456"


async def test_a_request_is_numbered_timed_and_written(office: Office) -> None:
    consultation, number, code = await _requested(office)
    assert valid_request_number(number)
    assert number.startswith(f"FW-{consultation[3:18]}-01-")
    request = await office.book.find(number, code)
    assert (request.standing, request.due, request.target, request.same_as) == ("received", DUE, "信息服务", "")
    assert request.facts[0] == ("身份", "个人")
    entry = next(entry for entry in await office.entries(consultation) if entry.kind == "requested")
    assert (entry.actor, entry.open["standing"], entry.open["turn"]) == ("citizen", "received", 3)
    assert "王芳" not in str(entry.open)


async def test_the_time_to_answer_begins_with_the_working_hours(office: Office) -> None:
    office.clock.turn_to(NIGHT)
    _, number, code = await _requested(office)
    assert (await office.book.find(number, code)).due == "2026-11-25T03:00:00.000Z"


async def test_who_has_a_wrong_code_learns_nothing(office: Office) -> None:
    _, number, code = await _requested(office)
    for wrong_number, wrong_code in ((number, "0000-0000-0000"), (number[:-1] + "x", code), ("", ""), (number, "")):
        with pytest.raises(CitizenError) as refused:
            await office.book.find(wrong_number, wrong_code)
        assert refused.value.status == 404


async def test_the_same_again_is_no_second_request(office: Office) -> None:
    consultation, number, _ = await _requested(office)
    again = await _sent(office, consultation)
    assert "不用再交" in again.text
    assert number in again.text
    other = await _sent(office, consultation, subject="牦牛酸奶的发酵方法")
    assert _number(other) != number
    assert len(await office.book.of(consultation)) == 2


async def test_the_same_people_in_another_consultation_are_seen_by_staff_and_not_told_of_each_other(office: Office) -> None:
    _, first, _ = await _requested(office)
    _, second, code = await _requested(office)
    request = await office.book.find(second, code)
    assert request.same_as == first
    await office.book.move(first, "declined", "li", note="重复")
    _, third, code = await _requested(office)
    assert (await office.book.find(third, code)).same_as == second


async def test_how_it_stands_is_told_in_the_consultation_and_with_the_code_elsewhere(office: Office) -> None:
    consultation, number, code = await _requested(office)
    turn = await office.turns.say(consultation, "我的申请到哪了")
    assert turn.status == "service"
    assert "已收到，等待受理" in turn.replies[0].text
    elsewhere = await office.open()
    assert "已收到" in (await office.turns.say(elsewhere, f"查一下{number.lower()} 查询码{code}")).replies[0].text
    for words in (number, f"{number} 0000-0000-0000", f"撤回申请 {number}"):
        told = (await office.turns.say(elsewhere, words)).replies[0].text
        assert "没有找到" in told
        assert "已收到" not in told
    assert (await office.book.find(number, code)).standing == "received"


async def test_without_a_request_the_words_are_the_engines(office: Office) -> None:
    consultation = await office.open()
    office.engine.answers["我的申请到哪了"] = answered("向受理机关查。")
    assert (await office.turns.say(consultation, "我的申请到哪了")).replies[0].text == "向受理机关查。"


async def test_a_request_is_taken_back_only_when_it_is_confirmed(office: Office) -> None:
    consultation, number, code = await _requested(office)
    asked = await office.turns.say(consultation, f"撤回申请 {number}")
    assert next(button.payload for button in asked.replies[0].buttons) == f"确认撤回申请 {number}"
    assert (await office.book.find(number, code)).standing == "received"
    await office.turns.say(consultation, "1")
    request = await office.book.find(number, code)
    assert (request.standing, request.reason) == ("declined", "withdrawn")
    again = await office.turns.say(consultation, f"确认撤回申请 {number}")
    assert "已按您的要求撤回" in again.replies[0].text


@pytest.mark.parametrize("words", ["我没有确认撤回 {}，请继续办", "确认撤回{}吗", "不要撤回 {}", "撤回 {}"])
async def test_only_the_very_words_take_a_request_back(office: Office, words: str) -> None:
    consultation, number, code = await _requested(office)
    await office.turns.say(consultation, words.format(number))
    assert (await office.book.find(number, code)).standing == "received"


async def test_who_takes_back_what_staff_have_ended_is_told_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    consultation, number, code = await _requested(office)
    stale = await office.book.of(consultation)
    await office.book.move(number, "accepted", "li")
    await office.book.move(number, "done", "li")

    async def before(*_: object) -> list[Request]:
        return stale

    monkeypatch.setattr(office.book, "_of", before)
    with pytest.raises(CitizenError, match="已办结"):
        await office.book.answer(consultation, f"确认撤回申请 {number}")
    monkeypatch.undo()
    assert (await office.book.find(number, code)).standing == "done"


async def test_without_a_number_to_call_nothing_is_sent(office: Office) -> None:
    consultation = await office.open()
    told = await _sent(office, consultation)
    assert "还没有提交" in told.text
    assert await office.book.of(consultation) == []


async def test_another_s_number_in_the_words_stays_hidden(office: Office) -> None:
    consultation = await office.open()
    await _asked_for_phone(office, consultation)
    office.engine.answers[HIDDEN_PHONE] = EngineTurn("service", (Reply(f"检索内容：他的电话是{HIDDEN_PHONE}\n联系电话：{HIDDEN_PHONE}"),))
    shown = await office.turns.say(consultation, PHONE)
    assert shown.replies[0].text == f"检索内容：他的电话是{HIDDEN_PHONE}\n联系电话：138****3456"
    reply = await _sent(office, consultation, subject=f"他的电话是{HIDDEN_PHONE}")
    request = await office.book.look_up(_number(reply))
    assert request is not None
    assert dict(request.facts)["检索内容"] == f"他的电话是{HIDDEN_PHONE}"


async def test_a_number_that_is_not_one_s_own_is_not_kept(office: Office) -> None:
    consultation = await office.open()
    await _asked_for_phone(office, consultation)
    await office.turns.say(consultation, f"卖假货的人电话是{PHONE}，我能举报吗")
    assert [entry.kind for entry in await office.entries(consultation) if entry.kind == "contact_left"] == []


async def test_one_consultation_takes_so_many_and_the_next_start_is_not_kept(office: Office) -> None:
    consultation, _, _ = await _requested(office)
    for number in range(MOST - 1):
        await _sent(office, consultation, subject=f"第{number}件事情")
    assert "已经很多" in (await _sent(office, consultation, subject="再来一件")).text
    assert len(await office.book.of(consultation)) == MOST


async def test_the_same_page_with_other_words_is_another_request(office: Office) -> None:
    first = await office.book.submit("search", VALUES, "西宁市", "g" * 24)
    second = await office.book.submit("search", {**VALUES, "subject": "另一件事情"}, "西宁市", "g" * 24)
    assert first.number != second.number


async def test_a_request_that_cannot_be_sealed_yet_stands_all_the_same(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_: str) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(office.book, "_seal", full)
    sent = await office.book.submit("search", VALUES, "西宁市", "h" * 24)
    assert sent.receipt == ""
    assert (await office.book.find(sent.number, sent.code)).standing == "received"


async def test_a_page_sent_again_after_it_was_forgotten_is_told_so(office: Office) -> None:
    sent = await office.book.submit("search", VALUES, "西宁市", "i" * 24)
    await office.book.move(sent.number, "declined", "li", note="本人要求")
    await erase(office.journal, office.sealer, sent.consultation, "本人要求")
    with pytest.raises(CitizenError) as told:
        await office.book.submit("search", VALUES, "西宁市", "i" * 24)
    assert told.value.status == 410


async def test_who_else_asked_is_forgotten_with_the_one_who_asked(office: Office) -> None:
    first = await office.book.submit("search", VALUES, "西宁市", "j" * 24)
    second = await office.book.submit("search", {**VALUES, "subject": "另一件事情"}, "西宁市", "k" * 24)
    assert (await office.book.find(second.number, second.code)).same_as == first.number
    entries = [entry for entry in await office.entries(second.consultation) if entry.kind == "requested"]
    assert first.number not in str(entries[0].open)
    await office.book.move(first.number, "declined", "li", note="本人要求")
    await erase(office.journal, office.sealer, first.consultation, "本人要求")
    assert (await office.book.find(second.number, second.code)).same_as == ""
    await rebuild(office.journal, office.folder / "archive", office.sealer)
    assert (await office.book.find(second.number, second.code)).same_as == ""


async def test_what_is_known_of_others_is_told_to_nobody(office: Office) -> None:
    await office.book.submit("search", VALUES, "西宁市", "l" * 24)
    _, _, _ = await _requested(office)
    consultation = await office.open()
    await _asked_for_phone(office, consultation)
    office.engine.answers[HIDDEN_PHONE] = EngineTurn("service", (Reply("好", kind="service"),))
    await office.turns.say(consultation, PHONE)
    stranger = await office.open()
    await _asked_for_phone(office, stranger)
    await office.turns.say(stranger, "13700000000")
    known, unknown = await _sent(office, consultation), await _sent(office, stranger)
    assert len(known.text.splitlines()) == len(unknown.text.splitlines())


@pytest.mark.parametrize(
    "words", ["我去年向国家局提交的商标注册申请现在受理了吗", "专利申请怎么样了才算授权", "我的申请到哪了，" + "说来话长" * 20]
)
async def test_a_question_about_an_office_s_case_is_the_engine_s(office: Office, words: str) -> None:
    consultation, _, _ = await _requested(office)
    await office.turns.say(consultation, words)
    assert office.engine.texts[-1] == words


async def test_a_service_that_is_offered_no_longer_can_be_ended(office: Office) -> None:
    _, number, _ = await _requested(office)
    office.book._catalogue = Intake(dataclasses.replace(real_knowledge(), services={}), office.site)
    await office.book.move(number, "accepted", "li")
    assert (await office.book.move(number, "done", "li")).follow_up == ""


async def test_staff_carry_it_on_and_the_citizen_is_told(office: Office) -> None:
    consultation, number, code = await _requested(office)
    await office.book.move(number, "accepted", "li", owner="li")
    with pytest.raises(CitizenError):
        await office.book.move(number, "received", "li")
    with pytest.raises(CitizenError):
        await office.book.move(number, "returned", "li")
    await office.book.move(number, "returned", "li", note="请补充关键词")
    entries = await office.entries(consultation)
    assert "请补充关键词" in (entries[-1].private or {})["text"]
    assert office.sql("SELECT count(*) FROM outbox WHERE consultation = ? AND seq = ?", consultation, entries[-1].seq) == [(1,)]
    assert (await office.book.find(number, code)).note == "请补充关键词"
    assert office.woken[-1] == consultation
    with pytest.raises(CitizenError):
        await office.book.move("FW-20261120-000099-01-0", "accepted", "li")


async def test_what_happens_after_closing_is_a_supplement_of_the_sealed_file(office: Office) -> None:
    consultation, number, _ = await _requested(office)
    await office.consultations.close(consultation)
    await office.book.move(number, "accepted", "li")
    done = await office.book.move(number, "done", "li")
    assert done.follow_up == "2026-11-27"
    assert office.sql("SELECT count(*) FROM leaves WHERE consultation = ?", consultation) == [(3,)]
    assert [entry.kind for entry in await office.entries(consultation)][-2:] == ["request_moved", "request_moved"]


async def test_what_goes_first_and_what_is_due_first_leads_the_list(office: Office) -> None:
    plain = await office.book.submit("search", VALUES, "西宁市", "a" * 24)
    office.clock.turn_to(NIGHT)
    firm = {**VALUES, "who": "small", "honour": "specialised", "unit": "西宁某某公司", "phone": "0971-1234567"}
    first = await office.book.submit("key-enterprise", firm, "西宁市", "b" * 24)
    assert [request.number for request in await office.book.waiting()] == [first.number, plain.number]
    assert (await office.book.find(first.number, first.code)).priority == "“专精特新”中小企业"


async def test_a_page_that_is_sent_twice_makes_one_request(office: Office) -> None:
    sent = await office.book.submit("search", VALUES, "西宁市", "c" * 24)
    again = await office.book.submit("search", VALUES, "西宁市", "c" * 24)
    assert (again.number, again.code, again.receipt) == (sent.number, sent.code, sent.receipt)
    assert (await office.receipts.check(sent.consultation, sent.receipt)).intact
    assert len(await office.book.waiting()) == 1


async def test_the_table_comes_back_from_the_journal(office: Office) -> None:
    _, number, _ = await _requested(office)
    await office.book.submit("search", {**VALUES, "phone": "0971-1234567"}, "西宁市", "d" * 24)
    await office.book.move(number, "accepted", "li", owner="li")
    before = office.sql("SELECT * FROM requests ORDER BY number")
    consultations = office.sql("SELECT * FROM consultations ORDER BY number")
    await rebuild(office.journal, office.folder / "archive", office.sealer)
    assert office.sql("SELECT * FROM requests ORDER BY number") == before
    assert office.sql("SELECT * FROM consultations ORDER BY number") == consultations


async def test_forgetting_waits_for_the_end_of_a_request_and_leaves_no_mark_of_the_person(office: Office) -> None:
    sent = await office.book.submit("search", VALUES, "西宁市", "e" * 24)
    with pytest.raises(CitizenError) as refused:
        await erase(office.journal, office.sealer, sent.consultation, "本人要求")
    assert sent.number in refused.value.message
    await office.book.move(sent.number, "declined", "li", note="本人要求")
    await erase(office.journal, office.sealer, sent.consultation, "本人要求")
    assert office.sql("SELECT mark FROM requests") == [("",)]
    request = await office.book.look_up(sent.number)
    assert request is not None
    assert (request.facts, request.note) == ((), "")
    await rebuild(office.journal, office.folder / "archive", office.sealer)
    assert office.sql("SELECT mark FROM requests") == [("",)]


async def test_in_the_page_of_the_archive_a_mobile_number_shows_its_tail_only(office: Office) -> None:
    sent = await office.book.submit("search", VALUES, "西宁市", "f" * 24)
    page = next((office.folder / "archive").rglob(f"{sent.consultation}.html")).read_text("utf-8")
    assert "尾号 3456" in page
    assert PHONE not in page
    assert "青稞饼干低温烘烤" in page
