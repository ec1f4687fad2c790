"""Canned replies: sentences that staff say again and again, general ones and those of a team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from zhixun.clock import Clock, stamp
from zhixun.database import Database, canned
from zhixun.desk.ports import Daybook
from zhixun.desk.staff import Staff
from zhixun.errors import CitizenError

__all__ = ["LONGEST", "LONGEST_TITLE", "Canned", "CannedReply"]

LONGEST_TITLE, LONGEST = 64, 1000
"""How many characters a title and a text may have."""
_SYSTEM = "zhixun"
# Manners and procedure only: whatever states a fact or a rule comes from the knowledge, with its source.
_DEFAULTS = (
    ("问候", "您好，我是人工坐席。您前面说的我已经看到，请稍等，我看完就答复您。"),
    ("请补充情况", "请再补充一下：涉及的是哪一类权利、现在办到哪一步、您最想解决什么问题。"),
    ("请稍等", "我需要查一下资料，请稍等，查到后在这里答复您。"),
    ("核对理解", "我核对一下：您想问的是“”，对吗？如果不是，请您再说明。"),
    ("请勿发送个人信息", "请不要在对话里发送证件号、银行卡号、密码或者没有公开的技术内容。"),
    ("另有单位负责", "这件事由另一个单位负责，我告诉您怎么联系；需要时也可以由我们转办。"),
    ("还有问题吗", "以上是我的答复，您看清楚了吗？还有其他问题可以接着问。"),
    ("结束语", "感谢您的咨询。没有其他问题的话，本次咨询就到这里，以后有问题随时再来。"),
)
"""What a new store begins with: title and text."""


@dataclass(frozen=True, slots=True)
class CannedReply:
    """One of them; `team` is empty when it is everybody's. `changed` is a UTC stamp, `changed_by` a login name."""

    id: int
    team: str
    title: str
    text: str
    changed_by: str
    changed: str


class Canned:
    """Keeps them.

    Args:
        daybook: where changes are noted.
    """

    def __init__(self, database: Database, clock: Clock, daybook: Daybook) -> None:
        self._database = database
        self._clock = clock
        self._daybook = daybook

    async def prepare(self) -> None:
        """Put the default ones into a store that has none."""
        told = {"team": "", "changed_by": _SYSTEM, "changed": stamp(self._clock.now())}
        async with self._database.write() as connection:
            if not await connection.scalar(sa.select(sa.func.count()).select_from(canned)):
                await connection.execute(canned.insert(), [{**told, "title": title, "text": text} for title, text in _DEFAULTS])

    async def of(self, staff: Staff) -> Sequence[CannedReply]:
        """Return those of a member of staff: of their teams first, then the general ones."""
        return [one for one in await self.list() if not one.team or one.team in staff.teams]

    async def list(self) -> Sequence[CannedReply]:
        """Return all, by team and title; the general ones last."""
        query = sa.select(canned).order_by(canned.c.team == "", canned.c.team, canned.c.id)
        async with self._database.read() as connection:
            return [CannedReply(**row) for row in (await connection.execute(query)).mappings()]

    async def save(self, id: int | None, team: str, title: str, text: str, by: str) -> None:
        """Keep a new one (`id` None) or change one.

        Raises:
            CitizenError: title or text is empty or too long; (404) there is none of this id.
        """
        title, text = " ".join(title.split()), text.strip()
        if not 0 < len(title) <= LONGEST_TITLE or not title.isprintable():
            raise CitizenError(f"请写标题（1–{LONGEST_TITLE} 字）。", code="bad_title", field="title")
        if not 0 < len(text) <= LONGEST:
            raise CitizenError(f"请写内容（1–{LONGEST} 字）。", code="bad_text", field="text")
        values = {"team": team, "title": title, "text": text, "changed_by": by, "changed": stamp(self._clock.now())}
        async with self._database.write() as connection:
            if id is None:
                id = (await connection.execute(canned.insert().returning(canned.c.id), values)).scalar_one()
            elif (await connection.execute(canned.update().where(canned.c.id == id).values(**values))).rowcount == 0:
                raise _missing()
        # The words stand in the note too, so that what could be said in somebody's name is known later.
        await self._daybook.note("canned_saved", by, {"id": id, "team": team, "title": title, "text": text})

    async def remove(self, id: int, by: str) -> None:
        """Remove one.

        Raises:
            CitizenError: (404) there is none of this id.
        """
        async with self._database.write() as connection:
            gone = (await connection.execute(canned.delete().where(canned.c.id == id).returning(canned.c.title, canned.c.team))).first()
            if gone is None:
                raise _missing()
        await self._daybook.note("canned_removed", by, {"id": id, "team": gone.team, "title": gone.title})


def _missing() -> CitizenError:
    return CitizenError("没有这条常用语，可能同事已经删除。", code="no_canned", status=404)
