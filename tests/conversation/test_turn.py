"""The turn: what is written when, what is told to whom, and what a crash in between leaves to be done."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.support import NIGHT, Crash, Office, answered, short, until
from zhixun.conversation.order import WAITING
from zhixun.errors import CitizenError, OurFault, TryLater
from zhixun.messages import Basis, Button, EngineTurn, Entry, Event, Reply, Turn

PHONE = "13897123456"
IDENTITY = "11010519491231002X"

COUNT_SAID = "SELECT count(*) FROM journal WHERE kind = 'said' AND actor = ? AND consultation = ?"


def _kinds(entries: list) -> list[tuple[str, str]]:
    return [(entry.kind, entry.actor) for entry in entries]


async def test_a_turn_is_answered_and_stands_in_the_journal(office: Office) -> None:
    number = await office.open()
    basis = Basis("商标法", "第三十三条", "全国", in_force=True, source="tm", gist="三个月")
    reply = Reply("三个月。", ("tm-opposition",), (basis,), (Button("怎么办理", "怎么办理"),))
    office.engine.answers["异议期多久"] = EngineTurn("answered", (reply,), parsed={"intent": "ask", "confidence": 0.9})

    turn = await office.turns.say(number, "异议期多久", "m-1")

    assert (turn.consultation, turn.turn, turn.owner, turn.status, turn.replies) == (number, 1, "bot", "answered", (reply,))
    assert office.engine.asked == [(number, "异议期多久", "西宁市")]
    said, parsed, answer = (await office.entries(number))[-3:]
    assert (said.kind, said.actor, said.private) == ("said", "citizen", {"text": "异议期多久"})
    assert said.open == {"turn": 1, "hidden": [], "message_id": "m-1"}
    assert (parsed.kind, parsed.actor, parsed.private) == ("parsed", "engine", None)
    assert parsed.open == {"turn": 1, "status": "answered", "intent": "ask", "confidence": 0.9, "in_guide": False}
    assert (answer.kind, answer.actor) == ("said", "bot")
    assert answer.open == {"turn": 1, "status": "answered", "kind": "answer", "knowledge": ["tm-opposition"]}
    assert answer.private["text"] == "三个月。"


async def test_words_are_on_disk_before_the_engine_hears_them(office: Office) -> None:
    number = await office.open()
    seen = []
    office.engine.while_asked = lambda: seen.append(office.sql(COUNT_SAID, "citizen", number))
    await office.turns.say(number, "怎么注册商标")
    assert seen == [[(1,)]]


async def test_a_reply_is_on_disk_before_any_window_is_woken(office: Office) -> None:
    number = await office.open()
    seen = []

    class Watching(list):
        def append(self, woken: str) -> None:
            seen.append((woken, office.sql(COUNT_SAID, "citizen", number)[0][0], office.sql(COUNT_SAID, "bot", number)[0][0]))

    office.woken = Watching()
    before = office.sql(COUNT_SAID, "bot", number)[0][0]
    await office.restarted().say(number, "怎么注册商标")
    # First for the citizen's own words, then for the reply.
    assert seen == [(number, 1, before), (number, 1, before + 1)]


async def test_the_reply_waits_in_the_outbox_until_it_is_confirmed(office: Office) -> None:
    number = await office.open()
    office.engine.answers["问"] = answered("一", "二")
    await office.turns.say(number, "问")
    rows = office.sql("SELECT seq, channel, delivered FROM outbox WHERE consultation = ?", number)
    last = (await office.entries(number))[-1].seq
    assert rows == [(last - 1, "api", None), (last, "api", None)]
    await office.consultations.delivered(number, last - 1)
    assert office.sql("SELECT delivered FROM outbox ORDER BY seq") == [("2026-11-20T02:00:00.000Z",), (None,)]


async def test_the_same_message_again_returns_the_first_result(office: Office) -> None:
    number = await office.open()
    first = await office.turns.say(number, "异议期多久", "m-1")
    office.engine.answers["异议期多久"] = answered("现在会答得不同")
    entries = len(await office.entries(number))
    assert await office.turns.say(number, "异议期多久", "m-1") == first
    assert await office.restarted().say(number, "换了字也一样", "m-1") == first
    assert len(await office.entries(number)) == entries
    assert office.engine.texts == ["异议期多久"]


async def test_the_same_id_in_another_consultation_is_another_message(office: Office) -> None:
    one, two = await office.open(), await office.open()
    await office.turns.say(one, "商标", "m-1")
    assert (await office.turns.say(two, "专利", "m-1")).replies[0].text == "答：专利"


async def test_without_an_id_the_same_words_are_said_twice(office: Office) -> None:
    number = await office.open()
    assert [(await office.turns.say(number, "你好")).turn for _ in range(2)] == [1, 2]


async def test_the_same_message_again_after_the_end_still_returns_the_result(office: Office) -> None:
    number = await office.open()
    first = await office.turns.say(number, "异议期多久", "m-1")
    await office.consultations.close(number)
    again = await office.turns.say(number, "异议期多久", "m-1")
    assert (again.replies, again.owner) == (first.replies, "closed")


async def _crash_in_the_middle(office: Office, text: str, message_id: str | None = None) -> str:
    """Say `text` and die after the first transaction."""
    number = await office.open()
    office.engine.answers[text] = Crash()
    with pytest.raises(Crash):
        await office.turns.say(number, text, message_id)
    office.engine.answers.pop(text)
    assert _kinds(await office.entries(number))[-1] == ("said", "citizen")
    return number


async def test_a_crash_in_the_middle_is_finished_by_the_same_message(office: Office) -> None:
    number = await _crash_in_the_middle(office, "异议期多久", "m-1")
    turn = await office.restarted().say(number, "异议期多久", "m-1")
    assert (turn.turn, turn.replies[0].text) == (1, "答：异议期多久")
    assert office.engine.retried == [(1, False), (1, True)]
    assert _kinds(await office.entries(number))[-3:] == [("said", "citizen"), ("parsed", "engine"), ("said", "bot")]
    assert office.sql(COUNT_SAID, "citizen", number) == [(1,)]


async def test_a_crash_in_the_middle_is_finished_at_the_next_start(office: Office) -> None:
    number = await _crash_in_the_middle(office, "异议期多久", "m-1")
    turns = office.restarted()
    assert await turns.finish_interrupted() == 1
    assert (await office.entries(number))[-1].private["text"] == "答：异议期多久"
    assert await turns.finish_interrupted() == 0
    asked = len(office.engine.asked)
    assert (await turns.say(number, "异议期多久", "m-1")).replies[0].text == "答：异议期多久"
    assert len(office.engine.asked) == asked


async def test_every_interrupted_message_is_answered_not_only_the_last(office: Office) -> None:
    number = await _crash_in_the_middle(office, "第一问", "m-1")
    turns = office.restarted()
    await turns.say(number, "第二问", "m-2")
    assert await turns.finish_interrupted() == 1
    assert (await turns.say(number, "第一问", "m-1")).replies[0].text == "答：第一问"


async def test_an_interrupted_message_is_answered_once_however_it_is_asked_for(office: Office) -> None:
    number = await _crash_in_the_middle(office, "异议期多久", "m-1")
    turns = office.restarted()
    again: list[asyncio.Task[Turn]] = []

    class JournalThatIsReadSlowly:
        """The journal; while it is read for the first time, the citizen sends the message again."""

        append = office.journal.append
        unanswered = office.journal.unanswered

        async def read(self, *place: object, **only: object) -> list[Entry]:
            if not again:
                again.append(asyncio.create_task(turns.say(number, "异议期多久", "m-1")))
                for _ in range(5):
                    await asyncio.sleep(0)
            return await office.journal.read(*place, **only)

    turns._journal = JournalThatIsReadSlowly()
    await turns.finish_interrupted()
    assert (await again[0]).replies[0].text == "答：异议期多久"
    assert [kind for kind, _ in _kinds(await office.entries(number))].count("parsed") == 1


async def test_one_damaged_consultation_does_not_keep_the_others_waiting(office: Office) -> None:
    damaged = await _crash_in_the_middle(office, "甲", "m-1")
    sound = await _crash_in_the_middle(office, "乙", "m-1")
    async with office.database.write() as connection:
        await office.journal.keyring.destroy(connection, damaged)
    assert await office.restarted().finish_interrupted() == 1
    assert (await office.entries(sound))[-1].private["text"] == "答：乙"
    with pytest.raises(OurFault):
        await office.restarted().say(damaged, "甲", "m-1")


async def test_an_interrupted_message_of_a_closed_consultation_stays_as_it_is(office: Office) -> None:
    number = await _crash_in_the_middle(office, "异议期多久", "m-1")
    turns = office.restarted()
    await office.consultations.close(number)
    entries = len(await office.entries(number))
    assert await turns.finish_interrupted() == 0
    with pytest.raises(CitizenError, match="已结束") as refused:
        await turns.say(number, "异议期多久", "m-1")
    assert (refused.value.code, refused.value.status) == ("closed", 409)
    assert len(await office.entries(number)) == entries


async def test_a_number_left_right_before_a_crash_is_not_lost(office: Office) -> None:
    number = await office.open()
    await office.turns.say(number, "转人工")

    class Dead:
        @property
        def phrases(self) -> dict[str, str]:
            raise Crash

    turns = office.restarted()
    turns._person._site = Dead()
    with pytest.raises(Crash):
        await turns.say(number, f"电话 {PHONE}", "m-1")
    turn = await office.restarted().say(number, f"电话 {PHONE}", "m-1")
    assert PHONE[-4:] in turn.replies[0].text
    kept = [entry.private for entry in await office.entries(number) if entry.kind == "contact_left"]
    assert kept == [{"phone": PHONE}]


@pytest.mark.parametrize("state", ["queued", "message_left", "staff"])
async def test_the_engine_is_silent_while_a_person_owns_the_consultation(office: Office, state: str) -> None:
    number = await office.open()
    await office.add(number, Event("handed_off", "zhixun", {"state": state, "reason": "asked"}))
    turn = await office.turns.say(number, "异议期多久")
    assert office.engine.asked == []
    assert (turn.status, turn.owner) == ("handoff", "staff" if state == "staff" else "queue")
    assert [reply.text for reply in turn.replies] == ([] if state == "staff" else [office.site.phrases["queued_again"]])
    assert ("relayed", "zhixun") in _kinds(await office.entries(number))
    assert "bot" not in [entry.actor for entry in await office.entries(number) if entry.kind == "said" and entry.open["turn"]]


async def test_asking_for_a_person_works_without_the_engine(office: Office) -> None:
    number = await office.open()
    office.engine.ready = False
    turn = await office.turns.say(number, "转人工")
    assert (turn.status, turn.owner, turn.replies[0].text) == ("handoff", "queue", office.site.phrases["queued"])
    assert office.engine.asked == []
    assert _kinds(await office.entries(number))[-1] == ("handed_off", "zhixun")


async def test_the_engine_can_hand_over(office: Office) -> None:
    number = await office.open()
    office.engine.answers["我要投诉"] = EngineTurn("handoff", (Reply("抱歉。"),), handoff="complaint")
    turn = await office.turns.say(number, "我要投诉")
    assert [reply.text for reply in turn.replies] == ["抱歉。", office.site.phrases["queued"]]
    assert (turn.status, turn.owner) == ("handoff", "queue")
    assert (await office.entries(number))[-1].open == {"state": "queued", "reason": "complaint", "team": "综合窗口"}


async def test_a_citizen_may_leave_the_queue(office: Office) -> None:
    number = await office.open()
    await office.turns.say(number, "转人工")
    assert (await office.turns.say(number, "取消排队")).owner == "bot"
    assert (await office.turns.say(number, "异议期多久")).replies[0].text == "答：异议期多久"


@pytest.mark.parametrize("state", ["queued", "staff"])
async def test_a_number_to_call_back_is_kept_only_encrypted(office: Office, state: str) -> None:
    number = await office.open()
    await office.add(number, Event("handed_off", "zhixun", {"state": state, "reason": "asked"}))
    turn = await office.turns.say(number, f"请打 {PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}，谢谢")
    entries = await office.entries(number)
    assert [entry.private for entry in entries if entry.kind == "contact_left"] == [{"phone": PHONE}]
    assert [entry.private["text"] for entry in entries if entry.actor == "citizen" and entry.kind == "said"] == [
        "请打 [手机号码已隐去]，谢谢"
    ]
    assert all(PHONE not in reply.text for reply in turn.replies)
    on_disk = office.bytes_on_disk()
    assert b"contact_left" in on_disk
    assert PHONE.encode() not in on_disk
    assert f"{PHONE[3:7]} {PHONE[7:]}".encode() not in on_disk
    assert office.sql("SELECT callback FROM consultations WHERE number = ?", number) == [(1,)]


async def test_a_number_told_to_the_bot_is_hidden_and_not_kept(office: Office) -> None:
    number = await office.open()
    turn = await office.turns.say(number, f"我的电话是{PHONE}，商标怎么注册")
    assert office.engine.texts == ["我的电话是[手机号码已隐去]，商标怎么注册"]
    assert turn.replies[-1] == Reply(office.site.phrases["masked"].format(what="手机号码"), kind="notice")
    assert "contact_left" not in [kind for kind, _ in _kinds(await office.entries(number))]


async def test_secrets_reach_neither_the_engine_nor_the_disk(office: Office) -> None:
    number = await office.open()
    await office.turns.say(number, f"我叫张三，身份证{IDENTITY}，卡号4111 1111 1111 1111，怎么申请费减")
    assert office.engine.texts == ["我叫张三，身份证[身份证号已隐去]，卡号[银行卡号已隐去]，怎么申请费减"]
    assert (await office.entries(number))[-1].private["text"].startswith("为保护您的信息，身份证号、银行卡号")
    on_disk = office.bytes_on_disk()
    assert IDENTITY.encode() not in on_disk
    assert b"4111" not in on_disk


async def test_nothing_but_a_secret_is_withheld_from_the_engine(office: Office) -> None:
    number = await office.open()
    turn = await office.turns.say(number, f"号码{IDENTITY}")
    assert (turn.status, turn.replies[0].text) == ("withheld", office.site.phrases["withheld"])
    assert office.engine.asked == []


async def test_what_looks_like_a_mark_is_no_secret(office: Office) -> None:
    number = await office.open()
    assert (await office.turns.say(number, "[手机号码已隐去]")).status == "answered"


@pytest.mark.parametrize(("ready", "phrase"), [(True, "degraded"), (False, "starting")])
async def test_a_failing_engine_is_told_truthfully_and_nothing_is_lost(office: Office, ready: bool, phrase: str) -> None:
    number = await office.open()
    office.engine.ready = ready
    office.engine.answers["异议期多久"] = TryLater("engine failed", code="engine_500")
    turn = await office.turns.say(number, "异议期多久", "m-1")
    reply = Reply(office.site.phrases[phrase], buttons=(Button("转人工", "转人工"),), kind="degraded")
    assert (turn.status, turn.owner, turn.replies) == ("degraded", "bot", (reply,))
    said, parsed, _ = (await office.entries(number))[-3:]
    assert said.private == {"text": "异议期多久"}
    assert parsed.open == {"error": "engine_500", "turn": 1, "status": "degraded"}


async def test_the_offered_person_can_be_chosen_by_number_while_the_engine_is_down(office: Office) -> None:
    number = await office.open()
    office.engine.answers["异议期多久"] = TryLater("engine failed", code="engine_500")
    await office.turns.say(number, "异议期多久")
    assert (await office.turns.say(number, "1")).owner == "queue"
    assert (await office.turns.say(number, "第一个")).owner == "bot"  # The queue offers to leave it.


async def test_a_digit_or_a_title_means_the_button_that_was_shown_last(office: Office) -> None:
    number = await office.open()
    buttons = (Button("商标异议期", "商标异议期是多久"), Button("都不是", "都不是"))
    office.engine.answers["异议"] = EngineTurn("clarify", (Reply("您问的是：", buttons=buttons),))
    for said, heard in (("1", "商标异议期是多久"), ("商标异议期", "商标异议期是多久"), ("第二个", "都不是"), ("3", "3")):
        await office.turns.say(number, "异议")
        await office.turns.say(number, said)
        assert office.engine.texts[-1] == heard
    # The journal keeps what was said, not what was meant.
    assert "1" in [entry.private["text"] for entry in await office.entries(number) if entry.actor == "citizen"]
    # Buttons of an earlier turn are gone.
    await office.turns.say(number, "1")
    assert office.engine.texts[-1] == "1"


async def test_the_buttons_under_the_greeting_can_be_named_too(office: Office) -> None:
    number = await office.open()
    button = next(button for button in office.site.quick if button["title"] != button["payload"])
    await office.turns.say(number, button["title"])
    assert office.engine.texts == [button["payload"]]


async def test_one_turn_at_a_time_in_the_order_of_arrival(office: Office) -> None:
    number = await office.open()
    office.engine.gate.clear()
    texts = [f"第{place}问" for place in range(WAITING)]
    says = [asyncio.create_task(office.turns.say(number, text)) for text in texts]
    await until(lambda: office.engine.asked)
    office.engine.gate.set()
    turns = await asyncio.gather(*says)
    assert [turn.turn for turn in turns] == list(range(1, WAITING + 1))
    assert office.engine.texts == texts
    assert office.engine.most_at_once == 1
    entries = [entry for entry in await office.entries(number) if entry.open.get("turn")]
    assert [entry.open["turn"] for entry in entries] == sorted(entry.open["turn"] for entry in entries)


async def test_consultations_do_not_wait_for_each_other(office: Office) -> None:
    one, two = await office.open(), await office.open()
    office.engine.gate.clear()
    says = [asyncio.create_task(office.turns.say(number, "问")) for number in (one, two)]
    await until(lambda: office.engine.most_at_once == 2)
    office.engine.gate.set()
    assert {turn.consultation for turn in await asyncio.gather(*says)} == {one, two}


async def test_too_many_waiting_messages_are_refused_unwritten(office: Office) -> None:
    number = await office.open()
    office.engine.gate.clear()
    says = [asyncio.create_task(office.turns.say(number, f"问{place}")) for place in range(WAITING)]
    await until(lambda: office.engine.asked)
    with pytest.raises(TryLater, match="太快") as refused:
        await office.turns.say(number, "再来一句")
    assert (refused.value.code, refused.value.status) == ("too_fast", 429)
    office.engine.gate.set()
    await asyncio.gather(*says)
    assert office.sql(COUNT_SAID, "citizen", number) == [(WAITING,)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"), ("  \n\t", "empty"), ("长" * 2001, "too_long"), ("？？！", "no_words"), ("😀🎉", "no_words"),
        ("\u200b\u200b", "no_words"),
    ],
    ids=short,
)  # fmt: skip
async def test_what_is_no_message_is_refused_unwritten(office: Office, text: str, code: str) -> None:
    number = await office.open()
    entries = len(await office.entries(number))
    with pytest.raises(CitizenError) as refused:
        await office.turns.say(number, text)
    assert (refused.value.code, refused.value.field, refused.value.status) == (code, "text", 400)
    assert len(await office.entries(number)) == entries


async def test_the_longest_message_is_taken_whole(office: Office) -> None:
    number = await office.open()
    await office.turns.say(number, "长" * 2000)
    assert office.engine.texts == ["长" * 2000]


async def test_nothing_more_is_said_in_a_closed_consultation(office: Office) -> None:
    number = await office.open()
    await office.consultations.close(number)
    with pytest.raises(CitizenError, match="已结束") as refused:
        await office.turns.say(number, "还在吗")
    assert (refused.value.code, refused.value.status) == ("closed", 409)
    assert office.engine.asked == []


async def test_what_the_engine_understood_cannot_pass_for_the_state(office: Office) -> None:
    number = await office.open()
    office.engine.answers["问"] = EngineTurn("answered", (Reply("答"),), parsed={"turn": 99, "status": "handoff"})
    await office.turns.say(number, "问")
    parsed = next(entry for entry in await office.entries(number) if entry.kind == "parsed")
    assert parsed.open == {"turn": 1, "status": "answered", "in_guide": False}


async def test_only_what_is_open_stands_readable_in_the_store(office: Office) -> None:
    number = await office.open()
    await office.turns.say(number, "一个不该被人看到的商业计划")
    bodies = [json.loads(str(body)) for (body,) in office.sql("SELECT body FROM journal WHERE consultation = ?", number)]
    assert all(set(body) <= {"open", "sealed"} for body in bodies)
    assert "商业计划".encode() not in office.bytes_on_disk()


async def test_out_of_hours_a_message_is_taken(office: Office) -> None:
    number = await office.open()
    office.clock.turn_to(NIGHT)
    turn = await office.turns.say(number, "转人工")
    assert turn.owner == "queue"
    assert "11月23日（周一）09:00" in turn.replies[0].text
    assert office.sql("SELECT state FROM consultations WHERE number = ?", number) == [("message_left",)]


CHOICES = (Button("专利", "专利"), Button("商标", "商标"), Button("上一步", "上一步"))
STEP = Reply("【第1步】哪一种？\n1. 专利\n2. 商标", ("guide:made",), (), CHOICES, "guide")


async def test_a_number_means_a_choice_of_the_step_below_an_answer_in_between(office: Office) -> None:
    number = await office.open()
    between = Reply("三个月。", ("tm-opposition",), (), (Button("怎么办理", "怎么办理"), Button("多少钱", "多少钱")))
    office.engine.answers["异议期多久"] = EngineTurn("answered", (between, STEP))
    await office.turns.say(number, "异议期多久")
    await office.turns.say(number, "2")
    assert office.engine.texts[-1] == "商标"


async def test_a_number_never_means_going_back(office: Office) -> None:
    number = await office.open()
    typed = Reply("几个类别？", ("guide:made",), (), (Button("上一步", "上一步"), Button("退出", "退出")), "guide")
    office.engine.answers["开始"] = EngineTurn("guide", (typed,))
    await office.turns.say(number, "开始")
    await office.turns.say(number, "1")
    assert office.engine.texts[-1] == "1"


async def test_what_a_guide_found_out_is_kept_for_the_staff(office: Office) -> None:
    number = await office.open()
    found = {"guide": "made", "title": "怎么办", "leaf": "rich", "percent": 0, "facts": [["权利", "商标"]]}
    office.engine.answers["商标"] = EngineTurn("guide", (Reply("请人办。", kind="guide"),), guided=found)
    await office.turns.say(number, "商标")
    kept = next(entry for entry in await office.entries(number) if entry.kind == "guided")
    assert (kept.open["leaf"], kept.private) == ("rich", {"title": "怎么办", "facts": [["权利", "商标"]]})
    assert "商标" not in office.sql("SELECT body FROM journal WHERE kind = 'guided'")[0][0]
