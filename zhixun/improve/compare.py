"""What a draft changes: field by field, the old words and the new ones, piece by piece."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Change", "changes"]

SAME, GONE, NEW = "same", "gone", "new"
_NAMES = {
    "id": "编号", "title": "标题", "ip": "权利", "topic": "话题", "local": "只适用本地",
    "wordings": "问法", "next": "接着问", "covers": "对应条款",
}  # fmt: skip
_ANSWER = {
    "region": "地区", "valid_from": "起", "valid_until": "止", "outcome": "性质", "brief": "简述", "text": "正文",
    "facts": "事实", "basis": "依据",
    "checked": "核对日期",
}  # fmt: skip
_LISTED = ("wordings", "next", "covers", "facts", "basis")
_WORD = re.compile(r"[A-Za-z0-9.%-]+|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Change:
    """A field that differs, as pieces of (`same`, `gone` or `new`, words)."""

    name: str
    pieces: tuple[tuple[str, str], ...]


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Return the fields that differ, as `form.fields_from` names them; of lists only the lines that differ."""
    return [
        Change(_name(field), tuple(_pieces(field, before.get(field, ""), after.get(field, ""))))
        for field in dict.fromkeys([*after, *before])
        if before.get(field, "") != after.get(field, "")
    ]


def _name(field: str) -> str:
    at, _, part = field.partition("_")
    return f"答复 {int(at[1:]) + 1} · {_ANSWER[part]}" if part in _ANSWER and at[1:].isdigit() else _NAMES.get(field, field)


def _pieces(field: str, before: str, after: str) -> Iterator[tuple[str, str]]:
    listed = field.partition("_")[2] in _LISTED or field in _LISTED
    old, new = (text.splitlines() if listed else _WORD.findall(text) for text in (before, after))
    join = "\n" if listed else ""
    for what, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            yield from [] if listed else [(SAME, _joined(old[a:b], join))]
            continue
        if b > a:
            yield GONE, _joined(old[a:b], join)
        if d > c:
            yield NEW, _joined(new[c:d], join)


def _joined(parts: Sequence[str], join: str) -> str:
    return join.join(parts)
