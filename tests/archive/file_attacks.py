"""Attacks on the files: sealed files, lists, roots, witness and key. Each takes the archive, and that of a day before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.archive.world import DAYS
from zhixun.archive.canonical import FILE, ROOT, canonical, digest, event_hash
from zhixun.archive.ledger import day_root, public_hex


def files(archive: Path, pattern: str) -> list[Path]:
    return sorted(archive.glob(pattern))


def sealed(archive: Path) -> list[Path]:
    return files(archive, "2026/*/*/*.json")


def _swap(first: Path, second: Path) -> None:
    held = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(held)


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def edit_file(archive: Path, _: Path) -> None:
    path = sealed(archive)[0]
    path.write_bytes(path.read_bytes().replace(b'"answered"', b'"unknown "', 1))


def edit_file_and_hashes(archive: Path, _: Path) -> None:
    """With the entry's own hash made right, as only somebody who knows the form would."""
    path = sealed(archive)[0]
    record = json.loads(path.read_bytes())
    record["entries"][3]["actor"] = "staff:9"
    record["entries"][3]["hash"] = event_hash(record["digest"], record["entries"][3])
    path.write_bytes(canonical(record) + b"\n")


def delete_file(archive: Path, _: Path) -> None:
    sealed(archive)[0].unlink()


def delete_supplement(archive: Path, _: Path) -> None:
    files(archive, "2026/*/*/*.s1.json")[0].unlink()


def insert_file(archive: Path, _: Path) -> None:
    path = sealed(archive)[0]
    shutil.copy(path, path.with_name("ZX-20261119-000009-0.json"))


def insert_supplement(archive: Path, _: Path) -> None:
    path = files(archive, "2026/*/*/*.s1.json")[0]
    shutil.copy(path, path.with_name(path.name.replace(".s1.", ".s2.")))


def swap_files(archive: Path, _: Path) -> None:
    _swap(*sealed(archive)[:2])


def truncate_file(archive: Path, _: Path) -> None:
    path = sealed(archive)[0]
    path.write_bytes(path.read_bytes()[:-40])


def empty_file(archive: Path, _: Path) -> None:
    sealed(archive)[0].write_bytes(b"")


def edit_leaves(archive: Path, _: Path) -> None:
    path = files(archive, "ledger/*.leaves")[0]
    path.write_text(path.read_text().replace('"through":', '"through":1', 1))


def delete_leaves(archive: Path, _: Path) -> None:
    files(archive, "ledger/*.leaves")[0].unlink()


def delete_newest_leaves(archive: Path, _: Path) -> None:
    files(archive, "ledger/*.leaves")[-1].unlink()


def delete_line(archive: Path, _: Path) -> None:
    path = files(archive, "ledger/*.leaves")[0]
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[2:]))


def insert_line(archive: Path, _: Path) -> None:
    path = files(archive, "ledger/*.leaves")[0]
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], lines[1], *lines[2:]]))


def append_line(archive: Path, _: Path) -> None:
    path = files(archive, "ledger/*.leaves")[-1]
    last = json.loads(path.read_text().splitlines()[-1])
    number = last["path"].replace("000001", "000009")
    path.write_text(path.read_text() + canonical({**last, "leaf": last["leaf"] + 1, "path": number}).decode() + "\n")


def reorder_lines(archive: Path, _: Path) -> None:
    path = files(archive, "ledger/*.leaves")[0]
    first, second, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([second, first, *rest]))


def truncate_lines(archive: Path, _: Path) -> None:
    path = files(archive, "ledger/*.leaves")[-1]
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def truncate_mid_line(archive: Path, _: Path) -> None:
    path = files(archive, "ledger/*.leaves")[-1]
    path.write_bytes(path.read_bytes()[:-10])


def truncate_newline(archive: Path, _: Path) -> None:
    path = files(archive, "ledger/*.leaves")[-1]
    path.write_bytes(path.read_bytes()[:-1])


def roll_back_leaves(archive: Path, before: Path) -> None:
    for path in files(archive, "ledger/*.leaves"):
        path.unlink()
    for path in files(before, "ledger/*.leaves"):
        shutil.copy(path, archive / "ledger")


def edit_root(archive: Path, _: Path) -> None:
    path = files(archive, "ledger/*.root.json")[0]
    root = json.loads(path.read_bytes())
    path.write_bytes(canonical({**root, "root": "a" * 64}) + b"\n")


def delete_root(archive: Path, _: Path) -> None:
    files(archive, "ledger/*.root.json")[0].unlink()


def truncate_roots(archive: Path, _: Path) -> None:
    files(archive, "ledger/*.root.json")[-1].unlink()


def insert_root(archive: Path, _: Path) -> None:
    path = files(archive, "ledger/*.root.json")[-1]
    shutil.copy(path, path.with_name(f"{DAYS[2]}.root.json"))


def insert_empty_day(archive: Path, _: Path) -> None:
    path = files(archive, "ledger/*.root.json")[0]
    shutil.copy(path, path.with_name("2026-11-01.root.json"))


def swap_roots(archive: Path, _: Path) -> None:
    _swap(*files(archive, "ledger/*.root.json")[:2])


def truncate_root(archive: Path, _: Path) -> None:
    path = files(archive, "ledger/*.root.json")[-1]
    path.write_bytes(path.read_bytes()[:50])


def roll_back_roots(archive: Path, before: Path) -> None:
    for path in files(archive, "ledger/*.root.json"):
        path.unlink()
    for path in files(before, "ledger/*.root.json"):
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
    path = sealed(archive)[2]
    record = json.loads(path.read_bytes())
    algorithm = record["digest"]
    record["entries"][3]["actor"] = "staff:9"
    record["entries"][3]["hash"] = event_hash(algorithm, record["entries"][3])
    old = digest(algorithm, FILE, path.read_bytes())
    path.write_bytes(canonical(record) + b"\n")
    new = digest(algorithm, FILE, path.read_bytes())
    for each in (*sealed(archive), *files(archive, "ledger/*.leaves")):
        each.write_text(each.read_text().replace(old, new))
    forge_roots(archive, algorithm, None)


def forge_roots(archive: Path, algorithm: str, signer: Ed25519PrivateKey | None) -> None:
    previous = "0" * 64
    for path in files(archive, "ledger/*.root.json"):
        lines = (path.parent / path.name.replace(".root.json", ".leaves")).read_text().splitlines()
        root = {**json.loads(path.read_bytes()), "root": day_root(algorithm, lines), "previous": previous}
        path.write_bytes(canonical(signed(root, signer)) + b"\n")
        previous = digest(algorithm, ROOT, path.read_bytes())


def signed(record: dict[str, Any], signer: Ed25519PrivateKey | None) -> dict[str, Any]:
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
