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
