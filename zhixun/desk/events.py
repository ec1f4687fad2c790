"""What open pages of the desk hear of, as server-sent events (WHATWG HTML § 9.2).

The queue changed, a consultation has something new, somebody else is looking at it too. The stream carries no content of
consultations, only that a page should look again, so that nothing can be lost on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from zhixun.clock import monotonic
from zhixun.database import Database, consultations
from zhixun.errors import TryLater

__all__ = ["Events", "Listener"]

BREATH_SECONDS = 15
"""So often an idle stream says that it is alive, and looks whether its session still is."""
_GATHER_SECONDS = 0.15
_TYPING_SECONDS = 6.0
_MOST_PAGES = 50
"""So many pages of one person hear of changes; each of them costs every colleague a little."""
_MOST_NOTICES = 20
"""A page that hears nothing for a while is told so many of the latest; the queue itself tells all."""
_STATES = ("queued", "message_left", "staff")


@dataclass(eq=False, slots=True)
class Listener:
    """One open page: who looks at it, and which consultation it shows (empty: none)."""

    name: str
    shown: str
    case: str
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    queue: bool = False
    """Whether the queue has changed since this page was told."""
    changed: bool = False
    typing_until: float = 0.0
    notices: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=_MOST_NOTICES))
    """What is still to be told: words, and the consultation they are about."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    state: str
    operator: str
    assigned: str
    turns: int
    escalated: str


class Events:
    """Tells pages to look again.

    Args:
        database: where the queue is read.
        tell: rings at the citizen's own windows of a consultation.
    """

    def __init__(self, database: Database, tell: Callable[[str], None]) -> None:
        self._database = database
        self._tell = tell
        self._listeners: set[Listener] = set()
        self._bell = asyncio.Event()
        self._touched: set[str] = set()
        self._waiting: dict[str, _Waiting] | None = None
        """The queue as it was looked at last; None before that."""

    def wake(self, number: str) -> None:
        """Note that a consultation has something new."""
        self._touched.add(number)
        self._bell.set()

    async def watch(self) -> None:
        """Carry what was noted to the pages, for ever; what comes in one breath is told once."""
        self._bell.set()
        while True:
            await self._bell.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._bell.clear()
            touched, self._touched = self._touched, set()
            with contextlib.suppress(Exception):  # a busy store: they are looked for again with the next touch
                await self._look(touched)
                touched = set()
            self._touched |= touched

    @contextmanager
    def listen(self, name: str, shown: str, case: str) -> Iterator[Listener]:
        """Give the place of an open page; colleagues at the same consultation hear that somebody came or went."""
        listener = Listener(name, shown, case)
        self._listeners.add(listener)
        self._people_changed(case)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            self._people_changed(case)

    def demand_room(self, name: str) -> None:
        """Refuse one more page to a person who has so many open that it can be no person.

        Raises:
            TryLater: they have.
        """
        if sum(listener.name == name for listener in self._listeners) >= _MOST_PAGES:
            raise TryLater("打开的页面太多，请先关闭一些。", code="too_many", status=429)

    def notify(self, name: str, title: str, number: str) -> None:
        """Tell one person, on every page that is open, what concerns them in a consultation."""
        for listener in self._listeners:
            if listener.name == name:
                listener.notices.append((title, number))
                listener.bell.set()

    def typing(self, number: str, name: str) -> None:
        """Note that somebody is writing in a consultation."""
        for listener in self._listeners:
            if listener.case == number and listener.name == name:
                listener.typing_until = monotonic() + _TYPING_SECONDS
        self._people_changed(number)
        self._tell(number)

    @property
    def waiting(self) -> int:
        """How many wait for a person right now."""
        return sum(one.state == "queued" for one in (self._waiting or {}).values())

    def is_typing(self, number: str) -> bool:
        """Tell whether anybody is writing in a consultation."""
        return any(listener.case == number and listener.typing_until > monotonic() for listener in self._listeners)

    def present(self) -> Mapping[str, str]:
        """Return who has a page open: login name and shown name."""
        return {listener.name: listener.shown for listener in sorted(self._listeners, key=lambda one: one.name)}

    async def messages(self, listener: Listener) -> AsyncIterator[bytes]:
        """Yield what a page is told, for ever; a breath when there was nothing for a while."""
        yield self._people(listener)
        while True:
            try:
                async with asyncio.timeout(BREATH_SECONDS):
                    await listener.bell.wait()
            except TimeoutError:
                yield b": breath\n\n"
                continue
            listener.bell.clear()
            if listener.queue:
                listener.queue = False
                yield _event("queue", "{}")
            if listener.changed:
                listener.changed = False
                yield _event("case", "{}")
            while listener.notices:
                yield _event("notice", _notice(*listener.notices.popleft()))
            yield self._people(listener)

    async def _look(self, touched: set[str]) -> None:
        known, now = self._waiting, await self._read()
        self._waiting = now
        queue_changed = known != now
        # What waited before anybody looked is no news.
        before = now if known is None else known
        spoken = [number for number, one in now.items()
                  if one.state == "staff" and number in before and one.turns > before[number].turns]  # fmt: skip
        news = list(_news(before, now))
        for listener in self._listeners:
            listener.queue |= queue_changed
            listener.changed |= listener.case in touched
            listener.notices += news
            listener.notices += [("咨询人有新消息", number) for number in spoken if now[number].operator == listener.name]
            if queue_changed or listener.changed:
                listener.bell.set()

    async def _read(self) -> dict[str, _Waiting]:
        names = ("state", "operator", "assigned", "turns", "escalated")
        query = sa.select(consultations.c.number, *(consultations.c[name] for name in names)).where(consultations.c.state.in_(_STATES))
        async with self._database.read() as connection:
            return {row[0]: _Waiting(*row[1:]) for row in await connection.execute(query)}

    def _people_changed(self, number: str) -> None:
        for listener in self._listeners:
            if number and listener.case == number:
                listener.bell.set()

    def _people(self, listener: Listener) -> bytes:
        """Say who else looks at the same consultation; only names of colleagues, escaped."""
        now = monotonic()
        here = [one for one in self._listeners if listener.case and one.case == listener.case and one.name != listener.name]
        others = sorted({one.name: one for one in here}.values(), key=lambda one: one.name)
        words = "、".join(f"{html.escape(one.shown)}{'（正在输入）' if one.typing_until > now else ''}" for one in others)
        return _event("people", f"{words} 也在看这件咨询" if words else "")


def _news(before: Mapping[str, _Waiting], now: Mapping[str, _Waiting]) -> Iterator[tuple[str, str]]:
    """Yield what everybody is told of: who waits newly, and what has run over its limit since."""
    for number, one in now.items():
        old = before.get(number)
        if one.state != "staff" and (old is None or old.state == "staff"):
            yield "有人在等待人工", number
        elif one.escalated.count(":over") > (old.escalated.count(":over") if old else 0):
            yield "已超过时限，请尽快处理", number


def _notice(title: str, number: str) -> str:
    return json.dumps({"title": title, "body": number, "url": f"/desk/cases/{number}", "sound": True}, ensure_ascii=False)


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()
