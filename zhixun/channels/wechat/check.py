"""Tries the credentials of an Official Account, and says in Chinese what works and what does not."""

from __future__ import annotations

import re

from zhixun.channels.ports import Finding
from zhixun.channels.tencent.account import Account
from zhixun.channels.tencent.api import PlatformError, TencentApi, UnreachableError

__all__ = ["check_account"]

_APP_ID = re.compile(r"wx[0-9a-f]{16}")
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_SEND = "/cgi-bin/message/custom/send"
_REASONS = {
    -1: "微信服务器正忙，请稍后再试。",
    40001: "AppSecret 不对，或已在后台重置。请把新的 AppSecret 写入 ZHIXUN_WECHAT_SECRET_FILE 指明的文件，然后重新启动。",
    40013: "AppID 不对。请核对 ZHIXUN_WECHAT_APP_ID。",
    40125: "AppSecret 不对，或已在后台重置。请把新的 AppSecret 写入 ZHIXUN_WECHAT_SECRET_FILE 指明的文件，然后重新启动。",
    40164: "本服务器的出口 IP 不在公众号的 IP 白名单里。请在后台“基本配置”的“IP白名单”里添加后再试。",
    45009: "今天的接口调用次数已用完，零点后恢复。",
    48001: "这个公众号没有该接口的权限，通常是没有完成微信认证。请在后台“接口权限”里核对。",
    76022: "微信没有给出这个接口的调用次数。",
}


async def check_account(account: Account, api: TencentApi) -> list[Finding]:
    """Return what was found: the forms of what is set, whether WeChat answers and accepts it, and how much may still be sent."""
    return [*_forms(account), *await _calls(api)]


def _forms(account: Account) -> list[Finding]:
    id_right, token_right = bool(_APP_ID.fullmatch(account.id)), bool(_TOKEN.fullmatch(account.token))
    return [
        Finding(id_right, "AppID 的形式正确。" if id_right else "AppID 应为 wx 开头的 18 个字符，请核对 ZHIXUN_WECHAT_APP_ID。"),
        Finding(token_right, "Token 的形式正确。" if token_right else "Token 应为 3–32 个英文字母或数字，请与后台核对。"),
        # A key of a wrong form has stopped the start already.
        Finding(bool(account.aes_key), "已设置 EncodingAESKey，只接收加密的消息（安全模式）。" if account.aes_key else
                "没有设置 EncodingAESKey，消息以明文传送。建议在后台选“安全模式”，并设置 ZHIXUN_WECHAT_AES_KEY_FILE。"),
    ]  # fmt: skip


async def _calls(api: TencentApi) -> list[Finding]:
    try:
        answer = await api.post("/cgi-bin/openapi/quota/get", {"cgi_path": _SEND})
    except UnreachableError as error:
        why = "没有及时应答" if error.sent else "连接不上"
        return [Finding(False, f"微信服务器{why}。请检查本机能否访问外网，以及 ZHIXUN_WECHAT_API_URL。")]  # noqa: FBT003
    except PlatformError as error:
        return [Finding(False, _REASONS.get(error.code, f"微信拒绝了请求（错误码 {error.code}），请在微信文档中查这个错误码。"))]  # noqa: FBT003
    quota = answer.get("quota")
    figures = quota if isinstance(quota, dict) else {}
    limit, used = figures.get("daily_limit"), figures.get("used")
    counted = f"客服消息今天可调用 {limit} 次，已用 {used} 次。" if limit is not None and used is not None else "没有得到今天的调用次数。"
    return [Finding(True, "微信服务器可以访问，凭证有效。"), Finding(True, counted)]  # noqa: FBT003
