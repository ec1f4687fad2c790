"""What citizens said: alike questions are grouped, new words are found, and nothing leads to a person."""

from __future__ import annotations

import pytest

from zhixun.archive.words import person_names, tokens
from zhixun.conversation.redact import clean
from zhixun.masking import mask
from zhixun.reports.words import Cluster, Count, Said, Vocabulary, clusters, new_words, shown, words_in

PUBLIC = frozenset(tokens("商标 专利 著作权 注册 申请 登记 费用 直播 怎么 多少 需要 材料 异议 侵权 平台 我们 西宁 单位 可以 办理 电话"))
VOCABULARY = Vocabulary(tokens, PUBLIC, person_names() - PUBLIC)
NOTHING = frozenset[str]()


def _said(*texts: str) -> list[Said]:
    return [Said(f"ZX-{at}", mask(clean(text).text)) for at, text in enumerate(texts)]


@pytest.mark.parametrize(
    "text",
    [
        "我叫王建国，商标注册怎么办理", "我是卓玛才让，专利费用多少", "李秀英的商标被侵权", "青海卓玛藏毯有限公司的商标异议",
        "电话13897123456商标",
        "身份证630102199001011234专利", "找城东区八一路12号的张师傅", "zhang.san@example.com 商标", "朴炯宇要注册商标", "微信号卓玛520商标",
        "司马相如的著作权", "尼玛扎西要申请专利", "商标叫福娃娃",
    ],
)  # fmt: skip
def test_no_name_number_firm_or_address_is_shown(text: str) -> None:
    """Even when three people complained about the same one: dictionary names stay hidden, and so do rare letters."""
    shared = frozenset(tokens("王建国 李秀英 司马相如"))
    kept = shown(mask(clean(text).text), VOCABULARY, shared)
    secrets = (
        "王", "建国", "卓玛", "才让", "李秀英", "藏毯", "138", "7123", "630102", "1234", "八一", "12", "张", "san", "朴", "炯", "520", "司马",
        "尼玛", "扎西", "福娃",
    )  # fmt: skip
    assert [secret for secret in secrets if secret in kept] == [], kept


def test_what_many_ask_is_grouped_and_put_in_public_words() -> None:
    same = ("直播带货商标侵权怎么办", "请问直播带货商标侵权怎么办", "直播带货商标侵权了怎么办呀", "我叫王建国，直播带货商标侵权怎么办理")
    said = _said(*same, "专利年费谁来交")
    found, hidden = clusters(said, VOCABULARY)
    assert found == [Cluster("直播…商标侵权了怎么办", 4)]
    assert hidden == 1


def test_what_one_person_says_again_and_again_is_not_shown() -> None:
    said = [Said("ZX-1", "直播商标侵权怎么办") for _ in range(9)]
    assert clusters(said, VOCABULARY) == ([], 9)


def test_a_word_that_two_said_stays_hidden_and_one_that_three_said_does_not() -> None:
    two = _said("盲盒商标注册", "盲盒商标注册", "商标注册费用")
    assert "盲盒" not in str(clusters(two, VOCABULARY)[0])
    three = _said("预制菜商标注册", "预制菜商标注册", "预制菜商标注册")
    assert "商标注册" in clusters(three, VOCABULARY)[0][0].text


def test_new_words_are_those_that_the_knowledge_has_not_and_the_past_had_not() -> None:
    now, before = Count(), Count()
    for at in range(120):
        now.words.update(words_in(["元宇宙商标注册" if at < 20 else "商标注册费用"], VOCABULARY))
        before.words.update(words_in(["王建国的商标注册" if at < 20 else "农产品商标"], VOCABULARY))
    now.total = before.total = 120
    assert [one.name for one in new_words(now, before)] == ["元宇宙"]
    assert words_in(["王建国13800000000青海湖水有限公司"], VOCABULARY) == set()


def test_many_different_questions_stay_apart() -> None:
    words = ["专利", "商标", "著作权", "直播", "费用", "材料", "异议", "登记"]
    said = _said(*(f"{one}{other}怎么申请要多少" for one in words for other in words))
    found, hidden = clusters(said, VOCABULARY)
    assert sum(one.count for one in found) + hidden == len(said)
