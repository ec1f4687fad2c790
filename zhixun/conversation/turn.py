"""The turn: what happens between a citizen's message and the reply.

Two transactions frame the engine's work. The first writes the citizen's words and the message's id; the second writes
what was understood and what is said back. Only then does anyone see the reply. When the process dies in between, the same
message sent again, or the next start, finishes the turn.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock
from zhixun.conversation.choice import LONGEST_CHOICE, named_choice
from zhixun.conversation.order import Order
from zhixun.conversation.owner import owner_of, step
from zhixun.conversation.person import Person
from zhixun.conversation.ports import Engine, Phrases, Requests
from zhixun.conversation.redact import MAX_LENGTH, Clean, clean, find_phone
from zhixun.conversation.switch import Switch
from zhixun.database import Database, consultations, inbox
from zhixun.errors import CitizenError, OurFault, TryLater
from zhixun.messages import HIDDEN_PHONE, MOBILE, PERSON, Button, EngineTurn, Entry, Event, Reply, Turn, dump
from zhixun.ports import Journal

__all__ = ["Turns", "replies_of"]

_log = logging.getLogger(__name__)

TURN_DONE = ("parsed", "relayed")
PHONE = "phone"
UNREAD = ("location", "file")
"""What comes in other forms than words is for people; a sentence of the same name says so."""
_SHOWN_PHONE = re.compile(f"：{re.escape(HIDDEN_PHONE)}$", re.MULTILINE)
"""The field of the number, where a form is looked over; what stands so in other words stays hidden."""
REMEMBERED = 3
"""For how many turns a question that was answered may be gone on from."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A citizen's message that is in the journal."""

    number: str
    channel: str
    region: str
    state: str
    turn: int
    words: Clean
    phone: str | None
    """The number to call, left with a person or in a form; it is in the journal, encrypted."""
    again: bool = False
    """Whether the engine may have heard these words before a crash."""
    form: str = ""
    """How it came, when not as typed words."""
    talk: Sequence[Entry] | None = None
    """The entries that it may go on from, where they were read already."""


class Turns:
    """Takes messages, one at a time for each consultation.

    Args:
        database, journal, engine, site, requests, clock: what the turn needs.
        wake: tells the open windows of a consultation that there is something new.
        switch: whether the program may answer.
    """

    def __init__(
        self, database: Database, journal: Journal, engine: Engine, site: Phrases, requests: Requests, clock: Clock,
        wake: Callable[[str], None], switch: Switch,
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._engine = engine
        self._site = site
        self._requests = requests
        self._wake = wake
        self._switch = switch
        self._person = Person(site, clock)
        self.order = Order()

    async def say(self, number: str, text: str, message_id: str | None = None) -> Turn:
        """Take a citizen's message and return the turn; the same `message_id` again returns the first result.

        Raises:
            CitizenError: the text is empty, too long or without words, or the consultation is closed.
            TryLater: too many messages of this consultation are waiting.
        """
        words, phone = _checked(text), find_phone(text)
        async with self.order.turn(number):
            async with self._database.write() as connection:
                row = await _row(connection, number)
                said = await self._heard(connection, row, message_id) or await self._take(connection, row, words, phone, message_id)
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
            try:
                done += await self.catch_up(number)
            except Exception as error:  # one that is damaged or crowded must keep neither the others nor the start waiting
                _log.error("%s could not be finished: %s", number, type(error).__name__)
        return done

    async def receive(self, connection: AsyncConnection, number: str, text: str, message_id: str, form: str = "") -> None:
        """Write what a citizen says, in the caller's transaction; `catch_up` answers it.

        Raises:
            CitizenError: the text is too long or without words, or the consultation is closed.
        """
        await self._take(connection, await _row(connection, number), _checked(text), find_phone(text), message_id, form, waits=True)

    async def catch_up(self, number: str) -> int:
        """Answer what was received in a consultation and has no turn yet, in order; returns how many."""
        done = 0
        async with self.order.turn(number):
            while (said := await self._interrupted(number)) is not None:
                await self._finish(said, patient=True)
                done += 1
        return done

    async def _heard(self, connection: AsyncConnection, row: sa.RowMapping, message_id: str | None) -> _Said | Turn | None:
        """Return what became of a message that came before; None when it did not."""
        if message_id is None:
            return None
        seen = sa.select(inbox.c.turn).where(inbox.c.consultation == row["number"], inbox.c.message_id == message_id)
        turn = await connection.scalar(seen)
        if turn is None:
            return None
        entries = await self._talk(connection, row["number"], turn)
        done = _turn_of(entries, turn, owner_of(row["state"]))
        if done is not None:
            return done
        step(row["state"], "closed")
        return _said_again(row, entries, turn)

    async def _take(
        self, connection: AsyncConnection, row: sa.RowMapping, words: Clean, phone: str | None, message_id: str | None,
        form: str = "", *, waits: bool = False,
    ) -> _Said:  # fmt: skip
        """Write the citizen's words.

        Args:
            waits: whether words before these may still wait for their turn, so that it is not known yet who will read them.
        """
        number = row["number"]
        step(row["state"], "closed")
        # A number is for the person who will call; the bot needs none but for a form, and then it is only hidden.
        wanted = owner_of(row["state"]) != "bot" or (row["wants"] == PHONE and words.only_phone)
        if phone and not wanted and waits:
            wanted = words.only_phone and await self._journal.unanswered(connection, number, TURN_DONE) is not None
        said = _Said(number, row["channel"], row["region"], row["state"], row["turns"] + 1, words, phone if wanted else None, form=form)
        for_form = owner_of(row["state"]) == "bot" and row["wants"] == PHONE
        await self._journal.append(connection, number, _events_of(said, message_id, for_form))
        return said

    async def _interrupted(self, number: str) -> _Said | None:
        """Return the first message that has no turn, or None."""
        async with self._database.read() as connection:
            if (turn := await self._journal.unanswered(connection, number, TURN_DONE)) is None:
                return None
            row = await _row(connection, number)
            if row["state"] == "closed":
                return None  # it was closed while this one waited for its turn
            return _said_again(row, await self._talk(connection, number, turn), turn)

    async def _talk(self, connection: AsyncConnection, number: str, turn: int) -> list[Entry]:
        """Return the entries of a turn and of those that it may go on from; a long talk has many before them."""
        return await self._journal.read(connection, number, turn=turn - REMEMBERED)

    async def _finish(self, said: _Said, *, patient: bool = False) -> Turn:
        """Decide the reply, write it, and only then show it.

        Args:
            patient: whether nobody waits for it who could say the same again.
        """
        result, events = await self._decide(said)
        async with self._database.write(patient=patient) as connection:
            await self._journal.append(connection, said.number, events)
        self._wake(said.number)
        return result

    async def _decide(self, said: _Said) -> tuple[Turn, list[Event]]:
        owner = owner_of(said.state)
        meant, last = await self._meant(said)
        answer = self._person.answer(said.state, meant, said.phone)
        if answer is not None:
            state, status, replies, extra = answer
            return self._close_turn(said, owner, state, status, replies, extra, {})
        if owner != "bot":
            return self._close_turn(said, owner, said.state, "handoff", (), (), {})
        if self._switch.reason:
            return self._paused(said, owner)
        if (told := await self._without_engine(said, meant)) is not None:
            status, reply, events = told
            return self._close_turn(said, owner, said.state, status, (reply,), events, {})
        turn = await self._ask_engine(said, meant, last)
        replies, facts = await self._with_request(said, turn)
        lost = [kind for kind in said.words.hidden if said.phone is None or kind != MOBILE]
        if lost:
            replies = (*replies, Reply(self._site.phrases["masked"].format(what="、".join(lost)), kind="notice"))
        if turn.status != "degraded":
            # What the engine does not answer leaves an open guide or form where it stands.
            wants = {"wants": turn.wants} if turn.wants else {}
            turn = replace(turn, parsed={**turn.parsed, "in_guide": turn.in_guide, **wants})
        if not turn.handoff:
            return self._close_turn(said, owner, said.state, turn.status, replies, facts, turn.parsed)
        state, handed, extra = self._person.hand_off(turn.handoff, self._site.team_for(_right(turn.parsed)).name)
        return self._close_turn(said, owner, state, "handoff", (*replies, handed), (*facts, *extra), turn.parsed)

    async def _without_engine(self, said: _Said, meant: str) -> tuple[str, Reply, tuple[Event, ...]] | None:
        """Return status, reply and events of what the engine need not see: how a matter stands, and words that were all secrets."""
        if said.form in UNREAD:
            return "small_talk", Reply(self._site.phrases[said.form], kind="notice"), ()
        asked = await self._requests.answer(said.number, meant)
        if asked is not None:
            return "service", *asked
        if said.words.bare and said.phone is None:
            return "withheld", Reply(self._site.phrases["withheld"], kind="withheld"), ()
        return None

    def _paused(self, said: _Said, owner: str) -> tuple[Turn, list[Event]]:
        """Hand over to a person while the program is switched off."""
        told = Reply(self._site.phrases["bot_paused"].format(reason=self._switch.reason), kind="notice")
        state, handed, extra = self._person.hand_off("bot_paused")
        return self._close_turn(said, owner, state, "handoff", (told, handed), extra, {})

    async def _with_request(self, said: _Said, turn: EngineTurn) -> tuple[tuple[Reply, ...], tuple[Event, ...]]:
        """Return the replies and what they leave in the journal: a request that was sent, what a guide found out.

        The number that the engine never saw is put in: all of it into the request, shortened into what is shown.
        """
        facts = _gathered(said, turn.guided)
        if not turn.wish and not any(_SHOWN_PHONE.search(reply.text) for reply in turn.replies):
            return turn.replies, facts
        phone = said.phone or await self._phone_of_form(said.number)
        shown = f"{phone[:3]}****{phone[-4:]}"
        shown = shown if phone else "（请重新填写）"
        replies = tuple(replace(reply, text=_SHOWN_PHONE.sub(f"：{shown}", reply.text)) for reply in turn.replies)
        if not turn.wish:
            return replies, facts
        reply, events = await self._requests.take(said.number, said.turn, turn.wish, phone)
        return (*replies, reply), (*facts, *events)

    async def _phone_of_form(self, number: str) -> str:
        """Return the number that was left last in a form of this consultation, or an empty string."""
        async with self._database.read() as connection:
            entries = await self._journal.read(connection, number)
        left = [entry.private for entry in entries if entry.kind == "contact_left" and entry.open.get("for") and entry.private]
        return str(left[-1]["phone"]) if left else ""

    async def _meant(self, said: _Said) -> tuple[str, str]:
        """Return what the words mean in the talk so far.

        That is the payload of the button that they name by number or title, else the words; and the question that was
        answered last, from which short words may go on ("多少钱", "那外观呢").
        """
        text = said.words.text
        if len(text) > LONGEST_CHOICE:
            return text, ""
        entries = said.talk
        if entries is None:
            async with self._database.read() as connection:
                entries = await self._talk(connection, said.number, said.turn)
        shown = [entry for entry in entries if entry.open.get("turn") == said.turn - 1]
        # The last bubble that offers something is what a number means: a step of a guide stands below an answer in between.
        offered = [reply.buttons for reply in replies_of(shown) if reply.buttons]
        return named_choice(text, offered[-1] if offered else ()) or text, _last_question(entries, said.turn)

    async def _ask_engine(self, said: _Said, text: str, last: str) -> EngineTurn:
        try:
            return await self._engine.ask(said.number, text, said.region, last, turn=said.turn, again=said.again)
        except TryLater as error:
            _log.warning("engine gave no answer: %s", error.code)
            phrase = self._site.phrases["degraded" if self._engine.ready else "starting"]
            reply = Reply(phrase, buttons=(Button(PERSON, PERSON),), kind="degraded")
            return EngineTurn("degraded", (reply,), parsed={"error": error.code})

    def _close_turn(
        self, said: _Said, owner: str, state: str, status: str, replies: tuple[Reply, ...], extra: tuple[Event, ...],
        parsed: Mapping[str, Any],
    ) -> tuple[Turn, list[Event]]:
        """Put the turn into events: what was understood, what is said, and what changed."""
        now = owner_of(state)
        kind = "parsed" if owner == "bot" else "relayed"
        head = Event(kind, "engine" if owner == "bot" else "zhixun", {**parsed, "turn": said.turn, "status": status})
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


def _gathered(said: _Said, guided: Mapping[str, Any]) -> tuple[Event, ...]:
    """Put what a guide found out into an event: the summary that staff read."""
    if not guided:
        return ()
    where = {name: guided[name] for name in ("guide", "leaf", "percent")}
    return (Event("guided", "engine", {"turn": said.turn, **where}, {"title": guided["title"], "facts": guided["facts"]}),)


def replies_of(entries: list[Entry]) -> tuple[Reply, ...]:
    """Return what was said back in `entries` as replies."""
    return tuple(
        Reply.read({**(entry.private or {"text": "（内容已按请求删除）"}), **entry.open})
        for entry in entries
        if entry.kind == "said" and entry.actor != "citizen"
    )


def _right(parsed: Mapping[str, Any]) -> str:
    """Return the right that was named first in what was understood, or an empty string."""
    return next((str(found["value"]) for found in parsed.get("entities", ()) if found["entity"] == "right"), "")


def _last_question(entries: Sequence[Entry], turn: int) -> str:
    """Return the id of the question answered last before `turn`, or an empty string."""
    for entry in reversed(entries):
        if entry.kind == "said" and entry.actor == "bot" and entry.open.get("knowledge") and turn - REMEMBERED <= entry.open["turn"] < turn:
            return str(entry.open["knowledge"][0])
    return ""


async def _row(connection: AsyncConnection, number: str) -> sa.RowMapping:
    return (await connection.execute(sa.select(consultations).where(consultations.c.number == number))).mappings().one()


def _events_of(said: _Said, message_id: str | None, for_form: bool) -> list[Event]:
    """Put what was said into events; a number to call back is kept in the same breath, so that no crash can lose it."""
    known = {"message_id": message_id} if message_id else {}
    known |= {"form": said.form} if said.form else {}
    words = Event("said", "citizen", {"turn": said.turn, "hidden": list(said.words.hidden), **known}, {"text": said.words.text})
    if said.phone is None:
        return [words]
    purpose = {"for": "request"} if for_form else {}
    return [words, Event("contact_left", "citizen", {"turn": said.turn, "what": PHONE, **purpose}, {"phone": said.phone})]


def _checked(text: str) -> Clean:
    if not text.strip():
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


def _said_again(row: sa.RowMapping, entries: list[Entry], turn: int) -> _Said:
    """Return a message whose turn was interrupted, as it was first taken.

    Raises:
        OurFault: its words can no longer be read.
    """
    kept = {entry.kind: entry for entry in entries if entry.open.get("turn") == turn and entry.actor == "citizen"}
    private = kept["said"].private
    if private is None:
        raise OurFault(f"咨询件 {row['number']} 第 {turn} 轮的内容无法读取。")
    text, hidden = str(private["text"]), tuple(kept["said"].open["hidden"])
    left = kept["contact_left"].private if "contact_left" in kept else None
    phone = str(left["phone"]) if left else None
    return _Said(row["number"], row["channel"], row["region"], row["state"], turn, Clean(text, hidden), phone, again=True,
                 form=str(kept["said"].open.get("form", "")), talk=entries)  # fmt: skip
