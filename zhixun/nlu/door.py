"""The engine's only door: what the service sends comes in here, with a token, and leaves with what was understood.

Stock REST input has no token and answers 200 with nothing when a turn fails; this one refuses strangers and tells failure.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.shared.core.events import BotUttered, UserUttered
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

__all__ = ["ServiceInput"]

_log = logging.getLogger(__name__)


class ServiceInput(InputChannel):
    """Input channel of the service.

    Args:
        token: what every request must carry as `Authorization: Bearer …`.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    @classmethod
    def name(cls) -> str:
        """Return the name in the address: `/webhooks/zhixun/`."""
        return "zhixun"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> ServiceInput:
        """Make the channel from its part of credentials.yml (`token`)."""
        return cls(str((credentials or {})["token"]))

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Return the routes: health, a turn, and forgetting a dialogue."""
        routes = Blueprint("zhixun", "zhixun_door")

        @routes.route("/", methods=["GET"])
        async def health(request: Request) -> HTTPResponse:
            agent = request.app.ctx.agent
            ready = agent is not None and agent.is_ready()
            return response.json({"ready": ready}, status=200 if ready else 503)

        @routes.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            if not self._knows(request):
                return response.json({"error": "token"}, status=401)
            try:
                return response.json(await self._turn(request, on_new_message))
            except Exception as error:  # the end of a turn: say that it failed, without the citizen's words
                _log.error("turn failed: %s", type(error).__name__)
                return response.json({"error": type(error).__name__}, status=500)

        @routes.route("/parse", methods=["POST"])
        async def parse(request: Request) -> HTTPResponse:
            if not self._knows(request):
                return response.json({"error": "token"}, status=401)
            agent = request.app.ctx.agent
            message = UserMessage(request.json["text"], sender_id="", metadata={"written": request.json["text"]})
            return response.json(_understood(await agent.processor.parse_message(message), agent))

        @routes.route("/forget", methods=["POST"])
        async def forget(request: Request) -> HTTPResponse:
            if not self._knows(request):
                return response.json({"error": "token"}, status=401)
            store = request.app.ctx.agent.tracker_store
            while hasattr(store, "_tracker_store"):  # Rasa wraps the store it was given
                store = store._tracker_store
            store.forget(request.json["sender"])
            return response.json({"ok": True})

        return routes

    def _knows(self, request: Request) -> bool:
        given = (request.headers.get("Authorization") or "").removeprefix("Bearer ").encode()
        return hmac.compare_digest(given, self._token)

    async def _turn(self, request: Request, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> dict[str, Any]:
        said = request.json
        agent = request.app.ctx.agent
        heard = await _heard_before(agent, said) if said.get("again") else None
        if heard is not None:
            return heard
        out = CollectingOutputChannel()
        message = UserMessage(
            said["message"], out, said["sender"], input_channel=self.name(), metadata=said.get("metadata") or {}
        )
        # Parsed here, so that what was understood can be told; the processor then does not parse again.
        parsed = await agent.processor.parse_message(message)
        message.parse_data = parsed
        await on_new_message(message)
        return {"messages": out.messages, "parsed": _understood(parsed, agent)}


async def _heard_before(agent: Any, said: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the answer to a turn that the engine finished before the service could write it down; None when it did not.

    The dialogue is saved once, at the end of a turn, so that it holds all of the turn or nothing.
    """
    tracker = await agent.tracker_store.retrieve(said["sender"])
    events = list(tracker.events) if tracker is not None else []
    last = next((at for at in range(len(events) - 1, -1, -1) if isinstance(events[at], UserUttered)), None)
    # The number of a turn alone is not enough: an engine that somebody else runs may have heard another deployment's.
    heard = (events[last].metadata or {}) if last is not None else {}
    if last is None or any(heard.get(name) != value for name, value in said["metadata"].items()):
        return None
    uttered = [event for event in events[last:] if isinstance(event, BotUttered)]
    messages = [{"text": event.text, **{name: value for name, value in event.data.items() if value}} for event in uttered]
    return {"messages": messages, "parsed": _understood(events[last].parse_data, agent)}


def _understood(parsed: Mapping[str, Any], agent: Any) -> dict[str, Any]:
    return {
        "intent": parsed["intent"].get("name"),
        "confidence": round(float(parsed["intent"].get("confidence") or 0), 4),
        "ranking": parsed.get("ranking", [])[:5],
        "entities": [{"entity": e["entity"], "value": e["value"]} for e in parsed.get("entities", [])],
        "model": agent.model_id,
    }
