"""What is searched for: read from the fields of a page and checked, and written back for links and saved views."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import partial
from typing import Any

from zhixun.errors import CitizenError
from zhixun.names import MARKS, STATES, STATUS_NAMES

__all__ = ["LAST_PAGE", "MARKS", "NAMES", "ORDERS", "PAGE_SIZE", "REACH", "STATES", "Query"]

PAGE_SIZE = 20
REACH = 10_000
"""So many cases are counted and can be leafed through; who finds more asks more narrowly."""
LAST_PAGE = REACH // PAGE_SIZE
ORDERS: Mapping[str, str] = {
    "newest": "最新的在前", "oldest": "最早的在前", "rating": "评分低的在前", "confidence": "把握小的在前", "turns": "轮次多的在前",
}  # fmt: skip
NAMES: Mapping[str, str] = {
    "words": "关键词", "number": "编号", "since": "开始日期", "until": "截止日期", "channel": "渠道", "region": "地区",
    "right": "权利类型", "topic": "主题", "service": "服务事项", "status": "答复状态", "operator": "经办人", "outcome": "处理结果",
    "rating_from": "最低评分", "rating_to": "最高评分", "referred": "已转办", "low_confidence": "把握不足", "unanswered": "未能答复",
    "user_kind": "咨询人", "industry": "行业", "district": "区县", "stage": "环节",
    "label": "标签", "mark": "质检结论", "attached": "有附件", "noted": "有备注", "state": "状态", "erased": "已删除", "order": "排序",
    "page": "页码",
}  # fmt: skip
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Query:
    """One search. Empty strings and None ask for nothing; a flag asks for those that have it, or that have it not.

    Attributes:
        words: all of them must occur, in any order.
        number: of the consultation, or a part of it.
        since, until: the day it was opened, both included.
        rating_from, rating_to: the mean of its rating; of two the lower one.
        low_confidence: one of its answers was given with little confidence.
        unanswered: something was asked for which there was no answer.
        order: one of `ORDERS`.
        page: from 1.
    """

    words: str = ""
    number: str = ""
    since: date | None = None
    until: date | None = None
    channel: str = ""
    region: str = ""
    right: str = ""
    topic: str = ""
    service: str = ""
    status: str = ""
    operator: str = ""
    outcome: str = ""
    rating_from: float | None = None
    rating_to: float | None = None
    referred: bool | None = None
    low_confidence: bool | None = None
    unanswered: bool | None = None
    user_kind: str = ""
    industry: str = ""
    district: str = ""
    stage: str = ""
    label: str = ""
    mark: str = ""
    attached: bool | None = None
    noted: bool | None = None
    state: str = ""
    erased: bool | None = None
    order: str = "newest"
    page: int = 1

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Query:
        """Read it from the fields of a page; empty ones are as if they were not there.

        Raises:
            CitizenError: a field is unknown or cannot be read; `field` names it.
        """
        read: dict[str, Any] = {}
        for name, text in given.items():
            if name not in _READ:
                raise CitizenError(f"没有“{name[:20]}”这个筛选项。", code="bad_query", field=name)
            if text.strip():
                read[name] = _READ[name](name, unicodedata.normalize("NFC", text.strip()))
        query = cls(**read)
        if query.since and query.until and query.since > query.until:
            raise _wrong("since", "不能晚于截止日期。")
        if query.rating_from and query.rating_to and query.rating_from > query.rating_to:
            raise _wrong("rating_from", "不能高于最高评分。")
        return query

    def write(self) -> dict[str, str]:
        """Write it as `read` reads it; what is not asked for is left out."""
        told = ((field.name, getattr(self, field.name), field.default) for field in fields(self))
        return {name: _write(value) for name, value, default in told if value != default}


def _write(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else f"{value:g}" if isinstance(value, float) else str(value)


def _wrong(name: str, words: str) -> CitizenError:
    return CitizenError(f"“{NAMES[name]}”{words}", code="bad_query", field=name)


def _text(name: str, text: str) -> str:
    if len(text) > _LONGEST:
        raise _wrong(name, f"最多 {_LONGEST} 个字。")
    if any(unicodedata.category(char)[0] == "C" for char in text):
        raise _wrong(name, "里有看不见的字符，请重新输入。")
    return text


def _number(name: str, text: str) -> str:
    number = unicodedata.normalize("NFKC", text).upper()
    if re.fullmatch(r"[0-9A-Z-]{1,32}", number) is None:
        raise _wrong(name, "只有字母、数字和“-”，可以只写其中一段。")
    return number


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _wrong(name, "请写成 2026-11-21 这样。") from error


def _score(name: str, text: str) -> float:
    if re.fullmatch(r"[1-5](\.\d{1,2})?", text) is None or float(text) > 5:
        raise _wrong(name, "请写 1 到 5 之间的数。")
    return float(text)


def _flag(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise _wrong(name, "只能是 1（是）或 0（否）。")
    return text == "1"


def _one_of(known: Collection[str], name: str, text: str) -> str:
    if text not in known:
        raise _wrong(name, "不在可选的范围内。")
    return text


def _page(name: str, text: str) -> int:
    if re.fullmatch(r"(?a)\d{1,4}", text) is None or not 1 <= int(text) <= LAST_PAGE:
        raise _wrong(name, f"请写 1 到 {LAST_PAGE} 之间的数；更多的请缩小范围再查。")
    return int(text)


_READ: Mapping[str, Callable[[str, str], Any]] = {
    **dict.fromkeys(("words", "channel", "region", "right", "topic", "service", "operator", "outcome", "user_kind", "industry", "district",
                     "stage", "label"), _text),
    **dict.fromkeys(("referred", "low_confidence", "unanswered", "attached", "noted", "erased"), _flag),
    "number": _number, "since": _day, "until": _day, "rating_from": _score, "rating_to": _score, "page": _page,
    "status": partial(_one_of, STATUS_NAMES), "mark": partial(_one_of, MARKS), "state": partial(_one_of, STATES),
    "order": partial(_one_of, ORDERS),
}  # fmt: skip
