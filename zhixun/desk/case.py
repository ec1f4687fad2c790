"""A consultation as staff read it: what was said and what happened, line by line, and what is known of the person's matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhixun.desk.casework import DESCRIBED, RESULTS
from zhixun.desk.limits import LEVELS, TITLES
from zhixun.desk.reach import ARRIVED, USUAL
from zhixun.masking import mask
from zhixun.messages import PERSON, Entry
from zhixun.names import CORRECTIVES, INDICATORS, MARKS, ORIGINS, SUBJECTS, told_scores

__all__ = [
    "REASONS", "Line", "answered_of", "contact_of", "described_of", "facts_of", "last_words", "lines_of", "ratings_of", "trace_of",
]  # fmt: skip

REASONS = {
    "asked": "咨询人要求转人工", "unknown": "没有经审核的答复", "complaint": "投诉或不满", "bot_paused": "智能应答暂停",
    "stepped_in": "工作人员主动接入", "service": "服务申请需要人工", "referral": "需要转办", "lapsed": "接待人离开，自动退回",
    "put_back": "放回排队", "passed_on": "同事转交", "missed": "转交对象未及时接待", "given_back": "交还智能助手",
    "entered": "电话或窗口登记，约定回电",
}  # fmt: skip
_GONE = "（内容已按请求删除）"
_SPEAKERS = {"citizen": ("citizen", "咨询人"), "bot": ("bot", "智能助手"), "system": ("system", "系统")}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log.

    Attributes:
        kind: `said`, `note`, `file` or `event`. speaker: citizen, bot, staff or system. who: how the speaker is called.
        basis: the clauses cited. status: of a turn of the bot. mark: what became of words on their way to the citizen.
        file: id, type and size of an attachment.
    """

    seq: int
    time: str
    kind: str
    speaker: str
    who: str
    text: str
    basis: Sequence[Mapping[str, Any]] = ()
    knowledge: Sequence[str] = ()
    status: str = ""
    mark: str = ""
    file: Mapping[str, Any] | None = None

    @property
    def marks(self) -> Sequence[tuple[str, str]]:
        """What is told under it, with its sign: of staff's words always what became of them, of the program's only what went wrong."""
        if not self.mark or (self.speaker != "staff" and self.mark in USUAL):
            return ()
        return ((self.mark, "checks" if self.mark == ARRIVED else "clock"),)


def lines_of(
    entries: Sequence[Entry], names: Callable[[str], str], standings: Mapping[str, Mapping[str, str]], *,
    clear: bool, marks: Mapping[int, str] | None = None,
) -> list[Line]:  # fmt: skip
    """Return the log of a consultation.

    Args:
        names: login name to shown name of a member of staff.
        standings: what the codes are called that entries of a kind (`request_moved`, `slip_moved`) tell as `standing`.
        clear: show personal numbers as they were written. marks: what became of entries on their way to the citizen.
    """
    lines = [_line(entry, names, standings, marks or {}) for entry in entries]
    return [line if clear else _masked(line) for line in lines if line is not None]


def facts_of(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Return what the guides found out, the newest last, each a title and its facts in one line."""
    found = [entry.private for entry in entries if entry.kind == "guided" and entry.private]
    return [(str(one["title"]), "；".join(f"{name}：{value}" for name, value in one["facts"])) for one in found]


def ratings_of(entries: Sequence[Entry]) -> list[tuple[str, list[tuple[str, int | None]], str]]:
    """Return what was rated: the subject in words, each indicator with its score (None: missing), and the words, masked."""
    return [
        (SUBJECTS.get(str(entry.open.get("subject", "")), "服务"),
         [(shown, entry.open["scores"].get(name)) for name, shown in INDICATORS.items()],
         mask(str((entry.private or {}).get("words", ""))))
        for entry in entries if entry.kind == "rated"
    ]  # fmt: skip


def contact_of(entries: Sequence[Entry]) -> str:
    """Return the number to call that was left last, or an empty string."""
    left = [entry.private for entry in entries if entry.kind == "contact_left" and entry.private]
    return str(left[-1]["phone"]) if left else ""


def described_of(entries: Sequence[Entry]) -> dict[str, str]:
    """Return what was told last of who asks, by name of `DESCRIBED`; empty for what was not."""
    told = dict.fromkeys(DESCRIBED, "")
    for entry in entries:
        if entry.kind == "described":
            told |= {name: str(entry.open[name]) for name in DESCRIBED if name in entry.open}
    return told


def last_words(entries: Sequence[Entry], count: int = 2) -> list[str]:
    """Return what the citizen said last, masked and shortened, the newest last."""
    said = [str(entry.private["text"]) for entry in entries if entry.kind == "said" and entry.actor == "citizen" and entry.private]
    return [_short(mask(text)) for text in [one for one in said if one != PERSON][-count:]]


def answered_of(entries: Sequence[Entry], count: int = 3) -> list[str]:
    """Return the ids of the knowledge that the program gave last, the newest last."""
    given = [name for entry in entries if entry.kind == "said" and entry.actor == "bot" for name in entry.open.get("knowledge", ())]
    return list(dict.fromkeys(reversed(given)))[:count][::-1]


def trace_of(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return how each message was understood: turn, intent, confidence, ranking, model."""
    return [
        {"turn": told["turn"], "status": told.get("status", ""), "intent": told.get("intent") or "", "confidence": told.get("confidence"),
         "ranking": told.get("ranking", ()), "model": told.get("model", ""), "error": told.get("error", "")}
        for entry in entries if entry.kind == "parsed" for told in [entry.open]
    ]  # fmt: skip


def _line(
    entry: Entry, names: Callable[[str], str], standings: Mapping[str, Mapping[str, str]], marks: Mapping[int, str]
) -> Line | None:
    private = entry.private or {}
    who = names(entry.actor.removeprefix("staff:")) if entry.actor.startswith("staff:") else "系统"
    if entry.kind == "said":
        speaker, who = _SPEAKERS.get(entry.actor, ("staff", who))
        return Line(entry.seq, entry.time, "said", speaker, who, str(private.get("text", _GONE)), private.get("basis", ()),
                    entry.open.get("knowledge", ()), str(entry.open.get("status", "")), marks.get(entry.seq, ""))  # fmt: skip
    if entry.kind == "noted":
        return Line(entry.seq, entry.time, "note", "staff", who, str(private.get("text", _GONE)))
    if entry.kind == "attached":
        speaker, who = _SPEAKERS.get(entry.actor, ("staff", who))
        return Line(entry.seq, entry.time, "file", speaker, who, str(private.get("name", _GONE)), file=entry.open)
    words = _happened(entry, private, names, standings.get(entry.kind, {}))
    return Line(entry.seq, entry.time, "event", "system", who, words) if words else None


def _happened(entry: Entry, private: Mapping[str, Any], names: Callable[[str], str], standings: Mapping[str, str]) -> str:
    """Say in Chinese what an entry tells that is not said to anyone; empty for what staff need not read."""
    told = entry.open
    reason = REASONS.get(str(told.get("reason", "")), str(told.get("reason", "")))
    to = names(told["to"]) if told.get("to") else told.get("team") or "所有人"
    words = str(private.get("words") or private.get("reason") or private.get("note") or "")
    standing = standings.get(str(told.get("standing", "")), "")
    texts = {
        "opened": "咨询开始" + next((f"，经“{told[way]}”接入" for way in ("partner", "site") if told.get(way)), ""),
        "handed_off": f"转人工：{reason}",
        "claimed": "接待",
        "transferred": f"转给 {to}：{words or reason}",
        "returned": f"退回{'排队' if told.get('state') == 'queued' else '智能助手'}：{reason}",
        "contact_left": " ".join(filter(None, ("留下回电号码", private.get("name"), private.get("unit")))),
        "guided": f"指引“{private.get('title', '')}”得出结果",
        "requested": f"提交服务申请 {told.get('request', '')}",
        "request_moved": f"申请 {told.get('request', '')} 办理：{standing} {words}",
        "referred": f"转办 {told.get('slip', '')}：{private.get('agency_name', told.get('agency', ''))}",
        "slip_moved": f"转介单 {told.get('slip', '')}：{standing} {words}",
        "labelled": "标签：" + "，".join([*(f"+{one}" for one in told.get("add", ())), *(f"-{one}" for one in told.get("remove", ()))]),
        "described": f"咨询人情况：{'、'.join(str(told[one]) or '未记录' for one in DESCRIBED if one in told)}",
        "planned": _planned(told, words, names),
        "followed_up": f"回访：{RESULTS.get(str(told.get('result')), '')} {words}",
        "escalated": _escalated(str(told.get("told", ""))),
        "reviewed": f"质检：{MARKS.get(str(told.get('mark')), '')} {words}",
        "rated": _rated(entry, words, names),
        "corrective_opened": f"提出整改 {told.get('corrective', '')}：{words or ORIGINS.get(str(told.get('origin')), '')}",
        "corrective_moved": f"整改 {told.get('corrective', '')}：{CORRECTIVES.get(str(told.get('standing')), '')}",
        "closed": f"咨询结束 {words}".rstrip(),
        "erased": "个人信息已按请求删除",
        "linked": f"咨询人出示了 {told.get('to', '')} 的回执，两件相关联",
        "unreachable": "对方取消了关注或停用，消息送不到了",
        "recalled": "撤回了一条消息",
        "happened_there": {"taken": "转到企业微信里接待", "ended": "企业微信里的接待已结束"}.get(str(told.get("act")), "企业微信里有动作"),
        "notice_sent": "结果已发订阅通知",
        "notice_lost": f"结果的订阅通知没有发出：{private.get('why', '')}",
        "file_lost": f"对方发来的文件没有取到：{private.get('why', '')}",
    }
    return str(texts.get(entry.kind, "")).strip()


def _rated(entry: Entry, words: str, names: Callable[[str], str]) -> str:
    if entry.kind != "rated":
        return ""
    by = f"（{names(entry.actor.removeprefix('staff:'))}代记）" if entry.actor.startswith("staff:") else ""
    subject = SUBJECTS.get(str(entry.open.get("subject", "")), "")
    return f"评价{subject}{by}：{told_scores(entry.open['scores'])}{f'。意见：{words}' if words else ''}"


def _planned(told: Mapping[str, Any], words: str, names: Callable[[str], str]) -> str:
    # The words by which a colleague is called for stand in the note itself.
    if told.get("kind") == "mention":
        return f"提醒 {names(told['owner'])}"
    return f"计划回访，{told.get('due', '')[:10]} 前：{words}"


def _escalated(told: str) -> str:
    """Say the newest of the limits that were told of."""
    kind, level, *_ = [*told.rpartition(",")[2].split(":"), "", ""]
    return f"时限提醒：{TITLES.get(kind, kind)}{'已超时' if level == LEVELS[-1] else '快到时限'}"


def _masked(line: Line) -> Line:
    return Line(**{name: getattr(line, name) for name in Line.__slots__ if name != "text"}, text=mask(line.text))


def _short(text: str, most: int = 80) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
