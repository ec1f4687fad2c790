"""What WeCom's error codes and failures mean: what becomes of a message, and the words for staff."""

from __future__ import annotations

from collections.abc import Mapping

from zhixun.channels.outbox import Undelivered
from zhixun.channels.tencent.api import BUSY, PlatformError, UnreachableError
from zhixun.doors import FAILED, HELD, UNSURE, WAITING

__all__ = ["BAD_PARAMETER", "BAD_PULL_TOKEN", "CONFIGURED", "LOST", "NOT_IN_CHARGE", "WRONG_STATE", "advice", "lost", "undelivered"]

BAD_PARAMETER, BAD_PULL_TOKEN, NOT_IN_CHARGE, WRONG_STATE = 40058, 95007, 95014, 95018
_LATER = "公众再发消息后自动补送。"
_CREDENTIALS = "企业微信的凭证不被接受，请管理员检查企业 ID 和 Secret。"
_KF_APP = "这个应用不能调用微信客服接口，请管理员在企业微信后台“微信客服—API”里勾选它。"
_REFUSALS: Mapping[int, tuple[str, str, float | None]] = {
    BUSY: (WAITING, "企业微信服务器正忙。", None),
    40001: (WAITING, _CREDENTIALS, 60),
    40013: (WAITING, _CREDENTIALS, 60),
    40014: (WAITING, _CREDENTIALS, 60),
    41001: (WAITING, _CREDENTIALS, 60),
    42001: (WAITING, _CREDENTIALS, 60),
    45009: (WAITING, "接口调用太频繁，稍后继续。", 60),
    45015: (HELD, f"对方超过 48 小时没有发消息，{_LATER}", None),
    45047: (HELD, f"对方发消息后已送达 5 条，{_LATER}", None),
    48002: (WAITING, _KF_APP, 60),
    60020: (WAITING, "本服务器的出口 IP 不在应用的“企业可信 IP”里，请管理员在后台添加。", 60),
    95000: (FAILED, "客服账号的编号不对。", None),
    95001: (HELD, f"对方发消息后已送达 5 条，{_LATER}", None),
    95002: (HELD, f"对方超过 48 小时没有发消息，{_LATER}", None),
    95004: (FAILED, "客服账号已经不存在。", None),
    95011: (WAITING, "微信客服的管理方式与接口不符，请管理员在企业微信后台查看。", 60),
    95012: (WAITING, "微信客服的管理方式与接口不符，请管理员在企业微信后台查看。", 60),
    95013: (HELD, f"会话已经结束，{_LATER}", None),
    95017: (WAITING, "微信客服没有对这个应用开放，请管理员在企业微信后台“微信客服—API”里开启。", 60),
    WRONG_STATE: (HELD, f"会话的状态不允许发送，{_LATER}", None),
}
CONFIGURED = frozenset({BUSY, 40001, 40013, 40014, 41001, 42001, 45009, 48002, 60020, 95000, 95004, 95011, 95012, 95017})
"""The codes that have nothing to do with what was sent along: another request would be refused alike."""
LOST: Mapping[int, str] = {
    1: "客服账号已删除，没有送达。",
    2: "接入微信客服的应用已关闭，没有送达。",
    4: "对方超过 48 小时没有发消息，没有送达。",
    5: "会话已经关闭，没有送达。",
    6: "对方发消息后已送达 5 条，这一条没有送达。",
    7: "客服账号没有绑定视频号，没有送达。",
    8: "企业没有验证主体，没有送达。",
    9: "没有绑定视频号，也没有验证主体，没有送达。",
    10: "对方拒收，没有送达。",
}
"""Why WeCom could not deliver a message that it had taken, by its `fail_type`."""
_UNTOLD = "平台没有送达，未说明原因。"


def lost(kind: object) -> str:
    """Return why a message that WeCom had taken did not arrive."""
    return LOST.get(kind, _UNTOLD) if isinstance(kind, int) else _UNTOLD


def undelivered(error: PlatformError | UnreachableError) -> Undelivered:
    """Return what an error means for the message that was to go out; no part of it has."""
    if isinstance(error, UnreachableError):
        return Undelivered("连接不上企业微信服务器。")
    if error.code == BAD_PARAMETER:
        return Undelivered("平台说编号重复或参数不对，可能已送达。", UNSURE)
    standing, words, after = _REFUSALS.get(error.code, (FAILED, f"企业微信不接受这条消息（错误码 {error.code}）。", None))
    return Undelivered(words, standing, after)


def advice(error: PlatformError | UnreachableError) -> str:
    """Return what an operator can do about an error that a check met."""
    if isinstance(error, UnreachableError):
        return "连接不上企业微信服务器，请检查网络、防火墙和 ZHIXUN_WECOM_API_URL。"
    words = _REFUSALS.get(error.code, ("", "请在企业微信开发者中心查这个错误码。", None))[1]
    return f"{words.rstrip('。')}（错误码 {error.code}）。"
