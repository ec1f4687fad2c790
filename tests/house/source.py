"""What the guards of the style look at: the project's own files, and its Python as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from tests.support import ROOT

# Never tracked, whatever .gitignore says.
_NOT_OURS = {".git"}


@dataclass(frozen=True)
class Module:
    """A file of Python."""

    path: str
    text: str
    tree: ast.Module


def _ignored() -> tuple[list[str], list[str]]:
    """Return .gitignore's patterns: those of paths from the top, and those of names anywhere."""
    lines = [line.strip() for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()]
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert not [pattern for pattern in patterns if pattern.startswith("!")], "this reader knows no exceptions"
    from_top = [pattern.strip("/") for pattern in patterns if "/" in pattern.rstrip("/")]
    anywhere = [pattern.rstrip("/") for pattern in patterns if "/" not in pattern.rstrip("/")]
    return from_top, anywhere


@cache
def tracked() -> tuple[Path, ...]:
    """Return every file of the project that .gitignore does not leave out."""
    from_top, anywhere = _ignored()

    def walk(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            place = path.relative_to(ROOT).as_posix()
            if path.name in _NOT_OURS or any(fnmatch(place, each) for each in from_top):
                continue
            if any(fnmatch(path.name, each) for each in anywhere) or path.is_symlink():
                continue
            if path.is_dir():
                yield from walk(path)
            else:
                yield path

    return tuple(walk(ROOT))


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Return the Python files below `folders`."""
    found = []
    for path in tracked():
        place = path.relative_to(ROOT).as_posix()
        if path.suffix == ".py" and place.split("/")[0] in folders:
            text = path.read_text("utf-8")
            found.append(Module(place, text, ast.parse(text)))
    return tuple(found)
