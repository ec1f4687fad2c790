"""Staff accounts: made, changed, proved by a password and never told apart by who is outside; every act is noted."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from argon2 import PasswordHasher, extract_parameters

from tests.desk.staffroom import STEP, StaffRoom, code_at
from zhixun.desk.passwords import is_old
from zhixun.desk.staff import ENROL, FULL, PASSWORD, RENEW, ROLES, Account
from zhixun.errors import CitizenError

OWN = "高原上的风吹过湟水河"


@pytest.fixture
async def lina(room: StaffRoom) -> str:
    """Make an account; gives its one-time password."""
    return await room.accounts.add("lina", "clerk", by="admin")


async def _refused(room: StaffRoom, name: str, password: str) -> CitizenError:
    with pytest.raises(CitizenError) as refused:
        await room.accounts.check_password(name, password)
    assert refused.value.status == 401
    return refused.value


# Making and changing.


async def test_the_first_start_makes_an_administrator_once(room: StaffRoom) -> None:
    password = await room.accounts.first()
    assert await room.accounts.check_password("admin", password) == Account(
        "admin", "admin", "administrator", (), one_time=True, active=True, second_factor=False, locked_until="",
        made="2026-11-20T02:00:00.000Z",
    )  # fmt: skip
    assert await room.accounts.first() is None
    assert len(await room.accounts.list()) == 1
    assert room.daybook.notes[0] == ("account_made", "", {"name": "admin", "role": "administrator", "teams": []})


async def test_whoever_is_there_already_no_administrator_is_added(room: StaffRoom, lina: str) -> None:
    assert await room.accounts.first() is None


@pytest.mark.parametrize("role", ROLES)
async def test_an_account_can_be_made_in_every_role(room: StaffRoom, role: str) -> None:
    password = await room.accounts.add("lina", role, by="admin", shown=" 李 老师 ", teams=["patent", "patent", "mediation"])
    assert re.fullmatch(r"(?:[a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", password)
    account = await room.accounts.find("lina")
    assert (account.role, account.shown, account.teams, account.one_time) == (role, "李 老师", ("patent", "mediation"), True)
    assert room.daybook.notes == [("account_made", "admin", {"name": "lina", "role": role, "teams": ["patent", "patent", "mediation"]})]
    assert room.daybook.private == [{"shown": "李 老师"}]


@pytest.mark.parametrize("name", ["", "a", "A", "1lina", "li na", "丽娜", "l" * 33, "lina\n", "../x", "-lina"])
async def test_a_malformed_name_is_refused(room: StaffRoom, name: str) -> None:
    with pytest.raises(CitizenError, match="小写字母") as refused:
        await room.accounts.add(name, "clerk", by="admin")
    assert refused.value.field == "name"
    assert await room.accounts.list() == []


@pytest.mark.parametrize("name", ["citizen", "bot", "system", "zhixun", "engine", "unknown", "staff"])
async def test_nobody_is_called_like_those_who_are_no_staff(room: StaffRoom, name: str) -> None:
    with pytest.raises(CitizenError, match="保留") as refused:
        await room.accounts.add(name, "clerk", by="admin")
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"role": "boss"}, "role"), ({"role": ""}, "role"), ({"shown": "李" * 33}, "shown"), ({"shown": "李\x00娜"}, "shown"),
        ({"teams": ["a,b"]}, "teams"), ({"teams": [""]}, "teams"), ({"teams": ["x" * 33]}, "teams"),
        ({"teams": [f"t{n}" for n in range(21)]}, "teams"),
    ],
)  # fmt: skip
async def test_malformed_values_are_refused_in_a_new_account_and_in_an_old_one(
    room: StaffRoom, lina: str, wrong: dict[str, object], field: str
) -> None:
    before = await room.accounts.list()
    for work in (room.accounts.add("wang", by="admin", **{"role": "clerk", **wrong}), room.accounts.change("lina", by="admin", **wrong)):
        with pytest.raises(CitizenError) as refused:
            await work
        assert refused.value.field == field
    assert await room.accounts.list() == before
    assert room.daybook.kinds == ["account_made"]


async def test_a_name_is_given_once(room: StaffRoom, lina: str) -> None:
    with pytest.raises(CitizenError, match="已经存在") as refused:
        await room.accounts.add("lina", "administrator", by="admin")
    assert refused.value.status == 409
    assert (await room.accounts.check_password("lina", lina)).role == "clerk"


async def test_accounts_are_listed_by_name(room: StaffRoom) -> None:
    for name in ("wang", "lina", "zhao"):
        await room.accounts.add(name, "clerk", by="admin")
    assert [account.name for account in await room.accounts.list()] == ["lina", "wang", "zhao"]


async def test_a_change_is_noted_as_it_was_and_is(room: StaffRoom, lina: str) -> None:
    room.daybook.private.clear()
    account = await room.accounts.change("lina", by="zhao", role="reviewer", shown="李娜", teams=["patent"], active=False)
    assert (account.role, account.shown, account.teams, account.active) == ("reviewer", "李娜", ("patent",), False)
    assert account == await room.accounts.find("lina")
    changed = {"role": ["clerk", "reviewer"], "teams": ["", "patent"], "active": [True, False]}
    assert room.daybook.notes[-1] == ("account_changed", "zhao", {"name": "lina", "changed": changed})
    assert room.daybook.private == [{"shown": ["", "李娜"]}]


async def test_what_stays_as_it_is_is_no_change(room: StaffRoom, lina: str) -> None:
    token, _ = await room.sessions.open("lina", FULL, "", "")
    await room.accounts.change("lina", by="admin", role="clerk", active=True, teams=())
    assert room.daybook.kinds == ["account_made"]
    assert await room.sessions.find(token) is not None


async def test_an_active_administrator_always_remains(room: StaffRoom) -> None:
    await room.accounts.first()
    await room.accounts.add("zhao", "administrator", by="admin")
    await room.accounts.change("zhao", by="admin", active=False)
    for change in ({"role": "clerk"}, {"active": False}):
        with pytest.raises(CitizenError, match="至少要留一名") as refused:
            await room.accounts.change("admin", by="admin", **change)
        assert refused.value.status == 409
    # One out of use may be changed, and so may the other once there are two.
    await room.accounts.change("zhao", by="admin", role="clerk")
    await room.accounts.change("zhao", by="admin", role="administrator", active=True)
    await room.accounts.change("admin", by="zhao", role="clerk")
    assert (await room.accounts.find("admin")).role == "clerk"


async def test_a_store_whose_administrators_are_all_out_of_use_can_be_mended(room: StaffRoom) -> None:
    await room.accounts.first()
    room.sql("UPDATE staff SET active = 0")
    assert (await room.accounts.change("admin", by="", active=True)).active


async def test_who_is_not_there_is_not_changed(room: StaffRoom) -> None:
    work = (room.accounts.change("nobody", by="admin", role="clerk"), room.accounts.reset("nobody", by="admin"), room.accounts.find("nobody"))
    for each in work:
        with pytest.raises(CitizenError, match="没有用户") as refused:
            await each
        assert refused.value.status == 404
    assert room.daybook.notes == []


async def test_a_reset_makes_old_password_and_sessions_worthless_and_unlocks(room: StaffRoom, lina: str) -> None:
    await room.enrol("lina")
    token, _ = await room.sessions.open("lina", FULL, "", "")
    for _ in range(5):
        await _refused(room, "lina", "wrong")
    await _refused(room, "lina", lina)
    new = await room.accounts.reset("lina", by="zhao")
    assert room.daybook.notes[-1] == ("password_changed", "zhao", {"name": "lina", "reset": True})
    await _refused(room, "lina", lina)
    account = await room.accounts.check_password("lina", new)
    assert account.one_time
    # Whoever talks an administrator into a reset has the second factor still before them.
    assert account.second_factor
    assert await room.sessions.find(token) is None


# Signing in.


async def test_only_the_right_password_opens(room: StaffRoom, lina: str) -> None:
    for name, password in (("lina", ""), ("lina", lina.upper()), ("lina", f"{lina} 密码"), ("nobody", lina), ("", ""), ("\ud800", "x")):
        await _refused(room, name, password)
    assert (await room.accounts.check_password(" Lina ", lina)).name == "lina"
    assert room.daybook.notes[-1] == ("signed_in", "lina", {"factor": "none"})


async def test_a_password_stands_nowhere(room: StaffRoom, lina: str) -> None:
    await room.accounts.set_password("lina", lina, OWN)
    await _refused(room, "lina", "typed-by-mistake")
    await _refused(room, "typed-as-a-name", "x")
    on_disk = room.bytes_on_disk()
    assert b"lina" in on_disk
    for secret in (lina, OWN, "typed-by-mistake"):
        assert secret.encode() not in on_disk
        assert secret not in repr(room.daybook)
    assert "typed-as-a-name" not in repr(room.daybook)


async def test_all_that_can_be_wrong_sounds_the_same(room: StaffRoom, lina: str) -> None:
    await room.accounts.add("gone", "clerk", by="admin")
    gone = await room.accounts.reset("gone", by="admin")
    await room.accounts.change("gone", by="admin", active=False)
    refused = [await _refused(room, name, password) for name, password in (("nobody", "x"), ("lina", "x"), ("gone", gone))]
    refused += [await _refused(room, "lina", "x") for _ in range(4)]
    assert room.daybook.kinds[-1] == "locked"
    refused.append(await _refused(room, "lina", lina))
    assert len({(each.message, each.code, each.status, each.field) for each in refused}) == 1
    assert "锁定" in refused[0].message


async def test_a_name_that_is_not_there_takes_the_same_work(room: StaffRoom, lina: str, monkeypatch: pytest.MonkeyPatch) -> None:
    verify, costs = PasswordHasher.verify, []

    def counted(hasher: PasswordHasher, kept: str, password: bytes) -> bool:
        costs.append(extract_parameters(kept))
        return verify(hasher, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for name in ("lina", "nobody"):
        await _refused(room, name, "wrong")
    assert len(costs) == 2
    assert costs[0] == costs[1]


async def test_five_wrong_passwords_lock_even_for_the_right_one(room: StaffRoom, lina: str) -> None:
    room.daybook.notes.clear()
    for _ in range(5):
        await _refused(room, "lina", "wrong")
    assert room.daybook.notes == [
        *[("sign_in_failed", "", {"name": "lina", "step": "password"})] * 5,
        ("locked", "", {"name": "lina", "until": "2026-11-20T02:15:00.000Z"}),
    ]
    await _refused(room, "lina", lina)
    room.clock.turn_by(30 * STEP)
    assert (await room.accounts.check_password("lina", lina)).locked_until == ""
    for _ in range(4):
        await _refused(room, "lina", "wrong")
    assert (await room.accounts.check_password("lina", lina)).name == "lina"


async def test_wrong_passwords_lock_the_place_alone_where_they_come_from(room: StaffRoom, lina: str) -> None:
    for _ in range(5):
        with pytest.raises(CitizenError):
            await room.accounts.check_password("lina", "wrong", "2001:db8:1:2::7")
    with pytest.raises(CitizenError):
        await room.accounts.check_password("lina", lina, "2001:db8:1:2:ffff::8")
    with pytest.raises(CitizenError, match="现在的密码不对"):
        await room.accounts.set_password("lina", lina, OWN, address="2001:db8:1:2::9")
    assert (await room.accounts.check_password("lina", lina, "2001:db8:1:3::7")).locked_until == ""


async def test_a_name_that_is_not_there_is_noted_as_unknown(room: StaffRoom, lina: str) -> None:
    await _refused(room, "my-secret-password", "x")
    assert room.daybook.notes[-1] == ("sign_in_failed", "", {"name": "unknown", "step": "password"})


async def test_who_is_out_of_use_does_not_sign_in(room: StaffRoom, lina: str) -> None:
    await room.accounts.change("lina", by="admin", active=False)
    await _refused(room, "lina", lina)
    await room.accounts.change("lina", by="admin", active=True)
    assert await room.accounts.check_password("lina", lina)


async def test_a_password_changed_while_it_is_checked_opens_nothing(
    room: StaffRoom, lina: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = PasswordHasher.verify

    def slow(hasher: PasswordHasher, kept: str, password: bytes) -> bool:
        right = verify(hasher, kept, password)
        room.sql("UPDATE staff SET password = ? WHERE name = 'lina'", hasher.hash(OWN))
        return right

    monkeypatch.setattr(PasswordHasher, "verify", slow)
    await _refused(room, "lina", lina)


async def test_a_hash_of_the_first_release_is_made_anew_by_the_right_password_alone(room: StaffRoom, lina: str) -> None:
    salt = bytes(16)
    drawn = hashlib.scrypt(lina.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=64 * 1024 * 1024)
    old = f"{base64.b64encode(salt).decode()}${base64.b64encode(drawn).decode()}"
    room.sql("UPDATE staff SET password = ?", old)
    token, _ = await room.sessions.open("lina", FULL, "", "")
    await _refused(room, "lina", "wrong")
    assert room.sql("SELECT password FROM staff") == [(old,)]
    assert (await room.accounts.check_password("lina", lina)).one_time
    ((kept,),) = room.sql("SELECT password FROM staff")
    assert not is_old(kept)
    assert await room.sessions.find(token) is not None
    assert await room.accounts.check_password("lina", lina)
    assert room.sql("SELECT password FROM staff") == [(kept,)]


# The way from the password to the desk.


async def test_a_one_time_password_must_be_replaced_first(room: StaffRoom, lina: str) -> None:
    account = await room.accounts.check_password("lina", lina)
    assert room.accounts.first_stage(account) == RENEW
    account = await room.accounts.set_password("lina", lina, OWN)
    assert room.accounts.next_stage(account) == FULL
    assert room.accounts.first_stage(await room.accounts.check_password("lina", OWN)) == FULL


async def test_some_roles_must_have_a_second_factor(room: StaffRoom) -> None:
    password = await room.accounts.first()
    account = await room.accounts.set_password("admin", password, OWN)
    assert room.accounts.next_stage(account) == ENROL
    secret, _ = await room.enrol("admin")
    assert room.accounts.next_stage(await room.accounts.find("admin")) == FULL
    room.daybook.notes.clear()
    account = await room.accounts.check_password("admin", OWN)
    assert room.accounts.first_stage(account) == PASSWORD
    assert room.daybook.notes == []
    room.clock.turn_by(STEP)
    account = await room.factor.check("admin", code_at(secret, room.clock.now()))
    assert room.accounts.next_stage(account) == FULL
    assert room.daybook.notes == [("signed_in", "admin", {"factor": "code"})]


async def test_the_code_is_asked_before_a_new_password(room: StaffRoom, lina: str) -> None:
    secret, _ = await room.enrol("lina")
    account = await room.accounts.check_password("lina", lina)
    assert room.accounts.first_stage(account) == PASSWORD
    room.clock.turn_by(STEP)
    account = await room.factor.check("lina", code_at(secret, room.clock.now()))
    assert room.accounts.next_stage(account) == RENEW


# The own password.


async def test_a_chosen_password_takes_the_place_of_the_old_one_and_ends_sessions_elsewhere(room: StaffRoom, lina: str) -> None:
    (here, _), (there, _) = [await room.sessions.open("lina", FULL, "", "") for _ in range(2)]
    account = await room.accounts.set_password("lina", lina, OWN, keep=(await room.sessions.find(here)).session)
    assert not account.one_time
    assert room.daybook.notes[-1] == ("password_changed", "lina", {"name": "lina", "reset": False})
    assert await room.sessions.find(here) is not None
    assert await room.sessions.find(there) is None
    await _refused(room, "lina", lina)
    assert await room.accounts.check_password("lina", OWN)


async def test_a_reset_in_the_middle_of_a_choice_wins(room: StaffRoom, lina: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, reset = PasswordHasher.hash, []

    def slow(hasher: PasswordHasher, password: bytes, *, salt: bytes) -> str:
        reset.append(make(hasher, b"reset-in-the-middle"))
        room.sql("UPDATE staff SET password = ?", reset[-1])
        return make(hasher, password, salt=salt)

    monkeypatch.setattr(PasswordHasher, "hash", slow)
    with pytest.raises(CitizenError) as refused:
        await room.accounts.set_password("lina", lina, OWN)
    assert refused.value.status == 401
    assert room.sql("SELECT password, one_time FROM staff") == [(reset[0], 1)]


async def test_who_has_still_to_show_a_code_changes_no_password(room: StaffRoom, lina: str) -> None:
    await room.enrol("lina")
    token, _ = await room.sessions.open("lina", PASSWORD, "", "")
    with pytest.raises(CitizenError, match="验证码") as refused:
        await room.accounts.set_password("lina", lina, OWN, keep=(await room.sessions.find(token)).session)
    assert refused.value.status == 403
    assert (await room.accounts.check_password("lina", lina)).one_time


@pytest.mark.parametrize("new", ["short", "1234567890", "lina2026!!", "same"])
async def test_a_bad_choice_changes_nothing(room: StaffRoom, lina: str, new: str) -> None:
    with pytest.raises(CitizenError) as refused:
        await room.accounts.set_password("lina", lina, lina if new == "same" else new)
    assert (refused.value.field, refused.value.code) == ("password", "weak_password")
    assert (await room.accounts.check_password("lina", lina)).one_time


async def test_guessing_the_present_password_locks_as_well(room: StaffRoom, lina: str) -> None:
    token, _ = await room.sessions.open("lina", FULL, "", "")
    room.daybook.notes.clear()
    for _ in range(5):
        with pytest.raises(CitizenError, match="现在的密码不对") as refused:
            await room.accounts.set_password("lina", "wrong", OWN)
        assert (refused.value.status, refused.value.field) == (401, "old")
    with pytest.raises(CitizenError):
        await room.accounts.set_password("lina", lina, OWN)
    assert room.daybook.notes[0] == ("sign_in_failed", "", {"name": "lina", "step": "change"})
    assert room.daybook.kinds == [*["sign_in_failed"] * 5, "locked", "sign_in_failed"]
    assert await room.sessions.find(token) is not None
    await _refused(room, "lina", lina)
