"""Pushing a record: who is on the list and who never is, when it may be noted, and what the file then says."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import openpyxl
import pytest

from tests.registers.world import PHONE, World
from zhixun.archive.erase import erase
from zhixun.archive.export import harmless
from zhixun.archive.rebuild import rebuild
from zhixun.archive.verify import verify_case
from zhixun.errors import CitizenError
from zhixun.registers.push import CHANNEL, PLACE, TOPIC, Pushing
from zhixun.registers.record import Record

ISSUE = {"name": "西宁市政策汇编", "version": "第1版", "issued": "2026-11-10", "state": "编制中"}
UNIT = {"unit": "昆仑酒业", "phone": PHONE, "channel": ["短信"], "agreed": "是", "since": "2026-10-01", "state": "订阅中"}
DONE = {"day": "2026-11-19", "channels": "短信；园区窗口"}


@pytest.fixture
def pushing(world: World) -> Pushing:
    return Pushing(world.records, world.office.clock, harmless)


async def _record(world: World, number: str) -> Record:
    record = await world.records.find(number)
    assert record is not None
    return record


async def _change(world: World, number: str, by: str = "rev", **values: Any) -> None:
    record = await _record(world, number)
    await world.records.change(number, {**(record.values or {}), **values}, by, "reviewer", record.seq)


async def _issue(world: World, *, published: bool = True) -> str:
    number = await world.records.add(world.records.registers["compilations"], ISSUE, "rev", "reviewer")
    if published:
        await _change(world, number, "admin", state="已发布")
    return number


async def _subscribe(world: World, **more: Any) -> str:
    values = {name: value for name, value in {**UNIT, **more}.items() if value is not None}
    return await world.records.add(world.records.registers["subscribers"], values, "clerk", "clerk")


async def _told(world: World, pushing: Pushing, number: str, topic: str = "") -> Mapping[str, Any]:
    told = await pushing.summary(world.records.registers["compilations"], await _record(world, number), topic)
    assert told is not None
    return told


async def _listed(world: World, pushing: Pushing, number: str, *, clear: bool = True, **chosen: str) -> list[str]:
    _, data, count = await pushing.sheet(world.records.registers["compilations"], await _record(world, number), chosen, clear=clear)
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    titles = [cell.value for cell in sheet[1]]
    cells = [str(sheet.cell(row, titles.index("单位名称") + 1).value) for row in range(2, sheet.max_row + 1)]
    assert len(cells) == count
    return cells


async def _note(world: World, pushing: Pushing, number: str, role: str = "reviewer", **given: str) -> dict[str, str]:
    record = await _record(world, number)
    return await pushing.note(world.records.registers["compilations"], record, {**DONE, **given}, "rev", role)


async def test_subscribers_are_counted_by_channel_and_park(world: World, pushing: Pushing) -> None:
    await _subscribe(world, channel=["短信", "园区窗口"], park="东川工业园")
    await _subscribe(world, unit="二号", park="东川工业园", topics=["培训通知"])
    await _subscribe(world, unit="三号", channel=["园区窗口"], topics=["扶持奖励", "培训通知"])
    number = await _issue(world)
    told = await _told(world, pushing, number)
    assert told["channels"] == ["园区窗口", "短信"]
    assert told["rows"] == [("东川工业园", [1, 2], 2), ("没有填园区", [1, 0], 1)]
    assert (told["sums"], told["count"], told["unused"]) == ([2, 2], 3, ["政务平台", "服务网点", "微信", "邮件"])
    # Who has named nothing wants everything.
    narrowed = await _told(world, pushing, number, "扶持奖励")
    assert (narrowed["topic"], narrowed["rows"]) == ("扶持奖励", [("东川工业园", [1, 1], 1), ("没有填园区", [1, 0], 1)])
    assert (await _told(world, pushing, number, "没有这一项"))["count"] == 3


async def test_who_has_not_agreed_or_has_left_or_is_forgotten_is_never_on_the_list(world: World, pushing: Pushing) -> None:
    stays, leaves = await _subscribe(world), await _subscribe(world, unit="退订的")
    await _subscribe(world, unit="没有同意的", agreed="否")
    ended, gone = await _subscribe(world, unit="停用的"), await _subscribe(world, unit="要求删除的")
    number = await _issue(world)
    assert (await _told(world, pushing, number))["count"] == 4
    await _change(world, leaves, "clerk", state="已退订")
    await world.records.end(ended, "重复", "clerk", "clerk")
    await erase(world.office.journal, world.office.sealer, gone, "本人要求")
    assert await _listed(world, pushing, number) == ["昆仑酒业"]
    assert (await _told(world, pushing, number))["rows"] == [("没有填园区", [1], 1)]
    await _change(world, stays, "clerk", agreed="否")
    assert (await _told(world, pushing, number))["count"] == 0
    with pytest.raises(CitizenError, match="没有这样的订阅人") as caught:
        await _listed(world, pushing, number)
    assert caught.value.field == CHANNEL


async def test_the_list_is_narrowed_masked_and_harmless(world: World, pushing: Pushing) -> None:
    await _subscribe(world, unit="=1+1", park="东川工业园")
    await _subscribe(world, unit="二号", channel=["邮件"], topics=["培训通知"])
    number = await _issue(world)
    assert await _listed(world, pushing, number) == ["'=1+1", "二号"]
    assert await _listed(world, pushing, number, **{CHANNEL: "邮件"}) == ["二号"]
    assert await _listed(world, pushing, number, **{PLACE: "东川工业园"}) == ["'=1+1"]
    assert await _listed(world, pushing, number, **{TOPIC: "扶持奖励"}) == ["'=1+1"]
    register, record = world.records.registers["compilations"], await _record(world, number)
    for clear, there in ((False, "138****3456"), (True, PHONE)):
        name, data, _ = await pushing.sheet(register, record, {}, clear=clear)
        cells = [cell.value for row in openpyxl.load_workbook(io.BytesIO(data)).worksheets[0] for cell in row]
        assert (name, cells.count(there)) == ("subscribers", 2)
    with pytest.raises(CitizenError, match="选一个") as caught:
        await pushing.sheet(register, record, {PLACE: "月球"}, clear=False)
    assert caught.value.field == PLACE


async def test_a_push_is_an_entry_of_its_own_and_leaves_the_record_as_it_was_looked_at(world: World, pushing: Pushing) -> None:
    await _subscribe(world, channel=["短信", "园区窗口"])
    await _subscribe(world, unit="二号")
    number = await _issue(world)
    before, rows = await _record(world, number), world.office.sql("SELECT * FROM records ORDER BY number")
    assert await _note(world, pushing, number, note=f"王芳 {PHONE} 没有接") == {}
    assert await _note(world, pushing, number, note=f"王芳 {PHONE} 没有接") == {}
    assert await _note(world, pushing, number, day="2026-11-20", channels="短信", place="甘河工业园", topic="培训通知", units="7") == {}
    told = await _told(world, pushing, number)
    found = [(one.day, one.channels, one.place, one.topic, one.units, one.by) for one in told["done"]]
    assert found == [
        ("2026-11-20", ("短信",), "甘河工业园", "培训通知", 7, "rev"), ("2026-11-19", ("园区窗口", "短信"), "", "", 2, "rev"),
    ]  # fmt: skip
    assert (told["units"], told["done"][1].note) == (9, f"王芳 {PHONE} 没有接")
    after = await _record(world, number)
    assert (after.values, after.seq, after.standing) == (before.values, before.seq, "已发布")
    assert world.office.sql("SELECT * FROM records ORDER BY number") == rows
    history = await world.records.history(after)
    assert [one.kind for one in history] == ["pushed", "pushed", "record_changed", "recorded"]
    assert history[0].words == "推送日期 2026-11-20；渠道 短信；园区 甘河工业园；内容 培训通知；家数 7"
    assert "王芳".encode() not in world.office.bytes_on_disk()
    assert PHONE.encode() not in world.office.bytes_on_disk()
    page = next((world.office.folder / "archive").rglob(f"{number}.html")).read_text("utf-8")
    assert re.search("推送.*：政策汇编（推送日期：2026-11-20；渠道：短信；园区", page)
    assert PHONE not in page
    assert await verify_case(world.office.journal, world.office.folder / "archive", number) == ()
    await rebuild(world.office.journal, world.office.folder / "archive", world.office.sealer)
    assert world.office.sql("SELECT * FROM records ORDER BY number") == rows


@pytest.mark.parametrize(
    ("given", "field"),
    [({"day": ""}, "day"), ({"day": "昨天"}, "day"), ({"day": "2026-11-21"}, "day"), ({"day": "2026-11-09"}, "day"),
     ({"channels": ""}, "channels"), ({"channels": "信鸽"}, "channels"), ({"channels": "邮件"}, "channels"), ({"place": "月球"}, "place"),
     ({"topic": "天气"}, "topic"), ({"units": "1.5"}, "units"), ({"units": "0"}, "units"), ({"units": "几家"}, "units"),
     ({"note": "长" * 201}, "note")],
)  # fmt: skip
async def test_what_is_wrong_is_told_by_field_and_nothing_is_written(
    world: World, pushing: Pushing, given: dict[str, str], field: str
) -> None:
    await _subscribe(world)
    number = await _issue(world)
    assert list(await _note(world, pushing, number, **given)) == [field]
    assert (await _told(world, pushing, number))["done"] == []


async def test_what_was_pushed_to_people_who_have_left_since_is_noted_with_its_number(world: World, pushing: Pushing) -> None:
    number = await _issue(world)
    assert "实际家数" in (await _note(world, pushing, number))["channels"]
    assert await _note(world, pushing, number, units="3") == {}
    assert (await _told(world, pushing, number))["units"] == 3


async def test_only_a_published_record_in_use_is_pushed_and_what_was_stays_told(world: World, pushing: Pushing) -> None:
    await _subscribe(world)
    number = await _issue(world, published=False)
    assert "现在是“编制中”" in (await _told(world, pushing, number))["hinders"]
    with pytest.raises(CitizenError, match="已发布") as caught:
        await _note(world, pushing, number)
    assert caught.value.status == 409
    await _change(world, number, "admin", state="已发布")
    with pytest.raises(CitizenError, match="不能登记") as caught:
        await _note(world, pushing, number, "clerk")
    assert caught.value.status == 403
    assert await _note(world, pushing, number) == {}
    seen = await _record(world, number)
    await _change(world, number, "admin", state="已被新版代替")
    told = await _told(world, pushing, number)
    assert (len(told["done"]), "现在是“已被新版代替”" in told["hinders"]) == (1, True)
    # As things stand when it is written, not as they were when the page was drawn.
    with pytest.raises(CitizenError, match="已被新版代替"):
        await pushing.note(world.records.registers["compilations"], seen, {**DONE, "day": "2026-11-20"}, "rev", "reviewer")
    await world.records.end(number, "不用了", "rev", "reviewer")
    with pytest.raises(CitizenError, match="停用"):
        await _listed(world, pushing, number)


async def test_records_of_other_registers_are_not_pushed(world: World, pushing: Pushing) -> None:
    record = await _record(world, await world.add())
    assert await pushing.summary(world.sample, record) is None
    with pytest.raises(CitizenError, match="不推送"):
        await pushing.sheet(world.sample, record, {}, clear=False)
