"""The command `zhixun user`: accounts of staff."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from zhixun.errors import StopNow
from zhixun.settings import Settings

if TYPE_CHECKING:  # the desk takes a while to load

    from zhixun.desk.staff import Account
    from zhixun.store import Archive

__all__ = ["add_user", "run_user"]


def add_user(command: argparse.ArgumentParser) -> None:
    """Tell the command what it takes."""
    words = "list 列出，add 新增，change 修改，reset 重发一次性密码并解锁，unbind 关闭双因素验证（手机和恢复码都丢了时用）"
    command.add_argument("what", choices=("list", "add", "change", "reset", "unbind"), help=words)
    command.add_argument("name", nargs="?", default="", help="用户名")
    command.add_argument("--role", help="clerk 坐席（新增时的默认值）、reviewer 审核、administrator 管理、auditor 审计（只读）")
    command.add_argument("--shown", help="显示名，如“李老师”")
    command.add_argument("--team", action="append", help="所属组别，可以写多次")
    command.add_argument("--active", choices=("yes", "no"), help="change 时：no 停用，yes 恢复使用")


def run_user(settings: Settings, given: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    from zhixun.archive.keys import load_secret
    from zhixun.desk.accounts import SYSTEM, Accounts
    from zhixun.store import with_archive

    if given.what != "list" and not given.name:
        raise StopNow("请写明用户名。")

    async def work(archive: Archive) -> list[str]:
        key = load_secret(settings.data_dir / "keys" / "staff.key")
        # Nobody signs in by a command, so that no role must have a second factor here.
        accounts = Accounts(archive.database, archive.clock, archive.daybook, key, frozenset())
        match given.what:
            case "add":
                password = await accounts.add(
                    given.name, given.role or "clerk", by=SYSTEM, shown=given.shown or "", teams=given.team or ()
                )
                return [f"{given.name} 的一次性密码（只显示这一次）：{password}"]
            case "reset":
                return [f"{given.name} 的一次性密码（只显示这一次）：{await accounts.reset(given.name, by=SYSTEM)}"]
            case "change":
                active = None if given.active is None else given.active == "yes"
                return [_told(await accounts.change(
                    given.name, by=SYSTEM, role=given.role, shown=given.shown, teams=given.team, active=active
                ))]  # fmt: skip
            case "unbind":
                await accounts.second_factor.remove(given.name, by=SYSTEM)
                return [f"{given.name} 的双因素验证已关闭。"]
        return [_told(account) for account in await accounts.list()]

    for line in with_archive(settings, work):
        print(line)
    return 0


def _told(account: Account) -> str:
    """Tell an account in one line."""
    from zhixun.desk.staff import ROLES

    marks = {
        "已停用": not account.active, "一次性密码未改": account.one_time, "双因素验证": account.second_factor,
        "已锁定": bool(account.locked_until),
    }  # fmt: skip
    shown = account.shown if account.shown != account.name else ""
    parts = (account.name, shown, f"{ROLES[account.role]}（{account.role}）", "、".join(account.teams),
             *(mark for mark, holds in marks.items() if holds))  # fmt: skip
    return "  ".join(filter(None, parts))
