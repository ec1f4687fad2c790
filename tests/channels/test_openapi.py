"""The description of the API held to its word: what schemathesis makes up of it is answered as described by the running application."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests.channels.api import DESCRIBED, api_of, validate
from tests.channels.partnership import key_of
from tests.support import office_in

EXAMPLES = 12
_CHECKS = (status_code_conformance, content_type_conformance, response_schema_conformance)


def _without_security() -> dict[str, Any]:
    """Return the description as schemathesis is given it: who may come in is not made up, but proved below."""
    described = json.loads(json.dumps(DESCRIBED))
    for methods in described["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
    return dict(described)


_OPERATIONS = {
    f"{one.method.upper()} {one.path}": one
    for one in (found.ok() for found in schemathesis.openapi.from_dict(_without_security()).get_all_operations())
}  # fmt: skip
_NAMES = sorted(_OPERATIONS)
_NEVER_WRONG = {
    "GET /api/v1/attachments/{id}", "GET /api/v1/partner/consultations/{number}", "GET /api/v1/ws", "GET /healthz", "GET /metrics",
    "GET /readyz", "POST /api/v1/attachments", "POST /api/v1/close",
}  # fmt: skip
"""What takes nothing, or any text: there is no wrong way to call it."""


@dataclass(frozen=True)
class Running:
    """The application, served by another thread; each operation gets a session or key that is good."""

    base: str
    loop: asyncio.AbstractEventLoop
    api: Any
    http: requests.Session

    def run(self, work: Any) -> Any:
        """Do something where the application runs."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def bearer(self, name: str) -> str:
        """Return what a call needs to be let in."""
        needed = _needed(name)
        if "key" in needed:
            return str(self.run(key_of(self.api.office, per_minute=60_000)))
        return str(self.run(self.api.open())[0]) if "session" in needed else ""

    def send(self, case: Any, bearer: str = "", **more: Any) -> requests.Response:
        """Send what was made up, with what lets it in."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return case.call(base_url=self.base, session=self.http, headers=headers, timeout=20, **more)


def _needed(name: str) -> set[str]:
    """Return what an operation asks for; nothing when it can do without."""
    method, path = name.split()
    security = DESCRIBED["paths"][path][method.lower()].get("security", [{}])
    return set() if {} in security else {scheme for one in security for scheme in one}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("described")
    begun, ended = threading.Event(), asyncio.Event()
    found: list[Any] = []

    async def serve(folder: Path) -> None:
        async with office_in(folder) as office, api_of(office) as api:
            found.append((api, asyncio.get_running_loop()))
            begun.set()
            await ended.wait()

    thread = threading.Thread(target=asyncio.run, args=[serve(folder)])
    thread.start()
    try:
        assert begun.wait(60)
        api, loop = found[0]
        with requests.Session() as http:
            yield Running(api.base, loop, api, http)
        loop.call_soon_threadsafe(ended.set)
    finally:
        thread.join(60)


def _held(case: Any, response: requests.Response, *more: Any) -> None:
    """Fail when the answer is not as described; errors have their form whatever was sent."""
    assert response.status_code < 500 or case.path == "/readyz"
    if response.status_code >= 400:
        validate(response.json(), "Error")
        assert any("\u4e00" <= char <= "\u9fff" for char in response.json()["error"]["message"])
    case.validate_response(response, checks=[*_CHECKS, *more])


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", _NAMES)
def test_whatever_is_made_up_is_answered_as_described(running: Running, name: str, mode: GenerationMode) -> None:
    operation, bearer, sent = _OPERATIONS[name], running.bearer(name), []
    more = (negative_data_rejection,) if mode is GenerationMode.NEGATIVE else ()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    def send(case: Any) -> None:
        sent.append(case)
        _held(case, running.send(case, bearer), *more)

    try:
        send()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE
        assert name in _NEVER_WRONG
    else:
        assert sent


@pytest.mark.slow
@pytest.mark.parametrize("name", _NAMES)
def test_the_edges_of_what_is_described_are_answered_as_described(running: Running, name: str) -> None:
    operation, bearer = _OPERATIONS[name], running.bearer(name)
    schema = operation.schema
    cases = schema.iter_coverage_cases(
        operation, generation_modes=list(GenerationMode), generation_config=schema.config.generation_for(operation=operation)
    )
    tried = 0
    for case in cases:
        tried += 1
        response = running.send(case, bearer)
        if case.method.upper() == operation.method.upper():
            _held(case, response)
        else:
            asked_before = case.method.upper() == "OPTIONS" and case.path.startswith("/api/")
            assert response.status_code == (204 if asked_before else 405), case.method
    assert tried


@pytest.mark.parametrize("name", [name for name in _NAMES if _needed(name)])
@pytest.mark.parametrize("bearer", ["", "nobody-holds-this", "zk_0123456789_nobody", "zs_nobody"])
def test_nobody_comes_in_without_what_is_asked_for(running: Running, name: str, bearer: str) -> None:
    operation = _OPERATIONS[name]
    case = operation.Case(path_parameters={"id": "1", "number": "1"})
    response = running.send(case, bearer)
    assert response.status_code == 401
    _held(case, response)


def test_what_is_described_is_all_there_is_to_call(running: Running) -> None:
    served = {f"{route.method} {route.resource.canonical}" for route in running.api.application.router.routes()}
    of_the_api = {name for name in served if name.split()[1].startswith("/api/") and not name.startswith("HEAD ")}
    assert of_the_api == {name for name in _NAMES if name.split()[1].startswith("/api/")}
    assert set(_NAMES) <= served
