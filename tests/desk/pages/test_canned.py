"""The page of canned replies: who reads which, who writes, and what is refused."""

from __future__ import annotations

import pytest

from tests.desk.pages.desk import HOSTILE, TEAMS, Desk


async def test_who_talks_reads_their_own(desk: Desk) -> None:
    for team in ("", *TEAMS):
        await desk.canned.save(None, team, f"给{team or '所有人'}", HOSTILE, "rev")
    clerk = await desk.enter("clerk", teams=TEAMS[:1])
    page = await clerk.get("/desk/canned")
    assert f"给{TEAMS[0]}" in page.words
    assert "给所有人" in page.words
    assert f"给{TEAMS[1]}" not in page.words
    assert HOSTILE not in page.text
    assert "添加一条" not in page.words
    assert "修改" not in page.words


@pytest.mark.parametrize("role", ["reviewer", "administrator"])
async def test_who_writes_adds_changes_and_removes(desk: Desk, role: str) -> None:
    writer = await desk.enter(role)
    added = await writer.post("/desk/canned", {"title": "问候", "text": "您好。", "team": TEAMS[1]})
    assert (added.status, added.to) == (303, "/desk/canned?done=saved")
    page = await writer.get(added.to)
    assert {"已保存。", "问候", "您好。"} <= set(page.words.split())
    (one,) = await desk.canned.list()
    assert one.team == TEAMS[1]
    assert (await writer.post("/desk/canned", {"id": str(one.id), "title": "问候", "text": "您好！", "team": ""})).status == 303
    assert [(each.id, each.text, each.team) for each in await desk.canned.list()] == [(one.id, "您好！", "")]
    assert (await writer.post(f"/desk/canned/{one.id}/remove")).to == "/desk/canned?done=removed"
    assert await desk.canned.list() == []
    assert [note[1] for note in await desk.notes("canned_saved", "canned_removed")] == [f"staff:{role}"] * 3


@pytest.mark.parametrize(
    ("given", "field"), [({"title": ""}, "title"), ({"text": " "}, "text"), ({"text": "长" * 1001}, "text"), ({"team": "别处"}, "team")]
)
async def test_what_is_wrong_is_drawn_again_with_what_was_written(desk: Desk, given: dict[str, str], field: str) -> None:
    writer = await desk.enter("reviewer")
    await desk.canned.save(None, "", "原来的", "原来的话", "rev")
    (one,) = await desk.canned.list()
    written = {"title": "新标题", "text": HOSTILE, "team": "", **given}
    for id, at in (("", "new"), (str(one.id), str(one.id))):
        page = await writer.post("/desk/canned", {**written, "id": id})
        assert page.status == 422
        assert f'id="error-{field}-{at}"' in page.text
        assert f'value="{written["title"]}"' in page.text
        assert HOSTILE not in page.text
    assert [each.title for each in await desk.canned.list()] == ["原来的"]


async def test_a_team_that_is_in_the_settings_no_longer_stays_with_its_own(desk: Desk) -> None:
    writer = await desk.enter("reviewer")
    await desk.canned.save(None, "旧组", "问候", "您好", "rev")
    (one,) = await desk.canned.list()
    assert (await writer.post("/desk/canned", {"id": str(one.id), "title": "问候", "text": "您好！", "team": "旧组"})).status == 303


@pytest.mark.parametrize("id", ["7", "x", "٣", "9" * 12])
async def test_one_that_is_gone_is_told(desk: Desk, id: str) -> None:
    writer = await desk.enter("reviewer")
    for answer in (
        await writer.post(f"/desk/canned/{id}/remove"), await writer.post("/desk/canned", {"id": id, "title": "问候", "text": "您好"})
    ):  # fmt: skip
        assert answer.status == 404
        assert "没有这条常用语" in answer.words


@pytest.mark.parametrize("role", ["clerk", "auditor"])
async def test_others_write_nothing(desk: Desk, role: str) -> None:
    other = await desk.enter(role)
    await desk.canned.prepare()
    assert (await other.post("/desk/canned", {"title": "问候", "text": "您好"})).status == 403
    assert (await other.post("/desk/canned/1/remove")).status == 403
    assert len(await desk.canned.list()) == 8


async def test_without_proof_nothing_is_done(desk: Desk) -> None:
    writer = await desk.enter("reviewer")
    await desk.canned.prepare()
    assert (await writer.post("/desk/canned", {"title": "问候", "text": "您好"}, csrf=False)).status == 403
    assert (await writer.post("/desk/canned/1/remove", csrf=False)).status == 403
    assert len(await desk.canned.list()) == 8
