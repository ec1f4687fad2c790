"""Takes what is said out to citizens in WeChat: customer messages, and what becomes of those that WeChat refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Any

from zhixun.channels.outbox import Undelivered
from zhixun.channels.tencent.api import PlatformError, TencentApi, UnreachableError
from zhixun.channels.wording import Parcel, size_in_bytes
from zhixun.clock import ZONE, Clock
from zhixun.doors import FAILED, HELD, UNSURE, WAITING, Address

__all__ = ["ALWAYS", "LIMIT", "Refusals", "WeChatCarrier", "telling"]

LIMIT = 2048
"""The largest text in bytes."""
_HEAD, _ITEMS, _ITEM = 1024, 10, 128
"""A menu in a message holds no more than this: bytes above it, entries, bytes of an entry. WeCom's limits; WeChat tells none."""
_BELOW = "点选上面的文字，或直接打字。"
_UNKNOWN = "公众号的凭证不被接受，请管理员检查 AppID、AppSecret"
_MENDED = 300
"""So many seconds pass between attempts where an administrator has to mend something first."""
Refusals = Mapping[int, tuple[str, str, float | None]]
ALWAYS: Refusals = {
    -1: (WAITING, "微信服务器正忙。", None),
    40001: (WAITING, f"{_UNKNOWN}。", _MENDED),
    40013: (WAITING, f"{_UNKNOWN}。", _MENDED),
    40014: (WAITING, f"{_UNKNOWN}。", _MENDED),
    40125: (WAITING, f"{_UNKNOWN}。", _MENDED),
    40164: (WAITING, "本服务器的出口 IP 不在公众号的 IP 白名单里，请管理员在后台添加。", _MENDED),
    41001: (WAITING, f"{_UNKNOWN}。", _MENDED),
    42001: (WAITING, f"{_UNKNOWN}。", _MENDED),
    45011: (WAITING, "请求太频繁，微信要求稍后再试。", 60),
    48001: (FAILED, "公众号没有这项权限（通常须完成微信认证），请管理员在后台“接口权限”里核对。", None),
    50002: (FAILED, "对方或公众号被微信限制。", None),
}
"""What any call may be answered."""
_REFUSALS: Refusals = {
    40003: (FAILED, "微信不认识这位用户。", None),
    43004: (FAILED, "对方没有关注公众号，收不到消息。", None),
    45002: (FAILED, "消息太长，微信不接受。", None),
    45015: (HELD, "对方超过 48 小时没有发消息（或刚才只点了菜单），须对方再发一条消息才能送达。", None),
    45047: (HELD, "微信允许的条数已用完，须对方再发一条消息才能送达。", None),
    47001: (FAILED, "微信读不懂这条消息，请管理员报告程序错误（47001）。", None),
    48002: (FAILED, "对方拒收公众号的消息。", None),
    50005: (FAILED, "对方没有关注公众号，收不到消息。", None),
}
_DAILY = 45009


class WeChatCarrier:
    """Sends customer messages.

    Args:
        api: calls WeChat.
    """

    limit = LIMIT
    knows_again = False

    def __init__(self, api: TencentApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    def size(self, text: str) -> int:
        """Return the bytes of a text."""
        return size_in_bytes(text)

    async def carry(self, to: Address, parcel: Parcel, once: str) -> None:
        """Send a message.

        Raises:
            Undelivered: WeChat does not take it, or nobody can tell.
        """
        body = {"touser": to.peer, **(_menu(parcel) or {"msgtype": "text", "text": {"content": parcel.with_numbers()}})}
        with telling(_REFUSALS, self._clock, "微信服务器没有及时应答，可能已送达。"):
            await self._api.post("/cgi-bin/message/custom/send", body)


@contextmanager
def telling(refusals: Refusals, clock: Clock, lost: str) -> Iterator[None]:
    """Turn what goes wrong in a call into words for staff.

    Args:
        refusals: by error code: what becomes of it, the words, and after how many seconds it may be tried again.
        lost: the words where WeChat may have done it.

    Raises:
        Undelivered: WeChat did not do it, or nobody can tell.
    """
    try:
        yield
    except UnreachableError as error:
        if error.sent:
            raise Undelivered(lost, UNSURE) from None
        raise Undelivered("连接不上微信服务器。") from None
    except PlatformError as error:
        if error.code == _DAILY:
            raise Undelivered("今天的接口调用次数已用完，明天继续。", after=_until_tomorrow(clock.now())) from None
        unknown = (FAILED, f"微信没有接受（错误码 {error.code}）。", None)
        standing, words, after = refusals.get(error.code) or ALWAYS.get(error.code, unknown)
        raise Undelivered(words, standing, after) from None


def _menu(parcel: Parcel) -> dict[str, Any] | None:
    """Return a message with choices to be touched; None when there are none or they do not fit."""
    titles = [button.title for button in parcel.buttons]
    too_large = len(titles) > _ITEMS or any(size_in_bytes(title) > _ITEM for title in titles)
    if not titles or too_large or size_in_bytes(parcel.text) > _HEAD:
        return None
    entries = [{"id": f"{parcel.at}.{place}", "content": title} for place, title in enumerate(titles)]
    return {"msgtype": "msgmenu", "msgmenu": {"head_content": parcel.text, "list": entries, "tail_content": _BELOW}}


def _until_tomorrow(now: datetime) -> float:
    """Return the seconds until shortly after midnight in China, when the counts begin anew."""
    local = now.astimezone(ZONE)
    tomorrow = datetime.combine(local.date() + timedelta(days=1), time(0, 5), ZONE)
    return (tomorrow - local).total_seconds()


