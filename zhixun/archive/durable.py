"""The only place that makes files durable: fsync, rename, and the order between them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["alone", "append_line", "make_folder", "open_draft", "publish", "remove", "write_once", "write_private"]


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents; each new one is synced into its parent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o750, exist_ok=True)
    _sync(folder.parent)


def write_once(path: Path, data: bytes, *, mode: int = 0o640) -> None:
    """Write `data` to `path` atomically and durably, replacing what an interrupted write left.

    After it returns, the file is whole on disk; if it does not return, the old file (or none) is.
    """
    make_folder(path.parent)
    draft = open_draft(path, mode=mode)
    with draft.open("wb") as file:
        file.write(data)
    publish(path)


def open_draft(path: Path, *, mode: int = 0o600) -> Path:
    """Make the empty draft of `path`, to be written by the caller and then published."""
    draft = _draft_of(path)
    # What an interrupted write left is not written over: after a failed fsync its pages cannot be trusted.
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    return draft


def publish(path: Path) -> None:
    """Move the finished draft of `path` into place, durably."""
    draft = _draft_of(path)
    _sync(draft)
    os.replace(draft, path)
    _sync(path.parent)


def write_private(path: Path, data: bytes) -> None:
    """Write a secret: readable by the owner alone."""
    make_folder(path.parent)
    path.parent.chmod(0o700)
    write_once(path, data, mode=0o600)


def append_line(path: Path, line: str) -> None:
    """Append one line durably; what a torn write left behind the last whole line is cut off first.

    When it fails, nothing of the line stays, so that the same call may be made again.
    """
    make_folder(path.parent)
    fresh = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        end = _whole_lines(descriptor)
        os.ftruncate(descriptor, end)
        os.lseek(descriptor, end, os.SEEK_SET)
        try:
            view = memoryview(line.encode() + b"\n")
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        except BaseException:
            # After a failed fsync the line may stand in memory only; left there, it would pass for written.
            os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)
    if fresh:
        _sync(path.parent)


def remove(path: Path) -> None:
    """Delete `path` and the draft of an interrupted write, durably; neither needs to be there."""
    for each in (path, _draft_of(path)):
        each.unlink(missing_ok=True)
    if path.parent.is_dir():
        _sync(path.parent)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other processes from writing to `folder` as long as this is held."""
    make_folder(folder)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _whole_lines(descriptor: int) -> int:
    """Return where the last whole line of the file ends."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    while end:
        start = max(0, end - 4096)
        os.lseek(descriptor, start, os.SEEK_SET)
        newline = os.read(descriptor, end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _sync(path: Path) -> None:
    """Bring a file's content, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
