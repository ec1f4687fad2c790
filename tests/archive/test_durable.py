"""Durable writing: whole or not there, and nothing half-done after a failure."""

import errno
import os
from pathlib import Path

import pytest

from zhixun.archive.durable import alone, append_line, make_folder, open_draft, remove, write_once, write_private


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a/b/file"
    write_once(path, b"one")
    write_once(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.parent.stat().st_mode & 0o777 == 0o750
    assert list(path.parent.iterdir()) == [path]


def test_a_secret_is_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys/secret"
    write_private(path, b"x")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "file"
    write_once(path, b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, _fail)
        with pytest.raises(OSError, match="disk"):
            write_once(path, b"new")
    assert path.read_bytes() == b"old"
    write_once(path, b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("call", ["fsync", "write"])
def test_a_failed_line_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "list"
    append_line(path, "one")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, _fail)
        with pytest.raises(OSError, match="disk"):
            append_line(path, "two")
    assert path.read_text() == "one\n"
    append_line(path, "two")
    assert path.read_text() == "one\ntwo\n"


@pytest.mark.parametrize("torn", ["tw", "第" * 5000])
def test_a_torn_line_is_cut_off(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "list"
    append_line(path, "一")
    with path.open("a") as file:
        file.write(torn)
    append_line(path, "二")
    assert path.read_text() == "一\n二\n"
    only = tmp_path / "only"
    only.write_text(torn)
    append_line(only, "一")
    assert only.read_text() == "一\n"


def test_removing(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_once(path, b"x")
    draft = open_draft(path)
    draft.write_bytes(b"half")
    remove(path)
    remove(path)
    assert list(tmp_path.iterdir()) == []
    remove(tmp_path / "never/was")


def test_only_one_is_alone(tmp_path: Path) -> None:
    with alone(tmp_path / "ledger"):
        child = os.fork()
        if not child:
            os._exit(_is_locked(tmp_path / "ledger/.lock"))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    with alone(tmp_path / "ledger"):
        pass


def test_a_folder_that_is_there(tmp_path: Path) -> None:
    make_folder(tmp_path)
    assert tmp_path.is_dir()


def _is_locked(path: Path) -> int:
    import fcntl

    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 1
    return 0


def _fail(*_: object, **__: object) -> None:
    raise OSError(errno.EIO, "disk")
