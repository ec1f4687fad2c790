"""Staff accounts: who may sign in, as what, and by which password. Everything done to one is noted in the day book."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock, stamp
from zhixun.database import Database, staff, staff_sessions
from zhixun.desk.lockout import ALLOWED, UNLOCKED, Lockout, note_failure
from zhixun.desk.passwords import NOBODY, check_choice, draw_password, hash_password, is_old, is_right
from zhixun.desk.ports import Daybook
from zhixun.desk.second_factor import SecondFactor
from zhixun.desk.staff import ADMINISTRATOR, ENROL, FULL, PASSWORD, RENEW, ROLES, Account, account_of, row_of
from zhixun.desk.staff_sessions import end_sessions
from zhixun.doors import DOORS
from zhixun.errors import CitizenError
from zhixun.limits import place_of

__all__ = ["SYSTEM", "Accounts"]

SYSTEM = ""
"""By whom something is done that is done at the machine itself, or by somebody who has not proved to be of the staff."""
_UNKNOWN = "unknown"
_FIRST = "admin"
_NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")
# What the journal calls those who are no staff, and what could be taken for one of them.
_RESERVED = frozenset({_UNKNOWN, "system", "citizen", "bot", "zhixun", "engine", "idle", "form", "staff", "desk", *DOORS})
_SHOWN, _TEAM, _TEAMS = 32, 32, 20
_REFUSED = (
    f"用户名或密码不对，或者账号已经停用、锁定。请核对后再试；在同一网络连续输错 {ALLOWED} 次会锁定 15 分钟以上，"
    "急用请联系管理员重发密码。"
)


class Accounts:
    """Makes, lists, changes and checks accounts.

    Args:
        daybook: where every act is noted, after it was done.
        key: 32 bytes that the secrets of second factors are encrypted with.
        must_second_factor: the roles that must have one.

    Attributes:
        second_factor: sets up, checks and removes them.
    """

    def __init__(
        self, database: Database, clock: Clock, daybook: Daybook, key: bytes, must_second_factor: frozenset[str]
    ) -> None:
        self._database = database
        self._clock = clock
        self._daybook = daybook
        self._must = must_second_factor
        self._lockout = Lockout()
        self.second_factor = SecondFactor(database, clock, daybook, key, self._lockout)

    async def first(self) -> str | None:
        """Make the account `admin` when there is none at all; returns its one-time password, else None."""
        async with self._database.read() as connection:
            if await connection.scalar(sa.select(sa.func.count()).select_from(staff)):
                return None
        return await self.add(_FIRST, ADMINISTRATOR, by=SYSTEM)

    async def add(self, name: str, role: str, *, by: str, shown: str = "", teams: Sequence[str] = ()) -> str:
        """Make an account and return its one-time password, which is shown once and kept nowhere.

        Args:
            shown: how colleagues and citizens know the person. by: who makes it.

        Raises:
            CitizenError: a value is malformed, there is no such role, or the name is reserved or (409) taken.
        """
        if not _NAME.fullmatch(name):
            raise CitizenError("用户名用小写字母开头，2–32 位字母、数字或 . _ -。", field="name")
        if name in _RESERVED:
            raise CitizenError(f"用户名 {name} 由系统保留，请换一个。", field="name")
        values = {"role": _role(role), "shown": _shown(shown), "teams": _teams(teams)}
        password = draw_password()
        row = {**values, "name": name, "password": await hash_password(password), "one_time": True, "made": self._now}
        async with self._database.write() as connection:
            if await connection.scalar(sa.select(staff.c.name).where(staff.c.name == name)):
                raise CitizenError(f"用户 {name} 已经存在。", status=409, field="name")
            await connection.execute(staff.insert().values(**row))
        told = {"name": name, "role": role, "teams": list(teams)}
        await self._daybook.note("account_made", by, told, {"shown": values["shown"]})
        return password

    async def change(
        self, name: str, *, by: str, role: str | None = None, shown: str | None = None, teams: Sequence[str] | None = None,
        active: bool | None = None,
    ) -> Account:  # fmt: skip
        """Change what is given and return the account; a change of role or of being in use ends all its sessions.

        Raises:
            CitizenError: (404) no such account; (409) no administrator would be left; a value is malformed.
        """
        given = {
            "role": None if role is None else _role(role), "shown": None if shown is None else _shown(shown),
            "teams": None if teams is None else _teams(teams), "active": active,
        }  # fmt: skip
        async with self._database.write() as connection:
            row = await row_of(connection, name)
            changed = {field: value for field, value in given.items() if value is not None and value != row[field]}
            if row["role"] == ADMINISTRATOR and row["active"] and {"role", "active"} & set(changed):
                await _leave_an_administrator(connection, name)
            if changed:
                await connection.execute(staff.update().where(staff.c.name == name).values(**changed))
            if {"role", "active"} & set(changed):
                await end_sessions(connection, name)
            account = account_of(await row_of(connection, name), self._clock.now())
        if changed:
            told = {field: [row[field], value] for field, value in changed.items() if field != "shown"}
            private = {"shown": [row["shown"], changed["shown"]]} if "shown" in changed else None
            await self._daybook.note("account_changed", by, {"name": name, "changed": told}, private)
        return account

    async def reset(self, name: str, *, by: str) -> str:
        """Give an account a new one-time password, unlock it and end all its sessions; the second factor stays.

        Raises:
            CitizenError: (404) no such account.
        """
        password = draw_password()
        values = {"password": await hash_password(password), "one_time": True, **UNLOCKED}
        async with self._database.write() as connection:
            await row_of(connection, name)
            await connection.execute(staff.update().where(staff.c.name == name).values(**values))
            await end_sessions(connection, name)
        await self._daybook.note("password_changed", by, {"name": name, "reset": True})
        return password

    async def list(self) -> list[Account]:
        """Return all accounts by name."""
        async with self._database.read() as connection:
            rows = (await connection.execute(sa.select(staff).order_by(staff.c.name))).mappings()
            return [account_of(row, self._clock.now()) for row in rows]

    async def find(self, name: str) -> Account:
        """Return an account.

        Raises:
            CitizenError: (404) no such account.
        """
        async with self._database.read() as connection:
            return account_of(await row_of(connection, name), self._clock.now())

    async def check_password(self, name: str, password: str, address: str = "") -> Account:
        """Return the account that name and password open; a new session then begins at its `first_stage`.

        It takes as long for a name that does not exist, and it is never told what was wrong. That the account is locked is not
        told either: said to everybody, it would tell which names exist; said to whoever has the right password, it would tell a
        guesser that the guess was right.

        Args:
            address: from where it comes; wrong ones are counted by it.

        Raises:
            CitizenError: (401) they open nothing now.
            TryLater: too many passwords are being checked.
        """
        name = name.strip().lower()
        # What strangers send may not even be text; no account has an empty name.
        name = name if _NAME.fullmatch(name) else ""
        row = await self._proved(name, password, "password", address)
        if row is None:
            raise CitizenError(_REFUSED, code="sign_in_failed", status=401)
        if is_old(row["password"]):
            await self._replace(name, row["password"], password, {})
        account = account_of(row, self._clock.now())
        if not account.second_factor:
            await self._daybook.note("signed_in", name, {"factor": "none"})
        return account

    async def set_password(self, name: str, old: str, new: str, keep: str = "", address: str = "") -> Account:
        """Put a password of the person's own choice in the place of `old`, and end all sessions but the one of the hash `keep`.

        Args:
            address: from where it comes, as in `check_password`.

        Raises:
            CitizenError: `new` may not be chosen; (401) `old` is wrong or the account is locked; (403) the session `keep` has still
                to show a code, so that whoever stole a password cannot go round the second factor by changing it.
            TryLater: too many passwords are being checked.
        """
        async with self._database.read() as connection:
            stage = await connection.scalar(sa.select(staff_sessions.c.stage).where(staff_sessions.c.token == keep))
        if stage == PASSWORD:
            raise CitizenError("请先输入验证码，再修改密码。", code="code_first", status=403)
        check_choice(name, new)
        if new == old:
            raise CitizenError("新密码不能和现在的密码相同。", code="weak_password", field="password")
        row = await self._proved(name, old, "change", address)
        if row is None or not await self._replace(name, row["password"], new, {"one_time": False}, keep):
            raise CitizenError("现在的密码不对，或者账号已经锁定。", code="wrong_password", status=401, field="old")
        await self._daybook.note("password_changed", name, {"name": name, "reset": False})
        return await self.find(name)

    def first_stage(self, account: Account) -> str:
        """Return at which stage a session begins when the password was right."""
        return PASSWORD if account.second_factor else self.next_stage(account)

    def next_stage(self, account: Account) -> str:
        """Return at which stage a session goes on when the person has proved, by password and code, who they are."""
        if account.one_time:
            return RENEW
        return ENROL if account.role in self._must and not account.second_factor else FULL

    @property
    def _now(self) -> str:
        return stamp(self._clock.now())

    async def _proved(self, name: str, password: str, step: str, address: str) -> sa.RowMapping | None:
        """Return the account when the password opens it, else count and note the attempt."""
        query = sa.select(staff).where(staff.c.name == name)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        right = await is_right(row["password"] if row else NOBODY, password)
        async with self._database.write() as connection:
            # It may have been changed while the hash was reckoned, which takes a while.
            same = query.where(staff.c.active, staff.c.password == (row["password"] if row else ""))
            right = right and (await connection.execute(same)).first() is not None
            verdict = await self._lockout.judge(connection, name, place_of(address), self._clock.now(), right=right)
            # With a second factor half of the proof is still to come: else who has the password could try codes for ever.
            if verdict.right and row is not None and not row["totp_step"]:
                await self._lockout.unlock(connection, name, place_of(address))
        if verdict.right:
            return row
        # A name that is not there may be a password in the wrong field: it is noted nowhere.
        await note_failure(self._daybook, name if row else _UNKNOWN, step, verdict)
        return None

    async def _replace(self, name: str, old: str, password: str, also: dict[str, Any], keep: str | None = None) -> bool:
        """Keep a new hash where the hash `old` stands still; tells whether it did. With `keep`, the other sessions end."""
        values = {"password": await hash_password(password), **also}
        async with self._database.write() as connection:
            change = staff.update().where(staff.c.name == name, staff.c.password == old).values(**values)
            done = (await connection.execute(change)).rowcount == 1
            if done and keep is not None:
                await end_sessions(connection, name, keep)
        return done


async def _leave_an_administrator(connection: AsyncConnection, name: str) -> None:
    others = sa.select(sa.func.count()).where(staff.c.role == ADMINISTRATOR, staff.c.active, staff.c.name != name)
    if not await connection.scalar(others):
        raise CitizenError("至少要留一名在用的管理员。请先把另一个账号设为管理员。", code="last_administrator", status=409)


def _role(role: str) -> str:
    if role not in ROLES:
        raise CitizenError(f"角色应为：{'、'.join(f'{name}（{words}）' for name, words in ROLES.items())}。", field="role")
    return role


def _shown(shown: str) -> str:
    shown = " ".join(shown.split())
    if len(shown) > _SHOWN or not shown.isprintable():
        raise CitizenError(f"显示名最多 {_SHOWN} 个字。", field="shown")
    return shown


def _teams(teams: Sequence[str]) -> str:
    if len(teams) > _TEAMS or any(not 0 < len(team) <= _TEAM or "," in team or not team.isprintable() for team in teams):
        raise CitizenError(f"组别最多 {_TEAMS} 个，每个 1–{_TEAM} 个字，不含逗号。", field="teams")
    return ",".join(dict.fromkeys(teams))
