"""The door of a WeChat Official Account.

WeChat waits five seconds for an answer and delivers again when there is none, three times in all; then it tells the citizen that
the account is out of service. So every delivery is acknowledged as soon as it is stored. What is said within a moment goes out in
the acknowledgement, where it costs nothing; what takes longer is carried later as a customer message, of which WeChat allows few.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

from aiohttp import web

from zhixun.channels.inbox import PATIENCE, Inbox
from zhixun.channels.ports import Finding
from zhixun.channels.tencent.account import Account
from zhixun.channels.tencent.api import Line, TencentApi, token_of_wechat
from zhixun.channels.tencent.crypto import Refused
from zhixun.channels.tencent.tokens import Tokens
from zhixun.channels.tencent.xml import LARGEST
from zhixun.channels.wechat.callback import Callback
from zhixun.channels.wechat.carrier import Refusals, WeChatCarrier, telling
from zhixun.channels.wechat.check import check_account
from zhixun.channels.wechat.menu import flaws, menu_body
from zhixun.channels.wechat.reading import DOOR, read_message
from zhixun.channels.wording import Parcel
from zhixun.clock import Clock
from zhixun.doors import FAILED, Incoming
from zhixun.errors import StopNow, TryLater

__all__ = ["PATH", "WeChatDoor"]

PATH = "/channels/wechat"
_LONGEST = 3.5
"""After so many seconds WeChat is answered in any case: it waits for five."""
_MEDIA: Refusals = {
    40007: (FAILED, "文件已过期（微信只保存三天）。", None),
    0: (FAILED, "这种文件微信不提供下载。", None),
}
_NOTICE: Refusals = {
    40037: (FAILED, "订阅通知的模板编号不对，请管理员核对 ZHIXUN_WECHAT_NOTICE。", None),
    43101: (FAILED, "对方没有订阅这类通知（或这一次的订阅已用过），通知发不出去。", None),
    47003: (FAILED, "通知的内容与模板不符，请管理员核对模板的各个字段。", None),
}

_log = logging.getLogger(__name__)


class WeChatDoor:
    """One Official Account.

    Args:
        api_url: WeChat's server. patience: for how many seconds an answer is waited for, to go out in the acknowledgement.

    Raises:
        StopNow: the key has a wrong form.
    """

    name = DOOR

    def __init__(self, account: Account, api_url: str, clock: Clock, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._account = account
        self._clock = clock
        self._callback = Callback(account, clock)
        self._line = Line(api_url)
        self._api = TencentApi(self._line, Tokens(token_of_wechat(self._line, account.id, account.secret), clock))
        self.carrier = WeChatCarrier(self._api, clock)

    def routes(self, inbox: Inbox) -> list[web.RouteDef]:
        """Return the addresses that WeChat calls."""

        async def delivered(request: web.Request) -> web.Response:
            return await self._delivered(request, inbox)

        return [web.get(PATH, self._checked, allow_head=False), web.post(PATH, delivered)]

    @contextlib.asynccontextmanager
    async def running(self, inbox: Inbox) -> AsyncIterator[None]:
        """Keep connections to WeChat open."""
        async with self._line:
            yield

    async def fetch(self, account: str, media: str) -> AsyncGenerator[bytes, None]:
        """Give the bytes of a file that a citizen sent.

        Raises:
            Undelivered: WeChat does not give it.
        """
        with telling(_MEDIA, self._clock, "微信服务器没有给出文件。"):
            async with contextlib.aclosing(self._api.stream("/cgi-bin/media/get", {"media_id": media})) as stream:
                async for chunk in stream:
                    yield chunk

    async def check(self) -> Sequence[Finding]:
        """Try the credentials, and tell what works and what does not."""
        return await check_account(self._account, self._api)

    async def set_menu(self, menu: Sequence[Mapping[str, Any]]) -> None:
        """Set the menu under the conversation.

        Args:
            menu: as `wechat_menu` in site.yml has it (see `menu.flaws`).

        Raises:
            StopNow: the menu is not one that WeChat can show; the message says what is wrong with it.
            Undelivered: WeChat does not take it.
        """
        if found := flaws(menu):
            raise StopNow("\n".join(found))
        with telling({}, self._clock, "微信服务器没有及时应答，菜单可能已经设好。"):
            await self._api.post("/cgi-bin/menu/create", menu_body(menu))

    async def notify(self, peer: str, template: str, data: Mapping[str, str], page: str = "") -> None:
        """Send a notice that the citizen has subscribed to: by it the result of a call-back still arrives after two days.

        Args:
            template: its number in WeChat's console. data: the words of each of its fields. page: what a touch on it opens.

        Raises:
            Undelivered: WeChat does not take it.
        """
        fields = {name: {"value": value} for name, value in data.items()}
        body: dict[str, Any] = {"touser": peer, "template_id": template, "data": fields, **({"page": page} if page else {})}
        with telling(_NOTICE, self._clock, "微信服务器没有及时应答，通知可能已送达。"):
            await self._api.post("/cgi-bin/message/subscribe/bizsend", body)

    async def _checked(self, request: web.Request) -> web.Response:
        """Prove to WeChat's console that this address knows the token."""
        try:
            self._callback.check(request.query)
        except Refused as refused:
            return _refusal(refused)
        return _answer(request.query.get("echostr", ""))

    async def _delivered(self, request: web.Request, inbox: Inbox) -> web.Response:
        try:
            self._callback.check(request.query)  # before anything of what a stranger sends is read
            delivery = self._callback.open(request.query, await _body(request))
            one = await read_message(delivery.fields, inbox.choice)
        except Refused as refused:
            return _refusal(refused)
        if one is None:
            return _answer("success")
        try:
            parcel = await self._answered(request, inbox, one)
        except TryLater:
            # Nothing is stored: WeChat delivers it again.
            return web.Response(status=503)
        if parcel is None:
            return _answer("success")
        body = self._callback.reply(delivery, parcel.with_numbers())
        reply = web.Response(body=body, content_type="application/xml", charset="utf-8")
        try:
            await reply.prepare(request)
            await reply.write_eof()
        except ConnectionError:
            await inbox.hand_back(one, parcel)
        return reply

    async def _answered(self, request: web.Request, inbox: Inbox, one: Incoming) -> Parcel | None:
        """Return what a delivery is answered; None for nothing.

        Raises:
            TryLater: it is not stored yet, or nobody can tell; delivered again, it is known again.
        """
        taking = asyncio.create_task(inbox.take_and_answer(one, lambda: _listens(request) and not late.is_set(), self._patience))
        late = asyncio.Event()
        done, _ = await asyncio.wait({taking}, timeout=_LONGEST)
        if not done:
            # It goes on; what is said is carried by the outbox.
            late.set()
            taking.add_done_callback(_told)
            raise TryLater("the store took too long")
        return taking.result()


async def _body(request: web.Request) -> bytes:
    """Read no more of a body than a message can have."""
    read = bytearray()
    async for chunk in request.content.iter_any():
        read += chunk
        if len(read) > LARGEST:
            raise Refused("body is too large")
    return bytes(read)


def _told(taking: asyncio.Task[Any]) -> None:
    if not taking.cancelled() and (error := taking.exception()) is not None:
        _log.warning("a delivery was taken too late: %s", type(error).__name__)


def _listens(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def _answer(text: str) -> web.Response:
    return web.Response(text=text, headers={"X-Content-Type-Options": "nosniff"})


def _refusal(refused: Refused) -> web.Response:
    _log.warning("refused a delivery of WeChat: %s", refused)
    return web.Response(status=403)
