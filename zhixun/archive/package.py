"""The whole file of consultations as one ZIP, which whoever receives it can check without the product.

In it lie the sealed files and the ledger they are entered in, the pages for reading, a list of the attachments, the stand-alone
checker, a sheet that says how to use it, and the digests of all of them. The sealed files hold what is personal encrypted only;
the pages are masked unless they may be given out in the clear.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from zhixun.archive import checker
from zhixun.archive.durable import alone
from zhixun.archive.export import Cell, csv_lines, draft_of
from zhixun.archive.journal import Journal
from zhixun.archive.sealed import page_path
from zhixun.clock import stamp
from zhixun.database import attachments, consultations, leaves
from zhixun.errors import CitizenError, TryLater
from zhixun.masking import mask
from zhixun.names import BOOKS

__all__ = ["MOST", "package"]

MOST = 200
"""So many consultations go into one file."""
_TRIES = 20
_PAUSE = 0.1
_ATTACHED = ("编号", "附件编号", "发送方", "文件名", "类型", "字节数", "摘要", "已删除")
_MASKED = "手机号码、证件号码和电子邮箱已遮盖，所以与档案里的阅览件不逐字相同。"
_CLEAR = "没有遮盖，含有个人信息，请妥善保管，不要转发。"
_README = """知识产权咨询档案（部分）

生成时间：{made}（UTC）
封存件：{sealed} 份，分属 {count} 件咨询
阅览件和附件清单：{words}

一、里面有什么
  archive/       封存件（JSON，凭证）、台账、日根、见证。封存件里的私密内容是密文。
  pages/         阅览件（网页，供阅读和打印）。已按请求删除内容的咨询件没有阅览件。
  附件清单.csv   咨询中收发的附件目录；附件本身不在包内。
  checker.py     独立核验程序，只需 Python 3.8 以上，不用安装任何东西。
  SHA256SUMS     以上各文件的摘要。

二、怎样核验
  1. 解压后在本目录运行：
       python3 checker.py archive --part
     显示“通过”，说明这些封存件自封存以来一字未改，次序和台账都对得上。
     --part 表示这是部分档案：台账里列有、没有附上的封存件不算缺失。
  2. 持有回执的，可以一并核对：
       python3 checker.py archive --part --receipt 编号 回执码
  3. 本包所附的公钥是：
       {key}
     请另向本单位核对；用 --key 指明核对过的公钥，可以排除整包伪造。
  4. 核对包内各文件（Linux）：
       sha256sum -c SHA256SUMS

三、说明
  作为凭证的是封存件；阅览件由封存件的内容生成，供阅读。
  台账列有本单位全部封存件的编号和摘要，用来证明没有一件被抽走或插入，其中没有个人信息。
"""


async def package(journal: Journal, archive: Path, numbers: Sequence[str], out: Path, *, clear: bool = False) -> int:
    """Write the package of `numbers` to `out`; returns how many sealed files are in it.

    Args:
        archive: the archive's folder.
        out: the file; readable by its owner alone, and whole or not there.
        clear: pages and the attachments' names are given as they are; for those who may see them.

    Raises:
        CitizenError: there are none or too many consultations, or some are not sealed.
        TryLater: the archive was being written to all the time.
    """
    chosen = sorted(set(numbers))
    if not 0 < len(chosen) <= MOST:
        raise CitizenError(f"一次可以打包 1 到 {MOST} 件，请重新选择。", code="too_many")
    async with journal.database.read() as connection:
        # A day book tells of staff, and its words are for the auditor alone; records are taken out of their register.
        books = sa.select(consultations.c.number).where(consultations.c.channel.in_(BOOKS))
        wanted = leaves.c.consultation.in_(chosen) & leaves.c.consultation.not_in(books)
        query = sa.select(leaves.c.path, leaves.c.consultation).where(wanted).order_by(leaves.c.id)
        paths = {str(row.path): str(row.consultation) for row in await connection.execute(query)}
    unsealed = sorted(set(chosen) - set(paths.values()))
    if unsealed:
        raise CitizenError(f"{unsealed[0]} 等 {len(unsealed)} 件还没有封存，不能打包。", code="not_closed", status=409)
    files = await _copy(archive, paths)
    attached = await _attached(journal, chosen, clear=clear)
    if not clear:
        files |= {name: mask(data.decode()).encode() for name, data in files.items() if name.startswith("pages/")}
    key = files["archive/ledger/public.key"].decode().strip()
    words = _README.format(made=stamp(journal.clock.now()), sealed=len(paths), count=len(chosen), words=_CLEAR if clear else _MASKED, key=key)
    await asyncio.to_thread(_write, {**files, "附件清单.csv": _table(attached), "说明.txt": words.encode()}, out)
    return len(paths)


async def _copy(archive: Path, paths: Mapping[str, str]) -> dict[str, bytes]:
    """Copy the files that belong together, at a moment at which none is on its way into the ledger."""
    for _ in range(_TRIES):
        files = await asyncio.to_thread(_copy_once, archive, paths)
        if files:
            return files
        await asyncio.sleep(_PAUSE)
    raise TryLater("档案正在写入，请稍后再试。", code="archive_busy")


def _copy_once(archive: Path, paths: Mapping[str, str]) -> dict[str, bytes]:
    ledger = archive / "ledger"
    with alone(ledger):
        head = (archive / "HEAD.json").read_bytes()
        listed = {path.name: path.read_bytes() for path in ledger.iterdir() if path.suffix in (".leaves", ".json", ".key")}
    lines = [json.loads(line) for name, data in listed.items() if name.endswith(".leaves") for line in data.splitlines()]
    roots = sum(name.endswith(".root.json") for name in listed)
    told = json.loads(head)
    # The store comes first and the files follow: for a moment the lists may be behind.
    if told["leaves"]["count"] > len(lines) or told["roots"]["count"] > roots or not paths.keys() <= {line["path"] for line in lines}:
        return {}
    pages = {number: archive / page_path(number) for number in paths.values()}
    return {
        "archive/HEAD.json": head,
        **{f"archive/ledger/{name}": data for name, data in sorted(listed.items())},
        **{f"archive/{path}": (archive / path).read_bytes() for path in paths},
        **{f"pages/{number}.html": page.read_bytes() for number, page in pages.items() if page.exists()},
    }


async def _attached(journal: Journal, numbers: Sequence[str], *, clear: bool) -> list[list[Cell]]:
    """Return the attachments of these consultations; the name of one that was erased is gone."""
    show = str if clear else mask
    query = sa.select(attachments).where(attachments.c.consultation.in_(numbers))
    async with journal.database.read() as connection:
        rows = (await connection.execute(query.order_by(attachments.c.consultation, attachments.c.seq))).all()
        names: dict[str, str] = {}
        for number in sorted({row.consultation for row in rows}):
            entries = (entry for entry in await journal.read(connection, number) if entry.kind == "attached")
            names |= {str(entry.open["id"]): show(str((entry.private or {}).get("name", ""))) for entry in entries}
    return [
        [row.consultation, row.id, row.sender, names.get(row.id, ""), row.type, row.size, row.digest, "是" if row.erased else ""]
        for row in rows
    ]


def _table(lines: Sequence[Sequence[Cell]]) -> bytes:
    table = io.StringIO(newline="")
    write = csv_lines(table, _ATTACHED)
    for line in lines:
        write(line)
    return table.getvalue().encode("utf-8-sig")


def _write(files: Mapping[str, bytes], out: Path) -> None:
    files = {"checker.py": Path(str(checker.__file__)).read_bytes(), **files}
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    with draft_of(out) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in {**files, "SHA256SUMS": sums.encode()}.items():
            file.writestr(name, data)
