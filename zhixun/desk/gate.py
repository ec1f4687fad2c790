"""The one door of the desk: who asks, whether they may, whether the request comes from our own page, and how faults are told."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import BodyPartReader, web

from zhixun import posted
from zhixun.desk.access import ACCESS, ANYONE, HALF, allowed
from zhixun.desk.staff import ENROL, FULL, PASSWORD, RENEW, Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError, OurFault, TryLater, ZhixunError
from zhixun.limits import ADDRESS, DESK, Limiter

__all__ = ["COOKIE", "NOBODY", "Gate", "Handler", "Route", "fields_of", "file_of"]

COOKIE = "__Host-zhixun-desk"
_LONGEST = 4000
_MOST_BEFORE = 20
"""So many fields may stand before a file: they are read before it is known who sent them."""
_BEFORE_SECONDS = 60
"""So long they may be on their way, with the first piece of the file, which the reader looks ahead into."""
_FIELDS = web.RequestKey("fields", dict[str, str])
_FILE = web.RequestKey("file", BodyPartReader)
"""Of a form with a file: what stands before the file, and the file itself, still on its way."""
_ALWAYS = ("/desk/logout", "/desk/here")
_STREAM = "/desk/events"
_SORRY = "系统出了问题，这一步没有完成。已保存的内容不受影响，请稍后再试。"
_STAGES = {PASSWORD: "/desk/code", ENROL: "/desk/enrol", RENEW: "/desk/password"}
_log = logging.getLogger(__name__)

Handler = Callable[[web.Request, Staff], Awaitable[web.StreamResponse]]
Route = tuple[str, str, Handler]
"""Method, path, and what answers; a handler of a route for anyone is given nobody (`Staff` with an empty name)."""

NOBODY = Staff("", "", "clerk", (), "", "", "")


class Sessions(Protocol):
    """Who has signed in."""

    async def find(self, token: str) -> Staff | None:
        """Return whose session it is, and note that the person is there; None when it is nobody's any more."""

    async def peek(self, token: str) -> Staff | None:
        """Return whose session it is, without keeping it alive."""


class Gate:
    """Guards routes.

    Args:
        address: who sends a request.
    """

    def __init__(self, sessions: Sessions, view: View, limiter: Limiter, address: Callable[[web.Request], str]) -> None:
        self._sessions = sessions
        self._view = view
        self._limiter = limiter
        self._address = address

    def guard(self, routes: Sequence[Route]) -> list[web.RouteDef]:
        """Return the routes with the guard before each.

        Raises:
            OurFault: a route does not stand in the table of access.
        """
        for method, path, _ in routes:
            if (method, path) not in ACCESS:
                raise OurFault(f"路由 {method} {path} 不在权限表里。")
        return [web.route(method, path, self._guarded(handler, ACCESS[method, path])) for method, path, handler in routes]

    def _guarded(self, handler: Handler, roles: frozenset[str]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            staff: Staff | None = None
            try:
                # What a page asks by itself must not keep the session of somebody alive who went home; a browser calls for the
                # stream again and again.
                passive = request.headers.get("X-Passive") or request.path == _STREAM
                staff = await (self._sessions.peek if passive else self._sessions.find)(request.cookies.get(COOKIE, ""))
                # A whole office sits behind one address, and each of its pages asks again whenever somebody speaks.
                self._limiter.take(*((ADDRESS, self._address(request)) if staff is None else (DESK, staff.name)))
                refused = await self._refusal(request, staff, roles)
                if refused is not None:
                    return refused
                return await handler(request, staff or NOBODY)
            except ZhixunError as error:
                return self._fault(request, staff, error.status, error.message, retry=isinstance(error, TryLater))
            except web.HTTPRequestEntityTooLarge:
                return self._fault(request, staff, 413, "内容太长了，请精简以后再提交。")
            except web.HTTPException:
                raise
            except Exception as error:  # the end of the way: staff get a page, the log gets no words of anybody
                _log.error("%s failed: %s", request.path, type(error).__name__, exc_info=_log.isEnabledFor(logging.DEBUG))
                return self._fault(request, staff, 500, _SORRY)

        return handle

    async def _refusal(self, request: web.Request, staff: Staff | None, roles: frozenset[str]) -> web.Response | None:
        """Return what somebody is told who may not go there; None for who may."""
        acts = request.method != "GET"
        words = ""
        if acts and not _from_here(request):
            words = "这个请求不是从本站页面发出的，没有执行。"
        elif roles is not ANYONE:
            if staff is None:
                return self._away(request, "/desk/login")
            if staff.stage != FULL and not (roles is HALF and request.path in (*_ALWAYS, _STAGES[staff.stage])):
                # Each step of signing in opens the next alone: a password must not be a way around the code.
                return self._away(request, _STAGES[staff.stage])
            if acts and not await _proved(request, staff):
                words = "页面已过期，请刷新后再提交。"
            elif not allowed(roles, staff.role):
                words = "您的角色不能做这一步。需要时请找管理员。"
        return self._fault(request, staff, 403, words) if words else None

    def _fault(self, request: web.Request, staff: Staff | None, status: int, words: str, *, retry: bool = False) -> web.Response:
        headers = {"Retry-After": "3"} if retry else {}
        if _by_script(request):
            return web.json_response({"error": {"message": words}}, status=status, headers=headers)
        response = self._view.page("fault.html", request, staff, status=status, words=words)
        response.headers.update(headers)
        return response

    @staticmethod
    def _away(request: web.Request, to: str) -> web.Response:
        if _by_script(request):
            return web.json_response({"error": {"message": "登录已失效，请重新登录。"}}, status=401)
        return web.Response(status=303, headers={"Location": to, "Cache-Control": "no-store"})


def _by_script(request: web.Request) -> bool:
    """Tell whether a page's script asks, which reads no page but a sentence."""
    return "HX-Request" in request.headers or "X-CSRF-Token" in request.headers


def _from_here(request: web.Request) -> bool:
    """Tell whether a request that changes something comes from a page of this service, as browsers say."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None and site != "same-origin":
        return False
    return origin is None or origin.partition("://")[2] == request.host


async def _proved(request: web.Request, staff: Staff) -> bool:
    """Tell whether a request carries the session's own token, in a header or, of a plain form, in a field."""
    if request.content_type == "multipart/form-data":
        await _begin_upload(request)
    given = request.headers.get("X-CSRF-Token") or (await fields_of(request)).get("csrf", "")
    return hmac.compare_digest(given.encode("utf-8", "replace"), staff.csrf.encode())


async def _begin_upload(request: web.Request) -> None:
    """Read the fields that stand before the file of a form, and leave the file on the way: `file_of` gives it."""
    fields: dict[str, str] = {}
    try:
        async with asyncio.timeout(_BEFORE_SECONDS):
            async for part in await request.multipart():
                if not isinstance(part, BodyPartReader):
                    break
                if part.filename:
                    request[_FILE] = part
                    break
                if len(fields) >= _MOST_BEFORE:
                    raise CitizenError("提交的内容无法读取，请刷新页面重填。", code="bad_form")
                fields[str(part.name)] = (await part.read_chunk(_LONGEST)).decode("utf-8", "replace")
    except TimeoutError as error:
        raise CitizenError("上传时间太长，文件没有发出。请换个网络再发。", code="too_slow", status=408) from error
    except ValueError as error:
        raise CitizenError("提交的内容无法读取，请刷新页面重填。", code="bad_form") from error
    request[_FIELDS] = fields


def file_of(request: web.Request) -> BodyPartReader:
    """Return the file of a form, not read yet.

    Raises:
        CitizenError: there is none.
    """
    if _FILE not in request:
        raise CitizenError("请先选择文件。", code="no_file", field="file")
    return request[_FILE]


async def fields_of(request: web.Request) -> dict[str, str]:
    """Read a form; of one with a file, what stands before the file.

    Raises:
        CitizenError: it is no form, or a field is too long.
    """
    if _FIELDS in request:
        read = request[_FIELDS]
        return dict(read)
    return await posted.fields_of(request, _LONGEST)
