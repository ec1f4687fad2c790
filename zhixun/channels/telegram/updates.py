"""Reads what Telegram brings. It is read as plain data, so that what is new or odd in it never keeps out what is known."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from zhixun.doors import Incoming

__all__ = ["KINDS", "Heard", "Tap", "group_joined", "parse", "read"]

KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of updates that Telegram is asked for."""
_COMMANDS = ("start", "help")
_MOBILE = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})")
_SAID_BY_NOBODY = frozenset({
    "pinned_message", "message_auto_delete_timer_changed", "write_access_allowed", "connected_website", "chat_background_set",
    "proximity_alert_triggered", "group_chat_created", "new_chat_title", "delete_chat_photo", "new_chat_photo", "boost_added",
})  # fmt: skip
"""Messages that tell what happened in the chat."""


@dataclass(frozen=True, slots=True)
class Tap:
    """A touch on a button: the id by which Telegram wants it answered, the button's place and title."""

    id: str
    place: str
    title: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What an update brings: to be stored together; with a tap, the one that it brings has no words yet."""

    batch: tuple[Incoming, ...]
    tap: Tap | None = None


def parse(body: bytes) -> Mapping[str, Any]:
    """Return the update in a body.

    Raises:
        ValueError: it is none.
    """
    try:
        update = json.loads(body.decode(), parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(update, dict) or not _is_number(update.get("update_id")):
        raise ValueError("not an update")
    return update


def read(update: Mapping[str, Any], account: str) -> Heard | None:
    """Return what somebody said or did in a private chat; None when there is nothing of the kind.

    Args:
        account: the bot's id.
    """
    blank = Incoming("telegram", account, "", str(update.get("update_id")))
    if "callback_query" in update:
        return _touched(_map(update["callback_query"]), blank)
    if "my_chat_member" in update:
        return _came_or_went(_map(update["my_chat_member"]), blank)
    edited = "message" not in update
    message = _map(update.get("edited_message" if edited else "message"))
    peer = _citizen(message.get("chat"))
    if not peer or _map(message.get("from")).get("is_bot") is True:
        return None
    blank = replace(blank, peer=peer)
    batch = _edited(message, blank) if edited else _said(message, blank)
    return Heard(tuple(batch)) if batch else None


def group_joined(update: Mapping[str, Any]) -> int | None:
    """Return the number of the group that the bot was just brought into; None when the update tells nothing of the kind."""
    change = _map(update.get("my_chat_member"))
    chat, status = _map(change.get("chat")), _map(change.get("new_chat_member")).get("status")
    number = chat.get("id")
    joined = chat.get("type") in ("group", "supergroup") and status in ("member", "administrator")
    return number if joined and isinstance(number, int) and not isinstance(number, bool) else None


def _touched(query: Mapping[str, Any], blank: Incoming) -> Heard | None:
    message = _map(query.get("message"))
    chat = message.get("chat")
    # A button of ours that was forwarded elsewhere, or stands in the group of staff, is no citizen's.
    peer = _citizen(chat)
    if not peer or _map(query.get("from")).get("id") != _map(chat).get("id"):
        return None
    place = _words(query.get("data"))
    rows = _list(_map(message.get("reply_markup")).get("inline_keyboard"))
    buttons = [_map(button) for row in rows for button in _list(row)]
    title = next((_words(button.get("text")) for button in buttons if button.get("callback_data") == place), "")
    return Heard((replace(blank, peer=peer, form="choice"),), Tap(_words(query.get("id")), place, title))


def _came_or_went(change: Mapping[str, Any], blank: Incoming) -> Heard | None:
    peer = _citizen(change.get("chat"))
    status = _map(change.get("new_chat_member")).get("status")
    if not peer or status not in ("kicked", "member"):
        return None
    return Heard((replace(blank, peer=peer, gone=status == "kicked"),))


def _edited(message: Mapping[str, Any], blank: Incoming) -> list[Incoming]:
    """Return words that were put otherwise; a place that moves or another picture says nothing new."""
    text = _words(message.get("text")) or _words(message.get("caption"))
    return [replace(one, form="edited") if one.text else one for one in (_typed(text, blank),)] if text else []


def _said(message: Mapping[str, Any], blank: Incoming) -> list[Incoming]:
    if text := _words(message.get("text")):
        return [_typed(text, blank)]
    caption = _words(message.get("caption"))
    below = [_typed(caption, replace(blank, id=f"{blank.id}/caption"))] if caption else []
    if (file := _file(message)) is not None:
        media, name, words = file
        return [replace(blank, text=words, form="file", media=media, name=name), *below]
    # Of a film or a sound nothing is kept but the words.
    return below or _other(message, blank)


def _other(message: Mapping[str, Any], blank: Incoming) -> list[Incoming]:
    """Return what has no words of its own."""
    if place := _place(message):
        return [replace(blank, text=place, form="location")]
    if phone := _words(_map(message.get("contact")).get("phone_number")):
        return [replace(blank, text=_own(phone))]
    if not _SAID_BY_NOBODY.isdisjoint(message):
        return []
    return [replace(blank, reply="unheard" if "voice" in message else "text_only")]


def _typed(text: str, blank: Incoming) -> Incoming:
    """Return typed words; a command is answered with the greeting, or is words like others."""
    if not text.startswith("/"):
        return replace(blank, text=text)
    words = text.strip("/ \n")
    command = (words.split() or [""])[0].partition("@")[0].lower()
    if command in _COMMANDS:
        return replace(blank, reply="greeting")
    return replace(blank, text=words) if words else replace(blank, reply="text_only")


def _file(message: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Return id and name of a file that can be kept, and the words that stand for it."""
    photos = [photo for photo in map(_map, _list(message.get("photo"))) if _words(photo.get("file_id"))]
    if photos:
        # Telegram makes several sizes of a picture.
        largest = max(photos, key=lambda photo: _count(photo.get("width")) * _count(photo.get("height")))
        return _words(largest["file_id"]), "图片.jpg", "[图片]"
    document = _map(message.get("document"))
    if "animation" in message or not _words(document.get("file_id")):
        return None  # a moving picture is also a document, to programs that know no moving pictures
    return _words(document["file_id"]), _words(document.get("file_name")) or "文件", "[文件]"


def _place(message: Mapping[str, Any]) -> str:
    venue = _map(message.get("venue"))
    location = _map(venue.get("location") or message.get("location"))
    latitude, longitude = location.get("latitude"), location.get("longitude")
    if not (_is_degree(latitude) and _is_degree(longitude)):
        return ""
    named = "，".join(filter(None, (_words(venue.get("title")), _words(venue.get("address")))))
    return f"[位置] {named or f'纬度 {latitude:.5f}，经度 {longitude:.5f}'}"


def _own(phone: str) -> str:
    """Return a number as people here write it."""
    digits = "".join(char for char in phone if char.isdigit() or char == "+")
    here = _MOBILE.fullmatch(digits)
    return here[1] if here else digits


def _citizen(chat: object) -> str:
    """Return who is at the other side of a private chat; empty for groups and channels."""
    known = _map(chat)
    return str(known["id"]) if known.get("type") == "private" and _is_number(known.get("id")) else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_degree(value: object) -> bool:
    return isinstance(value, int | float) and -180 <= value <= 180


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _words(value: object) -> str:
    """Return text that can be written down: half a character becomes a mark."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else ""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
