"""Reads what WeCom's list of messages holds: messages of citizens, words and acts of staff in WeCom's client, and events."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zhixun.channels.wecom.words import lost
from zhixun.doors import ENDED, RECALLED, SAID, TAKEN, ByStaff, Incoming

__all__ = ["DOOR", "ENTRY_SECONDS", "Heard", "Lost", "read_item", "sent_at"]

DOOR = "wecom"
ENTRY_SECONDS = 20
"""So long the code of somebody who has come in can be used, for one message."""
_MESSAGES, _WINDOW = 5, 48 * 3600
"""So many messages are let through after each one of a citizen, and for how many seconds."""
_CITIZEN, _SYSTEM, _STAFF = 3, 4, 5
_FILES = {"image": "图片", "video": "视频", "file": "文件"}
_ACTS = {1: TAKEN, 2: TAKEN, 3: ENDED, 4: TAKEN}
"""What a change of the session means: taken from the pool, passed to a colleague, ended, opened again by staff."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a citizen said or did.

    Attributes:
        tapped: the id of the menu's entry that was touched. code: by which somebody who came in may be greeted.
    """

    incoming: Incoming
    tapped: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """A message of ours that WeCom took and could not deliver.

    Attributes:
        once: its id. words: why, for staff.
    """

    once: str
    words: str


def read_item(item: Any, account: str, now: datetime) -> Heard | ByStaff | Lost | None:
    """Read one item; None for what nothing is to be done about, and for what is not understood.

    Args:
        account: of which the list is.
    """
    if not isinstance(item, Mapping):
        return None
    kind, event = item.get("msgtype"), item.get("event")
    if kind == "event" and item.get("origin") == _SYSTEM:
        return _event(item, event, account, now) if isinstance(event, Mapping) else None
    peer, id = _text(item, "external_userid"), _text(item, "msgid")
    if not peer or not id:
        return None
    if item.get("origin") == _STAFF:
        words = _words_of(item, kind)
        return ByStaff(DOOR, account, peer, id, SAID, words or "[企业微信里的其他消息]")
    return _heard(item, kind, account, peer, id, now) if item.get("origin") == _CITIZEN else None


def _heard(item: Mapping[str, Any], kind: Any, account: str, peer: str, id: str, now: datetime) -> Heard:
    allows = (_MESSAGES, max(0, _WINDOW - _age(item, now)))

    def made(**more: Any) -> Incoming:
        return Incoming(DOOR, account, peer, id, allows=allows, **more)

    body = _body(item, kind)
    words = _words_of(item, kind)
    if kind == "text" and words:
        tapped = _text(body, "menu_id")
        return Heard(made(text=words, form="choice" if tapped else ""), tapped)
    if kind in _FILES and _text(body, "media_id"):
        return Heard(made(text=words, form="file", media=_text(body, "media_id"), name=_FILES[kind]))
    if kind == "location":
        return Heard(made(text=words, form="location"))
    if kind == "link" and words:
        return Heard(made(text=words))
    return Heard(made(reply="unheard" if kind == "voice" else "text_only"))


def _words_of(item: Mapping[str, Any], kind: Any) -> str:
    """Return a message as words; empty when it has none."""
    body = _body(item, kind)
    if kind == "text":
        return _text(body, "content").strip()
    if kind == "location":
        return " ".join(["[位置]", *filter(None, (_text(body, "name"), _text(body, "address")))])
    if kind == "link":
        return " ".join(filter(None, (_text(body, "title"), _text(body, "url"))))
    return f"[{_FILES[kind]}]" if kind in _FILES else "[语音]" if kind == "voice" else ""


def _event(item: Mapping[str, Any], event: Mapping[str, Any], account: str, now: datetime) -> Heard | ByStaff | Lost | None:
    read = _EVENTS.get(_text(event, "event_type"))
    peer, id = _text(event, "external_userid"), _text(item, "msgid")
    return read(item, event, account, peer, id, now) if read is not None and peer and id else None


def _entered(item: Mapping[str, Any], event: Mapping[str, Any], account: str, peer: str, id: str, now: datetime) -> Heard | None:
    """Greet whoever came in, if that can still be done; without a code nothing gets through before the first message."""
    code, left = _text(event, "welcome_code"), ENTRY_SECONDS - _age(item, now)
    return Heard(Incoming(DOOR, account, peer, id, allows=(1, left)), code=code) if code and left > 0 else None


def _lost(item: Mapping[str, Any], event: Mapping[str, Any], account: str, peer: str, id: str, now: datetime) -> Lost | None:
    return Lost(_text(event, "fail_msgid"), lost(event.get("fail_type"))) if _text(event, "fail_msgid") else None


def _changed(item: Mapping[str, Any], event: Mapping[str, Any], account: str, peer: str, id: str, now: datetime) -> ByStaff | None:
    act = _ACTS.get(event.get("change_type", 0))
    return ByStaff(DOOR, account, peer, id, act) if act else None


def _recalled(item: Mapping[str, Any], event: Mapping[str, Any], account: str, peer: str, id: str, now: datetime) -> Heard | None:
    of = _text(event, "recall_msgid")
    return Heard(Incoming(DOOR, account, peer, id, recalls=of)) if of else None


def _recalled_by_staff(
    item: Mapping[str, Any], event: Mapping[str, Any], account: str, peer: str, id: str, now: datetime
) -> ByStaff | None:
    of = _text(event, "recall_msgid")
    return ByStaff(DOOR, account, peer, id, RECALLED, recalls=of) if of else None


_EVENTS: Mapping[str, Callable[..., Heard | ByStaff | Lost | None]] = {
    "enter_session": _entered,
    "msg_send_fail": _lost,
    "session_status_change": _changed,
    "user_recall_msg": _recalled,
    "servicer_recall_msg": _recalled_by_staff,
}
"""The other events tell who is on duty, which is asked for when it matters."""


def sent_at(item: Any) -> float:
    """Return when an item was sent (seconds); the end of time when nobody can tell, so that it counts as new."""
    sent = item.get("send_time") if isinstance(item, Mapping) else None
    return sent if isinstance(sent, int) else math.inf


def _age(item: Mapping[str, Any], now: datetime) -> int:
    """Return how many seconds ago it was sent; none when nobody can tell."""
    return int(max(0.0, now.timestamp() - sent_at(item)))


def _body(item: Mapping[str, Any], kind: Any) -> Mapping[str, Any]:
    body = item.get(kind) if isinstance(kind, str) else None
    return body if isinstance(body, Mapping) else {}


def _text(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name)
    return value if isinstance(value, str) else ""
