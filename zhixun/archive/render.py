"""A consultation as a page for reading and printing: one file, no scripts, nothing loaded, every text escaped.

The same entries always give the same bytes. The markup is well-formed XML too, so that any tool can read it in fifty years.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from zhixun.archive.canonical import canonical
from zhixun.archive.sealed import receipt_code
from zhixun.clock import local_of
from zhixun.messages import Entry
from zhixun.names import REGISTER, told, told_scores

__all__ = ["render"]

_STYLE = """
body{font:16px/1.7 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei",sans-serif;color:#1a1a1a;background:#fff;
max-width:46em;margin:2em auto;padding:0 1em}
h1{font-size:1.4em;margin:0 0 .5em}h2{font-size:1.1em;border-bottom:1px solid #999;margin:2em 0 .8em}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #999;padding:.3em .6em;text-align:left;vertical-align:top}
th{width:8em;background:#f2f2f2;font-weight:600}
.said{margin:.9em 0;padding:.5em .8em;border-left:4px solid #777;break-inside:avoid}
.citizen{border-color:#0b5cad;background:#eef4fb}.staff{border-color:#7a4b00;background:#fbf5ea}
.who{color:#555;font-size:.85em}.text{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2em 0}
.basis{font-size:.85em;color:#444;margin:.2em 0;padding-left:1.2em}
.event{margin:.6em 0;color:#555;font-size:.9em;overflow-wrap:anywhere}
code{font-family:monospace;overflow-wrap:anywhere}
@page{size:A4;margin:18mm}@media print{body{margin:0;max-width:none;font-size:11pt}}
""".strip()

_SPEAKERS = {"citizen": "咨询人", "bot": "智能助手", "system": "系统", "zhixun": "系统", "engine": "理解引擎"}
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_KINDS = {"opened": "咨询开始", "handed_off": "转人工", "claimed": "人工接管", "transferred": "转交", "returned": "交还",
          "noted": "备注", "referred": "转办", "contact_left": "留下联系方式", "rated": "评价", "followed_up": "回访",
          "closed": "咨询结束", "reviewed": "质检", "relayed": "转达", "parsed": "理解结果", "guided": "指引结果",
          "requested": "服务申请", "request_moved": "申请办理", "slip_moved": "转办进展", "slip_reminded": "催办",
          "planned": "计划回访", "labelled": "标签", "escalated": "超时提醒", "attached": "附件",
          "linked": "关联", "unreachable": "送不到", "file_offered": "发来文件", "file_lost": "文件未取到",
          "corrective_opened": "提出整改", "corrective_moved": "整改", "described": "咨询人情况",
          "notice_sent": "通知", "notice_lost": "通知未发出",
          "recalled": "撤回", "happened_there": "在平台客户端接待",
          "recorded": "登记", "record_changed": "修改", "record_ended": "停用", "record_restored": "恢复", "attended": "签到",
          "pushed": "推送"}  # fmt: skip
_CLOSERS = {"citizen": "咨询人结束", "idle": "长时间未发言，自动结束", "staff": "工作人员结束", "form": "表单提交后结束",
            REGISTER: "登记完成，以后的变化另存补充件"}
_MEASURES = {"words": "说明", "cause": "原因", "measure": "措施", "plan": "计划", "effect": "效果"}
_TOLD_OF_CORRECTIVE = ("corrective", "standing", "origin")
_SHOWN_ELSEWHERE = {"turn", "status", "state"}


def render(entries: Sequence[Entry], files: Sequence[tuple[str, str]]) -> bytes:
    """Write the page of a consultation.

    Args:
        entries: all of it, from `opened` on.
        files: path and digest of each sealed file, the first one first.
    """
    first = entries[0]
    number = _text(first.consultation)
    closed = next((entry for entry in entries if entry.kind == "closed"), None)
    sealed = (f"{_text(path)}<br/><code>{_text(digest)}</code>" for path, digest in files)
    facts = [
        ("编号", number),
        ("渠道", _text(told("channel", str(first.open["channel"])))),
        ("地区", _text(first.open["region"])),
        ("开始", _time(first.time)),
        ("结束", _time(closed.time) if closed else "—"),
        ("回执码", f"<code>{receipt_code(files[0][1])}</code>"),
        *((f"封存件 {place}", words) for place, words in enumerate(sealed, 1)),
    ]
    rows = "\n".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in facts)
    body = "\n".join(_entry(entry) for entry in entries)
    what, course = ("台账记录", "经过") if first.open["channel"] == REGISTER else ("知识产权咨询件", "咨询经过")
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8"/>\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
        '<meta name="viewport" content="width=device-width"/>\n<meta name="robots" content="noindex"/>\n'
        f"<title>咨询件 {number}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f"<h1>{what}</h1>\n<table>\n{rows}\n</table>\n<h2>{course}</h2>\n{body}\n"
        "<h2>说明</h2>\n<p>时间均为北京时间。本页供阅读和打印；作为凭证的是同名的 JSON 封存件，可用核验程序验证。</p>\n"
        "</body>\n</html>\n"
    ).encode()


def _entry(entry: Entry) -> str:
    if entry.kind == "said":
        return _said(entry)
    show = _SHOW.get(entry.kind, _other)
    what = _text(_KINDS.get(entry.kind, entry.kind))
    return f'<p class="event">{_time(entry.time)} · {what} · {_text(_speaker(entry.actor))}{show(entry)}</p>'


def _said(entry: Entry) -> str:
    private = entry.private or {}
    role = "citizen" if entry.actor == "citizen" else "bot" if entry.actor in _SPEAKERS else "staff"
    parts = [f'<div class="who">{_text(_speaker(entry.actor))} · {_time(entry.time)}{_status(entry)}</div>',
             f'<div class="text">{_text(_MOBILE.sub(_tail, str(private.get("text", ""))))}</div>']  # fmt: skip
    basis = private.get("basis") or ()
    if basis:
        items = "".join(f"<li>{_text(_clause(each))}</li>" for each in basis)
        parts.append(f'<ul class="basis">{items}</ul>')
    buttons = "、".join(str(button.get("title", "")) for button in private.get("buttons") or ())
    if buttons:
        parts.append(f'<div class="who">选项：{_text(buttons)}</div>')
    known = "、".join(str(each) for each in entry.open.get("knowledge") or ())
    if known:
        parts.append(f'<div class="who">知识条目：{_text(known)}</div>')
    return f'<div class="said {role}">\n' + "\n".join(parts) + "\n</div>"


def _opened(entry: Entry) -> str:
    agreed = "：咨询人同意服务说明" if entry.open.get("consent") else ""
    return agreed + _rest(entry, {"channel", "region", "consent"})


def _rated(entry: Entry) -> str:
    words = (entry.private or {}).get("words", "")
    subject = told("subject", str(entry.open.get("subject", "")))
    of = f"（{_text(subject)}）" if subject else ""
    return f"{of}：{_text(told_scores(entry.open['scores']))}{'。意见：' + _text(words) if words else ''}"


def _corrective(entry: Entry) -> str:
    """Tell how a corrective action stands and what was written about it."""
    private = entry.private or {}
    parts = (f"{name}：{_MOBILE.sub(_tail, str(private[key]))}" for key, name in _MEASURES.items() if private.get(key))
    origin = told("origin", str(entry.open.get("origin", "")))
    head = f"{entry.open['corrective']} {origin} {told('corrective', str(entry.open['standing']))}"
    return f"：{_text('。'.join([' '.join(head.split()), *parts]))}{_rest(replace(entry, private=None), _TOLD_OF_CORRECTIVE)}"


def _closed(entry: Entry) -> str:
    reason = str(entry.open.get("reason", ""))
    return f"：{_text(_CLOSERS.get(reason, reason))}"


def _contact(entry: Entry) -> str:
    """Tell only the tail of a number: the page lies in the clear, the number itself stays in the encrypted entry."""
    return f"：尾号 {_text(str((entry.private or {}).get('phone', ''))[-4:])}"


def _parsed(entry: Entry) -> str:
    return f"{_status(entry)}{_rest(entry)}"


def _guided(entry: Entry) -> str:
    private = entry.private or {}
    told = "；".join(f"{name}：{value}" for name, value in private.get("facts") or ())
    return f"：{_text(private.get('title', ''))}（{_text(told)}）{_rest(replace(entry, private=None))}"


def _requested(entry: Entry) -> str:
    """Show the fields as they were filled in; of a mobile number only the tail, as the page lies in the clear."""
    private = entry.private or {}
    told = "；".join(f"{name}：{_MOBILE.sub(_tail, str(value))}" for name, value in private.get("facts") or ())
    return f"：{_text(private.get('title', ''))}（{_text(told)}）{_rest(replace(entry, private=None))}"


def _tail(mobile: re.Match[str]) -> str:
    return f"尾号 {mobile[0][-4:]}"


def _other(entry: Entry) -> str:
    return _rest(entry)


def _rest(entry: Entry, shown: Collection[str] = ()) -> str:
    """Show all that an entry says and that stands nowhere else, so that nothing in the file is hidden from its reader."""
    told: dict[str, Any] = {name: value for name, value in entry.open.items() if name not in {*_SHOWN_ELSEWHERE, *shown}}
    told |= entry.private or {}
    return f"：<code>{_text(_MOBILE.sub(_tail, canonical(told).decode()))}</code>" if told else ""


def _status(entry: Entry) -> str:
    status = str(entry.open.get("status", ""))
    return f" · {_text(told('status', status))}" if status else ""


def _clause(basis: Mapping[str, Any]) -> str:
    force = "" if basis.get("in_force", True) else "（非现行）"
    return f"{basis.get('title', '')} {basis.get('locator', '')}{force}".strip()


_SHOW: Mapping[str, Callable[[Entry], str]] = {
    "opened": _opened, "rated": _rated, "closed": _closed, "parsed": _parsed, "contact_left": _contact, "guided": _guided,
    "requested": _requested, "corrective_opened": _corrective, "corrective_moved": _corrective,
    "recorded": _requested, "record_changed": _requested, "pushed": _requested,
}  # fmt: skip


def _speaker(actor: str) -> str:
    return _SPEAKERS.get(actor, actor)


def _time(stamped: str) -> str:
    return local_of(stamped).strftime("%Y-%m-%d %H:%M:%S")


def _text(value: Any) -> str:
    """Escape a text; what XML cannot hold becomes a replacement mark."""
    clean = "".join(char if char in "\n\t" or _is_xml(ord(char)) else "\ufffd" for char in str(value))
    return html.escape(clean, quote=True)


def _is_xml(point: int) -> bool:
    return 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or 0x10000 <= point <= 0x10FFFF
