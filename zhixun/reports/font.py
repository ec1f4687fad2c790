"""Finds a Chinese font to print with: the one that is fetched at set-up, else one of the system's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zhixun.errors import CitizenError

__all__ = ["BUNDLED", "Font", "font_file"]

BUNDLED = Path(__file__).parent / "static" / "NotoSansHans-Regular.otf"
"""Put there by `scripts/bundle` from a package of the registry, held to its digest by web/package-lock.json; never in the repository."""
_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/Library/Fonts"), Path("/System/Library/Fonts"))
_NAMES = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf", "NotoSansSC-Regular.ttf", "SourceHanSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc",
)  # fmt: skip
_SIMPLIFIED = {"NotoSansCJK-Regular.ttc": 2}
"""Where the simplified form stands in a collection of several; else the first one is taken."""


@dataclass(frozen=True, slots=True)
class Font:
    """A font's file, and its place in a collection."""

    path: Path
    place: int = 0


def font_file(bundled: Path = BUNDLED, folders: Iterable[Path] = _FOLDERS) -> Font:
    """Return a font that has Chinese letters.

    Raises:
        CitizenError: (503) there is none; it says what is to be done.
    """
    if bundled.is_file():
        return Font(bundled)
    found = {path.name: path for folder in folders if folder.is_dir() for path in sorted(folder.rglob("*")) if path.name in _NAMES}
    for name in _NAMES:
        if name in found:
            return Font(found[name], _SIMPLIFIED.get(name, 0))
    told = "本机没有可以嵌入 PDF 的中文字体。请在项目目录运行 make setup，或者安装 Noto Sans CJK 字体；也可以先导出 Word 再打印成 PDF。"
    raise CitizenError(told, code="no_font", status=503)
