"""Numbers of consultations."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhixun.numbers import day_of, make_number, sequence_of, valid_number

NUMBERS = st.builds(make_number, st.just("ZX"), st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(1, 999_999))


@given(st.dates(date(1000, 1, 1)), st.integers(1, 999_999))
def test_a_number_tells_its_day_and_sequence(day: date, sequence: int) -> None:
    number = make_number("ZX", day, sequence)
    assert valid_number(number)
    assert (day_of(number), sequence_of(number)) == (day, sequence)


@given(NUMBERS, st.data())
def test_one_wrong_digit_is_noticed(number: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([i for i, char in enumerate(number) if char.isdigit()]))
    other = data.draw(st.sampled_from([char for char in "0123456789" if char != number[place]]))
    assert not valid_number(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize("wrong", ["", "ZX", "ZX-20261121-000123-7 ", "zx-20261121-000123-7", "ZX-20261121-000123",
                                   "ZX-２０２６1121-000123-7", "ZX-20261121-000123-7\n", "../../etc/passwd"])  # fmt: skip
def test_what_is_no_number(wrong: str) -> None:
    assert not valid_number(wrong)


def test_a_day_that_does_not_exist_is_no_number() -> None:
    real = make_number("ZX", date(2026, 2, 28), 1)
    assert [digit for digit in "0123456789" if valid_number(f"ZX-20260230-000001-{digit}")] == []
    assert valid_number(real)


@pytest.mark.parametrize("sequence", [0, 1_000_000, -1])
def test_the_sequence_must_fit(sequence: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        make_number("ZX", date(2026, 11, 21), sequence)
