"""Numbers, sums and dates as people write them."""

from __future__ import annotations

from datetime import date

import pytest

from zhixun.knowledge.guides.fields import FieldError, read_value, shown

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("words", "value"),
    [("3", "3"), ("三", "3"), ("３类", "3"), ("十五项", "15"), ("二十", "20"), ("一百零五", "105"), ("两个", "2"), ("大概40页吧", "40"),
     ("1,200", "1200"), ("第6年度", "6"), ("二零二二", "2022"), ("0", "0"), ("没有0项", None), ("很多", None), ("1.5", None), ("", None)],
)  # fmt: skip
def test_a_number(words: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(FieldError):
            read_value("number", words, TODAY)
    else:
        assert read_value("number", words, TODAY) == value


@pytest.mark.parametrize(("words", "value"), [("900元", "900"), ("3万", "30000"), ("1.2万元", "12000"), ("五千块钱", "5000")])
def test_a_sum(words: str, value: str) -> None:
    assert read_value("money", words, TODAY) == value


@pytest.mark.parametrize(
    ("words", "value"),
    [("2026-03-05", "2026-03-05"), ("2026年3月5日", "2026-03-05"), ("2026.3.5", "2026-03-05"), ("20260305", "2026-03-05"),
     ("3月5号", "2026-03-05"), ("去年12月31日", "2025-12-31"), ("今天", "2026-11-21"), ("昨天收到的", "2026-11-20"),
     ("２０２６／３／５", "2026-03-05"), ("2026年3月5日收到的", "2026-03-05"),
     ("2026-02-30", None), ("13月1日", None), ("上个月", None), ("5", None)],
)  # fmt: skip
def test_a_date(words: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(FieldError):
            read_value("date", words, TODAY)
    else:
        assert read_value("date", words, TODAY) == value


def test_limits_are_told() -> None:
    assert read_value("number", "45", TODAY, 1, 45) == "45"
    for words in ("0", "46"):
        with pytest.raises(FieldError, match="1 到 45"):
            read_value("number", words, TODAY, 1, 45)


def test_values_are_shown_as_people_read_them() -> None:
    assert (shown("date", "2026-03-05"), shown("money", "900"), shown("number", "3")) == ("2026年3月5日", "900元", "3")
    assert (shown("patent", "2004100184779"), shown("code", ""), shown("name", "王芳")) == ("200410018477.9", "（未填）", "王芳")


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [("name", "王芳", "王芳"), ("name", "我叫王芳。", "王芳"), ("name", "姓名：索南才让", "索南才让"),
     ("name", "阿卜杜拉·买买提", "阿卜杜拉·买买提"),
     ("name", "王女士", "王女士"), ("name", "Li Hua", "Li Hua"), ("name", "王 芳", "王芳"),
     ("name", "王芳123", None), ("name", "，，", None), ("name", "王" * 16, None),
     ("unit", "西宁某某科技有限公司", "西宁某某科技有限公司"), ("unit", "公司名称是西宁某某科技有限公司", "西宁某某科技有限公司"),
     ("unit", "青海省（某）研究院", "青海省(某)研究院"), ("unit", "公司", None), ("unit", "西" * 61, None), ("unit", "12345678", None),
     ("code", "9135 0100 m000 100y 43", "91350100M000100Y43"), ("code", "91350100M000100Y44", None), ("code", "123", None),
     ("phone", "[手机号码已隐去]", "[手机号码已隐去]"), ("phone", "我的号码是[手机号码已隐去]", "[手机号码已隐去]"),
     ("phone", "0971-1234567", None), ("phone", "0971-8234567", "0971-8234567"), ("phone", "138 0013 8000", "13800138000"),
     ("phone", "+86 13800138000", "13800138000"), ("phone", "12345", None), ("phone", "打我电话", None),
     ("patent", "ZL 2004 1 0018477.9", "2004100184779"), ("patent", "2004100184778", None), ("patent", "忘了", None),
     ("trademark", "第12345678号", "12345678"), ("trademark", "G1234567", "G1234567"), ("trademark", "123", None),
     ("trademark", "国际", None)],
)  # fmt: skip
def test_what_a_form_asks_for(kind: str, words: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(FieldError) as told:
            read_value(kind, words, TODAY)
        assert "请" in str(told.value)
    else:
        assert read_value(kind, words, TODAY) == value


def test_a_text_has_its_bounds_and_stays_as_it_was_written() -> None:
    assert read_value("text", "  青稞饼干，\n低温烘烤  ", TODAY, 4, 500) == "青稞饼干，\n低温烘烤"
    for words in ("短", "长" * 501):
        with pytest.raises(FieldError, match="个字"):
            read_value("text", words, TODAY, 4, 500)
