"""The citizen API over HTTP: the contract of `openapi.yml`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from zhixun.channels.origins import SITE
from zhixun.channels.partners.door import PartnerDoor, bearer_of
from zhixun.channels.shapes import openapi, read_json
from zhixun.doors import PARTNER
from zhixun.errors import CitizenError
from zhixun.limits import ADDRESS, OPENINGS, RECEIPTS, SESSION, Limiter
from zhixun.messages import Entry, Reply, Turn, dump

__all__ = ["Citizens", "Ratings", "Turns", "WebDoor", "entry_for_citizen"]


class Citizens(Protocol):
    """What the door needs of the conversation."""

    async def open(
        self, channel: str, region: str, consent: bool, through: Mapping[str, str] = ...
    ) -> tuple[str, str, tuple[Reply, ...]]:
        """Begin a consultation, for a partner's user, on another site or by oneself: session token, number, greeting."""

    async def find(self, token: str) -> str:
        """Return the consultation of a session."""

    async def transcript(self, number: str, after: int = 0) -> tuple[str, list[Entry]]:
        """Return the owner and the entries above `after`."""

    async def delivered(self, number: str, through: int) -> None:
        """Note what has reached the citizen."""

    async def close(self, number: str, by: str = "citizen") -> str:
        """Close and seal; returns the receipt's code."""


class Ratings(Protocol):
    """Keeps what citizens think of a consultation."""

    async def rate(self, number: str, scores: Mapping[str, int], words: str, subject: str = "") -> None:
        """Keep a rating: of what staff did, or of what the program did; empty for staff where they spoke."""

    async def to_rate(self, number: str) -> tuple[str, ...]:
        """Return what can still be rated."""


class Turns(Protocol):
    """Takes messages."""

    async def say(self, number: str, text: str, message_id: str | None = None) -> Turn:
        """Take one message and return the turn."""


@dataclass(frozen=True, slots=True)
class WebDoor:
    """The routes of the citizen API.

    Args:
        site: what `/api/v1/site` tells the page that asks; raises CitizenError when it names a site that is not its own.
        clause: what is known of a cited clause; raises CitizenError when there is none.
        receipt: what a receipt's holder may see; raises CitizenError when number or code is wrong.
        regions: the regions a session may be opened for; the first is the deployment's own.
        partners: checks the keys of other systems, and counts what comes with them.
        trusted_proxy: take the sender's address from X-Forwarded-For.
    """

    citizens: Citizens
    ratings: Ratings
    turns: Turns
    limiter: Limiter
    site: Callable[[web.Request], Mapping[str, Any]]
    clause: Callable[[str, str], Mapping[str, Any]]
    receipt: Callable[[str, str], Awaitable[Mapping[str, Any]]]
    regions: tuple[str, ...]
    partners: PartnerDoor
    trusted_proxy: bool

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to be added to the application."""
        return [
            web.get("/api/v1/site", self._site),
            web.post("/api/v1/sessions", self._open),
            web.post("/api/v1/messages", self._say),
            web.get("/api/v1/messages", self._transcript),
            web.post("/api/v1/rating", self._rate),
            web.post("/api/v1/close", self._close),
            web.post("/api/v1/receipts", self._receipt),
            web.get("/api/v1/clauses", self._clause),
            web.get("/api/v1/partner/consultations/{number}", self._standing),
            web.get("/openapi.json", self._openapi),
        ]

    def address(self, request: web.Request) -> str:
        """Return who sends: the peer, or what a trusted proxy says."""
        forwarded = request.headers.get("X-Forwarded-For", "") if self.trusted_proxy else ""
        return forwarded.rsplit(",", 1)[-1].strip() or request.remote or "unknown"

    async def _site(self, request: web.Request) -> web.Response:
        return web.json_response(self.site(request))

    async def _openapi(self, request: web.Request) -> web.Response:
        return web.json_response(openapi())

    async def _open(self, request: web.Request) -> web.Response:
        key = await self.partners.opens(bearer_of(request), self.address(request))
        body = await read_json(request, "OpenRequest")
        region = body.get("region") or self.regions[0]
        if region not in self.regions:
            raise CitizenError(f"地区应为：{'、'.join(self.regions)}。", code="bad_field", field="region")
        channel = body.get("channel", PARTNER if key else "api")
        if (channel == PARTNER) != bool(key):
            raise CitizenError("接入系统请带上密钥，渠道写 partner 或不写。", code="bad_field", field="channel")
        consent = bool(body.get("consent", False))
        if key is None:
            self.limiter.take(OPENINGS, self.address(request))
            through = {"site": request[SITE]} if SITE in request else {}
            token, number, replies = await self.citizens.open(channel, region, consent, through)
        else:
            token, number, replies = await self.citizens.open(channel, region, consent, {"partner": key.partner, "key": key.id})
            await self.partners.learn(token, number)
        opened = {"session": token, "consultation": number, "replies": dump(replies)}
        return web.json_response(opened, status=201)

    async def _say(self, request: web.Request) -> web.Response:
        number = await self.session(request)
        body = await read_json(request, "SayRequest")
        self.limiter.take(SESSION, number)
        turn = await self.turns.say(number, body["text"], body.get("message_id"))
        return web.json_response(dump(turn))

    async def _transcript(self, request: web.Request) -> web.Response:
        number = await self.session(request)
        after = request.query.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 10):
            raise CitizenError("参数 after 应为不小于 0 的整数。", code="bad_field", field="after")
        owner, entries = await self.citizens.transcript(number, int(after))
        if int(after):
            await self.citizens.delivered(number, int(after))
        shown = [shown for shown in map(entry_for_citizen, entries) if shown]
        last = entries[-1].seq if entries else int(after)
        return web.json_response({"consultation": number, "owner": owner, "entries": shown, "last": last})

    async def _rate(self, request: web.Request) -> web.Response:
        number = await self.session(request)
        body = await read_json(request, "RatingRequest")
        await self.ratings.rate(number, body["scores"], body.get("words", ""), body.get("subject", ""))
        return web.json_response({"ok": True})

    async def _close(self, request: web.Request) -> web.Response:
        number = await self.session(request)
        code = await self.citizens.close(number)
        told = {"consultation": number, "receipt": {"number": number, "code": code}, "sealed": True}
        return web.json_response({**told, "to_rate": await self.ratings.to_rate(number)})

    async def _receipt(self, request: web.Request) -> web.Response:
        self.limiter.take(RECEIPTS, self.address(request))
        body = await read_json(request, "ReceiptRequest")
        return web.json_response(await self.receipt(body["number"].strip(), body["code"].strip()))

    async def _clause(self, request: web.Request) -> web.Response:
        self.limiter.take(ADDRESS, self.address(request))
        return web.json_response(self.clause(request.query.get("source", ""), request.query.get("at", "")))

    async def _standing(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        return web.json_response(await self.partners.standing(bearer_of(request), self.address(request), number))

    async def session(self, request: web.Request) -> str:
        """Return the consultation of who sends.

        Raises:
            CitizenError: (401) the request carries no valid session.
            TryLater: too many requests come from the same address.
        """
        token = bearer_of(request)
        self.partners.count(token, self.address(request))
        if token is None:
            raise CitizenError("请先开始咨询（缺少会话凭证）。", code="no_session", status=401)
        number = await self.citizens.find(token)
        await self.partners.learn(token, number)
        return number

    def sender(self, request: web.Request, number: str) -> str:
        """Return whom uploads are counted for: an address, or, of a partner's users, who share one, the consultation."""
        return number if self.partners.knows(bearer_of(request)) else self.address(request)


def entry_for_citizen(entry: Entry) -> dict[str, Any] | None:
    """Return what a citizen may see of a journal entry; None for what is not said to anyone."""
    if entry.kind not in ("said", "attached"):
        return None
    private = entry.private or {}
    shown: dict[str, Any] = {
        "seq": entry.seq,
        "time": entry.time,
        "from": entry.actor if entry.actor in ("citizen", "bot", "system") else "staff",
        "text": private.get("name" if entry.kind == "attached" else "text", "（内容已按请求删除）"),
    }
    if entry.kind == "attached":
        kept = {"attachment": {name: entry.open[name] for name in ("id", "type", "size")}} if private else {}
        return {**shown, "kind": "attachment", **kept}
    shown |= {
        "knowledge": list(entry.open.get("knowledge", ())),
        "basis": private.get("basis", []),
        "buttons": private.get("buttons", []),
        "kind": entry.open.get("kind", "text"),
    }
    return {**shown, "message_id": entry.open["message_id"]} if entry.actor == "citizen" and "message_id" in entry.open else shown
