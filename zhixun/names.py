"""What codes are called in Chinese, for people who read the archive or work at the desk."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CHANNELS", "MARKS", "OUTCOMES", "STATES", "STATUS_NAMES", "told"]

STATES: Mapping[str, str] = {
    "bot": "智能助手接待", "queued": "等待人工", "message_left": "已留言，待回电", "staff": "人工接待", "closed": "已结束",
}  # fmt: skip
CHANNELS: Mapping[str, str] = {
    "web": "网页", "wechat": "微信公众号", "wecom": "企业微信", "telegram": "Telegram", "api": "接口", "partner": "接入系统",
    "form": "网页表单",
    "phone": "电话", "counter": "窗口", "desk": "工作台",
}  # fmt: skip
STATUS_NAMES: Mapping[str, str] = {
    "answered": "已答复", "clarify": "请咨询人选择", "guide": "引导办理", "service": "服务受理", "small_talk": "寒暄",
    "out_of_scope": "超出范围", "unknown": "暂无经审核的答复", "handoff": "转人工", "referral": "转办", "withheld": "未受理",
    "degraded": "降级答复",
}  # fmt: skip
MARKS: Mapping[str, str] = {"correct": "正确", "incomplete": "不完整", "wrong": "错误", "better": "有更好的答复"}
"""What a review finds."""
OUTCOMES: Mapping[str, str] = {
    "answered": "已答复", "referred": "已转办", "requested": "已受理申请", "visit": "约定到窗口办理", "no_reply": "咨询人未再回复",
    "outside": "不属于服务范围，已告知去处", "other": "其他",
}  # fmt: skip
"""How a consultation ended that staff close."""

_BY_FIELD: Mapping[str, Mapping[str, str]] = {
    "state": STATES, "channel": CHANNELS, "status": STATUS_NAMES, "mark": MARKS, "outcome": OUTCOMES,
}  # fmt: skip


def told(field: str, code: str) -> str:
    """Return what the code of a field (`state`, `channel`, `status`, `mark`, `outcome`) is called; else the code itself."""
    return _BY_FIELD.get(field, {}).get(code, code)
