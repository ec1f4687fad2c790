"""Canned replies: what a store begins with, whose they are, and that every change is noted with its words."""

from __future__ import annotations

import pytest

from tests.desk.staffroom import StaffRoom
from zhixun.desk.canned import LONGEST, LONGEST_TITLE, Canned
from zhixun.desk.staff import FULL, Staff
from zhixun.errors import CitizenError


@pytest.fixture
def canned(room: StaffRoom) -> Canned:
    return Canned(room.database, room.clock, room.daybook)


def _staff(*teams: str) -> Staff:
    return Staff("lina", "李娜", "clerk", teams, "", "", FULL)


async def test_a_new_store_begins_with_some_and_never_again(canned: Canned) -> None:
    await canned.prepare()
    found = await canned.list()
    assert len(found) == 8
    assert {one.team for one in found} == {""}
    assert all(0 < len(one.title) <= LONGEST_TITLE and 0 < len(one.text) <= LONGEST for one in found)
    await canned.remove(found[0].id, "rev")
    await canned.prepare()
    assert len(await canned.list()) == 7


async def test_the_first_ones_state_no_facts(canned: Canned) -> None:
    await canned.prepare()
    for one in await canned.list():
        assert not any(sign.isdigit() for sign in one.text)
        assert not any(word in one.text for word in ("《", "条", "元", "个月", "工作日", "免费"))


async def test_people_have_those_of_their_teams_and_the_general_ones(canned: Canned) -> None:
    for team in ("", "信息服务", "综合窗口"):
        await canned.save(None, team, f"给{team}", "您好。", "rev")
    assert [one.team for one in await canned.of(_staff("综合窗口"))] == ["综合窗口", ""]
    assert [one.team for one in await canned.of(_staff())] == [""]
    assert [one.team for one in await canned.list()] == ["信息服务", "综合窗口", ""]


async def test_saving_and_removing_are_noted_with_the_words(room: StaffRoom, canned: Canned) -> None:
    await canned.save(None, "", "  问  候 ", " 您好。\n请讲。 ", "rev")
    (one,) = await canned.list()
    assert (one.title, one.text, one.changed_by, one.changed) == ("问 候", "您好。\n请讲。", "rev", "2026-11-20T02:00:00.000Z")
    await canned.save(one.id, "信息服务", "问候", "您好！", "admin")
    assert [(each.id, each.team, each.text, each.changed_by) for each in await canned.list()] == [(one.id, "信息服务", "您好！", "admin")]
    await canned.remove(one.id, "admin")
    assert await canned.list() == []
    assert room.daybook.notes == [
        ("canned_saved", "rev", {"id": one.id, "team": "", "title": "问 候", "text": "您好。\n请讲。"}),
        ("canned_saved", "admin", {"id": one.id, "team": "信息服务", "title": "问候", "text": "您好！"}),
        ("canned_removed", "admin", {"id": one.id, "team": "信息服务", "title": "问候"}),
    ]


@pytest.mark.parametrize(
    ("title", "text", "field"),
    [(" ", "您好", "title"), ("长" * 65, "您好", "title"), ("问\x07候", "您好", "title"), ("问候", " \n", "text"),
     ("问候", "长" * 1001, "text")],
)  # fmt: skip
async def test_what_is_empty_or_too_long_is_refused(room: StaffRoom, canned: Canned, title: str, text: str, field: str) -> None:
    with pytest.raises(CitizenError) as refused:
        await canned.save(None, "", title, text, "rev")
    assert refused.value.field == field
    assert await canned.list() == []
    assert room.daybook.notes == []


async def test_the_longest_are_kept(canned: Canned) -> None:
    await canned.save(None, "", "长" * 64, "长" * 1000, "rev")
    assert len(await canned.list()) == 1


async def test_one_that_is_gone_is_neither_changed_nor_removed(room: StaffRoom, canned: Canned) -> None:
    for act in (canned.save(7, "", "问候", "您好", "rev"), canned.remove(7, "rev")):
        with pytest.raises(CitizenError, match="没有这条常用语") as refused:
            await act
        assert refused.value.status == 404
    assert room.daybook.notes == []
