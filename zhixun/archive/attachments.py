"""Files that citizens and staff send: kept encrypted under the consultation's own key, and forgotten with it.

A file streams into a draft that is encrypted from its first byte, is looked at there, and is durable before the journal says
that it was sent. What a crash leaves in between is a file without an entry, which the next start sweeps away. The journal
tells type, size and digest of the content; the name, which may tell of a person, is in its private part.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.archive.chunks import CHUNK, ChunkWriter, open_chunks
from zhixun.archive.durable import make_folder, open_draft, publish, remove
from zhixun.archive.file_names import clean_name
from zhixun.archive.file_types import EXTENSIONS, type_of
from zhixun.archive.journal import Journal
from zhixun.clock import new_key
from zhixun.database import Database, attachments, consultations
from zhixun.doors import DOORS
from zhixun.errors import CitizenError, OurFault, TryLater, ZhixunError
from zhixun.messages import PERSON, Button, Event, Reply
from zhixun.names import REGISTER
from zhixun.outgoing import tell

__all__ = ["Attachments", "Kept", "May", "check_file", "folder_beside"]

_log = logging.getLogger(__name__)

MOST_BYTES = 10 * 1024 * 1024
MOST = 20
SPARE = 512 * 1024 * 1024
"""So much is left free on the disk: what people write must find room when files find none any more."""
LONGEST_SECONDS = 300
"""So long a file may be on its way; a slow telephone sends ten megabytes in four minutes."""
May = Callable[[AsyncConnection], Awaitable[object]]
"""Makes sure, in the transaction that journals a file, that its sender may still send it; raises when not."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is kept; `digest` is of its content, by the store's algorithm, and `name` is fit to be saved under."""

    id: str
    type: str
    size: int
    digest: str
    name: str


class Attachments:
    """Keeps the files of consultations.

    Args:
        folder: where the files lie; nothing else may be in it, and no server may give it out.
        words: what is said to a citizen who has sent files.
        most_bytes: the largest file. most: so many in one consultation.
        spare: bytes that must stay free on the disk.
    """

    def __init__(
        self, database: Database, journal: Journal, folder: Path, words: str, *,
        most_bytes: int = MOST_BYTES, most: int = MOST, spare: int = SPARE,
    ) -> None:  # fmt: skip
        self._most_bytes = most_bytes
        self._database = database
        self._journal = journal
        self._folder = folder
        self._words = words
        self._most = most
        self._spare = spare

    async def keep(self, number: str, sender: str, name: str, stream: AsyncIterable[bytes], may: May | None = None) -> Kept:
        """Take a file in; the same one again from the same sender gives what is kept already.

        Args:
            number: the consultation.
            sender: the actor, `citizen` or `staff:NAME`.
            name: what the sender calls it; it is cleaned, and its ending follows from the content.
            stream: its bytes, in pieces of any size.
            may: asked when all of it has come, since much can happen while it is on its way.

        Raises:
            CitizenError: it is too large, too slow, empty or of a type that is not taken; there are too many, the consultation is
                closed, or what `may` raises.
            TryLater: the disk has no room or refused, or the store is busy; nothing was kept.
        """
        async with self._database.read() as connection:
            key = await self._demand_open(connection, number)
            await self._demand_room(connection, number)
        path = self._folder / number / new_key(16).hex()
        try:
            kept = await self._take_in(path, key, name, stream)
            await _on_disk(publish, path)
        except BaseException:
            await asyncio.to_thread(remove, path)
            raise
        try:
            entered = await self._enter(number, sender, kept, may)
        except ZhixunError:
            # Only then is it sure that no entry names the file; after any other end, the next start looks.
            await asyncio.to_thread(remove, path)
            raise
        if entered.id != kept.id:
            await asyncio.to_thread(remove, path)
        return entered

    def demand_size(self, size: int) -> None:
        """Refuse a file that is larger than what is taken; `keep` asks it too, as the bytes come in.

        Raises:
            CitizenError: it is.
        """
        if size > self._most_bytes:
            most = self._most_bytes // 1024 // 1024
            raise CitizenError(f"文件太大，每个最多 {most} MB。请压缩或分开后再发。", code="too_large", status=413)

    async def read(self, number: str, identity: str) -> tuple[Kept, AsyncIterator[bytes]]:
        """Return what is known of a file, and its content in pieces; all of it has been checked before.

        Raises:
            CitizenError: the consultation has no such file, or it was erased.
            OurFault: it is missing, or not what was sent.
        """
        async with self._database.read() as connection:
            own = (attachments.c.id == identity) & (attachments.c.consultation == number)
            row = (await connection.execute(sa.select(attachments).where(own))).mappings().one_or_none()
            if row is None:
                raise CitizenError("没有这个文件。", code="no_attachment", status=404)
            if row["erased"]:
                raise CitizenError("这个文件已按请求删除。", code="erased", status=410)
            key = await self._journal.keyring.find(connection, number)
            if key is None:
                raise OurFault(f"咨询件 {number} 的密钥不见了，附件 {identity} 无法打开。")
            kept = await self._kept(connection, row)
        path = self._folder / number / identity
        try:
            await asyncio.to_thread(check_file, path, key, kept.size, kept.digest, self._journal.algorithm)
        except OurFault:
            _log.error("an attachment of %s is missing or damaged; run zhixun verify", number)
            raise
        return kept, _stream(path, key)

    async def forget(self, number: str) -> None:
        """Remove the files of an erased consultation; without its key they cannot be read any more already."""
        await asyncio.to_thread(_remove_all, self._folder / number)

    async def sweep(self) -> int:
        """Remove what crashes left, and the files of what was erased; returns how many. Call it at start.

        Files of a consultation that this store does not know stay: it may be an old copy of the store that was put back.
        """
        async with self._database.read() as connection:
            numbers = set((await connection.scalars(sa.select(consultations.c.number))).all())
            query = sa.select(attachments.c.consultation, attachments.c.id).where(attachments.c.erased.is_(False))
            kept = {(row.consultation, row.id) for row in await connection.execute(query)}
        return await asyncio.to_thread(_sweep, self._folder, numbers, kept)

    async def _take_in(self, path: Path, key: bytes, name: str, stream: AsyncIterable[bytes]) -> Kept:
        """Stream into the draft of `path` and look at what came."""
        draft = await _on_disk(self._begin, path)
        size, digest = 0, hashlib.new(self._journal.algorithm)
        writer = ChunkWriter(draft, key, _place(path))
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                async for piece in stream:
                    size += len(piece)
                    self.demand_size(size)
                    digest.update(piece)
                    await _on_disk(writer.write, piece)
        except TimeoutError as error:
            raise CitizenError("上传时间太长，文件没有发出。请换个网络，或压缩后再发。", code="too_slow", status=408) from error
        await _on_disk(writer.finish)
        if not size:
            raise CitizenError("这个文件是空的，请重新选择。", code="empty")
        kind = await asyncio.to_thread(_look_at, draft, key, _place(path))
        return Kept(path.name, kind, size, digest.hexdigest(), clean_name(name, EXTENSIONS[kind]))

    def _begin(self, path: Path) -> Path:
        make_folder(path.parent)
        if shutil.disk_usage(path.parent).free < self._spare:
            raise TryLater("现在存不下文件，请稍后再试；您可以先用文字说明情况。", code="disk_full")
        return open_draft(path)

    async def _enter(self, number: str, sender: str, kept: Kept, may: May | None) -> Kept:
        """Write the entry that makes the file part of the consultation, and say so to a citizen; or find it there already."""
        async with self._database.write() as connection:
            await self._demand_open(connection, number)
            if may is not None:
                await may(connection)
            same = (attachments.c.consultation == number) & (attachments.c.sender == sender) & (attachments.c.digest == kept.digest)
            row = (await connection.execute(sa.select(attachments).where(same))).mappings().first()
            if row is not None:
                return await self._kept(connection, row)
            await self._demand_room(connection, number)
            told = {"id": kept.id, "type": kept.type, "size": kept.size, "digest": kept.digest}
            entry = (await self._journal.append(connection, number, [Event("attached", sender, told, {"name": kept.name})]))[0]
            if sender == "citizen":
                await self._answer(connection, number, entry.seq)
        return kept

    async def _answer(self, connection: AsyncConnection, number: str, seq: int) -> None:
        """Say what becomes of a file, once to who sends several in a row; at a door it was said when the file was offered."""
        if await connection.scalar(sa.select(consultations.c.channel).where(consultations.c.number == number)) in DOORS:
            return
        before = (await self._journal.read(connection, number, seq - 2))[0]
        if before.open.get("kind") == "attached" or (before.kind, before.actor) == ("attached", "citizen"):
            return
        state = await connection.scalar(sa.select(consultations.c.state).where(consultations.c.number == number))
        buttons = (Button(PERSON, PERSON),) if state == "bot" else ()
        await tell(connection, self._journal, number, Reply(self._words, buttons=buttons, kind="attached"))

    async def _demand_open(self, connection: AsyncConnection, number: str) -> bytes:
        """Return the key of a consultation that takes files."""
        row = (await connection.execute(sa.select(consultations).where(consultations.c.number == number))).first()
        if row is None:
            raise CitizenError(f"没有咨询件 {number}。", code="no_consultation", status=404)
        # The file of a record is closed from the start, and takes more as long as its words are there.
        if row.state == "closed" and row.channel != REGISTER:
            raise CitizenError("本次咨询已结束，不能再发送文件。请开始新的咨询。", code="closed", status=409)
        key = await self._journal.keyring.find(connection, number)
        if key is None:
            raise OurFault(f"咨询件 {number} 的密钥不见了，不能接收文件。")
        return key

    async def _demand_room(self, connection: AsyncConnection, number: str) -> None:
        query = sa.select(sa.func.count()).select_from(attachments).where(attachments.c.consultation == number)
        if (await connection.scalar(query) or 0) >= self._most:
            raise CitizenError(f"一次咨询最多发送 {self._most} 个文件。", code="too_many", status=409)

    async def _kept(self, connection: AsyncConnection, row: sa.RowMapping) -> Kept:
        entry = (await self._journal.read(connection, row["consultation"], row["seq"] - 1))[0]
        name = (entry.private or {}).get("name", "")
        return Kept(row["id"], row["type"], row["size"], row["digest"], name)


def folder_beside(archive: Path) -> Path:
    """Return the folder of the attachments that belong to the archive in this folder."""
    return archive.with_name("attachments")


def check_file(path: Path, key: bytes, size: int, digest: str, algorithm: str) -> None:
    """Read a whole file and compare it with what the journal tells.

    Raises:
        OurFault: it is missing, damaged or another one.
    """
    found, actual = 0, hashlib.new(algorithm)
    for piece in _pieces(path, key):
        found += len(piece)
        actual.update(piece)
    if (found, actual.hexdigest()) != (size, digest):
        raise OurFault(f"附件 {_place(path)} 与日志记载的大小或摘要不符。")


def _look_at(draft: Path, key: bytes, place: str) -> str:
    with open_chunks(draft, key, place) as file:
        return type_of(file)


def _place(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _pieces(path: Path, key: bytes) -> Generator[bytes, None, None]:
    with open_chunks(path, key, _place(path)) as file:
        while piece := file.read(CHUNK):
            yield piece


async def _stream(path: Path, key: bytes) -> AsyncIterator[bytes]:
    pieces = _pieces(path, key)
    try:
        while piece := await asyncio.to_thread(next, pieces, b""):
            yield piece
    finally:
        pieces.close()


async def _on_disk(work: Callable[..., _T], *arguments: Any) -> _T:
    """Do something on the disk beside the event loop.

    Raises:
        TryLater: the disk refused.
    """
    try:
        return await asyncio.to_thread(work, *arguments)
    except OSError as error:
        _log.error("an attachment could not be written: %s", error.strerror)
        raise TryLater("文件没有存下来，请稍后再试；您可以先用文字说明情况。", code="not_stored") from error


def _remove_all(folder: Path) -> None:
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        remove(path)
    _remove_empty(folder)


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _sweep(folder: Path, numbers: set[str], kept: set[tuple[str, str]]) -> int:
    removed = 0
    for own in sorted(folder.iterdir()) if folder.is_dir() else []:
        for path in sorted(own.iterdir()) if own.is_dir() else []:
            draft = path.name.startswith(".")
            if draft or (own.name in numbers and (own.name, path.name) not in kept):
                remove(path)
                removed += 1
        _remove_empty(own)
    return removed
