"""Opening rows of several consultations at once."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from tests.archive.world import World, world_at
from zhixun.archive.opened import open_rows
from zhixun.database import journal
from zhixun.messages import Entry


async def _opened(world: World, *numbers: str) -> list[Entry]:
    query = sa.select(journal).where(journal.c.consultation.in_(numbers)).order_by(journal.c.id.desc())
    async with world.database.read() as connection:
        return await open_rows(world.journal.keyring, connection, (await connection.execute(query)).mappings().all())


async def test_rows_of_several_consultations_are_what_reading_each_gives(tmp_path: Path) -> None:
    async with world_at(tmp_path) as world:
        one, other = await world.open("商标能续展吗", phone="13897123456"), await world.open("专利多少钱")
        read = [*await world.read(one), *await world.read(other)]
        assert await _opened(world, one, other) == read[::-1]
        assert await _opened(world) == []


async def test_an_erased_consultation_has_nothing_private_and_hinders_no_other(tmp_path: Path) -> None:
    async with world_at(tmp_path) as world:
        (gone, _), kept = await world.consult("我的秘密"), await world.open("公开的问题")
        await world.erase(gone)
        found = await _opened(world, gone, kept)
        assert {entry.private is None for entry in found if entry.consultation == gone} == {True}
        said = [entry.private for entry in found if entry.consultation == kept and entry.actor == "citizen"]
        assert said == [{"text": "公开的问题"}]


async def test_what_was_changed_does_not_open_and_hinders_no_other(tmp_path: Path) -> None:
    async with world_at(tmp_path) as world:
        bad_key, moved, kept = [await world.open(words) for words in ("甲", "乙", "丙")]
        async with world.database.write() as connection:
            await connection.exec_driver_sql("UPDATE keys SET wrapped = x'00' WHERE consultation = ?", (bad_key,))
            await connection.exec_driver_sql("DROP TRIGGER journal_no_update")
            words = sa.select(journal.c.body).where(journal.c.consultation == kept, journal.c.actor == "citizen").scalar_subquery()
            there = (journal.c.consultation == moved) & (journal.c.actor == "citizen")
            await connection.execute(journal.update().where(there).values(body=words))
        found = {entry.consultation: entry.private for entry in await _opened(world, bad_key, moved, kept) if entry.actor == "citizen"}
        assert found == {bad_key: None, moved: None, kept: {"text": "丙"}}
