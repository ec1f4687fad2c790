"""The roster as a grid: two weeks, who may change it, and what is warned of."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest

from tests.desk.pages.desk import HOSTILE, Desk, Person
from zhixun.clock import ZONE

MONDAY, FRIDAY = date(2026, 11, 16), date(2026, 11, 20)
"""The week of the clock, and its day."""


def _day(day: int) -> date:
    return date(2026, 11, day)


async def _admin(desk: Desk) -> Person:
    return await desk.enter("administrator", "admin")


def _ticks(text: str) -> dict[str, str]:
    """Return what a browser would send of the page's form."""
    hidden = dict(re.findall(r'<input type="hidden" name="(was:[^"]+|week)" value="([^"]*)"', text))
    return hidden | dict.fromkeys(re.findall(r'name="(on:[^"]+)" value="yes" checked', text), "yes")


async def test_two_weeks_are_shown_with_days_off_and_days_that_nobody_knows(desk: Desk) -> None:
    admin = await _admin(desk)
    page = await admin.get("/desk/roster")
    assert [page.text.count(f"on:{_day(day)}:admin") for day in (19, 20, 29, 30)] == [0, 1, 1, 0]
    assert re.search(r"11-21 周六 休息", page.words)
    assert re.search(r"11-20 周五 没有人 今天", page.words)
    unknown = await admin.get("/desk/roster?week=2027-01-05")
    assert unknown.words.count("日历没有这一天") == 14
    assert "01-04 周一" in unknown.words


async def test_what_is_ticked_is_on_duty_and_noted_once_a_day(desk: Desk) -> None:
    admin, _ = await _admin(desk), await desk.enter("clerk", "lina")
    form = _ticks((await admin.get("/desk/roster")).text)
    ticked = dict.fromkeys((f"on:{_day(20)}:lina", f"on:{_day(23)}:lina", f"on:{_day(23)}:admin"), "yes")
    saved = await admin.post("/desk/roster", {**form, **ticked, "act": "save"})
    assert (saved.status, saved.to) == (303, "/desk/roster?week=2026-11-16&done=saved")
    assert await desk.roster.on_duty(_day(20)) == ("lina",)
    assert await desk.roster.on_duty(_day(23)) == ("admin", "lina")
    assert [told for _, _, told, _ in await desk.notes("duty_set")] == [
        {"day": "2026-11-20", "names": ["lina"]}, {"day": "2026-11-23", "names": ["admin", "lina"]},
    ]  # fmt: skip
    page = await admin.get("/desk/roster")
    form = _ticks(page.text)
    assert f"on:{_day(23)}:lina" in form
    form.pop(f"on:{_day(23)}:lina")
    await admin.post("/desk/roster", {**form, "act": "save"})
    assert await desk.roster.on_duty(_day(23)) == ("admin",)
    assert len(await desk.notes("duty_set")) == 3


async def test_what_a_colleague_changed_meanwhile_stays(desk: Desk) -> None:
    admin, _ = await _admin(desk), await desk.enter("clerk", "lina")
    form = _ticks((await admin.get("/desk/roster")).text)
    await desk.roster.set(_day(24), ["lina"], "second")
    await admin.post("/desk/roster", {**form, "act": "save", f"on:{_day(25)}:lina": "yes"})
    assert await desk.roster.on_duty(_day(24)) == ("lina",)
    assert await desk.roster.on_duty(_day(25)) == ("lina",)


async def test_the_past_stays_as_it_was(desk: Desk) -> None:
    admin = await _admin(desk)
    await desk.roster.set(_day(18), ["admin"], "admin")
    page = await admin.get("/desk/roster")
    assert "11-18 周三 Admin 11-19 周四 —" in page.words
    await admin.post("/desk/roster", {"act": "save", "week": "2026-11-16", f"was:{_day(18)}": "admin"})
    assert await desk.roster.on_duty(_day(18)) == ("admin",)


async def test_a_week_is_carried_on_to_the_next(desk: Desk) -> None:
    admin, _ = await _admin(desk), await desk.enter("clerk", "lina")
    await desk.roster.set(FRIDAY, ["lina"], "admin")
    await desk.roster.set(_day(21), ["lina"], "admin")
    copied = await admin.post("/desk/roster", {"act": "copy", "week": "2026-11-16"})
    assert copied.to == "/desk/roster?week=2026-11-16&done=copied"
    assert await desk.roster.on_duty(_day(27)) == ("lina",)
    assert await desk.roster.on_duty(_day(28)) == ()
    again = await admin.post("/desk/roster", {"act": "copy", "week": "2026-11-16"})
    assert again.to == "/desk/roster?week=2026-11-16&done=nothing"
    assert "没有可照搬的" in (await admin.get(again.to)).words


async def test_open_days_with_nobody_are_warned_of(desk: Desk) -> None:
    admin = await _admin(desk)
    for day in (*range(20, 31), 1, 2, 3):
        await desk.roster.set(date(2026, 12 if day < 20 else 11, day), ["admin"], "admin")
    assert "还没有人值班" not in (await admin.get("/desk/roster")).words
    await desk.roster.set(_day(25), [], "admin")
    page = await admin.get("/desk/roster")
    assert "这些工作日还没有人值班：11-25 周三。" in page.words


async def test_who_left_meanwhile_is_told(desk: Desk) -> None:
    admin, _ = await _admin(desk), await desk.enter("clerk", "lina")
    form = _ticks((await admin.get("/desk/roster")).text)
    desk.sql("UPDATE staff SET active = 0 WHERE name = 'lina'")
    page = await admin.post("/desk/roster", {**form, "act": "save", f"on:{_day(23)}:lina": "yes"})
    assert page.status == 422
    assert "没有可以值班的人员 lina" in page.words
    assert await desk.roster.on_duty(_day(23)) == ()


@pytest.mark.parametrize("week", ["", "soon", "0001-01-01", "9999-12-31", "2026-11-19"])
async def test_an_address_with_any_week_opens(desk: Desk, week: str) -> None:
    admin = await _admin(desk)
    page = await admin.get(f"/desk/roster?week={week}")
    assert page.status == 200
    assert f'name="week" value="{MONDAY}"' in page.text


async def test_auditors_and_who_has_left_are_not_offered(desk: Desk) -> None:
    admin, _, _ = await _admin(desk), await desk.enter("auditor"), await desk.enter("clerk", "gone")
    desk.sql("UPDATE staff SET active = 0 WHERE name = 'gone'")
    assert set(re.findall(rf"on:{FRIDAY}:(\w+)", (await admin.get("/desk/roster")).text)) == {"admin"}


@pytest.mark.parametrize("role", ["clerk", "reviewer", "auditor"])
async def test_others_read(desk: Desk, role: str) -> None:
    admin, other = await _admin(desk), await desk.enter(role, "other", shown=HOSTILE)
    await desk.roster.set(FRIDAY, ["admin", "other"], "admin")
    page = await other.get("/desk/roster")
    assert "Admin、&lt;script&gt;" in page.text
    assert HOSTILE not in page.text
    assert "checkbox" not in page.text.split('id="main"')[1].split("<dialog")[0]
    assert HOSTILE not in (await admin.get("/desk/roster")).text
    assert (await other.post("/desk/roster", {"act": "save", "week": "2026-11-16", f"was:{FRIDAY}": ""})).status == 403


async def test_without_proof_nothing_is_changed(desk: Desk) -> None:
    admin = await _admin(desk)
    fields = {"act": "save", "week": "2026-11-16", f"was:{FRIDAY}": "", f"on:{FRIDAY}:admin": "yes"}
    assert (await admin.post("/desk/roster", fields, csrf=False)).status == 403
    assert (await desk.send("POST", "/desk/roster", fields=fields)).to == "/desk/login"
    assert await desk.roster.on_duty(FRIDAY) == ()


async def test_today_is_the_day_of_the_office(desk: Desk) -> None:
    desk.clock.turn_to(datetime(2026, 11, 23, 0, 30, tzinfo=ZONE))
    admin = await _admin(desk)
    assert 'name="week" value="2026-11-23"' in (await admin.get("/desk/roster")).text
