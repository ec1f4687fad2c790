"""A stand-in for WeChat: the server that an Official Account calls, and the pusher that delivers what citizens do to it.

Written from the protocol, with another implementation of its encryption than ours.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from xml.etree import ElementTree

import aiohttp
from aiohttp import web
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException

from tests.doubles.tencent import Double, error

UNAVAILABLE = "该公众号暂时无法提供服务，请稍后再试"
APP_ID, SECRET, TOKEN, GH = "wx1234567890abcdef", "5ecret0f0fficia1account", "testtoken", "gh_0123456789ab"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
SEND, NOTICE = "/cgi-bin/message/custom/send", "/cgi-bin/message/subscribe/bizsend"
STABLE, MEDIA, QUOTA = "/cgi-bin/stable_token", "/cgi-bin/media/get", "/cgi-bin/openapi/quota/get"
PLAIN, COMPATIBLE, SAFE = "plain", "compatible", "safe"
_TEXT_BYTES = 2048
_WORDS, _TOUCH = (5, timedelta(hours=48)), (3, timedelta(minutes=1))
_BARE = ("CreateTime", "MsgId", "Location_X", "Location_Y", "Scale")
_EVENTS_WITH_QUOTA = ("CLICK", "VIEW", "SCAN", "subscribe")


@dataclass
class Fan:
    """What WeChat knows of one citizen."""

    follows: bool = True
    refuses: bool = False
    windows: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    typing_until: datetime | None = None
    subscribed: set[str] = field(default_factory=set)


class WeChat(Double):
    """The server.

    Attributes:
        fans: by openid; `seen` is what each of them has on the screen, in order.
        menus: those that were set. notices: those that were sent. media: bytes and type by media id.
        refused: with what error codes messages were refused.
    """

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self.fans: defaultdict[str, Fan] = defaultdict(Fan)
        self.menus: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []
        self.media: dict[str, tuple[bytes, str]] = {}
        self.shown_menus: list[dict[str, Any]] = []
        self.verified = True
        self.refused: list[int] = []
        self.calls_allowed = 500_000

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/cgi-bin/token", self._token), web.post(STABLE, self._stable),
            web.post(SEND, self._send), web.post("/cgi-bin/message/custom/typing", self._typing),
            web.post("/cgi-bin/message/template/send", self._template), web.post(NOTICE, self._notice),
            web.post("/cgi-bin/menu/create", self._menu), web.get(MEDIA, self._media),
            web.post(QUOTA, self._quota),
        ]  # fmt: skip

    def opened(self, openid: str, kind: str) -> None:
        """Set what may be sent after something that a citizen did."""
        most, span = _TOUCH if kind in _EVENTS_WITH_QUOTA else _WORDS
        self.fans[openid].windows["touch" if kind in _EVENTS_WITH_QUOTA else "words"] = (most, self.clock.now() + span)

    async def _token(self, request: web.Request) -> web.Response:
        known = request.query.get("appid") == APP_ID and request.query.get("secret") == SECRET
        right = known and request.query.get("grant_type") == "client_credential"
        return web.json_response(self.desk.fresh() if right else error(40125 if request.query.get("appid") == APP_ID else 40013))

    async def _stable(self, request: web.Request) -> web.Response:
        body = await self.json_of(request)
        if body is None:
            return web.json_response(error(47001))
        self.demand(request.path, body, {"grant_type", "appid", "secret"}, {"force_refresh"})
        if body.get("appid") != APP_ID:
            return web.json_response(error(40013))
        if body.get("secret") != SECRET:
            return web.json_response(error(40125))
        return web.json_response(self.desk.stable(force=bool(body.get("force_refresh"))))

    async def _send(self, request: web.Request) -> web.Response:
        if fault := self.token_fault(request):
            return web.json_response(error(fault))
        body = await self.json_of(request)
        if body is None:
            return web.json_response(error(47001))
        if fault := self._sent(request.path, body):
            self.refused.append(fault)
        return web.json_response(error(fault))

    def _sent(self, path: str, body: dict[str, Any]) -> int:
        kind = body.get("msgtype", "")
        self.demand(path, body, {"touser", "msgtype", str(kind)}, {"customservice"})
        if body.get("touser") not in self.fans:
            return 40003
        fan, words = self.fans[body["touser"]], self._words(path, kind, body.get(kind))
        if fault := self._fault_of(path, words) or self._spend(fan):
            return fault
        fan.seen.append(words or "")
        return 0

    def _fault_of(self, path: str, words: str | None) -> int:
        if self.calls[path] > self.calls_allowed:
            return 45009
        if words is None:
            return 40008
        if len(words.encode()) > _TEXT_BYTES:
            return 45002
        return 0 if self.verified else 48001

    def _words(self, path: str, kind: str, content: Any) -> str | None:
        """Return what a message shows; None when it has no right form."""
        if kind == "text":
            self.demand(f"{path} text", content, {"content"})
            return str(content["content"]) if content.get("content") else None
        if kind != "msgmenu":
            return None
        self.demand(f"{path} msgmenu", content, {"head_content", "list", "tail_content"})
        for entry in content["list"]:
            self.demand(f"{path} msgmenu.list", entry, {"id", "content"})
        self.shown_menus.append(content)
        lines = [content["head_content"], *(entry["content"] for entry in content["list"]), content["tail_content"]]
        return "\n".join(lines)

    def _spend(self, fan: Fan) -> int:
        """Take one from what may be sent: first from the small window, if it is open."""
        if not fan.follows:
            return 43004
        if fan.refuses:
            return 48002
        now, open_windows = self.clock.now(), 0
        for name in ("touch", "words"):
            left, until = fan.windows.get(name, (0, now))
            if until <= now:
                continue
            open_windows += 1
            if left:
                fan.windows[name] = (left - 1, until)
                return 0
        return 45047 if open_windows else 45015

    async def _typing(self, request: web.Request) -> web.Response:
        body = await self.json_of(request) or {}
        self.demand(request.path, body, {"touser", "command"})
        fan, now = self.fans[body.get("touser", "")], self.clock.now()
        if fault := self.token_fault(request):
            return web.json_response(error(fault))
        if body.get("command") not in ("Typing", "CancelTyping"):
            return web.json_response(error(45072))
        if fan.typing_until is not None and fan.typing_until > now:
            return web.json_response(error(45081))
        fan.typing_until = now + timedelta(seconds=15)
        return web.json_response(error(0))

    async def _template(self, request: web.Request) -> web.Response:
        body = await self.json_of(request) or {}
        self.demand(request.path, body, {"touser", "template_id", "data"}, {"url", "miniprogram", "client_msg_id"})
        if fault := self.token_fault(request):
            return web.json_response(error(fault))
        if not str(body.get("template_id", "")).startswith("tpl"):
            return web.json_response(error(40037))
        return web.json_response(error(0 if self.fans[body["touser"]].follows else 43004))

    async def _notice(self, request: web.Request) -> web.Response:
        body = await self.json_of(request) or {}
        self.demand(request.path, body, {"touser", "template_id", "data"}, {"page", "miniprogram"})
        if fault := self.token_fault(request):
            return web.json_response(error(fault))
        if not str(body.get("template_id", "")).startswith("tpl"):
            return web.json_response(error(40037))
        if body["template_id"] not in self.fans[body["touser"]].subscribed:
            return web.json_response(error(43101))
        values = [one.get("value") if isinstance(one, dict) else None for one in body["data"].values()]
        if not values or not all(isinstance(value, str) and 0 < len(value) <= 20 for value in values):
            return web.json_response(error(47003))
        # One subscription lets one notice through.
        self.fans[body["touser"]].subscribed.discard(body["template_id"])
        self.notices.append(body)
        return web.json_response(error(0))

    async def _menu(self, request: web.Request) -> web.Response:
        body = await self.json_of(request) or {}
        self.demand(request.path, body, {"button"})
        if fault := self.token_fault(request) or self._menu_fault(body.get("button", []), 3, 16):
            return web.json_response(error(fault))
        self.menus.append(body)
        return web.json_response(error(0))

    def _menu_fault(self, buttons: list[dict[str, Any]], most: int, longest: int) -> int:
        if not 1 <= len(buttons) <= most:
            return 40016
        for button in buttons:
            below = button.get("sub_button", [])
            self.demand("menu", button, {"name", "sub_button"} if below else {"type", "name"}, {"key", "url"})
            if not 0 < len(button["name"].encode()) <= longest:
                return 40018
            if not below and len(button.get("key" if button.get("type") == "click" else "url", "").encode()) not in range(1, 129):
                return 40019
            if below and (fault := self._menu_fault(below, 5, 60)):
                return fault
        return 0

    async def _media(self, request: web.Request) -> web.StreamResponse:
        if fault := self.token_fault(request):
            return web.json_response(error(fault))
        id = request.query.get("media_id", "")
        if id not in self.media:
            # Errors come as plain text here.
            return web.Response(text='{"errcode":40007,"errmsg":"invalid media_id"}', content_type="text/plain")
        content, kind = self.media[id]
        return web.Response(body=content, content_type=kind, headers={"Content-disposition": 'attachment; filename="x.jpg"'})

    async def _quota(self, request: web.Request) -> web.Response:
        body = await self.json_of(request) or {}
        self.demand(request.path, body, {"cgi_path"})
        if fault := self.token_fault(request):
            return web.json_response(error(fault))
        used = self.calls[body["cgi_path"]]
        quota = {"daily_limit": self.calls_allowed, "used": used, "remain": self.calls_allowed - used}
        return web.json_response({**error(0), "quota": quota})


@dataclass
class Outcome:
    """What became of one thing that a citizen did: how each attempt was answered (0: in time by nobody), and what was shown."""

    statuses: list[int] = field(default_factory=list)
    shown: str = ""
    bodies: list[bytes] = field(default_factory=list)


class Pusher:
    """Delivers to the account's address, as WeChat does.

    Args:
        url: the address in the console. mode: how messages are encrypted.
        deliveries: so often the same is delivered in all, until it is answered. seconds: so long an answer is waited for.
    """

    def __init__(
        self, wechat: WeChat, url: str, *, mode: str = SAFE, deliveries: int = 3, seconds: float = 5, token: str = TOKEN,
        aes_key: str = AES_KEY, app_id: str = APP_ID,
    ) -> None:  # fmt: skip
        self.wechat = wechat
        self.url = url
        self.mode = mode
        self.deliveries = deliveries
        self.seconds = seconds
        self.token = token
        self.app_id = app_id
        self.crypto = WeChatCrypto(token, aes_key, app_id)
        self._ids = count(23_000_000_000_000_000)
        self._nonces = count(1_000_000_000)

    async def verify(self, echo: str = "5837397576500011341", **wrong: str) -> tuple[int, str]:
        """Check the address, as the console does when it is saved."""
        query = {**self.signed(), "echostr": echo, **wrong}
        async with aiohttp.ClientSession() as session, session.get(self.url, params=query) as answer:
            return answer.status, await answer.text()

    async def say(self, openid: str, text: str, **more: str) -> Outcome:
        """Deliver words."""
        return await self.push(openid, "text", Content=text, **more)

    async def event(self, openid: str, event: str, **more: str) -> Outcome:
        """Deliver an event."""
        return await self.push(openid, "event", Event=event, **more)

    async def push(self, openid: str, kind: str, **more: str) -> Outcome:
        """Deliver, again where nothing is answered in time, and show the citizen what is answered at last."""
        fields = self.message(openid, kind, **more)
        self.wechat.opened(openid, fields.get("Event", kind))
        if fields.get("Event") == "unsubscribe":
            self.wechat.fans[openid].follows = False
        return await self.deliver(openid, fields)

    async def deliver(self, openid: str, fields: dict[str, str]) -> Outcome:
        """Deliver a message with an id of its own until it is answered."""
        outcome = Outcome()
        for _ in range(self.deliveries):
            status, body = await self.attempt(openid, *self.wrapped(openid, fields))
            outcome.statuses.append(status)
            outcome.bodies.append(body)
            if status == 200:
                outcome.shown = self.read(openid, body)
                break
        else:
            outcome.shown = UNAVAILABLE
        if outcome.shown:
            self.wechat.fans[openid].seen.append(outcome.shown)
        return outcome

    async def attempt(self, openid: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Post once; 0 when nothing came in time."""
        headers = {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0"}
        timeout = aiohttp.ClientTimeout(total=self.seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self.url, params=query, data=body, headers=headers) as answer,
            ):
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            return 0, b""

    def message(self, openid: str, kind: str, **more: str) -> dict[str, str]:
        """Return the fields of a message; events have no id."""
        head = {"ToUserName": GH, "FromUserName": openid, "CreateTime": self._now(), "MsgType": kind}
        return {**head, **more} if kind == "event" else {**head, "MsgId": str(next(self._ids)), **more}

    def wrapped(self, openid: str, fields: dict[str, str]) -> tuple[dict[str, str], bytes]:
        """Return address and body of a delivery in the chosen mode."""
        plain = _xml(fields)
        query = {**self.signed(), "openid": openid}
        if self.mode == PLAIN:
            return query, plain.encode()
        sealed = ElementTree.fromstring(self.crypto.encrypt_message(plain, query["nonce"], query["timestamp"]))
        encrypted = sealed.findtext("Encrypt") or ""
        query |= {"encrypt_type": "aes", "msg_signature": sealed.findtext("MsgSignature") or ""}
        around = fields if self.mode == COMPATIBLE else {"ToUserName": fields["ToUserName"]}
        return query, _xml({**around, "Encrypt": encrypted}).encode()

    def signed(self) -> dict[str, str]:
        """Return time, nonce and signature of a delivery."""
        timestamp, nonce = self._now(), str(next(self._nonces))
        return {"signature": _sha1(self.token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}

    def read(self, openid: str, body: bytes) -> str:
        """Return what an answer shows to the citizen; empty for nothing."""
        if body in (b"", b"success"):
            return ""
        try:
            return self._reply(openid, body)
        except (ElementTree.ParseError, InvalidSignatureException, InvalidAppIdException, ValueError, KeyError) as fault:
            self.wechat.violations.append(f"passive reply: {type(fault).__name__} {fault}")
            return UNAVAILABLE

    def _reply(self, openid: str, body: bytes) -> str:
        fields = _fields(body)
        if self.mode == SAFE:
            _demand(set(fields) == {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}, f"has {sorted(fields)}")
        if "Encrypt" in fields:
            inner = self.crypto.decrypt_message(body, fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"])
            fields = _fields(inner.encode() if isinstance(inner, str) else inner)
        _demand(set(fields) == {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"}, f"has {sorted(fields)}")
        _demand(fields["ToUserName"] == openid and fields["FromUserName"] == GH, "goes to somebody else")
        # A service that runs beside has a clock of its own.
        _demand(abs(int(fields["CreateTime"]) - int(self._now())) <= 5 and fields["MsgType"] == "text", "has another time or kind")
        _demand(0 < len(fields["Content"].encode()) <= _TEXT_BYTES, "is empty or too large")
        return fields["Content"]

    def _now(self) -> str:
        return str(int(self.wechat.clock.now().timestamp()))


def _demand(right: bool, words: str) -> None:
    if not right:
        raise ValueError(words)


def _fields(body: bytes) -> dict[str, str]:
    return {child.tag: child.text or "" for child in ElementTree.fromstring(body.decode())}


def _sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def _xml(fields: dict[str, str]) -> str:
    return f"<xml>{''.join(_elements(fields))}</xml>"


def _elements(fields: dict[str, str]) -> Iterator[str]:
    for name, value in fields.items():
        # As they do it: numbers bare, words as CDATA, and what holds elements of its own as it is.
        safe = value.replace("]]>", "]]]]><![CDATA[>")
        yield f"<{name}>{value}</{name}>" if name in _BARE or value.startswith("<") else f"<{name}><![CDATA[{safe}]]></{name}>"
