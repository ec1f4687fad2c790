"""The buttons that citizens see lead to what they say: those under the greeting, and those under the answers."""

from __future__ import annotations

import pytest

from tests.product import Product, known

pytestmark = pytest.mark.slow

# What most citizens press first: the button, and how the knowledge that answers it begins.
QUICK = {
    "商标怎么注册": ("tm-",),
    "专利申请多少钱": ("patent-fee", "patent-"),
    "被侵权了怎么办": ("dispute-", "aid-", "ip-"),
    "有哪些公共服务": ("xining-",),
}
COMMON = ("商标异议期是多久", "发明专利保护多少年", "商标被抢注了怎么办", "公共服务机构要配几名专职人员")
USEFUL = {"answered", "guide", "service", "referral", "out_of_scope"}


def test_every_button_under_the_greeting_is_known_here(product: Product) -> None:
    titles = {button["title"] for reply in product.open().greeting for button in reply["buttons"]}
    assert titles == {*QUICK, "转人工"}


@pytest.mark.parametrize("title", QUICK)
def test_a_button_under_the_greeting_leads_to_what_it_says(product: Product, title: str) -> None:
    citizen = product.open()
    payload = next(button["payload"] for reply in citizen.greeting for button in reply["buttons"] if button["title"] == title)
    for words in (payload, title):
        turn = product.open().say(words)
        assert turn["status"] in ("answered", "guide"), f"“{words}” gave {turn['status']}"
        assert not known(turn) or known(turn)[0].startswith(QUICK[title]), f"“{words}” gave {known(turn)[0]}"


@pytest.mark.parametrize("question", COMMON)
def test_a_button_under_an_answer_is_answered(product: Product, question: str) -> None:
    buttons = [button for reply in product.open().say(question)["replies"] for button in reply["buttons"]]
    assert buttons
    for button in buttons:
        turn = product.open().say(button["payload"])
        assert turn["status"] in USEFUL, f"“{question}” → “{button['title']}” gave {turn['status']}"
