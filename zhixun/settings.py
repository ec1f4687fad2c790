"""The settings: the environment is read here, once, into one frozen record."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from zhixun.errors import StopNow

__all__ = ["PREFIX", "Settings", "read_secret", "read_settings"]

PREFIX = "ZHIXUN_"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set; the README's table lists the same names."""

    data_dir: Path
    project_dir: Path
    http_host: str
    http_port: int
    database_url: str
    engine_url: str
    engine_token_file: Path | None
    today: date | None
    limits: bool
    digest: str
    idle_minutes: int
    guide_hours: int
    trusted_proxy: bool
    public_url: str
    smtp_host: str
    smtp_port: int
    smtp_from: str
    smtp_user: str
    smtp_password_file: Path | None
    smtp_tls: str
    webhook_secrets_file: Path | None
    webhook_private_hosts: frozenset[str]
    ca_file: Path | None
    wechat_app_id: str
    wechat_token_file: Path | None
    wechat_aes_key_file: Path | None
    wechat_secret_file: Path | None
    wechat_api_url: str
    wechat_notice: str
    wecom_corp_id: str
    wecom_token_file: Path | None
    wecom_aes_key_file: Path | None
    wecom_secret_file: Path | None
    wecom_api_url: str
    wecom_staff: str
    telegram_token_file: Path | None
    telegram_secret_file: Path | None
    telegram_api_url: str
    telegram_polling: bool
    telegram_staff_chat: str

    @property
    def knowledge_dir(self) -> Path:
        """The folder of what the assistant may say."""
        return self.project_dir / "knowledge"

    @property
    def own_dir(self) -> Path:
        """The folder of what the deployment itself has written, laid over `knowledge_dir`."""
        return self.data_dir / "knowledge"


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from `environ`.

    Raises:
        StopNow: a `ZHIXUN_` name is unknown, or a value cannot be understood; the message names it.
    """
    given = {name.removeprefix(PREFIX): value for name, value in environ.items() if name.startswith(PREFIX)}
    values = {name: _take(given, name, *rule) for name, rule in _RULES.items()}
    if given:
        raise StopNow(f"不认识的设置：{'、'.join(PREFIX + name for name in sorted(given))}。请改正或删除后重新启动。")
    data_dir: Path = values["DATA_DIR"]
    return Settings(
        data_dir=data_dir,
        project_dir=values["PROJECT_DIR"],
        http_host=values["HTTP_HOST"],
        http_port=values["HTTP_PORT"],
        database_url=values["DATABASE_URL"] or f"sqlite:///{data_dir}/zhixun.db",
        engine_url=values["ENGINE_URL"].rstrip("/"),
        engine_token_file=values["ENGINE_TOKEN_FILE"],
        today=values["TODAY"],
        limits=values["LIMITS"],
        digest=values["DIGEST"],
        idle_minutes=values["IDLE_MINUTES"],
        guide_hours=values["GUIDE_HOURS"],
        trusted_proxy=values["TRUSTED_PROXY"],
        public_url=values["PUBLIC_URL"],
        **{name.lower(): values[name] for name in (*_SENDING, *_DOORS)},
    )


def read_secret(name: str, path: Path) -> str:
    """Return what stands in a file of a secret, without the white space around it.

    Args:
        name: the setting that names the file, without the prefix.

    Raises:
        StopNow: it cannot be read or is no text; the message names setting and file.
    """
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "不是文本"
        raise StopNow(f"{PREFIX}{name} 指明的文件 {path} 无法读取：{why}。请检查路径、权限和内容。") from error


def _take(given: dict[str, str], name: str, parse: Callable[[str], Any], default: str) -> Any:
    # A name with an empty value, as compose files write it, is as good as unset.
    value = given.pop(name, "").strip() or default
    try:
        return parse(value)
    except ValueError as error:
        raise StopNow(f"设置 {PREFIX}{name} 的值“{value}”不对：{error}") from error


def _path(value: str) -> Path:
    return Path(value).expanduser().absolute()


def _whole(least: int, most: int, unit: str = "") -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.isdigit() or not least <= int(value) <= most:
            raise ValueError(f"应为 {least}–{most} 的整数{unit}")
        return int(value)

    return parse


def _switch(value: str) -> bool:
    if value not in ("on", "off"):
        raise ValueError("应为 on 或 off")
    return value == "on"


def _one_of(words: str, *values: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in values:
            raise ValueError(f"应为 {words}")
        return value

    return parse


def _optional_path(value: str) -> Path | None:
    return _path(value) if value else None


def _base(value: str) -> str:
    if value and not value.startswith(("https://", "http://")):
        raise ValueError("应为 https:// 开头的网址")
    return value.rstrip("/")


def _names(value: str) -> frozenset[str]:
    return frozenset(name.strip() for name in value.split(",") if name.strip())


def _day(value: str) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError("应为 2026-11-21 这样的日期") from error


_SENDING = ("SMTP_HOST", "SMTP_PORT", "SMTP_FROM", "SMTP_USER", "SMTP_PASSWORD_FILE", "SMTP_TLS", "WEBHOOK_SECRETS_FILE",
            "WEBHOOK_PRIVATE_HOSTS", "CA_FILE")  # fmt: skip
_DOORS = (
    "WECHAT_APP_ID", "WECHAT_TOKEN_FILE", "WECHAT_AES_KEY_FILE", "WECHAT_SECRET_FILE", "WECHAT_API_URL", "WECHAT_NOTICE",
    "WECOM_CORP_ID", "WECOM_TOKEN_FILE", "WECOM_AES_KEY_FILE", "WECOM_SECRET_FILE", "WECOM_API_URL", "WECOM_STAFF",
    "TELEGRAM_TOKEN_FILE", "TELEGRAM_SECRET_FILE", "TELEGRAM_API_URL", "TELEGRAM_POLLING", "TELEGRAM_STAFF_CHAT",
)  # fmt: skip
_PORT = _whole(0, 65535)
_RULES: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "DATA_DIR": (_path, "./var"),
    "PROJECT_DIR": (_path, str(Path(__file__).resolve().parent.parent)),
    "HTTP_HOST": (str, "127.0.0.1"),
    "HTTP_PORT": (_PORT, "8080"),
    "DATABASE_URL": (str, ""),
    "ENGINE_URL": (str, ""),
    "ENGINE_TOKEN_FILE": (_optional_path, ""),
    "TODAY": (_day, ""),
    "LIMITS": (_switch, "on"),
    "DIGEST": (_one_of("sha256 或 sm3", "sha256", "sm3"), "sha256"),
    "IDLE_MINUTES": (_whole(1, 1440, "（分钟）"), "30"),
    "GUIDE_HOURS": (_whole(1, 720, "（小时）"), "72"),
    "TRUSTED_PROXY": (_switch, "off"),
    "PUBLIC_URL": (_base, ""),
    "SMTP_HOST": (str, ""),
    "SMTP_PORT": (_PORT, "587"),
    "SMTP_FROM": (str, ""),
    "SMTP_USER": (str, ""),
    "SMTP_PASSWORD_FILE": (_optional_path, ""),
    "SMTP_TLS": (_one_of("starttls、tls 或 off", "starttls", "tls", "off"), "starttls"),
    "WEBHOOK_SECRETS_FILE": (_optional_path, ""),
    "WEBHOOK_PRIVATE_HOSTS": (_names, ""),
    "CA_FILE": (_optional_path, ""),
    "WECHAT_APP_ID": (str, ""),
    "WECHAT_TOKEN_FILE": (_optional_path, ""),
    "WECHAT_AES_KEY_FILE": (_optional_path, ""),
    "WECHAT_SECRET_FILE": (_optional_path, ""),
    "WECHAT_API_URL": (_base, "https://api.weixin.qq.com"),
    "WECHAT_NOTICE": (str, ""),
    "WECOM_CORP_ID": (str, ""),
    "WECOM_TOKEN_FILE": (_optional_path, ""),
    "WECOM_AES_KEY_FILE": (_optional_path, ""),
    "WECOM_SECRET_FILE": (_optional_path, ""),
    "WECOM_API_URL": (_base, "https://qyapi.weixin.qq.com"),
    "WECOM_STAFF": (_one_of("desk（在工作台接待）或 wecom（在企业微信里接待）", "desk", "wecom"), "desk"),
    "TELEGRAM_TOKEN_FILE": (_optional_path, ""),
    "TELEGRAM_SECRET_FILE": (_optional_path, ""),
    "TELEGRAM_API_URL": (_base, "https://api.telegram.org"),
    "TELEGRAM_POLLING": (_switch, "off"),
    "TELEGRAM_STAFF_CHAT": (str, ""),
}
