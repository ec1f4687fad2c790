"""How a slip may go on, and by whose hand."""

from __future__ import annotations

import pytest

from zhixun.errors import CitizenError
from zhixun.referral.standing import AGENCY, ANSWERS, FINAL, STAFF, STANDINGS, SYSTEM, UNANSWERED, WITH_WORDS, step, steps

BY_AGENCY = {
    ("issued", "received"), ("sent", "received"), ("received", "accepted"), ("received", "refused"), ("accepted", "done"),
}  # fmt: skip
BY_STAFF = BY_AGENCY | {
    ("issued", "sent"), ("issued", "withdrawn"), ("sent", "withdrawn"), ("received", "withdrawn"), ("accepted", "withdrawn"),
}  # fmt: skip
ALLOWED = {AGENCY: BY_AGENCY, STAFF: BY_STAFF, SYSTEM: {("issued", "sent")}}


@pytest.mark.parametrize("who", ALLOWED)
@pytest.mark.parametrize("new", STANDINGS)
@pytest.mark.parametrize("standing", STANDINGS)
def test_a_slip_goes_only_where_the_table_lets_that_hand_carry_it(standing: str, new: str, who: str) -> None:
    assert (new in steps(standing, who)) == ((standing, new) in ALLOWED[who])
    if (standing, new) in ALLOWED[who]:
        assert step(standing, new, who) == new
    else:
        with pytest.raises(CitizenError) as refused:
            step(standing, new, who)
        assert refused.value.status == 409
        assert STANDINGS[standing] in refused.value.message


def test_from_everywhere_staff_can_end_a_slip_and_then_it_stays() -> None:
    for standing in STANDINGS:
        assert (standing in FINAL) == (steps(standing, STAFF) == ())
        assert standing in FINAL or "withdrawn" in steps(standing, STAFF)


def test_every_answer_of_an_agency_has_words() -> None:
    assert {new for _, new in BY_AGENCY} == set(ANSWERS)


def test_every_end_says_why_and_an_answer_is_no_waiting() -> None:
    assert set(WITH_WORDS) == set(FINAL)
    assert not set(UNANSWERED) & set(FINAL)


def test_a_standing_that_nobody_knows_is_refused_in_words() -> None:
    with pytest.raises(CitizenError, match="ghost"):
        step("sent", "ghost", AGENCY)
