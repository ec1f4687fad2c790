"""The door: WeCom's callbacks, its files, the hand-over to staff in WeCom's client, and the check of the settings."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiohttp import web

from zhixun.channels.inbox import Inbox
from zhixun.channels.outbox import Undelivered
from zhixun.channels.ports import Finding
from zhixun.channels.tencent.account import Account
from zhixun.channels.tencent.api import Line, PlatformError, TencentApi, UnreachableError, token_of_wecom
from zhixun.channels.tencent.crypto import Cipher, Refused, is_signed
from zhixun.channels.tencent.tokens import Tokens
from zhixun.channels.tencent.xml import read_xml
from zhixun.channels.wecom.carrier import BOT, NEW, PERSON, POOL, WeComCarrier
from zhixun.channels.wecom.pull import PAUSES, Puller, list_accounts
from zhixun.channels.wecom.reading import DOOR
from zhixun.channels.wecom.words import NOT_IN_CHARGE, advice
from zhixun.clock import Clock, new_token
from zhixun.database import Database
from zhixun.doors import FAILED, TAKEN, WAITING, ByStaff
from zhixun.errors import StopNow

__all__ = ["WeComDoor"]

_log = logging.getLogger(__name__)

_ON_DUTY = 0
_LONGEST_ID = 64


class WeComDoor:
    """The door of WeCom's customer service.

    Args:
        account: the credentials of the application that may call it; each with a key.
        url: the platform's address. staff_in_wecom: whether staff talk with citizens in WeCom's client.
        pauses: the seconds that pulling waits after failures.

    Raises:
        StopNow: the key has a wrong form.
    """

    name = DOOR

    def __init__(
        self, account: Account, url: str, database: Database, clock: Clock, *, staff_in_wecom: bool = False,
        pauses: Sequence[float] = PAUSES,
    ) -> None:  # fmt: skip
        self._account = account
        try:
            self._cipher = Cipher(account.aes_key, account.id)
        except ValueError as error:
            raise StopNow(f"ZHIXUN_WECOM_AES_KEY_FILE：{error}") from error
        self._line = Line(url)
        self._api = TencentApi(self._line, Tokens(token_of_wecom(self._line, account.id, account.secret), clock))
        self._database = database
        self._clock = clock
        self.staff_in_wecom = staff_in_wecom
        self._pauses = pauses
        self._inbox: Inbox | None = None
        self._puller: Puller | None = None
        self._turn = 0
        self.carrier = WeComCarrier(self._api, clock, staff_in_wecom=staff_in_wecom)

    def routes(self, inbox: Inbox) -> list[web.RouteDef]:
        """Return the address that WeCom calls."""
        return [web.get("/channels/wecom", self._checked, allow_head=False), web.post("/channels/wecom", self._called)]

    @contextlib.asynccontextmanager
    async def running(self, inbox: Inbox) -> AsyncIterator[None]:
        """Hold the connections and pull, at first all accounts."""
        async with self._line, Puller(self._api, self.carrier, self._database, self._clock, inbox, self._pauses) as puller:
            self._inbox, self._puller = inbox, puller
            puller.begin()
            try:
                yield
            finally:
                self._inbox = self._puller = None

    async def settled(self) -> None:
        """Wait until everything that was called for so far has been pulled."""
        if self._puller is not None:
            await self._puller.finish()

    async def fetch(self, account: str, media: str) -> AsyncIterator[bytes]:
        """Give the bytes of a file that a citizen sent.

        Raises:
            Undelivered: WeCom does not give it: it keeps files for three days.
        """
        try:
            async for chunk in self._api.stream("/cgi-bin/media/get", {"media_id": media}):
                yield chunk
        except PlatformError:
            raise Undelivered("文件在平台上已经过期，或者取不到", FAILED) from None
        except UnreachableError:
            raise Undelivered("连接平台时中断", WAITING) from None

    def pull(self, account: str) -> None:
        """Have an account pulled although nobody has called for it."""
        if self._puller is not None:
            self._puller.pull(account)

    async def hand_over(self, account: str, peer: str) -> bool:
        """Give a session to staff in WeCom's client: to the next one on duty, else into the pool; the bot is silent from then on.

        Returns:
            Whether it is there; else staff at the desk go on with it.
        """
        try:
            state = await self.carrier.state(account, peer)
            if state in (NEW, BOT):
                await self._transferred(account, peer)
            elif state not in (POOL, PERSON):
                return False
        except (PlatformError, UnreachableError) as error:
            _log.warning("a session could not be handed over: %s", error)
            return False
        if self._inbox is not None:
            await self._inbox.by_staff(ByStaff(DOOR, account, peer, new_token(), TAKEN))
        return True

    async def check(self) -> Sequence[Finding]:
        """Try the credentials, and look at the accounts and who takes care of them."""
        try:
            accounts = await list_accounts(self._api)
        except (PlatformError, UnreachableError) as error:
            return [Finding(ok=False, words=advice(error))]
        found = [Finding(ok=True, words="企业 ID 和 Secret 正确，能够调用微信客服接口。")]
        if not accounts:
            return [*found, Finding(ok=False, words="没有看到客服账号：请在企业微信后台“微信客服”里新建，并让这个应用管理它。")]
        return [*found, *[await self._look_at(one) for one in accounts]]

    async def _look_at(self, one: dict[str, Any]) -> Finding:
        """Tell whether an account can be used."""
        name = f"客服账号“{one.get('name') or '未命名'}”"
        if one.get("manage_privilege") is False:
            return Finding(ok=False, words=f"{name}没有交给这个应用管理：请在企业微信后台“微信客服—API”里选择它。")
        if not self.staff_in_wecom:
            return Finding(ok=True, words=f"{name}可用；由工作台接待。")
        try:
            on_duty = await self._on_duty(one["open_kfid"])
        except (PlatformError, UnreachableError) as error:
            return Finding(ok=False, words=f"{name}的接待人员查不到：{advice(error)}")
        if on_duty:
            return Finding(ok=True, words=f"{name}可用；企业微信里有 {len(on_duty)} 位接待人员正在接待。")
        return Finding(ok=False, words=f"{name}现在没有人正在接待，转人工会进入接待池：请在企业微信后台添加接待人员并开始接待。")

    async def _transferred(self, account: str, peer: str) -> None:
        """Give a session to whoever is on duty, in turn, else into the pool."""
        on_duty = await self._on_duty(account)
        self._turn += 1
        for place in range(len(on_duty)):
            try:
                await self._transfer(account, peer, PERSON, servicer_userid=on_duty[(self._turn + place) % len(on_duty)])
            except PlatformError as error:
                if error.code != NOT_IN_CHARGE:
                    raise
            else:
                return
        await self._transfer(account, peer, POOL)

    async def _transfer(self, account: str, peer: str, state: int, **more: str) -> None:
        whose = {"open_kfid": account, "external_userid": peer, "service_state": state, **more}
        await self._api.post("/cgi-bin/kf/service_state/trans", whose)

    async def _on_duty(self, account: str) -> list[str]:
        listed = (await self._api.get("/cgi-bin/kf/servicer/list", {"open_kfid": account})).get("servicer_list")
        servicers = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        return [str(one["userid"]) for one in servicers if one.get("status") == _ON_DUTY and one.get("userid")]

    async def _checked(self, request: web.Request) -> web.Response:
        """Answer the check of the address that the console makes: unlike an Official Account's, with what was encrypted."""
        try:
            # A plus sign that was not encoded is read as a blank.
            return web.Response(body=self._opened(request, request.query.get("echostr", "").replace(" ", "+")))
        except Refused as error:
            return _refused(error)

    async def _called(self, request: web.Request) -> web.Response:
        """Take a callback: it holds no message, so that it is acknowledged at once and pulled for."""
        try:
            inner = read_xml(self._opened(request, read_xml(await request.read()).get("Encrypt", "")))
        except Refused as error:
            return _refused(error)
        account = inner.get("OpenKfId", "")
        if self._puller is None:
            return web.Response(status=503)
        if inner.get("Event") == "kf_msg_or_event" and 0 < len(account) <= _LONGEST_ID:
            self._puller.pull(account, inner.get("Token", ""))
        return web.Response()

    def _opened(self, request: web.Request, encrypted: str) -> bytes:
        """Return what is encrypted in a request that WeCom has signed.

        Raises:
            Refused: it has not, or not for this corporation.
        """
        parts = (request.query.get("timestamp", ""), request.query.get("nonce", ""), encrypted)
        if not encrypted or not is_signed(request.query.get("msg_signature", ""), self._account.token, *parts):
            raise Refused("signature is wrong")
        return self._cipher.decrypt(encrypted)


def _refused(error: Refused) -> web.Response:
    _log.warning("a callback was refused: %s", error)
    return web.Response(status=403)
