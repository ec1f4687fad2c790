"""The way to a citizen on another platform, as staff see it before they type and after they have spoken."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio

from tests.channels.hall import DAYS_2, Hall, hall_in
from tests.desk.whole import Staff, Whole, whole_desk
from zhixun.channels.outbox import Undelivered
from zhixun.doors import FAILED, UNSURE


@pytest_asyncio.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall_in(tmp_path) as joined:
        yield joined


@pytest_asyncio.fixture
async def whole(hall: Hall) -> AsyncIterator[Whole]:
    async with whole_desk(hall.office) as opened:
        yield opened


async def _in_hands(hall: Hall, whole: Whole, **more: object) -> tuple[Staff, str]:
    wang = await whole.enter("clerk", "wang")
    number = await hall.say("转人工", **more)
    assert (await wang.post(f"/desk/cases/{number}/claim")).status == 303
    await hall.settle()
    return wang, number


async def _says(hall: Hall, wang: Staff, number: str, text: str) -> None:
    page = (await wang.get(f"/desk/cases/{number}")).text
    fence = page.partition('name="fence" value="')[2].partition('"')[0]
    assert (await wang.post(f"/desk/cases/{number}/say", {"text": text, "fence": fence, "once": text})).status == 303
    await hall.settle()


async def test_how_many_messages_still_get_through_stands_beside_the_field(hall: Hall, whole: Whole) -> None:
    wang, number = await _in_hands(hall, whole, allows=(5, DAYS_2))
    assert "微信公众号还能送达 3 条（到 11月22日 10:00" in (await wang.get(f"/desk/cases/{number}")).words
    await _says(hall, wang, number, "您好")
    log = await wang.get(f"/desk/cases/{number}/log?after=0")
    assert "还能送达 2 条" in log.words
    assert 'hx-swap-oob="true"' in log.text


async def test_that_nothing_gets_through_is_said_before_anybody_types_with_what_to_do(hall: Hall, whole: Whole) -> None:
    wang, number = await _in_hands(hall, whole, allows=(5, DAYS_2))
    hall.office.clock.turn_by(timedelta(hours=49))
    wang = await whole.enter_again("wang")
    page = (await wang.get(f"/desk/cases/{number}")).words
    assert "现在送不到" in page
    assert "安排回访" in page
    await _says(hall, wang, number, "您的材料齐了")
    assert "未送达：对方再发消息时补送" in (await wang.get(f"/desk/cases/{number}")).words
    await hall.say("13897123456", "2", allows=(5, DAYS_2))
    assert "未送达" not in (await wang.get(f"/desk/cases/{number}")).words
    hall.office.clock.turn_by(timedelta(hours=49))
    wang = await whole.enter_again("wang")
    assert "急的请打电话" in (await wang.get(f"/desk/cases/{number}")).words


async def test_what_did_not_arrive_is_marked_with_the_reason(hall: Hall, whole: Whole) -> None:
    wang, number = await _in_hands(hall, whole)
    hall.platform.refusals = [Undelivered("对方已取消关注", FAILED), Undelivered("送出时超时", UNSURE)]
    await _says(hall, wang, number, "第一句")
    await _says(hall, wang, number, "第二句")
    await _says(hall, wang, number, "第三句")
    page = (await wang.get(f"/desk/cases/{number}")).words
    assert "没有送达（对方已取消关注）" in page
    assert "可能没有送达（送出时超时）" in page
    assert "已送达" in page


async def test_an_open_page_is_told_what_became_of_the_words_on_it(hall: Hall, whole: Whole) -> None:
    wang, number = await _in_hands(hall, whole)
    hall.platform.refusals = [Undelivered("对方已取消关注", FAILED)]
    await _says(hall, wang, number, "第一句")
    await _says(hall, wang, number, "第二句")
    seqs = [entry.seq for entry in await hall.office.entries(number) if entry.actor == "staff:wang" and entry.kind == "said"]
    part = (await wang.get(f"/desk/cases/{number}/log?after={seqs[-1]}")).text
    anew = dict(re.findall(r'<p class="marks" id="marks-(\d+)" hx-swap-oob="true">(.*?)</p>', part, re.DOTALL))
    assert set(anew) == set(map(str, seqs))
    assert "没有送达（对方已取消关注）" in anew[str(seqs[0])]
    assert "已送达" in anew[str(seqs[1])]
    page = (await wang.get(f"/desk/cases/{number}")).text
    assert [page.count(f'id="marks-{seq}"') for seq in seqs] == [1, 1]
    assert "hx-swap-oob" not in page.partition('id="marks-')[2].partition("</p>")[0]


async def test_where_nothing_is_counted_nothing_is_said(hall: Hall, whole: Whole) -> None:
    wang, number = await _in_hands(hall, whole)
    assert "还能送达" not in (await wang.get(f"/desk/cases/{number}")).words
