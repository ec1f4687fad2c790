"""The menu under a conversation in WeChat: a touch on an entry says words, or opens a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["flaws", "menu_body"]

_MOST, _MOST_BELOW = 3, 5
_NAME, _NAME_BELOW = 8, 16
"""Letters as WeChat shows them (a Chinese one counts two): four Chinese letters on the bar, eight in a list; it cuts the rest."""
_KEY_BYTES, _URL_BYTES = 128, 1024


def flaws(menu: object) -> list[str]:
    """Return what is wrong with a menu, in Chinese; nothing when it can be set.

    Args:
        menu: a list of entries: `name` with `key` (words that a touch says), with `url`, or with `entries` of the same form.
    """
    if not isinstance(menu, list) or not 1 <= len(menu) <= _MOST:
        return [f"菜单应有 1–{_MOST} 个一级菜单。"]
    return [flaw for entry in menu for flaw in _flaws_of(entry, _NAME)]


def menu_body(menu: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the menu in WeChat's form."""
    return {"button": [_button(entry) for entry in menu]}


def _flaws_of(entry: object, longest: int) -> list[str]:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"].strip():
        return ["每个菜单项都要有 name（名称）。"]
    name = entry["name"]
    found = [f"菜单“{name}”的名称太长，最多 {longest // 2} 个汉字。"] if _width(name) > longest else []
    kinds = [kind for kind in ("key", "url", "entries") if kind in entry]
    if len(kinds) != 1 or set(entry) - {"name", *kinds}:
        return [*found, f"菜单“{name}”除 name 外，应当且只能有 key、url、entries 中的一项。"]
    return found + _CHECKS[kinds[0]](name, entry[kinds[0]], longest)


def _key_flaws(name: str, key: object, _: int) -> list[str]:
    right = isinstance(key, str) and key.strip() and len(key.encode()) <= _KEY_BYTES
    return [] if right else [f"菜单“{name}”的 key 应为要说的话，最多 {_KEY_BYTES} 字节（约 {_KEY_BYTES // 3} 个汉字）。"]


def _url_flaws(name: str, url: object, _: int) -> list[str]:
    right = isinstance(url, str) and url.startswith(("https://", "http://")) and len(url.encode()) <= _URL_BYTES
    return [] if right else [f"菜单“{name}”的 url 应为完整的网址。"]


def _below_flaws(name: str, entries: object, longest: int) -> list[str]:
    if longest != _NAME:
        return [f"菜单“{name}”不能再有下级。"]
    if not isinstance(entries, list) or not 1 <= len(entries) <= _MOST_BELOW:
        return [f"菜单“{name}”应有 1–{_MOST_BELOW} 个二级菜单。"]
    return [flaw for entry in entries for flaw in _flaws_of(entry, _NAME_BELOW)]


_CHECKS = {"key": _key_flaws, "url": _url_flaws, "entries": _below_flaws}


def _button(entry: Mapping[str, Any]) -> dict[str, Any]:
    if "entries" in entry:
        return {"name": entry["name"], "sub_button": [_button(below) for below in entry["entries"]]}
    kind = {"type": "click", "key": entry["key"]} if "key" in entry else {"type": "view", "url": entry["url"]}
    return {**kind, "name": entry["name"]}


def _width(name: str) -> int:
    return sum(1 if letter.isascii() else 2 for letter in name)
