"""What wants a person, what is of another field, and what is ours."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.support import ROOT, real_knowledge
from zhixun.nlu.kinds import KINDS, OURS, OUTSIDE, PERSON, THEIRS, TOLD, Kinds, read_examples
from zhixun.nlu.text import normalise

EXAMPLES = {
    OURS: ["商标异议期多久", "专利年费怎么交", "商标怎么注册", "专利被驳回怎么办", "软件著作权多久下来"] * 2,
    OUTSIDE: ["医院几点开门", "孩子发烧了怎么办", "火车票怎么退", "房租押金不退", "今天天气怎么样"] * 2,
    PERSON: ["帮我写一份申请书", "请派人来看看", "给我回个电话", "我要投诉你们", "找个人跟我说"] * 2,
    THEIRS: ["法院在哪条路", "海关的电话是多少", "法官什么时候判", "公证处收多少", "推荐一家律所"] * 2,
}


@cache
def _kinds() -> Kinds:
    return Kinds.fit(EXAMPLES)


@pytest.mark.parametrize(
    ("text", "kind"), [("商标年费多久交", OURS), ("医院门诊几点", OUTSIDE), ("天气怎么样啊", OUTSIDE), ("派人给我回电话", PERSON),
     ("海关在哪条路", THEIRS)]
)
def test_the_kind_is_the_likeliest(text: str, kind: str) -> None:
    told = _kinds().of(normalise(text))
    assert max(told, key=told.__getitem__) == kind
    assert sum(told.values()) == pytest.approx(1)


def test_what_is_wanted_is_heard_at_the_end_of_a_story_too() -> None:
    story = normalise("商标去年注册的，天气也好，请派人来看看")
    told, whole = _kinds().of(story), _kinds()._of(story)
    assert told[PERSON] == _kinds().of("请派人来看看")[PERSON]
    assert told[PERSON] > whole[PERSON]
    assert (told[OURS], told[OUTSIDE]) == (whole[OURS], whole[OUTSIDE])


def test_an_end_that_says_nothing_by_itself_is_not_read_by_itself() -> None:
    sure = normalise("商标异议期多久，专利年费怎么交，商标怎么注册，专利被驳回怎么办，找个人")
    assert _kinds()._of(sure)[OURS] >= TOLD
    assert _kinds().of(sure) == _kinds()._of(sure)


def test_words_never_seen_tell_nothing_but_are_no_error() -> None:
    assert set(_kinds().of("qqqq")) == set(KINDS)
    assert set(_kinds().of("")) == set(KINDS)


def test_it_is_the_same_after_it_was_saved(tmp_path: Path) -> None:
    _kinds().save(tmp_path)
    again = Kinds.load(tmp_path)
    for text in ("商标怎么注册", "火车票", "帮我写"):
        assert again.of(text) == pytest.approx(_kinds().of(text), abs=0.01)


def test_the_examples_are_clean() -> None:
    folder = ROOT / "data" / "kinds"
    lines = [line for path in sorted(folder.glob("*.txt")) for line in path.read_text("utf-8").splitlines()]
    assert all(line.strip() == line and len(line) > 1 for line in lines)
    assert [line for line, times in Counter(map(normalise, lines)).items() if times > 1] == []
    assert {kind for kind, texts in read_examples(folder).items() if len(texts) >= 400} == set(KINDS)


def test_what_is_of_another_kind_is_no_wording_of_ours() -> None:
    found = read_examples(ROOT / "data" / "kinds")
    ours = {normalise(words) for topic in real_knowledge().topics.values() for words in (topic.title, *topic.wordings)}
    for kind in (PERSON, THEIRS):
        assert ours.isdisjoint(map(normalise, found[kind])), kind


def test_nothing_that_is_measured_with_was_learned() -> None:
    texts = {normalise(text) for kind, lines in read_examples(ROOT / "data" / "kinds").items() for text in lines}
    for name in ("questions.jsonl", "questions-forum.jsonl", "questions-field.jsonl", "questions-wishes.jsonl", "traps/outside.jsonl"):
        asked = [normalise(json.loads(line)["text"]) for line in (ROOT / "tests" / name).read_text("utf-8").splitlines()]
        assert [text for text in asked if text in texts] == [], name
