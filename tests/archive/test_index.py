"""The index: a recount of the journal, whatever comes in between; and of what was erased nothing is left in it."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from tests.archive.indexed import (
    WORDS,
    answered,
    closed,
    facets,
    find,
    heard,
    index_of,
    numbers,
    opened,
    rated,
    rows,
    said,
)  # fmt: skip
from tests.archive.world import DAYS, World, look_at, world_at
from tests.support import Crash
from zhixun.archive.case_words import forget_words, purge
from zhixun.archive.index import Index
from zhixun.archive.rebuild import rebuild, restore
from zhixun.archive.words import Words
from zhixun.clock import Clock
from zhixun.database import migrate
from zhixun.messages import Entry, Event

TEXTS = ("商标异议期限多长", "专利年费怎么交", "我叫朴炯宇，在城东区开店", "布图设计登记", "软件著作权", "知识产权保护中心在哪")


def _some_event(rng: random.Random, turn: int) -> Event:
    """Return anything that can happen in a consultation."""
    name, text = rng.choice(("li", "ma")), rng.choice(TEXTS)
    staff = f"staff:{name}"
    return rng.choice((
        said(text, turn), heard(rng.choice(("answered", "unknown", "clarify")), turn, round(rng.random(), 3)),
        answered(text, rng.choice(("trademark-opposition", "patent-fees", "patent-term", "guide:unknown"))),
        answered(text, *rng.choice(((), ("patent-fees",))), actor=staff),
        Event("relayed", "zhixun", {"turn": turn, "status": "handoff"}),
        Event("handed_off", "citizen", {"state": "queued", "reason": "asked", "team": "desk"}),
        Event("claimed", staff, {"state": "staff", "operator": name}),
        Event("returned", staff, {"state": "bot", "reason": "done"}),
        Event("noted", staff, {"mentions": []}, {"text": text}),
        Event("labelled", staff, {"add": rng.sample(["重点", "企业", "a,b"], 2), "remove": rng.sample(["重点", "企业", "a,b"], 1)}),
        Event("requested", "citizen", {"request": f"FW-{rng.getrandbits(60)}", "service": rng.choice(("aid", "search")), "due": "",
                                       "target": "desk", "standing": "received", "priority": ""}, {"title": "t", "facts": [["单位", text]]}),
        Event("referred", staff, {"slip": f"ZB-{rng.getrandbits(60)}", "agency": "court", "kind": "civil", "way": "mail",
                                    "standing": "issued", "due": ""}, {"words": text}),
        Event("attached", "citizen", {"id": f"{rng.getrandbits(60)}", "type": "x", "size": 1, "digest": ""}, {"name": "合同.pdf"}),
        Event("reviewed", staff, {"mark": rng.choice(("correct", "wrong")), "second": False}, {"words": text}),
        Event("claimed", staff, {"state": "staff", "operator": name, "from": "bot"}),
        Event("described", staff, rng.choice(({"user_kind": "个人"}, {"user_kind": "", "industry": "教育"}, {"district": "湟中区"}))),
        Event("parsed", "engine", {"turn": turn, "status": "guide", "entities": [{"entity": "stage", "value": rng.choice(("驳回", "授权"))},
                                                                               {"entity": "right", "value": "商标"}]}),
        Event("rated", "citizen", {"scores": {"attitude": rng.randint(1, 5)}, "subject": rng.choice(("bot", "staff"))}),
        rated(rng.randint(1, 5), text), closed(rng.choice(("", "solved"))),
    ))  # fmt: skip


def _recount(entries: list[Entry], place: int) -> dict[str, Any]:
    """Count one consultation from its entries, the plain way: each column by a look at all of them."""
    def of(*kinds: str) -> list[Entry]:
        return [entry for entry in entries if entry.kind in kinds]

    def each(values: list[Any]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(value).replace(",", "，") for value in values if value))

    first, labels = entries[0], list[str]()
    for entry in of("labelled"):
        labels = [label for label in labels if label not in entry.open["remove"]]
        labels += [label for label in entry.open["add"] if label not in labels]
    knowledge = each([name for entry in of("said") if entry.actor != "citizen" for name in entry.open.get("knowledge", ())])
    sure = [entry.open["confidence"] for entry in of("parsed") if entry.open["status"] == "answered"]
    ratings: dict[str, float] = {}
    for entry in of("rated"):
        given = entry.open["scores"].values()
        ratings[entry.open.get("subject", "bot")] = round(sum(given) / len(given), 2)
    begins = [one for one in entries if one.kind == "handed_off" or (one.kind == "claimed" and one.open.get("from") == "bot")][:1]
    helps = [one.time for one in of("said") if begins and one.seq > begins[0].seq and one.actor.startswith("staff:")]
    scores = {entry.open.get("subject", ""): entry.open["scores"] for entry in of("rated")}
    stages = [one["value"] for entry in of("parsed") for one in entry.open.get("entities", ()) if one["entity"] == "stage"]
    words = set[str]()
    for entry in entries if entries[-1].kind != "erased" else ():
        to_all = entry.kind == "said" and entry.actor in ("bot", "system") and not entry.open.get("turn")
        told = {} if to_all else entry.private or {}
        for text in (told.get("text"), told.get("words"), *(value for _, value in told.get("facts", ()))):
            words |= WORDS.marks(text or "")
        words |= WORDS.marks(" ".join(entry.open.get(name, "") for name in ("request", "slip")) if told else "")
    return {
        "id": place, "number": first.consultation, "day": "2026-11-19", "channel": "web", "region": first.open["region"],
        "state": [entry.open["state"] for entry in entries if "state" in entry.open][-1:] or ["bot"],
        "turns": [entry.open["turn"] for entry in of("said") if entry.actor == "citizen"][-1:] or [0],
        "rights": each([facets(name)[0] for name in knowledge]), "topics": each([facets(name)[1] for name in knowledge]),
        "knowledge": knowledge, "services": each([entry.open["service"] for entry in of("requested")]),
        "statuses": each([entry.open["status"] for entry in of("parsed", "relayed")]),
        "operators": each([entry.actor[6:] for entry in of("said", "claimed") if entry.actor.startswith("staff:")]),
        "stages": each(stages), "handed": begins[0].time if begins else "", "helped": [*helps, ""][0],
        "closed": ["", *(entry.time for entry in of("closed"))][-1],
        "scores": json.dumps(scores, ensure_ascii=False, sort_keys=True, separators=(",", ":")) if scores else "",
        **{name: ["", *(entry.open[name] for entry in of("described") if name in entry.open)][-1]
           for name in ("user_kind", "industry", "district")},
        "labels": each(labels), "marks": each([entry.open["mark"] for entry in of("reviewed")]),
        "outcome": [entry.open.get("outcome", "") for entry in of("closed")][-1:] or [""], "rating": ratings.get("bot"),
        "staff_rating": ratings.get("staff"),
        "confidence": min(sure) if sure else None, "referred": bool(of("referred")), "attached": bool(of("attached")),
        "noted": bool(of("noted")), "erased": bool(of("erased")), "indexed": entries[-1].seq, "words": words,
    }  # fmt: skip


async def _recounted(world: World) -> dict[str, dict[str, Any]]:
    """Count everything from the journal."""
    found = {}
    for place, number in await world.sql("SELECT id, consultation FROM journal WHERE kind = 'opened' ORDER BY id"):
        row = _recount(await world.read(number), place)
        found[number] = {name: value[0] if isinstance(value, list) else value for name, value in row.items()}
    return found


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {name: () if value == "," else value for name, value in row.items()}


async def _indexed(world: World) -> dict[str, dict[str, Any]]:
    return {number: _told(row) for number, row in (await rows(world)).items()}


@pytest.mark.parametrize("portion", [3, 11, 250])
async def test_it_is_a_recount_of_the_journal_whenever_it_reads(world: World, portion: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(portion)
    monkeypatch.setattr("zhixun.archive.index._ENTRIES", portion)
    index, mine = index_of(world), list[str]()
    for step in range(30):
        if not mine or rng.random() < 0.1:
            mine.append(await opened(world))
        await world.add(rng.choice(mine), *(_some_event(rng, step) for _ in range(rng.randint(1, 3))))
        if rng.random() < 0.2:
            await index.catch_up()
    await index.catch_up()
    assert await _indexed(world) == await _recounted(world)


async def _filled(world: World) -> list[str]:
    first, _ = await world.consult("商标异议期限多长", "我叫朴炯宇")
    second = await world.open("专利年费怎么交")
    third, _ = await world.consult("布图设计登记")
    return [first, second, third]


async def test_nothing_is_read_twice_and_reading_twice_changes_nothing(world: World) -> None:
    await _filled(world)
    index = index_of(world)
    entries = (await world.sql("SELECT count(*) FROM journal"))[0][0]
    assert await index.catch_up() == entries
    before = await rows(world)
    assert await index.catch_up() == 0
    async with world.database.write() as connection:
        place = f'{{"taken":0,"through":0,"version":"{WORDS.version}"}}'
        await connection.exec_driver_sql("UPDATE meta SET value = ? WHERE name = 'index'", (place,))
    assert await index_of(world).catch_up() == entries
    assert await rows(world) == before


async def test_a_crash_between_portions_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await _filled(world)
    monkeypatch.setattr("zhixun.archive.index._ENTRIES", 4)
    asked = 0

    def dying(name: str) -> tuple[str, str]:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Crash
        return facets(name)

    with pytest.raises(Crash):
        await Index(world.journal, world.archive, dying, WORDS).catch_up()
    assert 0 < len(await rows(world)) < 3
    await index_of(world).catch_up()
    assert await _indexed(world) == await _recounted(world)


async def test_rows_words_and_place_are_written_together(world: World) -> None:
    await _filled(world)
    index = index_of(world)
    await index.catch_up()
    before = await rows(world)
    await world.open("软件著作权")
    async with world.database.write() as connection:
        await connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON meta WHEN NEW.name = 'index' BEGIN SELECT RAISE(ABORT, 'disk'); END"
        )
    with pytest.raises(IntegrityError, match="disk"):
        await index.catch_up()
    assert await rows(world) == before
    async with world.database.write() as connection:
        await connection.exec_driver_sql("DROP TRIGGER broken")
    await index.catch_up()
    assert await _indexed(world) == await _recounted(world)


async def test_the_day_books_of_staff_are_not_in_it(world: World) -> None:
    book = await opened(world, channel="desk", state="book")
    await world.add(book, Event("looked", "staff:li", {}, {"text": "商标"}), said("商标"))
    await index_of(world).catch_up()
    await world.add(book, Event("searched", "staff:li", {}, {"text": "商标"}))
    assert (await find(world, words="商标")).total == 0
    assert await rows(world) == {}


async def test_no_word_stands_in_the_store(world: World) -> None:
    """The journal is encrypted; the index may not give away what that hides."""
    text = "朴炯宇问布图设计登记"
    await world.open(text)
    assert (await find(world, words="布图设计 朴炯宇")).total == 1
    data = _bytes(world.folder)
    assert [word for word in (text, "朴炯", "炯宇", "布图", "设计", "登记") if word.encode() in data] == []


def _bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("zhixun.db*")))


async def _check_words(world: World) -> None:
    """Let SQLite look over the index; it raises when something is wrong."""
    async with world.database.write() as connection:
        await connection.exec_driver_sql("INSERT INTO case_words (case_words) VALUES ('integrity-check')")


def _left(marks: set[str], folder: Path) -> set[str]:
    """Return the marks that stand in the store's files; terms are kept without what they share with their neighbours."""
    data = _bytes(folder)
    return {mark for mark in marks if mark[2:].encode() in data}


async def test_of_an_erased_consultation_nothing_is_left(world: World) -> None:
    for place in range(8):
        await world.open(*(f"第{place}件第{turn}句：{text}" for turn, text in enumerate(TEXTS)))
    texts = [f"我叫朴炯宇{chr(0x4E00 + 97 * turn)}{chr(0x5000 + 89 * turn)}" for turn in range(20)]
    number, _ = await world.consult(*texts)
    index = index_of(world)
    await index.catch_up()
    await world.add(number, Event("noted", "staff:li", {}, {"text": "龘龘靐靐"}))
    await index.catch_up()
    everything = await rows(world)
    own = everything[number]["words"] - set[str]().union(*(row["words"] for name, row in everything.items() if name != number))
    assert len(own) > 20
    assert len(_left(own, world.folder)) > 20

    await world.erase(number)

    assert _left(own, world.folder) == set()
    await index.catch_up()
    after = await rows(world)
    assert (after[number]["words"], after[number]["erased"]) == (set(), True)
    assert {name: row for name, row in after.items() if name != number} == {
        name: row for name, row in everything.items() if name != number
    }
    assert await world.sql("SELECT value FROM meta WHERE name = 'purge'") == []
    await _check_words(world)


async def test_an_erasure_that_was_interrupted_is_finished_by_the_next_reading(world: World) -> None:
    number, *_ = await _filled(world)
    index = index_of(world)
    await index.catch_up()
    before = await rows(world)
    own = before[number]["words"] - set[str]().union(*(row["words"] for name, row in before.items() if name != number))
    # As far as the first transaction of an erasure, and no further.
    async with world.database.write() as connection:
        await world.journal.append(connection, number, [Event("erased", "admin", {"reason": "本人请求"})])
        await world.journal.keyring.destroy(connection, number)
        await forget_words(connection, number)
    assert (await rows(world))[number]["words"] == before[number]["words"]
    await index.catch_up()
    after = await rows(world)
    assert after[number]["words"] == set()
    assert {name: row["words"] for name, row in after.items() if name != number} == {
        name: row["words"] for name, row in before.items() if name != number
    }
    await world.erase(number)
    assert _left(own, world.folder) == set()


async def test_what_is_erased_while_it_is_being_read_does_not_come_in(world: World) -> None:
    number, _ = await world.consult("我叫朴炯宇")
    other, _ = await world.consult("专利年费")

    def erasing(name: str) -> tuple[str, str]:
        with sqlite3.connect(world.folder / "zhixun.db") as process:
            process.execute("DELETE FROM keys WHERE consultation = ?", (number,))
        process.close()
        return facets(name)

    await Index(world.journal, world.archive, erasing, WORDS).catch_up()
    found = await rows(world)
    assert found[number]["words"] == set()
    assert found[other]["words"]


async def test_purging_twice_at_once_is_purging_once(world: World) -> None:
    import asyncio

    number, *_ = await _filled(world)
    await index_of(world).catch_up()
    async with world.database.write() as connection:
        await forget_words(connection, number)
    await asyncio.gather(purge(world.database), purge(world.database))
    await purge(world.database)
    found = await rows(world)
    assert [bool(row["words"]) for row in found.values()] == [False, True, True]
    await _check_words(world)


async def test_made_anew_it_is_the_same(world: World) -> None:
    number, *_ = await _filled(world)
    await world.erase(number)
    await index_of(world).catch_up()
    before = await rows(world)
    await rebuild(world.journal, world.archive, world.sealer)
    assert await rows(world) == {}
    await index_of(world).catch_up()
    assert await rows(world) == before


async def test_with_another_secret_it_makes_itself_anew(world: World) -> None:
    await _filled(world)
    await index_of(world).catch_up()
    before = await rows(world)
    other = Words(bytes(32))
    await index_of(world, other).catch_up()
    after = await rows(world)
    assert after.keys() == before.keys()
    assert all(not after[name]["words"] & before[name]["words"] for name in after)
    assert {name: {**row, "words": 0} for name, row in after.items()} == {name: {**row, "words": 0} for name, row in before.items()}


async def test_a_restored_store_is_indexed_from_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhixun.archive.index._TAKEN", 2)
    async with world_at(tmp_path) as world:
        sealed = [(await world.consult(text))[0] for text in TEXTS[:3]]
        await world.rate(sealed[0])
        await world.ledger.witness()
        await index_of(world).catch_up()
        before = await rows(world)
    _lose(tmp_path)
    migrate(f"sqlite:///{tmp_path}/zhixun.db")
    async with look_at(tmp_path) as world:
        world.journal.clock = Clock(DAYS[1])
        await world.journal.prepare()
        await restore(world.journal, world.archive, world.signer.public_key())
        later = await world.open("专利年费")
        await world.add(sealed[1], Event("labelled", "staff:li", {"add": ["重点"], "remove": []}))
        await index_of(world).catch_up()
        found = await rows(world)
        assert list(found) == [*sealed, later]
        changed = {"id", "words", "labels", "indexed"}
        for number in sealed:
            assert {name: value for name, value in found[number].items() if name not in changed} == {
                name: value for name, value in before[number].items() if name not in changed
            }
        assert (found[sealed[1]]["labels"], found[sealed[0]]["rating"]) == (("重点",), 4.6)
        assert [bool(found[number]["words"]) for number in found] == [False, False, False, True]
        assert await numbers(world) == [later, *reversed(sealed)]
        await rebuild(world.journal, world.archive, world.sealer)
        await index_of(world).catch_up()
        assert await rows(world) == found


def _lose(folder: Path) -> None:
    for path in folder.glob("zhixun.db*"):
        path.unlink()


async def test_an_entry_that_cannot_be_read_keeps_no_other_from_being_found(world: World) -> None:
    first, second, third = await _filled(world)
    async with world.database.write() as connection:
        await connection.exec_driver_sql("DROP TRIGGER journal_no_update")
        await connection.exec_driver_sql("UPDATE journal SET body = '{' WHERE consultation = ? AND seq = 3", (first,))
        await connection.exec_driver_sql("UPDATE keys SET wrapped = x'00' WHERE consultation = ?", (second,))
    await index_of(world).catch_up()
    assert await numbers(world) == [third, second, first]
    assert await numbers(world, words="布图设计") == [third]
    assert await numbers(world, words="朴炯宇") == [first]
    assert await numbers(world, words="年费") == []


async def test_a_sealed_text_that_was_changed_keeps_its_row(world: World) -> None:
    first, *_ = await _filled(world)
    async with world.database.write() as connection:
        await connection.exec_driver_sql("DROP TRIGGER journal_no_update")
        change = "UPDATE journal SET body = replace(body, '\"sealed\":\"', '\"sealed\":\"AAAA') WHERE consultation = ? AND seq = 3"
        await connection.exec_driver_sql(change, (first,))
    page = await find(world, number=first)
    assert page.hits[0].case.turns == 2
    assert page.hits[0].snippet is not None
    assert (page.hits[0].snippet.actor, page.hits[0].snippet.after) == ("citizen", "我叫朴炯宇")
