"""The picture of a guide."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.knowledge.guides.made import guide
from tests.support import real_knowledge
from zhixun.knowledge.guides.draw import draw

SVG = "{http://www.w3.org/2000/svg}"


def test_steps_choices_conditions_and_recommendations_are_in_it() -> None:
    picture = ET.fromstring(draw(guide()))
    words = "".join(text.text or "" for text in picture.iter(f"{SVG}text"))
    for told in ("是哪一种权利？", "▸ 商标", "▸ 有 （权利是专利）", "哪一天注册的？", "请人来办"):
        assert told in words
    boxes = [box.get("class") for box in picture.iter(f"{SVG}rect") if box.get("class")]
    assert sorted(boxes) == ["leaf"] * 3 + ["step"] * 3
    assert len(list(picture.iter(f"{SVG}path"))) == 7


def test_markup_in_a_title_is_text() -> None:
    assert "<b>" not in draw(guide(lambda raw: raw.update(title="<b>粗体的标题</b>")))


@pytest.mark.parametrize("name", real_knowledge().guides)
def test_every_guide_can_be_drawn_without_boxes_over_each_other(name: str) -> None:
    picture = ET.fromstring(draw(real_knowledge().guides[name]))
    boxes = [[int(box.get(side) or 0) for side in ("x", "y", "width", "height")] for box in picture.iter(f"{SVG}rect") if box.get("class")]
    for first, (x1, y1, w1, h1) in enumerate(boxes):
        for x2, y2, w2, h2 in boxes[first + 1 :]:
            assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 or y2 + h2 <= y1
