"""The group of staff is told who waits: merged, not too often, and never a word of a citizen's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.channels.telegram_hall import PUBLIC, Pauses, station_in
from tests.doubles.telegram import BOT, NO_CHAT, STAFF, Telegram, Trouble, flood, migrated
from tests.support import until
from zhixun.channels.telegram.access import Access
from zhixun.channels.telegram.line import Line
from zhixun.channels.telegram.notices import AGAIN_SECONDS, GAP_SECONDS, MOST_LINES, MOST_WAITING, StaffNotices

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

NUMBER = "ZX-20261121-000001"


@asynccontextmanager
async def _notices(double: Telegram, pauses: Pauses, public_url: str = PUBLIC) -> AsyncIterator[StaffNotices]:
    async with Line(Access(double.token, "s", double.url)) as line:
        notices = StaffNotices(line.bot, STAFF, public_url, pauses)
        task = asyncio.create_task(notices.run())
        try:
            yield notices
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def test_the_group_is_told_at_once_with_a_way_to_the_desk(double: Telegram) -> None:
    async with _notices(double, Pauses()) as notices:
        await notices.queued(NUMBER, "咨询人要求")
        await until(lambda: double.sent)
    assert double.sent == [
        (str(STAFF), f"待接待 {NUMBER}（咨询人要求）", [[{"text": "接待", "url": f"{PUBLIC}/desk/cases/{NUMBER}"}]])
    ]


async def test_what_comes_while_a_pause_is_kept_is_told_together(double: Telegram) -> None:
    pauses = Pauses()
    pauses.gate.clear()
    async with _notices(double, pauses) as notices:
        await notices.queued(NUMBER, "")
        await until(lambda: pauses.taken)
        await notices.queued("ZX-20261121-000002", "咨询人要求")
        await notices.queued("ZX-20261121-000003", "咨询人要求")
        await notices.overdue("ZX-20261121-000002", "咨询人要求", 12)
        pauses.gate.set()
        await until(lambda: len(double.sent) == 2)
    text = "待接待 ZX-20261121-000003（咨询人要求）\n超时未接待 ZX-20261121-000002，已等 12 分钟（咨询人要求）"
    assert double.sent[1][1] == text
    assert [row[0]["text"] for row in double.sent[1][2]] == ["接待 ZX-20261121-000003", "接待 ZX-20261121-000002"]
    assert pauses.taken[0] == GAP_SECONDS


async def test_a_rush_is_one_message_of_a_bounded_length(double: Telegram) -> None:
    async with _notices(double, Pauses()) as notices:
        for place in range(MOST_WAITING + 100):
            await notices.queued(f"ZX-20261121-{place:06}", "咨询人要求")
        await until(lambda: double.sent)
    ((_, text, rows),) = double.sent
    assert len(text.splitlines()) == MOST_LINES + 1
    assert text.endswith(f"另有 {MOST_WAITING - MOST_LINES} 件，请到工作台查看。")
    assert rows[-1] == [{"text": "打开工作台", "url": f"{PUBLIC}/desk"}]
    assert len(rows) == MOST_LINES + 1


@pytest.mark.parametrize("public_url", ["", "http://10.0.0.5:8080"])
async def test_without_a_public_address_there_is_no_button(double: Telegram, public_url: str) -> None:
    async with _notices(double, Pauses(), public_url) as notices:
        await notices.queued(NUMBER, "咨询人要求")
        await until(lambda: double.sent)
    assert double.sent == [(str(STAFF), f"待接待 {NUMBER}（咨询人要求）", [])]


async def test_a_reason_is_short_and_on_one_line(double: Telegram) -> None:
    async with _notices(double, Pauses()) as notices:
        await notices.queued(NUMBER, "很长的\n原因" * 20)
        await until(lambda: double.sent)
    assert len(double.sent[0][1]) < 70
    assert "\n" not in double.sent[0][1]


async def test_what_telegram_puts_off_is_told_later_with_what_came_since(double: Telegram) -> None:
    pauses = Pauses()
    pauses.gate.clear()
    double.trouble("sendMessage", flood(33))
    async with _notices(double, pauses) as notices:
        await notices.queued(NUMBER, "")
        await until(lambda: pauses.taken)
        await notices.queued("ZX-20261121-000002", "")
        pauses.gate.set()
        await until(lambda: double.sent)
    assert pauses.taken[0] == 33
    assert double.sent[0][1] == f"待接待 {NUMBER}\n待接待 ZX-20261121-000002"


async def test_a_line_that_breaks_is_tried_again_only_where_nothing_was_sent(
    double: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    pauses = Pauses()
    double.trouble("sendMessage", Trouble(401, "Unauthorized"), Trouble(breaks="after"), NO_CHAT)
    async with _notices(double, pauses) as notices:
        await notices.queued(NUMBER, "")
        await until(lambda: len(pauses.taken) == 2)
        assert pauses.taken[0] == AGAIN_SECONDS
        assert len(double.sent) == 1
        await notices.queued("ZX-20261121-000002", "")
        await until(lambda: len(pauses.taken) == 3)
        await notices.queued("ZX-20261121-000003", "")
        await until(lambda: len(double.sent) == 2)
    assert [text for _, text, _ in double.sent] == [f"待接待 {NUMBER}", "待接待 ZX-20261121-000003"]
    assert "没有这个对话" in caplog.text


async def test_a_group_that_got_another_number_is_found_there(double: Telegram, caplog: pytest.LogCaptureFixture) -> None:
    double.trouble("sendMessage", migrated(-1009999999999))
    async with _notices(double, Pauses()) as notices:
        await notices.queued(NUMBER, "")
        await until(lambda: double.sent)
    assert double.sent[0][0] == "-1009999999999"
    assert "-1009999999999" in caplog.text


async def test_the_door_tells_the_group_while_it_runs_and_hears_nothing_there(tmp_path: Path) -> None:
    async with station_in(tmp_path, staff_chat=STAFF) as station:
        assert station.door.notices is not None
        await station.hears(station.double.says("我的配方是十三香 转人工"))
        await station.door.notices.queued(await station.number(), "咨询人要求")
        await until(lambda: any(chat == str(STAFF) for chat, *_ in station.double.sent))
        before = station.hall.office.sql("SELECT count(*) FROM journal")
        group = {"id": STAFF, "type": "supergroup", "title": "接待组"}
        await station.hears(station.double.update(message=station.double.message(text="/start", chat=group)))
        assert station.hall.office.sql("SELECT count(*) FROM journal") == before
        assert not any("配方" in text for chat, text, _ in station.double.sent if chat == str(STAFF))
        assert BOT not in station.double.sent[-1][1]
