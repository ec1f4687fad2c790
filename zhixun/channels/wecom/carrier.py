"""Takes what is said out to citizens in WeCom's customer service: as texts and menus, while the session is the program's."""

from __future__ import annotations

import logging
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

from zhixun.channels.outbox import Undelivered
from zhixun.channels.tencent.api import PlatformError, TencentApi, UnreachableError
from zhixun.channels.wecom.reading import ENTRY_SECONDS
from zhixun.channels.wecom.words import BAD_PARAMETER, WRONG_STATE, undelivered
from zhixun.channels.wording import Parcel, size_in_bytes
from zhixun.clock import Clock
from zhixun.doors import FAILED, HELD, UNSURE, Address

__all__ = ["BOT", "NEW", "PERSON", "POOL", "WeComCarrier"]

_log = logging.getLogger(__name__)

NEW, BOT, POOL, PERSON, OVER = range(5)
"""The states of a session: not dealt with, the program's, in the pool of those who wait, with a member of staff, over."""
_LIMIT = 2048
_HEAD, _ENTRIES, _ENTRY = 1024, 10, 128
"""A menu holds no more than this: bytes above it, entries, bytes of an entry."""
_TAIL = "点选上面的文字，或直接打字。"
_ATTEMPTS = 3
"""So often a message that nobody answered is sent with the same id, before people are told that it may have arrived."""
_REMEMBERED = 10_000
_WITH_STAFF = "会话正由同事在企业微信里接待，请在企业微信里回复；这里的话没有送出。"
_NOT_OURS = "会话在企业微信的接待池或同事那里，须先在企业微信结束会话；公众再发消息后自动补送。"
_OVER = "会话已经结束，公众再发消息后自动补送。"


class WeComCarrier:
    """Carries messages of all customer service accounts.

    Args:
        staff_in_wecom: whether staff talk with citizens in WeCom's client; else a session there is there by mistake.
    """

    limit = _LIMIT
    knows_again = True

    def __init__(self, api: TencentApi, clock: Clock, *, staff_in_wecom: bool) -> None:
        self._api = api
        self._clock = clock
        self._standing = FAILED if staff_in_wecom else HELD
        self._codes: dict[tuple[str, str], tuple[str, datetime]] = {}
        self._unanswered: OrderedDict[str, int] = OrderedDict()

    def size(self, text: str) -> int:
        """Return the bytes of a text."""
        return size_in_bytes(text)

    def greet_by(self, account: str, peer: str, code: str) -> None:
        """Remember the code by which somebody who has just come in may be sent one message."""
        now = self._clock.now()
        self._codes = {key: kept for key, kept in self._codes.items() if kept[1] > now}
        self._codes[account, peer] = (code, now + timedelta(seconds=ENTRY_SECONDS))

    async def carry(self, to: Address, parcel: Parcel, once: str) -> None:
        """Send a message.

        Raises:
            Undelivered: WeCom does not take it, or nobody can tell.
        """
        body = {"msgid": once, **_body(parcel)}
        if await self._sent_by_code(to, body):
            return
        whom = {"touser": to.peer, "open_kfid": to.account}
        for attempt in range(2):
            await self._demand_ours(to)
            try:
                await self._send("/cgi-bin/kf/send_msg", {**whom, **body}, once)
            except PlatformError as error:
                if error.code == WRONG_STATE and not attempt:
                    continue  # it has changed since it was looked at
                raise undelivered(error) from None
            return

    async def state(self, account: str, peer: str) -> int:
        """Return the state of a session.

        Raises:
            PlatformError, UnreachableError: WeCom does not tell.
        """
        told = await self._api.post("/cgi-bin/kf/service_state/get", {"open_kfid": account, "external_userid": peer})
        state = told.get("service_state")
        return state if isinstance(state, int) else OVER

    async def _demand_ours(self, to: Address) -> None:
        """Make sure that the session is the program's, and take a new one."""
        try:
            state = await self.state(to.account, to.peer)
        except (PlatformError, UnreachableError) as error:
            raise undelivered(error) from None
        if state in (POOL, PERSON):
            raise Undelivered(_WITH_STAFF if self._standing == FAILED else _NOT_OURS, self._standing)
        if state == OVER:
            raise Undelivered(_OVER, HELD)
        if state == NEW:
            whose = {"open_kfid": to.account, "external_userid": to.peer, "service_state": BOT}
            try:
                await self._api.post("/cgi-bin/kf/service_state/trans", whose)
            except (PlatformError, UnreachableError) as error:
                # A new session takes messages all the same; if it is not new any more, sending tells.
                _log.warning("a session could not be taken: %s", error)

    async def _sent_by_code(self, to: Address, body: dict[str, Any]) -> bool:
        """Send a message by the code of somebody who has just come in, where there is one; it is good for one."""
        code, until = self._codes.pop((to.account, to.peer), ("", self._clock.now()))
        if not code or until < self._clock.now():
            return False
        try:
            await self._send("/cgi-bin/kf/send_msg_on_event", {"code": code, **body}, body["msgid"])
        except PlatformError as error:
            _log.warning("a welcome was not taken: %s", error)
            return False
        return True

    async def _send(self, path: str, body: dict[str, Any], once: str) -> None:
        try:
            await self._api.post(path, body)
        except UnreachableError as error:
            if not error.sent:
                raise undelivered(error) from None
            raise self._no_answer(once) from None
        except PlatformError as error:
            # The id is known already: then the first attempt did arrive.
            if error.code != BAD_PARAMETER or once not in self._unanswered:
                raise
        self._unanswered.pop(once, None)

    def _no_answer(self, once: str) -> Undelivered:
        """Count an attempt that nobody answered; the same id again does no harm."""
        count = self._unanswered.pop(once, 0) + 1
        if count >= _ATTEMPTS:
            return Undelivered("企业微信服务器没有及时应答，可能已送达。", UNSURE)
        self._unanswered[once] = count
        if len(self._unanswered) > _REMEMBERED:
            self._unanswered.popitem(last=False)
        return Undelivered("企业微信服务器没有及时应答，用同一编号再试。")


def _body(parcel: Parcel) -> dict[str, Any]:
    """Return a message as WeCom takes it: a menu where the choices fit, else a text with numbers."""
    titles = [button.title for button in parcel.buttons]
    fits = len(titles) <= _ENTRIES and all(size_in_bytes(title) <= _ENTRY for title in titles)
    if not titles or not fits or size_in_bytes(parcel.text) > _HEAD:
        return {"msgtype": "text", "text": {"content": parcel.with_numbers()}}
    entries = [{"type": "click", "click": {"id": f"{parcel.at}.{place}", "content": title}} for place, title in enumerate(titles)]
    return {"msgtype": "msgmenu", "msgmenu": {"head_content": parcel.text, "list": entries, "tail_content": _TAIL}}
