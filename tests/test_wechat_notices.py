"""Who can no longer be reached by an ordinary message is told by a notice how the call-back went, once; staff read what became of it."""

from __future__ import annotations

from datetime import timedelta

from tests.channels import wechat_town
from tests.channels.wechat_town import FAN, Town
from tests.doubles.wechat import NOTICE
from zhixun.desk.casework import Casework
from zhixun.wechat_notices import WeChatNotices

town = wechat_town.town  # the fixture


def _notices(town: Town) -> WeChatNotices:
    office = town.office
    fields = {"number": "character_string1", "result": "thing2", "time": "time3"}
    return WeChatNotices(
        office.database, office.journal, office.clock, town.door, template="tpl-1", fields=fields, office=office.site.office,
        address=town.hall.arrivals.address, seal=office.sealer.seal,
    )  # fmt: skip


async def _called_back(town: Town, result: str = "done") -> str:
    """Have a citizen ask for a call, and staff note how it went."""
    number = await town.number()
    office = town.office
    casework = Casework(office.database, office.journal, office.clock, seal=office.sealer.seal, wake=office.woken.append)
    await casework.plan(number, "wang", "callback", office.clock.today().isoformat(), "回电")
    (task,) = await casework.tasks(number)
    await casework.follow_up(number, int(task.id.rpartition("/")[2]), "wang", result, "说明了办法", office.clock.today().isoformat())
    return number


async def _kinds(town: Town, number: str) -> list[str]:
    return [entry.kind for entry in await town.office.entries(number) if entry.kind.startswith("notice_")]


async def test_after_two_days_the_result_is_told_by_a_notice_once(town: Town) -> None:
    notices = _notices(town)
    await town.pusher.say(FAN, "转人工")
    assert await notices.catch_up() == 0
    town.office.clock.turn_by(timedelta(hours=49))
    town.wechat.fans[FAN].subscribed.add("tpl-1")
    number = await _called_back(town)
    assert [await notices.catch_up() for _ in range(3)] == [1, 0, 0]
    assert town.wechat.calls[NOTICE] == 1
    assert await _kinds(town, number) == ["notice_sent"]


async def test_who_can_still_be_written_to_gets_no_notice(town: Town) -> None:
    notices = _notices(town)
    await town.pusher.say(FAN, "转人工")
    await notices.catch_up()
    await _called_back(town)
    assert await notices.catch_up() == 0
    assert town.wechat.calls[NOTICE] == 0


async def test_that_it_did_not_arrive_stands_in_the_consultation(town: Town) -> None:
    notices = _notices(town)
    await town.pusher.say(FAN, "转人工")
    await notices.catch_up()
    town.office.clock.turn_by(timedelta(hours=49))
    number = await _called_back(town)
    assert await notices.catch_up() == 1
    (lost,) = [entry for entry in await town.office.entries(number) if entry.kind == "notice_lost"]
    assert "没有订阅" in (lost.private or {})["why"]


async def test_of_a_closed_consultation_what_was_told_is_sealed_as_well(town: Town) -> None:
    notices = _notices(town)
    await town.pusher.say(FAN, "你好")
    await notices.catch_up()
    number = await town.number()
    await town.office.consultations.close(number)
    town.wechat.fans[FAN].subscribed.add("tpl-1")
    await _called_back(town, "open")
    assert await notices.catch_up() == 1
    files = sorted(path.name for path in (town.office.folder / "archive").rglob(f"{number}*.json"))
    assert len(files) > 1
    assert await _kinds(town, number) == ["notice_sent"]
