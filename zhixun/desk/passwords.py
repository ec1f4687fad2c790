"""Passwords: how they are kept, how one-time passwords are drawn, and which ones may be chosen.

Kept as Argon2id (RFC 9106), a little stronger than the least that OWASP advises. What people may choose follows NIST SP 800-63B:
long enough and not among the first that a thief tries; no rule about capitals, digits or signs, which only make passwords
harder to remember.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from zhixun.clock import new_key
from zhixun.errors import CitizenError, TryLater

__all__ = ["NOBODY", "check_choice", "draw_password", "hash_password", "is_old", "is_right"]

_SALT, _HASH = 16, 32
_MEMORY_KIB, _PASSES, _LANES = 19 * 1024, 3, 1
_HASHER = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES, hash_len=_HASH, salt_len=_SALT)


# Threads of their own, which begin with the first password: many who sign in at once must not keep everybody else from the disk.
_THREADS = ThreadPoolExecutor(2, "passwords")
_UNDER_WAY = BoundedSemaphore(16)
"""So many at once, being reckoned or waiting for it, which is half a second; more are sent away."""
_T = TypeVar("_T")


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


NOBODY = f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}${_base64(bytes(_SALT))}${_base64(bytes(_HASH))}"
"""Stands for the hash of an account that does not exist; no password gives it, and checking one takes as long."""
_OURS = "$argon2id$"
# No look-alikes: a password is read from a screen and typed by hand.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

_SHORTEST, _LONGEST = 10, 128
# What is tried first, beginning with Chinese habits: 我爱你 and its numbers, rows and columns of the keyboard, counting.
_COMMON = frozenset(re.findall(r"\S+", """
    0123456789 1234567890 0987654321 9876543210 12345678910 123456789123 1234512345 123456123456 123123123123 1122334455
    11223344556677 1111122222 1111111112 1234554321 12345654321 123454321123 1314520520 1314521521 5201314520 5201314521
    5201314123 52013145201314 1314520131 5211314521 5845201314 7758258520 7758521521 77585217758521 1357924680 2468013579
    1470258369 1472583690 147258369147 1593572468 3141592653 31415926535 1008610086 1001010010 4008123123 8888866666
    6666688888 1688168816 1qaz2wsx3edc 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4t5 q1w2e3r4t5y6 qazwsxedcrfv zaq12wsxcde3 1qazxsw23edc
    qwer1234asdf asdf1234qwer qwertyuiop qwertyuiop123 asdfghjkl123 zxcvbnmasdfghjkl qweasdzxc123 123qweasdzxc a1b2c3d4e5
    a1b2c3d4e5f6 1a2b3c4d5e abcdefghij abcdefghijk aaabbbccc111 p@ssw0rd123 p@ssword123 p@ssw0rd1234 passw0rd123 passw0rd2026
    adm1n123456 我爱你我爱你我爱你我 一二三四五六七八九十
"""))
# Refused whatever digits and signs stand around them: admin@123456, woaini1314520, zhixun2026!
_STEMS = frozenset(re.findall(r"\S+", """
    a aa aaa ab abc abcd abcde abcdef asd asdf asdfghjkl qaz qazwsx qwe qwer qwert qwerty zxc zxcv zxcvbnm
    admin administrator changeme dragon guest hello huawei iloveyou letmein login lovely manager master monkey password passwd
    princess root sunshine superman system taobao test tencent user weixin welcome wechat alibaba
    aini aiwo beijing fuwu gongzuo guanliyuan haha heihei jiayou laogong laopo meimei mima nihao shouji tiantian woaini
    woaiwojia woaizhongguo wobuzhidao woshishui xinxi xihuan zhishichanquan zhixun zhixunxitong zhongguo zhuanli
    shangbiao zichan
"""))
_MOBILE = re.compile(r"(?:\+?86)?1[3-9][0-9]{9}")


async def hash_password(password: str) -> str:
    """Return what is kept of a password.

    Raises:
        TryLater: too many are being reckoned.
    """
    plain, salt = _plain(password), new_key(_SALT)
    return await _aside(lambda: _HASHER.hash(plain, salt=salt))


async def is_right(kept: str, password: str) -> bool:
    """Tell whether `password` is the one that `kept` was made of.

    Raises:
        TryLater: too many are being reckoned.
    """
    check, plain = _argon2 if kept.startswith(_OURS) else _scrypt, _plain(password)
    return await _aside(lambda: check(kept, plain))


def is_old(kept: str) -> bool:
    """Tell whether a hash is weaker than those made today, so that it should be made anew at the next right password."""
    return not kept.startswith(_OURS) or _HASHER.check_needs_rehash(kept)


def draw_password() -> str:
    """Draw a one-time password: `k7pm-x2qd-9bfr-wt4n`."""
    drawn = "".join(_LETTERS[byte % len(_LETTERS)] for byte in new_key(16))
    return "-".join(drawn[at : at + 4] for at in range(0, 16, 4))


def check_choice(name: str, password: str) -> None:
    """Make sure that a password is good enough for the account `name`.

    Raises:
        CitizenError: it is not; the sentence says why.
    """
    folded = unicodedata.normalize("NFKC", password).lower()
    stem = "".join(char for char in folded if char.isalpha())
    if len(folded) < _SHORTEST:
        raise _refused(f"密码至少 {_SHORTEST} 个字符，可以用一句自己记得住的话。")
    if len(folded) > _LONGEST:
        raise _refused(f"密码最多 {_LONGEST} 个字符。")
    if len(set(folded)) == 1:
        raise _refused("密码不能只是同一个字符的重复。")
    if stem == "".join(char for char in name if char.isalpha()):
        raise _refused("密码不能是用户名，也不能只在用户名上加数字或符号。")
    if folded in _COMMON or stem in _STEMS or _MOBILE.fullmatch(folded):
        raise _refused("这样的密码太常见，容易被猜中，请换一个；手机号也不要用。")


async def _aside(reckon: Callable[[], _T]) -> _T:
    if not _UNDER_WAY.acquire(blocking=False):
        raise TryLater("现在登录的人太多，请过几秒再试。", code="busy")
    work = _THREADS.submit(reckon)
    # Of the work, not of who waits for it: those who went away keep the threads busy, too.
    work.add_done_callback(lambda _: _UNDER_WAY.release())
    return await asyncio.wrap_future(work)


def _refused(words: str) -> CitizenError:
    return CitizenError(words, code="weak_password", field="password")


def _plain(password: str) -> bytes:
    # The same letters from another keyboard are the same password; and what strangers send may not even be text.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _argon2(kept: str, plain: bytes) -> bool:
    try:
        return _HASHER.verify(kept, plain)
    except VerifyMismatchError:
        return False


def _scrypt(kept: str, plain: bytes) -> bool:
    """Check against a hash of the first release."""
    salt, drawn = (base64.b64decode(part) for part in kept.split("$"))
    again = hashlib.scrypt(plain, salt=salt, n=2**15, r=8, p=1, maxmem=64 * 1024 * 1024)
    return hmac.compare_digest(drawn, again)
