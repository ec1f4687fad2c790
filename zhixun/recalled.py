"""What was asked for before, as a citizen asks for it in chat: requests by their numbers, an earlier consultation by its receipt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zhixun.archive.receipt import Receipt, Receipts
from zhixun.errors import CitizenError
from zhixun.messages import Event, Reply
from zhixun.names import told
from zhixun.numbers import valid_number
from zhixun.requests.book import Book

__all__ = ["Recalled"]

_RECEIPT = re.compile(r"(?a)(?<![0-9A-Z-])([A-Z]{2,6}-\d{8}-\d{6}-\d)(?![0-9-])(.*)")
_LONGEST = 80
"""What is longer than that says more than a number and a code."""
_WRONG = "没有找到这张回执，或者校验码不对。请把编号和校验码一起发给我，例如“编号 ZX-… 校验码 ABCD-…”；也可以转人工查。"


@dataclass(frozen=True, slots=True)
class Recalled:
    """Answers what is about something asked for before.

    Nothing is known of a person who comes by another door: only who gives number and code of a receipt joins the two, and staff see it.
    """

    book: Book
    receipts: Receipts
    prefix: str

    async def take(self, consultation: str, turn: int, wish: Mapping[str, Any], phone: str) -> tuple[Reply, tuple[Event, ...]]:
        """Make a request that was filled in; see `Book.take`."""
        return await self.book.take(consultation, turn, wish, phone)

    async def answer(self, consultation: str, text: str) -> tuple[Reply, tuple[Event, ...]] | None:
        """Answer how a request or an earlier consultation stands; None when the words are about something else."""
        given = unicodedata.normalize("NFKC", text).strip().upper()
        named = _RECEIPT.search(given) if len(given) <= _LONGEST else None
        if named is not None and valid_number(named[1]) and named[1].startswith(f"{self.prefix}-"):
            return await self._earlier(consultation, named[1], named[2])
        asked = await self.book.answer(consultation, text)
        return None if asked is None else (asked, ())

    async def _earlier(self, consultation: str, number: str, rest: str) -> tuple[Reply, tuple[Event, ...]]:
        code = re.sub(r"[^0-9A-Z-]", "", rest)
        try:
            receipt = await self.receipts.check(number, code)
        except CitizenError:
            return Reply(_WRONG, kind="service"), ()
        made = await self.book.of(number)
        linked = () if number == consultation else (Event("linked", "citizen", {"to": number}),)
        return Reply(_words(receipt, [(one.number, one.title) for one in made]), kind="service"), linked


def _words(receipt: Receipt, made: list[tuple[str, str]]) -> str:
    """Say how an earlier consultation stands."""
    callback = {"asked": "要求的回电还没有登记结果。", "done": "要求的回电已经办过。"}.get(receipt.callback, "")
    requests = "申请：" + "、".join(f"{title}（{number}，发送编号和查询码可查进度）" for number, title in made) + "。" if made else ""
    sound = "" if receipt.intact else "档案文件与封存时不一致，请告诉工作人员。"
    words = f"已核对回执，咨询 {receipt.number}：{told('state', receipt.state)}。{callback}{requests}{sound}"
    return f"{words}\n本次咨询已和它关联，转人工时工作人员可以一并查看。"
