"""Usage: how often knowledge was given is counted from the journal, a turn of several bubbles once."""

from __future__ import annotations

from pathlib import Path

from tests.support import office_in
from zhixun.messages import EngineTurn, Reply
from zhixun.reports.usage import usage


def _given(*names: str) -> EngineTurn:
    return EngineTurn("answered", tuple(Reply("答", knowledge=(name,)) for name in names), parsed={"intent": "ask", "confidence": 1.0})


async def test_each_turn_counts_once_for_each_piece(tmp_path: Path) -> None:
    async with office_in(tmp_path) as here:
        here.engine.answers.update({"甲": _given("q-one", "q-one", "q-two"), "乙": _given("q-one")})
        number = await here.open()
        for words in ("甲", "乙", "甲"):
            await here.turns.say(number, words)
        async with here.database.read() as connection:
            counted = await usage(connection)
    assert counted == {"q-one": (3, "2026-11-20"), "q-two": (2, "2026-11-20")}
