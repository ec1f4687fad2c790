"""What a message means: acts, one or two questions, a bare subject, or going on from the question before."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from zhixun.nlu.kinds import OURS, OUTSIDE, PERSON, THEIRS, Kinds
from zhixun.nlu.ranking import REFERRAL, About, Document, Ranking
from zhixun.nlu.text import Terms
from zhixun.nlu.understanding import ASK, Limits, Meaning, Understanding

RIGHTS = {"商标": ["牌子"], "专利": [], "发明": ["发明专利"]}
TERMS = Terms({"多少钱": ["什么价"]}, RIGHTS, {"发明": "专利"}, ["年费", "异议"], ["副作用", "公积金"])
LIMITS = Limits(
    act=0.4, answer=0.43, unclear=0.55, outside=0.9, clear=0.9, score=0.35, known=0.5, refer=0.36,
    guide=0.5, service=0.6, offer=0.2, kind=0.5, ahead=0.2,
)  # fmt: skip
PATTERNS = [("ask_person", re.compile("转人工"))]


def _question(
    name: str, right: str, topic: str, asked: str, *wordings: str, after: tuple[str, ...] = (), outcome: str = "answered"
) -> Document:
    about = About(right, topic, asked, frozenset({right}), frozenset(after), outcome)
    return Document(name, (right + asked, *wordings), frozenset({right}), (topic, right), (), about)


DOCUMENTS = [
    _question("tm-term", "商标", "期限", "有效期多少年", "牌子注册下来能用几年", "商标能保护多久", "注册一次商标管多少年"),
    _question("tm-fee", "商标", "费用", "注册多少钱", "注册个牌子要花多少钱", "申请商标官费收多少", "商标注册费是几百块"),
    _question("tm-apply", "商标", "申请", "怎么申请注册", "注册牌子走什么流程", "去哪里办商标注册", after=("tm-fee", "tm-term")),
    _question("tm-oppose", "商标", "异议", "异议怎么提", "不同意别人的商标公告怎么办", "怎么反对一个公告的商标"),
    _question("tm-oppose-late", "商标", "异议", "异议过期怎么办", "错过了异议的时间", "异议期过了还能反对吗"),
    _question("patent-term", "专利", "期限", "保护多少年", "专利能用几年", "专利权的期限有多长", "发明专利保护多久"),
    _question("patent-fee", "专利", "费用", "申请多少钱", "报专利花多少", "专利官费一共收多少", "申请一件专利要交几百块"),
    Document("act:greet", ("你好", "您好", "在吗")),
    Document("act:vague", ("多少钱", "要多久", "怎么办理")),
]


KINDS = Kinds.fit({
    OURS: [words for document in DOCUMENTS[:-2] for words in document.wordings],
    OUTSIDE: ["红烧肉怎么烧", "红烧排骨怎么做好吃", "孩子发烧怎么办", "感冒吃什么好"],
    PERSON: ["派个师傅过来看看", "让人来一趟", "叫师傅给我回话", "师傅快来人"],
    THEIRS: ["衙门的大门朝哪开", "衙门几点开门", "衙门的门房叫什么", "衙门在哪条街"],
})  # fmt: skip


@cache
def _understanding() -> Understanding:
    return Understanding(Ranking.fit(DOCUMENTS, TERMS), PATTERNS, KINDS, LIMITS)


def _understand(text: str, last: str = "") -> Meaning:
    return _understanding().understand(text, last)


def _first(meaning: Meaning) -> str:
    return meaning.questions[0].id


@pytest.mark.parametrize("text", ["商标有效期多少年", "商標有效期多少年？", "商 标 有 效 期 多 少 年", "  注册一次商标管多少年。。"])
def test_the_very_words_are_sure_however_they_are_written(text: str) -> None:
    meaning = _understand(text)
    assert (meaning.intent, meaning.confidence, meaning.zone, _first(meaning)) == (ASK, 1.0, "answer", "tm-term")


@pytest.mark.parametrize(
    ("text", "question"), [("商镖有效期多少年", "tm-term"), ("商标注测多少钱呀", "tm-fee"), ("专利包护几年", "patent-term")]
)
def test_words_misspelt_by_ear_are_understood(text: str, question: str) -> None:
    assert _first(_understand(text)) == question


def test_a_pattern_wins_over_the_ranking() -> None:
    assert _understand("商标有效期多少年啊，帮我转人工").intent == "ask_person"


@pytest.mark.parametrize(
    ("text", "subject"),
    [("商标", "商标"), ("牌子", "商标"), ("商标方面的问题", "商标"), ("异议", "异议"), ("我想咨询一下发明专利", "发明")],
)
def test_a_bare_subject_opens_its_menu(text: str, subject: str) -> None:
    meaning = _understand(text)
    assert (meaning.subject, meaning.zone) == (subject, "clarify")


def test_a_topic_of_several_rights_is_no_subject() -> None:
    assert _understand("期限").subject == ""


@pytest.mark.parametrize(
    ("last", "text", "question"),
    [
        ("tm-apply", "多少钱", "tm-fee"),
        ("tm-apply", "那要花多少钱呢", "tm-fee"),
        ("tm-oppose", "过期了呢", "tm-oppose-late"),
        ("tm-term", "那专利呢", "patent-term"),
        ("patent-fee", "牌子呢", "tm-fee"),
    ],
)
def test_short_words_go_on_from_the_question_before(last: str, text: str, question: str) -> None:
    meaning = _understand(text, last)
    assert (meaning.goes_on, meaning.intent, _first(meaning)) == (True, ASK, question)


def test_without_a_question_before_too_little_was_said() -> None:
    assert _understand("多少钱").intent == "vague"


@pytest.mark.parametrize(("text", "intent"), [("你好", "greet"), ("转人工", "ask_person")])
def test_acts_never_go_on(text: str, intent: str) -> None:
    meaning = _understand(text, "tm-apply")
    assert (meaning.intent, meaning.goes_on) == (intent, False)


def test_a_question_with_its_own_words_does_not_go_on() -> None:
    meaning = _understand("专利权的期限有多长", "tm-apply")
    assert (meaning.goes_on, _first(meaning)) == (False, "patent-term")


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("商标能保护多久？申请一件专利要交几百块？", "tm-term", "patent-fee"),
        ("去哪里办商标注册，要花多少钱", "tm-apply", "tm-fee"),
        ("专利能用几年；还有商标注册费是几百块", "patent-term", "tm-fee"),
    ],
)
def test_two_questions_in_one_message_are_both_found(text: str, first: str, second: str) -> None:
    meaning = _understand(text)
    assert (_first(meaning), meaning.also, meaning.zone) == (first, second, "answer")


@pytest.mark.parametrize("text", ["商标能保护多久，注册一次商标管多少年", "我在西宁开店三年了，商标有效期多少年", "今天吃什么，明天去哪里"])
def test_one_question_is_not_taken_for_two(text: str) -> None:
    assert _understand(text).also is None


@pytest.mark.parametrize("text", ["zzzz qqqq", "今晚月色真美", "？？？！"])
def test_what_resembles_nothing_is_unknown(text: str) -> None:
    meaning = _understand(text)
    assert (meaning.zone, meaning.field) == ("unknown", False)


@pytest.mark.parametrize("text", ["专利药有副作用怎么办", "公积金能取多少钱"])
def test_words_of_other_matters_win_over_an_unsure_ranking(text: str) -> None:
    assert _understand(text).intent == "out_of_scope"


def test_a_sure_ranking_wins_over_words_of_other_matters() -> None:
    assert _first(_understand("我取公积金来交，申请一件专利要交几百块")) == "patent-fee"
    assert _understand("申请一件专利要交几百块，公积金").intent == ASK


def test_a_saved_ranking_understands_the_same(tmp_path: Path) -> None:
    fitted = Ranking.fit(DOCUMENTS, TERMS)
    fitted.save(tmp_path)
    read = Understanding(Ranking.load(tmp_path, TERMS), PATTERNS, KINDS, LIMITS)
    for text, last in [("商标有效期多少年", ""), ("多少钱", "tm-apply"), ("异议", ""), ("商标能用多久呢？申请专利要花多少", "")]:
        assert read.understand(text, last) == Understanding(fitted, PATTERNS, KINDS, LIMITS).understand(text, last)


def test_what_no_question_is_meant_by_may_want_a_person_or_be_of_another_field() -> None:
    doubtful = Understanding(Ranking.fit(DOCUMENTS, TERMS), PATTERNS, KINDS, replace(LIMITS, ahead=-1.0))
    assert doubtful.understand("快叫师傅过来").intent == "ask_person"
    assert doubtful.understand("红烧鱼怎么烧好吃").intent == "out_of_scope"


def test_what_only_another_body_can_tell_goes_to_the_likeliest_door_however_far_down_it_stands() -> None:
    doors = [
        _question("court", "商标", "机构", "案子问法院", "法院怎么走", outcome=REFERRAL),
        _question("police", "商标", "机构", "窝点报公安", "公安怎么走", outcome=REFERRAL),
    ]  # fmt: skip
    understanding = Understanding(Ranking.fit([*DOCUMENTS, *doors], TERMS), PATTERNS, KINDS, replace(LIMITS, ahead=-1.0))
    meaning = understanding.understand("注册牌子走什么流程，公安衙门在哪条街")
    assert (meaning.intent, meaning.zone, _first(meaning)) == (ASK, "answer", "police")
    assert len({one.id for one in meaning.questions}) == len(meaning.questions)
    without = Understanding(Ranking.fit(DOCUMENTS, TERMS), PATTERNS, KINDS, replace(LIMITS, ahead=-1.0))
    assert _first(without.understand("衙门在哪条街")) not in ("court", "police")


def test_a_wish_must_be_surer_than_the_question_by_a_margin() -> None:
    text = "叫师傅来注册一次商标管多少年"
    ranking, sure = _understanding()._ranking, _understand(text).questions[0].confidence
    margin = KINDS.of(text)[PERSON] - sure
    for ahead, intent in ((margin - 0.01, "ask_person"), (margin + 0.01, ASK)):
        assert Understanding(ranking, PATTERNS, KINDS, replace(LIMITS, kind=0.0, ahead=ahead)).understand(text).intent == intent


def test_what_is_surely_a_question_of_the_field_stays_one() -> None:
    assert _understand("叫师傅来注册一次商标管多少年").intent == ASK
