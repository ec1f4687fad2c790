"""What a citizen types instead of pressing a button."""

import pytest

from zhixun.conversation.choice import named_choice
from zhixun.messages import Button

BUTTONS = (Button("商标异议期", "商标异议期是多久"), Button("怎么提异议", "怎么提商标异议"), Button("都不是", "都不是"))


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("1", "商标异议期是多久"), ("２", "怎么提商标异议"), ("三", "都不是"), ("第二个", "怎么提商标异议"), ("选1", "商标异议期是多久"),
        ("我选第三项吧", "都不是"), ("就2", "怎么提商标异议"), ("2.", "怎么提商标异议"), ("1、", "商标异议期是多久"),
        ("商标异议期", "商标异议期是多久"), ("“商标异议期”。", "商标异议期是多久"), ("怎么提商标异议", "怎么提商标异议"),
        (" 都不是！ ", "都不是"),
    ],
)  # fmt: skip
def test_a_number_or_a_title_names_a_button(text: str, payload: str) -> None:
    assert named_choice(text, BUTTONS) == payload


@pytest.mark.parametrize("text", ["4", "第九个", "0", "12", "商标", "异议期", "第一百个", "", "一件商标"])
def test_other_words_name_none(text: str) -> None:
    assert named_choice(text, BUTTONS) is None


def test_without_buttons_nothing_is_named() -> None:
    assert named_choice("1", ()) is None


def test_case_and_width_do_not_matter() -> None:
    assert named_choice("ＡＰＰ怎么保护", (Button("app怎么保护", "软件怎么保护"),)) == "软件怎么保护"
