"""The menu: what can be set, what is wrong with what cannot, and that what passes is taken by WeChat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.channels.wechat_town import town_in
from tests.doubles.wechat import SAFE
from tests.support import ROOT
from zhixun.channels.outbox import Undelivered
from zhixun.channels.wechat.menu import flaws
from zhixun.doors import FAILED, UNSURE, WAITING
from zhixun.errors import StopNow

WORDS = {"name": "转人工", "key": "转人工"}
PAGE = {"name": "网上办事", "url": "https://example.org/services"}


def below(*entries: dict[str, Any], name: str = "常见问题") -> dict[str, Any]:
    return {"name": name, "entries": list(entries)}


@pytest.mark.parametrize(
    "menu",
    [[WORDS], [PAGE], [below(WORDS, PAGE)], [below(*[WORDS] * 5)] * 3, [{"name": "abcdefgh", "key": "x" * 128}],
     [below({"name": "商标怎么注册啊啊", "key": "商标怎么注册"})]],
    ids=["words", "page", "below", "full", "latin", "long"],
)  # fmt: skip
async def test_what_is_right_is_set(tmp_path: Path, menu: list[dict[str, Any]]) -> None:
    assert flaws(menu) == []
    async with town_in(tmp_path, SAFE) as town:
        await town.door.set_menu(menu)
        (put,) = town.wechat.menus
    assert [one["name"] for one in put["button"]] == [one["name"] for one in menu]


@pytest.mark.parametrize(
    ("menu", "word"),
    [
        ([], "1–3"), ([WORDS] * 4, "1–3"), ({}, "1–3"), (None, "1–3"), (["x"], "name"), ([{"key": "x"}], "name"), ([{"name": " "}], "name"),
        ([{"name": "常见的问题", "key": "x"}], "4 个汉字"), ([below({"name": "商标怎么注册最快呢", "key": "x"})], "8 个汉字"),
        ([{"name": "x"}], "一项"), ([{**WORDS, **PAGE}], "一项"), ([{**WORDS, "color": "red"}], "一项"),
        ([{"name": "x", "key": ""}], "key"), ([{"name": "x", "key": "一" * 43}], "128"), ([{"name": "x", "key": 5}], "key"),
        ([{"name": "x", "url": "example.org"}], "网址"), ([below()], "1–5"), ([below(*[WORDS] * 6)], "1–5"),
        ([below(below(WORDS))], "下级"), ([{"name": "x", "entries": WORDS}], "1–5"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(menu: Any, word: str) -> None:
    (told,) = flaws(menu)
    assert word in told


async def test_what_is_wrong_is_not_set(tmp_path: Path) -> None:
    async with town_in(tmp_path, SAFE) as town:
        with pytest.raises(StopNow, match="1–3"):
            await town.door.set_menu([WORDS] * 4)
        assert town.wechat.calls["/cgi-bin/menu/create"] == 0


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert len(flaws([below({"name": "x"}, {"key": "y"}), {"name": "常见的问题", "key": ""}])) == 4


async def test_the_menu_of_this_repository_can_be_set_and_says_words(tmp_path: Path) -> None:
    menu = yaml.safe_load((ROOT / "knowledge" / "site.yml").read_text("utf-8"))["wechat_menu"]
    assert flaws(menu) == []
    async with town_in(tmp_path, SAFE) as town:
        await town.door.set_menu(menu)
        (put,) = town.wechat.menus
    keys = [entry["key"] for one in put["button"] for entry in one.get("sub_button", [one])]
    assert "转人工" in keys
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(("fault", "standing"), [(48001, FAILED), (40018, FAILED), (-1, WAITING), ("502", UNSURE)])
async def test_a_menu_that_wechat_does_not_take_is_told(tmp_path: Path, fault: int | str, standing: str) -> None:
    async with town_in(tmp_path, SAFE) as town:
        town.wechat.faults["/cgi-bin/menu/create"] = [fault]
        with pytest.raises(Undelivered) as caught:
            await town.door.set_menu([WORDS])
    assert caught.value.standing == standing
