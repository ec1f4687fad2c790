"""The settings: what may be set, what is refused by name, and that the README says the same."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from tests.support import ROOT
from zhixun.errors import StopNow
from zhixun.settings import _RULES, PREFIX, read_secret, read_settings


def test_without_any_setting_the_defaults_hold() -> None:
    settings = read_settings({})
    assert (settings.http_host, settings.http_port, settings.engine_url, settings.engine_token_file) == ("127.0.0.1", 8080, "", None)
    assert (settings.today, settings.limits, settings.digest, settings.idle_minutes, settings.trusted_proxy) == (
        None, True, "sha256", 30, False,
    )  # fmt: skip
    assert settings.data_dir == Path("var").absolute()
    assert settings.database_url == f"sqlite:///{settings.data_dir}/zhixun.db"
    assert settings.project_dir == ROOT
    assert settings.knowledge_dir == ROOT / "knowledge"


@pytest.mark.parametrize(
    ("name", "value", "field", "read"),
    [
        ("DATA_DIR", "/srv/zhixun", "data_dir", Path("/srv/zhixun")), ("PROJECT_DIR", "/srv/x", "project_dir", Path("/srv/x")),
        ("HTTP_HOST", "0.0.0.0", "http_host", "0.0.0.0"), ("HTTP_PORT", "0", "http_port", 0), ("HTTP_PORT", "65535", "http_port", 65535),
        ("DATABASE_URL", "sqlite:////srv/a.db", "database_url", "sqlite:////srv/a.db"),
        ("ENGINE_URL", "http://127.0.0.1:5005/", "engine_url", "http://127.0.0.1:5005"),
        ("ENGINE_TOKEN_FILE", "/run/token", "engine_token_file", Path("/run/token")), ("TODAY", "2027-01-01", "today", date(2027, 1, 1)),
        ("LIMITS", "off", "limits", False), ("DIGEST", "sm3", "digest", "sm3"), ("IDLE_MINUTES", "1440", "idle_minutes", 1440),
        ("GUIDE_HOURS", "720", "guide_hours", 720),
        ("TRUSTED_PROXY", " on ", "trusted_proxy", True),
        ("PUBLIC_URL", "https://ip.example.cn/", "public_url", "https://ip.example.cn"),
        ("SMTP_HOST", "mail.example.cn", "smtp_host", "mail.example.cn"), ("SMTP_PORT", "465", "smtp_port", 465),
        ("SMTP_FROM", "ip@example.cn", "smtp_from", "ip@example.cn"), ("SMTP_USER", "ip", "smtp_user", "ip"),
        ("SMTP_PASSWORD_FILE", "/run/mail", "smtp_password_file", Path("/run/mail")), ("SMTP_TLS", "tls", "smtp_tls", "tls"),
        ("WEBHOOK_SECRETS_FILE", "/run/hooks", "webhook_secrets_file", Path("/run/hooks")),
        ("WEBHOOK_PRIVATE_HOSTS", "a.example, b.example", "webhook_private_hosts", frozenset({"a.example", "b.example"})),
        ("CA_FILE", "/etc/ca.pem", "ca_file", Path("/etc/ca.pem")),
        ("WECHAT_APP_ID", "wx1", "wechat_app_id", "wx1"), ("WECHAT_TOKEN_FILE", "/run/t", "wechat_token_file", Path("/run/t")),
        ("WECHAT_AES_KEY_FILE", "/run/a", "wechat_aes_key_file", Path("/run/a")),
        ("WECHAT_SECRET_FILE", "/run/s", "wechat_secret_file", Path("/run/s")),
        ("WECHAT_API_URL", "http://127.0.0.1:1/", "wechat_api_url", "http://127.0.0.1:1"),
        ("WECHAT_NOTICE", "tpl-1", "wechat_notice", "tpl-1"),
        ("WECOM_CORP_ID", "ww1", "wecom_corp_id", "ww1"), ("WECOM_TOKEN_FILE", "/run/t", "wecom_token_file", Path("/run/t")),
        ("WECOM_AES_KEY_FILE", "/run/a", "wecom_aes_key_file", Path("/run/a")),
        ("WECOM_SECRET_FILE", "/run/s", "wecom_secret_file", Path("/run/s")),
        ("WECOM_API_URL", "http://127.0.0.1:1/", "wecom_api_url", "http://127.0.0.1:1"), ("WECOM_STAFF", "wecom", "wecom_staff", "wecom"),
        ("TELEGRAM_TOKEN_FILE", "/run/t", "telegram_token_file", Path("/run/t")),
        ("TELEGRAM_SECRET_FILE", "/run/s", "telegram_secret_file", Path("/run/s")),
        ("TELEGRAM_API_URL", "http://127.0.0.1:1/", "telegram_api_url", "http://127.0.0.1:1"),
        ("TELEGRAM_POLLING", "on", "telegram_polling", True), ("TELEGRAM_STAFF_CHAT", "-100123", "telegram_staff_chat", "-100123"),
    ],
)  # fmt: skip
def test_each_setting_is_read(name: str, value: str, field: str, read: object) -> None:
    assert getattr(read_settings({PREFIX + name: value}), field) == read


def test_every_setting_is_among_those_that_were_tried() -> None:
    tried = test_each_setting_is_read.pytestmark[0].args[1]
    assert {name for name, *_ in tried} == set(_RULES)


@pytest.mark.parametrize("name", _RULES)
def test_an_empty_value_is_as_good_as_none(name: str) -> None:
    assert read_settings({PREFIX + name: " "}) == read_settings({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "65536"), ("HTTP_PORT", "-1"), ("HTTP_PORT", "http"), ("HTTP_PORT", "8080.0"), ("TODAY", "2026-13-01"),
        ("TODAY", "明天"), ("LIMITS", "no"), ("LIMITS", "OFF"), ("DIGEST", "md5"), ("IDLE_MINUTES", "0"), ("IDLE_MINUTES", "1441"),
        ("IDLE_MINUTES", "half"), ("GUIDE_HOURS", "0"), ("GUIDE_HOURS", "721"), ("GUIDE_HOURS", "day"), ("TRUSTED_PROXY", "yes"),
        ("PUBLIC_URL", "ip.example.cn"), ("SMTP_PORT", "x"), ("SMTP_TLS", "on"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_understood_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(StopNow, match=f"{PREFIX}{name} 的值“{value}”不对：[^“]*应为"):
        read_settings({PREFIX + name: value})


def test_unknown_settings_are_refused_by_name() -> None:
    with pytest.raises(StopNow, match="ZHIXUN_DATA_DIRECTORY、ZHIXUN_HTTP_POTR"):
        read_settings({"ZHIXUN_HTTP_POTR": "80", "ZHIXUN_DATA_DIRECTORY": "/x", "PATH": "/bin", "OTHER_HTTP_PORT": "1"})


def test_what_was_read_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        read_settings({}).http_port = 1


def test_a_secret_is_read_without_the_white_space_around_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" 口令 s\r\n", "utf-8")
    assert read_secret("SMTP_PASSWORD_FILE", tmp_path / "secret") == "口令 s"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secret_that_cannot_be_read_stops_the_start_by_its_name_and_is_not_shown(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    with pytest.raises(StopNow, match=r"ZHIXUN_SMTP_PASSWORD_FILE 指明的文件 .*secret 无法读取：[^。]+。请检查") as stopped:
        read_secret("SMTP_PASSWORD_FILE", tmp_path / "secret")
    assert "xff" not in stopped.value.message


def test_the_table_in_the_readme_lists_every_setting_and_no_other() -> None:
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("README.md is still to be written")
    rows = [line for line in readme.read_text("utf-8").splitlines() if line.startswith("|")]
    listed = {name for row in rows for name in re.findall(rf"`{PREFIX}([A-Z_]+)`", row.split("|")[1])}
    assert listed == set(_RULES)
