"""The records that cross from room to room."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from zhixun.messages import Basis, Button, Reply, Turn, dump

BASIS = Basis("商标法", "第三十三条", "全国", in_force=True, source="s", gist="g")
REPLY = Reply("三个月。", ("tm",), (BASIS,), (Button("一", "1"),), "answer")


def test_a_reply_survives_its_json_form() -> None:
    assert Reply.read(json.loads(json.dumps(dump(REPLY)))) == REPLY


@pytest.mark.parametrize("raw", [{}, {"text": None, "knowledge": None, "basis": None, "buttons": None, "kind": None}, {"surprise": 1}])
def test_what_is_missing_is_empty(raw: dict[str, Any]) -> None:
    assert Reply.read(raw) == Reply("")


def test_unknown_parts_of_a_basis_are_ignored() -> None:
    raw = {"text": "x", "basis": [{"title": "t", "locator": "l", "region": "r", "in_force": False, "new": 1}]}
    assert Reply.read(raw).basis == (Basis("t", "l", "r", in_force=False),)


def test_a_basis_without_its_parts_is_refused() -> None:
    with pytest.raises(TypeError):
        Reply.read({"basis": [{"title": "t"}]})


def test_a_turn_is_written_with_all_it_holds() -> None:
    written = json.loads(json.dumps(dump(Turn("ZX", 1, "bot", "answered", (REPLY,)))))
    assert set(written) == {"consultation", "turn", "owner", "status", "replies"}
    assert Reply.read(written["replies"][0]) == REPLY


def test_records_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        REPLY.text = "别的"
