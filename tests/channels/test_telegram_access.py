"""What an operator gives for Telegram: all or nothing, and what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doubles.telegram import BOT, SECRET, STAFF, TOKEN
from zhixun.channels.telegram.access import Access, access_of
from zhixun.channels.telegram.door import TelegramDoor
from zhixun.doorways import doors_of
from zhixun.errors import StopNow
from zhixun.settings import read_settings


def _given(folder: Path, *, token: str | None = TOKEN, secret: str | None = SECRET, **more: str) -> dict[str, str]:
    environ = {f"ZHIXUN_{name}": value for name, value in more.items()}
    for name, value in (("TOKEN", token), ("SECRET", secret)):
        if value is not None:
            (folder / name).write_text(f"{value}\n", "utf-8")
            environ[f"ZHIXUN_TELEGRAM_{name}_FILE"] = str(folder / name)
    return environ


def test_nothing_given_is_a_door_that_is_shut() -> None:
    assert access_of(read_settings({})) is None


def test_all_that_is_given_is_read(tmp_path: Path) -> None:
    environ = _given(tmp_path, PUBLIC_URL="https://ip.example.cn/", TELEGRAM_STAFF_CHAT=str(STAFF))
    access = access_of(read_settings(environ))
    assert access == Access(TOKEN, SECRET, "https://api.telegram.org", "https://ip.example.cn", polling=False, staff_chat=STAFF)
    assert access.account == BOT
    assert access.webhook == "https://ip.example.cn/channels/telegram"


def test_who_asks_for_updates_needs_no_secret(tmp_path: Path) -> None:
    access = access_of(read_settings(_given(tmp_path, secret=None, TELEGRAM_POLLING="on")))
    assert access is not None
    assert access.polling
    assert access.webhook == ""


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"secret": None}, "ZHIXUN_TELEGRAM_SECRET_FILE"),
        ({"token": None}, "TELEGRAM_SECRET_FILE.*ZHIXUN_TELEGRAM_TOKEN_FILE"),
        ({"token": None, "secret": None, "TELEGRAM_POLLING": "on"}, "ZHIXUN_TELEGRAM_TOKEN_FILE"),
        ({"token": None, "secret": None, "TELEGRAM_STAFF_CHAT": "-100123456"}, "ZHIXUN_TELEGRAM_TOKEN_FILE"),
        ({"token": "token"}, "TOKEN_FILE.*BotFather"),
        ({"token": f"{TOKEN}\n{TOKEN}"}, "TOKEN_FILE.*BotFather"),
        ({"secret": ""}, "SECRET_FILE.*1–256"),
        ({"secret": "有汉字"}, "SECRET_FILE.*1–256"),
        ({"secret": "a" * 257}, "SECRET_FILE.*1–256"),
        ({"TELEGRAM_STAFF_CHAT": "@staff"}, "ZHIXUN_TELEGRAM_STAFF_CHAT"),
    ],
)
def test_what_is_missing_or_wrong_stops_the_start_by_its_name(tmp_path: Path, given: dict[str, str], missing: str) -> None:
    with pytest.raises(StopNow, match=missing) as stopped:
        access_of(read_settings(_given(tmp_path, **given)))
    assert TOKEN not in stopped.value.message


def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    environ = _given(tmp_path)
    (tmp_path / "TOKEN").unlink()
    with pytest.raises(StopNow, match=r"TOKEN_FILE.*无法读取"):
        access_of(read_settings(environ))
    (tmp_path / "TOKEN").write_bytes(b"\xff\xfe")
    with pytest.raises(StopNow, match="不是文本"):
        access_of(read_settings(environ))


def test_the_service_opens_the_door_that_its_settings_give(tmp_path: Path) -> None:
    # Of the store a door needs nothing before it runs.
    assert not [door for door in doors_of(read_settings({}), None) if isinstance(door, TelegramDoor)]  # type: ignore[arg-type]
    (door,) = [one for one in doors_of(read_settings(_given(tmp_path)), None) if isinstance(one, TelegramDoor)]  # type: ignore[arg-type]
    assert door.name == "telegram"
    assert door.notices is None
