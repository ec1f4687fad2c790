"""Accounts: the list, making one, changing it, and what nobody may do to their own."""

from __future__ import annotations

import re

import pytest

from tests.desk.pages.desk import HOSTILE, TEAMS, Answer, Desk, Person
from zhixun.desk.staff import FULL

CHANGE = {"act": "change", "role": "clerk", "shown": "李娜", "active": "yes"}


def _password(page: Answer) -> str:
    found = re.search(r'data-copy="([^"]+)" title="复制密码"', page.text)
    assert found is not None
    return found[1]


async def _admin(desk: Desk) -> Person:
    return await desk.enter("administrator", "admin")


async def test_the_list_shows_who_there_is(desk: Desk) -> None:
    admin = await _admin(desk)
    await desk.enter("clerk", "lina", shown=HOSTILE, teams=TEAMS[:1])
    desk.sql("UPDATE staff SET totp_step = 1 WHERE name = 'admin'")
    desk.sql("UPDATE staff SET locked_until = '2026-11-20T09:00:00.000Z' WHERE name = 'lina'")
    page = await admin.get("/desk/team")
    assert HOSTILE not in page.text
    assert "&lt;script&gt;" in page.text
    assert {"坐席", "管理", "已启用", "综合窗口"} <= set(page.words.split())
    assert "锁定到 2026-11-20 17:00" in page.words
    assert page.words.count("2026-11-20 10:00") == 2
    desk.sql("UPDATE staff SET active = 0 WHERE name = 'lina'")
    assert "已停用" in (await admin.get("/desk/team")).words


async def test_a_new_account_s_password_is_shown_once_and_opens_it(desk: Desk) -> None:
    admin = await _admin(desk)
    given = {"name": " Lina ", "shown": "李娜", "role": "reviewer", f"team:{TEAMS[0]}": "yes", f"team:{TEAMS[1]}": "yes"}
    page = await admin.post("/desk/team", given)
    assert page.status == 200
    assert page.headers["Cache-Control"] == "no-store"
    account = await desk.accounts.check_password("lina", _password(page))
    assert (account.shown, account.role, account.teams, account.one_time) == ("李娜", "reviewer", TEAMS, True)
    later = await admin.get("/desk/team/lina")
    assert "只显示这一次" not in later.words
    assert await desk.notes("account_made") == [
        ("account_made", "staff:admin", {"name": "lina", "role": "reviewer", "teams": list(TEAMS)}, {"shown": "李娜"})
    ]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": "李娜"}, "name"), ({"name": "system"}, "name"), ({"role": "boss"}, "role"), ({"shown": "长" * 33}, "shown"),
     ({f"team:{'长' * 33}": "yes"}, "teams")],
)  # fmt: skip
async def test_an_account_that_is_wrong_is_drawn_again_with_what_was_written(desk: Desk, given: dict[str, str], field: str) -> None:
    admin = await _admin(desk)
    page = await admin.post("/desk/team", {"name": "lina", "shown": "李娜", "role": "clerk", f"team:{TEAMS[1]}": "yes", **given})
    assert page.status == 422
    assert f'id="{field}"' in page.text
    assert 'class="wrong"' in page.text
    assert f'name="team:{TEAMS[1]}" value="yes" checked' in page.text
    assert desk.sql("SELECT name FROM staff") == [("admin",)]


async def test_a_name_that_is_taken_is_told(desk: Desk) -> None:
    admin = await _admin(desk)
    page = await admin.post("/desk/team", {"name": "admin", "shown": "又一个", "role": "clerk"})
    assert page.status == 409
    assert "用户 admin 已经存在" in page.words
    assert 'value="又一个"' in page.text


async def test_an_account_is_changed(desk: Desk) -> None:
    admin, lina = await _admin(desk), await desk.enter("clerk", "lina", teams=("旧组",))
    page = await admin.get("/desk/team/lina")
    assert "站点设置里没有这个组" in page.words
    saved = await admin.post("/desk/team/lina", {**CHANGE, "role": "reviewer", f"team:{TEAMS[0]}": "yes"})
    assert (saved.status, saved.to) == (303, "/desk/team/lina?done=saved")
    account = await desk.accounts.find("lina")
    assert (account.shown, account.role, account.teams, account.active) == ("李娜", "reviewer", TEAMS[:1], True)
    assert (await lina.get("/desk/tasks")).to == "/desk/login"


async def test_who_leaves_is_locked_out_at_once(desk: Desk) -> None:
    admin, lina = await _admin(desk), await desk.enter("clerk", "lina")
    await admin.post("/desk/team/lina", {name: value for name, value in CHANGE.items() if name != "active"})
    assert not (await desk.accounts.find("lina")).active
    assert (await lina.get("/desk/tasks")).to == "/desk/login"


async def test_a_change_that_is_wrong_is_drawn_again(desk: Desk) -> None:
    admin, _ = await _admin(desk), await desk.enter("clerk", "lina")
    page = await admin.post("/desk/team/lina", {**CHANGE, "shown": "长" * 33, f"team:{TEAMS[0]}": "yes"})
    assert page.status == 422
    assert f'value="{"长" * 33}"' in page.text
    assert f'name="team:{TEAMS[0]}" value="yes" checked' in page.text
    assert (await desk.accounts.find("lina")).shown == "Lina"


async def test_a_password_is_given_anew(desk: Desk) -> None:
    admin, lina = await _admin(desk), await desk.enter("clerk", "lina")
    page = await admin.post("/desk/team/lina", {"act": "reset"})
    assert page.status == 200
    assert (await desk.accounts.check_password("lina", _password(page))).one_time
    assert (await lina.get("/desk/tasks")).to == "/desk/login"


async def test_a_lost_telephone_is_taken_off(desk: Desk) -> None:
    admin, _ = await _admin(desk), await desk.enter("clerk", "lina")
    desk.sql("UPDATE staff SET totp = 'x', totp_step = 1 WHERE name = 'lina'")
    assert (await admin.post("/desk/team/lina", {"act": "factor"})).to == "/desk/team/lina?done=saved"
    assert not (await desk.accounts.find("lina")).second_factor
    again = await admin.post("/desk/team/lina", {"act": "factor"})
    assert again.status == 409
    assert "没有开启" in again.words


async def test_sessions_are_ended_and_the_own_one_stays(desk: Desk) -> None:
    admin, lina = await _admin(desk), await desk.enter("clerk", "lina")
    assert (await admin.post("/desk/team/lina", {"act": "sessions"})).to == "/desk/team/lina?done=revoked"
    assert (await lina.get("/desk/tasks")).to == "/desk/login"
    await desk.sessions.open("admin", FULL, "", "")
    assert (await admin.post("/desk/team/admin", {"act": "sessions"})).status == 303
    assert len(await desk.sessions.list("admin")) == 1
    assert (await admin.get("/desk/team")).status == 200
    noted = [(actor, told) for _, actor, told, _ in await desk.notes("sessions_revoked")]
    assert noted == [("staff:admin", {"name": "lina"}), ("staff:admin", {"name": "admin"})]


async def test_nobody_locks_themselves_out(desk: Desk) -> None:
    admin, _ = await _admin(desk), await desk.enter("administrator", "second")
    for fields in ({**CHANGE, "role": "clerk"}, {"act": "change", "role": "administrator", "shown": "我"}, {"act": "reset"}):
        page = await admin.post("/desk/team/admin", fields)
        assert page.status == 409
        assert "请另一位管理员来做" in page.words
    assert (await desk.accounts.find("admin")).active
    assert (await admin.post("/desk/team/admin", {**CHANGE, "role": "administrator"})).status == 303
    assert "重发一次性密码" not in (await admin.get("/desk/team/admin")).words


async def test_what_is_not_there_is_told(desk: Desk) -> None:
    admin = await _admin(desk)
    assert (await admin.get("/desk/team/nobody")).status == 404
    for act in ("change", "reset", "factor", "sessions"):
        assert (await admin.post("/desk/team/nobody", {**CHANGE, "act": act})).status == 404
    assert (await admin.post("/desk/team/admin", {"act": "fly"})).status == 400


async def test_an_auditor_sees_the_list_only(desk: Desk) -> None:
    auditor = await desk.enter("auditor")
    page = await auditor.get("/desk/team")
    assert page.status == 200
    assert "添加账号" not in page.words
    assert '"/desk/team/auditor"' not in page.text
    assert (await auditor.get("/desk/team/auditor")).status == 403
    assert (await auditor.post("/desk/team", {"name": "x"})).status == 403
    assert (await auditor.post("/desk/team/auditor", CHANGE)).status == 403


@pytest.mark.parametrize("role", ["clerk", "reviewer"])
async def test_others_see_nothing(desk: Desk, role: str) -> None:
    other = await desk.enter(role)
    for answer in (await other.get("/desk/team"), await other.get(f"/desk/team/{role}"), await other.post(f"/desk/team/{role}", CHANGE)):
        assert answer.status == 403


async def test_without_proof_nothing_is_done(desk: Desk) -> None:
    admin, _ = await _admin(desk), await desk.enter("clerk", "lina")
    assert (await admin.post("/desk/team", {"name": "x1", "role": "clerk"}, csrf=False)).status == 403
    for act in ("change", "reset", "factor", "sessions"):
        assert (await admin.post("/desk/team/lina", {**CHANGE, "act": act}, csrf=False)).status == 403
    assert desk.sql("SELECT name, shown FROM staff ORDER BY name") == [("admin", "Admin"), ("lina", "Lina")]
