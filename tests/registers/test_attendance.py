"""Signing in to a training by telephone: who may, what is kept, and what the record tells of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.registers.world import World
from zhixun.errors import CitizenError
from zhixun.limits import Limiter
from zhixun.registers.attendance import Attendance
from zhixun.registers.pages import AttendancePages

TRAINING = {"topic": "商标入门<b>", "kind": "基础知识", "held": "2026-11-20", "state": "报名中", "time": "二楼"}
_Client = TestClient[web.Request, web.Application]


async def _applicants(numbers: object) -> list[tuple[str, str]]:
    return [("王芳", "13897123456")]


@pytest.fixture
def attendance(world: World) -> Attendance:
    return Attendance(world.records, world.office.clock, bytes(32), "https://ip.example.cn", _applicants)


@pytest_asyncio.fixture
async def client(attendance: Attendance) -> AsyncIterator[_Client]:
    application = web.Application()
    site = {"name": "知询", "office": "西宁市知识产权公共服务"}
    application.add_routes(AttendancePages(site, attendance, Limiter(), lambda _: "127.0.0.1").routes())
    async with TestClient(TestServer(application)) as opened:
        yield opened


async def _training(world: World, **more: str) -> str:
    return await world.records.add(world.records.registers["trainings"], {**TRAINING, **more}, "clerk", "clerk")


async def _summary(world: World, attendance: Attendance, number: str) -> dict[str, Any]:
    record = await world.records.find(number)
    assert record is not None
    return dict(await attendance.summary(world.records.registers["trainings"], record) or {})


async def test_who_comes_is_written_down_and_counted(world: World, attendance: Attendance) -> None:
    number = await _training(world)
    code = attendance.code_of(number)
    await attendance.sign(code.lower().replace("-", " "), "王芳", "3456", "5")
    await attendance.sign(code, "李 雷", "0001", "")
    await attendance.sign(code, "李 雷", "0001", "2")
    await attendance.sign(code, "李 雷", "0001", "")
    told = await _summary(world, attendance, number)
    assert {name: told[name] for name in ("count", "scored", "mean", "content", "signed_up", "code")} == {
        "count": 2, "scored": 2, "mean": "3.50", "content": "50%", "signed_up": 1, "code": code,
    }  # fmt: skip
    came = [(one.name, one.tail, one.score, one.signed_up) for one in told["came"]]
    assert came == [("王芳", "3456", 5, True), ("李 雷", "0001", 2, False)]
    assert "王芳".encode() not in world.office.bytes_on_disk()


@pytest.mark.parametrize(
    ("name", "tail", "score", "field"),
    [("", "3456", "", "name"), ("<b>", "3456", "", "name"), ("长" * 40, "3456", "", "name"), ("王芳", "345", "", "tail"),
     ("王芳", "三四五六", "", "tail"), ("王芳", "3456", "6", "score"), ("王芳", "3456", "0", "score")],
)  # fmt: skip
async def test_what_is_no_name_or_digits_is_refused(
    world: World, attendance: Attendance, name: str, tail: str, score: str, field: str
) -> None:
    number = await _training(world)
    with pytest.raises(CitizenError) as caught:
        await attendance.sign(attendance.code_of(number), name, tail, score)
    assert caught.value.field == field
    assert (await _summary(world, attendance, number))["count"] == 0


async def test_only_on_its_days_and_only_while_it_counts(world: World, attendance: Attendance) -> None:
    number = await _training(world)
    code = attendance.code_of(number)
    world.office.clock.turn_by(timedelta(days=7))
    await attendance.meeting(code)
    world.office.clock.turn_by(timedelta(days=1))
    with pytest.raises(CitizenError, match="没有开放"):
        await attendance.meeting(code)
    ended = await _training(world, held="2026-11-28")
    await attendance.meeting(attendance.code_of(ended))
    await world.records.end(ended, "取消", "clerk", "clerk")
    early = await _training(world, held="2026-12-28")
    for other in (attendance.code_of(ended), attendance.code_of(early), "AAAA-BBBB-CCCC", ""):
        with pytest.raises(CitizenError, match="没有开放"):
            await attendance.meeting(other)


async def test_the_page(world: World, attendance: Attendance, client: _Client) -> None:
    code = attendance.code_of(await _training(world))
    page = await (await client.get(f"/t/{code}")).text()
    assert "商标入门&lt;b&gt;" in page
    assert "商标入门<b>" not in page
    wrong = await client.post(f"/t/{code}", data={"name": "<i>王</i>", "tail": "3456"})
    text = await wrong.text()
    assert wrong.status == 422
    assert "请填姓名" in text
    assert "&lt;i&gt;王" in text
    right = await client.post(f"/t/{code}", data={"name": "王芳", "tail": "3456", "score": "4"})
    assert (right.status, "已签到，满意度 4 分" in await right.text()) == (200, True)
    elsewhere = await client.post(f"/t/{code}", data={"name": "王芳", "tail": "3456"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status == 403


async def test_who_tries_codes_is_slowed_down_and_who_has_one_is_not(world: World, attendance: Attendance, client: _Client) -> None:
    code = attendance.code_of(await _training(world))
    found = [(await client.get(f"/t/{place:04d}-0000-0000")).status for place in range(12)]
    assert found == [404] * 10 + [429] * 2
    assert (await client.get(f"/t/{code}")).status == 200


async def test_other_registers_have_none(world: World, attendance: Attendance) -> None:
    number = await world.add()
    record = await world.records.find(number)
    assert record is not None
    assert await attendance.summary(world.sample, record) is None
    with pytest.raises(CitizenError):
        await attendance.meeting(attendance.code_of(number))
