"""The calendar: months, holidays, what is due; and its feed, which holds nothing personal and ends when it is revoked."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest
import pytest_asyncio

from tests.desk.test_registers import NEED, PHONE
from tests.desk.whole import Whole, whole_desk
from tests.support import Office, real_knowledge
from zhixun.desk.calendar import Calendar, Happening, feed_of, weeks_of
from zhixun.messages import Event

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as joined:
        yield joined


@pytest.mark.parametrize("month", [date(2026, 2, 3), date(2026, 11, 30), date(2024, 12, 31), date(2027, 2, 1)])
def test_a_month_is_shown_in_whole_weeks(month: date) -> None:
    weeks = weeks_of(month)
    assert all(len(week) == 7 and week[0].weekday() == 0 for week in weeks)
    days = [day for week in weeks for day in week]
    assert next(day for day in days if (day.year, day.month) == (month.year, month.month)).day == 1
    assert sum(day.month == month.month for day in days) in (28, 29, 30, 31)
    assert days == [days[0] + timedelta(days=ahead) for ahead in range(len(days))]


async def test_what_goes_on_is_shown_though_it_began_before_and_kinds_are_chosen() -> None:
    async def source(first: date, last: date) -> list[Happening]:
        return [Happening("a", date(2026, 1, 30), "长的", "campaign", last=date(2026, 2, 2)),
                Happening("b", date(2026, 2, 1), "短的", "task"), Happening("c", date(2026, 3, 1), "以后", "task")]  # fmt: skip

    calendar = Calendar((source,))
    assert [one.id for one in await calendar.between(date(2026, 2, 1), date(2026, 2, 28))] == ["a", "b"]
    assert [one.id for one in await calendar.between(date(2026, 2, 1), date(2026, 2, 28), ["task"])] == ["b"]


def test_the_feed_is_what_other_programs_read() -> None:
    happenings = [
        Happening("x/1", date(2026, 4, 26), "很长的标题，" * 20, "campaign", "/desk/x", last=date(2026, 4, 27), note="一行；\n两行，\\"),
        Happening("x/2", date(2026, 5, 10), "第二件", "task"),
    ]  # fmt: skip
    data = feed_of("知询", happenings, NOW, "https://ip.example.cn")
    lines = data.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert all(line.decode("utf-8") is not None for line in lines)
    read = icalendar.Calendar.from_ical(data)
    first, second = read.walk("VEVENT")
    assert first["SUMMARY"] == f"宣传节点：{happenings[0].title}"
    assert first["DESCRIPTION"] == happenings[0].note
    assert (first["DTSTART"].dt, first["DTEND"].dt) == (date(2026, 4, 26), date(2026, 4, 28))
    assert first["URL"] == "https://ip.example.cn/desk/x"
    assert (second["DTEND"].dt - second["DTSTART"].dt).days == 1
    assert first["UID"] != second["UID"]
    later = icalendar.Calendar.from_ical(feed_of("知询", happenings[::-1], NOW + timedelta(days=3), "")).walk("VEVENT")
    assert {one["UID"] for one in later} == {first["UID"], second["UID"]}


async def test_the_page_shows_what_everybody_knows(whole: Whole) -> None:
    clerk = await whole.enter()
    april = (await clerk.get("/desk/calendar?month=2026-04")).words
    assert "世界知识产权日" in april
    assert "清明节" in april
    assert "中国品牌日" not in april
    may = (await clerk.get("/desk/calendar?month=2026-05&view=list")).words
    assert {"中国品牌日", "调休上班"} <= set(may.split())
    assert "商标法（2026年修订）》施行" in (await clerk.get("/desk/calendar?month=2027-01")).words
    assert "待核实" in may
    assert "专利周" in may
    for month in ("2026-13", "x", "9999-01", "0001-01"):
        assert "2026 年 11 月" in (await clerk.get(f"/desk/calendar?month={month}")).words


async def test_what_is_due_at_the_desk_is_on_it(whole: Whole) -> None:
    clerk = await whole.enter()
    number = await whole.queued("问一件事")
    await whole.office.add(number, Event("planned", "staff:clerk", {"kind": "other", "due": "2026-12-03", "owner": ""}, {"words": "问王芳"}))
    path = (await clerk.post("/desk/registers/needs", {**NEED, "f-answer_by": "2026-12-04"})).to.partition("?")[0]
    page = await clerk.get("/desk/calendar?month=2026-12")
    assert f"/desk/tasks?number={number}" in page.text
    assert path in page.text
    assert "需求清单：答复期限" in page.words
    only = await clerk.get("/desk/calendar?month=2026-12&kind=task")
    assert number in only.text
    assert path not in only.text


async def test_answers_that_end_or_grow_old_are_told(whole: Whole) -> None:
    clerk = await whole.enter()
    ending = [one for one in real_knowledge().questions.values() if any(answer.until == date(2026, 12, 31) for answer in one.answers)]
    assert ending
    assert re.search(r"\d+ 条答复到此失效", (await clerk.get("/desk/calendar?month=2026-12&view=list")).words)
    assert "要与来源再核对" in (await clerk.get("/desk/calendar?month=2027-11&view=list")).words


async def test_the_address_of_the_feed_is_a_secret_that_can_be_taken_back(whole: Whole) -> None:
    clerk = await whole.enter()
    await clerk.post("/desk/registers/needs", {**NEED, "f-answer_by": "2026-12-04"})
    page = await clerk.post("/desk/calendar/link")
    token = re.search(r"/desk/calendar/([A-Za-z0-9_-]{43})\.ics", page.text)
    assert token
    assert token[1] not in (await clerk.get("/desk/calendar")).text
    assert token[1].encode() not in whole.office.bytes_on_disk()
    feed = await whole.send("GET", f"/desk/calendar/{token[1]}.ics")
    assert feed.status == 200
    assert "需求清单：答复期限" in feed.text.replace("\r\n ", "")
    for words in (PHONE, "昆仑酒业", "想学商标申请"):
        assert words not in feed.text.replace("\r\n ", "")
    assert (await whole.send("GET", f"/desk/calendar/{token[1][:-1]}x.ics")).status == 404
    assert "最近使用 2026-11-20" in (await clerk.get("/desk/calendar")).words
    # Another one ends the one before, and none works when its owner has gone.
    other = re.search(r"/desk/calendar/([A-Za-z0-9_-]{43})\.ics", (await clerk.post("/desk/calendar/link")).text)
    assert other
    assert (await whole.send("GET", f"/desk/calendar/{token[1]}.ics")).status == 404
    assert (await whole.send("GET", f"/desk/calendar/{other[1]}.ics")).status == 200
    async with whole.office.database.write() as connection:
        await connection.exec_driver_sql("UPDATE staff SET active = 0 WHERE name = 'clerk'")
    assert (await whole.send("GET", f"/desk/calendar/{other[1]}.ics")).status == 404
    assert [note[0] for note in await whole.notes("calendar_link_made")] == ["calendar_link_made"] * 2


async def test_who_revokes_ends_it(whole: Whole) -> None:
    clerk = await whole.enter()
    token = re.search(r"/desk/calendar/([A-Za-z0-9_-]{43})\.ics", (await clerk.post("/desk/calendar/link")).text)
    assert token
    assert (await clerk.post("/desk/calendar/link/revoke")).status == 303
    assert (await clerk.post("/desk/calendar/link/revoke")).status == 303
    assert (await whole.send("GET", f"/desk/calendar/{token[1]}.ics")).status == 404
    assert len(await whole.notes("calendar_link_revoked")) == 1
