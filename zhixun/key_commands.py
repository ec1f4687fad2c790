"""The command `zhixun key`: other systems, their keys, and where they are told what happens."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from zhixun.clock import Clock
from zhixun.errors import StopNow
from zhixun.settings import Settings

if TYPE_CHECKING:  # what joins the rooms takes a while to load

    from zhixun.channels.partners.keys import Key
    from zhixun.partnered import Partners
    from zhixun.store import Archive

__all__ = ["add_key", "run_key"]

_WORDS = (
    "list 列出，add 发放密钥，revoke 停用密钥（立即生效，不写 --key 就停用该系统的全部密钥），hook 登记接收通知的地址，"
    "unhook 取消通知，ping 发一条测试通知"
)
_YEAR = timedelta(days=365)
_HEAD = ("系统", "密钥", "权限", "每分钟", "有效期至", "最近使用", "状态")


def add_key(command: argparse.ArgumentParser) -> None:
    """Tell the command what it takes."""
    command.add_argument("what", choices=("list", "add", "revoke", "hook", "unhook", "ping"), help=_WORDS)
    command.add_argument("name", nargs="?", default="", help="接入系统的名称，如“城市门户”；不同的系统不能共用")
    command.add_argument("url", nargs="?", default="", help="hook 时：接收通知的 https 地址")
    scopes = "add 时：权限，可以写多次：consult 代用户咨询，status 查询办理情况，hooks 接收通知；不写就是全部"
    command.add_argument("--scope", action="append", help=scopes)
    command.add_argument("--per-minute", type=int, default=600, metavar="次数", help="add 时：这个密钥每分钟最多调用几次（默认 600）")
    command.add_argument("--until", type=date.fromisoformat, metavar="日期", help="add 时：有效期的最后一天（默认一年）")
    command.add_argument("--key", default="", metavar="编号", help="revoke 时：只停用这一个密钥（编号见 list）")


def run_key(settings: Settings, given: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    from zhixun.partnered import join_partners
    from zhixun.store import with_archive

    if given.what != "list" and not given.name:
        raise StopNow("请写明接入系统的名称。")
    if given.what == "hook" and not given.url:
        raise StopNow("请写明接收通知的 https 地址。")

    async def work(archive: Archive) -> Sequence[str]:
        return await _work(join_partners(settings, archive.database, archive.clock, archive.daybook), given)

    for line in with_archive(settings, work):
        print(line)
    return 0


async def _work(partners: Partners, given: argparse.Namespace) -> Sequence[str]:
    from zhixun.channels.partners.keys import SCOPES
    from zhixun.signing import NotSent

    name = given.name
    match given.what:
        case "add":
            until = given.until or Clock().local().date() + _YEAR
            token = await partners.keys.add(name, given.scope or list(SCOPES), per_minute=given.per_minute, until=until)
            return [f"{name} 的接入密钥（只显示这一次，请用安全的方式交给对方）：", token]
        case "revoke":
            ended = await partners.keys.revoke(name, given.key)
            return [f"{name} 已停用 {len(ended)} 个密钥：{'、'.join(ended)}" if ended else f"{name} 的密钥早已停用。"]
        case "hook":
            secret = await partners.hooks.set(name, given.url)
            return [f"{name} 的通知发往 {given.url}", "签名密钥（只显示这一次，请用安全的方式交给对方）：", secret]
        case "unhook":
            await partners.hooks.remove(name)
            return [f"{name} 不再接收通知，没发出的已作废。"]
        case "ping":
            try:
                await partners.hooks.ping(name)
            except NotSent as error:
                raise StopNow(f"测试通知没有送到：{error.words}。") from error
            return [f"{name} 收下了测试通知。"]
    return _table(await partners.keys.list(), await partners.hooks.addresses(), await partners.posts.failed())


def _table(keys: Sequence[Key], addresses: dict[str, str], failed: dict[str, int]) -> list[str]:
    """Return the keys as a table, and below it where notices go."""
    today = Clock().local().date().isoformat()
    rows = [_HEAD, *((one.partner, one.id, "、".join(one.scopes), str(one.per_minute), one.until, one.used or "没用过",
                      "已停用" if one.revoked else "已过期" if one.until < today else "有效") for one in keys)]  # fmt: skip
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for name, url in sorted(addresses.items()):
        if url:
            lost = f"，近 30 天有 {failed[name]} 条没送到" if failed.get(name) else ""
            lines.append(f"{name} 的通知发往 {url}{lost}")
    return lines


def _width(text: str) -> int:
    """Return how many columns a text takes on the screen: a Chinese character takes two."""
    return sum(2 if char > "\u2e7f" else 1 for char in text)
