"""The keys of partners: shown once and kept as hashes, found in constant time, with an end, and worth nothing once revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.channels.partnership import HOTLINE, PORTAL, key_of, partners_of
from tests.support import Office
from zhixun.channels.partners.keys import SCOPES
from zhixun.clock import ZONE
from zhixun.errors import CitizenError


async def test_a_key_is_found_and_what_is_kept_does_not_open_anything(office: Office) -> None:
    token = await key_of(office, scopes=["status", "consult"])
    prefix, identity, secret = token.split("_", 2)
    assert (prefix, len(identity), len(secret)) == ("zk", 10, 43)
    key = await partners_of(office).keys.find(token)
    assert (key.id, key.partner, key.scopes, key.per_minute) == (identity, PORTAL, ("consult", "status"), 600)
    assert secret.encode() not in office.bytes_on_disk()


@pytest.mark.parametrize("wrong", ["", "zk_", "zk_x", "zk_{id}_", "zk_{id}_{other}", "{id}_{secret}", "ZK_{id}_{secret}", "zk_{id}_{secret} ",
                                   "zk_{id}_{secret}x", "zk_\udcff_{secret}", "zk_{id}__{secret}", "zk_%_{secret}", "钥匙"])  # fmt: skip
async def test_what_is_not_quite_a_key_is_none(office: Office, wrong: str) -> None:
    token, other = await key_of(office), await key_of(office, HOTLINE)
    parts = {"id": token.split("_", 2)[1], "secret": token.split("_", 2)[2], "other": other.split("_", 2)[2]}
    with pytest.raises(CitizenError) as told:
        await partners_of(office).keys.find(wrong.format(**parts))
    assert (told.value.status, told.value.code, told.value.message) == (401, "no_key", "接入密钥不对。")


async def test_a_key_ends_with_its_last_day_on_the_wall(office: Office) -> None:
    token = await key_of(office, days=0)
    await partners_of(office).keys.find(token)
    office.clock.turn_to(office.clock.now().astimezone(ZONE).replace(hour=23, minute=59))
    await partners_of(office).keys.find(token)
    office.clock.turn_by(timedelta(minutes=1))
    with pytest.raises(CitizenError, match="过有效期") as told:
        await partners_of(office).keys.find(token)
    assert told.value.status == 401


async def test_a_revoked_key_is_told_only_to_who_holds_it(office: Office) -> None:
    keys, token = partners_of(office).keys, await key_of(office)
    identity = token.split("_", 2)[1]
    assert await keys.revoke(PORTAL) == [identity]
    with pytest.raises(CitizenError, match="停用") as told:
        await keys.find(token)
    assert told.value.status == 401
    with pytest.raises(CitizenError, match="不对"):
        await keys.find(token[:-1])
    assert await keys.revoke(PORTAL) == []


async def test_one_key_can_take_the_place_of_another(office: Office) -> None:
    keys, old, new = partners_of(office).keys, await key_of(office), await key_of(office)
    await keys.revoke(PORTAL, old.split("_", 2)[1])
    assert (await keys.find(new)).partner == PORTAL
    assert [bool(one.revoked) for one in await keys.list()] == [one.id == old.split("_", 2)[1] for one in await keys.list()]


async def test_what_there_is_not_is_not_revoked(office: Office) -> None:
    keys, token = partners_of(office).keys, await key_of(office, HOTLINE)
    for name, identity in ((PORTAL, ""), (PORTAL, token.split("_", 2)[1]), (HOTLINE, "0123456789")):
        with pytest.raises(CitizenError, match="没有") as told:
            await keys.revoke(name, identity)
        assert told.value.status == 404
    assert (await keys.find(token)).partner == HOTLINE


async def test_only_the_day_of_use_is_kept(office: Office) -> None:
    keys, token = partners_of(office).keys, await key_of(office)
    assert [one.used for one in await keys.list()] == [""]
    for _ in range(2):
        await keys.find(token)
    assert [one.used for one in await keys.list()] == ["2026-11-20"]
    office.clock.turn_by(timedelta(days=1))
    await keys.find(token)
    assert [one.used for one in await keys.list()] == ["2026-11-21"]


async def test_a_busy_store_keeps_no_caller_waiting_for_the_day(office: Office) -> None:
    partners, token = partners_of(office), await key_of(office)
    office.database._patience = 0.01
    async with office.database.write():
        assert (await partners.keys.find(token)).partner == PORTAL
    assert [one.used for one in await partners.keys.list()] == [""]


@pytest.mark.parametrize("name", ["", "a", "城市 门户", "a/b", "<b>", "门" * 33, "a\n"])
async def test_names_are_plain(office: Office, name: str) -> None:
    with pytest.raises(CitizenError, match="名称"):
        await key_of(office, name)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"scopes": []}, "scopes"), ({"scopes": ["consult", "all"]}, "scopes"), ({"per_minute": 0}, "per_minute"),
     ({"per_minute": 10**6}, "per_minute"), ({"days": -1}, "until")],
)  # fmt: skip
async def test_what_makes_no_sense_makes_no_key(office: Office, given: dict[str, object], field: str) -> None:
    with pytest.raises(CitizenError) as told:
        await key_of(office, **given)
    assert (told.value.field, await partners_of(office).keys.list()) == (field, [])


async def test_what_is_done_with_keys_stands_in_the_day_book(office: Office) -> None:
    token = await key_of(office)
    await partners_of(office).keys.revoke(PORTAL)
    rows = office.sql("SELECT kind, actor, body FROM journal WHERE kind LIKE 'key%' ORDER BY id")
    assert [row[:2] for row in rows] == [("key_made", "zhixun"), ("key_revoked", "zhixun")]
    assert all(PORTAL in str(row[2]) and token.split("_", 2)[1] in str(row[2]) for row in rows)
    assert token.split("_", 2)[2] not in str(rows)


def test_every_scope_is_explained() -> None:
    assert list(SCOPES) == ["consult", "status", "hooks"]
