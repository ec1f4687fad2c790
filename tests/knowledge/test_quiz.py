"""The quiz: nothing is made up, exactly one choice is true, and a seed gives the same round for ever."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cache

import pytest

from tests.knowledge.made import answer, knowledge, question
from tests.support import ROOT, real_knowledge
from zhixun.knowledge.choose import choose
from zhixun.knowledge.coverage import read_rows
from zhixun.knowledge.model import Basis
from zhixun.knowledge.quiz import CLAUSES, FORCES, Quiz
from zhixun.knowledge.site import load_site
from zhixun.messages import QuizItem

DAY, REGION = date(2026, 11, 21), "西宁市"
LATER = date(2027, 1, 1)


@cache
def _quiz(day: date = DAY) -> Quiz:
    return Quiz(real_knowledge(), read_rows(ROOT / "knowledge"), REGION, day)


@cache
def _every() -> tuple[QuizItem, ...]:
    """Return every question there is, as two seeds ask it."""
    return tuple(item for seed in ("one", "two") for name in _quiz().ids if (item := _quiz().item(name, seed)) is not None)


def _of(kind: str) -> list[QuizItem]:
    return [item for item in _every() if item.id.startswith(f"{kind}:")]


def test_there_is_enough_of_each_kind() -> None:
    kinds = Counter(item.id.partition(":")[0] for item in _every())
    assert {"answer", "term", "fee", "force"} == set(kinds)
    assert all(count > 60 for count in kinds.values()), kinds


def test_choices_differ_and_one_of_them_is_marked_true() -> None:
    for item in _every():
        assert len(set(item.choices)) == len(item.choices) in (2, 4), item.id
        assert 0 <= item.right < len(item.choices)
        assert item.basis
        assert item.ask


def test_of_answers_only_the_right_one_holds_a_fact_and_the_others_are_answers_to_something_else() -> None:
    known = real_knowledge()
    texts = {
        question.id: choice.answer.bubbles[0] for question in known.questions.values()
        if (choice := choose(question, REGION, DAY, known.glossary)) is not None
    }  # fmt: skip
    for item in _of("answer"):
        asked = known.questions[item.id.removeprefix("answer:")]
        given = choose(asked, REGION, DAY, known.glossary)
        assert given is not None
        assert not given.foreign
        assert item.choices[item.right] == given.answer.bubbles[0]
        assert any(fact in item.choices[item.right] for fact in given.answer.facts)
        for place, text in enumerate(item.choices):
            if place != item.right:
                assert not [fact for fact in given.answer.facts if fact in text], item.id
                others = [name for name, own in texts.items() if own == text]
                assert others, "a wrong choice is no approved answer"
                assert asked.id not in others
                assert not {*others} & {*asked.next}


def test_of_figures_only_the_one_in_force_is_true_and_the_others_are_figures_of_something_else() -> None:
    known = real_knowledge()
    for kind in ("fee", "term"):
        figures = known.figures.tables[kind]
        words = {value.words for figure in figures.values() if (value := figure.on(DAY)) is not None}
        for item in _of(kind):
            own = figures[item.id.partition(":")[2]]
            value = own.on(DAY)
            assert value is not None
            assert item.choices[item.right] == value.words
            wrong = {text for place, text in enumerate(item.choices) if place != item.right}
            assert wrong <= words, "a wrong choice was made up"
            assert not wrong & {one.words for one in own.values}, "the figure of another day"
            alike = [one for one in figures.values() if (one.title, one.right, one.per) == (own.title, own.right, own.per)]
            assert alike == [own]
            assert known.sources[value.source].title in item.basis[0]


def test_of_clauses_the_force_is_the_one_of_the_document() -> None:
    rows = {row.id: row for row in read_rows(ROOT / "knowledge")}
    asked = _of("force")
    assert {rows[item.id.removeprefix("force:")].document for item in asked} == {"xining-spec"}
    for item in asked:
        row = rows[item.id.removeprefix("force:")]
        assert item.choices[item.right] == FORCES[row.force]
        assert row.at in item.ask
        assert not {*row.what} & {"应", "宜"}


def test_another_place_s_rules_and_papers_that_ran_out_are_not_asked() -> None:
    known = real_knowledge()
    for name in _quiz().ids:
        if name.startswith("answer:"):
            choice = choose(known.questions[name.removeprefix("answer:")], REGION, DAY, known.glossary)
            assert choice is not None
            assert not choice.foreign
            assert all(known.sources[basis.source].in_force(DAY) for basis in choice.answer.basis)


def test_the_figure_is_the_one_of_the_day() -> None:
    now, then = (_quiz(day).item("term:tm-opposition", "x") for day in (DAY, LATER))
    assert now is not None
    assert then is not None
    assert (now.choices[now.right], then.choices[then.right]) == ("3个月", "2个月")
    assert "2个月" not in now.choices
    assert "3个月" not in then.choices


def test_a_seed_gives_the_same_round_and_another_seed_another() -> None:
    rules = load_site(ROOT / "knowledge").learning
    one, again, other = (_quiz().draw(seed, rules.questions, rules.weights) for seed in ("a", "a", "b"))
    assert one == again
    assert len(one) == len({item.id for item in one}) == rules.questions
    assert [item.id for item in one] != [item.id for item in other]


def test_fields_share_a_round_by_their_weights() -> None:
    drawn = _quiz().draw("a", 20, {"专利": 5, "商标": 4, CLAUSES: 1})
    assert Counter(item.field for item in drawn) == {"专利": 10, "商标": 8, CLAUSES: 2}
    assert {item.field for item in _quiz().draw("a", 5, {"没有的": 9, "商标": 1})} == {"商标"}


def test_a_field_that_runs_out_leaves_its_share_to_the_others() -> None:
    drawn = _quiz().draw("a", 40, {"地理标志": 9, "商标": 1})
    fields = Counter(item.field for item in drawn)
    assert fields["地理标志"] < 36
    assert fields.total() == 40


def _small(*others: str, **more: object) -> Quiz:
    """Make a quiz of one question and others with these texts."""
    made = [
        question(f"q-{place}", answers=(answer(text=text, facts=(), basis=(Basis("law", f"第{place}0条", "…"),)),))
        for place, text in enumerate(others)
    ]
    return Quiz(knowledge(question(**more), *made), [], REGION, DAY)


def test_who_may_be_true_as_well_is_no_wrong_choice() -> None:
    assert _small("甲", "乙", "丙").item("answer:q-one", "x") is not None
    assert _small("甲", "乙", "也是3个月。").item("answer:q-one", "x") is None
    assert _small("甲", "乙", "乙").item("answer:q-one", "x") is None
    assert _small("甲", "乙", "丙", next=("q-0",)).item("answer:q-one", "x") is None


@pytest.mark.parametrize(
    "change", [{"outcome": "referral"}, {"basis": ()}, {"facts": ()}, {"region": "福州市"}, {"text": "3个月" + "长" * 220}]
)
def test_what_is_no_plain_answer_is_not_asked(change: dict[str, object]) -> None:
    known = knowledge(question(answers=(answer(**change),)))
    assert list(Quiz(known, [], REGION, DAY).ids) == []
