"""Numbers with a check digit: the examples of the standards, and every single wrong character."""

from __future__ import annotations

import string

import pytest

from zhixun.identifiers import is_credit_code, is_patent_number, patent_digits

CODE = "91350100M000100Y43"
"""The example of GB 32100-2015."""
PATENT = "2004100184779"


def test_the_example_of_the_standard_passes() -> None:
    assert is_credit_code(CODE)


@pytest.mark.parametrize("code", ["", CODE[:-1], CODE + "1", CODE.lower(),
                                  CODE.replace("Y", "I"), CODE.replace("Y", "O"), "０" * 18, "0" * 18])
def test_what_has_not_the_form_of_a_code_fails(code: str) -> None:
    assert not is_credit_code(code)


def test_every_single_wrong_character_is_found() -> None:
    for place in range(len(CODE)):
        for char in string.digits + string.ascii_uppercase:
            if char != CODE[place]:
                assert not is_credit_code(CODE[:place] + char + CODE[place + 1 :])


@pytest.mark.parametrize(
    ("said", "digits"),
    [("ZL 2004 1 0018477.9", PATENT), ("CN200410018477.9", PATENT), ("2004100184779", PATENT), ("zl200410018477.9", PATENT),
     ("85100001.0", "851000010")],
)  # fmt: skip
def test_a_patent_number_is_read_as_it_stands_on_papers(said: str, digits: str) -> None:
    assert patent_digits(said) == digits
    assert is_patent_number(digits)


@pytest.mark.parametrize("digits", ["", "200410018477", "2004100184778", "2004400184779", "20041001847791", "２００４１００１８４７７９"])
def test_what_is_no_patent_number_fails(digits: str) -> None:
    assert not is_patent_number(digits)


def test_a_check_digit_of_ten_is_written_x() -> None:
    ending = [digits for number in range(100) for digits in [f"2020100000{number:02d}X"] if is_patent_number(digits)]
    assert ending
