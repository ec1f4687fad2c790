"""Which turns want a better answer, and which staff found right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio

from tests.desk.staffroom import RecordingDaybook
from tests.support import Office, answered
from zhixun.archive.erase import erase
from zhixun.archive.opened import open_rows
from zhixun.errors import CitizenError
from zhixun.improve.turns import Turns
from zhixun.messages import Button, EngineTurn, Event, Reply

SINCE = "2026-11-01T00:00:00.000Z"
UNKNOWN = EngineTurn("unknown", (Reply("没有答复。"),), parsed={"ranking": [{"question": "cr-register"}, {"question": "cr-auto"}]})
ASKS_BACK = EngineTurn("clarify", (Reply("哪一个？", buttons=(Button("异议期", "异议期"), Button("都不是", "都不是"))),))
KNOWS = EngineTurn("answered", (Reply("三个月。", knowledge=("tm-opposition-period",)),))


@pytest.fixture
def daybook() -> RecordingDaybook:
    return RecordingDaybook()


@pytest_asyncio.fixture
async def turns(office: Office, daybook: RecordingDaybook) -> AsyncIterator[Turns]:
    yield Turns(office.database, office.clock, daybook, partial(open_rows, office.journal.keyring))


async def _said(office: Office, *turns: tuple[str, EngineTurn], close: bool = True) -> str:
    number = await office.open()
    for text, engine in turns:
        office.engine.answers[text] = engine
        await office.turns.say(number, text)
    if close:
        await office.consultations.close(number)
    return number


async def _found(turns: Turns) -> list[tuple[str, str, str]]:
    return sorted((one.key, one.why, one.text) for one in await turns.missed(SINCE))


async def test_what_was_not_answered_with_what_it_was_like(office: Office, turns: Turns) -> None:
    number = await _said(office, ("商标异议期多久", KNOWS), ("纹样卡怎么补", UNKNOWN), ("还有纹样卡吗", UNKNOWN))
    assert await _found(turns) == [(f"{number}/2", "unknown", "纹样卡怎么补"), (f"{number}/3", "unknown", "还有纹样卡吗")]
    assert (await turns.missed(SINCE))[0].nearest == ("cr-register", "cr-auto")
    assert await turns.replies([f"{number}/2"]) == {f"{number}/2": "没有答复。"}
    assert await turns.missed("2027-01-01T00:00:00.000Z") == []


async def test_a_choice_counts_when_none_was_what_was_meant(office: Office, turns: Turns) -> None:
    taken = await _said(office, ("商标", ASKS_BACK), ("异议期", KNOWS))
    left = await _said(office, ("牌子", ASKS_BACK))
    none = await _said(office, ("招牌", ASKS_BACK), ("都不是", UNKNOWN))
    await _said(office, ("标志", ASKS_BACK), close=False)
    assert await _found(turns) == [(f"{left}/1", "clarify", "牌子"), (f"{none}/1", "clarify", "招牌"), (f"{none}/2", "unknown", "都不是")]
    assert taken not in str(await _found(turns))


async def test_the_newest_review_and_a_low_rating_count(office: Office, turns: Turns) -> None:
    wrong, right, low = [await _said(office, (words, KNOWS)) for words in ("异议期", "几个月", "多久")]
    await office.add(wrong, Event("reviewed", "staff:li", {"mark": "incomplete"}))
    await office.add(right, Event("reviewed", "staff:li", {"mark": "wrong"}), Event("reviewed", "staff:ma", {"mark": "correct"}))
    scores = dict.fromkeys(("professionalism", "attitude", "content", "quality", "satisfaction"), 5)
    await office.ratings.rate(low, {**scores, "quality": 2}, "")
    assert await _found(turns) == [(f"{wrong}/1", "wrong", "异议期"), (f"{low}/1", "rated", "多久")]


async def test_what_is_dealt_with_is_gone_and_comes_back_when_its_answer_is_taken_back(
    office: Office, turns: Turns, daybook: RecordingDaybook
) -> None:
    one, other = [await _said(office, (words, UNKNOWN)) for words in ("甲问题怎么办", "乙问题怎么办")]
    await turns.settle([f"{one}/1"], "done", "li")
    await turns.settle([f"{other}/1"], "live", "li")
    assert await _found(turns) == []
    await turns.unsettle([f"{one}/1", f"{other}/1"])
    assert await _found(turns) == [(f"{other}/1", "unknown", "乙问题怎么办")]
    assert daybook.notes[0] == ("turns_settled", "li", {"how": "done", "count": 1, "turns": [f"{one}/1"]})
    for keys, how in (([], "done"), ([f"{one}/1"], "nothing")):
        with pytest.raises(CitizenError):
            await turns.settle(keys, how, "li")


async def test_what_was_erased_is_not_there(office: Office, turns: Turns) -> None:
    number = await _said(office, ("我叫王芳，纹样卡怎么补", UNKNOWN))
    await office.add(number, Event("reviewed", "staff:li", {"mark": "correct"}))
    await erase(office.journal, office.sealer, number, "本人要求", elsewhere=[])
    assert await turns.missed(SINCE) == []
    assert await turns.correct(9) == []


async def test_what_staff_found_right_is_told_by_its_first_answer(office: Office, turns: Turns) -> None:
    number = await _said(office, ("你好", answered("您好")), ("异议期多久", KNOWS), ("那注册呢", KNOWS))
    wrong = await _said(office, ("几个月", KNOWS))
    await office.add(number, Event("reviewed", "staff:li", {"mark": "correct"}))
    await office.add(wrong, Event("reviewed", "staff:li", {"mark": "wrong"}))
    assert await turns.correct(9) == [(f"{number}/2", "异议期多久", ("tm-opposition-period",))]
    assert await turns.correct(0) == []
