"""Where partners are told what happens: one address each, and the secret by which they know that it is us.

The secret is shown once and kept encrypted (AES-256-GCM, bound to the partner); its key stands in a file beside the store, so that
a copy of the store alone signs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.channels.partners.keys import BY_COMMAND, may_be_told
from zhixun.channels.partners.ports import Daybook
from zhixun.clock import ZONE, Clock, new_key, new_token, stamp
from zhixun.database import Database, hook_deliveries, partners
from zhixun.errors import CitizenError, OurFault
from zhixun.retries import DROPPED, RUNNING
from zhixun.signing import NotSent, SignedPost

__all__ = ["Hook", "Hooks"]

_NONCE = 12
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a partner is told, and the secret that both sides share."""

    url: str
    secret: bytes = field(repr=False)


class Hooks:
    """Sets, finds and tries the addresses.

    Args:
        key: 32 bytes that the secrets are encrypted with.
        post: what posts; an address that it would not call is not taken.
    """

    def __init__(self, database: Database, clock: Clock, daybook: Daybook, key: bytes, post: SignedPost) -> None:
        self._database = database
        self._clock = clock
        self._daybook = daybook
        self._cipher = AESGCM(key)
        self._post = post

    async def set(self, partner: str, url: str) -> str:
        """Have a partner told at `url` from now on; returns a new secret, which is shown nowhere again.

        Raises:
            CitizenError: (404) there is no such partner, or the address may not be called.
        """
        if len(url) > _LONGEST:
            raise CitizenError(f"地址最多 {_LONGEST} 个字符。", field="url")
        try:
            self._post.allowed(url)
        except NotSent as error:
            raise CitizenError(f"{error.words.replace('没有发送', '不能使用')}。", field="url") from error
        secret = new_token()
        nonce = new_key(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), partner.encode())
        async with self._database.write() as connection:
            await self._change(connection, partner, hook=url, secret=sealed)
        await self._daybook.note("hook_set", BY_COMMAND, {"partner": partner})
        return secret

    async def remove(self, partner: str) -> None:
        """Tell a partner nothing more; what waits is dropped.

        Raises:
            CitizenError: (404) there is no such partner.
        """
        async with self._database.write() as connection:
            await self._change(connection, partner, hook="", secret=b"")
            waiting = (hook_deliveries.c.partner == partner) & hook_deliveries.c.standing.in_(RUNNING)
            await connection.execute(hook_deliveries.update().where(waiting).values(standing=DROPPED))
        await self._daybook.note("hook_removed", BY_COMMAND, {"partner": partner})

    async def is_heard(self, connection: AsyncConnection, partner: str) -> bool:
        """Tell whether a partner has an address, and a key that is good for being told."""
        return bool(await self._row(connection, partner))

    async def find(self, connection: AsyncConnection, partner: str) -> Hook | None:
        """Return where a partner is told; None when it is not.

        Raises:
            OurFault: the secret does not open with this key.
        """
        row = await self._row(connection, partner)
        if row is None:
            return None
        try:
            secret = self._cipher.decrypt(row["secret"][:_NONCE], row["secret"][_NONCE:], partner.encode())
        except (InvalidTag, ValueError) as error:
            raise OurFault(f"接入系统 {partner} 的通知密钥打不开：请从备份恢复 keys/partners.key，或重新运行 zhixun key hook。") from error
        return Hook(row["hook"], secret)

    async def ping(self, partner: str) -> None:
        """Post something that means nothing, to see whether it is taken.

        Raises:
            CitizenError: (404) the partner has no address, or no key left that is good for it.
            NotSent: it was not taken.
        """
        async with self._database.read() as connection:
            hook = await self.find(connection, partner)
        if hook is None:
            words = f"接入系统 {partner} 没有登记接收地址，或者没有带“接收通知”权限的有效密钥。"
            raise CitizenError(words, code="no_hook", status=404)
        now = stamp(self._clock.now())
        await self._post.send(hook.url, hook.secret, f"ping/{now}", {"event": "ping", "time": now})

    async def addresses(self) -> dict[str, str]:
        """Return the address of each partner; empty where there is none."""
        async with self._database.read() as connection:
            return {row.name: row.hook for row in await connection.execute(sa.select(partners.c.name, partners.c.hook))}

    async def _row(self, connection: AsyncConnection, partner: str) -> sa.RowMapping | None:
        row = (await connection.execute(sa.select(partners).where(partners.c.name == partner, partners.c.hook != ""))).mappings().first()
        today = self._clock.now().astimezone(ZONE).date()
        return row if row is not None and await may_be_told(connection, partner, today) else None

    @staticmethod
    async def _change(connection: AsyncConnection, partner: str, **values: object) -> None:
        changed = await connection.execute(partners.update().where(partners.c.name == partner).values(**values))
        if not changed.rowcount:
            raise CitizenError(f"没有接入系统 {partner}，请先用 zhixun key add 发放密钥。", code="no_partner", status=404)
