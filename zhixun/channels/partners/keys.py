"""The keys of partners: `zk_` and two parts, a short public one by which a key is found and a secret one that is kept as a hash."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.channels.partners.ports import Daybook
from zhixun.clock import ZONE, Clock, new_key, new_token, stamp
from zhixun.database import Database, hook_deliveries, journal, partner_keys, partners, sessions
from zhixun.errors import CitizenError, TryLater
from zhixun.retries import DROPPED, RUNNING

__all__ = ["BY_COMMAND", "CONSULT", "HOOKS", "PREFIX", "SCOPES", "STATUS", "Key", "Keys", "may_be_told", "opened_with"]

PREFIX = "zk_"
"""How every key begins, so that one that was left lying about is recognised."""
CONSULT, STATUS, HOOKS = "consult", "status", "hooks"
SCOPES = {CONSULT: "代用户咨询", STATUS: "查询办理情况", HOOKS: "接收通知"}
"""What a key may be good for."""
BY_COMMAND = ""
"""By whom something is done that is done at the machine itself."""
_NAME = re.compile(r"[\w.-]{2,32}")
_ID = 5
_MOST = 60_000
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it stands, without what opens it.

    Attributes:
        id: its public part. until: the last day on which it is good; used: the day on which it was used last.
        revoked: when it was (UTC stamp); empty when it was not.
    """

    id: str
    partner: str
    scopes: tuple[str, ...]
    per_minute: int
    made: str
    until: str
    used: str
    revoked: str

    def demand(self, scope: str) -> None:
        """Make sure that the key is good for something.

        Raises:
            CitizenError: (403) it is not.
        """
        if scope not in self.scopes:
            words = f"这个密钥没有“{SCOPES[scope]}”的权限（{scope}），请联系发放密钥的单位。"
            raise CitizenError(words, code="no_scope", status=403)


class Keys:
    """Gives out, finds and revokes keys; what is done is noted in the day book."""

    def __init__(self, database: Database, clock: Clock, daybook: Daybook) -> None:
        self._database = database
        self._clock = clock
        self._daybook = daybook

    async def add(self, partner: str, scopes: Sequence[str], *, per_minute: int, until: date) -> str:
        """Draw a key for a partner, which is entered when it is new; returns the key, which is kept nowhere.

        A partner may have several, so that one can take the place of another without a gap.

        Raises:
            CitizenError: a value is malformed.
        """
        if not _NAME.fullmatch(partner):
            raise CitizenError("接入系统的名称为 2–32 个汉字、字母、数字或 . _ -。", field="name")
        if not scopes or (unknown := set(scopes) - set(SCOPES)):
            known = "、".join(f"{scope}（{words}）" for scope, words in SCOPES.items())
            raise CitizenError(f"权限应为：{known}{'；没有 ' + '、'.join(sorted(unknown)) if scopes else ''}。", field="scopes")
        if not 1 <= per_minute <= _MOST:
            raise CitizenError(f"每分钟次数应为 1–{_MOST}。", field="per_minute")
        if until < self._today:
            raise CitizenError("有效期不能是过去的日期。", field="until")
        identity, secret = new_key(_ID).hex(), new_token()
        token, granted = f"{PREFIX}{identity}_{secret}", [scope for scope in SCOPES if scope in scopes]
        now = stamp(self._clock.now())
        row = {"id": identity, "partner": partner, "hash": _hash(token), "scopes": ",".join(granted), "per_minute": per_minute,
               "made": now, "until": until.isoformat()}  # fmt: skip
        async with self._database.write() as connection:
            if await connection.scalar(sa.select(partners.c.name).where(partners.c.name == partner)) is None:
                await connection.execute(partners.insert().values(name=partner, made=now))
            await connection.execute(partner_keys.insert().values(**row))
        told = {"partner": partner, "key": identity, "scopes": granted, "due": row["until"], "per_minute": per_minute}
        await self._daybook.note("key_made", BY_COMMAND, told)
        return token

    async def revoke(self, partner: str, identity: str = "") -> list[str]:
        """Revoke one key of a partner, or all; returns the public parts of those that were good until now.

        The sessions that were opened with them end too, and when no key is left that may be told, nothing more is posted.

        Raises:
            CitizenError: (404) there is no such partner, or it has no such key.
        """
        own = (partner_keys.c.partner == partner) & (partner_keys.c.id == identity if identity else sa.true())
        async with self._database.write() as connection:
            found = (await connection.execute(sa.select(partner_keys.c.id, partner_keys.c.revoked).where(own))).all()
            if not found:
                words = f"接入系统 {partner} 没有密钥 {identity}。" if identity else f"没有接入系统 {partner}。"
                raise CitizenError(f"{words}运行 zhixun key list 可以列出全部。", code="no_key", status=404)
            ended = [one.id for one in found if not one.revoked]
            change = partner_keys.update().where(partner_keys.c.id.in_(ended))
            await connection.execute(change.values(revoked=stamp(self._clock.now())))
            for one in ended:
                await connection.execute(sessions.delete().where(sessions.c.consultation.in_(_opened_by(one))))
            if not await may_be_told(connection, partner, self._today):
                waiting = (hook_deliveries.c.partner == partner) & hook_deliveries.c.standing.in_(RUNNING)
                await connection.execute(hook_deliveries.update().where(waiting).values(standing=DROPPED))
        for one in ended:
            await self._daybook.note("key_revoked", BY_COMMAND, {"partner": partner, "key": one})
        return ended

    async def list(self) -> Sequence[Key]:
        """Return all keys, by partner, older ones first."""
        async with self._database.read() as connection:
            query = sa.select(partner_keys).order_by(partner_keys.c.partner, partner_keys.c.made)
            return [_key(row) for row in (await connection.execute(query)).mappings()]

    async def find(self, token: str) -> Key:
        """Return the key that `token` is, and keep the day on which it was used.

        Raises:
            CitizenError: (401) it is none, or it is good no more.
        """
        identity = token.removeprefix(PREFIX).partition("_")[0]
        async with self._database.read() as connection:
            row = (await connection.execute(sa.select(partner_keys).where(partner_keys.c.id == _text(identity)))).mappings().first()
        if not hmac.compare_digest(_hash(token), row["hash"] if row else _NOBODY) or row is None:
            raise CitizenError("接入密钥不对。", code="no_key", status=401)
        key = _key(row)
        if key.revoked:
            raise CitizenError("这个接入密钥已停用，请联系发放密钥的单位。", code="no_key", status=401)
        if key.until < self._today.isoformat():
            raise CitizenError("这个接入密钥已过有效期，请联系发放密钥的单位换发。", code="no_key", status=401)
        await self._used(key)
        return key

    async def of_session(self, number: str) -> Key | None:
        """Return the key with which a consultation was opened; None when it was opened by nobody's, or by one that is gone."""
        opened = sa.select(opened_with("key")).where(journal.c.consultation == number, journal.c.seq == 1).scalar_subquery()
        async with self._database.read() as connection:
            row = (await connection.execute(sa.select(partner_keys).where(partner_keys.c.id == opened))).mappings().first()
        return None if row is None else _key(row)

    async def owns(self, key: Key, number: str) -> bool:
        """Tell whether a consultation was opened by the partner whose key this is."""
        opened = sa.select(opened_with("partner")).where(journal.c.consultation == _text(number), journal.c.seq == 1)
        async with self._database.read() as connection:
            return bool(await connection.scalar(opened) == key.partner)

    async def _used(self, key: Key) -> None:
        today = self._today.isoformat()
        if key.used == today:
            return
        # Whoever holds the store just now must not keep a citizen waiting for this; the next call keeps the day.
        with contextlib.suppress(TryLater):
            async with self._database.write() as connection:
                await connection.execute(partner_keys.update().where(partner_keys.c.id == key.id).values(used=today))

    @property
    def _today(self) -> date:
        """The day on the wall: whatever day the rules are read by, a key ends on its own."""
        return self._clock.now().astimezone(ZONE).date()


async def may_be_told(connection: AsyncConnection, partner: str, day: date) -> bool:
    """Tell whether a partner has a key that is good on `day` and may be told what happens."""
    query = sa.select(partner_keys.c.scopes).where(
        partner_keys.c.partner == partner, partner_keys.c.revoked == "", partner_keys.c.until >= day.isoformat()
    )
    return any(HOOKS in scopes.split(",") for scopes in await connection.scalars(query))


def opened_with(name: str, first: sa.FromClause = journal) -> sa.ColumnElement[str]:
    """Return what `first`, the entry that opened a consultation, tells under `name`: `partner` or `key`."""
    return sa.func.json_extract(first.c.body, f"$.open.{name}", type_=sa.String)


def _opened_by(identity: str) -> sa.Select[tuple[str]]:
    """Return the consultations with a session that a key has opened."""
    return (
        sa.select(sessions.c.consultation)
        .join(journal, (journal.c.consultation == sessions.c.consultation) & (journal.c.seq == 1))
        .where(opened_with("key") == identity)
    )


def _key(row: sa.RowMapping) -> Key:
    told = {name: row[name] for name in ("id", "partner", "per_minute", "made", "until", "used", "revoked")}
    return Key(**told, scopes=tuple(row["scopes"].split(",")))


def _hash(token: str) -> str:
    """256 drawn bits need no salt and no slow hash. What strangers send may not even be text."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _text(sent: str) -> str:
    return sent.encode("utf-8", "replace").decode()
