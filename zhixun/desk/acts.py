"""How acts of staff are called and told in Chinese: one table of kinds, and one of the parts that an act can have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zhixun.clock import local_of
from zhixun.desk.case import REASONS
from zhixun.desk.casework import KINDS as TASKS
from zhixun.desk.casework import RESULTS
from zhixun.desk.staff import ROLES
from zhixun.names import CHANNELS, CORRECTIVES, MARKS, OUTCOMES, STATES, SUBJECTS

__all__ = ["BY_NOBODY", "FAILED", "KINDS", "told_act"]

FAILED = ("sign_in_failed", "locked")
"""What somebody did who has not proved to be of the staff."""
BY_NOBODY = (*FAILED, "account_made", "account_changed", "password_changed", "second_factor_off", "erased",
             "key_made", "key_revoked", "hook_set", "hook_removed")
"""What may stand in the journal by nobody of the staff: attempts that failed, and what was done at the machine itself."""
KINDS: Mapping[str, str] = {
    "signed_in": "登录", "signed_out": "退出", "sign_in_failed": "登录失败", "locked": "账号锁定", "recovery_used": "使用恢复码",
    "password_changed": "更改密码", "second_factor_on": "启用动态验证码", "second_factor_off": "关闭动态验证码",
    "sessions_revoked": "使登录失效", "account_made": "添加账号", "account_changed": "修改账号",
    "looked": "查看", "unmasked": "查看完整号码", "searched": "检索档案", "printed": "打印", "exported": "导出",
    "view_saved": "保存检索条件", "view_deleted": "删除检索条件", "duty_set": "排班", "canned_saved": "保存常用语",
    "canned_removed": "删除常用语", "bot_paused": "暂停智能应答", "bot_resumed": "恢复智能应答",
    "opened": "登记咨询", "quiz_done": "上岗前测验", "figures_shown": "同意查看办件情况", "figures_hidden": "撤回同意查看办件情况",
    "turns_settled": "处理未答好的提问", "draft_saved": "保存草稿", "draft_approved": "审批草稿", "draft_sent_back": "退回草稿",
    "draft_dropped": "放弃草稿", "candidate_made": "训练新版本", "candidate_refused": "新版本没有通过", "candidate_failed": "新版本没有成功",
    "candidate_cancelled": "取消新版本", "candidate_live": "新版本上线", "rolled_back": "退回版本",
    "key_made": "发放接入密钥", "key_revoked": "停用接入密钥", "hook_set": "登记通知地址", "hook_removed": "取消通知",
    "claimed": "接待", "said": "答复咨询人", "attached": "发送附件", "transferred": "转交", "returned": "退回", "closed": "结束咨询",
    "rated": "代记评价", "corrective_opened": "提出整改", "corrective_moved": "办理整改",
    "recorded": "登记台账", "record_changed": "修改台账", "record_ended": "停用记录", "record_restored": "恢复记录", "pushed": "记下推送",
    "records_imported": "导入台账", "calendar_link_made": "生成日历地址", "calendar_link_revoked": "停用日历地址",
    "noted": "内部备注", "labelled": "改标签",
    "described": "登记咨询人情况", "reviewed": "质检", "planned": "计划回访", "called_back": "回电", "followed_up": "记录回访",
    "request_moved": "办理申请", "referred": "转办", "slip_moved": "转办进展", "erased": "删除个人信息",
}  # fmt: skip
"""Every kind of act and how it is called."""
_PARTS: Mapping[str, str] = {
    "name": "账号", "names": "人员", "role": "角色", "teams": "组别", "factor": "方式", "step": "错在", "until": "锁定到",
    "left": "剩余", "partner": "接入系统", "key": "密钥", "scopes": "权限", "reset": "", "channel": "渠道",
    "number": "编号", "request": "申请", "task": "任务", "slip": "转介单", "corrective": "整改单", "subject": "事项",
    "owner": "负责人", "agency": "单位", "to": "转给", "register": "台账",
    "team": "组", "state": "现在", "standing": "状态", "outcome": "结果", "result": "结果", "mark": "结论", "kind": "种类",
    "due": "日期", "next": "下次", "add": "添加", "remove": "去掉",
    "user_kind": "咨询人", "industry": "行业", "district": "区县", "day": "日期", "what": "", "format": "格式", "found": "找到",
    "channels": "渠道", "place": "范围", "topic": "内容", "units": "家数",
    "count": "件数", "quiz": "试卷", "right": "答对", "asked": "题数", "span": "时段",
    "clear": "", "title": "标题", "text": "内容", "reason": "原因", "how": "处理",
    "draft": "草稿", "question": "问题", "questions": "问题", "candidate": "版本", "version": "版次", "model": "模型", "digest": "摘要",
}  # fmt: skip
"""The parts of an act that are told, in order, and what stands before each."""
_NAMES = ("name", "names", "to", "owner")
_CODES: Mapping[str, Mapping[str, str]] = {
    "role": ROLES, "state": STATES, "channel": CHANNELS,
    "mark": MARKS, "outcome": OUTCOMES, "result": {**RESULTS, "passed": "合格", "failed": "未合格"}, "kind": TASKS, "reason": REASONS,
    "standing": CORRECTIVES, "subject": SUBJECTS,
    "factor": {"none": "只用密码", "code": "动态验证码", "recovery": "恢复码"},
    "step": {"password": "密码", "code": "动态验证码", "change": "改密码时现在的密码"},
    "what": {"call_list": "电话单", "audit": "操作记录", "slip": "转介单", "package": "档案包",
             "receipt": "回执", "assessment": "规范对照自评表", "certificate": "测验合格证明", "figures": "办件情况", "register": "台账",
             "report": "分析报告", "push": "推送名单"},
    "how": {"done": "已处理", "ignored": "不用处理", "live": "已上线新答复"},
    "reset": {"True": "重发一次性密码", "False": ""}, "clear": {"True": "含完整号码", "False": "号码已遮盖"},
}  # fmt: skip
_CHANGED = {"role": "角色", "teams": "组别", "active": "在用"}
_YES_NO = {True: "是", False: "否"}


def told_act(open: Mapping[str, Any], names: Callable[[str], str], terms: Mapping[str, Mapping[str, str]]) -> str:
    """Say what an act was about.

    Args:
        open: the open part of its entry. names: login name to shown name.
        terms: further codes by the part in which they stand, e.g. of `standing`.
    """

    def say(part: str, value: object) -> str:
        if isinstance(value, list | tuple):
            return "、".join(say(part, one) for one in value)
        if part in _NAMES:
            return names(str(value))
        if part == "until":
            return f"{local_of(str(value)):%Y-%m-%d %H:%M}"
        codes = {**_CODES.get(part, {}), **terms.get(part, {})}
        return codes.get(str(value), str(value))

    told = [f"{title} {say(part, open[part])}".strip() for part, title in _PARTS.items() if open.get(part) not in (None, "", [], ())]
    about = open.get("about")
    told += _changed(open.get("changed") or {})
    told += [_several(about)] if isinstance(about, list) else []
    told += [f"条件 {'、'.join(map(str, open['filters'].values()))}"] if open.get("filters") else []
    return "；".join(filter(None, told))


def _changed(changed: Mapping[str, Sequence[Any]]) -> list[str]:
    """Say what was changed of an account: each from what to what."""

    def say(field: str, value: Any) -> str:
        return _YES_NO[value] if isinstance(value, bool) else ROLES.get(value, value.replace(",", "、")) or "没有"

    return [f"{_CHANGED.get(field, field)} {say(field, old)} → {say(field, new)}" for field, (old, new) in changed.items()]


def _several(numbers: Sequence[str]) -> str:
    return f"{len(numbers)} 件：{'、'.join(numbers)}" if numbers else "没有号码"
