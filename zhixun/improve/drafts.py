"""Drafts of questions and answers: every text is kept, and nobody approves what they have written themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import yaml
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock, stamp
from zhixun.database import Database, draft_texts, drafts
from zhixun.errors import CitizenError
from zhixun.improve.ports import Daybook

__all__ = ["APPROVED", "DRAFT", "DROPPED", "LIVE", "STANDINGS", "Draft", "Drafts", "Text", "digest_of", "written"]

DRAFT, APPROVED, LIVE, DROPPED = "draft", "approved", "live", "dropped"
STANDINGS: Mapping[str, str] = {DRAFT: "待审批", APPROVED: "已审批，待上线", LIVE: "已上线", DROPPED: "已放弃"}
OPEN = (DRAFT, APPROVED)


@dataclass(frozen=True, slots=True)
class Text:
    """One version of a draft: its YAML, who wrote it and when."""

    version: int
    text: str
    digest: str
    made_by: str
    made: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it stands.

    Attributes:
        base: digest of what was live when it was begun; empty for a new question. turns: keys of the turns that it is to answer.
        why: why it was sent back.
        texts: all versions, the newest first.
    """

    id: int
    question: str
    standing: str
    base: str
    turns: tuple[str, ...]
    approved_by: str
    approved: str
    why: str
    texts: tuple[Text, ...]

    @property
    def text(self) -> Text:
        """The newest version."""
        return self.texts[0]

    @property
    def raw(self) -> dict[str, Any]:
        """The question as it stands in YAML."""
        (raw,) = yaml.safe_load(self.text.text)
        return dict(raw)

    @property
    def authors(self) -> frozenset[str]:
        """Everybody who has written at it."""
        return frozenset(text.made_by for text in self.texts)


class Drafts:
    """Keeps them."""

    def __init__(self, database: Database, clock: Clock, daybook: Daybook) -> None:
        self._database = database
        self._clock = clock
        self._daybook = daybook

    async def list(self, *standings: str) -> Sequence[Draft]:
        """Return those that stand so (all open ones when nothing is said), the newest first."""
        query = sa.select(drafts).where(drafts.c.standing.in_(standings or OPEN)).order_by(drafts.c.id.desc())
        async with self._database.read() as connection:
            return [await _read(connection, row) for row in (await connection.execute(query)).mappings().all()]

    async def one(self, id: int) -> Draft:
        """Return one.

        Raises:
            CitizenError: (404) there is none.
        """
        async with self._database.read() as connection:
            return await _one(connection, id)

    async def begin(self, raw: Mapping[str, Any], base: str, turns: Sequence[str], by: str) -> int:
        """Begin a draft; returns its id.

        Raises:
            CitizenError: (409) somebody has begun one of this question.
        """
        text, question = written(raw), str(raw["id"])
        other = sa.select(drafts.c.id).where(drafts.c.question == question, drafts.c.standing.in_(OPEN))
        row = {"question": question, "standing": DRAFT, "version": 1, "base": base, "turns": " ".join(turns)}
        async with self._database.write() as connection:
            if await connection.scalar(other):
                raise CitizenError(f"问题 {question} 已有同事在改，请打开那份草稿接着改。", code="begun", status=409, field="id")
            id = (await connection.execute(drafts.insert().returning(drafts.c.id), row)).scalar_one()
            await connection.execute(draft_texts.insert(), self._text(id, 1, text, by))
        await self._daybook.note("draft_saved", by, {"draft": id, "question": question, "version": 1, "digest": digest_of(text)})
        return int(id)

    async def save(self, id: int, raw: Mapping[str, Any], by: str) -> None:
        """Keep a further version; what was approved has to be approved anew. The same text again changes nothing.

        Raises:
            CitizenError: (404) there is none; (409) it is live or given up, or would become another question.
        """
        text = written(raw)
        async with self._database.write() as connection:
            draft = await _one(connection, id)
            if draft.standing not in OPEN:
                raise CitizenError("这份草稿已经上线或者放弃，请重新起草。", code="ended", status=409)
            if draft.question != raw["id"]:
                raise CitizenError("编号不能改；要换编号请另起草稿。", code="bad_id", field="id")
            if draft.text.text == text:
                return
            version = draft.text.version + 1
            await connection.execute(draft_texts.insert(), self._text(id, version, text, by))
            values = {"standing": DRAFT, "version": version, "approved_by": "", "approved": "", "why": ""}
            await connection.execute(drafts.update().where(drafts.c.id == id).values(**values))
        told = {"draft": id, "question": draft.question, "version": version, "digest": digest_of(text)}
        await self._daybook.note("draft_saved", by, told)

    async def approve(self, id: int, version: int, by: str) -> None:
        """Approve the version that somebody has read.

        Raises:
            CitizenError: (404) there is none; (403) who approves has written at it; (409) it was changed or decided meanwhile.
        """
        async with self._database.write() as connection:
            draft = await _one(connection, id)
            if by in draft.authors:
                raise CitizenError("您写过这份草稿，不能自己审批，请另一位同事来审。", code="own_draft", status=403)
            if draft.standing != DRAFT or draft.text.version != version:
                raise CitizenError("草稿刚刚变了，请看过现在的内容再审批。", code="changed", status=409)
            values = {"standing": APPROVED, "approved_by": by, "approved": stamp(self._clock.now()), "why": ""}
            await connection.execute(drafts.update().where(drafts.c.id == id).values(**values))
        told = {"draft": id, "question": draft.question, "version": version, "digest": draft.text.digest}
        await self._daybook.note("draft_approved", by, told)

    async def send_back(self, id: int, why: str, by: str) -> None:
        """Take an approval away, or tell the authors what to change.

        Raises:
            CitizenError: no reason; (404) there is none; (409) it is live or given up.
        """
        why = " ".join(why.split())[:300]
        if not why:
            raise CitizenError("请写明要改什么。", code="no_words", field="why")
        draft = await self._turn(id, DRAFT, why)
        await self._daybook.note("draft_sent_back", by, {"draft": id, "question": draft.question}, {"why": why})

    async def drop(self, id: int, by: str) -> None:
        """Give a draft up; its texts stay.

        Raises:
            CitizenError: (404) there is none; (409) it is live or given up already.
        """
        draft = await self._turn(id, DROPPED, "")
        await self._daybook.note("draft_dropped", by, {"draft": id, "question": draft.question})

    async def went_live(self, connection: AsyncConnection, ids: Sequence[int]) -> None:
        """Note in a transaction that drafts are live."""
        await connection.execute(drafts.update().where(drafts.c.id.in_(ids)).values(standing=LIVE))

    async def live_again(self, ids: Sequence[int]) -> None:
        """Note that what drafts brought is in use again."""
        async with self._database.write() as connection:
            await self.went_live(connection, ids)

    async def reopen(self, ids: Sequence[int], why: str) -> Sequence[Draft]:
        """Let live drafts be drafts again, because what they brought was taken back; returns them.

        One whose question somebody has begun anew is given up instead.
        """
        begun = sa.select(drafts.c.question).where(drafts.c.standing.in_(OPEN))
        live = drafts.update().where(drafts.c.id.in_(ids), drafts.c.standing == LIVE)
        empty = {"approved_by": "", "approved": "", "why": why}
        async with self._database.write() as connection:
            await connection.execute(live.where(drafts.c.question.in_(begun)).values(standing=DROPPED, **empty))
            await connection.execute(live.values(standing=DRAFT, **empty))
        return [await self.one(id) for id in ids]

    async def _turn(self, id: int, standing: str, why: str) -> Draft:
        async with self._database.write() as connection:
            draft = await _one(connection, id)
            if draft.standing not in OPEN:
                raise CitizenError("这份草稿已经上线或者放弃。", code="ended", status=409)
            values = {"standing": standing, "approved_by": "", "approved": "", "why": why}
            await connection.execute(drafts.update().where(drafts.c.id == id).values(**values))
        return draft

    def _text(self, id: int, version: int, text: str, by: str) -> dict[str, Any]:
        return {"draft": id, "version": version, "text": text, "digest": digest_of(text), "made_by": by, "made": stamp(self._clock.now())}


def written(raw: Mapping[str, Any]) -> str:
    """Return a question as the YAML of a file of its own."""
    return str(yaml.safe_dump([dict(raw)], allow_unicode=True, sort_keys=False, width=120))


def digest_of(text: str) -> str:
    """Return the digest of a text (64 hex characters)."""
    return hashlib.sha256(text.encode()).hexdigest()


async def _one(connection: AsyncConnection, id: int) -> Draft:
    row = (await connection.execute(sa.select(drafts).where(drafts.c.id == id))).mappings().first()
    if row is None:
        raise CitizenError("没有这份草稿。", code="no_draft", status=404)
    return await _read(connection, row)


async def _read(connection: AsyncConnection, row: sa.RowMapping) -> Draft:
    query = sa.select(draft_texts).where(draft_texts.c.draft == row["id"]).order_by(draft_texts.c.version.desc())
    texts = [
        Text(one["version"], one["text"], one["digest"], one["made_by"], one["made"])
        for one in (await connection.execute(query)).mappings()
    ]
    return Draft(
        row["id"], row["question"], row["standing"], row["base"], tuple(row["turns"].split()), row["approved_by"], row["approved"],
        row["why"], tuple(texts),
    )  # fmt: skip
