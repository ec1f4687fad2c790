"""Replies as plain text: nothing is lost, nothing that must be whole is cut, and as few messages as their size allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhixun.channels.wording import Parcel, Shown, numbered, pack, size_in_bytes, split, worded
from zhixun.messages import Button

LETTERS = st.text(st.sampled_from("汉字商标专利。！？；\n ，abc019:/.-_"), min_size=1, max_size=400)


@given(LETTERS, st.integers(12, 120))
def test_pieces_fit_and_together_are_the_text(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(size_in_bytes(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_an_address_and_a_number_stay_whole() -> None:
    text = "请到 https://sbj.cnipa.gov.cn/sbj/index.html?a=1 查询，电话0971-12345678，" * 3
    for piece in split(text, 70):
        assert piece.count("https://") == piece.count("index.html?a=1")
        assert piece.count("0971-") == piece.count("0971-12345678")


def test_sentences_stay_whole_where_they_fit() -> None:
    assert split("第一句。第二句。第三句。", 26) == ["第一句。第二句。", "第三句。"]


def test_a_limit_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        split("汉", 2)


def test_a_reply_carries_its_sources_once_and_says_what_is_not_in_force() -> None:
    source = {"title": "商标法", "locator": "第三十三条", "in_force": True}
    old = {"title": "旧办法", "locator": "第二条", "in_force": False}
    shown = worded(4, {"text": "三个月。", "basis": [source, source, old], "buttons": [{"title": "如何办理", "payload": "怎么办"}]})
    assert shown == Shown(4, "三个月。\n依据：《商标法》第三十三条；《旧办法》第二条（未在施行）", (Button("如何办理", "怎么办"),))


def test_choices_that_the_text_lists_are_not_said_twice() -> None:
    buttons = [{"title": "专利保护多少年", "payload": "a"}, {"title": "都不是", "payload": "b"}]
    shown = worded(1, {"text": "您是想问：\n1. 专利保护多少年\n2. 别的", "buttons": buttons})
    assert shown.text == "您是想问：\n2. 别的"


def test_choices_are_numbered_in_their_order() -> None:
    assert numbered([Button("甲", "a"), Button("乙", "b")]) == "\n\n1 甲\n2 乙\n（回复数字即可）"
    assert numbered([]) == ""


BUBBLES = st.lists(
    st.tuples(st.text("汉字。", min_size=1, max_size=60), st.lists(st.just(Button("选", "选")), max_size=2)), min_size=1, max_size=6
)


@given(BUBBLES, st.integers(80, 300))
def test_every_bubble_goes_out_once_in_order_and_only_the_last_choices_are_offered(
    drawn: list[tuple[str, list[Button]]], limit: int
) -> None:
    bubbles = [Shown(seq, text, tuple(buttons)) for seq, (text, buttons) in enumerate(drawn, 1)]
    parcels = pack(bubbles, limit)
    assert [seq for parcel in parcels for seq in parcel.seqs] == [one.seq for one in bubbles]
    assert all(size_in_bytes(parcel.with_numbers()) <= limit for parcel in parcels)
    offered = [one.seq for one in bubbles if one.buttons]
    assert [parcel.at for parcel in parcels if parcel.buttons] == offered[-1:]


def test_small_bubbles_share_a_message() -> None:
    assert pack([Shown(1, "甲"), Shown(2, "乙")], 2048) == [Parcel("甲\n\n乙", (1, 2))]
