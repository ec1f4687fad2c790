"""What a form carries so that sending it twice does one thing: kept as it came, or drawn anew where it is none."""

from __future__ import annotations

import pytest

from zhixun.clock import new_token
from zhixun.posted import once_of


def test_what_the_form_carries_is_kept() -> None:
    once = new_token()
    assert once_of({"once": once}) == once


@pytest.mark.parametrize("given", [{}, {"once": ""}, {"once": "short"}, {"once": "a" * 65}, {"once": "a" * 20 + "\n"}, {"once": "一" * 20}])
def test_what_is_none_is_drawn_anew_each_time(given: dict[str, str]) -> None:
    first, second = once_of(given), once_of(given)
    assert first != second
    assert given.get("once") not in (first, second)
    assert once_of({"once": first}) == first
