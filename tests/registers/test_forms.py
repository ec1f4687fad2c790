"""Forms: what they are filled with, and what stays when it comes back as it was shown."""

from __future__ import annotations

from datetime import date

from tests.registers.world import FULL, OFFERED, PHONE, sample
from zhixun.registers.forms import form_of, prefilled, read_form

TODAY = date(2026, 11, 20)


def _sent(**changes: str) -> dict[str, str]:
    """Return a form as a browser sends it back."""
    return {str(field["id"]): str(field["value"]) for field in form_of(sample(), FULL, OFFERED)} | changes


def test_a_form_that_comes_back_untouched_changes_nothing_though_its_numbers_were_masked() -> None:
    assert PHONE not in str(form_of(sample(), FULL, OFFERED))
    assert PHONE in str(form_of(sample(), FULL, OFFERED, clear=True))
    assert read_form(sample(), _sent(), FULL, OFFERED) == (dict(FULL), {})


def test_what_is_emptied_is_gone_and_what_is_changed_is_read() -> None:
    values, wrong = read_form(sample(), _sent(phone="", count="13", clerk="李审核"), FULL, OFFERED)
    assert wrong == {}
    assert "phone" not in values
    assert (values["count"], values["clerk"], values["papers"]) == ("13", "rev", FULL["papers"])


def test_each_wrong_field_is_told_and_a_masked_number_in_changed_words_is_not_taken() -> None:
    base = {**FULL, "words": f"请打{PHONE}"}
    sent = {str(field["id"]): str(field["value"]) for field in form_of(sample(), base, OFFERED)}
    assert read_form(sample(), sent, base, OFFERED)[1] == {}
    _, wrong = read_form(sample(), {**sent, "words": sent["words"] + "，急", "name": "", "began": "明天"}, base, OFFERED)
    assert set(wrong) == {"name", "words", "began"}
    assert "遮盖" in wrong["words"]


def test_what_is_known_fills_a_new_form_and_what_does_not_fit_is_left_out() -> None:
    facts = [("单位名称", "昆仑\n酒业"), ("联系电话", "不告诉"), ("别的", "x"), ("单位名称", "第二个")]
    assert prefilled(sample(), facts, "clerk", TODAY, [], OFFERED) == {"name": "昆仑 酒业", "began": "2026-11-20", "clerk": "clerk"}
    assert prefilled(sample(), [("联系电话", PHONE)], "gone", TODAY, [], OFFERED) == {"phone": PHONE, "began": "2026-11-20"}


def test_what_was_typed_comes_back_as_it_was() -> None:
    fields = {field["id"]: field for field in form_of(sample(), FULL, OFFERED, given={"name": "<b>", "marks": "甲；丙"})}
    assert (fields["name"]["value"], fields["marks"]["values"]) == ("<b>", ["甲", "丙"])
    assert "papers" not in fields
