"""A faithful stand-in for Telegram: its Bot API on loopback, and what delivers updates to a webhook until they are taken.

Written from the protocol: methods under `/bot{token}/{method}`, whose name's letters may be written large or small, given as a
form, as JSON or in the address; answers `{"ok", "result"}` or `{"ok": false, "error_code", "description", "parameters"}`. What a
careful client would never send is written into `violations`.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.support import HandClock

TOKEN = "7123456789:AAFaithfulDoubleOfTelegram_0123456789"
BOT = TOKEN.partition(":")[0]
SECRET = "hush_it-is_0123456789"
STAFF = -1001234567890
FIELDS: dict[str, set[str]] = {
    "getme": set(),
    "getwebhookinfo": set(),
    "deletewebhook": {"drop_pending_updates"},
    "setwebhook": {"url", "certificate", "ip_address", "max_connections", "allowed_updates", "drop_pending_updates", "secret_token"},
    "getupdates": {"offset", "limit", "timeout", "allowed_updates"},
    "sendmessage": {"chat_id", "text", "reply_markup", "link_preview_options", "disable_notification", "protect_content"},
    "answercallbackquery": {"callback_query_id", "text", "show_alert", "url", "cache_time"},
    "getfile": {"file_id"},
    "getchat": {"chat_id"},
}
"""The methods, and the fields that each knows; a mark-up language is not among them on purpose."""
PORTS = (443, 80, 88, 8443)
LARGEST_FILE = 20 * 1024 * 1024

Given = dict[str, Any]


@dataclass(frozen=True)
class Trouble:
    """What happens instead of an answer: an error, or a line that breaks, before or after the work was done."""

    code: int = 0
    description: str = ""
    parameters: Given = field(default_factory=dict)
    breaks: str = ""
    raw: bytes | None = None


TOO_MANY = "Too Many Requests: retry after {}"
BLOCKED = Trouble(403, "Forbidden: bot was blocked by the user")
DEACTIVATED = Trouble(403, "Forbidden: user is deactivated")
NO_CHAT = Trouble(400, "Bad Request: chat not found")
BAD_GATEWAY = Trouble(502, "Bad Gateway")
LOST_AFTER = Trouble(breaks="after")
SILENT = Trouble(breaks="silent")


def flood(seconds: int) -> Trouble:
    return Trouble(429, TOO_MANY.format(seconds), {"retry_after": seconds})


def migrated(chat: int) -> Trouble:
    return Trouble(400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": chat})


@dataclass
class Telegram:
    """The other side.

    Attributes:
        sent: what arrived in chats: (chat, text, buttons). answered: the touches that were answered.
        troubles: by method, what happens at the next calls. hosts: where an address of a webhook really leads.
        deliveries: by update, the answers that the webhook gave.
    """

    clock: HandClock
    token: str = TOKEN
    sent: list[tuple[str, str, list[list[Given]]]] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    troubles: dict[str, list[Trouble]] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=lambda: {STAFF: "接待组"})
    webhook: Given = field(default_factory=dict)
    pending: list[Given] = field(default_factory=list)
    deliveries: dict[int, list[int]] = field(default_factory=dict)
    offsets: list[int] = field(default_factory=list)
    last_error: tuple[int, str] = (0, "")
    url: str = ""
    hang: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._updates = 100_000_000
        self._messages = 0
        self._some = asyncio.Event()
        self._poller: asyncio.Future[None] | None = None

    # --- What people do ---

    def update(self, **what: Given) -> Given:
        """Make an update of one kind."""
        self._updates += 1
        return {"update_id": self._updates, **what}

    def message(self, person: int = 5550001, chat: Given | None = None, **content: Any) -> Given:
        """Make a message as it comes from a person, by default in private."""
        self._messages += 1
        who = {"id": person, "is_bot": False, "first_name": "王", "language_code": "zh-hans"}
        chat = chat or {"id": person, "first_name": "王", "type": "private"}
        return {"message_id": self._messages, "from": who, "chat": chat, "date": int(self.clock.now().timestamp()), **content}

    def says(self, text: str, person: int = 5550001, **more: Any) -> Given:
        entities = [{"offset": 0, "length": len(text.split(maxsplit=1)[0]), "type": "bot_command"}] if text.startswith("/") else []
        return self.update(message=self.message(person, text=text, **({"entities": entities} if entities else {}), **more))

    def taps(self, title: str, person: int = 5550001, *, old: bool = False) -> Given:
        """Touch the newest button of that title in a person's chat; `old`: the message is too old to be shown to the bot."""
        chat, text, rows = next(
            one for one in reversed(self.sent) if one[0] == str(person) and any(b["text"] == title for row in one[2] for b in row)
        )  # fmt: skip
        data = next(button["callback_data"] for row in rows for button in row if button["text"] == title)
        who = {"id": person, "is_bot": False, "first_name": "王"}
        shown: Given = {"message_id": 1, "chat": {"id": int(chat), "type": "private"}, "date": 0}
        if not old:
            shown |= {"from": self.me(), "date": int(self.clock.now().timestamp()), "text": text, "reply_markup": {"inline_keyboard": rows}}
        return self.update(callback_query={
            "id": f"{self._updates}777", "from": who, "message": shown, "chat_instance": "-42", "data": data,
        })  # fmt: skip

    def member(self, status: str, person: int = 5550001) -> Given:
        who = {"id": person, "is_bot": False, "first_name": "王"}
        old = "member" if status == "kicked" else "kicked"
        return self.update(my_chat_member={
            "chat": {"id": person, "first_name": "王", "type": "private"}, "from": who, "date": int(self.clock.now().timestamp()),
            "old_chat_member": {"user": self.me(), "status": old}, "new_chat_member": {"user": self.me(), "status": status, "until_date": 0},
        })  # fmt: skip

    def me(self) -> Given:
        return {"id": int(BOT), "is_bot": True, "first_name": "知询", "username": "zhixun_test_bot"}

    def texts(self, person: int = 5550001) -> list[str]:
        return [text for chat, text, _ in self.sent if chat == str(person)]

    def wait(self, update: Given) -> None:
        """Keep an update until it is asked for."""
        self.pending.append(update)
        self._some.set()

    # --- What delivers ---

    async def push(self, update: Given, *, most: int = 5, between: Callable[[], Awaitable[None]] | None = None) -> list[int]:
        """Deliver an update to the webhook, again while it is not answered with 2xx; returns the answers."""
        return await self.push_raw(json.dumps(update).encode(), update["update_id"], most=most, between=between)

    async def push_raw(
        self, body: bytes, identity: int = 0, *, most: int = 1, between: Callable[[], Awaitable[None]] | None = None,
        secret: str | None = None,
    ) -> list[int]:  # fmt: skip
        headers = {"Content-Type": "application/json"}
        secret = self.webhook.get("secret_token", "") if secret is None else secret
        headers |= {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        answers: list[int] = []
        async with aiohttp.ClientSession() as session:
            for _ in range(most):
                async with session.post(self._leads(), data=io.BytesIO(body), headers=headers, allow_redirects=False) as answer:
                    answers.append(answer.status)
                if 200 <= answers[-1] < 300:
                    break
                self.last_error = (int(self.clock.now().timestamp()), f"Wrong response from the webhook: {answers[-1]}")
                if between is not None:
                    await between()
        self.deliveries.setdefault(identity, []).extend(answers)
        return answers

    def _leads(self) -> str:
        url = str(self.webhook["url"])
        outside = next(host for host in self.hosts if url.startswith(f"{host}/"))
        return self.hosts[outside] + url.removeprefix(outside)

    # --- The Bot API ---

    def trouble(self, method: str, *troubles: Trouble) -> None:
        self.troubles.setdefault(method.lower(), []).extend(troubles)

    async def call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        if request.match_info["token"] != self.token:
            return self._error(401, "Unauthorized")
        if method not in FIELDS:
            return self._error(404, "Not Found")
        self.calls.append(method)
        given = await self._given(request, method)
        trouble = self.troubles[method].pop(0) if self.troubles.get(method) else None
        if trouble is not None and not trouble.breaks:
            if trouble.raw is not None:
                return web.Response(body=trouble.raw, content_type="application/json")
            return self._error(trouble.code, trouble.description, trouble.parameters)
        if trouble is not None and trouble.breaks == "silent":
            await self.hang.wait()
        work: Callable[[Given], Awaitable[Any]] = getattr(self, f"_{method}")
        try:
            result = await work(given)
        except _RefusedError as error:
            return self._error(error.code, str(error))
        if trouble is not None and request.transport is not None:
            request.transport.abort()
        return web.json_response({"ok": True, "result": result})

    async def file(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["name"])
        if request.match_info["token"] != self.token or content is None:
            return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        return web.Response(body=content)

    async def _given(self, request: web.Request, method: str) -> Given:
        given: Given = dict(request.query)
        if request.content_type == "application/json":
            given |= await request.json()
        elif request.can_read_body:
            for name, value in (await request.post()).items():
                # In a form, what is not text is written as JSON.
                given[name] = json.loads(str(value)) if name in ("reply_markup", "link_preview_options", "allowed_updates") else value
        if unknown := set(given) - FIELDS[method]:
            self.violations.append(f"{method} does not know {sorted(unknown)}")
        return given

    def _error(self, code: int, description: str, parameters: Given | None = None) -> web.Response:
        told: Given = {"ok": False, "error_code": code, "description": description}
        return web.json_response({**told, **({"parameters": parameters} if parameters else {})}, status=code)

    async def _getme(self, given: Given) -> Given:
        return {**self.me(), "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    async def _setwebhook(self, given: Given) -> bool:
        url = aiohttp.client.URL(given.get("url", ""))
        if url.scheme != "https" or url.port not in PORTS:
            raise _RefusedError(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook = dict(given)
        return True

    async def _deletewebhook(self, given: Given) -> bool:
        self.webhook = {}
        return True

    async def _getwebhookinfo(self, given: Given) -> Given:
        info = {"url": self.webhook.get("url", ""), "has_custom_certificate": False, "pending_update_count": len(self.pending)}
        at, message = self.last_error
        return info | ({"last_error_date": at, "last_error_message": message} if message else {})

    async def _getupdates(self, given: Given) -> list[Given]:
        if self.webhook:
            words = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            raise _RefusedError(409, f"Conflict: {words}")
        if self._poller is not None and not self._poller.done():
            self._poller.set_result(None)  # the one that asked before is sent away
        mine = self._poller = asyncio.get_running_loop().create_future()
        offset, limit = int(given.get("offset", 0)), int(given.get("limit", 100))
        self.offsets.append(offset)
        self.pending = [one for one in self.pending if one["update_id"] >= offset]
        if not self.pending and float(given.get("timeout", 0)):
            self._some.clear()
            waiting = asyncio.ensure_future(self._some.wait())
            await asyncio.wait({mine, waiting}, timeout=float(given["timeout"]), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if mine.done():
                words = "terminated by other getUpdates request; make sure that only one bot instance is running"
                raise _RefusedError(409, f"Conflict: {words}")
        return self.pending[:limit]

    async def _sendmessage(self, given: Given) -> Given:
        chat, text = str(given.get("chat_id", "")), str(given.get("text", ""))
        if not text.strip():
            raise _RefusedError(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) > 2 * 4096:
            raise _RefusedError(400, "Bad Request: message is too long")
        rows = given.get("reply_markup", {}).get("inline_keyboard", [])
        for button in (button for row in rows for button in row):
            if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
                raise _RefusedError(400, "Bad Request: BUTTON_DATA_INVALID")
            if "url" in button and not button["url"].startswith("https://"):
                raise _RefusedError(400, "Bad Request: BUTTON_URL_INVALID")
            if not ({"callback_data", "url"} & set(button)) or not button.get("text"):
                raise _RefusedError(400, "Bad Request: can't parse inline keyboard button")
        self.sent.append((chat, text, rows))
        self._messages += 1
        kind = {"id": int(chat), "type": "private" if int(chat) > 0 else "supergroup"}
        return {"message_id": self._messages, "from": self.me(), "chat": kind, "date": int(self.clock.now().timestamp()), "text": text}

    async def _answercallbackquery(self, given: Given) -> bool:
        self.answered.append(str(given["callback_query_id"]))
        return True

    async def _getfile(self, given: Given) -> Given:
        identity = str(given["file_id"])
        if identity not in self.files:
            raise _RefusedError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(self.files[identity]) > LARGEST_FILE:
            raise _RefusedError(400, "Bad Request: file is too big")
        return {"file_id": identity, "file_unique_id": "u", "file_size": len(self.files[identity]), "file_path": f"photos/{identity}"}

    async def _getchat(self, given: Given) -> Given:
        title = self.groups.get(int(given["chat_id"]))
        if title is None:
            raise _RefusedError(400, "Bad Request: chat not found")
        return {"id": int(given["chat_id"]), "type": "supergroup" if int(given["chat_id"]) < 0 else "private", "title": title}


class _RefusedError(Exception):
    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code


@asynccontextmanager
async def telegram_at(clock: HandClock) -> AsyncIterator[Telegram]:
    """Serve the double on a free port of loopback."""
    double = Telegram(clock)
    application = web.Application(client_max_size=1024 * 1024)
    application.router.add_route("*", "/bot{token}/{method}", double.call)
    application.router.add_get("/file/bot{token}/photos/{name}", double.file)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    double.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield double
    finally:
        double.hang.set()
        double._some.set()
        await runner.cleanup()
