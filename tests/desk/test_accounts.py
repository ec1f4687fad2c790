"""Staff accounts: one-time passwords, kept only as hashes."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest

from tests.support import Office
from zhixun.desk.accounts import ROLES, Account, Accounts
from zhixun.errors import CitizenError


@pytest.fixture
def accounts(office: Office) -> Accounts:
    return Accounts(office.database, office.clock)


async def test_the_first_start_makes_an_administrator_once(accounts: Accounts) -> None:
    password = await accounts.first()
    assert await accounts.check("admin", password) == Account("admin", "administrator", one_time=True, made="2026-11-20T02:00:00.000Z")
    assert await accounts.first() is None
    assert len(await accounts.list()) == 1


async def test_whoever_is_there_already_no_administrator_is_added(accounts: Accounts) -> None:
    await accounts.add("lina", "clerk")
    assert await accounts.first() is None


@pytest.mark.parametrize("role", ROLES)
async def test_an_account_can_be_made_in_every_role(accounts: Accounts, role: str) -> None:
    password = await accounts.add("lina", role)
    assert re.fullmatch(r"(?:[a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", password)
    assert (await accounts.check("lina", password)).role == role


async def test_only_the_right_password_opens(accounts: Accounts) -> None:
    password = await accounts.add("lina", "clerk")
    for wrong in ("", password.upper(), f"{password} 密码"):
        assert await accounts.check("lina", wrong) is None
    assert await accounts.check("nobody", password) is None
    assert await accounts.check("nobody", "") is None


async def test_a_password_stands_nowhere(office: Office, accounts: Accounts) -> None:
    password = await accounts.add("lina", "clerk")
    on_disk = office.bytes_on_disk()
    assert b"lina" in on_disk
    assert password.encode() not in on_disk


async def test_the_same_password_has_another_hash_each_time(office: Office, accounts: Accounts) -> None:
    for name in ("one", "two"):
        await accounts.add(name, "clerk")
    salts = {str(kept).split("$")[0] for (kept,) in office.sql("SELECT password FROM staff")}
    assert len(salts) == 2


async def test_a_name_that_is_not_there_takes_the_same_work(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    await accounts.add("lina", "clerk")
    scrypt, costs = hashlib.scrypt, []

    def counted(password: bytes, **cost: Any) -> bytes:
        costs.append({name: value for name, value in cost.items() if name != "salt"})
        return scrypt(password, **cost)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    await accounts.check("lina", "wrong")
    known, costs[:] = list(costs), []
    await accounts.check("nobody", "wrong")
    assert costs == known
    assert len(known) == 1


@pytest.mark.parametrize("name", ["", "a", "A", "1lina", "li na", "丽娜", "l" * 33, "lina\n", "../x", "-lina"])
async def test_a_malformed_name_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(CitizenError) as refused:
        await accounts.add(name, "clerk")
    assert refused.value.field == "name"
    assert await accounts.list() == []


async def test_an_unknown_role_is_refused(accounts: Accounts) -> None:
    with pytest.raises(CitizenError, match="administrator、clerk、reviewer") as refused:
        await accounts.add("lina", "boss")
    assert refused.value.field == "role"


async def test_a_name_is_given_once(accounts: Accounts) -> None:
    password = await accounts.add("lina", "clerk")
    with pytest.raises(CitizenError, match="已经存在") as refused:
        await accounts.add("lina", "administrator")
    assert refused.value.status == 409
    assert (await accounts.check("lina", password)).role == "clerk"


async def test_a_reset_makes_the_old_password_useless(accounts: Accounts) -> None:
    old = await accounts.add("lina", "clerk")
    new = await accounts.reset("lina")
    assert await accounts.check("lina", old) is None
    assert (await accounts.check("lina", new)).one_time


async def test_nobody_cannot_be_reset(accounts: Accounts) -> None:
    with pytest.raises(CitizenError, match="没有用户") as refused:
        await accounts.reset("nobody")
    assert refused.value.status == 404


async def test_accounts_are_listed_by_name(accounts: Accounts) -> None:
    for name in ("wang", "lina", "zhao"):
        await accounts.add(name, "clerk")
    assert [account.name for account in await accounts.list()] == ["lina", "wang", "zhao"]
