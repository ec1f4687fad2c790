"""Messages that ask the same thing stand together."""

from __future__ import annotations

from zhixun.nlu.alike import group

CARDS = ["藏毯纹样登记卡丢了怎么补办", "请问藏毯纹样登记卡丢了怎么补", "藏毯的纹样登记卡丢了咋补办呀"]
FEES = ["外观专利年费到底是多少", "外观专利的年费是多少啊"]
ALONE = "青稞酒的配方能不能保密"


def test_the_largest_group_comes_first_and_strangers_stand_alone() -> None:
    texts = [FEES[0], CARDS[0], ALONE, CARDS[1], FEES[1], CARDS[2]]
    groups = [[texts[at] for at in members] for members in group(texts)]
    assert [set(members) for members in groups] == [set(CARDS), set(FEES), {ALONE}]


def test_everything_is_in_one_group_and_the_order_is_always_the_same() -> None:
    texts = [*CARDS, *FEES, ALONE] * 3
    groups = group(texts)
    assert sorted(at for members in groups for at in members) == list(range(len(texts)))
    assert groups == group(texts)
    assert [len(members) for members in groups] == [9, 6, 3]


def test_fillers_and_traditional_characters_do_not_matter() -> None:
    assert len(group(["想问一下商標異議期是多久呢", "商标异议期是多久"])) == 1


def test_nothing_and_odd_messages_do_not_break_it() -> None:
    assert group([]) == []
    assert len(group(["", "？？", "请问", "请问"])) >= 1
    assert group(["只有一句"]) == [[0]]
