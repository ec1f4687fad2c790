"""The day book: a file a day of what staff did, in the chain, sealed, numbered for itself, and back again after a loss."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.archive.world import look_at
from tests.conversation.hands import waiting
from tests.support import OPEN_MOMENT, Office, office_in
from zhixun.archive.keys import load_signer
from zhixun.archive.rebuild import rebuild, restore
from zhixun.archive.report import Report
from zhixun.archive.sealed import file_path
from zhixun.archive.verify import verify
from zhixun.clock import ZONE, Clock
from zhixun.database import migrate
from zhixun.desk.daybook import Daybook
from zhixun.knowledge.load import KnowledgeError, read_file
from zhixun.messages import Entry
from zhixun.numbers import valid_number

DAY = timedelta(days=1)
WHY = "核对蓝莓果酱的来电"


def _book(office: Office) -> Daybook:
    return Daybook(office.database, office.journal, office.clock, "西宁市", seal=office.sealer.seal)


def _books(office: Office) -> list[tuple[Any, ...]]:
    return office.sql("SELECT number, state, channel, region FROM consultations WHERE channel = 'desk' ORDER BY number")


async def _entries(office: Office, place: int = -1) -> list[Entry]:
    return await office.entries(str(_books(office)[place][0]))


async def _verified(office: Office) -> Report:
    await office.ledger.witness()
    return await verify(office.journal, office.folder / "archive", load_signer(office.folder / "keys").public_key(), pause=0)


async def _sound(office: Office) -> None:
    report = await _verified(office)
    assert report.ok, report.text()


async def test_the_first_act_of_a_day_opens_its_book(office: Office) -> None:
    await _book(office).note("signed_in", "wang", {"stage": "full"})
    await _book(office).note("unmasked", "li", {"about": "ZX-1"}, {"why": WHY})
    ((number, state, channel, region),) = _books(office)
    assert (number, state, channel, region) == ("GZ-20261120-000001-7", "book", "desk", "西宁市")
    assert valid_number(number)
    opened, first, second = await _entries(office)
    assert (opened.kind, opened.open["state"]) == ("opened", "book")
    assert (first.kind, first.actor, first.open, first.private) == ("signed_in", "staff:wang", {"stage": "full"}, None)
    assert (second.kind, second.actor, second.private) == ("unmasked", "staff:li", {"why": WHY})
    assert WHY.encode() not in office.bytes_on_disk()
    await _sound(office)


async def test_what_nobody_of_the_staff_did_is_by_the_system(office: Office) -> None:
    await _book(office).note("sign_in_failed", "", {"name": "admin"})
    assert (await _entries(office))[-1].actor == "zhixun"


async def test_the_first_act_of_the_next_day_closes_and_seals_the_book_before(office: Office) -> None:
    daybook = _book(office)
    await daybook.note("signed_in", "wang", {})
    office.clock.turn_by(DAY)
    await daybook.note("signed_in", "li", {})
    await daybook.note("signed_out", "li", {})
    (before, *_), (today, *_) = _books(office)
    assert [row[1] for row in _books(office)] == ["closed", "book"]
    assert (before, today) == ("GZ-20261120-000001-7", "GZ-20261121-000001-9")
    closed = (await _entries(office, 0))[-1]
    assert (closed.kind, closed.actor, closed.open) == ("closed", "zhixun", {"state": "closed", "reason": "day"})
    assert [entry.kind for entry in await _entries(office)] == ["opened", "signed_in", "signed_out"]
    assert office.sql("SELECT consultation, through FROM leaves") == [(before, closed.seq)]
    assert (office.folder / "archive" / file_path(before, 0)).exists()
    await _sound(office)  # at once, and not only when a keeper comes by


async def test_the_day_is_the_one_in_china(office: Office) -> None:
    daybook = _book(office)
    for moment in (datetime(2026, 11, 20, 23, 59, tzinfo=ZONE), datetime(2026, 11, 21, 0, 0, tzinfo=ZONE)):
        office.clock.turn_to(moment)
        await daybook.note("signed_in", "wang", {})
    assert [row[0][:11] for row in _books(office)] == ["GZ-20261120", "GZ-20261121"]


async def test_days_on_which_nothing_was_done_have_no_book(office: Office) -> None:
    daybook = _book(office)
    await daybook.note("signed_in", "wang", {})
    office.clock.turn_by(5 * DAY)
    await daybook.note("signed_in", "wang", {})
    assert [row[0][:11] for row in _books(office)] == ["GZ-20261120", "GZ-20261125"]
    await office.ledger.close_days(date(2026, 11, 25))
    await _sound(office)


async def test_many_acts_at_once_stand_in_one_book(office: Office) -> None:
    await asyncio.gather(*(_book(office).note("looked", f"s{place}", {"about": "ZX-1"}) for place in range(20)))
    assert len(_books(office)) == 1
    entries = await _entries(office)
    assert [entry.seq for entry in entries] == list(range(1, 22))
    assert {entry.actor for entry in entries[1:]} == {f"staff:s{place}" for place in range(20)}


async def test_at_midnight_the_service_and_a_command_open_one_book_together(office: Office) -> None:
    service, command = _book(office), _book(office)
    await service.note("signed_in", "wang", {})
    office.clock.turn_by(DAY)
    await asyncio.gather(service.note("looked", "wang", {}), command.note("account_made", "", {}), service.note("looked", "li", {}))
    assert [row[1] for row in _books(office)] == ["closed", "book"]
    await _sound(office)


async def test_books_and_consultations_are_numbered_each_for_themselves(office: Office) -> None:
    daybook = _book(office)
    numbers = [await office.open()]
    await daybook.note("signed_in", "wang", {})
    numbers.append(await office.open())
    assert [number[:18] for number in numbers] == ["ZX-20261120-000001", "ZX-20261120-000002"]
    assert dict(office.sql("SELECT day, last FROM counters")) == {"2026-11-20": 2, "GZ20261120": 1}
    await _sound(office)


async def test_a_number_that_is_missing_or_counted_twice_is_found(office: Office) -> None:
    daybook = _book(office)
    await daybook.note("signed_in", "wang", {})
    await office.open()
    office.sql("UPDATE counters SET last = 2 WHERE day = 'GZ20261120'")
    report = await _verified(office)
    assert [finding.text for finding in report.findings] == ["GZ20261120 缺 1 个编号，自第 000002 号起"]


def test_no_site_may_number_its_consultations_like_the_books(tmp_path: Path) -> None:
    from tests.support import ROOT

    text = (ROOT / "knowledge" / "site.yml").read_text("utf-8")
    for prefix, fits in (("GZ", False), ("GZH", True), ("AGZ", True), ("ZX", True)):
        (tmp_path / "site.yml").write_text(text.replace("number_prefix: ZX", f"number_prefix: {prefix}"), "utf-8")
        if fits:
            assert read_file(tmp_path / "site.yml", "site")["number_prefix"] == prefix
        else:
            with pytest.raises(KnowledgeError, match="number_prefix"):
                read_file(tmp_path / "site.yml", "site")


async def test_what_cannot_be_sealed_now_is_noted_and_sealed_later(office: Office) -> None:
    async def refuse(_: str) -> str:
        raise OSError("disk full")

    daybook = Daybook(office.database, office.journal, office.clock, "西宁市", seal=refuse)
    await daybook.note("signed_in", "wang", {})
    office.clock.turn_by(DAY)
    await daybook.note("signed_in", "li", {})
    assert (await _entries(office))[-1].actor == "staff:li"
    assert await office.sealer.seal_pending() == 1
    await _sound(office)


async def test_nobody_talks_in_a_book_and_nothing_ends_it_but_the_day(office: Office) -> None:
    await _book(office).note("signed_in", "wang", {})
    office.clock.turn_by(timedelta(hours=3))
    await waiting(office)
    before = await _entries(office)
    await office.takeover.keep()
    await office.consultations.close_idle()
    await office.turns.finish_interrupted()
    await office.sealer.seal_pending()
    assert await _entries(office) == before


async def test_a_change_of_what_was_noted_is_found(office: Office) -> None:
    await _book(office).note("unmasked", "wang", {"about": "ZX-1"})
    office.sql("DROP TRIGGER journal_no_update")
    office.sql("UPDATE journal SET actor = 'staff:li' WHERE kind = 'unmasked'")
    report = await _verified(office)
    assert report.found_by("chain")


async def _two_days(office: Office) -> None:
    """A consultation and a book that are sealed, and those of the next day that are not."""
    daybook = _book(office)
    await daybook.note("signed_in", "wang", {})
    await office.consultations.close(await office.open())
    office.clock.turn_by(DAY)
    await office.ledger.close_days(date(2026, 11, 21))
    await daybook.note("looked", "wang", {"about": "ZX-1"}, {"why": WHY})
    await office.open()


async def test_a_rebuild_keeps_the_books(office: Office) -> None:
    await _two_days(office)
    before = office.sql("SELECT * FROM consultations ORDER BY number")
    await rebuild(office.journal, office.folder / "archive", office.sealer)
    assert office.sql("SELECT * FROM consultations ORDER BY number") == before
    await _book(office).note("signed_out", "wang", {})
    assert len(_books(office)) == 2
    assert [entry.kind for entry in await _entries(office)] == ["opened", "looked", "signed_out"]
    await _sound(office)


def _lose(folder: Path) -> None:
    """Lose the store, and put an empty one in its place."""
    for path in folder.glob("zhixun.db*"):
        path.unlink()
    migrate(f"sqlite:///{folder}/zhixun.db")


@asynccontextmanager
async def _restored(folder: Path) -> AsyncIterator[Any]:
    """Begin it again from the sealed files."""
    async with look_at(folder) as world:
        world.journal.clock = Clock(date(2026, 11, 21))
        await world.journal.prepare()
        await restore(world.journal, world.archive, world.signer.public_key())
        await world.ledger.prepare()
        yield world


async def test_a_store_that_was_lost_goes_on_with_its_books(tmp_path: Path) -> None:
    async with office_in(tmp_path) as office:
        await _two_days(office)
        await office.ledger.witness()
    _lose(tmp_path)
    async with _restored(tmp_path) as world:
        assert await world.sql("SELECT number, state FROM consultations WHERE channel = 'desk'") == [("GZ-20261120-000001-7", "closed")]
        counted = dict(await world.sql("SELECT day, last FROM counters"))
        assert (counted["2026-11-20"], counted["GZ20261120"]) == (1, 1)
        daybook = Daybook(world.database, world.journal, world.journal.clock, "西宁市", seal=world.sealer.seal)
        await daybook.note("signed_in", "wang", {})
        await world.consult("一")
        world.journal.clock = Clock(date(2026, 11, 22))
        await world.ledger.close_days(date(2026, 11, 22))
        await Daybook(world.database, world.journal, world.journal.clock, "西宁市", seal=world.sealer.seal).note("looked", "li", {})
        books = await world.sql("SELECT number, state FROM consultations WHERE channel = 'desk' ORDER BY number")
        assert [state for _, state in books] == ["closed", "closed", "book"]
        report = await world.verify()
        assert report.ok, report.text()


def test_the_moment_of_these_tests_is_a_friday() -> None:
    assert OPEN_MOMENT.isoweekday() == 5
