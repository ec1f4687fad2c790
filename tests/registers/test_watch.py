"""What is watched: days that come near or are past, and what clause 6.1 asks of the people."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.registers.world import FULL, all_registers
from zhixun.registers.record import Record
from zhixun.registers.watch import due_days, unmet

GOOD = {"name": "王芳", "post": "专职", "duty": "窗口咨询", "degree": "本科", "trained": "2026-03-01", "began": "2026-03-02", "state": "在岗"}


def _record(register: str, values: dict[str, Any], *, ended: str = "", dues: dict[str, date] | None = None) -> Record:
    standing = str(values.get("state", ""))
    return Record("TZ-1", register, standing, "2026", dues or {}, (), 2, "", "", ended, "clerk", erased=False, values=values)


@pytest.mark.parametrize(
    ("today", "level"), [(date(2026, 12, 6), "over"), (date(2026, 12, 5), "warn"), (date(2026, 11, 5), "warn"), (date(2026, 11, 4), "fine")]
)
def test_a_day_is_warned_of_in_time(today: date, level: str) -> None:
    record = _record("sample", dict(FULL), dues={"expires": date(2026, 12, 5)})
    assert [(one.field, one.level) for one in due_days(all_registers(), [record], today)] == [("expires", level)]


@pytest.mark.parametrize(
    ("people", "rules"),
    [
        ([], {"6.1.1": ["现在专职 0 名、兼职 0 名"]}),
        ([GOOD], {}),
        ([{**GOOD, "post": "兼职"}], {"6.1.1": ["现在专职 0 名、兼职 1 名"]}),
        ([{**GOOD, "post": "兼职"}, {**GOOD, "post": "兼职"}], {}),
        ([{**GOOD, "state": "离岗"}], {"6.1.1": ["现在专职 0 名、兼职 0 名"]}),
        ([{**GOOD, "duty": None}], {"6.1.1": ["王芳：没有填工作职责"]}),
        ([{**GOOD, "degree": "高中及以下"}], {"6.1.2": ["王芳：学历是高中及以下"]}),
        ([{**GOOD, "trained": None}], {"6.1.3 1)": ["王芳：没有填岗前培训日期"]}),
        ([{**GOOD, "trained": "2026-03-03"}], {"6.1.3 1)": ["王芳：岗前培训日期 2026-03-03 晚于上岗日期 2026-03-02"]}),
    ],
)  # fmt: skip
def test_what_the_clauses_ask_of_the_people_is_told_when_it_is_missing(people: list[dict[str, Any]], rules: dict[str, list[str]]) -> None:
    register = all_registers()["staff"]
    found = unmet(register, [_record("staff", one) for one in people])
    assert {one.at: list(one.missing) for one in found} == rules


def test_who_has_gone_does_not_count() -> None:
    assert unmet(all_registers()["staff"], [_record("staff", GOOD, ended="2026-03-03T00:00:00.000Z")])


def test_each_kind_of_facility_must_be_there() -> None:
    register = all_registers()["facilities"]
    found = unmet(register, [_record("facilities", {"name": "窗口", "kind": "场地", "state": "在用"})])
    assert [one.missing for one in found] == [("没有登记网络环境", "没有登记硬件设备", "没有登记系统软件")]
