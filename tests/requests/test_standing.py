"""How a request may go on, and the codes that prove who made it."""

from __future__ import annotations

import pytest

from zhixun.codes import same_code, spell
from zhixun.errors import CitizenError
from zhixun.messages import ENDED
from zhixun.requests.codes import Codes
from zhixun.requests.standing import STANDINGS, WITHDRAWN, step, words_of

ALLOWED = {
    ("received", "accepted"), ("received", "returned"), ("received", "declined"),
    ("accepted", "in_progress"), ("accepted", "returned"), ("accepted", "done"), ("accepted", "declined"),
    ("returned", "received"), ("returned", "accepted"), ("returned", "declined"),
    ("in_progress", "returned"), ("in_progress", "done"), ("in_progress", "declined"),
}  # fmt: skip


@pytest.mark.parametrize("new", STANDINGS)
@pytest.mark.parametrize("standing", STANDINGS)
def test_a_request_goes_only_where_the_table_lets_it(standing: str, new: str) -> None:
    if (standing, new) in ALLOWED:
        assert step(standing, new) == new
    else:
        with pytest.raises(CitizenError) as refused:
            step(standing, new)
        assert refused.value.status == 409
        assert STANDINGS[standing] in refused.value.message


def test_from_everywhere_a_request_can_come_to_an_end_and_then_stays_there() -> None:
    for standing in STANDINGS:
        assert (standing in ENDED) == (not any(one == standing for one, _ in ALLOWED))
        assert standing in ENDED or (standing, "declined") in ALLOWED


def test_what_was_taken_back_is_not_called_refused() -> None:
    assert words_of("declined") == "不予办理"
    assert words_of("declined", WITHDRAWN) == "已按您的要求撤回"


def test_a_code_is_of_one_request_and_one_secret() -> None:
    number = "FW-20261120-000001-01-0"
    ours = Codes(bytes(32)).code_of(number)
    assert len(ours) == len("4F0K-9QXM-2C7D")
    assert Codes(bytes(32)).code_of(number) == ours
    assert Codes(bytes(31) + b"\1").code_of(number) != ours
    assert Codes(bytes(32)).code_of(number.replace("01-0", "02-0")) != ours
    assert Codes(bytes(32)).is_code(number, ours.lower().replace("-", " "))
    assert not Codes(bytes(32)).is_code(number, ours[:-1])
    assert not Codes(bytes(32)).is_code(number, "")


def test_a_mark_joins_requests_of_the_same_people_for_the_same_thing() -> None:
    codes = Codes(bytes(32))
    firm = {"code": "91350100M000100Y43", "phone": "13800138000"}
    assert codes.mark_of("search", firm) == codes.mark_of("search", {**firm, "phone": "13900139000"})
    assert codes.mark_of("search", firm) != codes.mark_of("aid", firm)
    assert codes.mark_of("search", {"code": "", "phone": "13800138000"}) == codes.mark_of("search", {"phone": "13800138000"})
    assert codes.mark_of("search", {"name": "王芳"}) == ""
    assert "13800138000" not in codes.mark_of("search", {"phone": "13800138000"})


def test_letters_that_look_alike_count_as_the_same() -> None:
    code = spell(bytes(10), 16)
    assert code == "0000-0000-0000-0000"
    assert same_code("００００-oooo ＯＯＯＯ0000", code)
    assert not same_code("0000-0000-0000-000", code)
    assert not same_code("文", code)
