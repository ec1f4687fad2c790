"""Which answers somebody has to look at soon."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

from tests.support import real_knowledge
from zhixun.knowledge.expiry import NEAR_DAYS, STALE_DAYS, Expiring, expiring
from zhixun.knowledge.model import Answer, Knowledge, Question

TODAY = date(2026, 11, 21)


def _knowledge(*answers: Answer) -> Knowledge:
    question = Question("q", "问题", ("商标",), "异议", ("问",), answers)
    return replace(real_knowledge(), questions=MappingProxyType({"q": question}))


def _answer(region: str = "全国", since: date | None = None, until: date | None = None, checked: date = TODAY) -> Answer:
    return Answer(region, "正文", (), (), checked, since, until)


def _found(*answers: Answer) -> list[tuple[date, str, str]]:
    return [(one.day, one.region, one.why) for one in expiring(_knowledge(*answers), TODAY)]


def test_what_ends_within_sixty_days_is_told_and_what_ends_later_is_not() -> None:
    near, far = TODAY + timedelta(days=NEAR_DAYS), TODAY + timedelta(days=NEAR_DAYS + 1)
    assert _found(_answer(until=near)) == [(near, "全国", "ends")]
    assert _found(_answer(until=far)) == []
    assert _found(_answer(until=TODAY)) == [(TODAY, "全国", "ends")]


def test_one_that_another_follows_changes_and_once_it_has_is_no_matter_any_more() -> None:
    day = TODAY + timedelta(days=10)
    after = _answer(since=day + timedelta(days=1))
    assert _found(_answer(until=day), after) == [(day, "全国", "changes")]
    past = TODAY - timedelta(days=1)
    assert _found(_answer(until=past), _answer(since=TODAY)) == []
    assert _found(_answer(until=past), _answer(since=TODAY, region="西宁市")) == [(past, "全国", "ends")]


def test_what_nobody_has_checked_for_a_year_is_told_and_the_next_stands_first() -> None:
    old, older = TODAY - timedelta(days=STALE_DAYS), TODAY - timedelta(days=STALE_DAYS + 9)
    found = _found(_answer("西宁市", checked=old), _answer(checked=older), _answer("青海省", checked=TODAY - timedelta(days=STALE_DAYS - 61)))
    assert found == [(TODAY - timedelta(days=9), "全国", "stale"), (TODAY, "西宁市", "stale")]


def test_the_shipped_knowledge_tells_of_the_change_of_the_trade_mark_law() -> None:
    found = expiring(real_knowledge(), TODAY)
    assert Expiring("tm-opposition-period", "商标异议期是多久", "全国", date(2026, 12, 31), "changes") in found
    assert not [one for one in found if one.day < TODAY and one.why == "changes"]
