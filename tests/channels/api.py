"""The citizen API over a real socket, every answer of which is held against `openapi.yml`."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import jsonschema
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from tests.channels.partnership import partners_of
from tests.support import Office, real_knowledge
from zhixun.archive.attachments import Attachments, folder_beside
from zhixun.archive.durable import write_once
from zhixun.channels.attachments import AttachmentDoor
from zhixun.channels.embed import EmbedPages
from zhixun.channels.faults import faults
from zhixun.channels.forms import FormPages
from zhixun.channels.origins import Host, Origins
from zhixun.channels.pages import Pages, guard
from zhixun.channels.partners.door import PartnerDoor
from zhixun.channels.shapes import openapi
from zhixun.channels.socket import SocketDoor
from zhixun.channels.web import WebDoor
from zhixun.channels.windows import Windows
from zhixun.joined import Progress, RatingForms, Received
from zhixun.knowledge.clauses import Clauses
from zhixun.knowledge.services.page import catalogue_page
from zhixun.limits import Bucket, Limiter
from zhixun.partnered import Partners, Standing
from zhixun.requests.codes import Codes

REGIONS = ("西宁市", "青海省", "全国")
MAX_BODY = 64 * 1024
DESCRIBED = openapi()
NOBODY = "nobody-holds-this-session"
Scenario = TypeVar("Scenario")


class Cases(dict[tuple[str, str, int], Scenario]):
    """How each documented answer comes about, by method, path and status."""

    def enter(self, method: str, path: str, status: int) -> Callable[[Scenario], Scenario]:
        """Enter what is decorated."""

        def enter(scenario: Scenario) -> Scenario:
            self[method, path, status] = scenario
            return scenario

        return enter


@dataclass
class Answer:
    """What came back, already found to be as described."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Api:
    """A citizen's program."""

    office: Office
    base: str
    http: ClientSession
    windows: Windows
    limiter: Limiter
    seconds: list[float]
    files: Attachments
    partners: Partners
    application: web.Application
    ready: list[bool] = field(default_factory=lambda: [True])
    carried: list[str] = field(default_factory=list)

    async def call(
        self, method: str, path: str, body: Any = None, *, session: str = "", raw: bytes | None = None, **more: Any
    ) -> Answer:
        """Send a request; the answer must be one that openapi.yml describes for it."""
        headers = {**({"Authorization": f"Bearer {session}"} if session else {}), **more.pop("headers", {})}
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        async with self.http.request(method, self.base + path, data=data, headers=headers, **more) as response:
            raw = await response.read()
            kind = response.content_type
            body = json.loads(raw) if "json" in kind else raw.decode() if kind.startswith("text/") else raw
            answer = Answer(response.status, body, dict(response.headers))
        hold_against_description(method, path.partition("?")[0], answer)
        return answer

    async def open(self, key: str = "", **body: Any) -> tuple[str, str]:
        """Open a consultation, with a partner's key where one is given; returns session and number."""
        opened = await self.call("POST", "/api/v1/sessions", body, session=key)
        assert opened.status == 201
        return opened.body["session"], opened.body["consultation"]

    def exhaust(self, bucket: Bucket, who: str = "127.0.0.1") -> None:
        """Use up the bucket of `who`, as a crowd behind the same address does."""
        for _ in range(int(bucket.burst)):
            self.limiter.take(bucket, who)

    async def say(self, session: str, text: str, message_id: str | None = None) -> Answer:
        body = {"text": text} | ({"message_id": message_id} if message_id else {})
        return await self.call("POST", "/api/v1/messages", body, session=session)

    @asynccontextmanager
    async def window(self, session: str, after: int = 0, first: Any = None) -> AsyncIterator[Window]:
        """Open a WebSocket and send the first frame."""
        async with self.http.ws_connect(self.base + "/api/v1/ws") as socket:
            await socket.send_json({"session": session, "after": after} if first is None else first)
            yield Window(socket)


@dataclass
class Window:
    """An open WebSocket."""

    socket: ClientWebSocketResponse

    async def frame(self) -> dict[str, Any]:
        """Return the next frame, which must be one of the described kinds."""
        message = await self.socket.receive(timeout=10)
        assert message.type is WSMsgType.TEXT, message
        frame = json.loads(message.data)
        _check_frame(frame)
        return dict(frame)

    async def entries(self, until: int) -> list[dict[str, Any]]:
        """Return the shown entries until the one at `until` has come."""
        found: list[dict[str, Any]] = []
        while not found or found[-1]["seq"] < until:
            found += (await self.frame()).get("entries", [])
        return found

    async def closed(self) -> int | None:
        """Return the closing code; nothing may come before it."""
        message = await self.socket.receive(timeout=10)
        assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING), message
        return self.socket.close_code


def hold_against_description(method: str, path: str, answer: Answer) -> None:
    """Fail when openapi.yml does not describe this answer."""
    path = re.sub(r"^(/api/v1/attachments/)[^/]+$", r"\1{id}", path)
    path = re.sub(r"^(/api/v1/partner/consultations/)[^/]+$", r"\1{number}", path)
    operation = DESCRIBED["paths"].get(path, {}).get(method.lower())
    if operation is None:
        assert answer.status in (204, 404, 405), (method, path, answer.status)
        if answer.status != 204:
            validate(answer.body, "Error")
        return
    responses = operation["responses"]
    assert str(answer.status) in responses, f"{method} {path} answered {answer.status}, which is not described"
    response = responses[str(answer.status)]
    if "$ref" in response:
        response = DESCRIBED["components"]["responses"][response["$ref"].rsplit("/", 1)[-1]]
    if "application/json" in response.get("content", ()):
        validate(answer.body, response["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1])


def validate(value: Any, schema: str) -> None:
    """Fail when `value` does not have the form of the schema."""
    described = {"$ref": f"#/components/schemas/{schema}", "components": DESCRIBED["components"]}
    jsonschema.Draft202012Validator(described).validate(value)


def _check_frame(frame: dict[str, Any]) -> None:
    kind = frame["type"]
    if kind == "entries":
        assert frame["owner"] in ("bot", "queue", "staff", "closed")
        for entry in frame["entries"]:
            validate(entry, "Entry")
    elif kind == "error":
        validate({"error": frame["error"]}, "Error")
    else:
        assert kind in ("working", "closed"), frame


@asynccontextmanager
async def api_of(
    office: Office, *, limits: bool = False, trusted_proxy: bool = False, hosts: Sequence[Host] = (), public_url: str = ""
) -> AsyncIterator[Api]:
    """Serve the citizen's doors of `office` on loopback; time for the limiter stands still until the test turns it."""
    windows, seconds = Windows(), [0.0]
    limiter = Limiter(limits, lambda: seconds[0])
    office.consultations._wake = office.turns._wake = windows.wake
    knowledge, partners = real_knowledge(), partners_of(office)

    ratings = RatingForms(office.ratings, Codes(bytes(32)))
    progress = Progress(office.receipts, office.book, office.referrals, ratings)
    about = {"name": office.site.name, "office": office.site.office, "program": "程序", "notice": "告知", "regions": list(REGIONS),
             "quick": [], "hours": office.site.hours_words()}  # fmt: skip
    origins = Origins(about, hosts, public_url)
    door = WebDoor(
        citizens=office.consultations,
        ratings=office.ratings,
        turns=office.turns,
        limiter=limiter,
        site=origins.page,
        clause=Clauses(lambda: knowledge, lambda: date(2026, 11, 20), office.folder / "sources").find,
        receipt=progress.of,
        regions=REGIONS,
        partners=PartnerDoor(partners.keys, limiter, Standing(office.database, office.book, office.referrals).of),
        trusted_proxy=trusted_proxy,
    )  # fmt: skip
    ready, carried = [True], list[str]()

    async def readiness() -> tuple[bool, dict[str, Any]]:
        return ready[0], {"engine": {"ready": ready[0]}}

    static = office.folder / "static"
    static.mkdir()
    (static / "index.html").write_text("<!doctype html><title>页</title>")
    (static / "widget.js").write_text("export {}")
    application = web.Application(middlewares=[faults, origins.gate], client_max_size=MAX_BODY)
    application.on_response_prepare.extend((guard, origins.answer))
    application.add_routes(door.routes())
    files = Attachments(
        office.database, office.journal, folder_beside(office.folder / "archive"), office.site.phrases["attached"], spare=0
    )  # fmt: skip
    application.add_routes(AttachmentDoor(door, files, windows.wake).routes())
    application.router.add_get("/api/v1/ws", SocketDoor(door, windows, lambda _: False, carried.append).handle)
    forms = FormPages(
        site=about, services=catalogue_page(knowledge), limiter=limiter,
        receiver=Received(knowledge, office.site, office.clock, office.book), progress=progress.shown, address=door.address,
        ratings=ratings,
    )  # fmt: skip
    application.add_routes(forms.routes())
    application.add_routes(EmbedPages(about, hosts, static, office.folder / "widgets", public_url, write_once).routes())
    application.add_routes(Pages(static, readiness, CollectorRegistry()).routes())
    async with TestServer(application) as server, ClientSession() as http:
        base = f"http://{server.host}:{server.port}"
        yield Api(office, base, http, windows, limiter, seconds, files, partners, application, ready, carried)
