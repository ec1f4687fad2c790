"""Attacks on the store. The attacker writes with any tool, drops the triggers first, and puts them back afterwards."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.archive.world import DAYS
from zhixun.archive.canonical import canonical, event_hash
from zhixun.archive.journal import event_of
from zhixun.database import consultations
from zhixun.numbers import make_number


class Store:
    """The attacker's hand on the store."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "zhixun.db", isolation_level=None)
        self.connection.row_factory = sqlite3.Row

    def __enter__(self) -> Store:
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


def edit_row(store: Store, _: str) -> None:
    store.do("UPDATE journal SET body = replace(body, 'answered', 'unknown') WHERE id = 4")


def edit_sealed(store: Store, _: str) -> None:
    row = store.rows("id = 3")[0]
    body = json.loads(row["body"])
    body["sealed"] = json.loads(store.rows("id = 2")[0]["body"])["sealed"]
    store.do("UPDATE journal SET body = ? WHERE id = 3", canonical(body).decode())


def edit_blank(store: Store, _: str) -> None:
    store.do("UPDATE journal SET body = body || ' ' WHERE id = 5")


def edit_time(store: Store, _: str) -> None:
    store.do("UPDATE journal SET time = '2026-11-18T00:00:00.000Z' WHERE id = 5")


def edit_with_own_hash(store: Store, algorithm: str) -> None:
    row = store.rows("id = 4")[0]
    row["actor"] = "staff:9"
    store.do("UPDATE journal SET actor = ?, hash = ? WHERE id = 4", row["actor"], event_hash(algorithm, event_of(row)))


def edit_with_all_hashes(store: Store, algorithm: str) -> None:
    rows = store.rows()
    rows[3]["actor"] = "staff:9"
    store.forge(rows, algorithm, renumber=False)


def edit_open_one_with_all_hashes(store: Store, algorithm: str) -> None:
    """The newest consultation has no file yet: only the witness knows."""
    rows = store.rows()
    rows[-1]["actor"] = "staff:9"
    store.forge(rows, algorithm, renumber=False)


def edit_to_rubbish(store: Store, _: str) -> None:
    store.do("UPDATE journal SET body = '{', seq = 'x', kind = x'00ff' WHERE id = 5")


def delete_row(store: Store, _: str) -> None:
    store.do("DELETE FROM journal WHERE id = 5")


def delete_first_row(store: Store, _: str) -> None:
    store.do("DELETE FROM journal WHERE id = 1")


def delete_consultation_with_all_hashes(store: Store, algorithm: str) -> None:
    number = store.rows()[0]["consultation"]
    store.forge([row for row in store.rows() if row["consultation"] != number], algorithm, renumber=True)
    for table, column in (("consultations", "number"), ("keys", "consultation"), ("leaves", "consultation")):
        store.do(f"DELETE FROM {table} WHERE {column} = ?", number)


def insert_row(store: Store, algorithm: str) -> None:
    rows = store.rows()
    forged = {**rows[4], "kind": "noted", "actor": "staff:9", "body": '{"open":{}}'}
    store.write([*rows[:5], *({**row, "id": row["id"] + 1} for row in rows[5:])])
    prev = rows[4]["hash"]
    forged |= {"id": 6, "seq": 99, "prev": prev}
    store.do("INSERT INTO journal (id, consultation, seq, time, kind, actor, body, prev, hash) VALUES (?,?,?,?,?,?,?,?,?)",
             6, forged["consultation"], 99, forged["time"], "noted", "staff:9", forged["body"], prev,
             event_hash(algorithm, event_of({**forged, "hash": ""})))  # fmt: skip


def insert_row_with_all_hashes(store: Store, algorithm: str) -> None:
    rows = store.rows()
    forged = {**rows[4], "kind": "noted", "actor": "staff:9", "body": '{"open":{}}'}
    store.forge([*rows[:5], forged, *rows[5:]], algorithm, renumber=True)


def append_to_sealed(store: Store, algorithm: str) -> None:
    rows = store.rows()
    store.forge([*rows, {**rows[0], "kind": "noted", "body": '{"open":{}}'}], algorithm, renumber=True)


def reorder_ids(store: Store, _: str) -> None:
    for old, new in ((4, 999), (5, 4), (999, 5)):
        store.do("UPDATE journal SET id = ? WHERE id = ?", new, old)


def reorder_with_all_hashes(store: Store, algorithm: str) -> None:
    rows = store.rows()
    rows[3], rows[4] = rows[4], rows[3]
    store.forge(rows, algorithm, renumber=True)


def truncate_tail(store: Store, _: str) -> None:
    store.do("DELETE FROM journal WHERE id > (SELECT max(id) - 2 FROM journal)")


def truncate_tail_and_counts(store: Store, _: str) -> None:
    """The newest consultation as if it had never been."""
    number = store.rows()[-1]["consultation"]
    store.do("DELETE FROM journal WHERE consultation = ?", number)
    store.do("DELETE FROM consultations WHERE number = ?", number)
    store.do("DELETE FROM keys WHERE consultation = ?", number)
    store.do("UPDATE counters SET last = last - 1 WHERE day = ?", DAYS[2].isoformat())
    store.do("UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM journal) WHERE name = 'journal'")


def reopen_sealed(store: Store, algorithm: str) -> None:
    rows = store.rows()
    next(row for row in rows if row["kind"] == "closed")["kind"] = "noted"
    store.forge(rows, algorithm, renumber=False)


def rename_to_nonsense(store: Store, _: str) -> None:
    store.do("UPDATE journal SET consultation = 'x' WHERE consultation = ?", store.rows()[-1]["consultation"])


def rename_to_a_used_number(store: Store, _: str) -> None:
    """Another prefix, the same day and sequence: the check digit is right."""
    rows = store.rows()
    store.do("UPDATE journal SET consultation = ? WHERE consultation = ?",
             rows[0]["consultation"].replace("ZX-", "AB-"), rows[-1]["consultation"])  # fmt: skip


def revive_key(store: Store, _: str) -> None:
    query = "SELECT consultation FROM journal WHERE kind = 'erased'"
    number = store.connection.execute(query).fetchone()[0]
    store.do("INSERT INTO keys SELECT ?, wrapped FROM keys LIMIT 1", number)


def second_beginning(store: Store, algorithm: str) -> None:
    rows = store.rows()
    rows[1] |= {"kind": "opened", "body": rows[0]["body"]}
    store.forge(rows, algorithm, renumber=False)


def swap_keys(store: Store, _: str) -> None:
    first, second = (dict(row) for row in store.connection.execute("SELECT * FROM keys LIMIT 2"))
    store.do("UPDATE keys SET wrapped = ? WHERE consultation = ?", second["wrapped"], first["consultation"])


def delete_key(store: Store, _: str) -> None:
    store.do("DELETE FROM keys WHERE consultation = (SELECT min(consultation) FROM keys)")


def edit_index(store: Store, _: str) -> None:
    store.do("UPDATE consultations SET region = '110000' WHERE number = (SELECT min(number) FROM consultations)")


def delete_index(store: Store, _: str) -> None:
    store.do("DELETE FROM consultations WHERE number = (SELECT min(number) FROM consultations)")


def insert_index(store: Store, _: str) -> None:
    same = ", ".join(column.name for column in consultations.columns if column.name != "number")
    store.do(f"INSERT INTO consultations (number, {same}) SELECT ?, {same} FROM consultations LIMIT 1", make_number("ZX", DAYS[2], 9))


def edit_request(store: Store, _: str) -> None:
    store.do("UPDATE requests SET standing = 'done'")


def delete_request(store: Store, _: str) -> None:
    store.do("DELETE FROM requests")


def insert_request(store: Store, _: str) -> None:
    store.do("INSERT INTO requests SELECT 'FW-20261120-000099-01-1', consultation, service, target, standing, received, changed, due, "
             "priority, same_as, owner, follow_up, mark FROM requests LIMIT 1")  # fmt: skip


def edit_counter(store: Store, _: str) -> None:
    store.do("UPDATE counters SET last = last + 1 WHERE day = ?", DAYS[0].isoformat())


def lower_counter(store: Store, _: str) -> None:
    store.do("UPDATE counters SET last = last - 1 WHERE day = ?", DAYS[0].isoformat())


def edit_leaf(store: Store, _: str) -> None:
    store.do("UPDATE leaves SET digest = ? WHERE id = 2", "a" * 64)


def edit_leaf_path(store: Store, _: str) -> None:
    store.do("UPDATE leaves SET path = '../../etc/passwd' WHERE id = 2")


def delete_leaf(store: Store, _: str) -> None:
    store.do("DELETE FROM leaves WHERE id = 2")


def truncate_leaves(store: Store, _: str) -> None:
    store.do("DELETE FROM leaves WHERE id = (SELECT max(id) FROM leaves)")
    store.do("UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM leaves) WHERE name = 'leaves'")


def insert_leaf(store: Store, _: str) -> None:
    store.do("INSERT INTO leaves (day, consultation, path, digest, through) SELECT day, consultation, path || 'x', digest, "
             "through FROM leaves WHERE id = 1")  # fmt: skip


def reorder_leaves(store: Store, _: str) -> None:
    for old, new in ((1, 999), (2, 1), (999, 2)):
        store.do("UPDATE leaves SET id = ? WHERE id = ?", new, old)


def edit_root_note(store: Store, _: str) -> None:
    store.do("UPDATE meta SET value = replace(value, '\"index\":2', '\"index\":1') WHERE name = 'root'")


def delete_root_note(store: Store, _: str) -> None:
    store.do("DELETE FROM meta WHERE name = 'root'")


def drop_trigger(store: Store, _: str) -> None:
    store.triggers.pop()


def weaken_trigger(store: Store, _: str) -> None:
    name, statement = store.triggers[0]
    store.triggers[0] = (name, statement.replace("BEGIN", "WHEN 0 BEGIN"))


def add_trigger(store: Store, _: str) -> None:
    store.triggers.append(("quiet", "CREATE TRIGGER quiet BEFORE INSERT ON journal BEGIN SELECT RAISE(IGNORE); END"))


STORE: list[tuple[Callable[[Store, str], None], str]] = [
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
    (reopen_sealed, "sealed"), (rename_to_nonsense, "number"), (rename_to_a_used_number, "number"),
    (revive_key, "open"),
    (second_beginning, "seq"),
    (swap_keys, "open"), (delete_key, "open"), (edit_index, "index"), (delete_index, "index"), (insert_index, "content"),
    (edit_request, "index"), (delete_request, "index"), (insert_request, "index"),
    (edit_counter, "number"), (lower_counter, "number"),
    (edit_leaf, "content"), (edit_leaf, "ledger"), (edit_leaf, "file"), (edit_leaf_path, "content"), (delete_leaf, "ledger"),
    (truncate_leaves, "ledger"), (truncate_leaves, "witness"), (truncate_leaves, "sealed"), (insert_leaf, "ledger"),
    (reorder_leaves, "ledger"), (edit_root_note, "root"), (delete_root_note, "root"),
    (drop_trigger, "trigger"), (weaken_trigger, "trigger"), (add_trigger, "trigger"),
]  # fmt: skip
"""Each attack, with a check that must find it."""
