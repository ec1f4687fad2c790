"""Values for every field of a register, made by its kind."""

from __future__ import annotations

from typing import Any

from zhixun.registers.model import Field, Register
from zhixun.registers.values import Offered

_HOSTILE = ("=1+1", "@SUM(A1)", "'quoted", "<b>粗</b>&\"'", "第一行\n第二行", "＝全角")


def filled(register: Register, offered: Offered, turn: int = 0) -> dict[str, Any]:
    """Return values for all fields; another `turn` gives others. Nothing needs a second person yet."""
    made = {field.id: _value(field, offered, turn) for field in register.columns}
    if register.second and made.get(register.standing) == register.second.standing:
        made[register.standing] = next(one for one in register.standings if one != register.second.standing)
    return {name: value for name, value in made.items() if value is not None}


def _value(field: Field, offered: Offered, turn: int) -> Any:
    first = _HOSTILE[turn % len(_HOSTILE)]
    return {
        "text": first.replace("\n", " ")[: field.most or 120], "long": f"{first}，电话 13897123456", "choice": None if not field.options else
        field.options[turn % len(field.options)], "choices": list(field.options[: turn + 1]), "day": f"2026-0{turn + 1}-1{turn}",
        "number": str(2020 + turn)[: len(str(field.most)) - 1 or None], "money": f"{turn + 1}234.5", "flag": ("是", "否")[turn % 2],
        "phone": f"1389712345{turn}", "person": list(offered.people)[turn % len(offered.people)],
        "agency": next(iter(offered.agencies)), "files": [{"name": f"照片 {turn}.jpg", "digest": f"{turn}" * 64, "id": ""}], "link": None,
    }[field.kind]  # fmt: skip
