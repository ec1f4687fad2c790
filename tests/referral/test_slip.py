"""What may stand in a slip."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.referral.desk import DRAFT, PHONE
from zhixun.errors import CitizenError
from zhixun.referral.slip import checked, plain


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"consent": False}, "consent"), ({"how": " "}, "how"), ({"how": "长" * 201}, "how"), ({"facts": ()}, "facts"),
        ({"facts": (("事由", " "),)}, "facts"), ({"facts": (("事由", "长" * 2001),)}, "facts"),
        ({"facts": (("长" * 201, "x"),)}, "facts"), ({"facts": (("事由", "x"),) * 31}, "facts"),
        ({"evidence": ("照片",) * 51}, "evidence"), ({"evidence": ("长" * 201,)}, "evidence"), ({"wish": ""}, "wish"),
        ({"wish": "长" * 2001}, "wish"), ({"contact": "1" * 201}, "contact"), ({"agency_name": "长" * 201}, "agency_name"),
        ({"agency_contact": "长" * 201}, "agency_contact"), ({"way": "pigeon"}, "way"), ({"due_days": 0}, "due_days"),
        ({"due_days": 91}, "due_days"),
    ],
)  # fmt: skip
def test_what_is_missing_or_too_long_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(CitizenError) as refused:
        checked(dataclasses.replace(DRAFT, **changes))
    assert refused.value.field == field


def test_without_consent_nothing_else_is_looked_at() -> None:
    with pytest.raises(CitizenError, match="单独同意") as refused:
        checked(dataclasses.replace(DRAFT, consent=False, wish=""))
    assert refused.value.code == "no_consent"


def test_a_contact_is_kept_only_with_consent_to_it() -> None:
    assert checked(DRAFT).contact == PHONE
    assert checked(dataclasses.replace(DRAFT, contact_consent=False)).contact == ""


def test_empty_lines_are_left_out() -> None:
    kept = checked(dataclasses.replace(DRAFT, evidence=("", " 照片 ", "\n"), facts=(*DRAFT.facts, ("", "x"), ("时间", ""))))
    assert (kept.evidence, kept.facts) == (("照片",), DRAFT.facts)


def test_what_paper_cannot_show_is_taken_out() -> None:
    assert plain(" 甲\r\n乙\v丙\x00\x1b\ud800\ufffe\U0001ffff\t丁 ") == "甲\n乙\n丙\t丁"
