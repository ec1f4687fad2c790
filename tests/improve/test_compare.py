"""What a draft changes, field by field."""

from __future__ import annotations

from zhixun.improve.compare import Change, changes


def test_only_what_differs_is_told() -> None:
    before = {"title": "异议期", "a0_text": "期限为3个月。", "wordings": "一\n二\n三", "topic": "异议"}
    after = {"title": "异议期", "a0_text": "期限为2个月。", "wordings": "一\n三\n四", "topic": "异议"}
    assert changes(before, after) == [
        Change("答复 1 · 正文", (("same", "期限为"), ("gone", "3"), ("new", "2"), ("same", "个月。"))),
        Change("问法", (("gone", "二"), ("new", "四"))),
    ]


def test_a_new_answer_and_one_that_is_gone_are_told() -> None:
    assert changes({}, {"a1_region": "西宁市"}) == [Change("答复 2 · 地区", (("new", "西宁市"),))]
    assert changes({"a1_basis": "law | 一 | 要点"}, {}) == [Change("答复 2 · 依据", (("gone", "law | 一 | 要点"),))]


def test_the_same_is_no_change() -> None:
    assert changes({"title": "一", "next": ""}, {"title": "一"}) == []
