"""The real product, started as an operator starts it, for tests that must see the whole.

Nothing here sleeps: a start is awaited by what the product prints, everything else by asking again after the next line that
it prints, or after a tenth of a second, whichever comes first.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from zhixun.clock import new_token
from zhixun.conversation.supervisor import EngineFiles, write_engine_files
from zhixun.training import model_path

PROJECT = Path(__file__).resolve().parent.parent
# The shared product's legal day: what it answers must not change with the calendar of the machine.
TODAY = "2026-11-21"
READY = "智能应答已就绪"
OPEN = "公众页面"
STARTED: weakref.WeakSet[Process] = weakref.WeakSet()
"""What runs now; its last words are shown when a test fails."""

_T = TypeVar("_T")
_TRAINED = threading.Lock()


class Refused(Exception):
    """The product answered with an error."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {error}")
        self.status = status
        self.code = error.get("code")
        self.message = str(error.get("message"))
        self.field = error.get("field")


class Process:
    """One process, its output read by line as it comes."""

    def __init__(self, name: str, log: Path, command: list[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        log.parent.mkdir(parents=True, exist_ok=True)
        # In a session of its own, so that a signal to the tests does not reach it before the tests have stopped it.
        self.popen = subprocess.Popen(
            command, cwd=PROJECT, env={**environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, name=f"output of {name}", daemon=True)
        self._reader.start()
        STARTED.add(self)

    def _read(self) -> None:
        assert self.popen.stdout is not None
        with self.log.open("ab") as kept:
            for line in self.popen.stdout:
                kept.write(line)
                kept.flush()
                with self._news:
                    self.lines.append(line.decode("utf-8", "replace").rstrip())
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def runs(self) -> bool:
        return self.popen.poll() is None

    def wait_for(self, words: str, seconds: float = 240) -> str:
        """Return the first line with `words`, waiting for it."""

        def said() -> str | None:
            return next((line for line in self.lines if words in line), None)

        with self._news:
            self._news.wait_for(lambda: said() or self._ended, seconds)
            found = said()
        assert found, f"{self.name} did not say “{words}” within {seconds} s:\n{self.tail()}"
        return found

    def until(self, probe: Callable[[], _T], what: str, seconds: float = 60) -> _T:
        """Ask `probe` until it gives something; asks again after the next line of output, or after a tenth of a second."""
        end = time.monotonic() + seconds
        while not (found := probe()):
            assert time.monotonic() < end, f"{what}: not within {seconds} s\n{self.tail()}"
            with self._news:
                seen = len(self.lines)
                self._news.wait_for(lambda seen=seen: len(self.lines) > seen, 0.1)
        return found

    def send(self, number: int) -> None:
        if self.runs:
            os.kill(self.pid, number)

    def end(self, number: int = signal.SIGTERM, seconds: float = 20) -> int:
        """Send a signal and wait for the end; a process that does not end is killed. Returns the exit code."""
        self.send(number)
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(10)
        self._reader.join(10)
        if self.popen.stdout is not None and not self._reader.is_alive():
            self.popen.stdout.close()
        STARTED.discard(self)
        return self.popen.returncode

    def tail(self) -> str:
        return "\n".join(self.lines[-40:])


class Product:
    """One deployment: a data folder, an address, and the service when it runs.

    Args:
        folder: everything it keeps and prints lies below.
        settings: `ZHIXUN_` settings by their short names, e.g. `TODAY="2027-01-01"`.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.data = folder / "var"
        self.port = free_port()
        self.settings = settings
        self.service: Process | None = None
        self._starts = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> Process:
        assert self.service is not None, "not started"
        return self.service

    @property
    def log(self) -> str:
        """Everything that the service printed, over all its starts."""
        return "\n".join(path.read_text("utf-8", "replace") for path in sorted(self.folder.glob("service-*.log")))

    @property
    def environment(self) -> dict[str, str]:
        given = {f"ZHIXUN_{name}": value for name, value in self.settings.items()}
        return {**bare_environment(), "ZHIXUN_DATA_DIR": str(self.data), "ZHIXUN_HTTP_PORT": str(self.port), **given}

    def start(self, awaited: str = READY) -> Product:
        """Start the service and wait until it says `awaited` (empty: do not wait)."""
        self._starts += 1
        log = self.folder / f"service-{self._starts:02d}.log"
        self.service = Process("the service", log, python("-m", "zhixun", "serve"), self.environment)
        if awaited:
            self.service.wait_for(awaited)
        return self

    def stop(self) -> int:
        """Stop as an operator does; returns the exit code."""
        if self.service is None:
            return 0
        code = self.service.end()
        self.service = None
        return code

    def kill(self) -> None:
        """Kill -9."""
        if self.service is not None:
            self.service.end(signal.SIGKILL)
            self.service = None

    def command(self, *arguments: str, seconds: float = 120, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run `zhixun …` beside the service and return what came of it."""
        given = {f"ZHIXUN_{name}": value for name, value in settings.items()}
        return subprocess.run(
            python("-m", "zhixun", *arguments), cwd=PROJECT, env={**self.environment, **given}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip

    def verified(self) -> str:
        """Demand that `zhixun verify` finds everything sound; returns its report."""
        done = self.command("verify")
        assert done.returncode == 0, f"verify gave {done.returncode}\n{done.stdout}{done.stderr}"
        assert "结论：通过" in done.stdout, done.stdout
        return done.stdout

    def open(self, **body: Any) -> Citizen:
        """Begin a consultation."""
        return Citizen(self.url, call(self.url, "POST", "/api/v1/sessions", body))

    def ready(self) -> bool:
        """Tell whether /readyz answers 200."""
        try:
            return request(self.url, "GET", "/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def engine_pid(self) -> int | None:
        """Return the process of the engine that the service started, None while there is none."""
        return next((pid for pid in _children(self.running.pid) if b"zhixun.nlu.run" in _command_of(pid)), None)

    def everything(self) -> Iterator[tuple[Path, bytes]]:
        """Give every file of the deployment, logs included."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield path, path.read_bytes()


class Citizen:
    """Somebody who asks, over the citizen API."""

    def __init__(self, url: str, opened: Mapping[str, Any]) -> None:
        self.url = url
        self.session = str(opened["session"])
        self.number = str(opened["consultation"])
        self.greeting = opened["replies"]

    def say(self, text: str, message_id: str | None = None) -> dict[str, Any]:
        """Say something and return the turn."""
        body = {"text": text, **({"message_id": message_id} if message_id else {})}
        return call(self.url, "POST", "/api/v1/messages", body, self.session)

    def transcript(self, after: int = 0) -> dict[str, Any]:
        return call(self.url, "GET", f"/api/v1/messages?after={after}", session=self.session)

    def texts(self) -> list[tuple[str, str]]:
        """Return who said what, in order."""
        return [(entry["from"], entry["text"]) for entry in self.transcript()["entries"]]

    def close(self) -> dict[str, Any]:
        """Close and return the receipt."""
        receipt: dict[str, Any] = call(self.url, "POST", "/api/v1/close", {}, self.session)["receipt"]
        return receipt

    def rate(self, score: int, words: str = "") -> None:
        names = ("professionalism", "attitude", "content", "quality", "satisfaction")
        call(self.url, "POST", "/api/v1/rating", {"scores": dict.fromkeys(names, score), "words": words}, self.session)


class Engine:
    """An engine and its action server that several services share: `rasa run` and `rasa run actions`, as by hand.

    Args:
        folder: for its files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token_file = folder / "token"
        self.port, self.actions_port = free_port(), free_port()
        self._processes: list[Process] = []

    @property
    def settings(self) -> dict[str, str]:
        """What a service is told to use it."""
        return {"ENGINE_URL": f"http://127.0.0.1:{self.port}", "ENGINE_TOKEN_FILE": str(self.token_file)}

    def start(self) -> Engine:
        trained()
        self.folder.mkdir(parents=True, exist_ok=True)
        token = new_token()
        self.token_file.write_text(token)
        files = EngineFiles(PROJECT, model_path(PROJECT), self.folder)
        write_engine_files(files, actions_url=f"http://127.0.0.1:{self.actions_port}/webhook", actions_token=new_token(),
                           door_token=token, write_secret=_write)  # fmt: skip
        environment = {**bare_environment(), "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3",
                       "PYTHONWARNINGS": "ignore", "LOG_LEVEL": "WARNING", "ZHIXUN_PARENT": str(os.getpid())}  # fmt: skip
        run = python("-m", "zhixun.nlu.run", "run")
        actions = [*run, "actions", "--port", str(self.actions_port)]
        engine = [*run, "--model", str(files.model), "--interface", "127.0.0.1", "--port", str(self.port),
                  "--endpoints", str(files.endpoints), "--credentials", str(files.credentials)]  # fmt: skip
        self._processes = [
            Process("the actions", self.folder / "actions.log", actions, environment),
            Process("the engine", self.folder / "engine.log", engine, environment),
        ]
        self._processes[0].until(lambda: _answers(self.actions_port, "/health"), "actions ready", 120)
        self._processes[1].until(lambda: _answers(self.port, "/webhooks/zhixun/"), "engine ready", 120)
        return self

    def pause(self) -> None:
        """Let it hang: it takes requests and answers none."""
        self._processes[1].send(signal.SIGSTOP)

    def go_on(self) -> None:
        self._processes[1].send(signal.SIGCONT)

    def stop(self) -> None:
        if self._processes:
            self.go_on()
        for process in self._processes:
            process.end()


def request(
    url: str, method: str, path: str, body: bytes | None = None, head: Mapping[str, str] | None = None, seconds: float = 15
) -> tuple[int, Mapping[str, str], bytes]:
    """Send one request on a connection of its own; returns status, headers and body."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.request(method, path, body, dict(head or {}))
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def call(url: str, method: str, path: str, body: Mapping[str, Any] | None = None, session: str = "") -> dict[str, Any]:
    """Call the citizen API and return its answer.

    Raises:
        Refused: it answered with an error; every error has a code and a Chinese sentence.
    """
    head = {"Content-Type": "application/json", **({"Authorization": f"Bearer {session}"} if session else {})}
    status, _, raw = request(url, method, path, None if body is None else json.dumps(body).encode(), head)
    answer: dict[str, Any] = json.loads(raw)
    if status >= 400:
        raise Refused(status, answer["error"])
    return answer


def shown(turn: Mapping[str, Any]) -> str:
    """Return all that the bubbles of a turn say, as one text."""
    return "\n".join(reply["text"] for reply in turn["replies"])


def known(turn: Mapping[str, Any]) -> list[str]:
    """Return the ids of knowledge that a turn cites."""
    return [each for reply in turn["replies"] for each in reply["knowledge"]]


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def bare_environment() -> dict[str, str]:
    """Return this environment without any setting of ours, and with nothing that would reach outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZHIXUN_", "RASA_", "PYTEST_"))}
    return {**kept, "PYTHONPATH": str(PROJECT), "RASA_TELEMETRY_ENABLED": "false", "PYTHONUNBUFFERED": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def trained() -> Path:
    """Make sure that today's model is there; returns its path."""
    with _TRAINED:
        if not model_path(PROJECT).exists():
            subprocess.run(python("-m", "zhixun", "train"), cwd=PROJECT, env=bare_environment(), check=True, timeout=300)
    return model_path(PROJECT)


@contextmanager
def deployed(folder: Path, **settings: str) -> Iterator[Product]:
    """Give a product that is not started yet and is stopped at the end, whatever happens."""
    product = Product(folder, **settings)
    try:
        yield product
    finally:
        product.stop()


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Give the one product, engine included, that tests share which neither stop nor damage it."""
    with deployed(tmp_path_factory.mktemp("product"), LIMITS="off", TODAY=TODAY) as started:
        yield started.start()


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Give an engine for services that do not start their own (`Engine.settings`)."""
    shared = Engine(tmp_path_factory.mktemp("engine"))
    try:
        yield shared.start()
    finally:
        shared.stop()


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Callable[..., Product]]:
    """Make deployments of a test's own: `deploy(TODAY="2027-01-01")`; each is stopped at the end."""
    with ExitStack() as stack:
        made: list[Product] = []

        def make(**settings: str) -> Product:
            made.append(stack.enter_context(deployed(tmp_path / f"deployment-{len(made) + 1}", **settings)))
            return made[-1]

        yield make


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Show the last words of everything that runs, where a test has failed."""
    report = yield
    if report.failed:
        report.sections += [(f"last words of {process.name} ({process.log})", process.tail()) for process in set(STARTED)]
    return report


def _answers(port: int, path: str) -> bool:
    try:
        return request(f"http://127.0.0.1:{port}", "GET", path, seconds=5)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o600)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
