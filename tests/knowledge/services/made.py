"""A small service made for tests: one own field, one that only units are asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.support import ROOT
from zhixun.knowledge.load import read_file
from zhixun.knowledge.services.model import Service
from zhixun.knowledge.services.read import read_service

__all__ = ["service"]

RAW = """
title: 知识产权某项服务
apply: 申请某项服务
group: basic
order: 1
force: 宜
who: 社会公众
free: 免费
about: 工作人员替您做某件事，结果发给您并讲解，不代替律师的结论。
basis: [{source: law, at: 第一条, gist: 宜提供某项服务给公众。}]
target: 综合窗口
follow_up: {days: 7, ask: 结果收到了吗？}
ip: [商标]
topic: 服务
fields:
  - matter: {ask: 请说说是什么事。, about: 事情, kind: text, between: [4, 200]}
  - honour
"""


def service(change: Any = None) -> Service:
    """Read the service; `change` may alter its raw form first."""
    raw = yaml.safe_load(RAW)
    raw["wordings"] = [f"我要申请某项服务第{number}回" for number in range(12)]
    if change is not None:
        change(raw)
    return read_service(raw, Path("made.yml"), read_file(ROOT / "knowledge" / "fields.yml", "fields"))
