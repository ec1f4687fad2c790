"""What WeChat delivers: checked, decrypted and read; and the form of what it is answered.

Three modes can be chosen in WeChat's console. In the clear, the signature covers no more than time and nonce. In the safe mode it
covers the encrypted message, and the compatible one sends both. With a key only what is encrypted is believed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from zhixun.channels.tencent.account import Account
from zhixun.channels.tencent.crypto import Cipher, Refused, is_signed, signature
from zhixun.channels.tencent.xml import read_xml, write_xml
from zhixun.clock import Clock, new_token
from zhixun.errors import StopNow

__all__ = ["WINDOW", "Callback", "Delivery"]

WINDOW = 300
"""For so many seconds before and after now a delivery is believed."""
_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """What WeChat has delivered.

    Attributes:
        fields: of the message, by name.
    """

    fields: Mapping[str, str]


class Callback:
    """Opens what is delivered to one account, and seals what it is answered.

    Raises:
        StopNow: the key has a wrong form.
    """

    def __init__(self, account: Account, clock: Clock) -> None:
        self._token = account.token
        self._clock = clock
        self._used: OrderedDict[tuple[str, str, str], tuple[bytes, float]] = OrderedDict()
        try:
            self._cipher = Cipher(account.aes_key, account.id) if account.aes_key else None
        except ValueError as error:
            raise StopNow(f"ZHIXUN_WECHAT_AES_KEY_FILE：{error}") from error

    def check(self, query: Mapping[str, str]) -> None:
        """Check that WeChat has signed an address just now.

        Raises:
            Refused: it has not.
        """
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not is_signed(query.get("signature", ""), self._token, timestamp, nonce):
            raise Refused("signature is wrong (does the token agree with the console?)")
        self._check_time(timestamp)

    def open(self, query: Mapping[str, str], body: bytes) -> Delivery:
        """Return what was delivered.

        Raises:
            Refused: WeChat has not signed it, or not now; it is not for this account, or not in a form that is taken.
        """
        self.check(query)
        if body.lstrip()[:1] in (b"{", b"["):
            raise Refused("body is JSON: choose XML as the data format in the console")
        outer = read_xml(body)
        encrypted = outer.get("Encrypt", "")
        timestamp, nonce = query["timestamp"], query["nonce"]
        if self._cipher is None:
            if encrypted and "MsgType" not in outer:
                raise Refused("message is encrypted, but ZHIXUN_WECHAT_AES_KEY_FILE is not set")
            self._use((timestamp, nonce, query["signature"]), body)
            return Delivery(outer)
        if not encrypted:
            raise Refused("message is in the clear, but ZHIXUN_WECHAT_AES_KEY_FILE is set: choose the safe mode in the console")
        signed = query.get("msg_signature", "")
        if not is_signed(signed, self._token, timestamp, nonce, encrypted):
            raise Refused("signature of the encrypted message is wrong")
        self._use((timestamp, nonce, signed), body)
        return Delivery(read_xml(self._cipher.decrypt(encrypted)))

    def reply(self, delivery: Delivery, text: str) -> bytes:
        """Return the answer to a delivery that shows `text` to who wrote."""
        now = int(self._clock.now().timestamp())
        plain = write_xml({
            "ToUserName": delivery.fields["FromUserName"], "FromUserName": delivery.fields["ToUserName"], "CreateTime": now,
            "MsgType": "text", "Content": text,
        })  # fmt: skip
        if self._cipher is None:
            return plain
        encrypted, nonce = self._cipher.encrypt(plain), new_token()[:16]
        signed = signature(self._token, str(now), nonce, encrypted)
        return write_xml({"Encrypt": encrypted, "MsgSignature": signed, "TimeStamp": now, "Nonce": nonce})

    def _use(self, key: tuple[str, str, str], body: bytes) -> None:
        """Refuse a signature that came with another body; the same comes again when WeChat has not heard that it was taken."""
        digest, now = hashlib.sha256(body).digest(), self._clock.now().timestamp()
        known, _ = self._used.setdefault(key, (digest, now))
        if known != digest:
            raise Refused("signature was used for another message")
        while len(self._used) > _REMEMBERED or next(iter(self._used.values()))[1] < now - 2 * WINDOW:
            self._used.popitem(last=False)

    def _check_time(self, timestamp: str) -> None:
        now = self._clock.now().timestamp()
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12 and abs(now - int(timestamp)) <= WINDOW):
            raise Refused("delivery is too old, or the clocks differ")
