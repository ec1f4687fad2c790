"""Promise 6, tampering shows: edit, delete, insert, reorder, truncate, roll back, in the store and in each kind of file.

Every attack is made on a copy of one small archive that holds all there is: three days, supplements, an erased and an open
consultation. `verify` must find each, the stand-alone checker must agree where files alone tell, and neither may find
anything on the untouched archive.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.archive.world import DAYS, check, look_at, world_at
from zhixun.archive.canonical import FILE, ROOT, canonical, digest, event_hash
from zhixun.archive.journal import event_of
from zhixun.archive.ledger import day_root, public_hex
from zhixun.archive.number import make_number
from zhixun.archive.report import Report
from zhixun.messages import Event

NEWS = Event("noted", "staff:7", {"text": "x"})


@dataclass(frozen=True)
class Sample:
    """The archive that is attacked: as it is now, and as it was a day before."""

    now: Path
    before: Path
    receipts: list[tuple[str, str]]


@pytest.fixture(scope="module", params=["sha256", "sm3"])
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("sample")
    return asyncio.run(_build(folder, request.param))


async def _build(folder: Path, algorithm: str) -> Sample:
    now, before = folder / "now", folder / "before"
    now.mkdir()
    receipts = []
    async with world_at(now, algorithm) as world:
        receipts.append(await world.consult("商标异议期限多长？", "那要交多少钱？"))
        receipts.append(await world.consult("外观设计保护几年？"))
        await world.rate(receipts[0][0])
        await world.turn_to(DAYS[1])
        receipts.append(await world.consult("专利年费怎么交？"))
        receipts.append(await world.consult("软件著作权怎么登记？"))
        await world.erase(receipts[3][0])
    shutil.copytree(now, before)
    async with world_at(now, algorithm, DAYS[2]) as world:
        receipts.append(await world.consult("地理标志是什么？"))
        receipts.append(await world.consult("商业秘密怎么保护？"))
        await world.rate(receipts[2][0])
        await world.open("还没有结束的咨询")
    return Sample(now, before, receipts)


@pytest.fixture
def folder(sample: Sample, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample.now, tmp_path / "attacked"))


def verified(folder: Path, **more: Any) -> Report:
    async def run() -> Report:
        async with look_at(folder, _algorithm(folder)) as world:
            return await world.verify(**more)

    return asyncio.run(run())


def _algorithm(folder: Path) -> str:
    return str(_ask(folder, "SELECT value FROM meta WHERE name = 'digest'")[0][0])


def test_nothing_is_found_where_nothing_was_done(sample: Sample) -> None:
    head = sample.before / "archive/HEAD.json"
    report = verified(sample.now, receipts=sample.receipts, head=head)
    assert report.ok, report.text()
    assert all(report.counts[name] for name in report.counts), report.text()
    assert check(sample.now / "archive", sample.receipts, [head]) == []
    assert verified(sample.before, receipts=sample.receipts[:4]).ok


# --- The store. The attacker writes with any tool, drops the triggers first, and puts them back afterwards. ---


def _ask(folder: Path, statement: str, *values: Any) -> list[Any]:
    connection = sqlite3.connect(folder / "zhixun.db", isolation_level=None)
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


class _Store:
    """The attacker's hand on the store."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "zhixun.db", isolation_level=None)
        self.connection.row_factory = sqlite3.Row

    def __enter__(self) -> _Store:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        self.triggers = [(row["name"], row["sql"]) for row in self.connection.execute(query)]
        for name, _ in self.triggers:
            self.connection.execute(f"DROP TRIGGER {name}")
        return self

    def __exit__(self, *_: object) -> None:
        for _name, statement in self.triggers:
            self.connection.execute(statement)
        self.connection.close()

    def do(self, statement: str, *values: Any) -> None:
        assert self.connection.execute(statement, values).rowcount, "the attack did nothing"

    def rows(self, where: str = "1") -> list[dict[str, Any]]:
        return [dict(row) for row in self.connection.execute(f"SELECT * FROM journal WHERE {where} ORDER BY id")]

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Replace the whole journal."""
        self.connection.execute("DELETE FROM journal")
        for row in rows:
            marks = ", ".join("?" * len(row))
            self.connection.execute(f"INSERT INTO journal ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))

    def forge(self, rows: list[dict[str, Any]], algorithm: str, *, renumber: bool) -> None:
        """Replace the journal and compute all hashes anew, as only somebody who knows the code would."""
        prev, seqs = "0" * 64, dict[str, int]()
        for place, row in enumerate(rows, 1):
            if renumber:
                seqs[row["consultation"]] = seqs.get(row["consultation"], 0) + 1
                row |= {"id": place, "seq": seqs[row["consultation"]]}
            row["prev"] = prev
            row["hash"] = prev = event_hash(algorithm, event_of(row))
        self.write(rows)
        self.connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'journal'", (rows[-1]["id"],))


def edit_row(store: _Store, _: str) -> None:
    store.do("UPDATE journal SET body = replace(body, 'answered', 'unknown') WHERE id = 4")


def edit_sealed(store: _Store, _: str) -> None:
    row = store.rows("id = 3")[0]
    body = json.loads(row["body"])
    body["sealed"] = json.loads(store.rows("id = 2")[0]["body"])["sealed"]
    store.do("UPDATE journal SET body = ? WHERE id = 3", canonical(body).decode())


def edit_blank(store: _Store, _: str) -> None:
    store.do("UPDATE journal SET body = body || ' ' WHERE id = 5")


def edit_time(store: _Store, _: str) -> None:
    store.do("UPDATE journal SET time = '2026-11-18T00:00:00.000Z' WHERE id = 5")


def edit_with_own_hash(store: _Store, algorithm: str) -> None:
    row = store.rows("id = 4")[0]
    row["actor"] = "staff:9"
    store.do("UPDATE journal SET actor = ?, hash = ? WHERE id = 4", row["actor"], event_hash(algorithm, event_of(row)))


def edit_with_all_hashes(store: _Store, algorithm: str) -> None:
    rows = store.rows()
    rows[3]["actor"] = "staff:9"
    store.forge(rows, algorithm, renumber=False)


def edit_open_one_with_all_hashes(store: _Store, algorithm: str) -> None:
    """The newest consultation has no file yet: only the witness knows."""
    rows = store.rows()
    rows[-1]["actor"] = "staff:9"
    store.forge(rows, algorithm, renumber=False)


def edit_to_rubbish(store: _Store, _: str) -> None:
    store.do("UPDATE journal SET body = '{', seq = 'x', kind = x'00ff' WHERE id = 5")


def delete_row(store: _Store, _: str) -> None:
    store.do("DELETE FROM journal WHERE id = 5")


def delete_first_row(store: _Store, _: str) -> None:
    store.do("DELETE FROM journal WHERE id = 1")


def delete_consultation_with_all_hashes(store: _Store, algorithm: str) -> None:
    number = store.rows()[0]["consultation"]
    store.forge([row for row in store.rows() if row["consultation"] != number], algorithm, renumber=True)
    for table, column in (("consultations", "number"), ("keys", "consultation"), ("leaves", "consultation")):
        store.do(f"DELETE FROM {table} WHERE {column} = ?", number)


def insert_row(store: _Store, algorithm: str) -> None:
    rows = store.rows()
    forged = {**rows[4], "kind": "noted", "actor": "staff:9", "body": '{"open":{}}'}
    store.write([*rows[:5], *({**row, "id": row["id"] + 1} for row in rows[5:])])
    prev = rows[4]["hash"]
    forged |= {"id": 6, "seq": 99, "prev": prev}
    store.do("INSERT INTO journal (id, consultation, seq, time, kind, actor, body, prev, hash) VALUES (?,?,?,?,?,?,?,?,?)",
             6, forged["consultation"], 99, forged["time"], "noted", "staff:9", forged["body"], prev,
             event_hash(algorithm, event_of({**forged, "hash": ""})))  # fmt: skip


def insert_row_with_all_hashes(store: _Store, algorithm: str) -> None:
    rows = store.rows()
    forged = {**rows[4], "kind": "noted", "actor": "staff:9", "body": '{"open":{}}'}
    store.forge([*rows[:5], forged, *rows[5:]], algorithm, renumber=True)


def append_to_sealed(store: _Store, algorithm: str) -> None:
    rows = store.rows()
    store.forge([*rows, {**rows[0], "kind": "noted", "body": '{"open":{}}'}], algorithm, renumber=True)


def reorder_ids(store: _Store, _: str) -> None:
    for old, new in ((4, 999), (5, 4), (999, 5)):
        store.do("UPDATE journal SET id = ? WHERE id = ?", new, old)


def reorder_with_all_hashes(store: _Store, algorithm: str) -> None:
    rows = store.rows()
    rows[3], rows[4] = rows[4], rows[3]
    store.forge(rows, algorithm, renumber=True)


def truncate_tail(store: _Store, _: str) -> None:
    store.do("DELETE FROM journal WHERE id > (SELECT max(id) - 2 FROM journal)")


def truncate_tail_and_counts(store: _Store, _: str) -> None:
    """The newest consultation as if it had never been."""
    number = store.rows()[-1]["consultation"]
    store.do("DELETE FROM journal WHERE consultation = ?", number)
    store.do("DELETE FROM consultations WHERE number = ?", number)
    store.do("DELETE FROM keys WHERE consultation = ?", number)
    store.do("UPDATE counters SET last = last - 1 WHERE day = ?", DAYS[2].isoformat())
    store.do("UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM journal) WHERE name = 'journal'")


def reopen_sealed(store: _Store, algorithm: str) -> None:
    rows = store.rows()
    next(row for row in rows if row["kind"] == "closed")["kind"] = "noted"
    store.forge(rows, algorithm, renumber=False)


def rename_to_nonsense(store: _Store, _: str) -> None:
    store.do("UPDATE journal SET consultation = 'x' WHERE consultation = ?", store.rows()[-1]["consultation"])


def rename_to_a_used_number(store: _Store, _: str) -> None:
    """Another prefix, the same day and sequence: the check digit is right."""
    rows = store.rows()
    store.do("UPDATE journal SET consultation = ? WHERE consultation = ?",
             rows[0]["consultation"].replace("ZX-", "AB-"), rows[-1]["consultation"])  # fmt: skip


def revive_key(store: _Store, _: str) -> None:
    query = "SELECT consultation FROM journal WHERE kind = 'erased'"
    number = store.connection.execute(query).fetchone()[0]
    store.do("INSERT INTO keys SELECT ?, wrapped FROM keys LIMIT 1", number)


def second_beginning(store: _Store, algorithm: str) -> None:
    rows = store.rows()
    rows[1] |= {"kind": "opened", "body": rows[0]["body"]}
    store.forge(rows, algorithm, renumber=False)


def swap_keys(store: _Store, _: str) -> None:
    first, second = (dict(row) for row in store.connection.execute("SELECT * FROM keys LIMIT 2"))
    store.do("UPDATE keys SET wrapped = ? WHERE consultation = ?", second["wrapped"], first["consultation"])


def delete_key(store: _Store, _: str) -> None:
    store.do("DELETE FROM keys WHERE consultation = (SELECT min(consultation) FROM keys)")


def edit_index(store: _Store, _: str) -> None:
    store.do("UPDATE consultations SET region = '110000' WHERE number = (SELECT min(number) FROM consultations)")


def delete_index(store: _Store, _: str) -> None:
    store.do("DELETE FROM consultations WHERE number = (SELECT min(number) FROM consultations)")


def insert_index(store: _Store, _: str) -> None:
    store.do("INSERT INTO consultations SELECT ?, channel, region, state, opened, last, closed, turns, seq, rating, callback "
             "FROM consultations LIMIT 1", make_number("ZX", DAYS[2], 9))  # fmt: skip


def edit_counter(store: _Store, _: str) -> None:
    store.do("UPDATE counters SET last = last + 1 WHERE day = ?", DAYS[0].isoformat())


def lower_counter(store: _Store, _: str) -> None:
    store.do("UPDATE counters SET last = last - 1 WHERE day = ?", DAYS[0].isoformat())


def edit_leaf(store: _Store, _: str) -> None:
    store.do("UPDATE leaves SET digest = ? WHERE id = 2", "a" * 64)


def edit_leaf_path(store: _Store, _: str) -> None:
    store.do("UPDATE leaves SET path = '../../etc/passwd' WHERE id = 2")


def delete_leaf(store: _Store, _: str) -> None:
    store.do("DELETE FROM leaves WHERE id = 2")


def truncate_leaves(store: _Store, _: str) -> None:
    store.do("DELETE FROM leaves WHERE id = (SELECT max(id) FROM leaves)")
    store.do("UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM leaves) WHERE name = 'leaves'")


def insert_leaf(store: _Store, _: str) -> None:
    store.do("INSERT INTO leaves (day, consultation, path, digest, through) SELECT day, consultation, path || 'x', digest, "
             "through FROM leaves WHERE id = 1")  # fmt: skip


def reorder_leaves(store: _Store, _: str) -> None:
    for old, new in ((1, 999), (2, 1), (999, 2)):
        store.do("UPDATE leaves SET id = ? WHERE id = ?", new, old)


def edit_root_note(store: _Store, _: str) -> None:
    store.do("UPDATE meta SET value = replace(value, '\"index\":2', '\"index\":1') WHERE name = 'root'")


def delete_root_note(store: _Store, _: str) -> None:
    store.do("DELETE FROM meta WHERE name = 'root'")


def drop_trigger(store: _Store, _: str) -> None:
    store.triggers.pop()


def weaken_trigger(store: _Store, _: str) -> None:
    name, statement = store.triggers[0]
    store.triggers[0] = (name, statement.replace("BEGIN", "WHEN 0 BEGIN"))


def add_trigger(store: _Store, _: str) -> None:
    store.triggers.append(("quiet", "CREATE TRIGGER quiet BEFORE INSERT ON journal BEGIN SELECT RAISE(IGNORE); END"))


STORE: list[tuple[Callable[[_Store, str], None], str]] = [
    (edit_row, "chain"), (edit_sealed, "chain"), (edit_blank, "chain"), (edit_time, "chain"), (edit_with_own_hash, "chain"),
    (edit_with_all_hashes, "witness"), (edit_with_all_hashes, "content"), (edit_with_all_hashes, "root"),
    (edit_open_one_with_all_hashes, "witness"), (edit_to_rubbish, "chain"),
    (delete_row, "rows"), (delete_row, "chain"), (delete_row, "seq"), (delete_first_row, "chain"),
    (delete_consultation_with_all_hashes, "number"), (delete_consultation_with_all_hashes, "witness"),
    (delete_consultation_with_all_hashes, "stray"),
    (insert_row, "chain"), (insert_row, "seq"), (insert_row_with_all_hashes, "witness"), (insert_row_with_all_hashes, "content"),
    (append_to_sealed, "sealed"), (append_to_sealed, "index"),
    (reorder_ids, "chain"), (reorder_with_all_hashes, "witness"), (reorder_with_all_hashes, "content"),
    (truncate_tail, "rows"), (truncate_tail, "witness"), (truncate_tail_and_counts, "witness"),
    (reopen_sealed, "sealed"), (rename_to_nonsense, "number"), (rename_to_a_used_number, "number"), (revive_key, "open"),
    (second_beginning, "seq"), (swap_keys, "open"), (delete_key, "open"), (edit_index, "index"), (delete_index, "index"), (insert_index, "content"),
    (edit_counter, "number"), (lower_counter, "number"),
    (edit_leaf, "content"), (edit_leaf, "ledger"), (edit_leaf, "file"), (edit_leaf_path, "content"), (delete_leaf, "ledger"),
    (truncate_leaves, "ledger"), (truncate_leaves, "witness"), (truncate_leaves, "sealed"), (insert_leaf, "ledger"),
    (reorder_leaves, "ledger"), (edit_root_note, "root"), (delete_root_note, "root"),
    (drop_trigger, "trigger"), (weaken_trigger, "trigger"), (add_trigger, "trigger"),
]  # fmt: skip


@pytest.mark.parametrize(("attack", "found_by"), STORE, ids=[f"{attack.__name__}-{name}" for attack, name in STORE])
def test_in_the_store(folder: Path, attack: Callable[[_Store, str], None], found_by: str) -> None:
    with _Store(folder) as store:
        attack(store, _algorithm(folder))
    report = verified(folder)
    assert report.found_by(found_by), report.text()


def test_the_store_itself_refuses(folder: Path) -> None:
    for table in ("journal", "leaves"):
        for statement in (f"UPDATE {table} SET id = id + 1000", f"DELETE FROM {table}"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                _ask(folder, statement)


def test_the_store_is_rolled_back(sample: Sample, folder: Path) -> None:
    shutil.copy(sample.before / "zhixun.db", folder / "zhixun.db")
    report = verified(folder)
    assert {"witness", "stray", "ledger"} <= {finding.check for finding in report.findings}, report.text()


def test_the_files_are_rolled_back(sample: Sample, folder: Path) -> None:
    shutil.rmtree(folder / "archive")
    shutil.copytree(sample.before / "archive", folder / "archive")
    report = verified(folder)
    assert {"file", "ledger", "root"} <= {finding.check for finding in report.findings}, report.text()


def test_store_and_files_are_rolled_back_together(sample: Sample) -> None:
    """Then nothing on the machine tells; a witness kept elsewhere and any citizen's receipt do."""
    head = sample.now / "archive/HEAD.json"
    assert verified(sample.before).ok
    assert verified(sample.before, head=head).found_by("witness")
    assert verified(sample.before, receipts=sample.receipts).found_by("receipt")
    assert check(sample.before / "archive", heads=[head])
    assert check(sample.before / "archive", receipts=sample.receipts)


def test_a_rolled_back_store_that_went_on_is_found(sample: Sample, tmp_path: Path) -> None:
    """New consultations on top of an old state do not hide it from a witness or a receipt."""
    folder = Path(shutil.copytree(sample.before, tmp_path / "forked"))

    async def go_on() -> None:
        async with world_at(folder, _algorithm(folder), DAYS[2]) as world:
            for _ in range(4):
                await world.consult("另一段历史")

    asyncio.run(go_on())
    head = sample.now / "archive/HEAD.json"
    assert verified(folder).ok
    assert verified(folder, head=head).found_by("witness")
    assert verified(folder, receipts=sample.receipts).found_by("receipt")
    assert check(folder / "archive", heads=[head])
    assert check(folder / "archive", receipts=sample.receipts)


# --- The files. `verify` and the checker, which knows nothing but files, must both find it. ---


def _files(archive: Path, pattern: str) -> list[Path]:
    return sorted(archive.glob(pattern))


def _sealed(archive: Path) -> list[Path]:
    return _files(archive, "2026/*/*/*.json")


def _swap(first: Path, second: Path) -> None:
    held = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(held)


def _flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def edit_file(archive: Path, _: Path) -> None:
    path = _sealed(archive)[0]
    path.write_bytes(path.read_bytes().replace(b'"answered"', b'"unknown "', 1))


def edit_file_and_hashes(archive: Path, _: Path) -> None:
    """With the entry's own hash made right, as only somebody who knows the form would."""
    path = _sealed(archive)[0]
    record = json.loads(path.read_bytes())
    record["entries"][3]["actor"] = "staff:9"
    record["entries"][3]["hash"] = event_hash(record["digest"], record["entries"][3])
    path.write_bytes(canonical(record) + b"\n")


def delete_file(archive: Path, _: Path) -> None:
    _sealed(archive)[0].unlink()


def delete_supplement(archive: Path, _: Path) -> None:
    _files(archive, "2026/*/*/*.s1.json")[0].unlink()


def insert_file(archive: Path, _: Path) -> None:
    path = _sealed(archive)[0]
    shutil.copy(path, path.with_name("ZX-20261119-000009-0.json"))


def insert_supplement(archive: Path, _: Path) -> None:
    path = _files(archive, "2026/*/*/*.s1.json")[0]
    shutil.copy(path, path.with_name(path.name.replace(".s1.", ".s2.")))


def swap_files(archive: Path, _: Path) -> None:
    _swap(*_sealed(archive)[:2])


def truncate_file(archive: Path, _: Path) -> None:
    path = _sealed(archive)[0]
    path.write_bytes(path.read_bytes()[:-40])


def empty_file(archive: Path, _: Path) -> None:
    _sealed(archive)[0].write_bytes(b"")


def edit_leaves(archive: Path, _: Path) -> None:
    path = _files(archive, "ledger/*.leaves")[0]
    path.write_text(path.read_text().replace('"through":', '"through":1', 1))


def delete_leaves(archive: Path, _: Path) -> None:
    _files(archive, "ledger/*.leaves")[0].unlink()


def delete_newest_leaves(archive: Path, _: Path) -> None:
    _files(archive, "ledger/*.leaves")[-1].unlink()


def delete_line(archive: Path, _: Path) -> None:
    path = _files(archive, "ledger/*.leaves")[0]
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[2:]))


def insert_line(archive: Path, _: Path) -> None:
    path = _files(archive, "ledger/*.leaves")[0]
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], lines[1], *lines[2:]]))


def append_line(archive: Path, _: Path) -> None:
    path = _files(archive, "ledger/*.leaves")[-1]
    last = json.loads(path.read_text().splitlines()[-1])
    number = last["path"].replace("000001", "000009")
    path.write_text(path.read_text() + canonical({**last, "leaf": last["leaf"] + 1, "path": number}).decode() + "\n")


def reorder_lines(archive: Path, _: Path) -> None:
    path = _files(archive, "ledger/*.leaves")[0]
    first, second, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([second, first, *rest]))


def truncate_lines(archive: Path, _: Path) -> None:
    path = _files(archive, "ledger/*.leaves")[-1]
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def truncate_mid_line(archive: Path, _: Path) -> None:
    path = _files(archive, "ledger/*.leaves")[-1]
    path.write_bytes(path.read_bytes()[:-10])


def truncate_newline(archive: Path, _: Path) -> None:
    path = _files(archive, "ledger/*.leaves")[-1]
    path.write_bytes(path.read_bytes()[:-1])


def roll_back_leaves(archive: Path, before: Path) -> None:
    for path in _files(archive, "ledger/*.leaves"):
        path.unlink()
    for path in _files(before, "ledger/*.leaves"):
        shutil.copy(path, archive / "ledger")


def edit_root(archive: Path, _: Path) -> None:
    path = _files(archive, "ledger/*.root.json")[0]
    root = json.loads(path.read_bytes())
    path.write_bytes(canonical({**root, "root": "a" * 64}) + b"\n")


def delete_root(archive: Path, _: Path) -> None:
    _files(archive, "ledger/*.root.json")[0].unlink()


def truncate_roots(archive: Path, _: Path) -> None:
    _files(archive, "ledger/*.root.json")[-1].unlink()


def insert_root(archive: Path, _: Path) -> None:
    path = _files(archive, "ledger/*.root.json")[-1]
    shutil.copy(path, path.with_name(f"{DAYS[2]}.root.json"))


def insert_empty_day(archive: Path, _: Path) -> None:
    path = _files(archive, "ledger/*.root.json")[0]
    shutil.copy(path, path.with_name("2026-11-01.root.json"))


def swap_roots(archive: Path, _: Path) -> None:
    _swap(*_files(archive, "ledger/*.root.json")[:2])


def truncate_root(archive: Path, _: Path) -> None:
    path = _files(archive, "ledger/*.root.json")[-1]
    path.write_bytes(path.read_bytes()[:50])


def roll_back_roots(archive: Path, before: Path) -> None:
    for path in _files(archive, "ledger/*.root.json"):
        path.unlink()
    for path in _files(before, "ledger/*.root.json"):
        shutil.copy(path, archive / "ledger")


def edit_head(archive: Path, _: Path) -> None:
    path = archive / "HEAD.json"
    path.write_bytes(canonical({**json.loads(path.read_bytes()), "time": "2026-01-01T00:00:00.000Z"}) + b"\n")


def delete_head(archive: Path, _: Path) -> None:
    (archive / "HEAD.json").unlink()


def empty_head(archive: Path, _: Path) -> None:
    (archive / "HEAD.json").write_bytes(b"")


def replace_key(archive: Path, _: Path) -> None:
    (archive / "ledger/public.key").write_text("0" * 64 + "\n")


def forge_everything_but_the_key(archive: Path, _: Path) -> None:
    """Rewrite a file (one that has no supplement) and everything over it; the signatures cannot be made."""
    path = _sealed(archive)[2]
    record = json.loads(path.read_bytes())
    algorithm = record["digest"]
    record["entries"][3]["actor"] = "staff:9"
    record["entries"][3]["hash"] = event_hash(algorithm, record["entries"][3])
    old = digest(algorithm, FILE, path.read_bytes())
    path.write_bytes(canonical(record) + b"\n")
    new = digest(algorithm, FILE, path.read_bytes())
    for each in (*_sealed(archive), *_files(archive, "ledger/*.leaves")):
        each.write_text(each.read_text().replace(old, new))
    _forge_roots(archive, algorithm, None)


def _forge_roots(archive: Path, algorithm: str, signer: Ed25519PrivateKey | None) -> None:
    previous = "0" * 64
    for path in _files(archive, "ledger/*.root.json"):
        lines = (path.parent / path.name.replace(".root.json", ".leaves")).read_text().splitlines()
        root = {**json.loads(path.read_bytes()), "root": day_root(algorithm, lines), "previous": previous}
        path.write_bytes(canonical(_signed(root, signer)) + b"\n")
        previous = digest(algorithm, ROOT, path.read_bytes())


def _signed(record: dict[str, Any], signer: Ed25519PrivateKey | None) -> dict[str, Any]:
    if signer is None:
        return record
    body = {name: value for name, value in record.items() if name != "signature"} | {"key": public_hex(signer.public_key())}
    return {**body, "signature": signer.sign(canonical(body)).hex()}


FILES: list[Callable[[Path, Path], None]] = [
    edit_file, edit_file_and_hashes, delete_file, delete_supplement, insert_file, insert_supplement, swap_files, truncate_file,
    empty_file, edit_leaves, delete_leaves, delete_newest_leaves, delete_line, insert_line, append_line, reorder_lines,
    truncate_lines, truncate_mid_line, truncate_newline, roll_back_leaves, edit_root, delete_root, truncate_roots, insert_root,
    insert_empty_day, swap_roots, truncate_root, roll_back_roots, edit_head, delete_head, empty_head, replace_key,
    forge_everything_but_the_key,
]  # fmt: skip


@pytest.mark.parametrize("attack", FILES, ids=lambda attack: attack.__name__)
def test_in_the_files(sample: Sample, folder: Path, attack: Callable[[Path, Path], None]) -> None:
    attack(folder / "archive", sample.before / "archive")
    report = verified(folder)
    assert not report.ok
    assert check(folder / "archive"), report.text()


def test_an_attacker_with_a_key_of_his_own(folder: Path) -> None:
    """He signs it all anew and publishes his key: whoever knows the right key sees it."""
    archive = folder / "archive"
    right = (archive / "ledger/public.key").read_text().strip()
    forge_everything_but_the_key(archive, archive)
    mine = Ed25519PrivateKey.generate()
    _forge_roots(archive, _algorithm(folder), mine)
    (archive / "ledger/public.key").write_text(public_hex(mine.public_key()) + "\n")
    head = json.loads((archive / "HEAD.json").read_bytes())
    newest = _files(archive, "ledger/*.root.json")[-1]
    head["roots"]["digest"] = digest(_algorithm(folder), ROOT, newest.read_bytes())
    (archive / "HEAD.json").write_bytes(canonical(_signed(head, mine)) + b"\n")
    assert check(archive) == []
    assert check(archive, key=right)
    assert verified(folder).found_by("root")


def test_renderings(folder: Path) -> None:
    """They prove nothing, so only `verify` looks at them."""
    first, second, *_ = _files(folder / "archive", "2026/*/*/*.html")
    first.write_bytes(first.read_bytes().replace("三个月".encode(), "六个月".encode()))
    second.unlink()
    assert len(verified(folder).found_by("page")) == 2
    assert check(folder / "archive") == []


def test_a_rendering_that_came_back(sample: Sample, folder: Path) -> None:
    erased = sample.receipts[3][0]
    (folder / f"archive/2026/11/20/{erased}.html").write_text("他说过的话")
    assert verified(folder).found_by("page")


def test_loose_permissions(folder: Path) -> None:
    (folder / "keys/master.key").chmod(0o644)
    (folder / "keys").chmod(0o755)
    _files(folder / "archive", "2026/*/*/*.html")[0].chmod(0o644)
    assert len(verified(folder).found_by("permission")) == 3


def _places(archive: Path) -> Iterator[tuple[Path, int]]:
    """Some bytes of every file that is part of the proof."""
    chance = random.Random(6)
    for path in (*_sealed(archive), *_files(archive, "ledger/*.*"), archive / "HEAD.json"):
        if path.name != ".lock":
            size = 64 if path.name == "public.key" else path.stat().st_size  # without the newline after the key
            for _ in range(12):
                yield path, chance.randrange(size)


def test_any_byte(folder: Path) -> None:
    """One bit anywhere in the archive is seen by the checker."""
    archive = folder / "archive"
    for path, place in _places(archive):
        _flip(path, place)
        assert check(archive), f"{path.name} byte {place}"
        _flip(path, place)
    assert check(archive) == []


def test_any_byte_of_a_file_or_list_is_seen_by_verify(folder: Path) -> None:
    for path, place in list(_places(folder / "archive"))[::18]:
        _flip(path, place)
        assert not verified(folder).ok, f"{path.name} byte {place}"
        _flip(path, place)
    assert verified(folder).ok
