"""Verifies the ledger: the lists of sealed files, the chain of day roots, witnesses, receipts, and what lies about."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.audit_journal import Course
from zhixun.archive.canonical import LEAF, ROOT, canonical, digest
from zhixun.archive.journal import GENESIS
from zhixun.archive.ledger import day_root, is_signed, read_lines, root_bytes
from zhixun.archive.report import Sheet
from zhixun.archive.sealed import Leaf, as_leaf, page_path, receipt_code
from zhixun.codes import same_code
from zhixun.database import leaves

__all__ = ["Witness", "audit_folder", "audit_leaves", "audit_lists", "audit_permissions", "audit_public_key", "audit_receipts", "audit_root",
           "audit_roots",            "audit_witness", "journal_id", "load_leaves", "read_lists", "read_roots", "read_witness"]

Root = tuple[str, bytes, dict[str, Any]]
"""Name of the file, its bytes, what it says."""
Witness = dict[str, Any]


async def load_leaves(connection: AsyncConnection) -> list[Leaf]:
    """Return all leaves in the order of sealing."""
    return [as_leaf(row) for row in (await connection.execute(sa.select(leaves).order_by(leaves.c.id))).mappings()]


def read_witness(path: Path) -> Witness | None:
    """Read a `HEAD.json`; empty when it is damaged, None when there is none."""
    if not path.is_file():
        return None
    try:
        head = json.loads(path.read_bytes())
    except ValueError:
        return {}
    return head if isinstance(head, dict) and canonical(head) + b"\n" == path.read_bytes() else {}


def read_roots(folder: Path) -> list[Root]:
    """Read the day roots in the order of days."""
    found: list[Root] = []
    for path in sorted(folder.glob("*.root.json")):
        data = path.read_bytes()
        try:
            root = json.loads(data)
        except ValueError:
            root = None
        found.append((path.name, data, root if isinstance(root, dict) else {}))
    return found


def audit_leaves(table: Sequence[Leaf], sheet: Sheet) -> None:
    """Check the table by itself: ids without a gap, days in order."""
    for place, leaf in enumerate(table, 1):
        if leaf.id != place:
            sheet.find("ledger", f"台账表缺第 {place} 行")
            break
    for before, leaf in pairwise(table):
        if leaf.day < before.day:
            sheet.find("ledger", f"台账表第 {leaf.id} 行的日期 {leaf.day} 早于前一行")


def audit_lists(
    folder: Path, lists: Mapping[str, list[str]], before: Sequence[Leaf], after: Sequence[Leaf], sheet: Sheet
) -> None:
    """Compare the days' lists with the table.

    Args:
        lists: the lines of each day.
        before: the table as it was before the lists were read: all of it must stand in them.
        after: the table as it was after: nothing else may stand in them.
    """
    allowed = {day: [leaf.line for leaf in group] for day, group in groupby(after, key=lambda leaf: leaf.day)}
    needed = {day: sum(1 for _ in group) for day, group in groupby(before, key=lambda leaf: leaf.day)}
    for day in sorted(allowed.keys() | lists.keys()):
        wanted, found = allowed.get(day, []), lists.get(day, [])
        sheet.count("ledger", len(found))
        place = next((i for i, (a, b) in enumerate(zip(wanted, found, strict=False), 1) if a != b), 0)
        if place:
            kind = "次序被调换" if sorted(wanted) == sorted(found) else "被改动、删除或插入"
            sheet.find("ledger", f"台账 {day}.leaves 第 {place} 行与库不符：{kind}")
        elif len(found) > len(wanted):
            sheet.find("ledger", f"台账 {day}.leaves 比库多 {len(found) - len(wanted)} 行")
        elif len(found) < needed.get(day, 0):
            sheet.find("ledger", f"台账 {day}.leaves 比库少 {needed[day] - len(found)} 行：末尾被截断")
        path = folder / f"{day}.leaves"
        if path.is_file() and not path.read_bytes().endswith(b"\n"):
            sheet.find("ledger", f"台账 {day}.leaves 的最后一行不完整")


def audit_roots(
    roots: Sequence[Root], newest: Mapping[str, Any] | None, table: Sequence[Leaf],
    course: Course, algorithm: str, key: str, sheet: Sheet,
) -> None:  # fmt: skip
    """Compute every root again and follow the chain.

    Args:
        newest: the newest root by the store.
        course: what the journal has shown.
    """
    days = {day: list(group) for day, group in groupby(table, key=lambda leaf: leaf.day)}
    previous, last_day, covered = GENESIS, "", 0
    for place, (name, data, root) in enumerate(roots, 1):
        sheet.count("root")
        if root.get("index") != place or root.get("previous") != previous:
            sheet.find("root", f"日根 {name} 与前一个不相连：有缺失、插入或调换")
        of_day = days.get(name.removesuffix(".root.json"), [])
        audit_root(name, data, root, of_day, algorithm, key, sheet)
        _check_point(root, course, "root", f"日根 {name} ", sheet)
        previous, last_day = digest(algorithm, ROOT, data), name.removesuffix(".root.json")
        covered += len(of_day)
    closed = sum(leaf.day <= last_day for leaf in table)
    if covered != closed:
        sheet.find("root", f"{last_day} 及以前有 {closed} 份封存件，日根只覆盖 {covered} 份")
    most = int(newest["index"]) if newest else 0
    if len(roots) > most:
        sheet.find("root", f"库里记有 {most} 个日根，文件却有 {len(roots)} 个")
    elif newest and len(roots) == most and roots[-1][1] != root_bytes(newest):
        sheet.find("root", f"日根 {roots[-1][0]} 与库里记的不同")


def audit_root(
    name: str, data: bytes, root: Mapping[str, Any], of_day: Sequence[Leaf], algorithm: str, key: str, sheet: Sheet
) -> None:
    """Check one root by itself and against the leaves of its day."""
    if not is_signed(root, key):
        sheet.find("root", f"日根 {name} 的签名无效：被改动或伪造")
    if name != f"{root.get('day')}.root.json" or data != root_bytes(root):
        sheet.find("root", f"日根 {name} 的日期或写法不对")
    if not of_day:
        return sheet.find("root", f"日根 {name} 当日没有封存件")
    stated = [root.get(field) for field in ("digest", "first", "count", "root")]
    if stated != [algorithm, of_day[0].id, len(of_day), day_root(algorithm, [leaf.line for leaf in of_day])]:
        sheet.find("root", f"日根 {name} 与当日台账重算的结果不符")


def audit_witness(
    head: Witness | None, what: str, table: Sequence[Leaf], roots: Sequence[Root],
    course: Course, algorithm: str, key: str, sheet: Sheet,
) -> None:  # fmt: skip
    """Make sure that journal, ledger and roots have come as far as a witness says, on the same way."""
    sheet.count("witness")
    if head is None:
        if course.head:
            sheet.find("witness", f"{what}不见了")
        return
    if not is_signed(head, key) or head.get("digest") != algorithm:
        return sheet.find("witness", f"{what}的签名无效：被改动或伪造")
    _check_point(head, course, "witness", what, sheet)
    tips = (("封存件", LEAF, [leaf.line.encode() for leaf in table], head["leaves"]),
            ("日根", ROOT, [data for _, data, _ in roots], head["roots"]))  # fmt: skip
    for kind, prefix, have, tip in tips:
        count = int(tip["count"])
        if count > len(have):
            sheet.find("witness", f"{what}记有 {count} 份{kind}，现只有 {len(have)} 份：被回退或截断")
        elif count and digest(algorithm, prefix, have[count - 1]) != tip["digest"]:
            sheet.find("witness", f"第 {count} 份{kind}与{what}不符：被改写或换掉")


def audit_receipts(receipts: Iterable[tuple[str, str]], cases: Mapping[str, Sequence[Leaf]], sheet: Sheet) -> None:
    """Compare receipts that citizens hold."""
    for number, code in receipts:
        sheet.count("receipt")
        if number not in cases:
            sheet.find("receipt", f"回执所指的 {number} 没有封存件：可能被删除或回退")
        elif not same_code(code, receipt_code(cases[number][0].digest)):
            sheet.find("receipt", f"{number} 的回执码与封存件不符：封存件被换掉，或回执有误")


def audit_folder(archive: Path, before: Iterable[str], table: Sequence[Leaf], sheet: Sheet) -> None:
    """Find what does not belong into the archive's folder.

    Args:
        before: the files that were there before the table was read; the store knows of a file before it is written.
    """
    days = {leaf.day for leaf in table}
    ours = {leaf.path for leaf in table} | {page_path(leaf.consultation) for leaf in table}
    ours |= {"HEAD.json", "ledger/public.key", "ledger/.lock"}
    ours |= {f"ledger/{day}.{kind}" for day in days for kind in ("leaves", "root.json")}
    for path in before:
        sheet.count("stray")
        name = path.rpartition("/")[2]
        if path not in ours and name.startswith(".") and name.endswith(".part"):
            sheet.notes.append(f"{path} 是写到一半的草稿，可以删除")
        elif path not in ours:
            sheet.find("stray", f"{path} 不是封存件：外来文件")
        elif path.endswith(".html") and (archive / path).exists() and (archive / path).stat().st_mode & 0o007:
            sheet.find("permission", f"阅览件 {path} 其他用户也能读")


def audit_public_key(path: Path, key: str, sheet: Sheet) -> None:
    """Check that the published key, by which others verify, is ours."""
    if not path.is_file() or path.read_bytes() != f"{key}\n".encode():
        sheet.find("root", "台账公钥 ledger/public.key 不见了或被换掉")


def audit_permissions(folder: Path, sheet: Sheet) -> None:
    """Check that keys are for their owner alone."""
    for path in (folder, *sorted(folder.rglob("*"))):
        sheet.count("permission")
        wanted = 0o700 if path.is_dir() else 0o600
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode != wanted:
            sheet.find("permission", f"{path.name} 的权限是 {mode:04o}，应为 {wanted:04o}")


def read_lists(folder: Path) -> dict[str, list[str]]:
    """Read the lists of all days."""
    return {path.name.removesuffix(".leaves"): read_lines(path) for path in sorted(folder.glob("*.leaves"))}


def journal_id(record: Mapping[str, Any]) -> int:
    """Return which row of the journal a root or witness names; 0 when it is not to be made out."""
    point = record.get("journal")
    place = point.get("id") if isinstance(point, dict) else None
    return place if isinstance(place, int) else 0


def _check_point(record: Mapping[str, Any], course: Course, check: str, what: str, sheet: Sheet) -> None:
    """Check the row of the journal that a root or witness names."""
    place = journal_id(record)
    if place > course.head:
        sheet.find(check, f"{what}记到日志第 {place} 行，日志只到第 {course.head} 行：被回退或截断")
    elif place >= course.start and {"id": place, "hash": course.hashes.get(place)} != record.get("journal"):
        sheet.find(check, f"日志第 {place} 行与{what}不符：被改写或换掉")
