"""The command `zhixun key`: given out once, listed as a table, revoked at once, and where notices go."""

from __future__ import annotations

import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import ROOT
from zhixun.clock import Clock
from zhixun.commands import main

TODAY = Clock().local().date()


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIXUN_PROJECT_DIR", str(ROOT))
    monkeypatch.setenv("ZHIXUN_DATA_DIR", str(tmp_path / "var"))


def _run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["key", *words]) == code
    said = capsys.readouterr()
    return said.err if code else said.out


def test_a_key_is_shown_once_and_then_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = re.search(r"只显示这一次.*\n(zk_\S{54})\n", _run(capsys, "add", "城市门户"))[1]
    _run(capsys, "add", "12345", "--scope", "status", "--scope", "consult", "--per-minute", "60", "--until", "2099-01-31")
    year = (TODAY + timedelta(days=365)).isoformat()
    table = _run(capsys, "list").splitlines()
    ids = [re.search(r"[0-9a-f]{10}", line)[0] for line in table[1:]]
    assert table == [
        "系统      密钥        权限                    每分钟  有效期至    最近使用  状态",
        f"12345     {ids[0]}  consult、status         60      2099-01-31  没用过    有效",
        f"城市门户  {ids[1]}  consult、status、hooks  600     {year}  没用过    有效",
    ]
    assert token.split("_")[1] == ids[1]
    assert token not in "\n".join(table)
    files = b"".join(path.read_bytes() for path in (tmp_path / "var").rglob("*") if path.is_file())
    assert token.split("_", 2)[2].encode() not in files


def test_keys_are_revoked_one_by_one_or_all(capsys: pytest.CaptureFixture[str]) -> None:
    one, two, three = (re.search(r"zk_(\w{10})_", _run(capsys, "add", "城市门户"))[1] for _ in range(3))
    assert _run(capsys, "revoke", "城市门户", "--key", two) == f"城市门户 已停用 1 个密钥：{two}\n"
    assert set(re.findall(r"[0-9a-f]{10}", _run(capsys, "revoke", "城市门户"))) == {one, three}
    assert _run(capsys, "revoke", "城市门户") == "城市门户 的密钥早已停用。\n"
    assert _run(capsys, "list").count("已停用") == 3


def test_notices_have_an_address_and_a_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(capsys, "add", "城市门户")
    said = _run(capsys, "hook", "城市门户", "https://portal.example/zhixun")
    secret = re.search(r"只显示这一次.*\n(\S{43})\n", said)[1]
    assert _run(capsys, "list").endswith("城市门户 的通知发往 https://portal.example/zhixun\n")
    with sqlite3.connect(tmp_path / "var" / "zhixun.db") as store:
        assert secret not in str(store.execute("SELECT * FROM partners").fetchall())
        row = "INSERT INTO hook_deliveries (partner, consultation, seq, body, made, next, attempts, standing, error)"
        store.execute(f"{row} VALUES ('城市门户', 'ZX-1', 2, '', '', '', 6, 'failed', '')")
    store.close()
    assert "近 30 天有 1 条没送到" in _run(capsys, "list")
    assert _run(capsys, "unhook", "城市门户") == "城市门户 不再接收通知，没发出的已作废。\n"
    assert "通知发往" not in _run(capsys, "list")


def test_a_ping_tells_why_it_did_not_arrive(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ZHIXUN_WEBHOOK_PRIVATE_HOSTS", "127.0.0.1")
    _run(capsys, "add", "城市门户")
    _run(capsys, "hook", "城市门户", "http://127.0.0.1:9/")
    assert _run(capsys, "ping", "城市门户", code=3) == "测试通知没有送到：对方系统连接不上或没有及时应答。\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["add"], "请写明接入系统的名称。"), (["add", "a b"], "名称为"), (["add", "ab", "--scope", "all"], "没有 all"),
        (["add", "ab", "--until", "2020-01-01"], "过去"), (["add", "ab", "--per-minute", "0"], "每分钟"),
        (["revoke", "ab"], "没有接入系统 ab"), (["hook", "ab"], "https 地址"),
        (["hook", "ab", "http://portal.example/"], "不是 https，不能使用"),
        (["hook", "ab", "https://10.0.0.8/"], "内网，不能使用"), (["hook", "ab", "https://portal.example/"], "请先用 zhixun key add"),
        (["unhook", "ab"], "没有接入系统 ab"), (["ping", "ab"], "没有登记接收地址"),
    ],
)  # fmt: skip
def test_wrong_use_says_what_to_do(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told in _run(capsys, *words, code=3)
