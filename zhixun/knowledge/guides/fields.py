"""Typed values as citizens write them: numbers, sums of money, dates, names, and the numbers that offices give."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from zhixun.identifiers import is_credit_code, is_patent_number, patent_digits
from zhixun.messages import AROUND_PHONE, HIDDEN_PHONE

__all__ = ["FREE_KINDS", "PHONE", "TEXT", "FieldError", "read_value", "shown"]

NUMBER, MONEY, DATE, NAME, UNIT, CODE, PHONE, PATENT, TRADEMARK, TEXT = (
    "number", "money", "date", "name", "unit", "code", "phone", "patent", "trademark", "text",
)  # fmt: skip
FREE_KINDS = frozenset((NAME, UNIT, TEXT))
"""Kinds that nearly every sentence would be a value of, so that a question in between is seen by its meaning alone."""

_DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_AMOUNT = re.compile(
    r"(?:大概|大约|约|差不多|一共|总共|共|有|是|要|第)*(\d{1,11}(?:\.\d{1,4})?|[零〇一二两三四五六七八九十百千]{1,12})(万|千)?"
    r"(?:多|左右)?(?:块钱|元|块|圆|类|项|个|件|页|人|年|年度|份|次|名|%|分)*[吧的。.]?"
)
_FULL = re.compile(r"(?:是|在)?(\d{4})[-年/.](\d{1,2})[-月/.](\d{1,2})[日号]?(?:收到的?|的)?[。.]?|(\d{4})(\d{2})(\d{2})")
_SHORT = re.compile(r"(?:是|在)?(今年|去年|前年|明年)?(\d{1,2})[-月/.](\d{1,2})[日号]?(?:收到的?|的)?[。.]?")
_NEAR = {"今天": 0, "今日": 0, "昨天": -1, "前天": -2, "明天": 1, "后天": 2}
_YEARS = {None: 0, "今年": 0, "去年": -1, "前年": -2, "明年": 1}

_LEAD = re.compile(
    r"^(?:(?:(?:我|本人|联系人|我们)的?(?:姓名|名字|大名)?|姓名|名字|大名)(?:是|叫|:|：)|我姓"
    r"|(?:我们?)?(?:公司|单位|企业|学校|名称|全称)(?:全称|名称|名字)?(?:是|叫|为|:|：))"
)
_NAME = re.compile(r"[\u3400-\u9fff]{1,15}(?:[·•・][\u3400-\u9fff]{1,15}){0,3}|[A-Za-z][A-Za-z .'\-]{1,39}")
_LANDLINE = re.compile(r"(?:0\d{2,3}[- ]?)?[2-8]\d{6,7}(?:[- 转]\d{1,5})?|400[- ]?\d{3}[- ]?\d{4}")
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")
_MARK = re.compile(r"(?:第)?(G?\d{4,9}[A-Z]?)(?:号)?")
_LONGEST = {NAME: 40, UNIT: 60}


class FieldError(Exception):
    """What was said is no value of the wanted kind; the message tells the citizen in Chinese what is wanted."""


def read_value(kind: str, text: str, today: date, least: int = 0, most: int = 0) -> str:
    """Return the canonical form of what was said: digits for a number or yuan, ISO for a date, capitals for a code.

    Args:
        kind: `number`, `money`, `date`, `name`, `unit` (of an organisation), `code` (unified social credit code), `phone`,
            `patent`, `trademark` (their numbers) or `text`.
        today: what "昨天" and a day without a year are counted from.
        least, most: the limits of a number, or of the length of a text, when `most` is not 0.

    Raises:
        FieldError: it cannot be read as such a value, or is beyond the limits.
    """
    folded = unicodedata.normalize("NFKC", text).strip()
    if kind in (NUMBER, MONEY):
        return _amount(kind, folded, least, most)
    if kind == DATE:
        return _date("".join(folded.split()), today).isoformat()
    if kind == TEXT:
        return _text(text.strip(), least, most)
    return _READERS[kind](folded)


def shown(kind: str, value: str) -> str:
    """Return a canonical value as people read it."""
    if not value:
        return "（未填）"
    if kind == DATE:
        day = date.fromisoformat(value)
        return f"{day.year}年{day.month}月{day.day}日"
    if kind == PATENT:
        return f"{value[:-1]}.{value[-1]}"
    return f"{value}元" if kind == MONEY else value


def _amount(kind: str, folded: str, least: int, most: int) -> str:
    match = _AMOUNT.fullmatch("".join(folded.split()).replace(",", ""))
    if match is None:
        raise FieldError("请回复一个数字，例如 3。" if kind == NUMBER else "请回复金额，例如 900元。")
    amount = float(match[1]) if match[1][0].isdigit() else float(_chinese(match[1]))
    amount *= {"万": 10000, "千": 1000}.get(match[2] or "", 1)
    if amount != int(amount):
        raise FieldError("请回复整数。")
    if most and not least <= amount <= most:
        raise FieldError(f"请回复 {least} 到 {most} 之间的数字。")
    return str(int(amount))


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


def _text(said: str, least: int, most: int) -> str:
    if len(said) < least:
        raise FieldError(f"请再说具体一点，至少 {least} 个字。")
    if most and len(said) > most:
        raise FieldError(f"最多 {most} 个字，您写了 {len(said)} 个，请精简一下。")
    return said


def _name(said: str) -> str:
    bare = _LEAD.sub("", said).rstrip("。.!！,，")
    bare = bare if bare.isascii() else "".join(bare.split())
    if len(bare) > _LONGEST[NAME] or _NAME.fullmatch(bare) is None:
        raise FieldError("请回复联系人的姓名，例如 王芳；也可以写“王女士”。")
    return bare


def _unit(said: str) -> str:
    bare = _LEAD.sub("", said).rstrip("。.!！,，")
    letters = sum(char.isalpha() for char in bare)
    if not 4 <= len(bare) <= _LONGEST[UNIT] or letters < 4:
        raise FieldError("请回复营业执照或登记证书上的全称，4 到 60 个字，例如 西宁某某科技有限公司。")
    return bare


def _code(said: str) -> str:
    code = re.sub(r"[\s\-]", "", said).upper()
    if len(code) != 18:
        raise FieldError(f"统一社会信用代码是 18 位，您填了 {len(code)} 位，请对照营业执照再看一下。")
    if not is_credit_code(code):
        raise FieldError("这个代码没有通过校验，可能有一位写错了（没有字母 I、O、S、V、Z），请对照营业执照再看一下。")
    return code


def _phone(said: str) -> str:
    """Read a number to call; in chat a mobile number is hidden before it comes here, on a page it is not."""
    if HIDDEN_PHONE in said:
        rest = said.replace(HIDDEN_PHONE, "", 1)
        if HIDDEN_PHONE in rest or sum(char.isalnum() for char in rest) > AROUND_PHONE:
            raise FieldError("请只回复一个联系电话，不要加别的话。")
        return HIDDEN_PHONE
    mobile = _MOBILE.fullmatch(re.sub(r"[\s-]", "", said))
    if mobile:
        return mobile[1]
    if _LANDLINE.fullmatch(re.sub(r"\s*[-—－]\s*", "-", said)) is None:
        raise FieldError("请回复手机号码（11 位），或者带区号的座机，例如 0971-8xxxxxx。")
    return said


def _patent(said: str) -> str:
    digits = patent_digits(said)
    if not is_patent_number(digits):
        raise FieldError("专利号或申请号是 13 位（2003年10月以前的是 9 位），最后一位是校验位，例如 2004100184779；请对照证书再看一下。")
    return digits


def _trademark(said: str) -> str:
    match = _MARK.fullmatch("".join(said.upper().split()))
    if match is None:
        raise FieldError("请回复商标注册号或申请号，一般是 4 到 9 位数字，例如 12345678；国际注册的前面有 G。")
    return match[1]


_READERS: Mapping[str, Callable[[str], str]] = {
    NAME: _name, UNIT: _unit, CODE: _code, PHONE: _phone, PATENT: _patent, TRADEMARK: _trademark,
}  # fmt: skip
