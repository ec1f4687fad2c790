"""The form of a draft: what it says is what its YAML says, and nobody's data gets in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
import yaml

from tests.improve.drafting import FIELDS
from zhixun.conversation.redact import clean
from zhixun.improve.drafts import written
from zhixun.improve.form import fields_from, raw_from

TODAY = date(2026, 11, 21)
RAW = {
    "id": "q-one", "title": "一个问题", "ip": ["商标", "专利"], "topic": "异议", "local": True, "wordings": ["怎么办", "多久"],
    "answers": [
        {"region": "全国", "valid_from": date(2020, 1, 1), "valid_until": date(2026, 12, 31), "text": "一段。\n\n二段{term:x}。\n",
         "facts": ["3个月"], "basis": [{"source": "law", "at": "第一条", "gist": "期限是三个月整。"}], "checked": date(2026, 11, 1)},
        {"region": "西宁市", "outcome": "referral", "brief": "改成别的", "text": "找窗口。\n", "checked": TODAY},
    ],
    "next": ["q-two", "guide:fit"], "covers": ["XN-1a"],
}  # fmt: skip


def _cleaned(text: str) -> tuple[str, Sequence[str]]:
    kept = clean(text)
    return kept.text, kept.hidden


def test_a_question_goes_through_the_form_unchanged() -> None:
    told = raw_from(fields_from(RAW), _cleaned, TODAY)
    assert told.wrong == {}
    assert told.raw == RAW
    assert yaml.safe_load(written(told.raw)) == [RAW]


def test_lines_lists_and_days_are_read_as_people_write_them() -> None:
    given = {**fields_from(RAW), "ip": "商标、专利，发明", "wordings": " 怎么办 \n\n怎么办\n多久 ", "a0_checked": "",
             "a0_basis": "law ｜ 第一条 ｜ 期限 | 是三个月整。"}  # fmt: skip
    raw = raw_from(given, _cleaned, TODAY).raw
    assert raw["ip"] == ["商标", "专利", "发明"]
    assert raw["wordings"] == ["怎么办", "多久"]
    assert raw["answers"][0]["checked"] == TODAY
    assert raw["answers"][0]["basis"] == [{"source": "law", "at": "第一条", "gist": "期限 | 是三个月整。"}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wordings", "我是王芳，电话13897123456，商标怎么办"), ("wordings", "我的身份证11010519491231002X能办吗"),
        ("a0_text", "请打13897123456找小王"), ("title", "找 0971-1234567 办"), ("wordings", "发到 wang@example.com 行吗"),
        ("a0_facts", "6222021234567890128"), ("wordings", "打0971-6123456问的"),
    ],
)  # fmt: skip
def test_words_with_somebody_s_data_are_refused(name: str, value: str) -> None:
    told = raw_from({**FIELDS, name: value}, _cleaned, TODAY)
    assert "不能写进知识" in told.wrong[name]


def test_an_official_telephone_may_stand_in_an_answer() -> None:
    assert raw_from({**FIELDS, "a0_text": "请拨打12345或者0971-6123456。"}, _cleaned, TODAY).wrong == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "Tm Refund"), ("id", ""), ("title", ""), ("title", "长" * 25), ("topic", ""), ("topic", "长" * 9), ("ip", " "),
        ("wordings", "\n"), ("a0_text", " "), ("a0_valid_from", "2026年"), ("a0_checked", "昨天"), ("a0_basis", "law | 第一条"),
        ("a0_basis", "law |  | 要点要点"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_beside_its_field(name: str, value: str) -> None:
    assert name in raw_from({**FIELDS, name: value}, _cleaned, TODAY).wrong


def test_an_answer_without_text_is_none() -> None:
    assert len(raw_from({**FIELDS, "a1_region": "西宁市", "a1_text": "  "}, _cleaned, TODAY).raw["answers"]) == 1
