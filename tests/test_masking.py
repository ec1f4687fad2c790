"""What identifies a person is shortened for whoever does not need it, and nothing else is."""

from __future__ import annotations

import pytest

from zhixun.masking import mask


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13897123456", "138****3456"),
        ("我的手机138 9712 3456，请回电", "我的手机138****3456，请回电"),
        ("138-9712-3456", "138****3456"),
        ("+8613897123456", "+86138****3456"),
        ("86 13897123456", "86 138****3456"),
        ("008613897123456", "0086138****3456"),
        ("电话13897123456或15509711234。", "电话138****3456或155****1234。"),
        ("身份证11010519491231002X", "身份证110****002X"),
        ("11010519491231002x", "110****002x"),
        ("630102199001011234", "630****1234"),
        ("卡号6222020200112233445", "卡号622****3445"),
        ("0971-8230000", "0971****0000"),
        ("010 82300001", "010****0001"),
        ("(0971)8230000", "(0971)8230000"),
        ("wangfang@example.cn", "w***@example.cn"),
        ("邮箱：wang.fang+ip@mail.example.com，谢谢", "邮箱：w***@mail.example.com，谢谢"),
        ("13897123456@example.com", "1***@example.com"),
    ],
)
def test_what_identifies_a_person_is_shortened(text: str, shown: str) -> None:
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "", "异议期3个月", "商标注册费300元", "2026年11月20日 10:30", "ZX-20261121-000123-7", "FW-20261121-000123-01-5",
        "GZ-20261120-000001-7",
        "专利号ZL202310123456.7", "申请号202310123456", "第12345678号", "注册号 1234567", "12345678901", "23897123456", "1389712345",
        "138971234567", "电话12345", "网址 https://www.cnipa.gov.cn/a@b", "@王芳 请看一下", "91630100MA752XXX1Y", "商标法第三十三条", "a@b",
    ],
)  # fmt: skip
def test_everything_else_stays_as_it_was_written(text: str) -> None:
    assert mask(text) == text


def test_what_was_shortened_stays_so() -> None:
    once = mask("13897123456 11010519491231002X wang@example.cn 0971-8230000")
    assert mask(once) == once
