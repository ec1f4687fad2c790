"""The action endpoint that the service opens for its engine: rasa-sdk's executor on loopback, behind a token."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

from actions.context import serving
from zhixun.knowledge.model import Knowledge

__all__ = ["actions_application"]

_log = logging.getLogger(__name__)

_MAX_BODY = 4 * 1024 * 1024


def actions_application(token: str, served: Mapping[str, Knowledge]) -> web.Application:
    """Return an application with POST /webhook/VERSION, as Rasa's action endpoint asks for.

    Args:
        token: what the engine must give as `?token=…` (Rasa's own way; the address never leaves loopback).
        served: the knowledge by its version: each engine is answered from the one that it was trained on, also while two run
            side by side.
    """
    executor = ActionExecutor()
    executor.register_package("actions")

    async def run(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.query.get("token", "").encode(), token.encode()):
            return web.json_response({"error": "token"}, status=401)
        known = served.get(request.match_info["version"])
        if known is None:
            return web.json_response({"error": "no such version"}, status=404)
        call: dict[str, Any] = await request.json()
        name = str(call.get("next_action"))
        try:
            with serving(known):
                return web.json_response(await executor.run(call))
        except ActionExecutionRejection as error:
            return web.json_response({"error": str(error), "action_name": error.action_name}, status=400)
        except ActionNotFoundException:
            return web.json_response({"error": "no such action", "action_name": name}, status=404)
        except Exception as error:  # the end of an action: tell the engine, without the citizen's words
            _log.error("action %s failed: %s", name, type(error).__name__)
            return web.json_response({"error": type(error).__name__, "action_name": name}, status=500)

    application = web.Application(client_max_size=_MAX_BODY)
    application.router.add_post("/webhook/{version}", run)
    return application
