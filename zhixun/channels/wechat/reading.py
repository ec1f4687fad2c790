"""What citizens send in WeChat, in the words of the doors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from zhixun.channels.tencent.crypto import Refused
from zhixun.doors import Incoming

__all__ = ["DOOR", "MESSAGE", "TOUCH", "read_message"]

DOOR = "wechat"
MESSAGE = (5, 48 * 3600)
"""So many messages, for so many seconds, WeChat lets through after words."""
TOUCH = (3, 60)
"""And after a touch on the menu, a scan, or when somebody follows."""
_GREETED = ("subscribe", "SCAN")
_TAPPED = ("CLICK",)

Choice = Callable[[str, str, str, str, str], Awaitable[str]]
"""Returns the words of a touched button: door, account, peer, its id and what stood on it."""


async def read_message(fields: Mapping[str, str], choice: Choice) -> Incoming | None:
    """Return what a message says; None for what nobody has to be told.

    Raises:
        Refused: what every message has is missing.
    """
    account, peer, kind = (fields.get(name, "") for name in ("ToUserName", "FromUserName", "MsgType"))
    if not (account and peer and kind):
        raise Refused("message lacks sender, receiver or kind")
    if kind == "event":
        return _event(fields, account, peer)
    id = fields.get("MsgId", "")
    if not id:
        raise Refused("message has no id")
    if place := fields.get("bizmsgmenuid", ""):
        title = fields.get("Content", "")
        words = await choice(DOOR, account, peer, place, title)
        return Incoming(DOOR, account, peer, id, words or title, form="choice", allows=MESSAGE)
    return _KINDS.get(kind, _unreadable)(Incoming(DOOR, account, peer, id, allows=MESSAGE), fields)


def _event(fields: Mapping[str, str], account: str, peer: str) -> Incoming | None:
    event = fields.get("Event", "")
    # Events have no id of their own.
    id = f"{peer} {fields.get('CreateTime', '')} {event} {fields.get('EventKey', '')}"
    if event == "unsubscribe":
        return Incoming(DOOR, account, peer, id, gone=True)
    if event in _GREETED:
        return Incoming(DOOR, account, peer, id, allows=TOUCH)
    if event in _TAPPED and fields.get("EventKey"):
        return Incoming(DOOR, account, peer, id, fields["EventKey"], form="choice", allows=TOUCH)
    return None


def _text(one: Incoming, fields: Mapping[str, str]) -> Incoming:
    return replace(one, text=fields["Content"]) if fields.get("Content") else _unreadable(one, fields)


def _image(one: Incoming, fields: Mapping[str, str]) -> Incoming:
    return replace(one, text="[图片]", form="file", media=fields.get("MediaId", ""), name="图片")


def _voice(one: Incoming, fields: Mapping[str, str]) -> Incoming:
    heard = fields.get("Recognition", "")
    return replace(one, text=heard, form="spoken") if heard else replace(one, reply="unheard")


def _location(one: Incoming, fields: Mapping[str, str]) -> Incoming:
    place = fields.get("Label") or f"北纬 {fields.get('Location_X', '')}，东经 {fields.get('Location_Y', '')}"
    return replace(one, text=f"[位置] {place}", form="location")


def _link(one: Incoming, fields: Mapping[str, str]) -> Incoming:
    words = "\n".join(fields[name] for name in ("Title", "Url") if fields.get(name))
    return replace(one, text=words) if words else _unreadable(one, fields)


def _unreadable(one: Incoming, _: Mapping[str, str]) -> Incoming:
    return replace(one, reply="text_only")


_KINDS: Mapping[str, Callable[[Incoming, Mapping[str, str]], Incoming]] = {
    "text": _text, "image": _image, "voice": _voice, "location": _location, "link": _link,
}  # fmt: skip
