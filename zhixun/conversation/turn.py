"""The turn: what happens between a citizen's message and the reply.

Two transactions frame the engine's work. The first writes the citizen's words and the message's id; the second writes
what was understood and what is said back. Only then does anyone see the reply. When the process dies in between, the same
message sent again, or the next start, finishes the turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock
from zhixun.conversation.choice import LONGEST_CHOICE, named_choice
from zhixun.conversation.order import Order
from zhixun.conversation.owner import owner_of, step
from zhixun.conversation.person import Person
from zhixun.conversation.ports import Engine, Journal, Phrases
from zhixun.conversation.redact import MAX_LENGTH, Clean, clean
from zhixun.database import Database, consultations, inbox, outbox
from zhixun.errors import CitizenError, TryLater, ZhixunError
from zhixun.messages import Basis, Button, EngineTurn, Entry, Event, Reply, Turn, dump

__all__ = ["Turns", "replies_of"]

_log = logging.getLogger(__name__)

TURN_DONE = ("parsed", "relayed")


@dataclass(frozen=True, slots=True)
class _Said:
    """A citizen's message that is in the journal."""

    number: str
    channel: str
    region: str
    state: str
    turn: int
    words: Clean
    raw: str


class Turns:
    """Takes messages, one at a time for each consultation.

    Args:
        database, journal, engine, site, clock: what the turn needs.
        wake: tells the open windows of a consultation that there is something new.
    """

    def __init__(
        self, database: Database, journal: Journal, engine: Engine, site: Phrases, clock: Clock, wake: Callable[[str], None]
    ) -> None:
        self._database = database
        self._journal = journal
        self._engine = engine
        self._site = site
        self._wake = wake
        self._person = Person(site, clock)
        self.order = Order()

    async def say(self, number: str, text: str, message_id: str | None = None) -> Turn:
        """Take a citizen's message and return the turn; the same `message_id` again returns the first result.

        Raises:
            CitizenError: the text is empty, too long or without words, or the consultation is closed.
            TryLater: too many messages of this consultation are waiting.
        """
        words = _checked(text)
        async with self.order.turn(number):
            async with self._database.write() as connection:
                said = await self._receive(connection, number, words, text, message_id)
            self._wake(number)
            if isinstance(said, Turn):
                return said
            return await self._finish(said)

    async def finish_interrupted(self) -> int:
        """Answer every message that a crash left without a turn; returns how many."""
        async with self._database.read() as connection:
            query = sa.select(consultations.c.number).where(consultations.c.state != "closed", consultations.c.turns > 0)
            numbers = (await connection.scalars(query)).all()
        done = 0
        for number in numbers:
            async with self.order.turn(number), self._database.read() as connection:
                said = await self._interrupted(connection, number)
            if said is not None:
                async with self.order.turn(number):
                    await self._finish(said)
                done += 1
        return done

    async def _receive(
        self, connection: AsyncConnection, number: str, words: Clean, raw: str, message_id: str | None
    ) -> _Said | Turn:
        """Write the citizen's words, or find that they were written before."""
        row = (await connection.execute(sa.select(consultations).where(consultations.c.number == number))).mappings().one()
        if message_id is not None:
            seen = sa.select(inbox.c.turn).where(inbox.c.consultation == number, inbox.c.message_id == message_id)
            turn = await connection.scalar(seen)
            if turn is not None:
                entries = await self._journal.read(connection, number)
                done = _turn_of(entries, turn, owner_of(row["state"]))
                return done or _said_again(row, entries, turn)
        step(row["state"], "closed")
        said = _Said(number, row["channel"], row["region"], row["state"], row["turns"] + 1, words, raw)
        opened = {"turn": said.turn, "hidden": list(words.hidden), **({"message_id": message_id} if message_id else {})}
        entries = await self._journal.append(
            connection, number, [Event("said", "citizen", opened, {"text": words.text})]
        )
        if message_id is not None:
            row = {"consultation": number, "message_id": message_id, "turn": said.turn, "seq": entries[0].seq}
            await connection.execute(inbox.insert().values(**row))
        return said

    async def _interrupted(self, connection: AsyncConnection, number: str) -> _Said | None:
        row = (await connection.execute(sa.select(consultations).where(consultations.c.number == number))).mappings().one()
        entries = await self._journal.read(connection, number)
        return None if _turn_of(entries, row["turns"], "bot") else _said_again(row, entries, row["turns"])

    async def _finish(self, said: _Said) -> Turn:
        """Decide the reply, write it, and only then show it."""
        result, events = await self._decide(said)
        async with self._database.write() as connection:
            entries = await self._journal.append(connection, said.number, events)
            rows = [{"consultation": said.number, "seq": entry.seq, "channel": said.channel, "delivered": None}
                    for entry in entries if entry.kind == "said"]  # fmt: skip
            if rows:
                await connection.execute(outbox.insert(), rows)
        self._wake(said.number)
        return result

    async def _decide(self, said: _Said) -> tuple[Turn, list[Event]]:
        owner = owner_of(said.state)
        answer = self._person.answer(said.state, said.words.text, said.raw)
        if answer is not None:
            state, status, replies, extra = answer
            return self._close_turn(said, owner, state, status, replies, extra, {})
        if owner != "bot":
            return self._close_turn(said, owner, said.state, "handoff", (), (), {})
        if said.words.bare:
            reply = Reply(self._site.phrases["withheld"], kind="withheld")
            return self._close_turn(said, owner, said.state, "withheld", (reply,), (), {})
        turn = await self._ask_engine(said, await self._meant(said))
        replies = turn.replies
        if said.words.hidden:
            note = self._site.phrases["masked"].format(what="、".join(said.words.hidden))
            replies = (*replies, Reply(note, kind="notice"))
        if not turn.handoff:
            return self._close_turn(said, owner, said.state, turn.status, replies, (), turn.parsed)
        state, handed, extra = self._person.hand_off(turn.handoff)
        return self._close_turn(said, owner, state, "handoff", (*replies, handed), extra, turn.parsed)

    async def _meant(self, said: _Said) -> str:
        """Return the payload of the button that the words name by number or title; else the words."""
        text = said.words.text
        if said.turn == 1 or len(text) > LONGEST_CHOICE:
            return text
        async with self._database.read() as connection:
            entries = await self._journal.read(connection, said.number)
        shown = [entry for entry in entries if entry.open.get("turn") == said.turn - 1]
        return named_choice(text, [button for reply in replies_of(shown) for button in reply.buttons]) or text

    async def _ask_engine(self, said: _Said, text: str) -> EngineTurn:
        try:
            return await self._engine.ask(said.number, text, said.region)
        except TryLater as error:
            _log.warning("engine gave no answer: %s", error.code)
            phrase = self._site.phrases["degraded" if self._engine.ready else "starting"]
            reply = Reply(phrase, buttons=(Button("转人工", "转人工"),), kind="degraded")
            return EngineTurn("degraded", (reply,), parsed={"error": error.code})

    def _close_turn(
        self, said: _Said, owner: str, state: str, status: str, replies: tuple[Reply, ...], extra: tuple[Event, ...], parsed: Any
    ) -> tuple[Turn, list[Event]]:
        """Put the turn into events: what was understood, what is said, and what changed."""
        now = owner_of(state)
        kind = "parsed" if owner == "bot" else "relayed"
        head = Event(kind, "engine" if owner == "bot" else "zhixun", {"turn": said.turn, "status": status, **dict(parsed)})
        speaker = "bot" if owner == "bot" else "system"
        said_back = [
            Event(
                "said", speaker,
                {"turn": said.turn, "status": status, "kind": reply.kind, "knowledge": list(reply.knowledge)},
                {"text": reply.text, "basis": dump(reply.basis), "buttons": dump(reply.buttons)},
            )
            for reply in replies
        ]  # fmt: skip
        return Turn(said.number, said.turn, now, status, replies), [head, *said_back, *extra]


def replies_of(entries: list[Entry]) -> tuple[Reply, ...]:
    """Return what was said back in `entries` as replies."""
    return tuple(
        Reply.read({**(entry.private or {"text": "（内容已按请求删除）"}), **entry.open})
        for entry in entries
        if entry.kind == "said" and entry.actor != "citizen"
    )


def _checked(text: str) -> Clean:
    if not isinstance(text, str) or not text.strip():
        raise CitizenError("请先输入您的问题。", code="empty", field="text")
    if len(text) > MAX_LENGTH:
        raise CitizenError(f"一次最多 {MAX_LENGTH} 个字，您输入了 {len(text)} 个。请分几次发送。", code="too_long", field="text")
    if not any(char.isalnum() for char in text):
        raise CitizenError("没有看到文字，请用文字说明您的问题。", code="no_words", field="text")
    return clean(text)


def _turn_of(entries: list[Entry], turn: int, owner: str) -> Turn | None:
    """Return a finished turn as it was given, or None when it was never finished."""
    of_turn = [entry for entry in entries if entry.open.get("turn") == turn]
    done = next((entry for entry in of_turn if entry.kind in TURN_DONE), None)
    if done is None:
        return None
    return Turn(done.consultation, turn, owner, str(done.open["status"]), replies_of(of_turn))


def _said_again(row: Any, entries: list[Entry], turn: int) -> _Said | None:
    """Return a message whose turn was interrupted, as it was first taken; None when its words were erased."""
    entry = next((e for e in entries if e.open.get("turn") == turn and e.actor == "citizen"), None)
    if entry is None or entry.private is None:
        return None
    text = str(entry.private["text"])
    words = Clean(text, tuple(entry.open["hidden"]), clean(text).bare)
    return _Said(row["number"], row["channel"], row["region"], row["state"], turn, words, text)
