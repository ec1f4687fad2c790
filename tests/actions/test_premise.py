"""A figure that a citizen takes for granted is contradicted only when it is surely asked about and surely wrong."""

from __future__ import annotations

import pytest

from actions.premise import contradiction
from tests.knowledge.made import answer

TERM = answer(text="有效期10年，可以续展，宽展期6个月，费用500元。", facts=("10年", "6个月", "500元"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("商标有效期不是20年吗", "20年"),
        ("商标有效期不是二十年吗", "二十年"),
        ("续展要1000元对吧", "1000元"),
        ("听说宽展期是三个月", "三个月"),
        ("商标保护五十年是不是", "五十年"),
    ],
)
def test_a_wrong_figure_is_named(text: str, named: str) -> None:
    assert contradiction(text, TERM) == f"您说的“{named}”不对，请以下面的规定为准。"


@pytest.mark.parametrize(
    "text",
    [
        "商标有效期不是10年吗",
        "商标有效期是十年对吧",
        "商标有效期20年",
        "我的商标用了20年，现在还有效，对吗",
        "不是20年也不是15年吗",
        "听说要交3天的罚款",
        "我们公司2019年注册了一个商标，后来又转给了别人，听说要20年以后才能收回来，请问是真的还是假的呢",
        "宽展期半年是吧",
    ],
)
def test_what_is_right_unsure_or_part_of_a_story_is_left_alone(text: str) -> None:
    assert contradiction(text, answer(text=TERM.text, facts=(*TERM.facts, "半年"))) == ""
