"""Calls to WeChat's and WeCom's servers: JSON in UTF-8, with the access token, each with a time limit; their errors told apart.

Their servers answer HTTP 200 to everything, with an `errcode` inside. An address holds the token, so that no error of the HTTP
client, which tells the address, is handed on.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import aiohttp

from zhixun.channels.tencent.tokens import Fetch, Issued, Tokens

__all__ = ["BUSY", "SPENT_TOKEN", "Line", "PlatformError", "TencentApi", "UnreachableError", "token_of_wechat", "token_of_wecom"]

BUSY = -1
SPENT_TOKEN = (40001, 40014, 42001)
"""The error codes of a token that is not valid, or not any more."""
_SECONDS = 5
_CONNECT_SECONDS = 3
_MEDIA_SECONDS = 60
_KEPT_SECONDS = 5
_LARGEST = 1024 * 1024
_CHUNK = 64 * 1024
_SURELY_NOT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class PlatformError(Exception):
    """The platform has refused a call.

    Attributes:
        code: its `errcode`.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"errcode {code}")
        self.code = code


class UnreachableError(Exception):
    """No answer came that can be understood.

    Attributes:
        sent: whether the call may have had its effect all the same.
    """

    def __init__(self, *, sent: bool) -> None:
        super().__init__("no answer" if sent else "no connection")
        self.sent = sent


class Line:
    """Calls to one platform, as they are; use it with `async with` to keep connections open between calls.

    Args:
        base: the platform's address, without a slash at its end.
        seconds: how long a call may take in all.
    """

    def __init__(self, base: str, seconds: float = _SECONDS) -> None:
        self._base = base
        self._seconds = seconds
        self._kept: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Line:
        self._kept = _session()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._kept is not None:
            await self._kept.close()
            self._kept = None

    async def call(self, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what a call is answered: GET, or POST when there is a body.

        Raises:
            PlatformError: the platform refuses.
            UnreachableError: nothing came that can be understood.
        """
        limits = aiohttp.ClientTimeout(total=self._seconds, sock_connect=min(_CONNECT_SECONDS, self._seconds))
        async with self._answer(path, query, body, limits) as answer:
            return _read(await _whole(answer))

    async def stream(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        """Give the bytes of a file.

        Raises:
            PlatformError: the platform answers with an error in place of the file.
            UnreachableError: it does not come, or breaks off.
        """
        limits = aiohttp.ClientTimeout(total=_MEDIA_SECONDS, sock_connect=_CONNECT_SECONDS, sock_read=self._seconds)
        async with self._answer(path, query, None, limits) as answer:
            if answer.content_type in ("application/json", "text/plain", "text/json"):
                _read(await _whole(answer))
                raise PlatformError(0)  # JSON that is no error is no file either, such as the address of a film.
            async for chunk in answer.content.iter_chunked(_CHUNK):
                yield chunk

    @contextlib.asynccontextmanager
    async def _answer(
        self, path: str, query: Mapping[str, str] | None, body: Mapping[str, Any] | None, limits: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        # Their servers show JSON escapes to citizens as they are, so that the text goes out as UTF-8.
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        headers = {} if body is None else {"Content-Type": "application/json; charset=utf-8"}
        options: dict[str, Any] = {"params": query, "data": data, "headers": headers, "timeout": limits, "allow_redirects": False}
        async with contextlib.AsyncExitStack() as stack:
            session = self._kept if self._kept is not None else await stack.enter_async_context(_session())
            try:
                method = "GET" if body is None else "POST"
                answer = await stack.enter_async_context(session.request(method, f"{self._base}{path}", **options))
                if answer.status != 200:
                    raise UnreachableError(sent=answer.status >= 500)
                yield answer
            except _SURELY_NOT:
                raise UnreachableError(sent=False) from None
            except (aiohttp.ClientError, TimeoutError, OSError):
                raise UnreachableError(sent=True) from None


class TencentApi:
    """Calls to one platform with the access token of one account."""

    def __init__(self, line: Line, tokens: Tokens) -> None:
        self._line = line
        self._tokens = tokens

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return what a GET is answered.

        Raises:
            PlatformError: the platform refuses, also after the token was renewed.
            UnreachableError: nothing came that can be understood.
        """
        return await self._with_token(lambda token: self._line.call(path, {**(query or {}), "access_token": token}))

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a POST is answered.

        Raises:
            PlatformError: the platform refuses, also after the token was renewed.
            UnreachableError: nothing came that can be understood.
        """
        return await self._with_token(lambda token: self._line.call(path, {"access_token": token}, body))

    async def stream(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        """Give the bytes of a file.

        Raises:
            PlatformError: the platform answers with an error in place of the file.
            UnreachableError: it does not come, or breaks off.
        """
        token = await self._token()
        for attempt in range(2):
            try:
                async with contextlib.aclosing(self._line.stream(path, {**query, "access_token": token})) as stream:
                    async for chunk in stream:
                        yield chunk
            except PlatformError as error:
                if error.code not in SPENT_TOKEN or attempt:
                    raise
                token = await self._token(token)
            else:
                return

    async def _with_token(self, call: Callable[[str], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        token = await self._token()
        try:
            return await call(token)
        except PlatformError as error:
            if error.code not in SPENT_TOKEN:
                raise
        return await call(await self._token(token))

    async def _token(self, refused: str = "") -> str:
        try:
            return await (self._tokens.renew(refused) if refused else self._tokens.get())
        except UnreachableError:
            # Whatever became of the wish for a token: what it was wanted for has not gone out.
            raise UnreachableError(sent=False) from None


def token_of_wechat(line: Line, app_id: str, secret: str) -> Fetch:
    """Return how the token of an Official Account is fetched: the stable one, which others who fetch it do not make void."""

    async def fetch(*, force: bool) -> Issued:
        wish = {"grant_type": "client_credential", "appid": app_id, "secret": secret, "force_refresh": force}
        return _issued(await line.call("/cgi-bin/stable_token", body=wish))

    return fetch


def token_of_wecom(line: Line, corp_id: str, secret: str) -> Fetch:
    """Return how the token of a WeCom application is fetched."""

    async def fetch(*, force: bool) -> Issued:
        return _issued(await line.call("/cgi-bin/gettoken", {"corpid": corp_id, "corpsecret": secret}))

    return fetch


def _issued(answer: Mapping[str, Any]) -> Issued:
    token, seconds = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(seconds, int):
        raise UnreachableError(sent=False)
    return Issued(token, seconds)


def _session() -> aiohttp.ClientSession:
    # A line that their side may have closed meanwhile is not used again: a message on it would be lost, or seem to be.
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(keepalive_timeout=_KEPT_SECONDS), cookie_jar=aiohttp.DummyCookieJar())


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    read = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        read += chunk
        if len(read) > _LARGEST:
            raise UnreachableError(sent=True)
    return bytes(read)


def _read(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of an answer."""
    try:
        answer = json.loads(raw)
        code = int(answer.get("errcode", 0))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise UnreachableError(sent=True) from None
    if code:
        raise PlatformError(code)
    return dict(answer)
