"""Ratings: what the program did and what staff did are kept apart, each once; and what counts as one behind a door."""

from __future__ import annotations

import asyncio

import pytest

from tests.conversation.hands import refused
from tests.support import Office
from zhixun.conversation.rating import buttons_for, read_rating
from zhixun.errors import CitizenError
from zhixun.messages import Event
from zhixun.names import INDICATORS, SCALE

SCORES = dict.fromkeys(INDICATORS, 5)


async def _with_both(office: Office) -> tuple[str, int]:
    """Open a consultation in which the program answered and a person of staff spoke; returns its number and the fence."""
    number = await office.open()
    await office.turns.say(number, "异议期多久")
    await office.turns.say(number, "转人工")
    fence = await office.takeover.claim(number, "wang")
    await office.takeover.say(number, "wang", fence, "三个月。", once="1")
    return number, fence


async def _rated(office: Office, number: str) -> list[dict[str, object]]:
    return [dict(entry.open) for entry in await office.entries(number) if entry.kind == "rated"]


async def test_a_rating_is_kept_once(office: Office) -> None:
    number = await office.open()
    await office.ratings.rate(number, SCORES, "很好，电话13897123456")
    rated = (await office.entries(number))[-1]
    assert (rated.kind, rated.actor, rated.open) == ("rated", "citizen", {"scores": SCORES, "subject": "bot"})
    assert rated.private == {"words": "很好，电话[手机号码已隐去]"}
    with pytest.raises(CitizenError) as refused:
        await office.ratings.rate(number, SCORES, "")
    assert (refused.value.code, refused.value.status) == ("rated", 409)


async def test_a_rating_without_words_has_no_private_part(office: Office) -> None:
    number = await office.open()
    await office.ratings.rate(number, SCORES, "  ")
    assert (await office.entries(number))[-1].private is None


@pytest.mark.parametrize(
    ("scores", "field"),
    [
        ({}, "scores.professionalism"),
        ({**SCORES, "attitude": 0}, "scores.attitude"),
        ({**SCORES, "content": 6}, "scores.content"),
        ({**SCORES, "quality": 4.5}, "scores.quality"),
        ({**SCORES, "satisfaction": True}, "scores.satisfaction"),
        ({**SCORES, "satisfaction": "5"}, "scores.satisfaction"),
        ({**SCORES, "speed": 5}, "scores"),
    ],
)
async def test_a_rating_that_does_not_fit_is_refused(office: Office, scores: dict[str, int], field: str) -> None:
    number = await office.open()
    with pytest.raises(CitizenError) as refused:
        await office.ratings.rate(number, scores, "")
    assert (refused.value.code, refused.value.field) == ("bad_score", field)
    assert "rated" not in [entry.kind for entry in await office.entries(number)]


async def test_words_to_a_rating_have_a_bound(office: Office) -> None:
    number = await office.open()
    with pytest.raises(CitizenError, match="500"):
        await office.ratings.rate(number, SCORES, "好" * 501)
    await office.ratings.rate(number, SCORES, "好" * 500)


async def test_a_rating_after_the_end_becomes_a_supplement(office: Office) -> None:
    number = await office.open()
    code = await office.consultations.close(number)
    await office.ratings.rate(number, SCORES, "")
    receipt = await office.receipts.check(number, code)
    assert (receipt.rated, receipt.supplements, receipt.intact) == (True, 1, True)


async def test_what_staff_did_and_what_the_program_did_are_rated_apart_and_each_once(office: Office) -> None:
    number, _ = await _with_both(office)
    assert await office.ratings.to_rate(number) == ("staff", "bot")
    await office.ratings.rate(number, SCORES, "")
    assert await office.ratings.to_rate(number) == ("bot",)
    with refused("rated", 409):
        await office.ratings.rate(number, SCORES, "")
    await office.ratings.rate(number, {**SCORES, "content": 3}, "", "bot")
    assert [one["subject"] for one in await _rated(office, number)] == ["staff", "bot"]
    ((bot, staff),) = office.sql("SELECT rating, staff_rating FROM consultations WHERE number=?", number)
    assert ('"content":3' in str(bot), '"content":5' in str(staff)) == (True, True)
    with refused("rated", 409):
        await office.ratings.rate(number, SCORES, "", "bot")


async def test_who_never_spoke_cannot_be_rated(office: Office) -> None:
    number = await office.open()
    await office.turns.say(number, "异议期多久")
    with refused("bad_subject", 400):
        await office.ratings.rate(number, SCORES, "", "staff")
    waiting = await office.open()
    await office.turns.say(waiting, "转人工")
    fence = await office.takeover.claim(waiting, "wang")
    await office.takeover.say(waiting, "wang", fence, "您好。", once="1")
    assert await office.ratings.to_rate(waiting) == ("staff",)
    with refused("bad_subject", 400):
        await office.ratings.rate(waiting, SCORES, "", "bot")


async def test_whoever_was_called_back_can_rate_that_as_well(office: Office) -> None:
    number = await office.open()
    await office.turns.say(number, "异议期多久")
    await office.add(number, Event("followed_up", "staff:wang", {"task": "x", "result": "done"}, {"words": "已答复"}))
    assert await office.ratings.to_rate(number) == ("bot", "staff")


@pytest.mark.parametrize("channel", ["form", "desk"])
async def test_where_nobody_served_nothing_is_rated(office: Office, channel: str) -> None:
    async with office.database.write() as connection:
        opened = Event("opened", "zhixun", {"channel": channel, "region": "西宁市", "consent": True})
        number = (await office.journal.open(connection, opened)).consultation
    assert await office.ratings.to_rate(number) == ()
    with refused("bad_subject", 400):
        await office.ratings.rate(number, SCORES, "")


async def test_of_many_ratings_at_once_one_is_kept(office: Office) -> None:
    number, _ = await _with_both(office)
    await office.consultations.close(number)
    tried = await asyncio.gather(*(office.ratings.rate(number, SCORES, "") for _ in range(8)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in tried) == ["CitizenError"] * 7 + ["NoneType"]
    assert len(await _rated(office, number)) == 1


async def test_by_a_door_and_on_a_page_at_once_one_is_kept(office: Office) -> None:
    number, _ = await _with_both(office)
    await office.consultations.close(number)

    async def heard() -> bool:
        async with office.database.write() as connection:
            return await office.ratings.hear(connection, number, "人工服务：满意", "key")

    tried = await asyncio.gather(heard(), office.ratings.rate(number, SCORES, "", "staff"), return_exceptions=True)
    assert tried[0] is True
    assert [one["subject"] for one in await _rated(office, number)] == ["staff"]


async def test_some_indicators_are_kept_as_some(office: Office) -> None:
    number = await office.open()
    await office.ratings.rate(number, {"attitude": 4}, "", by="staff:wang", whole=False)
    rated = (await office.entries(number))[-1]
    assert (rated.actor, rated.open["scores"]) == ("staff:wang", {"attitude": 4})
    with pytest.raises(CitizenError):
        await office.ratings.rate(await office.open(), {}, "", whole=False)


async def test_there_is_no_rating_of_what_there_is_not(office: Office) -> None:
    with refused("no_consultation", 404):
        await office.ratings.rate("ZX-20261120-000009-9", SCORES, "")


FIVE = dict(zip(INDICATORS, (5, 5, 4, 5, 4), strict=True))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("55454", ("", FIVE)), ("５５４５４", ("", FIVE)), ("5 5 4 5 4", ("", FIVE)), ("5、5、4、5、4。", ("", FIVE)),
        ("5,5，4,5,4", ("", FIVE)),
        ("5", ("", {"satisfaction": 5})), ("3分", ("", {"satisfaction": 3})), ("非常满意！", ("", {"satisfaction": 5})),
        ("基本满意", ("", {"satisfaction": 3})), ("人工服务：非常不满意", ("staff", {"satisfaction": 1})),
        ("智能助手:满意", ("bot", {"satisfaction": 4})),
        ("55450", None), ("65454", None), ("5545", None), ("554545", None), ("0", None), ("6", None), ("满意吗", None), ("", None),
        ("我有5个商标", None), ("别人：满意", None), ("：满意", None), ("555 55 是什么", None), ("٥", None),
        ("12345热线", None), ("12345", None),
    ],
)  # fmt: skip
def test_what_is_clearly_a_rating_and_what_is_not(text: str, meant: tuple[str, dict[str, int]] | None) -> None:
    assert read_rating(text) == meant


def test_every_button_means_its_score_and_its_number_is_the_score() -> None:
    for subject in ("staff", "bot"):
        for place, button in enumerate(buttons_for(subject), 1):
            assert read_rating(button.payload) == (subject, {"satisfaction": place})
            assert button.title == SCALE[place - 1]
