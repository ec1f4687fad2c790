"""How acts of staff are told: every kind has a word, and every part of an act that matters is said."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from tests.house.source import modules
from zhixun.desk.acts import BY_NOBODY, KINDS, told_act


def _names(name: str) -> str:
    return {"lina": "李娜", "wang": "王磊"}.get(name, name)


def test_every_act_that_is_noted_has_a_word() -> None:
    noted = {
        node.args[0].value
        for module in modules("zhixun")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "note" and len(node.args) >= 3
        if isinstance(node.args[0], ast.Constant)
    }
    assert {"signed_in", "looked", "unmasked", "duty_set", "canned_saved", "exported", "view_saved"} <= noted
    assert noted - set(KINDS) == set()
    assert set(BY_NOBODY) <= set(KINDS)


@pytest.mark.parametrize(
    ("open", "told"),
    [
        ({}, ""),
        ({"factor": "recovery"}, "方式 恢复码"),
        ({"name": "lina", "step": "password"}, "账号 李娜；错在 密码"),
        ({"name": "lina", "until": "2026-11-20T09:00:00.000Z"}, "账号 李娜；锁定到 2026-11-20 17:00"),
        ({"name": "lina", "reset": True}, "账号 李娜；重发一次性密码"),
        ({"name": "lina", "reset": False}, "账号 李娜"),
        ({"name": "lina", "role": "clerk", "teams": ["综合窗口", "信息服务"]}, "账号 李娜；角色 坐席；组别 综合窗口、信息服务"),
        ({"name": "lina", "changed": {"role": ["clerk", "reviewer"], "active": [True, False], "teams": ["", "甲,乙"]}},
         "账号 李娜；角色 坐席 → 审核；在用 是 → 否；组别 没有 → 甲、乙"),
        ({"day": "2026-11-23", "names": ["lina", "wang"]}, "人员 李娜、王磊；日期 2026-11-23"),
        ({"day": "2026-11-23", "names": []}, "日期 2026-11-23"),
        ({"what": "call_list", "about": ["ZX-1", "ZX-2"]}, "电话单；2 件：ZX-1、ZX-2"),
        ({"what": "call_list", "about": []}, "电话单；没有号码"),
        ({"about": "ZX-1", "request": "FW-1"}, "申请 FW-1"),
        ({"to": "wang", "team": "综合窗口", "state": "queued"}, "转给 王磊；组 综合窗口；现在 等待人工"),
        ({"standing": "done"}, "状态 已办结"), ({"outcome": "answered"}, "结果 已答复"), ({"result": "no_answer"}, "结果 无人接听"),
        ({"mark": "wrong", "second": False}, "结论 错误"), ({"left": 3}, "剩余 3"), ({"left": 0}, "剩余 0"),
        ({"what": "xlsx", "count": 12, "clear": True}, "xlsx；件数 12；含完整号码"), ({"found": 7}, "找到 7"),
        ({"what": "audit", "format": "csv", "filters": {"who": "lina", "kind": "said"}}, "操作记录；格式 csv；条件 lina、said"),
    ],
)  # fmt: skip
def test_what_an_act_was_about_is_said_in_words(open: dict[str, Any], told: str) -> None:
    assert told_act(open, _names, {"standing": {"done": "已办结"}}) == told
