"""Turns every error at the door into JSON with a Chinese sentence; the last place that catches everything."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from zhixun.errors import TryLater, ZhixunError

__all__ = ["SORRY", "faults"]

_log = logging.getLogger(__name__)

SORRY = "服务出了问题。您已发送成功的内容都有保存，请稍后再试，或拨打12345。"

_HTTP = {
    404: ("not_found", "没有这个地址。"),
    405: ("bad_method", "这个地址不支持这种请求方式。"),
    413: ("too_large", "内容太大，请分几次发送。"),
}


@web.middleware
async def faults(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer errors in the documented form."""
    if request.method == "OPTIONS" and request.path.startswith("/api/"):
        return web.Response(status=204)
    try:
        return await handler(request)
    except ZhixunError as error:
        headers = {"Retry-After": "3"} if isinstance(error, TryLater) else {}
        return _answer(error.status, error.code, error.message, error.field, headers)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code, message = _HTTP.get(error.status, ("invalid", "请求不符合要求。"))
        return _answer(error.status, code, message)
    except Exception as error:
        # What was said is journalled before anything can fail here; words of citizens never reach the log.
        _log.error("request to %s failed: %s", request.path, type(error).__name__, exc_info=_log.isEnabledFor(logging.DEBUG))
        return _answer(500, "internal", SORRY)


def _answer(
    status: int, code: str, message: str, field: str | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message, "field": field}}, status=status, headers=headers)
