"""Typed values: what is read from what people write, what is refused and why, and that shown values are read back."""

from __future__ import annotations

from datetime import date

import pytest

from tests.registers.world import FULL, OFFERED, PHONE, sample
from zhixun.numbers import make_number
from zhixun.registers.values import ValueFlaw, exported, noted_file, read_value, shown, stays

FIELDS = sample().fields
ONE, TWO = (make_number(prefix, date(2026, 11, 21), 1) for prefix in ("ZX", "TZ"))


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("name", "  昆仑  酒业 ", "昆仑 酒业"), ("name", "", None), ("words", "一\r\n二", "一\n二"),
        ("marks", "丙；甲;甲", ["甲", "丙"]), ("began", "2026年3月1日", "2026-03-01"), ("began", "2026/3/1", "2026-03-01"),
        ("began", "2026-03-01 00:00:00", "2026-03-01"), ("count", "１２", "12"), ("count", "1e2", "100"), ("sum", "1,234.50元", "1234.5"),
        ("sum", "0", "0"), ("phone", " 0971-6123456 转 12", "0971-6123456 转 12"), ("phone", "１３８９７１２３４５６", PHONE),
        ("clerk", "王芳", "clerk"), ("clerk", "clerk", "clerk"), ("clerk", "同名（twin2）", "twin2"),
        ("body", "有管辖权的人民法院", "court"), ("free", "否", "否"),
        ("about", f"{ONE.lower()}，{TWO} {ONE}", [ONE, TWO]),
    ],
)  # fmt: skip
def test_what_people_write_is_read(name: str, given: str, value: object) -> None:
    field = FIELDS[name]
    if name == "name" and not given:
        with pytest.raises(ValueFlaw, match="必填"):
            read_value(field, given, OFFERED)
    else:
        assert read_value(field, given, OFFERED) == value


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("name", "长" * 121, "最多 120 字"), ("name", "坏\x07字", "不能显示"), ("words", "电话138****3456", "遮盖"),
        ("state", "别的", "选一个"),
        ("marks", "甲；丁", "没有“丁”"), ("began", "2026-02-30", "日期"), ("began", "昨天", "日期"), ("count", "十二", "数字"),
        ("count", "-1", "0 到"), ("count", "NaN", "0 到"), ("count", "Infinity", "0 到"), ("sum", "1.234", "两位小数"),
        ("free", "对", "“是”或“否”"), ("phone", "138****3456", "电话"), ("phone", "一三八", "电话"), ("clerk", "同名", "几位同名"),
        ("clerk", "没有的人", "没有这位"), ("body", "没有的机构", "没有这个机构"), ("about", "ZX-20261121-000001-0", "不是"),
        ("papers", "证书.pdf 123", "64 位"),
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused_with_a_reason(name: str, given: str, words: str) -> None:
    with pytest.raises(ValueFlaw, match=words):
        read_value(FIELDS[name], given, OFFERED)


@pytest.mark.parametrize("name", FULL)
def test_what_is_exported_is_read_back_and_counts_as_unchanged(name: str) -> None:
    told = exported(FIELDS[name], FULL[name], OFFERED)
    assert read_value(FIELDS[name], told, OFFERED) == FULL[name]
    assert stays(FIELDS[name], told, FULL[name], OFFERED)


def test_a_masked_number_counts_as_unchanged_and_another_one_does_not() -> None:
    assert stays(FIELDS["phone"], "138****3456", PHONE, OFFERED)
    assert not stays(FIELDS["phone"], "138****3457", PHONE, OFFERED)
    assert stays(FIELDS["words"], "'=1+1\n第二行", FULL["words"], OFFERED, lambda text: f"'{text}")
    assert not stays(FIELDS["phone"], "", PHONE, OFFERED)


def test_what_is_shown_is_for_people() -> None:
    assert shown(FIELDS["sum"], "1234567.5", OFFERED) == "1,234,567.5元"
    assert shown(FIELDS["clerk"], "clerk", OFFERED) == "王芳"
    assert shown(FIELDS["clerk"], "gone", OFFERED) == "gone"
    assert shown(FIELDS["papers"], FULL["papers"], OFFERED) == "证书.pdf"
    assert shown(FIELDS["words"], None, OFFERED) == ""


def test_a_file_that_is_kept_elsewhere_needs_a_name_and_a_digest() -> None:
    assert noted_file(" 照片 1.jpg ", "A" * 64)["digest"] == "a" * 64
    for name, digest in (("", "a" * 64), ("x", "a" * 63), ("x", "g" * 64)):
        with pytest.raises(ValueFlaw):
            noted_file(name, digest)
