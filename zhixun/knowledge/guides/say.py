"""Puts a step or a recommendation into replies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zhixun.knowledge.choose import basis_of
from zhixun.knowledge.guides.model import PERCENT, Choice, Guide, Leaf, Step
from zhixun.knowledge.guides.reckon import RECKONERS, Ground, Reckoned
from zhixun.knowledge.guides.walk import MISSES, Place, State, summary, walk
from zhixun.knowledge.model import Knowledge
from zhixun.messages import BACK, LEAVE, PERSON

__all__ = ["DISCLAIMER", "say_leaf", "say_step"]

BUBBLE_BYTES = 600
DISCLAIMER = "本指引不是法律意见，供您参考；拿不准时请转人工或咨询律师、代理师。"
_HINT = "点选、回复序号或直接说都可以；随时可以问别的问题，也可以说“上一步”“退出”。"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


def say_step(guide: Guide, state: State, step: Step, *, again: bool) -> list[dict[str, object]]:
    """Return the reply that asks a step.

    Args:
        again: whether another question came in between, so that it is said where we are.
    """
    path = walk(guide, state.answers).path
    head = f"【{guide.title} · 第{len(path) + 1}步】"
    lines = [state.note] if state.note else []
    if again:
        lines.append("我们接着刚才的：")
    elif not path and not state.note:
        lines.append(guide.purpose)
    lines.append(f"{head}{step.ask}")
    lines += [f"{number}. {choice.title}" for number, choice in enumerate(step.choices, 1)]
    if not path and not again:
        lines.append(_HINT)
    titles = [choice.title for choice in step.choices]
    titles += [BACK] * bool(path) + [LEAVE] + [PERSON] * (state.misses >= MISSES)
    return [_reply("\n".join(lines), guide, [{"title": title, "payload": title} for title in titles])]


def say_leaf(guide: Guide, state: State, place: Place, knowledge: Knowledge, ground: Ground) -> list[dict[str, object]]:
    """Return the replies with the recommendation that holds today.

    Raises:
        ValueError: none does, which `zhixun check` proves cannot happen before the window of the last one ends.
    """
    leaf = guide.leaf_on(place.leaf, ground.today)
    if leaf is None:
        raise ValueError(f"{guide.file}: {place.leaf} does not hold on {ground.today}")
    chosen = [choice for name in place.path if (choice := guide.steps[name].choice(state.answers[name])) is not None]
    told = [f"{name}：{value}" for name, value in summary(guide, state.answers)]
    reckoned = RECKONERS[leaf.reckon]({name: state.answers[name] for name in place.path}, ground) if leaf.reckon else Reckoned(())
    lead = f"{'；'.join(told)}。" if told and not guide.bands else ""
    blocks = [
        f"{lead}\n{leaf.title}",
        *(paragraph.strip() for paragraph in leaf.text.split("\n\n")),
        "\n".join(reckoned.lines),
        _advised(chosen),
        _details(leaf),
        DISCLAIMER,
    ]
    told_blocks = [block.replace(PERCENT, str(place.percent)) for block in blocks if block.strip()]
    replies = [_reply(text, guide, []) for text in _bubbles(told_blocks)]
    basis = (*leaf.basis, *reckoned.basis, *(basis for choice in chosen for basis in choice.basis))
    replies[-1]["basis"] = basis_of(list(dict.fromkeys(basis)), ground.today, knowledge)
    replies[-1]["buttons"] = [{"title": button.title, "payload": button.say} for button in leaf.next]
    return replies


def _advised(chosen: Sequence[Choice]) -> str:
    advice = [choice.advise for choice in chosen if choice.advise]
    return "\n".join(["可以先做这几件：", *(f"{number}. {words}" for number, words in enumerate(advice, 1))]) if advice else ""


def _details(leaf: Leaf) -> str:
    lines = [
        f"前提：{'；'.join(leaf.needs)}。" if leaf.needs else "",
        f"找谁办：{leaf.body}" if leaf.body else "",
        f"准备：{''.join(f'{mark}{what}' for mark, what in zip(_CIRCLED, leaf.materials, strict=False))}" if leaf.materials else "",
        f"费用：{leaf.cost}" if leaf.cost else "",
        f"时间：{leaf.time}" if leaf.time else "",
    ]
    return "\n".join(line for line in lines if line)


def _bubbles(blocks: Sequence[str]) -> list[str]:
    """Pack blocks into as few bubbles as hold them; a block that is too long is parted at its lines."""
    bubbles: list[str] = []
    for block in blocks:
        pieces = [block] if len(block.encode()) <= BUBBLE_BYTES else block.splitlines()
        for piece in pieces:
            joined = f"{bubbles[-1]}\n{piece}" if bubbles else piece
            if bubbles and len(joined.encode()) <= BUBBLE_BYTES:
                bubbles[-1] = joined
            else:
                bubbles.append(piece)
    return [bubble.strip() for bubble in bubbles]


def _reply(text: str, guide: Guide, buttons: list[dict[str, str]]) -> dict[str, Any]:
    return {"text": text, "knowledge": [guide.name], "basis": [], "buttons": buttons}
