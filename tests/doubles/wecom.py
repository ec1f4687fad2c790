"""A stand-in for WeCom's customer service: the server that is called, what citizens and staff do in their clients, and the pusher.

Written from the protocol, with another implementation of its encryption than ours.
"""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web
from wechatpy.crypto import _get_signature
from wechatpy.work.crypto import PrpCrypto

from tests.doubles.tencent import Double, error
from tests.support import HandClock

CORP, SECRET, TOKEN = "wx5823bf96d3bd56c7", "5ecret0fTheApplication", "QDG6eK"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
KF, OTHER_KF = "wkAAAAAAAA0ffice00000000000000001", "wkBBBBBBBB0ffice00000000000000002"
NEW, BOT, POOL, PERSON, OVER = range(5)
_MOVES = {NEW: {BOT, POOL, PERSON, OVER}, BOT: {POOL, PERSON, OVER}, POOL: {PERSON, OVER}, PERSON: {PERSON, OVER}, OVER: set[int]()}
_KEPT = timedelta(days=3)
_TOKEN_LIFE = timedelta(minutes=10)
_CODE_LIFE = timedelta(seconds=20)
_WINDOW, _MOST = timedelta(hours=48), 5
_ID = re.compile(r"[0-9a-zA-Z_-]{1,32}")


@dataclass
class Session:
    """One citizen at one account; `seen` is what stands on the citizen's screen of what was sent there."""

    state: int = OVER
    servicer: str = ""
    left: int = 0
    until: datetime | None = None
    seen: list[str] = field(default_factory=list)
    menu: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Desk:
    """A customer service account: its list of messages, and who may serve; `on_duty` by user id."""

    name: str = "知识产权咨询"
    managed: bool = True
    on_duty: dict[str, bool] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)
    sent: dict[str, tuple[str, str]] = field(default_factory=dict)


class WeCom(Double):
    """The server.

    Attributes:
        page: the most items of a page. empty: so many empty pages come before the next item, each with more to follow.
        fails: by citizen, the `fail_type` with which messages fail after they were taken.
        deaf: so many of the next messages are taken, and the line breaks before the answer.
        bare: so many pulls a minute are allowed without a token. spent, late: what is answered beyond five messages and 48 hours.
        before_send: done once, in the moment between a look at a session and what is sent.
    """

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock)
        self.desks: dict[str, Desk] = {KF: Desk()}
        self.sessions: defaultdict[tuple[str, str], Session] = defaultdict(Session)
        self.page, self.empty, self.deaf, self.bare = 1000, 0, 0, 20
        self.spent, self.late = 95001, 95002
        self.fails: dict[str, int] = {}
        self.media: dict[str, tuple[bytes, str]] = {}
        self.limits: list[int] = []
        self.before_send: list[Callable[[], object]] = []
        self.forgotten: set[str] = set()
        self._pull_tokens: dict[str, tuple[str, datetime]] = {}
        self._codes: dict[str, tuple[str, str, datetime]] = {}
        self._bare: list[datetime] = []
        self._count = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/cgi-bin/gettoken", self._gettoken), web.post("/cgi-bin/kf/sync_msg", self._sync),
            web.post("/cgi-bin/kf/send_msg", self._send), web.post("/cgi-bin/kf/send_msg_on_event", self._send_on_event),
            web.post("/cgi-bin/kf/service_state/get", self._state), web.post("/cgi-bin/kf/service_state/trans", self._trans),
            web.get("/cgi-bin/kf/account/list", self._accounts), web.get("/cgi-bin/kf/servicer/list", self._servicers),
            web.get("/cgi-bin/media/get", self._media),
        ]  # fmt: skip

    # --- What people do in their clients

    def writes(self, peer: str, text: str, kf: str = KF, menu_id: str = "") -> str:
        return self.sends(peer, "text", kf, content=text, **({"menu_id": menu_id} if menu_id else {}))

    def sends(self, peer: str, kind: str, kf: str = KF, **body: Any) -> str:
        session = self.sessions[kf, peer]
        session.state = NEW if session.state == OVER else session.state
        session.left, session.until = _MOST, self.clock.now() + _WINDOW
        return self._listed(kf, {"open_kfid": kf, "external_userid": peer, "origin": 3, "msgtype": kind, kind: body})

    def taps(self, peer: str, place: int, kf: str = KF) -> str:
        entry = self.sessions[kf, peer].menu[place]
        return self.writes(peer, entry["content"], kf, entry["id"])

    def enters(self, peer: str, kf: str = KF, *, code: bool = True) -> str:
        more = {}
        if code:
            more = {"welcome_code": self._made("CODE")}
            self._codes[more["welcome_code"]] = (kf, peer, self.clock.now() + _CODE_LIFE)
        return self.event(kf, "enter_session", peer, scene="web", scene_param="", **more)

    def takes(self, peer: str, by: str, kf: str = KF) -> str:
        """Have somebody of the staff take a session from the pool, from a colleague, or up again."""
        session = self.sessions[kf, peer]
        change = {POOL: 1, PERSON: 2}.get(session.state, 4)
        before, session.state, session.servicer = session.servicer, PERSON, by
        return self.event(kf, "session_status_change", peer, change_type=change, old_servicer_userid=before, new_servicer_userid=by)

    def answers(self, peer: str, text: str, kf: str = KF) -> str:
        session = self.sessions[kf, peer]
        assert session.state == PERSON
        session.seen.append(text)
        return self._listed(kf, {"open_kfid": kf, "external_userid": peer, "servicer_userid": session.servicer, "origin": 5,
                                 "msgtype": "text", "text": {"content": text}})  # fmt: skip

    def ends(self, peer: str, kf: str = KF) -> str:
        session = self.sessions[kf, peer]
        before, session.state, session.servicer = session.servicer, OVER, ""
        return self.event(kf, "session_status_change", peer, change_type=3, old_servicer_userid=before, msg_code=self._made("MSG"))

    def event(self, kf: str, kind: str, peer: str = "", **more: Any) -> str:
        whose = {"external_userid": peer} if peer else {}
        return self._listed(kf, {"origin": 4, "msgtype": "event", "event": {"event_type": kind, "open_kfid": kf, **whose, **more}})

    def pull_token(self, kf: str = KF) -> str:
        token = self._made("ENC")
        self._pull_tokens[token] = (kf, self.clock.now() + _TOKEN_LIFE)
        return token

    def seen(self, peer: str, kf: str = KF) -> list[str]:
        return self.sessions[kf, peer].seen

    def _listed(self, kf: str, item: dict[str, Any]) -> str:
        id = self._made("4XYm59AKqyxTqvcVJ7u4i3eeo2LK2iLae3rg")
        self.desks[kf].items.append({"msgid": id, "send_time": int(self.clock.now().timestamp()), **item})
        return id

    def _made(self, head: str) -> str:
        self._count += 1
        return f"{head}{self._count:07}"

    # --- The server

    async def _gettoken(self, request: web.Request) -> web.Response:
        if request.query.get("corpid") != CORP:
            return web.json_response(error(40013))
        if request.query.get("corpsecret") != SECRET:
            return web.json_response(error(40001))
        return web.json_response({**error(0), **self.desk.stable()})

    async def _opened(self, request: web.Request, needed: set[str], allowed: set[str]) -> dict[str, Any] | int:
        """Return the body of a call, or the error code that it is answered with."""
        if fault := self.token_fault(request):
            return fault
        body = await self.json_of(request)
        if body is None:
            return 47001
        self.demand(request.path, body, needed, allowed)
        if "open_kfid" in needed and body.get("open_kfid") not in self.desks:
            return 95004
        return body

    async def _sync(self, request: web.Request) -> web.Response:
        body = await self._opened(request, {"open_kfid", "limit"}, {"cursor", "token", "voice_format"})
        if isinstance(body, int) or (body := self._fault_of_pull(body)) in (95007, 45009, 40058):
            return web.json_response(error(body))
        if self.empty and body["limit"]:
            self.empty -= 1
            at = self._place(body)
            return web.json_response({**error(0), "next_cursor": f"cur{at}-{self.empty}", "has_more": 1, "msg_list": []})
        kept = self.desks[body["open_kfid"]].items
        at = self._place(body)
        end = min(len(kept), at + min(body["limit"], self.page))
        more = int(end < len(kept))
        return web.json_response({**error(0), "next_cursor": f"cur{end}", "has_more": more, "msg_list": kept[at:end]})

    def _fault_of_pull(self, body: dict[str, Any]) -> Any:
        self.limits.append(body["limit"])
        cursor, token = body.get("cursor", ""), body.get("token", "")
        if not 1 <= body["limit"] <= 1000 or len(cursor) > 64 or len(token) > 128:
            self.violations.append("sync_msg: a value is out of range")
        if token:
            kf, until = self._pull_tokens.get(token, ("", self.clock.now()))
            if kf != body["open_kfid"] or until <= self.clock.now():
                return 95007
        else:
            self._bare = [moment for moment in self._bare if self.clock.now() - moment < timedelta(minutes=1)]
            if len(self._bare) >= self.bare:
                return 45009
            self._bare.append(self.clock.now())
        return 40058 if cursor in self.forgotten else body

    def _place(self, body: dict[str, Any]) -> int:
        if body.get("cursor"):
            return int(body["cursor"].removeprefix("cur").partition("-")[0])
        oldest = int((self.clock.now() - _KEPT).timestamp())
        kept = self.desks[body["open_kfid"]].items
        return next((place for place, item in enumerate(kept) if item["send_time"] >= oldest), len(kept))

    async def _send(self, request: web.Request) -> web.Response:
        body = await self._opened(request, {"touser", "open_kfid", "msgtype"}, {"msgid", "text", "msgmenu"})
        if isinstance(body, int):
            return web.json_response(error(body))
        for done in self.before_send:
            done()
        self.before_send.clear()
        session = self.sessions[body["open_kfid"], body["touser"]]
        if code := self._fault_of_id(body["open_kfid"], body) or self._fault_of_session(session):
            return web.json_response(error(code))
        session.left -= 1
        return self._sent(request, body["open_kfid"], body["touser"], body)

    def _fault_of_id(self, kf: str, body: dict[str, Any]) -> int:
        id = body.get("msgid", "")
        return 40058 if "msgid" in body and (not _ID.fullmatch(id) or id in self.desks[kf].sent) else 0

    def _fault_of_session(self, session: Session) -> int:
        if session.state not in (NEW, BOT):
            return 95018
        if session.until is None or session.until <= self.clock.now():
            return self.late
        return self.spent if session.left < 1 else 0

    async def _send_on_event(self, request: web.Request) -> web.Response:
        body = await self._opened(request, {"code", "msgtype"}, {"msgid", "text", "msgmenu"})
        if isinstance(body, int):
            return web.json_response(error(body))
        kf, peer, until = self._codes.pop(body["code"], ("", "", self.clock.now()))
        if not kf or until <= self.clock.now() or self._fault_of_id(kf, body):
            return web.json_response(error(40058))
        return self._sent(request, kf, peer, body)

    def _sent(self, request: web.Request, kf: str, peer: str, body: dict[str, Any]) -> web.Response:
        """Show a message to the citizen, or take it and fail."""
        id = body.get("msgid") or self._made("OWN")
        shown = self._shown(body)
        self.desks[kf].sent[id] = (peer, shown)
        if (kind := self.fails.get(peer)) is not None:
            self.event(kf, "msg_send_fail", peer, fail_msgid=id, fail_type=kind)
        else:
            self.sessions[kf, peer].seen.append(shown)
            if body["msgtype"] == "msgmenu":
                self.sessions[kf, peer].menu = [one["click"] for one in body["msgmenu"]["list"]]
        if self.deaf:
            self.deaf -= 1
            assert request.transport is not None
            request.transport.close()
        return web.json_response({**error(0), "msgid": id})

    def _shown(self, body: dict[str, Any]) -> str:
        if body["msgtype"] == "text":
            self.demand("text", body["text"], {"content"})
            self._demand_size("text", body["text"]["content"], 2048)
            return str(body["text"]["content"])
        menu = body["msgmenu"]
        self.demand("msgmenu", menu, {"list"}, {"head_content", "tail_content"})
        self._demand_size("head_content", menu.get("head_content", ""), 1024)
        if not 1 <= len(menu["list"]) <= 10:
            self.violations.append("msgmenu: too many entries")
        for one in menu["list"]:
            self.demand("entry", one, {"type", "click"})
            self.demand("click", one["click"], {"id", "content"})
            self._demand_size("id", one["click"]["id"], 64)
            self._demand_size("entry", one["click"]["content"], 128)
        lines = [menu.get("head_content", ""), *(one["click"]["content"] for one in menu["list"]), menu.get("tail_content", "")]
        return "\n".join(lines)

    def _demand_size(self, what: str, text: str, most: int) -> None:
        if not 1 <= len(text.encode()) <= most:
            self.violations.append(f"{what}: {len(text.encode())} bytes")

    async def _state(self, request: web.Request) -> web.Response:
        body = await self._opened(request, {"open_kfid", "external_userid"}, set())
        if isinstance(body, int):
            return web.json_response(error(body))
        session = self.sessions[body["open_kfid"], body["external_userid"]]
        return web.json_response({**error(0), "service_state": session.state, "servicer_userid": session.servicer})

    async def _trans(self, request: web.Request) -> web.Response:
        body = await self._opened(request, {"open_kfid", "external_userid", "service_state"}, {"servicer_userid"})
        if isinstance(body, int):
            return web.json_response(error(body))
        session, state = self.sessions[body["open_kfid"], body["external_userid"]], body["service_state"]
        if state not in _MOVES[session.state]:
            return web.json_response(error(95016))
        servicer = body.get("servicer_userid", "")
        if state == PERSON and not self.desks[body["open_kfid"]].on_duty.get(servicer):
            return web.json_response(error(95014))
        session.state, session.servicer = state, servicer
        return web.json_response({**error(0), **({"msg_code": self._made("MSG")} if state in (POOL, PERSON, OVER) else {})})

    async def _accounts(self, request: web.Request) -> web.Response:
        if fault := self.token_fault(request):
            return web.json_response(error(fault))
        listed = [{"open_kfid": id, "name": one.name, "avatar": "", "manage_privilege": one.managed} for id, one in self.desks.items()]
        return web.json_response({**error(0), "account_list": listed})

    async def _servicers(self, request: web.Request) -> web.Response:
        if fault := self.token_fault(request):
            return web.json_response(error(fault))
        on_duty = self.desks[request.query["open_kfid"]].on_duty
        listed = [{"userid": name, "status": 0 if here else 1} for name, here in on_duty.items()]
        return web.json_response({**error(0), "servicer_list": listed})

    async def _media(self, request: web.Request) -> web.Response:
        if fault := self.token_fault(request):
            return web.json_response(error(fault))
        if request.query.get("media_id") not in self.media:
            return web.json_response(error(40007))
        content, kind = self.media[request.query["media_id"]]
        return web.Response(body=content, content_type=kind)


@dataclass
class Pusher:
    """Signs, encrypts and delivers, as WeCom's servers do.

    Attributes:
        url: where to.
    """

    server: WeCom
    url: str
    token: str = TOKEN
    corp: str = CORP

    async def calls(self, kf: str = KF, token: str | None = None, **forged: str) -> tuple[int, bytes]:
        """Tell that there is something; returns status and body of the answer."""
        inner = (
            f"<xml><ToUserName><![CDATA[{self.corp}]]></ToUserName><CreateTime>{self._now}</CreateTime>"
            "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[kf_msg_or_event]]></Event>"
            f"<Token><![CDATA[{self.server.pull_token(kf) if token is None else token}]]></Token>"
            f"<OpenKfId><![CDATA[{kf}]]></OpenKfId></xml>"
        )
        encrypted = self.encrypted(inner)
        whom = f"<ToUserName><![CDATA[{self.corp}]]></ToUserName><AgentID><![CDATA[]]></AgentID>"
        outer = f"<xml>{whom}<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        async with aiohttp.ClientSession() as http, http.post(self.url, params=self._signed(encrypted, forged), data=outer) as answer:
            return answer.status, await answer.read()

    async def checks(self, words: str, **forged: str) -> tuple[int, bytes]:
        """Check the address, as the console does when it is saved."""
        encrypted = self.encrypted(words)
        query = {**self._signed(encrypted, forged), "echostr": encrypted}
        async with aiohttp.ClientSession() as http, http.get(self.url, params=query) as answer:
            return answer.status, await answer.read()

    def encrypted(self, words: str) -> str:
        return str(PrpCrypto(base64.b64decode(AES_KEY + "=")).encrypt(words, self.corp).decode())

    def _signed(self, encrypted: str, forged: dict[str, str]) -> dict[str, str]:
        signed = _get_signature(self.token, self._now, "nonce1", encrypted)
        return {"msg_signature": signed, "timestamp": self._now, "nonce": "nonce1", **forged}

    @property
    def _now(self) -> str:
        return str(int(self.server.clock.now().timestamp()))
