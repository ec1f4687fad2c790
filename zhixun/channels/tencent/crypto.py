"""The signatures and the encryption of what WeChat and WeCom deliver, and of what they are answered.

A message is packed as sixteen random bytes, its length, itself, and the id of whom it is for; padded to blocks of 32 bytes, and
encrypted by AES-256-CBC. Nothing of what comes in is believed before its signature, padding, length and receiver are right.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

from cryptography.hazmat.primitives.ciphers import Cipher as Aes
from cryptography.hazmat.primitives.ciphers import algorithms, modes

from zhixun.clock import new_key

__all__ = ["Cipher", "Refused", "is_signed", "signature"]

_KEY = re.compile(r"[A-Za-z0-9]{43}")
_BLOCK = 32
_PREFIX = 16
_LENGTH = 4


class Refused(Exception):
    """What came in is not what the platform would have sent to this account; the words, in English, are fit for the log."""


def signature(*parts: str) -> str:
    """Return the signature over `parts`: the token, the time, the nonce and, where there is one, the encrypted text."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def is_signed(given: str, *parts: str) -> bool:
    """Tell, in constant time, whether `given` is the signature over `parts`."""
    return hmac.compare_digest(given.encode(), signature(*parts).encode())


class Cipher:
    """Encrypts and decrypts the messages of one account.

    Args:
        aes_key: the 43 letters and digits of the console. receiver: the AppID or CorpID of the account.

    Raises:
        ValueError: the key has another form; the words are Chinese, for the operator.
    """

    def __init__(self, aes_key: str, receiver: str) -> None:
        if not _KEY.fullmatch(aes_key):
            raise ValueError("EncodingAESKey 应为 43 个英文字母和数字，与后台一致。")
        self._key = base64.b64decode(aes_key + "=")
        self._receiver = receiver.encode()

    def encrypt(self, message: bytes, prefix: bytes = b"") -> str:
        """Return `message` encrypted.

        Args:
            prefix: the sixteen bytes in front; drawn at random unless a published example is to be met.
        """
        packed = (prefix or new_key(_PREFIX)) + len(message).to_bytes(_LENGTH, "big") + message + self._receiver
        pad = _BLOCK - len(packed) % _BLOCK
        encryptor = self._aes().encryptor()
        return base64.b64encode(encryptor.update(packed + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> bytes:
        """Return the message.

        Raises:
            Refused: it was not encrypted with this key, is damaged, or is for somebody else.
        """
        try:
            raw = base64.b64decode(encrypted.encode(), validate=True)
        except (binascii.Error, ValueError) as error:
            raise Refused("encrypted text is no base64") from error
        if not raw or len(raw) % _BLOCK:
            raise Refused("encrypted text has no whole blocks")
        decryptor = self._aes().decryptor()
        packed = _unpadded(decryptor.update(raw) + decryptor.finalize())
        length = int.from_bytes(packed[_PREFIX : _PREFIX + _LENGTH], "big")
        message, receiver = packed[_PREFIX + _LENGTH :][:length], packed[_PREFIX + _LENGTH + length :]
        if len(packed) < _PREFIX + _LENGTH or len(message) != length:
            raise Refused("decrypted text is shorter than it says")
        if not hmac.compare_digest(receiver, self._receiver):
            raise Refused("decrypted text is for another account")
        return message

    def _aes(self) -> Aes[modes.CBC]:
        return Aes(algorithms.AES(self._key), modes.CBC(self._key[:16]))


def _unpadded(packed: bytes) -> bytes:
    pad = packed[-1]
    if not 1 <= pad <= _BLOCK or not hmac.compare_digest(packed[-pad:], bytes([pad]) * pad):
        raise Refused("decrypted text has no right padding")
    return packed[:-pad]
