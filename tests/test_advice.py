"""What approved answers there are for words that a citizen or a colleague typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from tests.knowledge.made import answer, knowledge, question
from tests.support import real_knowledge
from zhixun.advice import Advised
from zhixun.clock import Clock
from zhixun.errors import TryLater
from zhixun.knowledge.model import Knowledge

DAY = date(2026, 11, 20)


class Understanding:
    """What the engine makes of words."""

    def __init__(self, *ranking: tuple[str, float], fault: Exception | None = None) -> None:
        self.ranking = ranking
        self.fault = fault
        self.asked: list[str] = []

    async def __call__(self, text: str) -> Mapping[str, Any]:
        self.asked.append(text)
        if self.fault:
            raise self.fault
        return {"intent": "ask", "ranking": [{"question": name, "confidence": share} for name, share in self.ranking]}


def _advised(*ranking: tuple[str, float], of: Knowledge | None = None, day: date = DAY, fault: Exception | None = None) -> Advised:
    made = of or knowledge(*(question(f"q-{name}") for name in ("one", "two", "three")))
    return Advised(lambda: made, Clock(day), Understanding(*ranking, fault=fault))


async def _ids(advised: Advised, text: str, region: str = "西宁市") -> list[tuple[str, float]]:
    return [(known.id, known.share) for known in await advised.suggest(text, region)]


async def test_what_the_ranker_found_comes_in_its_order_with_its_share() -> None:
    assert await _ids(_advised(("q-two", 0.7), ("q-one", 0.2)), "多久") == [("q-two", 0.7), ("q-one", 0.2)]


async def test_the_words_are_understood_without_what_stands_around_them() -> None:
    advised = _advised(("q-one", 0.9))
    await advised.suggest("  多久\n", "西宁市")
    assert advised.understand.asked == ["多久"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["", " \n"])
async def test_without_words_nothing_is_asked(text: str) -> None:
    advised = _advised(("q-one", 0.9))
    assert await advised.suggest(text, "西宁市") == []
    assert advised.understand.asked == []  # type: ignore[attr-defined]


async def test_behind_the_ranked_come_those_that_hold_the_very_words() -> None:
    """A title before a wording; an id as it stands."""
    assert await _ids(_advised(("q-two", 0.4)), "的期限") == [("q-two", 0.4), ("q-one", 0.0), ("q-three", 0.0)]
    assert await _ids(_advised(), "q-one的第3种问法") == [("q-one", 0.0)]
    assert await _ids(_advised(), "q-three") == [("q-three", 0.0)]
    assert await _ids(_advised(), "完全不相干") == []


async def test_what_is_ranked_and_named_stands_once() -> None:
    assert await _ids(_advised(("q-one", 0.9)), "q-one的期限") == [("q-one", 0.9)]


async def test_what_is_ranked_but_is_no_question_is_left_out() -> None:
    """A guide, a service, or a question of yesterday's model."""
    assert await _ids(_advised(("guide/dispute", 0.9), ("gone", 0.5), ("q-one", 0.1)), "多久") == [("q-one", 0.1)]


async def test_without_the_engine_the_words_themselves_are_looked_for() -> None:
    fault = TryLater("智能应答正在启动。", code="starting")
    assert await _ids(_advised(fault=fault), "q-two的期限") == [("q-two", 0.0)]


async def test_no_more_than_a_handful_is_offered() -> None:
    many = knowledge(*(question(f"q-{number:02d}") for number in range(30)))
    ranking = [(f"q-{number:02d}", 0.9 - number / 100) for number in range(20)]
    assert await _ids(_advised(*ranking, of=many), "的期限") == ranking[:6]
    assert len(await _ids(_advised(of=many), "的期限")) == 6


def test_an_answer_is_the_one_of_today_in_the_region() -> None:
    today, later = date(2026, 12, 31), date(2027, 1, 1)
    two = (answer(text="三个月。", facts=(), until=today), answer(text="两个月。", facts=(), since=later, brief="改为两个月"))
    made = knowledge(question("q-one", answers=(*two, answer(region="福州市", text="在福州另办。", facts=()))))
    assert "三个月。" in _told(_advised(of=made), "西宁市")
    assert "两个月。" in _told(_advised(of=made, day=date(2027, 1, 1)), "西宁市")
    assert "在福州另办。" in _told(_advised(of=made), "福州市")
    assert "福州" not in _told(_advised(of=made), "西宁市")
    assert "改为两个月" in _told(_advised(of=made), "西宁市")
    elsewhere = knowledge(question("q-one", answers=(answer(region="福州市", text="在福州办。", facts=()),)))
    assert _told(_advised(of=elsewhere), "西宁市") == "【福州市的规定，不适用于西宁市，仅供参考】在福州办。"


def _told(advised: Advised, region: str) -> str:
    known = advised.answer("q-one", region)
    assert known is not None
    return known.text


def test_an_answer_comes_with_its_basis_and_its_title() -> None:
    known = _advised().answer("q-one", "西宁市", 0.5)
    assert known is not None
    assert (known.id, known.title, known.share) == ("q-one", "q-one的期限", 0.5)
    assert [(clause.title, clause.locator) for clause in known.basis] == [("某法", "第一条")]


def test_where_no_answer_holds_there_are_no_words_to_put_in() -> None:
    over = knowledge(question("q-one", answers=(answer(until=date(2020, 1, 1)),)))
    known = _advised(of=over).answer("q-one", "西宁市")
    assert known is not None
    assert (known.text, known.basis) == ("", ())


def test_a_question_that_is_not_there_has_no_answer() -> None:
    assert _advised().answer("gone", "西宁市") is None


def test_what_a_thing_is_called() -> None:
    advised = _advised()
    assert (advised.title("q-one"), advised.title("gone")) == ("q-one的期限", "gone")


async def test_with_the_real_knowledge_every_answer_that_is_offered_has_words_and_a_basis() -> None:
    real = real_knowledge()
    advised = Advised(lambda: real, Clock(DAY), Understanding())
    for name in list(real.questions)[::25]:
        known = advised.answer(name, "西宁市")
        assert known is not None
        assert known.title == real.questions[name].title
        assert not known.text or known.basis, name
    assert (await advised.suggest("商标异议", "西宁市"))[0].text
