"""Staff accounts: names, roles, and passwords that are kept only as scrypt hashes (RFC 7914)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

import sqlalchemy as sa

from zhixun.clock import Clock, new_key, stamp
from zhixun.database import Database, staff
from zhixun.errors import CitizenError

__all__ = ["ROLES", "Account", "Accounts"]

ROLES = ("administrator", "clerk", "reviewer")
_NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")
# No look-alikes: a password is read from a screen and typed by hand.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
# Stands for the hash of an account that does not exist; no password gives it.
_NOBODY = f"{base64.b64encode(bytes(16)).decode()}${base64.b64encode(bytes(64)).decode()}"


@dataclass(frozen=True, slots=True)
class Account:
    """A member of staff; `one_time` asks for a new password at the first log-in."""

    name: str
    role: str
    one_time: bool
    made: str


class Accounts:
    """Makes, lists and checks accounts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def first(self) -> str | None:
        """Make the account `admin` when there is none at all; returns its one-time password, else None."""
        async with self._database.read() as connection:
            if await connection.scalar(sa.select(sa.func.count()).select_from(staff)):
                return None
        return await self.add("admin", "administrator")

    async def add(self, name: str, role: str) -> str:
        """Make an account and return its one-time password, which is shown once and kept nowhere.

        Raises:
            CitizenError: the name is taken or malformed, or there is no such role.
        """
        if not _NAME.fullmatch(name):
            raise CitizenError("用户名用小写字母开头，2–32 位字母、数字或 . _ -。", field="name")
        if role not in ROLES:
            raise CitizenError(f"角色应为：{'、'.join(ROLES)}。", field="role")
        password = _password()
        kept = await asyncio.to_thread(_hash, password)
        row = {"name": name, "role": role, "password": kept, "one_time": True, "made": stamp(self._clock.now())}
        async with self._database.write() as connection:
            if await connection.scalar(sa.select(staff.c.name).where(staff.c.name == name)):
                raise CitizenError(f"用户 {name} 已经存在。", status=409, field="name")
            await connection.execute(staff.insert().values(**row))
        return password

    async def reset(self, name: str) -> str:
        """Give an account a new one-time password.

        Raises:
            CitizenError: no such account.
        """
        password = _password()
        kept = await asyncio.to_thread(_hash, password)
        change = staff.update().where(staff.c.name == name).values(password=kept, one_time=True)
        async with self._database.write() as connection:
            if (await connection.execute(change)).rowcount == 0:
                raise CitizenError(f"没有用户 {name}。", status=404, field="name")
        return password

    async def list(self) -> list[Account]:
        """Return all accounts by name."""
        async with self._database.read() as connection:
            rows = (await connection.execute(sa.select(staff).order_by(staff.c.name))).mappings()
            return [Account(row["name"], row["role"], row["one_time"], row["made"]) for row in rows]

    async def check(self, name: str, password: str) -> Account | None:
        """Return the account when the password is right; takes as long for a name that does not exist."""
        async with self._database.read() as connection:
            row = (await connection.execute(sa.select(staff).where(staff.c.name == name))).mappings().first()
        kept = row["password"] if row else _NOBODY
        right = hmac.compare_digest(kept, await asyncio.to_thread(_hash, password, base64.b64decode(kept.split("$")[0])))
        return Account(row["name"], row["role"], row["one_time"], row["made"]) if row and right else None


def _password() -> str:
    drawn = "".join(_LETTERS[byte % len(_LETTERS)] for byte in new_key(16))
    return "-".join(drawn[at : at + 4] for at in range(0, 16, 4))


def _hash(password: str, salt: bytes = b"") -> str:
    salt = salt or new_key(16)
    drawn = hashlib.scrypt(password.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=64 * 1024 * 1024)
    return f"{base64.b64encode(salt).decode()}${base64.b64encode(drawn).decode()}"
