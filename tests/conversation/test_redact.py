"""Secrets: what is hidden however it is written, and what must stay as it was said."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhixun.conversation.redact import clean, find_phone

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
WIDE = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")

# Words without digits or Latin letters, so that what surrounds a secret neither belongs to it nor looks like one.
words = st.text(st.sampled_from("商标专利怎么办理的，。！？\n我是张三 「」"), max_size=20)
parted = st.sampled_from(["", " ", "-"])
width = st.sampled_from([str, lambda text: text.translate(WIDE)])


@st.composite
def identities(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1930, 1, 1), date(2026, 12, 31)))
    digits = f"{draw(st.integers(110000, 659999))}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits, strict=True))
    last = "10X98765432"[total % 11]
    return digits + (last.lower() if draw(st.booleans()) else last)


@st.composite
def cards(draw: st.DrawFn) -> str:
    body = draw(st.text("0123456789", min_size=15, max_size=18))
    digits = [int(char) for char in body]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-1::-2]]
    return body + str(-(sum(digits[-2::-2]) + sum(doubled)) % 10)


@st.composite
def phones(draw: st.DrawFn) -> str:
    return f"1{draw(st.integers(3, 9))}{draw(st.integers(0, 999_999_999)):09d}"


@given(words, identities(), parted, width, words)
def test_an_identity_number_is_hidden(before: str, number: str, mark: str, wide: object, after: str) -> None:
    written = mark.join((number[:6], number[6:14], number[14:]))
    found = clean(before + wide(written) + after)
    assert found.hidden == ("身份证号",)
    assert found.text == (before.lstrip() + "[身份证号已隐去]" + after.rstrip()).strip()


@given(words, cards(), parted, width, words)
def test_a_bank_card_is_hidden(before: str, number: str, mark: str, wide: object, after: str) -> None:
    written = mark.join(number[at : at + 4] for at in range(0, len(number), 4))
    found = clean(before + wide(written) + after)
    # Some cards of eighteen digits are well-formed identity numbers too.
    assert found.hidden in (("银行卡号",), ("身份证号",))
    assert not any(char.isdigit() for char in found.text)


@given(words, st.sampled_from(["", "+86", "86", "0086", "+86 ", "86-"]), phones(), parted, width, words)
def test_a_mobile_number_is_hidden_and_can_be_found(
    before: str, country: str, number: str, mark: str, wide: object, after: str
) -> None:
    written = before + wide(country + mark.join((number[:3], number[3:7], number[7:]))) + after
    found = clean(written)
    assert found.hidden == ("手机号码",)
    assert not any(char.isdigit() for char in found.text)
    assert find_phone(written) == number


@given(st.text(max_size=200))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    again = clean(once.text)
    assert (again.text, again.hidden) == (once.text, ())


@given(st.text(max_size=200))
def test_no_command_and_nothing_invisible_gets_through(text: str) -> None:
    kept = clean(text).text
    assert not kept.startswith("/")
    assert all(char.isprintable() or char.isspace() for char in kept)


@given(words, st.sampled_from(["\u200b", "\u00ad", "\ufeff", "\u2060"]), phones())
def test_invisible_characters_hide_no_number(before: str, invisible: str, number: str) -> None:
    written = before + invisible.join(number)
    assert clean(written).hidden == ("手机号码",)
    assert find_phone(written) == number


@pytest.mark.parametrize(
    "text",
    [
        "申请号202110123456.7", "注册号12345678", "ZL201810123456.7", "2026年11月20日", "第ZX-20261120-000123-7号",
        "统一社会信用代码91630100MA7XXXXX0X", "110105194912310021", "电话12345", "0971-1234567", "1234 5678 9012 3456",
        "面积10m²，①甲②乙", "１３号", "比例3/4", "138971234567",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays_to_the_letter(text: str) -> None:
    found = clean(text)
    assert (found.text, found.hidden) == (text, ())


def test_a_card_beside_other_figures_is_still_found() -> None:
    assert clean("1234 4111 1111 1111 1111").text == "1234 [银行卡号已隐去]"
    assert clean("4111 1111 1111 1111 12").text == "[银行卡号已隐去] 12"


def test_several_secrets_of_a_kind_are_named_once() -> None:
    found = clean("13812345678和13912345678，还有4111111111111111、6222021234567890128")
    assert found.text == "[手机号码已隐去]和[手机号码已隐去]，还有[银行卡号已隐去]、[银行卡号已隐去]"
    assert found.hidden == ("银行卡号", "手机号码")


@pytest.mark.parametrize(("text", "bare"), [("13812345678", True), ("我的号13812345678", True), ("商标怎么办13812345678", False)])
def test_bare_means_that_nothing_was_asked(text: str, bare: bool) -> None:
    assert clean(text).bare is bare


def test_a_mark_that_was_typed_is_no_secret() -> None:
    assert clean("[手机号码已隐去]").bare is False


@pytest.mark.parametrize(("text", "kept"), [("/restart", "／restart"), ("  //a", "／a"), ("\u200b/a", "／a"), ("a/b", "a/b")])
def test_a_leading_slash_is_only_a_character(text: str, kept: str) -> None:
    assert clean(text).text == kept


@pytest.mark.parametrize("text", ["", "没有号码", "12345678901", "138971234567"])
def test_no_number_is_found_where_there_is_none(text: str) -> None:
    assert find_phone(text) is None


def test_the_end_of_a_card_is_not_taken_for_a_phone() -> None:
    assert clean("卡号10009 13812345678").hidden == ("银行卡号",)
    assert find_phone("卡号10009 13812345678") is None


@pytest.mark.parametrize(
    "number", ["138  9712  3456", "1389 712 3456", "138-971-23456", "138\n97123456", "13 8971 23456", "+86 138 9712 3456"]
)
def test_a_mobile_number_is_found_however_it_is_parted(number: str) -> None:
    assert clean(f"电话{number}").hidden == ("手机号码",)
    assert find_phone(f"电话{number}") == "13897123456"


@pytest.mark.parametrize("words", ["1 3 5 7 9 11 13 15", "13、15、17、19、21", "FW-20261121-000001-01-1", "ZX-20261121-000123-7"])
def test_rows_of_small_numbers_and_our_own_numbers_stay(words: str) -> None:
    assert clean(words).hidden == ()


def test_a_firm_s_code_is_public_though_its_digits_look_like_a_card() -> None:
    cards = [code for code in _codes() if clean(code).hidden != ()]
    assert cards == []


def _codes() -> list[str]:
    """Return codes of firms whose organisation code has digits only."""
    charset = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    found = []
    for number in range(3000):
        body = f"91630100{(number * 7919) % 10**8:08d}X"
        total = sum(charset.index(char) * pow(3, place, 31) for place, char in enumerate(body))
        found.append(body + charset[-total % 31])
    return found
