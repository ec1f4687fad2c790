"""What codes are called in Chinese, for people who read the archive or work at the desk."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "BOOKS", "CHANNELS", "CORRECTIVES", "INDICATORS", "MARKS", "ORIGINS", "OUTCOMES", "REGISTER", "SCALE", "STATES", "STATUS_NAMES",
    "SUBJECTS", "told", "told_scores",
]  # fmt: skip

REGISTER = "register"
"""The channel of the records of registers."""
BOOKS = ("desk", REGISTER)
"""The channels of files that are no consultations: what staff did on a day, and the records of registers."""

STATES: Mapping[str, str] = {
    "bot": "智能助手接待", "queued": "等待人工", "message_left": "已留言，待回电", "staff": "人工接待", "closed": "已结束",
}  # fmt: skip
CHANNELS: Mapping[str, str] = {
    "web": "网页", "wechat": "微信公众号", "wecom": "企业微信", "telegram": "Telegram", "api": "接口", "partner": "接入系统",
    "form": "网页表单",
    "phone": "电话", "counter": "窗口", "desk": "工作台", REGISTER: "台账",
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

INDICATORS: Mapping[str, str] = {
    "professionalism": "专业水平", "attitude": "服务态度", "content": "服务内容", "quality": "服务质量", "satisfaction": "服务满意度",
}  # fmt: skip
"""The five indicators of the Xining specification, 服务评价."""
SCALE = ("非常不满意", "不满意", "基本满意", "满意", "非常满意")
"""What the scores 1 to 5 are called."""
SUBJECTS: Mapping[str, str] = {"staff": "人工服务", "bot": "智能助手"}
"""Whose part in a consultation is rated; each at most once."""
CORRECTIVES: Mapping[str, str] = {
    "analysing": "待分析", "acting": "整改中", "checking": "待验证", "effective": "有效", "finished": "已结", "dropped": "不需整改",
}  # fmt: skip
"""How a corrective action stands."""
ORIGINS: Mapping[str, str] = {"rating": "低分评价", "review": "质检发现错误", "staff": "工作人员提出"}
"""Where a corrective action comes from."""

_BY_FIELD: Mapping[str, Mapping[str, str]] = {
    "state": STATES, "channel": CHANNELS, "status": STATUS_NAMES, "mark": MARKS, "outcome": OUTCOMES,
    "corrective": CORRECTIVES, "origin": ORIGINS, "subject": SUBJECTS,
}  # fmt: skip


def told(field: str, code: str) -> str:
    """Return what the code of a field (`state`, `channel`, `status`, `mark`, `outcome` …) is called; else the code itself."""
    return _BY_FIELD.get(field, {}).get(code, code)


def told_scores(scores: Mapping[str, int]) -> str:
    """Return a rating in words, each indicator in its order; what was not given is said to be missing, and nothing is reckoned for it."""
    given = {**dict.fromkeys(INDICATORS), **scores}
    return "，".join(f"{INDICATORS.get(name, name)} {'未评' if score is None else f'{score} 分'}" for name, score in given.items())
