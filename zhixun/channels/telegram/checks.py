"""Tries what was set for Telegram, and tells in Chinese what works, what does not, and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from telegram import Bot, WebhookInfo
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError
from yarl import URL

from zhixun.channels.ports import Finding
from zhixun.channels.telegram.access import Access
from zhixun.channels.telegram.line import TOTAL_SECONDS, Line, surely_not_sent, why
from zhixun.clock import ZONE

__all__ = ["checked"]

PORTS = (443, 80, 88, 8443)
"""The ports that Telegram brings updates to."""
MANY = 100
_UNREACHED = (
    "连不上 Telegram（{url}）。中国大陆的网络通常不能直接访问 Telegram：请在能访问的服务器上部署，或者给服务设置 HTTPS_PROXY 代理，"
    "或者用 ZHIXUN_TELEGRAM_API_URL 指向自建的 Bot API 服务；收消息用 ZHIXUN_TELEGRAM_POLLING=on。"
)


async def checked(access: Access) -> Sequence[Finding]:
    """Return what was found."""
    async with Line(access) as line:
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                me = await line.bot.get_me()
                info = await line.bot.get_webhook_info()
        except InvalidToken:
            return [_ill("Telegram 不认这个 token。请在 BotFather 里用 /mybots 查看，把它写进凭证文件，一行，不带引号。")]
        except (TelegramError, TimeoutError) as error:
            unreached = surely_not_sent(error) or isinstance(error, TimeoutError)
            return [_ill(_UNREACHED.format(url=access.api_url) if unreached else why(error))]
        found = [_well(f"token 有效，机器人是 @{me.username}。")]
        found += _polling(info) if access.polling else _webhook(access, info)
        return [*found, *await _staff(line.bot, access)]


def _polling(info: WebhookInfo) -> list[Finding]:
    if info.url:
        return [_ill("设为轮询，但机器人还登记着回调地址；服务启动时会取消它。服务已在运行的，说明另有程序在用这个机器人。")]
    return [_well(f"轮询方式，没有回调地址，待取消息 {info.pending_update_count} 条。")]


def _webhook(access: Access, info: WebhookInfo) -> list[Finding]:
    if not access.webhook:
        return [_ill("没有设置 ZHIXUN_PUBLIC_URL，Telegram 不知道把消息推到哪里。请设置，或者改用 ZHIXUN_TELEGRAM_POLLING=on。")]
    own = URL(access.webhook)
    if own.scheme != "https" or own.port not in PORTS:
        ports = "、".join(map(str, PORTS))
        return [_ill(f"回调地址 {access.webhook} 不行：Telegram 只往 https 网址、{ports} 端口推送。请改 ZHIXUN_PUBLIC_URL。")]
    if info.url != access.webhook:
        now = "没有登记" if not info.url else "登记的是别的地址"
        return [_ill(f"回调地址应为 {access.webhook}，Telegram 那里{now}。启动服务会自动登记；已在运行的，请看日志。")]
    found = [_well(f"回调地址已登记：{info.url}。")]
    if info.pending_update_count > MANY:
        found.append(_ill(f"有 {info.pending_update_count} 条消息等着推送，说明服务收不过来或者收不到。"))
    if info.last_error_message:
        at = info.last_error_date.astimezone(ZONE).strftime("%m月%d日 %H:%M") if info.last_error_date else "时间不详"
        found.append(_ill(
            f"最近一次推送失败（{at}）：{info.last_error_message}。401/403 是口令不符，404 是路径没有转到服务，"
            "connection/timeout 是网络或防火墙，SSL 是证书不完整。已经好了的，不用理会。",
        ))  # fmt: skip
    return found


async def _staff(bot: Bot, access: Access) -> list[Finding]:
    if access.staff_chat is None:
        return []
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            # Plain data: the client makes an object only of a chat that tells all that it knows of.
            chat = await bot.do_api_request("getchat", {"chat_id": access.staff_chat})
    except (BadRequest, Forbidden):
        return [_ill("工作人员群找不到，或者机器人不在群里。请把机器人拉进群，并核对 ZHIXUN_TELEGRAM_STAFF_CHAT。")]
    except (TelegramError, TimeoutError) as error:
        return [_ill(f"工作人员群没有查成：{why(error)}")]
    if chat.get("type") not in ("group", "supergroup"):
        return [_ill("ZHIXUN_TELEGRAM_STAFF_CHAT 不是一个群。请填工作人员群的编号（负数）。")]
    return [_well(f"工作人员群是“{chat.get('title')}”。")]


def _well(words: str) -> Finding:
    return Finding(ok=True, words=words)


def _ill(words: str) -> Finding:
    return Finding(ok=False, words=words)
