"""How a corrective action goes on: the one table of steps, who may do which, and what each wants to be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from zhixun.desk.staff import LEADERS
from zhixun.errors import CitizenError
from zhixun.names import CORRECTIVES

__all__ = ["ACTS", "CARRYING", "ENDED", "LONGEST", "Act", "Corrective", "Step", "acts_for", "demand", "read_step"]

ENDED = ("finished", "dropped")
"""The standings in which nothing more is owed."""
CARRYING = ("checking",)
"""Reached by who says that the measure was carried out."""
LONGEST = 1000
_OWNER, _LEADER, _OTHER = "owner", "leader", "other"


@dataclass(frozen=True, slots=True)
class Corrective:
    """One of them: see the table `correctives`; `due` is a day, `opened` and `changed` are UTC stamps."""

    number: str
    consultation: str
    origin: str
    cause: int
    standing: str
    owner: str
    carrier: str
    due: str
    opened: str
    changed: str
    rounds: int


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done with one.

    Attributes:
        after: the standings in which it can be done. to: the standing it leads to; empty to stay.
        title: what the button says. by: who may: its owner or a leader, a leader, or a leader who neither has it nor carried it out.
        wants: the words that must be written, each with its label. may: those that can be.
        due: the label of the day that must be given; empty for none. owner: whether somebody can be made its owner.
        help: what is told beside its day.
    """

    after: tuple[str, ...]
    to: str
    title: str
    by: str
    wants: tuple[tuple[str, str], ...] = ()
    may: tuple[tuple[str, str], ...] = ()
    due: str = ""
    owner: bool = False
    help: str = ""


ACTS: Mapping[str, Act] = MappingProxyType({
    "act": Act(
        ("analysing",), "acting", "定措施，开始整改", _OWNER,
        (("cause", "原因分析"), ("measure", "纠正措施"), ("plan", "实施计划")), due="措施完成日期", owner=True,
    ),
    "carried": Act(("acting",), "checking", "措施已落实，请验证", _OWNER, (("words", "落实情况"),), due="验证日期",
                   help="隔一段时间再看效果，由负责人、落实人以外的同事验证。"),
    "effective": Act(("checking",), "effective", "验证有效", _OTHER, (("effect", "效果：用数字或事实说明"),), due="了结日期"),
    "again": Act(("checking",), "analysing", "无效，重新分析", _OTHER, (("effect", "为什么认为无效"),), due="重新分析的日期"),
    "finish": Act(("effective",), "finished", "了结", _LEADER, may=(("words", "说明"),)),
    "drop": Act(("analysing",), "dropped", "不需整改", _LEADER, (("words", "理由"),)),
    "assign": Act(("analysing", "acting"), "", "改负责人和期限", _LEADER, may=(("words", "说明"),), due="期限", owner=True),
})  # fmt: skip
"""All of it, by name: what leads on comes first."""


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody does: the act, the standing it leads to, who has it from now on (empty: as before), the day, and the words by field."""

    act: str
    standing: str
    owner: str
    due: str
    words: Mapping[str, str]


def acts_for(one: Corrective, name: str, role: str) -> list[str]:
    """Return what somebody may do with one as it stands."""
    return [act for act, rule in ACTS.items() if one.standing in rule.after and _may(one, rule, name, role)]


def read_step(one: Corrective, given: Mapping[str, str], able: Sequence[str], today: date) -> tuple[Step, dict[str, str]]:
    """Read a form.

    Args:
        given: its fields; `act` names one of `ACTS`. able: login names of who can have one.

    Returns:
        The step, and what is wrong by field; only without errors may it be done.

    Raises:
        CitizenError: there is no such act.
    """
    name = given.get("act", "")
    if (rule := ACTS.get(name)) is None:
        raise CitizenError("请按一个办理按钮。", code="bad_act", field="act")
    words = {field: given.get(field, "").strip() for field, _ in (*rule.wants, *rule.may)}
    wrong = {field: f"请填写{label}。" for field, label in rule.wants if not words[field]}
    wrong |= {field: f"最多 {LONGEST} 字。" for field, text in words.items() if len(text) > LONGEST}
    due, owner = given.get("due", "").strip() if rule.due else "", given.get("owner", "") if rule.owner else ""
    if rule.due and not _is_day(due, today):
        wrong["due"] = f"请选择{rule.due}，不能早于今天。"
    if owner and owner not in able:
        wrong["owner"] = "请从在职的同事里选择负责人。"
    elif name == "act" and not (owner or one.owner):
        wrong["owner"] = "请指定负责人。"
    return Step(name, rule.to or one.standing, owner, due, words), wrong


def demand(one: Corrective, step: Step, name: str, role: str) -> None:
    """Make sure that a step can be done now, by this member of staff.

    Raises:
        CitizenError: (409) it stands elsewhere by now; (403) it is not theirs to do.
    """
    rule = ACTS[step.act]
    if one.standing not in rule.after:
        told = f"这项整改现在是“{CORRECTIVES[one.standing]}”，不能“{rule.title}”；可能同事刚刚办过，请看下面的经过。"
        raise CitizenError(told, code="bad_standing", status=409)
    if not _may(one, rule, name, role) or (step.owner not in ("", one.owner, name) and role not in LEADERS):
        raise CitizenError(_REFUSED[rule.by], code="not_allowed", status=403)


def _may(one: Corrective, rule: Act, name: str, role: str) -> bool:
    if role in LEADERS:
        return rule.by != _OTHER or name not in (one.owner, one.carrier)
    return rule.by == _OWNER and role == "clerk" and one.owner == name


_REFUSED = {
    _OWNER: "这一步由负责人或质检员、管理员办；改派由质检员、管理员办。", _LEADER: "这一步由质检员或管理员办。",
    _OTHER: "验证由负责人、落实人以外的质检员或管理员做。",
}  # fmt: skip


def _is_day(text: str, today: date) -> bool:
    try:
        return date.fromisoformat(text) >= today
    except ValueError:
        return False
