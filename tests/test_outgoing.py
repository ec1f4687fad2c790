"""Saying something outside of a turn: journalled and on its way in one breath, or not at all."""

from __future__ import annotations

import pytest

from tests.support import Office
from zhixun.archive.erase import erase
from zhixun.conversation.turn import replies_of
from zhixun.messages import Basis, Button, Reply
from zhixun.outgoing import tell

REPLY = Reply("蓝莓果酱可以申请。", ("q1", "q2"), (Basis("商标法", "第三十三条", "全国", in_force=True),), (Button("好", "好的"),), "notice")


async def _tell(office: Office, number: str, **told: object) -> object:
    async with office.database.write() as connection:
        return await tell(connection, office.journal, number, REPLY, **told)


async def test_it_is_journalled_and_put_on_its_way(office: Office) -> None:
    number = await office.open()
    entry = await _tell(office, number)
    assert entry == (await office.entries(number))[-1]
    assert (entry.kind, entry.actor) == ("said", "system")
    assert entry.open == {"turn": 0, "kind": "notice", "knowledge": ["q1", "q2"]}
    assert replies_of([entry]) == (REPLY,)
    assert office.sql("SELECT seq, channel, delivered FROM outbox WHERE consultation = ?", number) == [(entry.seq, "api", None)]
    assert "蓝莓".encode() not in office.bytes_on_disk()


async def test_who_speaks_and_what_else_is_told_stands_with_it(office: Office) -> None:
    number = await office.open()
    entry = await _tell(office, number, actor="staff:wang", fence=7, first=True)
    assert (entry.actor, entry.open["fence"], entry.open["first"]) == ("staff:wang", 7, True)


async def test_it_reaches_the_channel_of_the_consultation(office: Office) -> None:
    _, number, _ = await office.consultations.open("web", "西宁市", consent=True)
    entry = await _tell(office, number)
    assert office.sql("SELECT channel FROM outbox WHERE consultation = ? AND seq = ?", number, entry.seq) == [("web",)]


@pytest.mark.parametrize("erased", [False, True])
async def test_nobody_is_told_behind_the_end(office: Office, erased: bool) -> None:
    number = await office.open()
    await office.consultations.close(number)
    if erased:
        await erase(office.journal, office.sealer, number, "本人请求")
    before, on_its_way = await office.entries(number), office.sql("SELECT * FROM outbox")
    assert await _tell(office, number) is None
    assert (await office.entries(number), office.sql("SELECT * FROM outbox")) == (before, on_its_way)


async def test_what_the_caller_takes_back_was_never_said(office: Office) -> None:
    number = await office.open()
    before = await office.entries(number)
    with pytest.raises(ValueError, match="as planned"):
        async with office.database.write() as connection:
            await tell(connection, office.journal, number, REPLY)
            raise ValueError("as planned")
    assert await office.entries(number) == before
    assert office.sql("SELECT * FROM outbox WHERE consultation = ?", number) == []
