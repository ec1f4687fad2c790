"""知询档案独立核验程序：只用 Python 3.8+ 标准库，不需要知询本身，任何人都可以用它核验一份档案。

用法：python checker.py 档案目录 [--receipt 编号 回执码] [--head 异地保存的HEAD.json] [--key 公钥] [--part]
It shares no code with the product, on purpose: it is the second opinion. Exit code 0: all is well; 1: something is not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Add two points of the curve in extended coordinates (RFC 8032, 5.1.4)."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    return (f - e) * (h - g) % P, (h + g) * (f + e) % P, (h - g) * (h + g) % P, (f - e) * (f + e) % P


def point(data: bytes) -> tuple[int, ...]:
    """Read a point (RFC 8032, 5.1.3); StopIteration when it is not on the curve."""
    y = int.from_bytes(data, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    r, i = pow(square, (P + 3) // 8, P), pow(2, (P - 1) // 4, P)
    x = next(x for x in (r, -r % P, r * i % P, -r * i % P) if x * x % P == square and x % 2 == data[31] >> 7)
    return x, y, 1, x * y % P


def signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Verify an Ed25519 signature (RFC 8032, 5.1.7): s·B − k·A must be R."""
    s, base = int.from_bytes(signature[32:], "little"), point(b"\x58" + b"\x66" * 31)
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    r, (x, y, z, t), total = point(signature[:32]), point(key), point(b"\x01" + bytes(31))
    for bit in range(252, -1, -1):
        total = add(total, total)
        total = add(total, base) if s >> bit & 1 else total
        total = add(total, (-x, y, z, -t)) if k >> bit & 1 else total
    return s < L and all((total[i] - r[i] * total[2]) % P == 0 for i in (0, 1))


class Check:
    """Checks the archive that the arguments name; `found` says in Chinese what is wrong."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.archive, self.receipts, self.key, self.part = given.archive, given.receipt, given.key, given.part
        self.heads = [given.archive / "HEAD.json", *given.head]
        self.days: dict[str, list[str]] = {}
        self.leaves: list[dict[str, Any]] = []
        self.roots: list[bytes] = []
        self.found: list[str] = []
        for part in (self._lists, self._files, self._roots, self._heads, self._receipts):
            try:
                part()
            except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, StopIteration) as error:
                self.found.append(f"记录残缺，{part.__name__} 一项无法核验（{type(error).__name__}: {error}）")

    def _must(self, right: bool, words: str) -> None:
        self.found += [] if right else [words]

    def _digest(self, kind: int, data: bytes) -> str:
        return hashlib.new(self.algorithm, bytes([kind]) + data).hexdigest()

    def _plain(self, record: dict[str, Any], but: str) -> bytes:
        kept = {name: value for name, value in record.items() if name != but}
        return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def _signed(self, record: dict[str, Any], what: str) -> None:
        good = signed(bytes.fromhex(self.key), bytes.fromhex(record["signature"]), self._plain(record, "signature"))
        self._must(good and record["key"] == self.key, f"{what} 的签名无效")

    def _lists(self) -> None:
        self.key = self.key or (self.archive / "ledger/public.key").read_text().strip()
        self.algorithm = json.loads(self.heads[0].read_bytes())["digest"]
        for path in sorted(self.archive.glob("ledger/*.leaves")):
            *lines, rest = path.read_text("utf-8").split("\n")
            self._must(not rest, f"{path.name} 的最后一行不完整")
            self.days[path.name[:-7]] = lines
            self.leaves += [json.loads(line) for line in lines]
        self._must(all(leaf["leaf"] == n for n, leaf in enumerate(self.leaves, 1)), "台账行号不连续：有缺失、插入或调换")

    def _files(self) -> None:
        there = {path.relative_to(self.archive).as_posix() for path in self.archive.glob("*/*/*/*.json")}
        self.found += [f"{path} 是外来文件" for path in sorted(there - {leaf["path"] for leaf in self.leaves})]
        last: dict[str, Any] = {}
        for leaf in (each for each in self.leaves if not self.part or (self.archive / each["path"]).is_file()):
            path, where = self.archive / leaf["path"], leaf["path"]
            number, _, index = path.name[:-5].partition(".s")
            if not path.is_file() or self._digest(3, path.read_bytes()) != leaf["digest"]:
                self.found.append(f"{where} {'被改动或调换' if path.is_file() else '不见了'}")
                continue
            record = json.loads(path.read_bytes())
            previous, seq = last.get(number, (None, 0))
            stated = record["number"], record.get("previous"), str(record.get("index", ""))
            self._must(stated == (number, previous, index), f"{where} 与前一份封存件不相连")
            for place, event in enumerate(record["entries"], seq + 1):
                self._must([event["consultation"], event["seq"]] == [number, place], f"{where} 第 {place} 条次序不对")
                self._must(event["hash"] == self._digest(2, self._plain(event, "hash")), f"{where} 第 {place} 条被改动")
            last[number] = leaf["digest"], seq + len(record["entries"])
            self._must(last[number][1] == leaf["through"], f"{where} 没有止于台账所记的第 {leaf['through']} 条")

    def _roots(self) -> None:
        previous, first = "0" * 64, 1
        for index, path in enumerate(sorted(self.archive.glob("ledger/*.root.json")), 1):
            root, day = json.loads(path.read_bytes()), path.name[:-10]
            self._signed(root, path.name)
            level = [self._digest(0, line.encode()) for line in self.days.get(day, [])]
            right = [day, index, previous, first, len(level)]
            while len(level) > 1:
                pairs = zip(level[::2], level[1::2])
                level = [self._digest(1, bytes.fromhex(a + b)) for a, b in pairs] + level[len(level) // 2 * 2 :]
            stated = [root[name] for name in ("day", "index", "previous", "first", "count", "root")]
            self._must(stated == [*right, *level], f"日根 {path.name} 与当日台账或前一个日根不符")
            self.roots.append(path.read_bytes())
            previous, first = self._digest(4, self.roots[-1]), first + right[4]

    def _heads(self) -> None:
        lines = [line.encode() for day in sorted(self.days) for line in self.days[day]]
        for path in self.heads:
            head = json.loads(path.read_bytes())
            self._signed(head, path.name)
            for kind, have, tip in ((0, lines, head["leaves"]), (4, self.roots, head["roots"])):
                same = [self._digest(kind, each) for each in have[: tip["count"]][-1:]] == [tip["digest"]][: tip["count"]]
                self._must(same, f"{'日根' if kind else '台账'}与 {path.name} 不符：被截断、回退或改写")

    def _receipts(self) -> None:
        bits = {leaf["path"].split("/")[-1][:-5]: int(leaf["digest"][:20], 16) for leaf in self.leaves}
        for number, code in self.receipts:
            given = code.upper().replace("-", "").replace(" ", "").translate(str.maketrans("OIL", "011"))
            right = ["0123456789ABCDEFGHJKMNPQRSTVWXYZ"[bits.get(number, 0) >> n & 31] for n in range(75, -1, -5)]
            self._must(number in bits and list(given) == right, f"回执 {number} 不符：封存件被删、被换或回退，或回执有误")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="知询档案独立核验程序")
    parser.add_argument("archive", type=Path, help="档案目录（其中有 HEAD.json 和 ledger）")
    parser.add_argument("--receipt", nargs=2, action="append", default=[], metavar=("编号", "回执码"))
    parser.add_argument("--head", type=Path, action="append", default=[], help="异地保存的 HEAD.json")
    parser.add_argument("--key", default="", help="另行取得的公钥；不给时用档案里的")
    parser.add_argument("--part", action="store_true", help="这是部分档案：没有附上的封存件不算缺失")
    check = Check(parser.parse_args())
    count = sum(not check.part or (check.archive / leaf["path"]).is_file() for leaf in check.leaves)
    result = f"{'不' if check.found else ''}通过：核验了 {count} 份封存件、{len(check.roots)} 个日根"
    print(*(f"✗ {words}" for words in check.found), result, sep="\n")
    raise SystemExit(bool(check.found))
