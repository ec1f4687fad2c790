"""The only place that makes files durable: fsync, rename, and the order between them."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["append_line", "make_folder", "write_once", "write_private"]


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents; each new one is synced into its parent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def write_once(path: Path, data: bytes, *, mode: int = 0o640) -> None:
    """Write `data` to `path` atomically and durably, replacing what an interrupted write left.

    After it returns, the file is whole on disk; if it does not return, the old file (or none) is.
    """
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(draft, path)
    _sync_folder(path.parent)


def write_private(path: Path, data: bytes) -> None:
    """Write a secret: readable by the owner alone."""
    make_folder(path.parent)
    path.parent.chmod(0o700)
    write_once(path, data, mode=0o600)


def append_line(path: Path, line: str) -> None:
    """Append one line durably."""
    make_folder(path.parent)
    fresh = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        os.write(descriptor, line.encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if fresh:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
