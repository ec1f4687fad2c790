"""Searching: every filter, words, places around what was found, and what strangers type."""

from __future__ import annotations

from dataclasses import asdict

import pytest
import pytest_asyncio

from tests.archive.indexed import WORDS, answered, closed, find, heard, index_of, numbers, opened, rated, said
from tests.archive.world import DAYS, World
from zhixun.archive.query import Query
from zhixun.archive.search import Page, Search
from zhixun.archive.snippet import Snippet
from zhixun.errors import CitizenError
from zhixun.messages import Event


@pytest_asyncio.fixture
async def mine(world: World) -> dict[str, str]:
    """Four consultations that differ in everything, by what they are called here."""
    await world.turn_to(DAYS[0])
    plain = await opened(world)
    await world.add(plain, said("商标异议期限多长？"), heard("answered", confidence=0.95), answered("三个月内。", "trademark-opposition"))
    await world.turn_to(DAYS[1])
    rich = await opened(world, channel="wechat", region="海东市")
    await world.add(
        rich, said("我叫朴炯宇，電話 0971-6151234，想问专利年费，商标的事也问"), heard("answered", confidence=0.5),
        answered("年费见通知。", "patent-fees"), said("还有呢", 2),
        Event("parsed", "engine", {"turn": 2, "status": "unknown", "entities": [{"entity": "stage", "value": "维持"}]}),
        Event("claimed", "staff:li", {"state": "staff", "operator": "li"}),
        answered("您好，请联系 boss@example.com", turn=0, actor="staff:li"),
        Event("noted", "staff:li", {"mentions": []}, {"text": "待补材料"}),
        Event("labelled", "staff:li", {"add": ["重点", "企业,个人"], "remove": []}),
        Event("requested", "citizen", {"request": "FW-20261120-000001-01-1", "service": "aid", "target": "desk", "standing": "received",
                                       "due": "", "priority": ""}, {"title": "维权援助", "facts": [["单位", "青海藏毯厂"]]}),
        Event("referred", "staff:li", {"slip": "ZB-1", "agency": "court", "kind": "civil", "way": "mail", "standing": "issued",
                                       "due": ""}, {"words": "请接收"}),
        Event("attached", "citizen", {"id": "a1", "type": "application/pdf", "size": 1, "digest": ""}, {"name": "合同.pdf"}),
        Event("described", "staff:li", {"user_kind": "个人", "industry": "制造业", "district": "湟中区"}),
        closed("answered"), rated(2, "有点慢"), Event("reviewed", "staff:ma", {"mark": "wrong", "second": False}, {"words": "应再核"}),
    )  # fmt: skip
    await world.turn_to(DAYS[2])
    gone = await opened(world)
    await world.add(gone, said("专利保护期限"), heard("answered", confidence=0.8), answered("二十年。", "patent-term"), closed(), rated(5))
    await world.sealer.seal(gone)
    await world.erase(gone)
    bare = await opened(world)
    return {"plain": plain, "rich": rich, "gone": gone, "bare": bare}


FOUND: list[tuple[dict[str, str], str]] = [
    ({}, "bare gone rich plain"), ({"order": "oldest"}, "plain rich gone bare"),
    ({"order": "rating"}, "rich gone bare plain"), ({"order": "confidence"}, "rich gone plain bare"),
    ({"order": "turns"}, "rich gone plain bare"),
    ({"since": "2026-11-20"}, "bare gone rich"), ({"until": "2026-11-20"}, "rich plain"),
    ({"since": "2026-11-20", "until": "2026-11-20"}, "rich"), ({"channel": "wechat"}, "rich"), ({"region": "海东市"}, "rich"),
    ({"right": "专利"}, "gone rich"), ({"topic": "费用"}, "rich"), ({"service": "aid"}, "rich"),
    ({"status": "unknown"}, "rich"), ({"status": "answered"}, "gone rich plain"), ({"operator": "li"}, "rich"),
    ({"operator": "l"}, ""), ({"operator": "ma"}, ""), ({"outcome": "answered"}, "rich"), ({"rating_from": "3"}, "gone"),
    ({"rating_to": "2"}, "rich"), ({"rating_from": "2", "rating_to": "5"}, "gone rich"), ({"referred": "1"}, "rich"),
    ({"referred": "0"}, "bare gone plain"), ({"low_confidence": "1"}, "rich"), ({"low_confidence": "0"}, "bare gone plain"),
    ({"unanswered": "1"}, "rich"), ({"unanswered": "0"}, "bare gone plain"), ({"label": "重点"}, "rich"),
    ({"label": "企业,个人"}, "rich"), ({"label": "企业"}, ""), ({"mark": "wrong"}, "rich"),
    ({"user_kind": "个人"}, "rich"),
    ({"industry": "制造业"}, "rich"), ({"industry": "教育"}, ""), ({"district": "湟中区"}, "rich"), ({"stage": "维持"}, "rich"),
    ({"attached": "1"}, "rich"),
    ({"noted": "1"}, "rich"), ({"state": "bot"}, "bare plain"), ({"state": "closed"}, "gone rich"),
    ({"erased": "1"}, "gone"), ({"erased": "0"}, "bare rich plain"), ({"number": "20261120"}, "rich"),
    ({"number": "zx-20261120-000001"}, "rich"), ({"state": "closed", "right": "专利", "erased": "0"}, "rich"),
    ({"words": "商标"}, "rich plain"), ({"words": "商标 年费"}, "rich"), ({"words": "商标", "order": "oldest"}, "plain rich"),
    ({"words": "商标", "order": "rating"}, "rich plain"), ({"words": "商標", "state": "bot"}, "plain"),
    ({"words": "朴炯宇"}, "rich"), ({"words": "待补材料"}, "rich"), ({"words": "藏毯厂"}, "rich"), ({"words": "有点慢"}, "rich"),
    ({"words": "应再核"}, "rich"), ({"words": "FW-20261120-000001-01-1"}, "rich"), ({"words": "期限"}, "plain"),
    ({"words": "三个月"}, "plain"),
]  # fmt: skip


async def test_each_filter_finds_what_it_names(world: World, mine: dict[str, str]) -> None:
    called = {number: name for name, number in mine.items()}
    found = [(given, " ".join(called[number] for number in await numbers(world, **given))) for given, _ in FOUND]
    assert found == FOUND
    asked = {name for given, _ in FOUND for name in given}
    assert asked == {*Query.__slots__} - {"page"}


async def test_a_whole_number_is_found_wherever_it_is_typed(world: World, mine: dict[str, str]) -> None:
    for number in (mine["gone"], mine["plain"]):
        assert await numbers(world, number=number.lower()) == [number]
        assert await numbers(world, words=f" {number.lower()} ") == [number]
    assert await numbers(world, words=mine["gone"], number=mine["plain"]) == []


async def test_a_hit_tells_what_the_case_is(world: World, mine: dict[str, str]) -> None:
    page = await find(world, number=mine["rich"])
    assert (page.total, page.more, page.page, page.pages) == (1, False, 1, 1)
    assert asdict(page.hits[0].case) == {
        "number": mine["rich"], "day": "2026-11-20", "channel": "wechat", "region": "海东市", "state": "closed", "turns": 2,
        "rights": ("专利",), "topics": ("费用",), "knowledge": ("patent-fees",), "services": ("aid",), "statuses": ("answered", "unknown"),
        "operators": ("li",), "labels": ("重点", "企业，个人"), "marks": ("wrong",), "stages": ("维持",), "outcome": "answered",
        "user_kind": "个人", "industry": "制造业", "district": "湟中区", "rating": 2.0, "staff_rating": None, "confidence": 0.5,
        "referred": True, "attached": True, "noted": True, "erased": False,
    }  # fmt: skip


async def test_the_words_around_are_shown_without_personal_numbers(world: World, mine: dict[str, str]) -> None:
    around = {
        "专利年费": Snippet("citizen", "…宇，電話 0971****1234，想问", "专利年费", "，商标的事也问"),
        "电话 年费": Snippet("citizen", "我叫朴炯宇，", "電話", " 0971****1234，想问专利年费，商标的事也问"),
        "年费专利": Snippet("citizen", "…電話 0971****1234，想问专利", "年费", "，商标的事也问"),
        "请联系": Snippet("staff:li", "您好，", "请联系", " b***@example.com"),
        "通知": Snippet("bot", "年费见", "通知", "。"),
        "": Snippet("citizen", "", "", "我叫朴炯宇，電話 0971****1234，想问专利年费，商标的事也问"),
    }
    for words, snippet in around.items():
        page = await find(world, words=words, number=mine["rich"])
        assert page.hits[0].snippet == snippet, words


async def test_what_was_erased_shows_no_words(world: World, mine: dict[str, str]) -> None:
    page = await find(world, erased="1")
    assert [(hit.case.number, hit.snippet) for hit in page.hits] == [(mine["gone"], None)]
    assert (await find(world, number=mine["bare"])).hits[0].snippet is None


async def test_words_that_nobody_said_are_named(world: World, mine: dict[str, str]) -> None:
    page = await find(world, words="商标 量子纠缠 年费 火星")
    assert (page.hits, page.total, page.missing) == ((), 0, ("量子纠缠", "火星"))
    page = await find(world, words="三个月 藏毯厂")
    assert (page.total, page.missing) == (0, ())
    assert (await find(world, words="商标")).missing == ()
    with pytest.raises(CitizenError, match="太常见") as told:
        await find(world, words="的 了")
    assert told.value.field == "words"


HOSTILE = [
    '"', "'", "' OR 1=1 --", '商标" OR "专利', "商标 OR 专利", "商标 NOT 异议", "words:商标", "NEAR(商标 异议)", "商标*", "^商标", "-商标",
    "{words}:商标", "(商标", "商标)", "%", "_", ",", "商标;DROP TABLE cases", "\\", "case_words MATCH 'x'", "商标 AND", "+商标+异议",
]  # fmt: skip


async def test_signs_are_never_commands(world: World, mine: dict[str, str]) -> None:
    """Words with signs find what the words without them find, or nothing."""
    for words in HOSTILE:
        plain = "".join(char if char.isalnum() else " " for char in words).strip()
        if WORDS.asked(words):
            assert await numbers(world, words=words) == await numbers(world, words=plain), words
        else:
            with pytest.raises(CitizenError):
                await find(world, words=words)
        for field in ("label", "operator", "region", "topic"):
            assert await numbers(world, **{field: words}) == [], words
    assert len(await numbers(world)) == 4


async def test_pages_and_what_lies_behind_the_last(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = [await opened(world) for _ in range(45)]
    pages = [await find(world, page=str(place)) for place in (1, 2, 3, 9)]
    assert [number for page in pages[:3] for number in _numbers(page)] == mine[::-1]
    assert [(page.page, page.pages, page.total, page.more) for page in pages] == [
        (1, 3, 45, False), (2, 3, 45, False), (3, 3, 45, False), (3, 3, 45, False),
    ]  # fmt: skip
    monkeypatch.setattr("zhixun.archive.search.REACH", 40)
    page = await find(world, page="2")
    assert (page.total, page.more, page.pages, _numbers(page)) == (40, True, 2, mine[::-1][20:40])
    with pytest.raises(CitizenError, match="缩小范围"):
        await Search(world.journal, WORDS).all(Query())


def _numbers(page: Page) -> list[str]:
    return [hit.case.number for hit in page.hits]


async def test_all_that_is_found_can_be_had_at_once(world: World, mine: dict[str, str]) -> None:
    await index_of(world).catch_up()
    found = await Search(world.journal, WORDS).all(Query.read({"order": "oldest", "erased": "0"}))
    assert [case.number for case in found] == [mine["plain"], mine["rich"], mine["bare"]]


async def test_the_filters_offer_what_occurs(world: World, mine: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    await index_of(world).catch_up()
    search = Search(world.journal, WORDS)
    assert asdict(await search.values()) == {
        "channel": ("web", "wechat"), "region": ("海东市", "西宁市"), "right": ("专利", "商标"), "topic": ("异议", "期限", "费用"),
        "service": ("aid",), "status": ("answered", "unknown"), "operator": ("li",), "outcome": ("answered",),
        "label": ("企业，个人", "重点"), "mark": ("wrong",), "stage": ("维持",), "user_kind": ("个人",), "industry": ("制造业",),
        "district": ("湟中区",),
    }  # fmt: skip
    await opened(world, channel="telegram")
    await index_of(world).catch_up()
    assert "telegram" not in (await search.values()).channel
    monkeypatch.setattr("zhixun.archive.search._FRESH_SECONDS", -1)
    assert "telegram" in (await search.values()).channel
