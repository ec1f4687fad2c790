"""Passwords: kept as Argon2id, drawn for one use, and chosen without rules but against the first guesses."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from argon2 import PasswordHasher, extract_parameters

from zhixun.desk import passwords
from zhixun.desk.passwords import NOBODY, check_choice, draw_password, hash_password, is_old, is_right
from zhixun.errors import CitizenError, TryLater

GOOD = "高原上的风吹过湟水河"


async def test_a_password_is_kept_as_argon2id_with_enough_work() -> None:
    kept = await hash_password(GOOD)
    assert kept.startswith("$argon2id$v=19$")
    strength = extract_parameters(kept)
    # OWASP, Password Storage Cheat Sheet: at least 19 MiB and two passes.
    assert strength.memory_cost >= 19 * 1024
    assert strength.time_cost >= 2
    assert (strength.salt_len, strength.hash_len) == (16, 32)


async def test_only_the_password_itself_is_right() -> None:
    kept = await hash_password(GOOD)
    assert await is_right(kept, GOOD)
    for wrong in ("", GOOD[:-1], f"{GOOD} ", "湟水河吹过高原上的风", "\ud800"):
        assert not await is_right(kept, wrong)


async def test_the_same_password_has_another_hash_each_time() -> None:
    assert await hash_password(GOOD) != await hash_password(GOOD)


async def test_full_width_letters_are_the_same_letters() -> None:
    assert await is_right(await hash_password("Ｋaiｍen 2026！芝麻"), "Kaimen 2026!芝麻")


async def test_nobody_costs_the_same_work_and_has_no_password() -> None:
    kept = await hash_password(GOOD)
    assert extract_parameters(NOBODY) == extract_parameters(kept)
    for password in ("", GOOD, "\0" * 32):
        assert not await is_right(NOBODY, password)


@contextlib.contextmanager
def _held(*pools: ThreadPoolExecutor) -> Iterator[None]:
    """Let no thread of the pools do anything meanwhile."""
    go_on = Event()
    held = [pool.submit(go_on.wait) for pool in pools for _ in range(2)]
    try:
        yield
    finally:
        go_on.set()
        for each in held:
            each.result()


async def test_passwords_and_everything_else_do_not_wait_for_each_other() -> None:
    # Not shut down by the loop, but here: nothing is left behind.
    with ThreadPoolExecutor(2) as others:
        asyncio.get_running_loop().set_default_executor(others)
        with _held(others):
            kept = await hash_password(GOOD)
            assert await is_right(kept, GOOD)
        with _held(passwords._THREADS):
            reckoned = asyncio.create_task(is_right(kept, GOOD))
            assert await asyncio.to_thread(lambda: "done") == "done"
            assert not reckoned.done()
        assert await reckoned


async def test_sixteen_wait_and_more_are_sent_away() -> None:
    kept = await hash_password(GOOD)
    with _held(passwords._THREADS):
        waiting = [asyncio.create_task(is_right(kept, GOOD)) for _ in range(16)]
        await asyncio.sleep(0)
        for reckon in (is_right(kept, GOOD), hash_password(GOOD)):
            with pytest.raises(TryLater, match="再试"):
                await reckon
        # Who goes away while waiting makes room.
        waiting.pop().cancel()
        await asyncio.sleep(0)
        waiting.append(asyncio.create_task(is_right(kept, GOOD)))
        await asyncio.sleep(0)
    assert all(await asyncio.gather(*waiting))
    assert await is_right(kept, GOOD)


def _of_the_first_release(password: str) -> str:
    salt = bytes(range(16))
    drawn = hashlib.scrypt(password.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=64 * 1024 * 1024)
    return f"{base64.b64encode(salt).decode()}${base64.b64encode(drawn).decode()}"


async def test_a_hash_of_the_first_release_still_opens_and_is_to_be_made_anew() -> None:
    kept = _of_the_first_release("k7pm-x2qd-9bfr-wt4n")
    assert await is_right(kept, "k7pm-x2qd-9bfr-wt4n")
    assert not await is_right(kept, "k7pm-x2qd-9bfr-wt4m")
    assert is_old(kept)


async def test_a_weaker_hash_is_old_and_a_new_one_is_not() -> None:
    assert is_old(PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(GOOD))
    assert not is_old(await hash_password(GOOD))
    assert not is_old(NOBODY)


def test_one_time_passwords_have_no_look_alikes_and_may_be_chosen() -> None:
    drawn = {draw_password() for _ in range(50)}
    assert len(drawn) == 50
    for password in drawn:
        assert re.fullmatch(r"(?:[a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", password)
        check_choice("lina", password)


@pytest.mark.parametrize(
    "password",
    [GOOD, "correct horse battery", "lina 今天去爬拉脊山", "abcdefghkm", "7" * 9 + "3", "x" * 127 + "y", "139 0971 门前三棵树"],
)
def test_what_is_long_and_not_common_may_be_chosen(password: str) -> None:
    check_choice("lina", password)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "至少 10"), ("abcdefghk", "至少 10"), ("今天天气真不错啊", "至少 10"), ("xy" * 64 + "z", "最多 128"),
        ("aaaaaaaaaa", "重复"), ("啊啊啊啊啊啊啊啊啊啊", "重复"), ("          ", "重复"),
        ("wang.xiaoming", "用户名"), ("Wang.Xiaoming", "用户名"), ("wangxiaoming2026", "用户名"), ("2026@WangXiaoming!", "用户名"),
        ("1234567890", "常见"), ("5201314520", "常见"), ("1qaz2wsx3edc", "常见"), ("Password123", "常见"), ("admin@123456", "常见"),
        ("woaini1314520", "常见"), ("WoAiNi 521521", "常见"), ("Zhixun2026!", "常见"), ("a123456789", "常见"),
        ("１２３４５６７８９０", "常见"), ("13897123456", "常见"), ("+8613897123456", "常见"),
    ],
)  # fmt: skip
def test_what_is_guessed_first_is_refused_and_told_why(password: str, why: str) -> None:
    with pytest.raises(CitizenError, match=why) as refused:
        check_choice("wang.xiaoming", password)
    assert (refused.value.code, refused.value.field, refused.value.status) == ("weak_password", "password", 400)


def test_a_bare_number_is_no_name() -> None:
    # The account's name without its letters is nothing, and so are the letters of a number.
    check_choice("a7", "8520741963")
