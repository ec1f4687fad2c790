"""A figure that a citizen takes for granted and that is not so is named as wrong, not passed over."""

from __future__ import annotations

import re

from zhixun.knowledge.model import Answer

__all__ = ["contradiction"]

LONGEST = 40
"""In longer messages a figure is more often part of the story than of the question."""
_NUMBER = r"\d+(?:\.\d+)?|[一二两三四五六七八九十百半]+"
_FIGURE = re.compile(rf"({_NUMBER})\s*(年|个月|天|日|元|块钱?|%)")
# The citizen asks for assent: 不是20年吗, 20年对吧, 听说要20年.
_ASSENT = re.compile(r"不(?:就|都)?是.*[吗么嘛?？]|(?:对|是)[吗吧不]|没错吧|对不对|是不是|听说|听人说|都说|难道|我记得|不应该是")
_HAPPENED = re.compile(r"(?:用|做|干|开|卖|过|等|拖|花|交|付)了?$")
_UNITS = {"块": "元", "块钱": "元", "日": "天"}
_DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"两": 2}


def contradiction(text: str, answer: Answer) -> str:
    """Return the sentence that corrects a figure in the citizen's words, or an empty string.

    Only when assent is asked for a single figure, the answer has figures of that unit, and none of them is the same.
    """
    found = list(_FIGURE.finditer(text))
    if len(text) > LONGEST or len(found) != 1 or not _ASSENT.search(text) or _HAPPENED.search(text[: found[0].start()]):
        return ""
    asked = _amount(found[0])
    told = {_amount(figure) for fact in answer.facts for figure in _FIGURE.finditer(fact)}
    same_unit = {amount for amount, unit in told if unit == asked[1]}
    if not same_unit or asked[0] in same_unit:
        return ""
    return f"您说的“{found[0][0]}”不对，请以下面的规定为准。"


def _amount(figure: re.Match[str]) -> tuple[float, str]:
    unit = _UNITS.get(figure[2], figure[2])
    number = figure[1]
    return (float(number) if number[0].isdigit() else _of_chinese(number)), unit


def _of_chinese(words: str) -> float:
    """Return what a small Chinese numeral is: 十五 is 15, 二十 is 20, 半 is 0.5."""
    if words == "半":
        return 0.5
    total = 0
    for power, sign in ((100, "百"), (10, "十")):
        head, found, words = words.rpartition(sign) if sign in words else ("", "", words)
        total += power * (_DIGITS.get(head, 1) if found else 0)
    return float(total + _DIGITS.get(words, 0))
