"""The gate: what may go live, and the list of what a refused candidate broke."""

from __future__ import annotations

import pytest

from zhixun.improve.gate import DRAFT, REVIEWED, Case, Outcome, outcome_of, put_to, verdict_of
from zhixun.messages import Button, EngineTurn, Reply

RIGHT, OTHER = Outcome("answered", ("a",)), Outcome("answered", ("b",))
OFFERED, NOTHING = Outcome("clarify", (), ("a", "b")), Outcome("unknown")
FEE = Case("要多少钱", ("a",), protected=True)
PLAIN = Case("怎么办理", ("a",))
OWN = Case("纹样卡怎么补", ("a",), origin=DRAFT)


@pytest.mark.parametrize(
    ("case", "outcome", "grade"),
    [
        (PLAIN, RIGHT, 2), (PLAIN, Outcome("answered", ("b", "a")), 2), (PLAIN, OFFERED, 1), (PLAIN, OTHER, 0), (PLAIN, NOTHING, 0),
        (Case("两个都对", ("x", "a")), RIGHT, 2), (Case("转人工", status="handoff"), Outcome("handoff"), 2),
        (Case("转人工", status="handoff"), RIGHT, 0),
    ],
)  # fmt: skip
def test_what_is_right(case: Case, outcome: Outcome, grade: int) -> None:
    assert outcome.grade(case) == grade


def test_one_that_loses_nothing_may_go_live() -> None:
    verdict = verdict_of([FEE, PLAIN, OWN], [RIGHT, NOTHING, NOTHING], [RIGHT, RIGHT, RIGHT])
    assert verdict.passed
    assert (verdict.asked, verdict.before, verdict.after, verdict.mended, verdict.broken) == (2, 1, 2, 1, ())


def test_one_protected_question_that_is_lost_refuses_it_whatever_else_is_won() -> None:
    cases = [PLAIN, PLAIN, PLAIN, FEE]
    verdict = verdict_of(cases, [NOTHING, NOTHING, NOTHING, RIGHT], [RIGHT, RIGHT, RIGHT, OFFERED])
    assert not verdict.passed
    assert verdict.reasons == ("受保护的问题有 1 个答错了",)
    assert verdict.broken == (
        {"text": "要多少钱", "expected": ["a"], "before": {"status": "answered", "given": ["a"]},
         "after": {"status": "clarify", "given": ["a", "b"]}, "protected": True, "origin": "set"},
    )  # fmt: skip


def test_a_plain_question_may_be_lost_for_another_but_not_for_nothing() -> None:
    swapped = verdict_of([PLAIN, PLAIN], [RIGHT, OTHER], [OTHER, RIGHT])
    assert swapped.passed
    assert [one["text"] for one in swapped.broken] == ["怎么办理"]
    worse = verdict_of([PLAIN, PLAIN], [RIGHT, RIGHT], [OTHER, RIGHT])
    assert worse.reasons == ("总体变差：原来答对 2 个，现在 1 个",)


@pytest.mark.parametrize(("count", "after", "passes"), [(100, OFFERED, True), (99, OFFERED, False), (100, OTHER, False)])
def test_one_in_a_hundred_may_be_asked_back_with_the_right_one_offered(count: int, after: Outcome, *, passes: bool) -> None:
    verdict = verdict_of([PLAIN] * count, [RIGHT] * count, [*[RIGHT] * (count - 1), after])
    assert verdict.passed is passes
    assert (verdict.after, len(verdict.broken)) == (count - 1, 1)


def test_two_in_a_hundred_asked_back_are_too_many() -> None:
    assert not verdict_of([PLAIN] * 100, [RIGHT] * 100, [*[RIGHT] * 98, OFFERED, OFFERED]).passed


def test_the_wordings_of_the_draft_must_be_answered_and_make_up_for_nothing() -> None:
    missed = verdict_of([PLAIN, OWN], [RIGHT, NOTHING], [RIGHT, OTHER])
    assert missed.reasons == ("草稿自己的问法有 1 个没有答到",)
    assert [one["origin"] for one in missed.broken] == [DRAFT]
    assert not verdict_of([PLAIN, OWN, OWN], [RIGHT, NOTHING, NOTHING], [OTHER, RIGHT, RIGHT]).passed


def test_what_staff_found_right_is_protected_and_its_words_are_not_told() -> None:
    case = Case("我叫王芳，要多少钱", ("a",), origin=REVIEWED, shown="咨询件 ZX-1/1")
    verdict = verdict_of([case], [RIGHT], [OTHER])
    assert not verdict.passed
    assert verdict.broken[0]["text"] == "咨询件 ZX-1/1"
    assert "王芳" not in str(verdict.as_json())


def test_what_was_not_right_before_cannot_be_lost() -> None:
    assert verdict_of([FEE], [OTHER], [NOTHING]).passed


def test_a_turn_is_read_as_what_was_given_and_what_was_offered() -> None:
    names = {"异议期": "tm"}.get
    reply = Reply("……", knowledge=("a",), buttons=(Button("异议期", "异议期"), Button("转人工", "转人工")))
    given = outcome_of(EngineTurn("answered", (reply, reply)), lambda words: names(words, ""))
    assert given == Outcome("answered", ("a",), ("tm", "tm"))
    asked = outcome_of(EngineTurn("clarify", (reply,)), lambda words: names(words, ""))
    assert (asked.given, asked.offered) == ((), ("a", "tm"))
    assert outcome_of(EngineTurn("small_talk", (), handoff="asked"), lambda _: "").status == "handoff"


async def test_all_cases_are_put_in_order_and_told_of() -> None:
    heard, told = list[str](), list[int]()

    async def ask(text: str) -> Outcome:
        heard.append(text)
        return RIGHT

    assert await put_to([FEE, PLAIN], ask, told.append) == [RIGHT, RIGHT]
    assert (heard, told) == (["要多少钱", "怎么办理"], [1, 2])
