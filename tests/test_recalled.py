"""An earlier consultation is joined to this one only by its receipt, and staff see that it was."""

from __future__ import annotations

import pytest

from tests.support import Office


async def _closed(office: Office) -> tuple[str, str]:
    number = await office.open()
    await office.turns.say(number, "商标异议期多久")
    return number, await office.consultations.close(number)


@pytest.mark.parametrize("words", ["{number} {code}", "我上次的回执编号{number}，校验码 {code}", "{number}{low}"])
async def test_who_gives_number_and_code_learns_how_it_stands_and_the_two_are_linked(office: Office, words: str) -> None:
    earlier, code = await _closed(office)
    number = await office.open()
    turn = await office.turns.say(number, words.format(number=earlier, code=code, low=f" {code.lower()}"))
    assert turn.status == "service"
    assert f"{earlier}：已结束" in turn.replies[0].text
    assert [entry.open for entry in await office.entries(number) if entry.kind == "linked"] == [{"to": earlier}]
    assert office.engine.texts == ["商标异议期多久"]


@pytest.mark.parametrize("code", ["", "0000-0000-0000", "校验码忘了"])
async def test_without_the_right_code_nothing_is_told_or_linked(office: Office, code: str) -> None:
    earlier, _ = await _closed(office)
    number = await office.open()
    turn = await office.turns.say(number, f"{earlier} {code}")
    assert "没有找到这张回执" in turn.replies[0].text
    assert "linked" not in {entry.kind for entry in await office.entries(number)}


async def test_other_words_and_other_numbers_go_their_way(office: Office) -> None:
    number = await office.open()
    for words in ("专利号 ZL202010123456.7 怎么查", "ZX-20261120-000001-0 是什么", "GZ-20261120-000001-7 123"):
        assert (await office.turns.say(number, words)).status == "answered"

