"""The credentials of one account of WeChat or WeCom, read once from the files that the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zhixun.errors import StopNow
from zhixun.settings import PREFIX, read_secret

__all__ = ["Account", "read_account"]


@dataclass(frozen=True, slots=True)
class Account:
    """What proves to each side who the other is.

    Attributes:
        id: AppID or CorpID. token: signs what comes in. secret: gets the access token.
        aes_key: encrypts what comes in; empty where it comes in the clear.
    """

    id: str
    token: str = field(repr=False)
    secret: str = field(repr=False)
    aes_key: str = field(default="", repr=False)


def read_account(id_name: str, id: str, files: Mapping[str, Path | None], optional: str = "") -> Account | None:
    """Read the credentials; None when nothing is set.

    Args:
        id_name: the setting of `id`, without the prefix. files: by setting, those of the token, the secret and the key.
        optional: the setting that may be left out.

    Raises:
        StopNow: some are set and others not, or a file cannot be read or is empty; the message names the setting.
    """
    given = {id_name: id, **files}
    missing = [PREFIX + name for name, value in given.items() if not value]
    if len(missing) == len(given):
        return None
    if needed := [name for name in missing if name != PREFIX + optional]:
        present = "、".join(PREFIX + name for name, value in given.items() if value)
        raise StopNow(f"设置了 {present}，还缺 {'、'.join(needed)}。请补全，或把它们都去掉。")
    read = {name.rsplit("_", 2)[-2]: _secret(name, path) for name, path in files.items() if path is not None}
    return Account(id, read["TOKEN"], read["SECRET"], read.get("KEY", ""))


def _secret(name: str, path: Path) -> str:
    text = read_secret(name, path)
    if not text:
        raise StopNow(f"{PREFIX}{name} 指明的文件 {path} 是空的。请写入后台给出的内容。")
    return text
