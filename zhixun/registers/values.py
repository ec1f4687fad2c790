"""Typed values: how they are read from a form or a cell, and how they are shown and exported."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from zhixun.masking import mask
from zhixun.numbers import valid_number, valid_request_number
from zhixun.registers.model import (
    AGENCY,
    CHOICE,
    CHOICES,
    DAY,
    FILES,
    FLAG,
    LINK,
    LONG,
    MONEY,
    NUMBER,
    PERSON,
    PHONE,
    Field,
)

__all__ = ["BETWEEN", "NO", "YES", "Offered", "ValueFlaw", "exported", "noted_file", "read_value", "shown", "stays"]

BETWEEN = "；"
"""Stands between several values in one cell."""
YES, NO = "是", "否"
_LONGEST = {LONG: 1500}
_LONGEST_TEXT = 120
_MOST = {NUMBER: 10**9, MONEY: 10**13}
_MOST_LINKS, _MOST_FILES = 20, 60
_PHONE = re.compile(r"\+?[0-9][0-9 ()转-]{3,22}[0-9]")
_DAY = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?(?:[ T]00:00(?::00)?)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HIDDEN = re.compile(r"\d\*{4}|\w\*{3}@")
"""What `mask` leaves of a number or address."""


class ValueFlaw(Exception):
    """What was given is no value of the field; the message says in Chinese what is wanted."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be chosen: members of staff, login name to shown name, and agencies, id to name."""

    people: Mapping[str, str]
    agencies: Mapping[str, str]


def read_value(field: Field, given: str, offered: Offered) -> Any:
    """Return the canonical value of what was given, None when it is empty; see `model.Values`.

    Raises:
        ValueFlaw: it is no value of the field, or a required one is empty.
    """
    text = given.replace("\r\n", "\n").replace("\r", "\n").strip()
    if any(not (char.isprintable() or char in "\n\t") for char in text):
        raise ValueFlaw("有不能显示的字符，请去掉")
    if not text:
        if field.required:
            raise ValueFlaw("这一栏必填")
        return None
    return _READERS.get(field.kind, _text)(field, text, offered)


def shown(field: Field, value: Any, offered: Offered) -> str:
    """Return a value as people read it."""
    if value is None:
        return ""
    match field.kind:
        case "money":
            return f"{Decimal(value):,}元"
        case "person":
            return offered.people.get(value, value)
        case "files":
            return "\n".join(one["name"] for one in value)
    return exported(field, value, offered)


def exported(field: Field, value: Any, offered: Offered) -> str:
    """Return a value as it stands in a cell; `read_value` reads it back to the same."""
    text = "" if value is None else str(value)
    match field.kind:
        case "choices" if value:
            text = BETWEEN.join(value)
        case "link" if value:
            text = " ".join(value)
        case "files" if value:
            text = "\n".join(f"{one['name']} {one['digest']}" for one in value)
        case "person" if value in offered.people:
            text = f"{offered.people[value]}（{value}）"
        case "agency":
            text = offered.agencies.get(value, text)
    return text


def stays(field: Field, given: str, now: Any, offered: Offered, harmless: Callable[[str], str] = str) -> bool:
    """Tell whether what was given is what stands there now, as a form or a sheet shows it: with its numbers masked or not.

    Args:
        harmless: what a sheet makes of a text that a spreadsheet might compute.
    """
    told = exported(field, now, offered)
    same = {told, mask(told)}
    return _plain(given) in {_plain(one) for one in (*same, *map(harmless, same))}


def noted_file(name: str, digest: str) -> dict[str, str]:
    """Return what notes a file that is kept elsewhere.

    Raises:
        ValueFlaw: it has no name, or the digest is not one by SHA-256 (64 hexadecimal digits).
    """
    name, digest = " ".join(name.split()), digest.strip().lower()
    if not 0 < len(name) <= _LONGEST_TEXT or not name.isprintable():
        raise ValueFlaw(f"请写文件名（1–{_LONGEST_TEXT} 字）")
    if not _SHA256.fullmatch(digest):
        raise ValueFlaw("SHA-256 是 64 位十六进制数字")
    return {"name": name, "digest": digest, "id": ""}


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _text(field: Field, text: str, offered: Offered) -> str:
    long = field.kind == LONG
    most = field.most or _LONGEST.get(field.kind, _LONGEST_TEXT)
    if not long:
        text = " ".join(text.split())
    if len(text) > most:
        raise ValueFlaw(f"最多 {most} 字，现在 {len(text)} 字")
    if _HIDDEN.search(text):
        raise ValueFlaw("这里的号码被遮盖了，改动前请先查看完整内容，或者写上完整的号码")
    return text


def _phone(field: Field, text: str, offered: Offered) -> str:
    folded = unicodedata.normalize("NFKC", text).strip()
    if not _PHONE.fullmatch(folded):
        raise ValueFlaw("请填电话号码，例如 13800000000 或 0971-0000000")
    return folded


def _choice(field: Field, text: str, offered: Offered) -> str:
    if text not in field.options:
        raise ValueFlaw(f"请从这些里选一个：{'、'.join(field.options)}")
    return text


def _choices(field: Field, text: str, offered: Offered) -> list[str]:
    given = {one.strip() for one in re.split(r"[；;\n]", text) if one.strip()}
    if unknown := sorted(given - set(field.options)):
        raise ValueFlaw(f"没有“{'、'.join(unknown)}”，可选：{'、'.join(field.options)}；多个之间用“；”隔开")
    return [option for option in field.options if option in given]


def _day(field: Field, text: str, offered: Offered) -> str:
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", text))
    try:
        if match:
            return date(*map(int, match.groups())).isoformat()
    except ValueError:
        pass
    raise ValueFlaw("请填日期，例如 2026-11-21")


def _amount(field: Field, text: str, offered: Offered) -> str:
    bare = re.sub(r"[,，\s元]", "", unicodedata.normalize("NFKC", text))
    try:
        number = Decimal(bare)
    except InvalidOperation as error:
        raise ValueFlaw("请填数字，例如 12 或 3.5") from error
    most = field.most or _MOST[field.kind]
    if not number.is_finite() or not 0 <= number <= most:
        raise ValueFlaw(f"请填 0 到 {most} 之间的数字")
    if number != round(number, 2):
        raise ValueFlaw("最多两位小数")
    return f"{number:f}" if number == number.to_integral() and "." not in f"{number:f}" else f"{number.normalize():f}"


def _flag(field: Field, text: str, offered: Offered) -> str:
    if text not in (YES, NO):
        raise ValueFlaw("请填“是”或“否”")
    return text


def _person(field: Field, text: str, offered: Offered) -> str:
    match = re.fullmatch(r".*（([^（）]+)）", text)
    login = match[1] if match else text
    return _named(offered.people, login, text, "没有这位工作人员", "有几位同名，请写成“姓名（登录名）”")


def _agency(field: Field, text: str, offered: Offered) -> str:
    return _named(offered.agencies, text, text, "机构名录（agencies.yml）里没有这个机构", "有几个机构同名，请写它的编号")


def _named(titles: Mapping[str, str], id: str, title: str, none: str, several: str) -> str:
    """Return the id that is meant: by itself, or by a title that only one has."""
    if id in titles:
        return id
    named = [one for one, told in titles.items() if told == title]
    if len(named) != 1:
        raise ValueFlaw(several if named else none)
    return named[0]


def _links(field: Field, text: str, offered: Offered) -> list[str]:
    numbers = list(dict.fromkeys(re.split(r"[\s,，；;、]+", unicodedata.normalize("NFKC", text).upper().strip(" ,;、"))))
    if wrong := [one for one in numbers if not (valid_number(one) or valid_request_number(one))]:
        raise ValueFlaw(f"{'、'.join(wrong)} 不是咨询件、服务申请或台账记录的编号")
    if len(numbers) > _MOST_LINKS:
        raise ValueFlaw(f"最多关联 {_MOST_LINKS} 个编号")
    return numbers


def _files(field: Field, text: str, offered: Offered) -> list[dict[str, str]]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > _MOST_FILES:
        raise ValueFlaw(f"最多 {_MOST_FILES} 个文件")
    return [noted_file(*_split(line)) for line in lines]


def _split(line: str) -> Sequence[str]:
    name, _, digest = line.strip().rpartition(" ")
    return name, digest


_READERS: Mapping[str, Callable[[Field, str, Offered], Any]] = {
    PHONE: _phone, CHOICE: _choice, CHOICES: _choices, DAY: _day, NUMBER: _amount, MONEY: _amount, FLAG: _flag, PERSON: _person,
    AGENCY: _agency, LINK: _links, FILES: _files,
}  # fmt: skip
