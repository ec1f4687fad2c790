"""What comes in by the doors of other platforms: each message is stored once, in one transaction, before anybody says that it was taken.

A platform knows a citizen by an id of its own, and delivers a message again until it hears that it was taken. Who writes goes on
with the consultation that is open, or begins a new one. Nothing is joined across doors: whoever also writes elsewhere is somebody
else here, unless the citizen gives the number and code of a receipt.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock, stamp
from zhixun.conversation.owner import owner_of
from zhixun.conversation.ports import Phrases
from zhixun.conversation.rating import Ratings
from zhixun.conversation.turn import Turns
from zhixun.database import Database, consultations, inbox, outbox, threads
from zhixun.doors import ENDED, HELD, LEFT, RECALLED, SAID, WAITING, Address, ByStaff, Incoming, Stored
from zhixun.errors import CitizenError
from zhixun.messages import Button, Entry, Event, Reply, dump
from zhixun.outgoing import tell
from zhixun.ports import Journal

__all__ = ["Arrivals", "message_key"]

END = ("结束咨询", "结束")
"""Who writes this has done; a window has a button for it."""
GREETING = "greeting"
"""What answers somebody who asks to begin; alone among these sentences it offers something."""
WORDLESS = "[没有文字的内容]"
"""What people read where something came that has no words and is not kept."""
NEVER = "9"
"""A time after all others."""


class Arrivals:
    """Takes in what the doors bring.

    Args:
        key: of this deployment, for the marks by which citizens are known again.
        region: the deployment's own.
        quick: the buttons under the greeting. ratings: takes what is said of a consultation after its end.
    """

    def __init__(
        self, database: Database, journal: Journal, turns: Turns, site: Phrases, clock: Clock, *,
        key: bytes, region: str, quick: Sequence[Button], ratings: Ratings,
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._turns = turns
        self._site = site
        self._clock = clock
        self._key = key
        self._region = region
        self._quick = tuple(quick)
        self._ratings = ratings

    async def store_all(
        self, batch: Sequence[Incoming], also: Callable[[AsyncConnection], Awaitable[None]] | None = None
    ) -> list[Stored]:
        """Store a batch in one transaction, in its order and each once.

        Args:
            also: what is to be written in the same breath, such as how far the platform's list was read.

        Raises:
            TryLater: the store is busy; nothing was taken, the platform should deliver it again.
        """
        async with self._database.write(first=True) as connection:
            stored = [await self._store(connection, one) for one in batch]
            if also is not None:
                await also(connection)
        return stored

    async def by_staff(self, one: ByStaff) -> Stored:
        """Note what the office's people did in the platform's own client, once; while they talk there, the bot is silent.

        It has its place in the consultation's own order of turns, so that the bot is never in the middle of an answer.

        Raises:
            TryLater: the store is busy, or too much waits in the consultation; nothing was noted.
        """
        key, number = message_key(one), await self.current(one.door, one.account, one.peer)
        async with self._turns.order.turn(number), self._database.write() as connection:
            if before := await self._known(connection, one.door, key):
                return Stored(before, "again")
            number, _ = await self._thread(connection, one)
            if one.act == RECALLED:
                return await self._recalled(connection, one, number, key)
            known = {"message_id": key}
            if one.act in (ENDED, LEFT):
                if number:
                    await self._given_back(connection, one, number, known)
                return Stored(number)
            number = number or await self._open(connection, Incoming(one.door, one.account, one.peer, one.id), greet=False)
            row = await self._taken(connection, one, number, {} if one.act == SAID else known)
            if one.act == SAID:
                told = {"fence": row["fence"], "there": True, **known, **({} if row["answered"] else {"first": True})}
                await tell(connection, self._journal, number, Reply(one.text, kind="staff"), actor=_there(one), **told)
        return Stored(number)

    async def address(self, number: str) -> Address | None:
        """Return where the words of a consultation go to; None when it came by no such door or was erased."""
        async with self._database.read() as connection:
            first = await self._journal.read(connection, number, most=1)
        known = (first[0].private or {}) if first else {}
        return Address(str(first[0].open["channel"]), known["account"], known["peer"]) if "peer" in known else None

    async def choice(self, number: str, place: str, title: str = "") -> str:
        """Return the words of a button that was shown: `place` is "SEQ.INDEX"; empty when there is none.

        Args:
            title: what stood on it, where that is known: the button of an earlier consultation may have the same place.
        """
        seq, _, index = place.partition(".")
        if not (seq.isdecimal() and index.isdecimal() and seq.isascii() and index.isascii() and len(place) < 16):
            return ""
        async with self._database.read() as connection:
            entries = await self._journal.read(connection, number, int(seq) - 1, most=1)
            closing = [dump(one) for one in await self._ratings.buttons(connection, number)] if _is_end(entries, int(seq)) else []
        buttons = closing or ((entries[0].private or {}).get("buttons", []) if entries and entries[0].seq == int(seq) else [])
        button = buttons[int(index)] if int(index) < len(buttons) else None
        return str(button["payload"]) if button is not None and title in ("", button["title"]) else ""

    async def current(self, door: str, account: str, peer: str) -> str:
        """Return the consultation that somebody was last in; empty when there was none."""
        here = (threads.c.door == door) & (threads.c.mark == self._mark(door, account, peer))
        async with self._database.read() as connection:
            return str(await connection.scalar(sa.select(threads.c.consultation).where(here)) or "")

    async def _store(self, connection: AsyncConnection, one: Incoming) -> Stored:
        key = message_key(one)
        if number := await self._known(connection, one.door, key):
            return Stored(number, "again")
        number, last = await self._thread(connection, one)
        if one.recalls:
            return await self._recalled(connection, one, number, key)
        if one.gone:
            await self._lost(connection, one, number)
            return Stored(number)
        if not number and last and await self._rated(connection, one, last, key):
            return Stored(last, "rated")
        if not number:
            number = await self._open(connection, one, greet=not last)
            if not one.text and one.reply in ("", GREETING):
                # Who only came in has been greeted; the same event again must not greet twice.
                await self._greet(connection, number, key, again=bool(last))
                return Stored(number)
        await self._allow(connection, one, number)
        return Stored(number, await self._hear(connection, one, number, key))

    async def _rated(self, connection: AsyncConnection, one: Incoming, last: str, key: str) -> bool:
        """Take what is clearly a rating of the consultation that somebody was last in; anything else begins a new one."""
        if one.media or not one.text or not await self._ratings.hear(connection, last, one.text, key):
            return False
        await self._allow(connection, one, last)
        return True

    async def _hear(self, connection: AsyncConnection, one: Incoming, number: str, key: str) -> str:
        """Write what was said, and answer at once what nobody has to understand; returns what became of it."""
        if one.reply and await self._with_person(connection, number):
            # The program is silent while a person has it; but that something came, people see.
            one = replace(one, reply="", text="" if one.reply == GREETING else WORDLESS, form="file")
        if one.reply == GREETING and not await self._just_greeted(connection, number):
            await self._greet(connection, number, key, again=False)
            return "kept"
        if one.reply and one.reply != GREETING:
            await tell(connection, self._journal, number, Reply(self._site.phrases[one.reply], kind="notice"), message_id=key)
            return "kept"
        if not one.text:
            await self._journal.append(connection, number, [Event("came_back", "citizen", {"message_id": key})])
            return "kept"
        if one.text.strip() in END:
            await self._journal.append(connection, number, [Event("asked_to_end", "citizen", {"message_id": key})])
            return "ends"
        media = {"media": one.media, "name": one.name} if one.media else None
        try:
            await self._turns.receive(connection, number, one.text, key, one.form)
        except CitizenError as error:
            await tell(connection, self._journal, number, Reply(error.message, kind="notice"), message_id=key)
            return "kept"
        if media:
            await self._journal.append(connection, number, [Event("file_offered", "citizen", {"message_id": f"{key}/file"}, media)])
        return "asks"

    async def _open(self, connection: AsyncConnection, one: Incoming, *, greet: bool) -> str:
        """Begin a consultation and say what the program is, to somebody new also what is recorded."""
        opened = Event("opened", "zhixun", {"channel": one.door, "region": self._region, "consent": False},
                       {"account": one.account, "peer": one.peer})  # fmt: skip
        number = (await self._journal.open(connection, opened)).consultation
        mark = self._mark(one.door, one.account, one.peer)
        row = insert(threads).values(door=one.door, mark=mark, consultation=number, left=None, until="")
        await connection.execute(row.on_conflict_do_update(index_elements=["door", "mark"], set_={"consultation": number}))
        await self._allow(connection, one, number)
        if greet:
            told = self._site.phrases["program"] + "\n" + self._site.phrases["notice"]
            await tell(connection, self._journal, number, Reply(told, kind="notice"))
        return number

    async def _greet(self, connection: AsyncConnection, number: str, key: str, *, again: bool) -> None:
        words = self._site.phrases["said_before" if again else "greeting"]
        await tell(connection, self._journal, number, Reply(words, buttons=self._quick, kind="greeting"), message_id=key)

    @staticmethod
    async def _with_person(connection: AsyncConnection, number: str) -> bool:
        """Tell whether a person has a consultation, or it waits for one."""
        state = await connection.scalar(sa.select(consultations.c.state).where(consultations.c.number == number))
        return owner_of(str(state)) != "bot"

    async def _just_greeted(self, connection: AsyncConnection, number: str) -> bool:
        """Tell whether a greeting is the last that was said."""
        said = [entry for entry in await self._journal.read(connection, number) if entry.kind == "said"]
        return bool(said) and said[-1].open.get("kind") == "greeting"

    async def _lost(self, connection: AsyncConnection, one: Incoming, number: str) -> None:
        """Note that the citizen does not want to hear from the office by this door any more."""
        if number:
            await self._journal.append(connection, number, [Event("unreachable", "citizen", {"message_id": message_key(one)})])
            gone = threads.update().where(threads.c.consultation == number)
            await connection.execute(gone.values(left=0, until=NEVER))

    async def _recalled(self, connection: AsyncConnection, one: Incoming | ByStaff, number: str, key: str) -> Stored:
        """Note that a message was taken back; it stays on file, and whoever reads it knows."""
        of, by = message_key(replace(one, id=one.recalls)), "citizen" if isinstance(one, Incoming) else _there(one)
        if not number or await self._known(connection, one.door, of) != number:
            return Stored(number, "again")
        await self._journal.append(connection, number, [Event("recalled", by, {"message_id": key, "of": of})])
        return Stored(number)

    async def _allow(self, connection: AsyncConnection, one: Incoming, number: str) -> None:
        """Note what the platform lets through from now on; what waited for the citizen to speak again goes out now."""
        if one.allows is None:
            # Where the platform does not count, whoever had left and speaks again is reached again.
            back = (threads.c.consultation == number) & (threads.c.until == NEVER)
            if (await connection.execute(threads.update().where(back).values(left=None, until=""))).rowcount:
                await self._release(connection, number)
            return
        count, seconds = one.allows
        until = stamp(self._clock.now() + timedelta(seconds=seconds))
        row = (await connection.execute(sa.select(threads).where(threads.c.consultation == number))).mappings().first()
        # A touch on the menu opens a small window; it does not shut the large one that words have opened.
        if row is not None and row["left"] is not None and row["until"] > until and row["left"] >= count and row["until"] != NEVER:
            return
        await connection.execute(threads.update().where(threads.c.consultation == number).values(left=count, until=until))
        await self._release(connection, number)

    async def _release(self, connection: AsyncConnection, number: str) -> None:
        """Let go what waited for the citizen to speak again."""
        held = (outbox.c.consultation == number) & (outbox.c.standing == HELD)
        await connection.execute(outbox.update().where(held).values(standing=WAITING, due=stamp(self._clock.now())))

    async def _thread(self, connection: AsyncConnection, one: Incoming | ByStaff) -> tuple[str, str]:
        """Return the open consultation of who writes, and the last one, open or not; each empty when there is none."""
        here = (threads.c.door == one.door) & (threads.c.mark == self._mark(one.door, one.account, one.peer))
        join = threads.join(consultations, consultations.c.number == threads.c.consultation)
        query = sa.select(consultations.c.number, consultations.c.state).select_from(join).where(here)
        row = (await connection.execute(query)).first()
        if row is None:
            return "", ""
        return ("" if row.state == "closed" else row.number), row.number

    async def _taken(self, connection: AsyncConnection, one: ByStaff, number: str, known: Mapping[str, str]) -> sa.RowMapping:
        """Give a consultation to those who talk in the platform's own client; returns its row as it is then.

        Whoever has it at the desk loses it: the platform lets nobody else through to the citizen.

        Args:
            known: by what the act is known again, where nothing else is written of it.
        """
        query = sa.select(consultations).where(consultations.c.number == number)
        row = (await connection.execute(query)).mappings().one()
        if (row["state"], row["operator"]) != ("staff", one.door):
            events = [Event("returned", "zhixun", {"state": "queued", "reason": "passed_on"})] if row["state"] == "staff" else []
            told = {"state": "staff", "operator": one.door, "from": owner_of("queued" if events else row["state"]), **known}
            await self._journal.append(connection, number, [*events, Event("claimed", _there(one), told)])
            return (await connection.execute(query)).mappings().one()
        if known:
            await self._journal.append(connection, number, [Event("happened_there", _there(one), {"act": one.act, **known})])
        return row

    async def _given_back(self, connection: AsyncConnection, one: ByStaff, number: str, known: Mapping[str, str]) -> None:
        """Let the program go on with the citizen, or whoever is free where words wait for an answer.

        Nothing is said, because the platform lets nothing through at this moment.
        """
        here = (consultations.c.number == number) & (consultations.c.state == "staff") & (consultations.c.operator == one.door)
        event = Event("happened_there", _there(one), {"act": one.act, **known})
        if await connection.scalar(sa.select(consultations.c.number).where(here)):
            told = {"state": "queued", "reason": "put_back"} if one.act == LEFT else {"state": "bot", "reason": "given_back"}
            event = Event("returned", _there(one), {**told, **known})
        await self._journal.append(connection, number, [event])

    @staticmethod
    async def _known(connection: AsyncConnection, door: str, key: str) -> str:
        """Return the consultation that has a message already; empty when none has."""
        join = inbox.join(consultations, consultations.c.number == inbox.c.consultation)
        query = sa.select(inbox.c.consultation).select_from(join).where(inbox.c.message_id == key, consultations.c.channel == door)
        return str(await connection.scalar(query) or "")

    def _mark(self, door: str, account: str, peer: str) -> str:
        """Return by what somebody is known again; it tells nobody who it is."""
        return hmac.new(self._key, "\x1f".join((door, account, peer)).encode(), hashlib.sha256).hexdigest()


def message_key(one: Incoming | ByStaff) -> str:
    """Return the id of a message as the journal has it; the platform's own may name the citizen."""
    return f"{one.door}:{hashlib.sha256(f'{one.account} {one.id}'.encode()).hexdigest()[:32]}"


def _is_end(entries: Sequence[Entry], seq: int) -> bool:
    """Tell whether it is the entry that ends a consultation: with its receipt goes the question how it was."""
    return bool(entries) and (entries[0].seq, entries[0].kind) == (seq, "closed")


def _there(one: ByStaff) -> str:
    """Return how the journal calls those who talk with citizens in a platform's own client."""
    return f"staff:{one.door}"
