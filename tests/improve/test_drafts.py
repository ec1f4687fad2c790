"""Drafts: every text is kept, and nobody approves what they have written themselves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.desk.staffroom import RecordingDaybook
from tests.support import Office
from zhixun.errors import CitizenError
from zhixun.improve.drafts import APPROVED, DRAFT, DROPPED, LIVE, Drafts, digest_of, written

RAW: dict[str, Any] = {"id": "q-one", "title": "一个问题", "wordings": ["怎么办"]}


@pytest.fixture
def daybook() -> RecordingDaybook:
    return RecordingDaybook()


@pytest.fixture
def drafts(office: Office, daybook: RecordingDaybook) -> Drafts:
    return Drafts(office.database, office.clock, daybook)


def _more(words: str) -> dict[str, Any]:
    return {**RAW, "wordings": ["怎么办", words]}


async def test_every_text_is_kept_with_who_and_its_digest(drafts: Drafts, daybook: RecordingDaybook) -> None:
    id = await drafts.begin(RAW, "base", ["ZX-1/1", "ZX-2/4"], "wang")
    await drafts.save(id, _more("多久"), "li")
    await drafts.save(id, _more("多久"), "li")
    one = await drafts.one(id)
    assert (one.question, one.standing, one.base, one.turns, one.authors) == ("q-one", DRAFT, "base", ("ZX-1/1", "ZX-2/4"), {"wang", "li"})
    assert [(text.version, text.made_by, text.text) for text in one.texts] == [(2, "li", written(_more("多久"))), (1, "wang", written(RAW))]
    assert one.raw == _more("多久")
    assert daybook.notes == [
        ("draft_saved", "wang", {"draft": id, "question": "q-one", "version": 1, "digest": digest_of(written(RAW))}),
        ("draft_saved", "li", {"draft": id, "question": "q-one", "version": 2, "digest": digest_of(written(_more("多久")))}),
    ]


async def test_nobody_who_wrote_at_it_approves_it(drafts: Drafts) -> None:
    id = await drafts.begin(RAW, "", [], "wang")
    await drafts.save(id, _more("多久"), "li")
    for name in ("wang", "li"):
        with pytest.raises(CitizenError) as refused:
            await drafts.approve(id, 2, name)
        assert (refused.value.code, refused.value.status) == ("own_draft", 403)
    await drafts.approve(id, 2, "zhao")
    one = await drafts.one(id)
    assert (one.standing, one.approved_by, bool(one.approved)) == (APPROVED, "zhao", True)


async def test_a_change_takes_the_approval_away(drafts: Drafts) -> None:
    id = await drafts.begin(RAW, "", [], "wang")
    await drafts.approve(id, 1, "li")
    await drafts.save(id, _more("多久"), "wang")
    one = await drafts.one(id)
    assert (one.standing, one.approved_by, one.approved) == (DRAFT, "", "")
    with pytest.raises(CitizenError) as refused:
        await drafts.approve(id, 1, "li")
    assert refused.value.code == "changed"
    await drafts.approve(id, 2, "li")
    with pytest.raises(CitizenError):
        await drafts.approve(id, 2, "zhao")


async def test_one_draft_of_a_question_at_a_time(drafts: Drafts) -> None:
    id = await drafts.begin(RAW, "", [], "wang")
    with pytest.raises(CitizenError) as refused:
        await drafts.begin(RAW, "", [], "li")
    assert (refused.value.code, refused.value.status) == ("begun", 409)
    await drafts.drop(id, "wang")
    again = await drafts.begin(RAW, "", [], "li")
    assert [one.id for one in await drafts.list()] == [again]
    assert (await drafts.one(id)).text.text == written(RAW), "what was given up is not lost"


async def test_the_id_stays(drafts: Drafts) -> None:
    id = await drafts.begin(RAW, "", [], "wang")
    with pytest.raises(CitizenError) as refused:
        await drafts.save(id, {**RAW, "id": "q-two"}, "wang")
    assert refused.value.field == "id"


async def test_sent_back_with_a_reason(drafts: Drafts, daybook: RecordingDaybook) -> None:
    id = await drafts.begin(RAW, "", [], "wang")
    await drafts.approve(id, 1, "li")
    with pytest.raises(CitizenError):
        await drafts.send_back(id, "  ", "li")
    await drafts.send_back(id, "依据不对", "li")
    one = await drafts.one(id)
    assert (one.standing, one.why, one.approved_by) == (DRAFT, "依据不对", "")
    assert daybook.private == [{"why": "依据不对"}]


async def test_what_is_live_or_given_up_stays_as_it_is_until_it_is_taken_back(drafts: Drafts, office: Office) -> None:
    id = await drafts.begin(RAW, "", ["ZX-1/1"], "wang")
    await drafts.approve(id, 1, "li")
    async with office.database.write() as connection:
        await drafts.went_live(connection, [id])
    assert (await drafts.one(id)).standing == LIVE
    assert await drafts.list() == []
    for act in (drafts.save(id, _more("多久"), "wang"), drafts.drop(id, "wang"), drafts.send_back(id, "改", "li")):
        with pytest.raises(CitizenError) as refused:
            await act
        assert refused.value.status == 409
    (back,) = await drafts.reopen([id], "已退回到版本 1")
    assert (back.standing, back.why, back.turns) == (DRAFT, "已退回到版本 1", ("ZX-1/1",))


async def test_one_taken_back_gives_way_to_a_newer_draft(drafts: Drafts, office: Office) -> None:
    old = await drafts.begin(RAW, "", [], "wang")
    async with office.database.write() as connection:
        await drafts.went_live(connection, [old])
    new = await drafts.begin(_more("多久"), "", [], "wang")
    (back,) = await drafts.reopen([old], "退回")
    assert back.standing == DROPPED
    assert [one.id for one in await drafts.list()] == [new]


async def test_one_that_there_is_not_is_told(drafts: Drafts) -> None:
    with pytest.raises(CitizenError) as refused:
        await drafts.one(7)
    assert refused.value.status == 404
