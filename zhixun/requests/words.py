"""What citizens are told of their requests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from zhixun.clock import ZONE, local_of, stamp
from zhixun.messages import PERSON, Button, Reply, Terms
from zhixun.requests.request import Request
from zhixun.requests.standing import words_of

__all__ = [
    "masked", "told_again", "told_due", "told_incomplete", "told_line", "told_received", "told_request", "told_standing", "told_standings",
    "told_too_many", "told_withdrawing",
]  # fmt: skip

_LONG_NUMBER = re.compile(r"\d{7,}")
_EXAMPLE = "（时限为示例设置，以本单位公布为准）"


def told_received(number: str, code: str, terms: Terms) -> Reply:
    """Confirm a request: its number, the code, until when somebody answers, and how to follow it."""
    lines = [
        f"申请已提交：{terms.title}",
        f"申请编号：{number}",
        f"查询码：{code}",
        f"{told_due(terms.due, confirmed=terms.confirmed)}",
        "请保存编号和查询码：在网页“查申请进度”里输入，或者把两样一起发给我，都能查到办到哪一步。",
    ]
    buttons = (Button("我的申请到哪了", "我的申请到哪了"), Button("撤回这个申请", f"撤回申请 {number}"), Button(PERSON, PERSON))
    return Reply("\n".join(lines), buttons=buttons, kind="service")


def told_again(request: Request) -> Reply:
    """Say that the very same request was made before in this consultation."""
    return Reply(f"您已经交过内容相同的申请，不用再交：\n{told_standing(request)}", buttons=(Button(PERSON, PERSON),), kind="service")


def told_request(request: Request) -> dict[str, Any]:
    """Return what the holder of a request's code may see of it; the fields are not among it, since codes get passed on."""
    return {
        "number": request.number, "title": request.title, "standing": request.standing,
        "words": words_of(request.standing, request.reason), "received": request.received, "changed": request.changed,
        "due": request.due, "confirmed": request.confirmed, "note": request.note,
    }  # fmt: skip


def told_line(request: Request, now: datetime) -> str:
    """Return a request as one line of a list for staff: what goes first and what is late is seen at once."""
    marks = [
        "已超时" if request.running and request.due and request.due < stamp(now) else "",
        f"优先：{request.priority}" if request.priority else "",
        f"可能与 {request.same_as} 重复" if request.same_as else "",
        f"负责人 {request.owner}" if request.owner else "",
        f"应于 {request.follow_up} 回访" if request.follow_up else "",
    ]
    due = f"限 {local_of(request.due):%Y-%m-%d %H:%M}" if request.due else "时限未定"
    parts = (request.number, request.title, words_of(request.standing, request.reason), due, f"转 {request.target}", *marks)
    return "  ".join(part for part in parts if part)


def masked(value: str) -> str:
    """Return a filled-in value with all but the last digits of a long number hidden."""
    return _LONG_NUMBER.sub(lambda match: "*" * (len(match[0]) - 4) + match[0][-4:], value)


def told_incomplete() -> Reply:
    """Say that the number to call is missing, so that nothing was sent."""
    return Reply("没有收到联系电话，申请还没有提交。请重新申请，在问到电话时写电话。", buttons=(Button(PERSON, PERSON),), kind="service")


def told_too_many() -> Reply:
    """Say that no more requests are taken in this consultation."""
    return Reply("这次咨询提交的申请已经很多了，请先等工作人员处理，或者转人工。", buttons=(Button(PERSON, PERSON),), kind="service")


def told_withdrawing(request: Request) -> Reply:
    """Ask whether a request shall really be taken back."""
    text = f"确定要撤回吗？撤回后不能恢复，需要时可以重新申请。\n{request.number} {request.title}"
    return Reply(text, buttons=(Button("确认撤回", f"确认撤回申请 {request.number}"), Button("不撤回", "我的申请到哪了")), kind="service")


def told_due(due: datetime | None, *, confirmed: bool) -> str:
    """Say until when somebody answers."""
    if due is None:
        return "工作人员会尽快与您联系；放假安排还没公布，准确时间以工作人员答复为准。"
    local = due.astimezone(ZONE)
    when = f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
    return f"工作人员应在{when}前与您联系{'' if confirmed else _EXAMPLE}。"


def told_standing(request: Request) -> str:
    """Say in some lines how a request stands and what was noted last for the citizen."""
    changed = local_of(request.changed)
    lines = [f"{request.number} {request.title}", f"现在：{words_of(request.standing, request.reason)}（{changed:%Y-%m-%d %H:%M}）"]
    if request.note:
        lines.append(f"说明：{request.note}")
    if request.running:
        lines.append(told_due(datetime.fromisoformat(request.due) if request.due else None, confirmed=request.confirmed))
    return "\n".join(lines)


def told_standings(requests: Sequence[Request]) -> Reply:
    """Say how the requests of a consultation stand, the newest first, with what may be done about them."""
    text = "\n\n".join(told_standing(request) for request in requests)
    running = [request for request in requests if request.running]
    buttons = tuple(Button(f"撤回 {request.number[-4:]}", f"撤回申请 {request.number}") for request in running[:3])
    return Reply(text, buttons=(*buttons, Button(PERSON, PERSON)), kind="service")
