"""The registers of this repository are whole, and every slip in one is found."""

from __future__ import annotations

from typing import Any

import pytest

from tests.registers.world import RAW
from tests.support import ROOT, real_knowledge
from zhixun.knowledge.coverage import read_rows
from zhixun.knowledge.registers import clauses_of, raw_registers
from zhixun.registers.read import read_registers, register_flaws

CLAUSES = {"xining-spec": {"5.1.5 1)"}}


def test_the_registers_of_the_specification_are_without_flaws() -> None:
    rows = read_rows(ROOT / "knowledge")
    registers = read_registers(raw_registers(ROOT / "knowledge"))
    assert list(register_flaws(registers, clauses_of(rows, real_knowledge()), {row.id for row in rows})) == []
    assert len(registers) >= 18


def _with(**changes: Any) -> dict[str, Any]:
    return {**RAW, **changes}


def _field(name: str, **changes: Any) -> dict[str, Any]:
    return _with(fields={**RAW["fields"], name: {**RAW["fields"].get(name, {}), **changes}})


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (_with(clauses=[{"source": "xining-spec", "at": "9.9"}]), "来源 xining-spec 没有条款 9.9"),
        (_with(clauses=[{"source": "nowhere", "at": "1"}]), "未知来源 nowhere"),
        (_with(covers=["XN-9"]), "covers 里的 XN-9"), (_with(heading="count"), "heading“count”"), (_with(heading="none"), "heading“none”"),
        (_with(year="words"), "year“words”"), (_with(standing="words"), "standing“words”"),
        (_with(second={"standing": "没有", "by": ["reviewer"]}), "second 的状态“没有”"),
        (_field("count", title="名称"), "两个字段都叫“名称”"),
        (_field("state", options=[]), "有 options 的"), (_field("count", options=["一", "二"]), "有 options 的"),
        (_field("marks", options=["甲；乙", "丙"]), "“；”"), (_field("papers", required=True), "不能必填"),
        (_field("count", takes=["@nobody"]), "“@nobody”"), (_field("count", due={"warn": 1}), "只有日期"),
        (_field("expires", due={"warn": 1, "until": "none"}), "until“none”"),
        (_field("expires", due={"warn": 1, "ended": ["没有"]}), "ended“没有”"),
        (_with(rules=[{"say": "某规则", "at": "5.1.5 1)", "field": "none"}]), "没有字段 none"),
        (_with(rules=[{"say": "某规则", "at": "5.1.5 1)", "field": "state", "every": ["没有"]}]), "没有选项 没有"),
        (_with(rules=[{"say": "某规则", "at": "9.9", "field": "state"}]), "没有条款 9.9"),
    ],
)  # fmt: skip
def test_a_slip_is_found(raw: dict[str, Any], words: str) -> None:
    found = [flaw for _, flaw in register_flaws(read_registers({"sample": raw}), CLAUSES, set())]
    assert any(words in flaw for flaw in found), found


PUSH = {"to": "subscribers", "consent": "agreed", "standing": "订阅中", "channel": "channel", "place": "park", "topics": "topics",
        "when": "已审定", "since": "began"}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""), ({"place": "", "topics": "", "since": ""}, ""), ({"to": "nobody"}, "push 的 to“nobody”"),
        ({"consent": "unit"}, "push 的 consent“unit”"), ({"consent": "none"}, "push 的 consent“none”"),
        ({"standing": "没有"}, "push 的 standing“没有”"), ({"when": "没有"}, "push 的 when“没有”"),
        ({"since": "words"}, "push 的 since“words”"), ({"since": "none"}, "push 的 since“none”"),
        ({"channel": "phone"}, "push 的 channel“phone”"), ({"place": "none"}, "push 的 place“none”"),
        ({"topics": "unit"}, "push 的 topics“unit”"),
    ],
)  # fmt: skip
def test_to_whom_records_are_pushed_must_be_there(changes: dict[str, str], words: str) -> None:
    subscribers = {**raw_registers(ROOT / "knowledge")["subscribers"], "clauses": RAW["clauses"]}
    registers = read_registers({"subscribers": subscribers, "sample": _with(push={**PUSH, **changes})})
    found = [flaw for place, flaw in register_flaws(registers, CLAUSES, {"XN-5.1.2b"}) if place == "registers/sample.yml"]
    assert [flaw.startswith(words) for flaw in found] == ([True] if words else [])


def test_the_sample_has_none() -> None:
    assert list(register_flaws(read_registers({"sample": RAW}), CLAUSES, set())) == []
    same = read_registers({"one": RAW, "two": RAW})
    assert ("registers", "有 2 个台账都叫“样本台账”") in list(register_flaws(same, CLAUSES, set()))
