"""What joins knowledge, counts and desk: rows tell what serves them and how often, and counts equal a recount of sealed files."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

import pytest

from tests.support import ROOT, Office, real_knowledge
from zhixun.archive.rebuild import taken_over
from zhixun.clock import Clock
from zhixun.desk.coverage import CoverageRow, Span
from zhixun.errors import CitizenError
from zhixun.growth import Growth, Registers
from zhixun.knowledge.coverage import NEEDS, read_rows, serving
from zhixun.messages import EngineTurn, Event, Reply
from zhixun.registered import read_all
from zhixun.reports.usage import Usage

YEAR = Span(date(2026, 1, 1), date(2026, 12, 31))
ASKED = {"service": "search", "target": "信息服务", "standing": "received", "due": "", "priority": ""}
GUIDE, SERVICE = "guide:dispute-route", "service:search"


async def _records() -> dict[str, int]:
    return {"experts": 7}


def _growth(here: Office, clock: Clock | None = None) -> Growth:
    usage = Usage(here.database, lambda: taken_over(here.journal, here.folder / "archive"))
    rows = read_rows(ROOT / "knowledge")
    registers = Registers({"experts": "专家库"}, _records, serving(read_all(ROOT / "knowledge").values()))
    return Growth(real_knowledge, rows, here.site, clock or here.clock, usage, registers)


def _question() -> str:
    """Return a question that serves a row."""
    return next(one.id for one in real_knowledge().questions.values() if one.covers)


async def _used(here: Office) -> None:
    """Have knowledge, a guide and a service used in consultations that are sealed."""
    bubbles = tuple(Reply(text, (_question(),)) for text in ("答", "又答"))
    here.engine.answers["问"] = EngineTurn("answered", bubbles, parsed={"intent": "ask", "confidence": 1.0})
    for _ in range(3):
        number = await here.open()
        await here.turns.say(number, "问")
        await here.turns.say(number, "问")
        await here.add(
            number,
            Event("guided", "engine", {"turn": 2, "guide": "dispute-route", "leaf": "x", "percent": 0}),
            Event("requested", "citizen", {"request": f"FW-{number[3:18]}-01-1", **ASKED}, {"title": "检索", "facts": [], "values": {}}),
        )  # fmt: skip
        await here.consultations.close(number)


def _find(rows: list[CoverageRow], name: str) -> list[int | None]:
    return [one.used for row in rows for one in row.serving if one.href == f"/desk/coverage/{name}"]


async def test_counts_equal_a_recount_of_the_sealed_files(office: Office) -> None:
    await _used(office)
    growth = _growth(office)
    await growth._usage.catch_up()
    rows = list(await growth.rows(YEAR))
    said, ended, asked = set[tuple[str, int, str]](), Counter[str](), Counter[str]()
    files = [json.loads(path.read_text("utf-8")) for path in (office.folder / "archive").glob("*/*/*/ZX-*.json")]
    entries = [(file["number"], entry) for file in files for entry in file["entries"]]
    assert entries
    for number, entry in entries:
        told = entry["body"]["open"]
        said |= {(number, told["turn"], name) for name in told.get("knowledge", ()) if entry["kind"] == "said" and entry["actor"] == "bot"}
        ended += Counter([f"guide:{told['guide']}"] if entry["kind"] == "guided" else [])
        asked += Counter([f"service:{told['service']}"] if entry["kind"] == "requested" else [])
    recount = Counter(name for _, _, name in said) + ended + asked
    assert recount == {_question(): 6, GUIDE: 3, SERVICE: 3}
    for name in {one.href.rpartition("/")[2] for row in rows for one in row.serving if one.href.startswith("/desk/coverage/")}:
        assert set(_find(rows, name)) == {recount[name]}, name


async def test_every_row_is_told_with_all_that_serves_it(office: Office) -> None:
    growth = _growth(office)
    rows = list(await growth.rows(YEAR))
    assert [row.id for row in rows] == [row.id for row in read_rows(ROOT / "knowledge")]
    assert {row.document for row in rows} == {name for name, _ in growth.documents}
    assert {row.standing for row in rows} <= set(growth.standings)
    for row in rows:
        assert {one.need for one in row.serving} <= set(NEEDS.values())
        assert all(one.title for one in row.serving)
        assert bool(row.missing) == bool(row.why)


async def test_the_clause_that_a_part_serves_is_told(office: Office) -> None:
    assert _growth(office).duty("zhixun/desk/learning.py") == "《西宁市知识产权公共服务规范》6.1.3 1)：服务人员上岗之前先培训"
    assert _growth(office).duty("zhixun/desk/none.py") == ""


async def test_registers_count_their_records(office: Office) -> None:
    growth = _growth(office)
    served = growth._serving("register", "registers/experts", {}, await _records())
    assert (served.title, served.used, served.unit, served.href) == ("专家库", 7, "条记录", "/desk/registers/experts")
    empty = growth._serving("register", "registers/none", {}, await _records())
    assert (empty.title, empty.used) == ("none", 0)
    unknown = growth._serving("report", "zhixun/reports/new.py", {}, {})
    assert (unknown.title, unknown.href, unknown.used) == ("报表", "", None)


@pytest.mark.parametrize("name", [GUIDE, SERVICE])
async def test_a_guide_or_service_tells_its_months_and_its_rows(office: Office, name: str) -> None:
    await _used(office)
    growth = _growth(office)
    await growth._usage.catch_up()
    found = await growth.content(name)
    assert found.title == real_knowledge().topics[name].title
    assert found.months == (("2026-11", 3),)
    assert [row for row, _ in found.rows] == list(real_knowledge().topics[name].covers)
    assert found.answers == ()


async def test_an_answer_tells_its_text_clauses_and_when_it_was_checked(office: Office) -> None:
    found = await _growth(office).content(_question())
    known = real_knowledge().questions[_question()]
    assert [one.text for one in found.answers] == [one.text for one in known.answers]
    assert found.answers[0].checked == known.answers[0].checked.isoformat()
    assert found.answers[0].basis[0].startswith("《")
    assert found.months == ()
    with pytest.raises(CitizenError, match="没有这一条内容") as refused:
        await _growth(office).content("no-such")
    assert refused.value.status == 404


async def test_answers_not_checked_for_long_are_listed_the_oldest_first(office: Office) -> None:
    none, oldest = await _growth(office).unchecked(24)
    assert none == []
    late = _growth(office, Clock(date(2027, 12, 1)))
    found, same = await late.unchecked(6)
    assert same == oldest
    assert [one.day for one in found] == sorted(one.day for one in found)
    assert {one.months for one in found} <= {12, 13}
    running = [answer for one in real_knowledge().questions.values() for answer in one.answers
               if answer.until is None or answer.until >= date(2027, 12, 1)]  # fmt: skip
    assert len(found) == len(running)


async def test_the_round_is_drawn_by_the_rules_of_the_site(office: Office) -> None:
    version, items = _growth(office).draw("x")
    assert version == real_knowledge().version
    assert len(items) == office.site.learning.questions
    assert {item.field for item in items} <= set(office.site.learning.weights)
