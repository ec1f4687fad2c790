"""Typed values as citizens write them: numbers, sums of money, dates."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

__all__ = ["FieldError", "read_value", "shown"]

NUMBER, MONEY, DATE = "number", "money", "date"

_DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_AMOUNT = re.compile(r"(?:大概|大约|约|差不多|一共|总共|共|有|是|要|第)*(\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百千]+)(万|千)?"
                     r"(?:多|左右)?(?:块钱|元|块|圆|类|项|个|件|页|人|年|年度|份|次|名|%|分)*[吧的。.]?")  # fmt: skip
_FULL = re.compile(r"(?:是|在)?(\d{4})[-年/.](\d{1,2})[-月/.](\d{1,2})[日号]?(?:收到的?|的)?[。.]?|(\d{4})(\d{2})(\d{2})")
_SHORT = re.compile(r"(?:是|在)?(今年|去年|前年|明年)?(\d{1,2})[-月/.](\d{1,2})[日号]?(?:收到的?|的)?[。.]?")
_NEAR = {"今天": 0, "今日": 0, "昨天": -1, "前天": -2, "明天": 1, "后天": 2}
_YEARS = {None: 0, "今年": 0, "去年": -1, "前年": -2, "明年": 1}


class FieldError(Exception):
    """What was said is no value of the wanted kind; the message tells the citizen in Chinese what is wanted."""


def read_value(kind: str, text: str, today: date, least: int = 0, most: int = 0) -> str:
    """Return the canonical form of what was said: digits for a number or yuan, ISO for a date.

    Args:
        kind: `number`, `money` or `date`.
        today: what "昨天" and a day without a year are counted from.
        least, most: the limits of a number, when `most` is not 0.

    Raises:
        FieldError: it cannot be read as such a value, or is beyond the limits.
    """
    said = "".join(unicodedata.normalize("NFKC", text).split()).replace(",", "")
    if kind == DATE:
        return _date(said, today).isoformat()
    match = _AMOUNT.fullmatch(said)
    if match is None:
        raise FieldError("请回复一个数字，例如 3。" if kind == NUMBER else "请回复金额，例如 900元。")
    amount = float(match[1]) if match[1][0].isdigit() else float(_chinese(match[1]))
    amount *= {"万": 10000, "千": 1000}.get(match[2] or "", 1)
    if amount != int(amount):
        raise FieldError("请回复整数。")
    if most and not least <= amount <= most:
        raise FieldError(f"请回复 {least} 到 {most} 之间的数字。")
    return str(int(amount))


def shown(kind: str, value: str) -> str:
    """Return a canonical value as people read it."""
    if kind == DATE:
        day = date.fromisoformat(value)
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{value}元" if kind == MONEY else value


def _date(said: str, today: date) -> date:
    near = next((days for word, days in _NEAR.items() if said.startswith(word) and len(said) <= len(word) + 4), None)
    if near is not None:
        return today + timedelta(days=near)
    full, short = _FULL.fullmatch(said), _SHORT.fullmatch(said)
    try:
        if full:
            year, month, day = (int(part) for part in full.groups() if part)
            return date(year, month, day)
        if short:
            return date(today.year + _YEARS[short[1]], int(short[2]), int(short[3]))
    except ValueError as error:
        raise FieldError("没有这一天，请再看一下，例如 2026年3月5日。") from error
    raise FieldError("请回复日期，例如 2026年3月5日 或 2026-03-05。")


def _chinese(words: str) -> int:
    """Return the number that Chinese numerals below ten thousand mean; "二六" is read digit by digit."""
    if not any(word in _UNITS for word in words):
        return int("".join(str(_DIGITS[word]) for word in words))
    total, digit = 0, 0
    for word in words:
        if word in _UNITS:
            total += (digit or 1) * _UNITS[word]
            digit = 0
        else:
            digit = _DIGITS[word]
    return total + digit
