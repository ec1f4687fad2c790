"""Mentions: whole names, the longest first, and only of people who can do something about it."""

from __future__ import annotations

import pytest

from zhixun.desk.mentions import able, mentioned
from zhixun.desk.staff import ROLES, Account


def _account(name: str, shown: str = "", role: str = "clerk", *, active: bool = True) -> Account:
    return Account(name, shown or name, role, (), one_time=False, active=active, second_factor=False, locked_until="", made="")


ACCOUNTS = [
    _account("wang", "王"), _account("wangfang", "王芳"), _account("li", "李明"), _account("lina", "Li Na"), _account("li.q"),
    _account("zhang", "张"), _account("zhangwei", "张伟", active=False), _account("zhou", "周审计", "auditor"),
    _account("wu", "吴"), _account("wu2", "吴"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@王芳 请看", ["wangfang"]), ("@王 请看", ["wang"]), ("@王芳请看", ["wangfang"]), ("@王、@王芳", ["wang", "wangfang"]),
        ("@li 请看", ["li"]), ("@lina", ["lina"]), ("@li.q", ["li.q"]), ("@li.", ["li"]), ("请@李明看，再@li看", ["li"]),
        ("@Li Na看", ["lina"]), ("@linana", []), ("@li_2", []), ("@Li Nan", []), ("a@li", []), ("a@wang.cn", []),
        ("@wang.cn", []), ("王芳", []), ("@", []), ("", []),
        ("@@王芳", ["wangfang"]), ("@吴", ["wu", "wu2"]),
        ("@张伟 请看", []), ("@zhangwei", []), ("@张 请看", ["zhang"]), ("@周审计", []), ("@zhou", []),
    ],
)  # fmt: skip
def test_who_is_called_for(text: str, names: list[str]) -> None:
    assert mentioned(text, ACCOUNTS) == names


def test_where_nobody_is_nobody_is_called_for() -> None:
    assert mentioned("@王芳", []) == []


def test_who_can_have_a_task() -> None:
    accounts = [_account(role, role=role) for role in ROLES] + [_account("gone", active=False)]
    assert [one.name for one in able(accounts)] == ["clerk", "reviewer", "administrator"]
