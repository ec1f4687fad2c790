"""Usage: kept counts equal a recount of the journal, a turn of several bubbles counts once, and counting anew changes nothing."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import Office, office_in
from zhixun.archive.erase import erase
from zhixun.archive.rebuild import taken_over
from zhixun.clock import ZONE
from zhixun.messages import EngineTurn, Event, Reply
from zhixun.reports import usage as counting
from zhixun.reports.usage import Usage, Used


def _usage(here: Office) -> Usage:
    return Usage(here.database, lambda: taken_over(here.journal, here.folder / "archive"))


def _given(*names: str) -> EngineTurn:
    return EngineTurn("answered", tuple(Reply("答", knowledge=(name,)) for name in names), parsed={"intent": "ask", "confidence": 1.0})


async def _busy(here: Office) -> str:
    """Have people ask, and staff work, on two days; returns a consultation."""
    here.engine.answers.update({"甲": _given("q-one", "q-one", "q-two"), "乙": _given("q-one")})
    number = await here.open()
    for words in ("甲", "乙", "甲"):
        await here.turns.say(number, words)
    here.clock.turn_by(timedelta(days=1))
    staff = {"turn": 0, "kind": "staff", "knowledge": ["q-two"]}
    await here.add(
        number,
        Event("guided", "engine", {"turn": 4, "guide": "made", "leaf": "rich", "percent": 0}),
        Event("claimed", "staff:wang", {"state": "staff", "operator": "wang"}),
        Event("said", "staff:wang", staff, {"text": "答"}), Event("said", "staff:wang", staff, {"text": "再答"}),
        Event("reviewed", "staff:li", {"mark": "wrong", "second": False}, {"words": "不对"}),
        Event("rated", "citizen", {"scores": {"attitude": 5}}),
        Event("pushed", "staff:li", {"register": "compilations", "units": 3}, {"note": "短信"}),
    )  # fmt: skip
    return number


def _recount(here: Office) -> Counter[tuple[str, str, str]]:
    """Count once more, from the rows alone and by another way: an entry at a time, into sets."""
    found: set[tuple[str, str, str, object]] = set()
    for number, seq, time, kind, actor, body in here.sql("SELECT consultation, seq, time, kind, actor, body FROM journal"):
        told, day = json.loads(str(body))["open"], datetime.fromisoformat(str(time)).astimezone(ZONE).date().isoformat()
        if kind == "said" and actor == "bot":
            found |= {("said", name, day, (number, "turn", told["turn"])) for name in told.get("knowledge", [])}
        elif kind == "said" and str(actor).startswith("staff:"):
            found |= {("said", name, day, (number, seq)) for name in told.get("knowledge", [])}
        elif kind == "guided":
            found.add(("guided", f"guide:{told['guide']}", day, (number, seq)))
        elif kind == "pushed":
            found.add(("pushed", told["register"], day, (number, seq)))
        elif kind in ("rated", "reviewed", "claimed"):
            found.add((str(kind), {"reviewed": told.get("mark", "")}.get(str(kind), ""), day, (number, seq)))
    return Counter((kind, name, day) for kind, name, day, _ in found)


async def _kept(here: Office) -> dict[tuple[str, str, str], int]:
    return {(str(kind), str(name), str(day)): int(str(count)) for kind, name, day, count in
            here.sql("SELECT kind, subject, day, count FROM uses")}  # fmt: skip


@pytest.mark.parametrize("portion", [1, 2, 3, 7, 1000])
async def test_counts_equal_a_recount_however_the_journal_is_portioned(
    tmp_path: Path, portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "_ENTRIES", portion)
    async with office_in(tmp_path) as here:
        await _busy(here)
        usage = _usage(here)
        await usage.catch_up()
        recount = _recount(here)
        assert recount["said", "q-one", "2026-11-20"] == 3
        assert recount["said", "q-two", "2026-11-21"] == 2
        assert await _kept(here) == recount
        await _busy(here)
        await usage.catch_up()
        assert await usage.catch_up() == 0
        assert await _kept(here) == _recount(here)


async def test_a_span_counts_its_days_and_the_last_use_is_told_in_any_case(tmp_path: Path) -> None:
    async with office_in(tmp_path) as here:
        await _busy(here)
        usage = _usage(here)
        await usage.catch_up()
        whole, first = await usage.counted(), await usage.counted(date(2026, 11, 1), date(2026, 11, 20))
        assert (whole["said", "q-two"], first["said", "q-two"]) == (Used(4, "2026-11-21"), Used(2, "2026-11-21"))
        assert (await usage.counted(until=date(2026, 11, 19)))["said", "q-one"] == Used(0, "2026-11-20")
        assert whole["guided", "guide:made"] == Used(1, "2026-11-21")
        assert await usage.months("said", "q-two") == (("2026-11", 4),)
        assert await usage.months("said", "q-none") == ()


async def test_other_rules_count_everything_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office_in(tmp_path) as here:
        await _busy(here)
        await _usage(here).catch_up()
        kept = await _kept(here)
        monkeypatch.setattr(counting, "_RULES", 2)
        assert await _usage(here).catch_up() > 0
        assert await _kept(here) == kept


async def test_two_that_count_at_once_count_once(tmp_path: Path) -> None:
    async with office_in(tmp_path) as here:
        await _busy(here)
        one, other = _usage(here), _usage(here)
        found = {("said", "q-one", "2026-11-20"): 3}
        await one.catch_up()
        kept = await _kept(here)
        await other._write(found, 0, 5)
        assert await _kept(here) == kept


async def test_what_was_erased_still_counts(tmp_path: Path) -> None:
    async with office_in(tmp_path) as here:
        number = await _busy(here)
        await here.consultations.close(number)
        await erase(here.journal, here.sealer, number, "本人要求")
        await _usage(here).catch_up()
        assert (await _usage(here).counted())["said", "q-one"].count == 3


@pytest.mark.parametrize("body", ["{damaged", "{}", '{"open": {}}'])
async def test_a_damaged_entry_keeps_nothing_else_from_being_counted(tmp_path: Path, body: str) -> None:
    async with office_in(tmp_path) as here:
        await _busy(here)
        here.sql("DROP TRIGGER journal_no_update")
        here.sql("UPDATE journal SET body = ? WHERE kind = 'guided'", body)
        await _usage(here).catch_up()
        counted = await _usage(here).counted()
        assert counted["said", "q-one"].count == 3
        assert counted["claimed", ""].count == 1
        assert ("guided", "guide:made") not in counted
