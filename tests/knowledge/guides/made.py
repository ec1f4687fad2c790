"""A small guide made for tests: a choice, a typed step, a condition, two recommendations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from zhixun.knowledge.figures import Figures
from zhixun.knowledge.guides.model import Guide
from zhixun.knowledge.guides.read import read_guide

__all__ = ["RAW", "guide"]

RAW = """
title: 这件事该怎么办
purpose: 用两个问题看这件事怎么办才好。
ip: [商标]
topic: 办事
wordings: []
steps:
  right:
    ask: 是哪一种权利？
    about: 权利
    help: 看您手里有什么。
    choices:
      trademark: {title: 商标, words: [牌子, 注册商标], to: since}
      patent: {title: 专利, words: [发明专利], to: money}
      unsure: {title: 不清楚, to: ask}
  since:
    ask: 哪一天注册的？
    about: 注册日
    kind: date
    help: 看注册证上的日期。
    to: poor
  money:
    ask: 有预算吗？
    about: 预算
    choices:
      "yes": {title: 有, to: [{when: {right: patent}, go: rich}, {go: poor}]}
      "no": {title: 没有, to: poor}
leaves:
  rich: &leaf
    title: 请人来办
    text: 找代理机构办，先签合同。
    basis: [{source: law, at: 第一条, gist: 可以委托代理机构办理。}]
    next: [{title: 转人工}]
    checked: 2026-11-21
  poor: *leaf
  ask: *leaf
"""


def guide(change: Any = None) -> Guide:
    """Read the guide; `change` may alter its raw form first."""
    raw = yaml.safe_load(RAW)
    raw["wordings"] = [f"帮我看看这件事怎么办第{number}回" for number in range(15)]
    if change is not None:
        change(raw)
    return read_guide(raw, Path("made.yml"), Figures({"fee": {}, "term": {}}))
