"""Sessions of staff: a token in the browser's cookie, its hash in the store, and an end that comes by itself."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock, new_token, stamp
from zhixun.database import Database, staff, staff_sessions
from zhixun.desk.staff import Staff, teams_of
from zhixun.errors import CitizenError, TryLater

__all__ = ["OpenSession", "StaffSessions", "end_sessions"]

_SEEN_EVERY = timedelta(minutes=1)
_ADDRESS = 64
# The first that fits: most browsers also claim to be those further down.
_BROWSERS = (("MicroMessenger", "微信"), ("Edg", "Edge"), ("QQBrowser", "QQ 浏览器"), ("Firefox", "Firefox"),
             ("Chrome", "Chrome"), ("Safari", "Safari"))  # fmt: skip
_SYSTEMS = (("HarmonyOS", "鸿蒙"), ("Android", "安卓"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"), ("Linux", "Linux"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One place where somebody is signed in: since when, last seen (UTC), by which browser, from which address."""

    made: str
    seen: str
    agent: str
    address: str
    current: bool


class StaffSessions:
    """Opens, finds and ends sessions.

    Args:
        idle: after how long without a request a session ends. longest: how long it lasts at most, counted from the sign-in.
    """

    def __init__(
        self, database: Database, clock: Clock, *, idle: timedelta = timedelta(minutes=30), longest: timedelta = timedelta(hours=12)
    ) -> None:
        self._database = database
        self._clock = clock
        self._idle = idle
        self._longest = longest

    async def open(self, name: str, stage: str, agent: str, address: str) -> tuple[str, str]:
        """Open a session of the account `name`; returns its token and what its forms must carry.

        Args:
            agent: what the browser says that it is; only its kind is kept.
        """
        now = self._clock.now()
        told = {"agent": _kind_of(agent), "address": address[:_ADDRESS], "made": stamp(now)}
        async with self._database.write() as connection:
            # Nobody comes back for those that have ended by themselves.
            await connection.execute(staff_sessions.delete().where(sa.not_(self._is_open(now))))
            return await self._insert(connection, name, stage, told)

    async def find(self, token: str) -> Staff | None:
        """Return whose session it is; None when it has ended or the account is in use no longer."""
        now = self._clock.now()
        async with self._database.read() as connection:
            row = await self._row(connection, token, now)
        if row is not None and row["seen"] <= stamp(now - _SEEN_EVERY):
            # When the store is busy, the next request tells it.
            with contextlib.suppress(TryLater):
                async with self._database.write() as connection:
                    this = staff_sessions.c.token == row["session"]
                    await connection.execute(staff_sessions.update().where(this).values(seen=stamp(now)))
        return _staff(row)

    async def peek(self, token: str) -> Staff | None:
        """Do as `find` for what an open page asks by itself: that is no sign of anybody being there, and delays no end."""
        async with self._database.read() as connection:
            return _staff(await self._row(connection, token, self._clock.now()))

    async def advance(self, token: str, stage: str) -> tuple[str, str]:
        """Carry a session on to `stage` under a new token, so that one known before the proof is worth nothing after it.

        It lasts no longer for that. Returns the new token and what the forms must carry.

        Raises:
            CitizenError: (401) the session has ended.
        """
        async with self._database.write() as connection:
            row = await self._row(connection, token, self._clock.now())
            if row is None:
                raise CitizenError("登录已失效，请重新登录。", code="signed_out", status=401)
            await connection.execute(staff_sessions.delete().where(staff_sessions.c.token == row["session"]))
            return await self._insert(connection, row["name"], stage, {name: row[name] for name in ("agent", "address", "made")})

    async def close(self, token: str) -> None:
        """End a session; one that has ended already stays so."""
        async with self._database.write() as connection:
            await connection.execute(staff_sessions.delete().where(staff_sessions.c.token == _hash(token)))

    async def revoke(self, name: str, keep: str = "") -> None:
        """End all sessions of `name` but the one whose hash is `keep` (`Staff.session`)."""
        async with self._database.write() as connection:
            await end_sessions(connection, name, keep)

    async def list(self, name: str, current: str = "") -> list[OpenSession]:
        """Return where `name` is signed in, the latest first; `current` is the hash of the session that asks."""
        query = sa.select(staff_sessions).where(staff_sessions.c.name == name, self._is_open(self._clock.now()))
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(staff_sessions.c.seen.desc(), staff_sessions.c.token))).mappings()
            return [OpenSession(r["made"], r["seen"], r["agent"], r["address"], r["token"] == current) for r in rows]

    def _is_open(self, now: datetime) -> sa.ColumnElement[bool]:
        seen, made = staff_sessions.c.seen, staff_sessions.c.made
        return sa.and_(seen > stamp(now - self._idle), made > stamp(now - self._longest))

    async def _row(self, connection: AsyncConnection, token: str, now: datetime) -> sa.RowMapping | None:
        # What somebody may do is asked of the account each time, so that a change holds from the next request on.
        columns = (staff.c.name, staff.c.shown, staff.c.role, staff.c.teams, staff_sessions.c.token.label("session"),
                   *(staff_sessions.c[name] for name in ("csrf", "stage", "agent", "address", "made", "seen")))  # fmt: skip
        joined = sa.select(*columns).join(staff, staff.c.name == staff_sessions.c.name)
        query = joined.where(staff_sessions.c.token == _hash(token), staff.c.active, self._is_open(now))
        return (await connection.execute(query)).mappings().first()

    async def _insert(self, connection: AsyncConnection, name: str, stage: str, told: dict[str, str]) -> tuple[str, str]:
        token, csrf = new_token(), new_token()
        row = {**told, "token": _hash(token), "name": name, "csrf": csrf, "stage": stage, "seen": stamp(self._clock.now())}
        await connection.execute(staff_sessions.insert().values(**row))
        return token, csrf


async def end_sessions(connection: AsyncConnection, name: str, keep: str = "") -> None:
    """End all sessions of `name` but the one whose hash is `keep`, in the transaction of what they end for."""
    await connection.execute(staff_sessions.delete().where(staff_sessions.c.name == name, staff_sessions.c.token != keep))


def _staff(row: sa.RowMapping | None) -> Staff | None:
    if row is None:
        return None
    told = {name: row[name] for name in ("name", "role", "session", "csrf", "stage")}
    return Staff(**told, shown=row["shown"] or row["name"], teams=teams_of(row["teams"]))


def _hash(token: str) -> str:
    """A token is kept only as its hash, so that the store opens no session."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _kind_of(agent: str) -> str:
    """Return `Edge · Windows`: enough for people to know their own browser, and no more than that."""
    found = (next((words for sign, words in kinds if sign in agent), "") for kinds in (_BROWSERS, _SYSTEMS))
    return " · ".join(filter(None, found)) or "其他程序"
