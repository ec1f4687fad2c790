"""Puts a field of a form into a reply, and a filled form into facts."""

from __future__ import annotations

from typing import Any

from zhixun.knowledge.guides.model import CHOICE, Step
from zhixun.knowledge.guides.walk import MISSES, State, summary, walk
from zhixun.knowledge.services.model import REVIEW, Service
from zhixun.messages import BACK, LEAVE, PERSON, SKIP

__all__ = ["say_field"]

_HINT = "可以点选、回复序号或直接写；中途可以问别的问题，也可以说“上一步”“退出”，过几天回来接着填也行。"
_LONGEST_SUM = 60


def say_field(service: Service, state: State, step: Step, *, again: bool) -> list[dict[str, Any]]:
    """Return the reply that asks a field, or shows what was filled in before it is sent.

    Args:
        again: whether another question came in between, so that it is said where we are.
    """
    form = service.form
    path = walk(form, state.answers).path
    lines = [state.note] if state.note else []
    if again:
        lines.append("我们接着填刚才的申请：")
    elif not path and not state.note:
        lines += _introduced(service)
    lines.append(f"【{form.title} · 第{len(path) + 1}项】{step.ask}" if step.id != REVIEW else f"【{form.title} · 核对】{step.ask}")
    if step.id == REVIEW:
        lines += [f"· {name}：{_short(value)}" for name, value in _reviewed(service, state)]
    elif step.kind == CHOICE:
        lines += [f"{number}. {choice.title}" for number, choice in enumerate(step.choices, 1)]
    elif step.optional:
        lines.append(f"不方便填，可以说“{SKIP}”。")
    if not path and not again:
        lines.append(_HINT)
    titles = [choice.title for choice in step.choices]
    if step.id == REVIEW:
        titles += [f"改{name}" for name, _ in _reviewed(service, state)]
    titles += [SKIP] * step.optional + [BACK] * bool(path) + [LEAVE] + [PERSON] * (state.misses >= MISSES)
    buttons = [{"title": title, "payload": title} for title in titles]
    return [{"text": "\n".join(lines), "knowledge": [service.name], "basis": [], "buttons": buttons}]


def _introduced(service: Service) -> list[str]:
    return [f"您要申请的是“{service.title}”。{service.about}", f"费用：{service.free.rstrip('。')}。"]


def _reviewed(service: Service, state: State) -> list[tuple[str, str]]:
    """Return the fields as they are shown before sending; that the citizen agreed needs no second look."""
    return [fact for fact in summary(service.form, state.answers) if fact[0] != service.form.steps["consent"].about]


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST_SUM else f"{value[:_LONGEST_SUM]}……（共{len(value)}字）"
