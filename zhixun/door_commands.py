"""What the commands about the doors do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from zhixun.channels.outbox import Undelivered
from zhixun.channels.ports import Finding
from zhixun.channels.wechat.door import WeChatDoor
from zhixun.doorways import doors_of
from zhixun.errors import StopNow
from zhixun.knowledge.site import load_site
from zhixun.names import told
from zhixun.settings import PREFIX, Settings
from zhixun.store import open_archive

__all__ = ["check_doors", "set_wechat_menu", "told_findings"]

_OPENS = {"wechat": "WECHAT_APP_ID", "wecom": "WECOM_CORP_ID", "telegram": "TELEGRAM_TOKEN_FILE"}


async def check_doors(settings: Settings) -> Mapping[str, Sequence[Finding]]:
    """Try the settings of every open door against its platform; returns what was found, by door."""
    async with open_archive(settings) as archive:
        return {door.name: await door.check() for door in doors_of(settings, archive)}


async def set_wechat_menu(settings: Settings) -> int:
    """Set the menu of the Official Account to what site.yml says; returns how many entries it has.

    Raises:
        StopNow: the door is closed, or the menu is not one that WeChat takes.
    """
    menu = load_site(settings.knowledge_dir).wechat_menu
    async with open_archive(settings) as archive:
        door = next((door for door in doors_of(settings, archive) if isinstance(door, WeChatDoor)), None)
        if door is None:
            raise StopNow(f"公众号没有开通（没有设置 {PREFIX}{_OPENS['wechat']}），菜单设不了。")
        try:
            await door.set_menu(list(menu))
        except Undelivered as error:
            raise StopNow(f"菜单没有设置成功：{error.words}") from error
    return len(menu)


def told_findings(found: Mapping[str, Sequence[Finding]]) -> Iterator[str]:
    """Say in Chinese, line by line, what was found; of a closed door, which setting opens it."""
    for name, setting in _OPENS.items():
        if name not in found:
            yield f"{told('channel', name)}：没有开通（没有设置 {PREFIX}{setting}）"
            continue
        yield f"{told('channel', name)}："
        yield from (f"  {'正常' if finding.ok else '不对'}  {finding.words}" for finding in found[name])
