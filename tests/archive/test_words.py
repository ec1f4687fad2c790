"""Words as marks: what is found by what, and that a mark tells nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.archive.indexed import SECRET, WORDS
from zhixun.archive.words import Words, person_names, tokens


def _finds(asked: str, text: str) -> bool:
    return all(each.marks <= WORDS.marks(text) for each in WORDS.asked(asked))


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("商标", "商标异议的期限有多长？"), ("異議 商標", "商标异议的期限有多长？"), ("期限　异议", "商标异议的期限有多长？"),
        ("产权保护", "西宁市知识产权保护中心"), ("知识产权", "西宁市知识产权保护中心"), ("ＡＢＣ公司", "我们是abc公司"),
        ("朴炯宇", "我叫朴炯宇，想问专利"), ("炯宇", "我叫朴炯宇，想问专利"), ("2026", "2026年11月"), ("iPhone15", "IPHONE15 的外观"),
        ("fw-20261121-000123-01-1", "您的申请编号 FW-20261121-000123-01-1，请保存"), ("的商标", "商标"), ("𠮷野家", "𠮷野家的招牌"),
    ],
)  # fmt: skip
def test_what_was_said_is_found(asked: str, text: str) -> None:
    assert WORDS.asked(asked)
    assert _finds(asked, text)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("专利", "商标异议"), ("商标 专利", "商标异议"), ("朴宇", "朴炯宇"), ("炯宇朴", "朴炯宇"),
        ("FW-20261121-000123-01-1", "FW-20261121-000124-01-9"), ("FW-20261121-000123-01-1", "20261121 000123 01 1 fw"),
    ],
)  # fmt: skip
def test_what_was_not_said_is_not_found(asked: str, text: str) -> None:
    assert not _finds(asked, text)


@pytest.mark.parametrize("text", ["", " ", "的", "吗？！", "我的", "“”《》", "\u200b"])
def test_words_that_say_nothing_ask_for_nothing(text: str) -> None:
    assert WORDS.asked(text) == ()


@given(st.text(max_size=40))
def test_any_text_is_found_by_each_of_its_parts(text: str) -> None:
    assert all(len(mark) == 8 and mark.isalnum() and mark.isascii() for mark in WORDS.marks(text))
    assert _finds(text, text)


def test_the_same_text_gives_the_same_marks_however_many_came_between() -> None:
    before = WORDS.marks("商标异议")
    for place in range(3000):
        WORDS.marks(f"第 {place} 件")
    assert WORDS.marks("商标异议") == before


def test_another_secret_gives_other_marks_and_another_version() -> None:
    other = Words(bytes(32))
    assert not other.marks("商标异议期限") & WORDS.marks("商标异议期限")
    assert other.version != WORDS.version
    assert Words(SECRET).version == WORDS.version


def test_tokens_follow_each_other_folded_and_names_of_people_are_known() -> None:
    assert tokens("商標異議 ＡＢＣ！") == ["商标", "异议", "abc", "!"]
    names = person_names()
    assert {"王建国", "李秀英"} <= names
    assert not names & {"商标", "专利", "侵权", "直播"}
