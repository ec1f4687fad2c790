"""The form of a draft: fields of a page to the question as its YAML has it, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from zhixun.improve.ports import Cleaned
from zhixun.masking import mask

__all__ = ["ANSWER_FIELDS", "MOST_ANSWERS", "Written", "fields_from", "raw_from"]

MOST_ANSWERS = 6
"""So many answers a question has room for in the form."""
ANSWER_FIELDS = ("region", "valid_from", "valid_until", "outcome", "brief", "text", "facts", "basis", "checked")
_DATES = ("valid_from", "valid_until", "checked")
_PARTED = "、，,"
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TITLE, _TOPIC = 24, 8
_BASIS_PARTS = 3


@dataclass(frozen=True, slots=True)
class Written:
    """What a form says: the question, and what of the form cannot be read, by field."""

    raw: dict[str, Any]
    wrong: dict[str, str]


def raw_from(given: Mapping[str, str], cleaned: Cleaned, today: date) -> Written:
    """Read a form.

    Args:
        cleaned: hides secrets; where it finds one, the field is refused: words of a citizen are written anew, never copied.
        today: stands as the day of checking where none is given.
    """
    wrong = dict(_personal(given, cleaned))
    raw: dict[str, Any] = {"id": given.get("id", "").strip(), "title": " ".join(given.get("title", "").split()),
                           "ip": _parted(given.get("ip", "")), "topic": given.get("topic", "").strip()}  # fmt: skip
    raw |= {"local": True} if given.get("local") == "yes" else {}
    raw["wordings"] = _lines(given.get("wordings", ""))
    raw["answers"] = [_answer(given, at, today, wrong) for at in range(MOST_ANSWERS) if given.get(f"a{at}_text", "").strip()]
    for name in ("next", "covers"):
        if listed := _parted(given.get(name, "").replace("\n", ",")):
            raw[name] = listed
    for name, words in _missing(raw):
        wrong.setdefault(name, words)
    return Written(raw, wrong)


def fields_from(raw: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of the form for a question as its YAML has it."""
    fields = {name: str(raw.get(name, "")) for name in ("id", "title", "topic")}
    fields |= {"ip": "、".join(raw.get("ip", ())), "local": "yes" if raw.get("local") else "",
               "wordings": "\n".join(map(str, raw.get("wordings", ()))),
               **{name: "\n".join(raw.get(name, ())) for name in ("next", "covers")}}  # fmt: skip
    for at, answer in enumerate(raw.get("answers", ())):
        told = {name: str(answer.get(name, "")).strip() for name in ANSWER_FIELDS}
        told["facts"] = "\n".join(map(str, answer.get("facts", ())))
        told["basis"] = "\n".join(f"{one['source']} | {one['at']} | {one['gist'].strip()}" for one in answer.get("basis", ()))
        fields |= {f"a{at}_{name}": value for name, value in told.items()}
    return fields


def _personal(given: Mapping[str, str], cleaned: Cleaned) -> Iterator[tuple[str, str]]:
    """Find the fields that hold what identifies somebody."""
    for name, value in given.items():
        if hidden := cleaned(value)[1]:
            yield name, f"这里有{'、'.join(hidden)}，不能写进知识。请删去，用自己的话写。"
        elif name in ("title", "wordings") and mask(value) != value:
            yield name, "这里有电话、邮箱或者别的号码，不能写进知识。请删去，用自己的话写。"


def _missing(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Find the fields that must be filled in another way; the lint of the knowledge tells the rest."""
    if not _ID.fullmatch(raw["id"]):
        yield "id", "编号用小写字母、数字和连字符，以字母开头，例如 tm-refund。"
    if not 1 < len(raw["title"]) <= _TITLE:
        yield "title", f"请写标题（2–{_TITLE} 字）。"
    if not 0 < len(raw["topic"]) <= _TOPIC:
        yield "topic", f"请写话题（1–{_TOPIC} 字）。"
    if not raw["ip"]:
        yield "ip", "请写权利；都有关或者都无关的写“综合”。"
    if not raw["wordings"]:
        yield "wordings", "请写问法，一行一种。"
    if not raw["answers"]:
        yield "a0_text", "至少写一个答复。"


def _answer(given: Mapping[str, str], at: int, today: date, wrong: dict[str, str]) -> dict[str, Any]:
    told = {name: given.get(f"a{at}_{name}", "").strip() for name in ANSWER_FIELDS}
    answer: dict[str, Any] = {"region": told["region"] or "全国"}
    for name in _DATES:
        try:
            if told[name]:
                answer[name] = date.fromisoformat(told[name])
        except ValueError:
            wrong[f"a{at}_{name}"] = "请写成 2026-11-21 这样的日期。"
    answer.setdefault("checked", today)
    answer |= {name: told[name] for name in ("outcome", "brief") if told[name]}
    answer["text"] = told["text"] + "\n"
    if facts := _lines(told["facts"]):
        answer["facts"] = facts
    basis = [[part.strip() for part in line.replace("｜", "|").split("|", _BASIS_PARTS - 1)] for line in _lines(told["basis"])]
    if any(len(parts) < _BASIS_PARTS or not all(parts) for parts in basis):
        wrong[f"a{at}_basis"] = "每行写：来源编号 | 条款 | 一句话要点。"
    elif basis:
        answer["basis"] = [dict(zip(("source", "at", "gist"), parts, strict=True)) for parts in basis]
    order = ("region", "valid_from", "valid_until", "outcome", "brief", "text", "facts", "basis", "checked")
    return {name: answer[name] for name in order if name in answer}


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))


def _parted(text: str) -> list[str]:
    for mark in _PARTED:
        text = text.replace(mark, "\n")
    return _lines(text)
