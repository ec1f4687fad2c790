"""Ratings that staff write down for whoever called or came to the counter; and how ratings are shown."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.desk.pages.test_entry import GIVEN, _paper
from tests.desk.whole import Staff, Whole, whole_desk
from tests.support import Office
from zhixun.archive.verify import verify_case
from zhixun.joined import rating_path
from zhixun.names import INDICATORS
from zhixun.requests.codes import Codes


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as opened:
        yield opened


async def _called(who: Staff) -> str:
    """Return a consultation by telephone that was entered and closed."""
    answer = await who.post("/desk/entry", GIVEN)
    return answer.to.split("/")[3]


async def test_what_a_caller_says_is_noted_once_with_who_noted_it(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number = await _called(wang)
    path = f"/desk/cases/{number}/rating"
    assert f'href="{path}"' in (await wang.get(f"/desk/entry/{number}/receipt")).text
    assert f'href="{path}"' in (await wang.get(f"/desk/cases/{number}")).text
    assert (await wang.get(path)).status == 200
    saved = await wang.post(path, {"attitude": "5", "satisfaction": "4", "words": "很耐心"})
    assert (saved.status, saved.to) == (303, f"/desk/cases/{number}?done=rated")
    rated = (await whole.office.entries(number))[-1]
    assert (rated.actor, rated.open["subject"], rated.open["scores"]) == ("staff:wang", "staff", {"attitude": 5, "satisfaction": 4})
    assert await verify_case(whole.office.journal, whole.office.folder / "archive", number) == ()
    page = await wang.get(f"/desk/cases/{number}")
    assert "（Wang代记）" in page.words
    assert "专业水平 未评" in page.words
    assert f'href="{path}"' not in page.text
    assert (await wang.post(path, {"attitude": "1"})).status == 409


async def test_nothing_chosen_or_nonsense_is_refused_and_what_was_typed_kept(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number = await _called(wang)
    path = f"/desk/cases/{number}/rating"
    for given in ({}, {"attitude": "6"}, {"attitude": "五"}, {"attitude": "-1"}, {"attitude": "5", "words": "好" * 501}):
        refused = await wang.post(path, {"words": "很耐心", **given})
        assert refused.status == 422, given
    assert "很耐心" in (await wang.post(path, {"words": "很耐心"})).text
    assert "rated" not in [entry.kind for entry in await whole.office.entries(number)]


async def test_whoever_can_rate_at_another_door_is_not_rated_for(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number = await whole.office.open()
    refused = await wang.post(f"/desk/cases/{number}/rating", {"attitude": "5"})
    assert (refused.status, "由咨询人自己评" in refused.words) == (409, True)
    assert "记下咨询人的评价" not in (await wang.get(f"/desk/cases/{number}")).words
    assert (await wang.get("/desk/cases/ZX-20261120-000009-9/rating")).status == 404


async def test_both_ratings_stand_apart_on_the_page_and_in_the_list_and_none_is_told_as_none(whole: Whole) -> None:
    wang, office = await whole.enter("clerk", "wang"), whole.office
    number, fence = await whole.claimed(wang, "商标异议期多久")
    await wang.post(f"/desk/cases/{number}/say", {"text": "三个月。", "fence": fence, "once": "1"})
    assert "没有评价" in (await wang.get(f"/desk/cases/{number}")).words
    await office.ratings.rate(number, dict.fromkeys(INDICATORS, 4), "")
    await office.ratings.rate(number, dict.fromkeys(INDICATORS, 3), "", "bot")
    page = (await wang.get(f"/desk/cases/{number}")).words
    assert "评价人工服务：专业水平 4 分" in page
    assert "评价智能助手：专业水平 3 分" in page
    other = await office.open()
    await whole.index.catch_up()
    listed = (await wang.get("/desk/archive?order=oldest")).words
    first, _, second = listed.partition(other)
    assert "人工 4.0" in first
    assert "助手 3.0" in first
    assert "未评" in second


async def test_with_a_public_address_the_paper_leads_to_the_form_until_it_is_rated(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    number = await _called(wang)
    assert "请给这次服务打分" not in (await wang.get(f"/desk/entry/{number}/receipt")).words
    paper = await _paper(whole, number, "https://ip.example.cn")
    assert f"https://ip.example.cn{rating_path(Codes(bytes(32)), number)}" in paper
    assert paper.count('class="qr"') == 2
    await wang.post(f"/desk/cases/{number}/rating", {"attitude": "5"})
    assert (await _paper(whole, number, "https://ip.example.cn")).count('class="qr"') == 1
