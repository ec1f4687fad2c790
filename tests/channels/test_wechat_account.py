"""What is set for the account: read from files, checked against WeChat; files fetched and notices sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.channels.wechat_town import FAN, Town, town_in
from tests.doubles.tencent import DROP, HANG
from tests.doubles.wechat import AES_KEY, APP_ID, MEDIA, NOTICE, PLAIN, QUOTA, SECRET, STABLE, TOKEN
from zhixun.channels.outbox import Undelivered
from zhixun.channels.tencent.account import Account, read_account
from zhixun.channels.wechat.door import WeChatDoor
from zhixun.clock import Clock
from zhixun.doors import FAILED, UNSURE, WAITING
from zhixun.doorways import doors_of
from zhixun.errors import StopNow
from zhixun.settings import read_settings
from zhixun.store import open_archive

Files = Callable[..., dict[str, Path | None]]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Write the secrets; those that are not named are not set."""

    def write(**texts: str) -> dict[str, Path | None]:
        for name, text in texts.items():
            (tmp_path / name).write_text(text, "utf-8")
        names = {"token": "WECHAT_TOKEN_FILE", "key": "WECHAT_AES_KEY_FILE", "secret": "WECHAT_SECRET_FILE"}
        return {setting: tmp_path / name if name in texts else None for name, setting in names.items()}

    return write


def read(id: str, given: dict[str, Path | None]) -> Account | None:
    return read_account("WECHAT_APP_ID", id, given, optional="WECHAT_AES_KEY_FILE")


# --- Settings ---------------------------------------------------------------------------------------------------------------


def test_without_settings_there_is_no_account(files: Files) -> None:
    assert read("", files()) is None


def test_secrets_are_read_without_the_line_break_at_their_end_and_shown_nowhere(files: Files) -> None:
    account = read(APP_ID, files(token=TOKEN + "\n", key=AES_KEY + "\r\n", secret=f" {SECRET}\n"))
    assert account == Account(APP_ID, TOKEN, SECRET, AES_KEY)
    assert all(secret not in repr(account) for secret in (TOKEN, SECRET, AES_KEY))


def test_the_key_may_be_left_out(files: Files) -> None:
    account = read(APP_ID, files(token=TOKEN, secret=SECRET))
    assert account is not None
    assert account.aes_key == ""


@pytest.mark.parametrize(
    ("id", "texts", "missing"),
    [
        ("", {"token": "t", "secret": "s"}, "ZHIXUN_WECHAT_APP_ID"), (APP_ID, {"secret": "s"}, "ZHIXUN_WECHAT_TOKEN_FILE"),
        (APP_ID, {"token": "t"}, "ZHIXUN_WECHAT_SECRET_FILE"), (APP_ID, {}, "ZHIXUN_WECHAT_TOKEN_FILE、ZHIXUN_WECHAT_SECRET_FILE"),
        ("", {"key": "k"}, "ZHIXUN_WECHAT_APP_ID、ZHIXUN_WECHAT_TOKEN_FILE、ZHIXUN_WECHAT_SECRET_FILE"),
    ],
    ids=["id", "token", "secret", "all-files", "only-key"],
)  # fmt: skip
def test_what_is_half_given_stops_the_start_and_names_what_is_missing(
    files: Files, id: str, texts: dict[str, str], missing: str
) -> None:
    with pytest.raises(StopNow, match=f"还缺 {missing}。"):
        read(id, files(**texts))


def test_files_that_hold_nothing_or_cannot_be_read_stop_the_start(files: Files, tmp_path: Path) -> None:
    with pytest.raises(StopNow, match=r"WECHAT_SECRET_FILE.*空"):
        read(APP_ID, files(token="t", secret=" \n"))
    gone = {**files(token="t", secret="s"), "WECHAT_TOKEN_FILE": tmp_path / "gone"}
    with pytest.raises(StopNow, match=r"WECHAT_TOKEN_FILE.*无法读取"):
        read(APP_ID, gone)


def test_a_key_of_a_wrong_form_stops_the_start_and_is_not_shown() -> None:
    with pytest.raises(StopNow, match=r"ZHIXUN_WECHAT_AES_KEY_FILE.*43") as caught:
        WeChatDoor(Account(APP_ID, TOKEN, SECRET, "abc" * 14), "http://127.0.0.1:9", Clock())
    assert "abcabc" not in str(caught.value)


# --- Check ------------------------------------------------------------------------------------------------------------------


async def test_when_all_is_right_the_check_says_so_and_how_much_may_be_sent(town: Town) -> None:
    findings = await town.door.check()
    assert all(finding.ok for finding in findings)
    assert "客服消息今天可调用 500000 次，已用 0 次。" in [finding.words for finding in findings]


async def test_without_a_key_the_check_advises_the_safe_mode(tmp_path: Path) -> None:
    async with town_in(tmp_path, PLAIN) as town:
        (only,) = [finding for finding in await town.door.check() if not finding.ok]
    assert "安全模式" in only.words


@pytest.mark.parametrize(
    ("path", "fault", "word"),
    [
        (STABLE, 40164, "IP白名单"), (STABLE, 40013, "ZHIXUN_WECHAT_APP_ID"), (STABLE, 40125, "AppSecret"),
        (STABLE, 40001, "AppSecret"), (STABLE, -1, "忙"), (STABLE, 12345, "12345"), (QUOTA, 48001, "认证"), (QUOTA, 45009, "零点"),
        (STABLE, DROP, "外网"), (QUOTA, "502", "没有及时应答"),
    ],
)  # fmt: skip
async def test_the_check_says_what_to_do(town: Town, path: str, fault: int | str, word: str) -> None:
    town.wechat.faults[path] = [fault]
    (only,) = [finding for finding in await town.door.check() if not finding.ok]
    assert word in only.words


async def test_the_check_finds_credentials_of_a_wrong_form(town: Town) -> None:
    door = WeChatDoor(Account("gh_x", "含汉字", SECRET), town.wechat.url, town.office.clock)
    found = "\n".join(finding.words for finding in await door.check() if not finding.ok)
    assert "AppID 应为" in found
    assert "Token 应为" in found
    assert "含汉字" not in found


async def test_the_check_needs_no_running_service(town: Town) -> None:
    door = WeChatDoor(Account(APP_ID, TOKEN, SECRET, AES_KEY), town.wechat.url, town.office.clock)
    assert all(finding.ok for finding in await door.check())


# --- Files ------------------------------------------------------------------------------------------------------------------


async def test_a_file_is_fetched(town: Town) -> None:
    town.wechat.media["m-1"] = (bytes(range(256)) * 800, "image/jpeg")
    assert b"".join([piece async for piece in town.door.fetch("gh", "m-1")]) == bytes(range(256)) * 800


@pytest.mark.parametrize(
    ("media", "fault", "standing", "word"),
    [
        ("gone", 0, FAILED, "过期"), ("film", 0, FAILED, "不提供"), ("m-1", 48001, FAILED, "权限"), ("m-1", "502", UNSURE, "没有给出文件"),
    ],
)  # fmt: skip
async def test_a_file_that_does_not_come_is_told(town: Town, media: str, fault: int | str, standing: str, word: str) -> None:
    town.wechat.media |= {"m-1": (b"jpeg", "image/jpeg"), "film": (b'{"video_url":"http://x"}', "application/json")}
    town.wechat.faults[MEDIA] = [fault] if fault else []
    with pytest.raises(Undelivered, match=word) as caught:
        [piece async for piece in town.door.fetch("gh", media)]
    assert caught.value.standing == standing


# --- Notices ----------------------------------------------------------------------------------------------------------------


async def test_a_notice_that_was_subscribed_to_arrives_once_long_after(town: Town) -> None:
    town.wechat.fans[FAN].subscribed.add("tpl-1")
    await town.door.notify(FAN, "tpl-1", {"thing1": "商标异议咨询", "phrase2": "已答复"}, page="https://example.org/r")
    (sent,) = town.wechat.notices
    assert sent["data"] == {"thing1": {"value": "商标异议咨询"}, "phrase2": {"value": "已答复"}}
    with pytest.raises(Undelivered, match="没有订阅") as caught:
        await town.door.notify(FAN, "tpl-1", {"thing1": "x"})
    assert caught.value.standing == FAILED


@pytest.mark.parametrize(
    ("template", "data", "fault", "standing", "word"),
    [
        ("tpl-1", {"thing1": "字" * 21}, 0, FAILED, "模板不符"), ("other", {"thing1": "x"}, 0, FAILED, "模板编号"),
        ("tpl-1", {"thing1": "x"}, -1, WAITING, "忙"), ("tpl-1", {"thing1": "x"}, DROP, UNSURE, "可能已送达"),
    ],
)  # fmt: skip
async def test_a_notice_that_wechat_does_not_take_is_told(
    town: Town, template: str, data: dict[str, str], fault: int | str, standing: str, word: str
) -> None:
    town.wechat.fans[FAN].subscribed.add("tpl-1")
    town.wechat.faults[NOTICE] = [fault] if fault else []
    with pytest.raises(Undelivered, match=word) as caught:
        await town.door.notify(FAN, template, data)
    assert caught.value.standing == standing


async def test_a_call_that_hangs_is_given_up(town: Town) -> None:
    town.door._line._seconds = 0.2
    town.wechat.faults[STABLE] = [HANG]
    with pytest.raises(Undelivered, match="连接不上"):
        await town.door.notify(FAN, "tpl-1", {"thing1": "x"})


# --- The service ------------------------------------------------------------------------------------------------------------


async def test_the_settings_open_the_door_or_stop_the_start(tmp_path: Path, files: Files) -> None:
    data = {"ZHIXUN_DATA_DIR": str(tmp_path / "data")}
    given = {f"ZHIXUN_{name}": str(path) for name, path in files(token=TOKEN, key=AES_KEY, secret=SECRET).items()}
    async with open_archive(read_settings(data)) as archive:
        assert doors_of(read_settings(data), archive) == []
        (door,) = doors_of(read_settings({**data, **given, "ZHIXUN_WECHAT_APP_ID": APP_ID}), archive)
        assert isinstance(door, WeChatDoor)
        with pytest.raises(StopNow, match="还缺 ZHIXUN_WECHAT_APP_ID。"):
            doors_of(read_settings({**data, **given}), archive)
