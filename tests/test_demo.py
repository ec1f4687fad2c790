"""The demonstration: its clock and moments, its refusal of a folder that is in use, and the whole month as the archive sees it."""

from __future__ import annotations

import asyncio
import io
import json
import re
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.knowledge.made import knowledge
from tests.support import HOURS, ROOT, real_knowledge
from zhixun.archive.file_types import type_of
from zhixun.archive.keys import load_signer
from zhixun.archive.rebuild import rebuild
from zhixun.archive.report import Report
from zhixun.archive.verify import verify
from zhixun.clock import ZONE
from zhixun.commands import main
from zhixun.conversation.owner import owner_of
from zhixun.demo import DAYS, Member, fill
from zhixun.demo_engine import Understood, Voice, read_phrases
from zhixun.demo_files import pdf, png
from zhixun.demo_stage import Moments, Story, Walking, pick, play
from zhixun.desk.accounts import Accounts
from zhixun.errors import OurFault, StopNow
from zhixun.knowledge.site import load_site
from zhixun.masking import mask
from zhixun.messages import Entry
from zhixun.referral.standing import STANDINGS as SLIPS
from zhixun.registered import Registered, join_registers, read_all
from zhixun.registers.model import FILES, LINK, PHONE, TEXT
from zhixun.registers.record import Record
from zhixun.registers.watch import LATER, OVER, SOON, due_days, unmet
from zhixun.requests.standing import STANDINGS as REQUESTS
from zhixun.settings import Settings, read_settings
from zhixun.store import open_archive
from zhixun.talk import join_talk

END = datetime(2026, 11, 20, 16, 20, tzinfo=ZONE)  # a Friday, at the desk
MOMENTS = Moments(HOURS, END)
BUSY = ("needs", "trainings", "key-enterprises", "visits")
NAMED = ("unit", "contact", "other", "who", "lecturer", "mediator", "body_name", "agent", "expert", "from_whom", "host", "keeper", "owner")
"""Fields of registers that name a person or a unit."""
_T = TypeVar("_T")


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


def test_a_moment_lies_in_office_hours_whatever_the_day() -> None:
    assert MOMENTS.at(1, 0) == local(19, 9)
    assert MOMENTS.at(1, 0.5) == local(19, 14)  # three and a half of seven hours, the break left out
    assert MOMENTS.at(6, 0) == local(13, 9)  # of a Saturday, on Friday
    assert MOMENTS.at(5, 0) == local(16, 9)  # of a Sunday, on Monday
    assert all(HOURS.is_open(MOMENTS.at(days, share / 100)) for days in range(1, 19) for share in range(100))


def test_a_sunday_before_the_last_day_falls_on_no_day_to_come() -> None:
    monday = Moments(HOURS, local(16, 10))
    assert monday.at(1, 0) == local(13, 9)


def test_time_before_the_end_is_counted_in_office_hours() -> None:
    assert MOMENTS.before(30) == local(20, 15, 50)
    assert MOMENTS.before(200) == local(20, 11, 30)  # 170 minutes since the break
    night = Moments(HOURS, local(22, 3))  # Sunday
    assert night.before(5) == local(20, 17, 25)


def test_an_unknown_year_has_the_usual_days() -> None:
    unknown = Moments(HOURS, datetime(2031, 3, 12, 15, tzinfo=ZONE))  # a Wednesday
    assert unknown.at(1, 0) == datetime(2031, 3, 11, 9, tzinfo=ZONE)
    assert unknown.on(date(2031, 3, 15), 0) == datetime(2031, 3, 17, 9, tzinfo=ZONE)
    assert unknown.before(60) == datetime(2031, 3, 12, 14, tzinfo=ZONE)


async def test_stories_are_played_in_the_order_of_time_and_none_behind_the_end() -> None:
    clock, seen, done = Walking(hand=[local(1, 9)]), list[tuple[str, datetime]](), list[int]()

    async def story(name: str, *days: int) -> Story:
        for day in days:
            yield local(day, 12)
            seen.append((name, clock.local()))

    await play([story("a", 2, 6, 28), story("b", 4)], clock, END, lambda: done.append(1))
    assert seen == [("a", local(2, 12)), ("b", local(4, 12)), ("a", local(6, 12)), ("a", END)]
    assert len(done) == 2


def test_the_clock_never_goes_back() -> None:
    clock = Walking(hand=[END])
    clock.turn_to(END - timedelta(days=1))
    assert clock.local() == END


def test_what_is_picked_hangs_on_nothing_but_what_it_is_about() -> None:
    assert [pick(range(1000), "a", at) for at in range(3)] == [898, 491, 936]


def test_the_files_are_what_they_say() -> None:
    assert type_of(io.BytesIO(png())) == "image/png"
    assert type_of(io.BytesIO(pdf())) == "application/pdf"


async def test_words_that_no_story_answers_are_a_mistake() -> None:
    with pytest.raises(OurFault):
        await Voice().ask("ZX-1", "商标怎么注册", "西宁市")


def test_the_engine_says_the_sentences_of_the_domain() -> None:
    site = load_site(ROOT / "knowledge")
    understood = Understood(knowledge(), site, Walking(hand=[END]), read_phrases(ROOT))
    told = understood.phrase("utter_unknown", 0.3)
    assert (told.status, told.replies[0].text[:6], told.parsed["confidence"]) == ("unknown", "这个问题我这", 0.3)
    assert understood.phrase("utter_thanks").status == "small_talk"
    assert understood.complaint().handoff == "complaint"
    asked = understood.answer(next(iter(knowledge().questions.values())), "西宁市", 0.93)
    assert (asked.status, [reply.text for reply in asked.replies]) == ("answered", ["期限为3个月。"])


def test_a_project_without_a_domain_is_told(tmp_path: Path) -> None:
    with pytest.raises(OurFault, match=r"domain\.yml"):
        read_phrases(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"ZHIXUN_DATA_DIR": str(tmp_path / "var")})


async def test_a_folder_in_use_is_refused_and_left_as_it_is(settings: Settings) -> None:
    async with open_archive(settings) as archive:
        await archive.daybook.note("signed_in", "lina", {})
    before = _rows(settings.data_dir, "SELECT count(*) FROM journal")
    with pytest.raises(StopNow, match="空的数据目录"):
        await fill(settings, knowledge(), END, lambda _: None)
    assert _rows(settings.data_dir, "SELECT count(*) FROM journal") == before
    assert _rows(settings.data_dir, "SELECT count(*) FROM staff") == [(0,)]


def test_the_command_refuses_it_with_exit_code_3(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHIXUN_DATA_DIR", str(settings.data_dir))
    assert main(["user", "add", "lina"]) == 0
    assert main(["demo"]) == 3
    assert "ZHIXUN_DATA_DIR" in capsys.readouterr().err


def _rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "zhixun.db") as store:
        found = list(store.execute(statement))
    store.close()
    return found


class Month:
    """The whole demonstration, filled once."""

    def __init__(self, folder: Path) -> None:
        self.settings = read_settings({"ZHIXUN_DATA_DIR": str(folder)})
        self.told: list[int] = []
        self.members: list[Member] = asyncio.run(fill(self.settings, real_knowledge(), END, self.told.append))

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        return _rows(self.settings.data_dir, statement)

    def entries(self) -> list[Entry]:
        """Return the entries of all consultations."""

        async def read() -> list[Entry]:
            async with open_archive(self.settings) as archive, archive.database.read() as connection:
                numbers = [str(number) for (number,) in self.rows("SELECT number FROM consultations WHERE channel != 'desk'")]
                return [entry for number in numbers for entry in await archive.journal.read(connection, number)]

        return asyncio.run(read())

    def asked(self, ask: Callable[[Registered], Awaitable[_T]]) -> _T:
        """Return what the registers tell."""

        async def join() -> _T:
            settings, knowledge = self.settings, real_knowledge()
            async with open_archive(settings) as archive:
                site = load_site(settings.knowledge_dir)
                talk = join_talk(settings, archive, Voice(), real_knowledge, site, lambda _: None)
                accounts = Accounts(archive.database, archive.clock, archive.daybook, bytes(32), frozenset())
                return await ask(join_registers(
                    settings, archive.database, archive.journal, archive.clock, site.region, knowledge, talk.book, accounts.list,
                    archive.attachments, seal=talk.seal,
                ))  # fmt: skip

        return asyncio.run(join())

    def records(self) -> list[Record]:
        """Return the records of all registers, with their values."""

        async def read(registered: Registered) -> list[Record]:
            return [one for register in registered.records.registers.values() for one in await registered.records.of(register)]

        return self.asked(read)

    def verified(self) -> Report:
        async def look() -> Report:
            async with open_archive(self.settings) as archive:
                keys = self.settings.data_dir / "keys"
                return await verify(archive.journal, archive.folder, load_signer(keys).public_key(), keys=keys, pause=0)

        return asyncio.run(look())


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    return Month(tmp_path_factory.mktemp("month") / "var")


@pytest.mark.slow
def test_the_archive_of_the_month_is_sound(month: Month) -> None:
    report = month.verified()
    assert report.ok, report.text()
    assert month.rows("SELECT count(*) FROM leaves WHERE day < '2026-11-20'") > [(200,)]


@pytest.mark.slow
def test_so_many_consultations_stand_so(month: Month) -> None:
    states = dict(month.rows("SELECT state, count(*) FROM consultations WHERE channel NOT IN ('desk', 'register') GROUP BY state"))
    assert states == {"bot": 2, "queued": 4, "staff": 2, "message_left": 2, "closed": states["closed"]}
    assert 115 <= states["closed"] <= 125
    assert {owner_of(str(state)) for state in states} == {"bot", "queue", "staff", "closed"}
    assert month.told == [len(month.told)] * len(month.told)


@pytest.mark.slow
def test_every_standing_of_requests_and_slips_can_be_looked_at(month: Month) -> None:
    assert {row[0] for row in month.rows("SELECT standing FROM requests")} == set(REQUESTS)
    assert {row[0] for row in month.rows("SELECT standing FROM slips")} == set(SLIPS)
    assert {row[0] for row in month.rows("SELECT standing FROM tasks WHERE due < '2026-11-20'")} == {"open", "done"}
    assert month.rows("SELECT count(*) FROM journal WHERE kind = 'erased'") == [(1,)]
    assert month.rows("SELECT count(*) FROM journal WHERE actor LIKE 'agency:%'") > [(3,)]


@pytest.mark.slow
def test_time_goes_forward_from_thirty_days_ago_to_the_end(month: Month) -> None:
    times = [str(row[0]) for row in month.rows("SELECT time FROM journal ORDER BY id")]
    assert times == sorted(times)
    moments = [datetime.fromisoformat(time) for time in times]
    assert END - timedelta(days=DAYS) <= moments[0] < END - timedelta(days=DAYS - 2)
    assert moments[-1] <= END


@pytest.mark.slow
def test_the_program_has_said_nothing_but_approved_answers(month: Month) -> None:
    approved = "\n".join(answer.text for question in real_knowledge().questions.values() for answer in question.answers)
    told = [entry for entry in month.entries() if entry.kind == "said" and entry.open.get("status") == "answered" and entry.private]
    assert len(told) > 150
    for entry in told:
        text = str((entry.private or {})["text"])
        said = text.rpartition("】")[2] if text.startswith("【") else text
        assert said.strip() in approved or said.startswith("提醒："), text
        assert entry.open["knowledge"]


@pytest.mark.slow
def test_no_number_could_be_dialled_by_accident(month: Month) -> None:
    phones = [str((entry.private or {})["phone"]) for entry in month.entries() if entry.kind == "contact_left"]
    values = [entry.private["values"]["phone"] for entry in month.entries() if entry.kind == "requested" and entry.private]
    assert len(phones) >= 6
    assert len(values) >= 10
    assert {phone[:9] for phone in (*phones, *values)} == {"138000000"}
    words = [str((entry.private or {}).get("text", "")) for entry in month.entries() if entry.actor == "citizen"]
    assert [mask(text) for text in words] == words


@pytest.mark.slow
def test_every_register_has_records_in_several_standings(month: Month) -> None:
    found, registers = month.records(), read_all(month.settings.knowledge_dir)
    for register in registers.values():
        own = [one for one in found if one.register == register.id]
        assert len(own) >= (5 if register.id in BUSY else 3), register.id
        standings = {one.standing for one in own}
        assert standings <= set(register.standings or ("",))
        assert len(standings) > 1 or not register.standing, register.id
        assert register.id not in BUSY or standings == set(register.standings)
        # What needs a second person has been through it.
        assert register.second is None or register.second.standing in standings
    linked = {number for one in found for number in one.links}
    assert {number[:2] for number in linked} == {"ZX", "FW", "TZ"}


@pytest.mark.slow
def test_something_is_due_soon_something_is_late_and_something_was_ended_for_a_reason(month: Month) -> None:
    registers = read_all(month.settings.knowledge_dir)
    dues = due_days(registers, [one for one in month.records() if not one.ended], END.date())
    assert {one.level for one in dues} == {OVER, SOON, LATER}
    assert sum(one.level == SOON for one in dues) > sum(one.level == OVER for one in dues) >= 5
    ended = [entry for entry in month.entries() if entry.kind == "record_ended"]
    assert len(ended) == sum(bool(one.ended) for one in month.records()) >= 2
    assert all((entry.private or {})["why"] for entry in ended)


@pytest.mark.slow
def test_nothing_in_a_record_is_taken_from_life(month: Month) -> None:
    registers, sources = read_all(month.settings.knowledge_dir), real_knowledge().sources
    titled = {source.title: source for source in sources.values()}
    for one in month.records():
        register, values = registers[one.register], one.values or {}
        assert {values.get("phone", "138000000")[:9]} == {"138000000"}
        others = [str(value) for name, value in values.items() if register.fields[name].kind not in (PHONE, LINK, FILES)]
        assert [mask(text) for text in others] == others
        assert not re.search("万元|补贴", "".join(others))
        named = [values[name] for name in NAMED if name in values and register.fields[name].kind == TEXT]
        source = titled.get(values[register.heading])
        if source is None:
            assert all("演示" in name for name in (values[register.heading], *named)), values
            assert not values.keys() & {"paper", "right_number", "address"}
            continue
        # What cites a real paper or site says of it what the knowledge says.
        told = {"issuer": source.issuer, "paper": source.number, "issued": str(source.since), "until_day": str(source.until)}
        assert told.items() >= {(name, value) for name, value in values.items() if name in told}


@pytest.mark.slow
def test_the_staff_is_complete_and_a_gap_of_the_facilities_shows(month: Month) -> None:
    registers, found = read_all(month.settings.knowledge_dir), month.records()

    def gaps(name: str) -> list[tuple[str, ...]]:
        return [one.missing for one in unmet(registers[name], [record for record in found if record.register == name])]

    assert gaps("staff") == []
    assert gaps("facilities") == [("没有登记系统软件",)]
    accounts = {(one.values or {}).get("account") for one in found if one.register == "staff"}
    assert accounts >= {"clerk1", "clerk2", "reviewer", "admin"}


@pytest.mark.slow
def test_people_have_signed_in_to_a_training_that_one_of_them_signed_up_for(month: Month) -> None:
    async def summary(registered: Registered) -> Mapping[str, Any] | None:
        register = registered.records.register("trainings")
        held = next(one for one in await registered.records.of(register) if "FW" in " ".join(one.links))
        return await registered.attendance.summary(register, held)

    told = month.asked(summary) or {}
    assert (told["count"], told["scored"], told["mean"], told["content"]) == (6, 5, "4.40", "80%")
    assert [one.name for one in told["came"] if one.signed_up] == ["演示甲"]


@pytest.mark.slow
def test_one_corrective_action_is_at_its_end_and_one_on_its_way(month: Month) -> None:
    rows = month.rows("SELECT standing, owner, carrier, number FROM correctives WHERE origin = 'rating' ORDER BY opened")
    standings = [str(row[0]) for row in rows]
    assert standings[:2] == ["finished", "acting"]
    assert set(standings[2:]) == {"analysing"}
    moved = [one for one in month.entries() if one.kind == "corrective_moved" and one.open["corrective"] == rows[0][3]]
    assert [one.open["standing"] for one in moved] == ["acting", "checking", "effective", "finished"]
    assert {name for one in moved for name in one.private or ()} >= {"cause", "measure", "plan", "effect"}
    assert moved[2].actor.removeprefix("staff:") not in rows[0][1:3]
    checked, carried = (date.fromisoformat(one.time[:10]) for one in (moved[2], moved[1]))
    assert checked - carried >= timedelta(days=7)


@pytest.mark.slow
def test_the_tables_are_those_that_a_rebuild_makes(month: Month, tmp_path: Path) -> None:
    shutil.copytree(month.settings.data_dir, tmp_path / "var")
    copied = read_settings({"ZHIXUN_DATA_DIR": str(tmp_path / "var")})

    async def again() -> None:
        async with open_archive(copied) as archive:
            await rebuild(archive.journal, archive.folder, archive.sealer)

    asyncio.run(again())
    for table in ("records", "correctives", "consultations", "requests", "tasks", "slips"):
        statement = f"SELECT * FROM {table} ORDER BY 1, 2"
        assert _rows(copied.data_dir, statement) == month.rows(statement), table


@pytest.mark.slow
def test_the_colleagues_can_sign_in_and_are_on_duty(month: Month) -> None:
    async def sign_in() -> set[str]:
        async with open_archive(month.settings) as archive:
            accounts = Accounts(archive.database, archive.clock, archive.daybook, bytes(32), frozenset())
            return {(await accounts.check_password(one.name, one.password)).role for one in month.members}

    assert asyncio.run(sign_in()) == {"clerk", "reviewer", "administrator", "auditor"}
    days = {str(day) for (day,) in month.rows("SELECT day FROM duty")}
    assert {"2026-11-16", "2026-11-20", "2026-11-23", "2026-11-27"} <= days
    assert not days & {"2026-11-21", "2026-11-22"}


@pytest.mark.slow
def test_some_answers_are_unsure_and_half_of_the_citizens_rate(month: Month) -> None:
    parsed = month.rows("SELECT body FROM journal WHERE kind = 'parsed'")
    shares = [json.loads(str(body))["open"].get("confidence", 1) for (body,) in parsed]
    assert sum(share < 0.6 for share in shares) >= 8
    talks = "state = 'closed' AND channel NOT IN ('desk', 'form', 'register')"
    ((share,),) = month.rows(f"SELECT 1.0 * count(coalesce(rating, staff_rating)) / count(*) FROM consultations WHERE {talks}")
    assert 0.4 < float(str(share)) < 0.7
