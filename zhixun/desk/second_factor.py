"""The second factor: a code that the person's telephone makes new every 30 seconds (TOTP, RFC 6238), and codes for when it is lost.

The secret is kept encrypted (AES-256-GCM, bound to the account); of the recovery codes only keyed hashes are kept. The key stands
in a file beside the store, so that a copy of the store alone makes no codes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass

import pyotp
import segno
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock, local_of, new_key
from zhixun.codes import folded, spell
from zhixun.database import Database, staff
from zhixun.desk.lockout import ALLOWED, CODES, Lockout, note_failure
from zhixun.desk.ports import Daybook
from zhixun.desk.staff import Account, account_of, row_of
from zhixun.desk.staff_sessions import end_sessions
from zhixun.errors import CitizenError, OurFault
from zhixun.limits import place_of

__all__ = ["Enrolment", "SecondFactor"]

_PERIOD, _DIGITS, _WINDOW = 30, 6, 1
_SECRET, _NONCE = 20, 12
_CODES, _LETTERS = 10, 12
_OFF = {"totp": "", "totp_step": 0, "recovery": ""}


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a telephone must be told: the secret to be typed, the address that holds it, and its picture (QR, SVG)."""

    secret: str
    uri: str
    picture: str


class SecondFactor:
    """Sets up, checks and removes second factors.

    Args:
        key: 32 bytes; without them no secret can be read. lockout: counts wrong codes, and wrong passwords elsewhere.
        issuer: what the telephone shows beside the user name.
    """

    def __init__(
        self, database: Database, clock: Clock, daybook: Daybook, key: bytes, lockout: Lockout, issuer: str = "知询"
    ) -> None:
        self._database = database
        self._clock = clock
        self._daybook = daybook
        self._cipher = AESGCM(key)
        # The same key for two purposes would be one too few.
        self._pepper = hmac.digest(key, b"recovery codes", "sha256")
        self._lockout = lockout
        self._issuer = issuer

    async def begin(self, name: str) -> Enrolment:
        """Draw a secret for `name`; it counts from `confirm` on, and beginning again draws another one.

        Raises:
            CitizenError: (404) no such account; (409) it has a second factor.
        """
        raw = new_key(_SECRET)
        async with self._database.write() as connection:
            await self._without(connection, name)
            await connection.execute(staff.update().where(staff.c.name == name).values(totp=self._seal(name, raw)))
        return self._enrolment(name, raw)

    async def again(self, name: str) -> Enrolment:
        """Return once more what `begin` drew, e.g. when the code was mistyped; only to the session that began it.

        Raises:
            CitizenError: (404) no such account; (409) nothing was begun, or it is on already.
        """
        async with self._database.read() as connection:
            row = await self._begun(connection, name)
        return self._enrolment(name, self._unseal(name, row["totp"]))

    async def confirm(self, name: str, code: str, keep: str = "") -> tuple[str, ...]:
        """Switch it on, when the telephone shows the right code; returns the recovery codes, which are shown once.

        All sessions of `name` end but the one whose hash is `keep`.

        Raises:
            CitizenError: the code is wrong; (409) nothing was begun, or it is on already.
        """
        codes = tuple(spell(new_key(8), _LETTERS) for _ in range(_CODES))
        kept = json.dumps([self._mark(name, folded(each)) for each in codes])
        async with self._database.write() as connection:
            row = await self._begun(connection, name)
            step = self._step(row, folded(code))
            if step is None:
                raise CitizenError("验证码不对。请确认手机时间准确，再输入最新的 6 位数字。", code="wrong_code", field="code")
            await connection.execute(staff.update().where(staff.c.name == name).values(totp_step=step, recovery=kept))
            await end_sessions(connection, name, keep)
        await self._daybook.note("second_factor_on", name, {"name": name})
        return codes

    async def check(self, name: str, code: str, address: str = "") -> Account:
        """Check what somebody typed whose password was right: the telephone's code, or one of the recovery codes.

        Args:
            address: from where it comes; the person is known there, once the code was right.

        Raises:
            CitizenError: (401) it is wrong or was used before, or the account is locked; it is told until when, since the
                password was proved before.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await row_of(connection, name)
            used = self._use(row, folded(code)) if row["active"] else None
            verdict = await self._lockout.judge(connection, name, CODES, now, right=used is not None)
            if used is not None and verdict.right:
                await connection.execute(staff.update().where(staff.c.name == name).values(**used))
                await self._lockout.unlock(connection, name, place_of(address))
            account = account_of(await row_of(connection, name), now)
        if used is None or not verdict.right:
            await note_failure(self._daybook, name, "code", verdict)
            raise _refused(verdict.locked_until)
        if "recovery" in used:
            await self._daybook.note("recovery_used", name, {"left": len(json.loads(str(used["recovery"])))})
        await self._daybook.note("signed_in", name, {"factor": "recovery" if "recovery" in used else "code"})
        return account

    async def left(self, name: str) -> int:
        """Return how many recovery codes `name` has still.

        Raises:
            CitizenError: (404) no such account.
        """
        async with self._database.read() as connection:
            row = await row_of(connection, name)
        return len(json.loads(row["recovery"] or "[]"))

    async def remove(self, name: str, by: str) -> None:
        """Switch it off and end all sessions of `name`, e.g. when the telephone is lost; `by` is the administrator.

        Raises:
            CitizenError: (404) no such account; (409) it has none.
        """
        async with self._database.write() as connection:
            if not (await row_of(connection, name))["totp_step"]:
                raise CitizenError(f"用户 {name} 没有开启双因素验证。", code="no_second_factor", status=409)
            await connection.execute(staff.update().where(staff.c.name == name).values(**_OFF))
            await end_sessions(connection, name)
        await self._daybook.note("second_factor_off", by, {"name": name})

    async def _without(self, connection: AsyncConnection, name: str) -> sa.RowMapping:
        row = await row_of(connection, name)
        if row["totp_step"]:
            words = "已经开启双因素验证。更换手机请联系管理员先关闭，再重新设置。"
            raise CitizenError(words, code="second_factor_on", status=409)
        return row

    async def _begun(self, connection: AsyncConnection, name: str) -> sa.RowMapping:
        row = await self._without(connection, name)
        if not row["totp"]:
            raise CitizenError("请先取得二维码，再输入验证码。", code="not_begun", status=409)
        return row

    def _enrolment(self, name: str, raw: bytes) -> Enrolment:
        secret = base64.b32encode(raw).decode()
        uri = _totp(raw).provisioning_uri(name=name, issuer_name=self._issuer)
        # White behind it: in a dark page cameras would not find it.
        picture = segno.make_qr(uri, error="m").svg_inline(omitsize=True, border=4, light="#fff", title="双因素验证二维码")
        return Enrolment(" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)), uri, picture)

    def _use(self, row: sa.RowMapping, code: str) -> dict[str, object] | None:
        """Return what changes in the account when `code` is used up; None when it is none."""
        if not row["totp_step"]:
            return None
        if len(code) == _DIGITS:
            step = self._step(row, code)
            return None if step is None else {"totp_step": step}
        marks: list[str] = json.loads(row["recovery"])
        mark = self._mark(row["name"], code)
        rest = [each for each in marks if not hmac.compare_digest(each, mark)]
        return {"recovery": json.dumps(rest)} if len(rest) < len(marks) else None

    def _step(self, row: sa.RowMapping, code: str) -> int | None:
        """Return the step of time that `code` belongs to, if none as late was used before."""
        totp = _totp(self._unseal(row["name"], row["totp"]))
        now = totp.timecode(self._clock.now())
        steps = range(max(now - _WINDOW, row["totp_step"] + 1), now + _WINDOW + 1)
        return next((step for step in steps if hmac.compare_digest(totp.generate_otp(step), code)), None)

    def _mark(self, name: str, code: str) -> str:
        return hmac.new(self._pepper, f"{name}\0{code}".encode(), hashlib.sha256).hexdigest()

    def _seal(self, name: str, raw: bytes) -> str:
        nonce = new_key(_NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, raw, name.encode())).decode()

    def _unseal(self, name: str, sealed: str) -> bytes:
        raw = base64.b64decode(sealed)
        try:
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], name.encode())
        except InvalidTag as error:
            raise OurFault(f"用户 {name} 的双因素密钥无法解密，密钥文件可能换过；请从备份恢复，或由管理员关闭后重设。") from error


def _totp(raw: bytes) -> pyotp.TOTP:
    return pyotp.TOTP(base64.b32encode(raw).decode(), digits=_DIGITS, interval=_PERIOD)


def _refused(locked_until: str) -> CitizenError:
    if not locked_until:
        return CitizenError("验证码不对，或者已经用过。请等手机显示下一个 6 位数字再输入。", code="wrong_code", status=401, field="code")
    local = local_of(locked_until)
    words = f"连续输错 {ALLOWED} 次，账号锁定到 {local.month} 月 {local.day} 日 {local:%H:%M}；急用请联系管理员。"
    return CitizenError(words, code="locked", status=401, field="code")
