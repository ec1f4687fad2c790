"""What an operator gives for Telegram: read from the settings and the files of secrets, once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from zhixun.errors import StopNow
from zhixun.settings import PREFIX, Settings, read_secret

__all__ = ["PATH", "Access", "access_of"]

PATH = "/channels/telegram"
"""Where Telegram brings updates."""
_TOKEN = re.compile(r"[0-9]{5,20}:[A-Za-z0-9_-]{30,100}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_CHAT = re.compile(r"-?[0-9]{5,20}")


@dataclass(frozen=True, slots=True)
class Access:
    """What the door needs.

    Attributes:
        token: by which the bot is known. secret: by which Telegram is known to us; empty while we ask it for updates.
        api_url: where its API is. public_url: where we can be reached; empty when nobody told.
        polling: whether we ask for updates. staff_chat: the group of staff, None without one.
    """

    token: str = field(repr=False)
    secret: str = field(repr=False)
    api_url: str
    public_url: str = ""
    polling: bool = False
    staff_chat: int | None = None

    @property
    def account(self) -> str:
        """The bot's id, which its token begins with."""
        return self.token.partition(":")[0]

    @property
    def webhook(self) -> str:
        """The address that Telegram is told to bring updates to; empty when it is not known."""
        return f"{self.public_url}{PATH}" if self.public_url else ""


def access_of(settings: Settings) -> Access | None:
    """Return what is needed; None when nothing of Telegram is set.

    Raises:
        StopNow: something is missing, unreadable or of the wrong form; the message names it.
    """
    if settings.telegram_token_file is None:
        others = {"SECRET_FILE": settings.telegram_secret_file, "POLLING": settings.telegram_polling,
                  "STAFF_CHAT": settings.telegram_staff_chat}  # fmt: skip
        if given := [f"{PREFIX}TELEGRAM_{name}" for name, value in others.items() if value]:
            raise StopNow(f"设置了 {'、'.join(given)}，还要用 {PREFIX}TELEGRAM_TOKEN_FILE 指明机器人凭证（token）的文件。")
        return None
    if settings.telegram_secret_file is None and not settings.telegram_polling:
        raise StopNow(
            f"设置了 {PREFIX}TELEGRAM_TOKEN_FILE，还要用 {PREFIX}TELEGRAM_SECRET_FILE 指明回调口令的文件；"
            f"服务器收不到 Telegram 的推送时，改设 {PREFIX}TELEGRAM_POLLING=on。"
        )
    secret = ""
    if settings.telegram_secret_file is not None:
        secret = _read(settings.telegram_secret_file, "TELEGRAM_SECRET_FILE", _SECRET, "1–256 个字母、数字、“_”或“-”")
    token = _read(settings.telegram_token_file, "TELEGRAM_TOKEN_FILE", _TOKEN, "BotFather 给出的“数字:字母数字”一行")
    chat = settings.telegram_staff_chat
    if chat and not _CHAT.fullmatch(chat):
        raise StopNow(f"设置 {PREFIX}TELEGRAM_STAFF_CHAT 应为群的数字编号，例如 -1001234567890。")
    return Access(
        token, secret, settings.telegram_api_url, settings.public_url, settings.telegram_polling, int(chat) if chat else None
    )


def _read(path: Path, name: str, form: re.Pattern[str], words: str) -> str:
    value = read_secret(name, path)
    if not form.fullmatch(value):
        raise StopNow(f"{PREFIX}{name} 指明的文件 {path} 的内容不对，应为{words}。")
    return value
