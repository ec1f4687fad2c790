"""Keys: one for each consultation, wrapped by the master key; destroying it makes the words unreadable for ever.

AES-256-GCM with a random 96-bit nonce; the consultation and position are bound to each text as associated data, so that
a sealed text cannot be moved elsewhere. The ledger is signed with Ed25519 (RFC 8032).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.canonical import canonical
from zhixun.archive.durable import write_private
from zhixun.clock import new_key
from zhixun.database import keys
from zhixun.errors import OurFault, StopNow

__all__ = ["Keyring", "load_secret", "load_signer"]

_NONCE = 12


def load_secret(path: Path) -> bytes:
    """Read the 32-byte secret at `path`, making it on first use.

    Raises:
        StopNow: the file is there but damaged.
    """
    if not path.exists():
        write_private(path, base64.b64encode(new_key()) + b"\n")
    try:
        secret = base64.b64decode(path.read_bytes(), validate=False)
    except (OSError, ValueError) as error:
        raise StopNow(f"密钥文件 {path.name} 无法读取：{error}") from error
    if len(secret) != 32:
        raise StopNow(f"密钥文件 {path.name} 已损坏，请从备份恢复。")
    return secret


def load_signer(folder: Path) -> Ed25519PrivateKey:
    """Read the ledger's signing key from `folder`, making it on first use."""
    return Ed25519PrivateKey.from_private_bytes(load_secret(folder / "ledger.key"))


class Keyring:
    """Seals and opens private bodies.

    Args:
        folder: where `master.key` is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._master = AESGCM(load_secret(folder / "master.key"))

    async def create(self, connection: AsyncConnection, consultation: str) -> None:
        """Draw the key of a new consultation."""
        key = new_key()
        nonce = new_key(_NONCE)
        wrapped = nonce + self._master.encrypt(nonce, key, consultation.encode())
        await connection.execute(keys.insert().values(consultation=consultation, wrapped=wrapped))

    async def find(self, connection: AsyncConnection, consultation: str) -> bytes | None:
        """Return the key, or None when it was destroyed.

        Raises:
            OurFault: the wrapped key does not open with this master key.
        """
        # Asked each time: another process (`zhixun erase`) may have destroyed a key that is remembered here.
        wrapped = await connection.scalar(sa.select(keys.c.wrapped).where(keys.c.consultation == consultation))
        return None if wrapped is None else self.unwrap(consultation, wrapped)

    def unwrap(self, consultation: str, wrapped: bytes) -> bytes:
        """Open a key as it stands in the table `keys`.

        Raises:
            OurFault: it does not open with this master key.
        """
        try:
            return self._master.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], consultation.encode())
        except (InvalidTag, ValueError) as error:
            raise OurFault(f"咨询件 {consultation} 的密钥与主密钥不符。") from error

    async def destroy(self, connection: AsyncConnection, consultation: str) -> None:
        """Destroy the key; the store overwrites the freed page (`secure_delete`)."""
        await connection.execute(keys.delete().where(keys.c.consultation == consultation))


def seal(key: bytes, place: str, private: Mapping[str, Any]) -> str:
    """Encrypt `private` for `place` (consultation and position); returns base64."""
    nonce = new_key(_NONCE)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, canonical(private), place.encode())).decode()


def unseal(key: bytes, place: str, sealed: str) -> dict[str, Any]:
    """Decrypt what `seal` made.

    Raises:
        OurFault: it was changed, or belongs to another place.
    """
    try:
        raw = base64.b64decode(sealed)
        plain: dict[str, Any] = json.loads(AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], place.encode()))
    except (InvalidTag, ValueError) as error:
        raise OurFault(f"{place} 的内容无法解密，可能被改动。") from error
    return plain
