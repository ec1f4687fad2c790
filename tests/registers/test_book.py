"""Records: what is kept, what is refused, who must look twice, and what stays when somebody is forgotten."""

from __future__ import annotations

import json
from datetime import date

import pytest

from tests.registers.world import FULL, PHONE, World
from zhixun.archive.erase import erase
from zhixun.archive.rebuild import rebuild
from zhixun.archive.verify import verify, verify_case
from zhixun.errors import CitizenError, TryLater
from zhixun.numbers import valid_number


async def _seq(world: World, number: str) -> int:
    record = await world.records.find(number)
    assert record is not None
    return record.seq


async def _change(world: World, number: str, by: str = "clerk", role: str = "clerk", **values: object) -> list[str]:
    now = {**await world.read(number), **values}
    kept = {name: value for name, value in now.items() if value is not None}
    return await world.records.change(number, kept, by, role, await _seq(world, number))


async def test_a_record_is_numbered_kept_and_sealed(world: World) -> None:
    number = await world.add()
    assert number.startswith("TZ-20261120-000001-")
    assert valid_number(number)
    assert await world.read(number) == FULL
    assert await verify_case(world.office.journal, world.office.folder / "archive", number) == ()
    assert list((world.office.folder / "archive").rglob(f"{number}.json"))


async def test_what_is_written_is_nowhere_in_the_clear_in_the_store(world: World) -> None:
    await world.add()
    on_disk = world.office.bytes_on_disk()
    for words in ("昆仑青稞酒业", PHONE, "1234.5"):
        assert words.encode() not in on_disk
    # While what the lists need is.
    assert json.loads(str(world.office.sql("SELECT dues FROM records")[0][0])) == {"expires": "2026-12-05"}


async def test_each_change_is_an_entry_that_tells_its_fields_and_a_supplement(world: World) -> None:
    number = await world.add()
    assert await _change(world, number, count="13", phone=None) == ["count", "phone"]
    assert await _change(world, number) == []
    record = await world.records.find(number)
    assert record is not None
    history = await world.records.history(record)
    assert [one.kind for one in history] == ["record_changed", "recorded"]
    assert history[0].fields == (("件数", "12", "13"), ("电话", PHONE, ""))
    assert history[0].who == "clerk"
    entry = next(one for one in await world.office.entries(number) if one.kind == "record_changed")
    assert entry.open["fields"] == ["count", "phone"]
    assert list((world.office.folder / "archive").rglob(f"{number}.s1.json"))
    assert await verify_case(world.office.journal, world.office.folder / "archive", number) == ()


async def test_who_is_slower_writes_nothing(world: World) -> None:
    number = await world.add()
    seen = await _seq(world, number)
    await _change(world, number, count="13")
    with pytest.raises(TryLater, match="同事刚刚改过"):
        await world.records.change(number, {**FULL, "count": "14"}, "rev", "reviewer", seen)
    assert (await world.read(number))["count"] == "13"


async def test_a_role_that_does_not_write_there_is_refused(world: World) -> None:
    with pytest.raises(CitizenError, match="不能登记"):
        await world.add(by="aud", role="auditor")
    number = await world.add()
    with pytest.raises(CitizenError, match="不能改"):
        await world.records.end(number, "不用了", "aud", "auditor")


async def test_what_it_names_must_be_there(world: World) -> None:
    consultation = await world.office.open()
    number = await world.add(about=[consultation])
    assert [one.number for one in await world.records.linked(consultation)] == [number]
    other = await world.add(about=[number])
    assert [one.number for one in await world.records.linked(number)] == [other]
    with pytest.raises(CitizenError, match="没有编号 ZX-20261121-000009-5") as caught:
        await world.add(about=["ZX-20261121-000009-5"])
    assert caught.value.field == "about"
    assert len(await world.records.of(world.sample)) == 2


async def test_the_second_person(world: World) -> None:
    with pytest.raises(CitizenError, match="登记时不能就是"):
        await world.add(state="已审定")
    number = await world.add(by="rev", role="reviewer", state="草稿")
    for by, role, more in (("rev", "reviewer", {}), ("clerk", "clerk", {}), ("admin", "administrator", {"count": "9"})):
        with pytest.raises(CitizenError) as caught:
            await _change(world, number, by, role, state="已审定", **more)
        assert caught.value.code == "second_person"
    await _change(world, number, "admin", "administrator", state="已审定")
    with pytest.raises(CitizenError, match="重新审"):
        await _change(world, number, "admin", "administrator", count="9")
    await _change(world, number, "admin", "administrator", state="草稿", count="9")
    with pytest.raises(CitizenError, match="没有写过"):
        await _change(world, number, "admin", "administrator", state="已审定")


async def test_ended_and_restored(world: World) -> None:
    number = await world.add()
    assert [one.number for one in await world.records.due()] == [number]
    await world.records.end(number, "权利已终止", "clerk", "clerk")
    assert await world.records.due() == []
    with pytest.raises(CitizenError, match="先恢复"):
        await _change(world, number, count="1")
    await world.records.restore(number, "弄错了", "clerk", "clerk")
    assert await _change(world, number, count="1") == ["count"]
    with pytest.raises(CitizenError, match="原因"):
        await world.records.end(number, " ", "clerk", "clerk")


async def test_nothing_is_due_once_it_was_done_or_has_ended(world: World) -> None:
    number = await world.add()
    for values in ({"renewed": "2026-11-20"}, {"renewed": None, "state": "终止"}, {"state": "在用", "expires": None}):
        await _change(world, number, **values)
        assert await world.records.due() == []
    await _change(world, number, expires="2027-01-01")
    assert [one.dues for one in await world.records.due()] == [{"expires": date(2027, 1, 1)}]


async def test_all_or_nothing(world: World) -> None:
    with pytest.raises(CitizenError):
        await world.records.write(world.sample, [FULL, {**FULL, "about": ["ZX-20261121-000009-5"]}], [], "clerk", "clerk")
    assert await world.records.of(world.sample) == []


async def test_rebuilding_gives_the_same_rows(world: World) -> None:
    first, second = await world.add(), await world.add(name="另一家")
    await _change(world, first, count="13")
    await world.records.end(second, "重复登记", "clerk", "clerk")
    before = world.office.sql("SELECT * FROM records ORDER BY number")
    await rebuild(world.office.journal, world.office.folder / "archive", world.office.sealer)
    assert world.office.sql("SELECT * FROM records ORDER BY number") == before


async def test_a_person_is_forgotten_and_the_proofs_hold(world: World) -> None:
    number = await world.add()
    await erase(world.office.journal, world.office.sealer, number, "本人要求")
    record = await world.records.find(number)
    assert record is not None
    assert (record.erased, record.values, record.dues) == (True, None, {})
    assert await world.records.due() == []
    assert (await world.records.headings([number])) == {number: number}
    with pytest.raises(CitizenError, match="已按请求删除"):
        await world.records.change(number, FULL, "clerk", "clerk", record.seq)
    report = await verify(world.office.journal, world.office.folder / "archive", world.office.ledger.public_key, pause=0)
    assert not report.findings
    assert PHONE.encode() not in world.office.bytes_on_disk()


async def test_a_changed_row_shows(world: World) -> None:
    number = await world.add()
    import sqlite3

    with sqlite3.connect(world.office.folder / "zhixun.db") as other:
        other.execute("UPDATE records SET standing = '终止'")
    other.close()
    assert "台账记录" in "".join(await verify_case(world.office.journal, world.office.folder / "archive", number))


async def test_the_page_for_reading_tells_the_record_in_words_and_of_a_number_its_end(world: World) -> None:
    number = await world.add()
    await _change(world, number, count="13")
    page = next((world.office.folder / "archive").rglob(f"{number}.html")).read_text("utf-8")
    assert "<h1>台账记录</h1>" in page
    assert "件数：13" in page
    assert "尾号 3456" in page
    assert PHONE not in page
