"""The encryption of WeChat and WeCom: the published examples, another implementation in both directions, and what is refused."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher as Aes
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto
from wechatpy.crypto import WeChatCrypto as Theirs
from wechatpy.exceptions import InvalidAppIdException
from wechatpy.work.crypto import WeChatCrypto as TheirWork

from zhixun.channels.tencent.crypto import Cipher, Refused, is_signed, signature

KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
APP = "wx1234567890abcdef"
CORP = "wx5823bf96d3bd56c7"
OWN = "sKqRbbiSUnDhFHOvPjtUMVxy0CR5+bglYyfgHx2BYfm9Pt3gyMcedGQNrIyJTd2tEdSHwIF6L+aR7vjiwzFYKg=="
ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
RAW_KEY = base64.b64decode(KEY + "=")


def sealed(packed: bytes) -> str:
    """Encrypt bytes as they are, however they are padded."""
    encryptor = Aes(algorithms.AES(RAW_KEY), modes.CBC(RAW_KEY[:16])).encryptor()
    return base64.b64encode(encryptor.update(packed) + encryptor.finalize()).decode()


def padded(packed: bytes) -> bytes:
    pad = 32 - len(packed) % 32
    return packed + bytes([pad]) * pad


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("AAAAA", "1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (("AAAAA", "1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (("QDG6eK", "1409659589", "263014780", ECHO), "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"),
        (("testtoken", "1700000000", "nonce1", OWN), "922ded812ab4337f53bff79822f6ce711dc5b7e5"),
        (("testtoken", "1700000000", "nonce1"), "3e3be902b7c0c6d66ddf30e7f5f4bfc8f2e049af"),
    ],
    ids=["official-1", "official-2", "wecom", "own-encrypted", "own-plain"],
)
def test_signatures_are_as_published(parts: tuple[str, ...], expected: str) -> None:
    assert signature(*parts) == expected
    assert is_signed(expected, *parts)
    assert not is_signed(expected[:-1] + ("0" if expected[-1] != "0" else "1"), *parts)
    assert not is_signed("", *parts)
    assert not is_signed("签名", *parts)


def test_the_published_example_is_decrypted() -> None:
    assert Cipher(KEY, CORP).decrypt(ECHO) == b"1616140317555161061"


def test_a_known_prefix_gives_the_known_text() -> None:
    cipher = Cipher(KEY, APP)
    assert cipher.encrypt("<xml>测试</xml>".encode(), b"0123456789abcdef") == OWN
    assert cipher.decrypt(OWN).decode() == "<xml>测试</xml>"


def test_the_same_message_is_never_encrypted_alike() -> None:
    cipher = Cipher(KEY, APP)
    assert cipher.encrypt(b"x") != cipher.encrypt(b"x")


@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_the_other_implementation_reads_what_we_write(text: str) -> None:
    encrypted = Cipher(KEY, APP).encrypt(text.encode())
    assert PrpCrypto(RAW_KEY).decrypt(encrypted, APP) == text


@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_we_read_what_the_other_implementation_writes(text: str) -> None:
    assert Cipher(KEY, APP).decrypt(PrpCrypto(RAW_KEY).encrypt(text, APP).decode()).decode() == text


@given(st.binary(max_size=200))
def test_whatever_is_encrypted_comes_out_again(message: bytes) -> None:
    assert Cipher(KEY, APP).decrypt(Cipher(KEY, APP).encrypt(message)) == message


def test_the_other_implementation_believes_our_envelope() -> None:
    for theirs, receiver in ((Theirs, APP), (TheirWork, CORP)):
        encrypted = Cipher(KEY, receiver).encrypt(b"<xml>1</xml>")
        signed = signature("testtoken", "1700000000", "n", encrypted)
        body = f"<xml><Encrypt>{encrypted}</Encrypt></xml>"
        assert theirs("testtoken", KEY, receiver).decrypt_message(body, signed, "1700000000", "n") == "<xml>1</xml>"


def test_what_is_for_another_account_is_refused() -> None:
    with pytest.raises(Refused, match="another account"):
        Cipher(KEY, "wx0000000000000000").decrypt(OWN)
    with pytest.raises(InvalidAppIdException):
        PrpCrypto(RAW_KEY).decrypt(Cipher(KEY, APP).encrypt(b"x"), "wx0000000000000000")


def test_a_receiver_that_only_begins_alike_is_refused() -> None:
    for receiver in (APP[:-1], APP + "0", ""):
        with pytest.raises(Refused, match="another account"):
            Cipher(KEY, APP).decrypt(Cipher(KEY, receiver).encrypt(b"x"))


_HEAD = bytes(16)
_WHOLE = _HEAD + (1).to_bytes(4, "big") + b"x" + APP.encode()


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (_WHOLE + bytes(32 - len(_WHOLE) % 32), "padding"), (_WHOLE + b"\x39" * 57, "padding"), (b"\x20" * 32, "shorter"),
        (padded(_WHOLE)[:-2] + b"\x01" + padded(_WHOLE)[-1:], "padding"), (padded(_HEAD[:10]), "shorter"),
        (padded(_HEAD + (2**32 - 1).to_bytes(4, "big") + b"x" + APP.encode()), "shorter"),
        (padded(_HEAD + (1000).to_bytes(4, "big") + b"x" + APP.encode()), "shorter"), (padded(_HEAD + b"\0\0\0\x01"), "shorter"),
        (padded(_HEAD + b"\0\0\0\0"), "another account"),
    ],
    ids=["pad-0", "pad-57", "only-pad", "pad-mixed", "too-short", "length-huge", "length-large", "nothing-after", "nobody"],
)  # fmt: skip
def test_what_is_packed_wrongly_is_refused(packed: bytes, why: str) -> None:
    assert len(packed) % 32 == 0
    with pytest.raises(Refused, match=why):
        Cipher(KEY, APP).decrypt(sealed(packed))


@pytest.mark.parametrize("text", ["", "====", "abc", "测试", "A" * 43, OWN[:-4], OWN + "!", OWN[:20] + "\n" + OWN[20:]])
def test_what_is_no_encrypted_text_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        Cipher(KEY, APP).decrypt(text)


@given(st.integers(0, len(base64.b64decode(OWN)) - 1), st.integers(1, 255))
def test_no_changed_byte_gives_another_message_for_this_account(place: int, change: int) -> None:
    raw = bytearray(base64.b64decode(OWN))
    raw[place] ^= change
    try:
        message = Cipher(KEY, APP).decrypt(base64.b64encode(raw).decode())
    except Refused:
        return
    # The first block is random filling; changing it is found by the signature, and spoils no more than sixteen bytes after it.
    assert place < 32
    assert len(message) == len("<xml>测试</xml>".encode())


def test_another_key_is_refused() -> None:
    with pytest.raises(Refused):
        Cipher("k" + KEY[1:], APP).decrypt(OWN)


@pytest.mark.parametrize("key", ["", KEY[:-1], KEY + "A", KEY[:-1] + "=", "测" * 43, KEY[:-1] + "\n"])
def test_a_key_of_another_form_is_not_taken(key: str) -> None:
    with pytest.raises(ValueError, match="43"):
        Cipher(key, APP)
