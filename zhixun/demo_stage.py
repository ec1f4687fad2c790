"""The stage of the demonstration: a clock that walks, moments in office hours, and what people do in a consultation.

A story is a stream of moments: it acts, then says when it goes on. `play` turns the clock from one moment to the next over all
stories, so that what happens at the same time stands in the journal in its order.
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from zhixun.clock import Clock
from zhixun.demo_engine import Understood, Voice
from zhixun.desk.accounts import Accounts
from zhixun.desk.casework import Casework
from zhixun.joined import Received
from zhixun.knowledge.choose import regions_of
from zhixun.knowledge.guides.fields import DATE, MONEY, NAME, NUMBER, PHONE, TEXT, UNIT
from zhixun.knowledge.guides.model import CHOICE, Guide, Step
from zhixun.knowledge.guides.walk import walk
from zhixun.knowledge.model import Knowledge, Question
from zhixun.knowledge.services.intake import AGREED
from zhixun.knowledge.services.model import CONSENT, REVIEW
from zhixun.knowledge.site import Hours, Site
from zhixun.messages import HIDDEN_PHONE, PERSON, SKIP, EngineTurn, To
from zhixun.names import INDICATORS
from zhixun.registered import Registered
from zhixun.store import Archive
from zhixun.talk import Talk

__all__ = ["Case", "Moments", "Stage", "Story", "Walking", "pick", "play", "stream"]

Story = AsyncGenerator[datetime, None]
"""Acts between the moments that it gives; the first moment is when it begins."""
_T = TypeVar("_T")
_USUAL = ((time(9), time(12)), (time(13, 30), time(17, 30)))
_LONGEST_HOLIDAY, _LONGEST_LOOK = 15, 60
_ALL = 10**6


@dataclass(frozen=True, slots=True)
class Walking(Clock):
    """A clock that stands where the play has come to, and never goes back."""

    hand: list[datetime] = field(default_factory=list)

    def now(self) -> datetime:
        """Return where it stands."""
        return self.hand[0].astimezone(UTC)

    def turn_to(self, moment: datetime) -> None:
        """Turn it on to `moment`."""
        self.hand[0] = max(self.hand[0], moment)


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of the office, all local: `end` is when the play ends."""

    hours: Hours
    end: datetime

    def at(self, days_ago: int, share: float) -> datetime:
        """Return when that share of the working time is over, so many days ago or on a working day beside."""
        day = self.end.date() - timedelta(days=days_ago)
        # Not all of a weekend falls on its Friday.
        later = self._working(day, 1)
        return self._on(later if day.isoweekday() == 7 and later < self.end.date() else self._working(day, -1), share)

    def on(self, day: date, share: float) -> datetime:
        """Return the same of `day`, or of the next working day."""
        return self._on(self._working(day, 1), share)

    def clock(self, days_ago: int, hour: int, minute: int = 0) -> datetime:
        """Return a time by the clock, at the desk or not."""
        return datetime.combine(self.end.date() - timedelta(days=days_ago), time(hour, minute), self.end.tzinfo)

    def until(self, minutes: float) -> datetime:
        """Return the moment so many minutes before the end, at the desk or not."""
        return self.end - timedelta(minutes=minutes)

    def before(self, minutes: float) -> datetime:
        """Return when so many working minutes were left to the end."""
        left = timedelta(minutes=minutes)
        for back in range(_LONGEST_LOOK):
            for begins, ends in reversed(self._spans(self.end.date() - timedelta(days=back))):
                until = min(ends, self.end)
                if left < until - begins:
                    return until - left
                left -= max(until - begins, timedelta())
        return self.until(minutes)

    def is_working(self, day: date) -> bool:
        """Tell whether the office is open on `day`; of a year that the calendar does not know, on the usual days."""
        spans = self.hours.spans(day)
        return bool(spans) if spans is not None else day.isoweekday() <= 5

    def _working(self, day: date, way: int) -> date:
        near = (day + timedelta(days=way * step) for step in range(_LONGEST_HOLIDAY))
        return next((one for one in near if self.is_working(one)), day)

    def _on(self, day: date, share: float) -> datetime:
        spans = self._spans(day)
        left = sum((ends - begins for begins, ends in spans), timedelta()) * share
        for begins, ends in spans:
            if left < ends - begins:
                return begins + left
            left -= ends - begins
        return spans[-1][1] if spans else datetime.combine(day, time(10), self.end.tzinfo)

    def _spans(self, day: date) -> list[tuple[datetime, datetime]]:
        found = self.hours.spans(day)
        spans = _USUAL if found is None and self.is_working(day) else found or ()
        return [(datetime.combine(day, begins, self.end.tzinfo), datetime.combine(day, ends, self.end.tzinfo)) for begins, ends in spans]


def pick(values: Sequence[_T], *about: object) -> _T:
    """Return one of `values`, always the same one for the same `about`."""
    return values[zlib.crc32(repr(about).encode()) % len(values)]


async def play(stories: Sequence[Story], clock: Walking, end: datetime, done: Callable[[], object]) -> None:
    """Play all stories to their ends; what would come after `end` happens then.

    Args:
        done: told of each story that has ended.
    """
    waiting = [(await anext(story), index) for index, story in enumerate(stories)]
    heapq.heapify(waiting)
    while waiting:
        moment, index = heapq.heappop(waiting)
        clock.turn_to(min(moment, end))
        try:
            heapq.heappush(waiting, (await anext(stories[index]), index))
        except StopAsyncIteration:
            done()


@dataclass(frozen=True, slots=True)
class Stage:
    """The rooms of a deployment, and who plays in them.

    Args:
        words: demo.yml. passwords: of the staff, by name. idle: after how long the bot closes what nobody speaks in.
        known: numbers by what they are called: consultations and records by `as`, requests by their service.
        opened: all consultations. closed: those that have ended and nobody has read yet, in order.
    """

    clock: Walking
    moments: Moments
    knowledge: Knowledge
    site: Site
    archive: Archive
    talk: Talk
    voice: Voice
    understood: Understood
    accounts: Accounts
    casework: Casework
    received: Received
    registered: Registered
    words: Mapping[str, Any]
    passwords: Mapping[str, str]
    idle: timedelta
    known: dict[str, str] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def after(self, minutes: float) -> datetime:
        """Return the moment so many minutes from now."""
        return self.clock.local() + timedelta(minutes=minutes)

    def days_on(self, days: int, share: float) -> datetime:
        """Return a moment in office hours that many days on, or on the next working day."""
        return self.moments.on(self.clock.today() + timedelta(days=days), share)

    def question(self, right: str, *about: object) -> Question:
        """Return a question about a right that is answered for this place; about any right when `right` is empty."""
        here = regions_of(self.site.region, self.knowledge.glossary)
        found = [
            one for one in self.knowledge.questions.values()
            if one.answers[0].outcome == "answered" and any(answer.region in here for answer in one.answers)
        ]  # fmt: skip
        return pick([one for one in found if right in one.ip] or found, right, *about)

    async def open(self, *about: object, channel: str = "") -> Case:
        """Let somebody open a consultation."""
        region = pick((self.site.region, *self.site.regions), "region", *about)
        channel = channel or pick(self.words["channels"], "channel", *about)
        _, number, _ = await self.talk.consultations.open(channel, region, consent=True)
        self.opened.append(number)
        return Case(self, number, region)

    def note(self, name: str, number: str) -> None:
        """Note what a number is called, for links."""
        self.known.setdefault(name, number)

    async def delivered(self) -> None:
        """Note that all that was said has reached the citizens."""
        for number in self.opened:
            await self.talk.consultations.delivered(number, _ALL)

    def filled(self, form: Guide, *about: object) -> dict[str, str]:
        """Return what somebody answers at each step of a guide or form."""
        answers: dict[str, str] = {}
        while (step := walk(form, answers).step) is not None:
            answers[step.id] = self._value(step, *about)
        return answers

    def _value(self, step: Step, *about: object) -> str:
        if step.kind == CHOICE:
            fixed = {CONSENT: AGREED, REVIEW: step.choices[0].id}
            return fixed.get(step.id) or pick(step.choices, step.id, *about).id
        day = self.clock.today() - timedelta(days=20)
        amount = str(min(step.most or 20, max(step.least, 20)))
        values = {
            NAME: pick(self.words["people"], *about), UNIT: pick(self.words["units"], *about), PHONE: self.phone(*about),
            TEXT: pick(self.words["wishes"], *about), NUMBER: amount, MONEY: amount, DATE: day.isoformat(),
        }  # fmt: skip
        # The rest may be left empty: numbers of patents and of registers, which would be somebody's.
        return "" if step.kind == DATE and step.optional else values.get(step.kind, "")

    @staticmethod
    def phone(*about: object) -> str:
        """Return a number that only looks like one."""
        return f"138000000{pick(range(100), 'phone', *about):02d}"


@dataclass(frozen=True, slots=True)
class Case:
    """One consultation, and what people do in it."""

    stage: Stage
    number: str
    region: str

    async def says(self, text: str, told: EngineTurn | None = None) -> None:
        """Let the citizen say something; `told` is what the engine answers, if it is asked."""
        self.stage.voice.next = told
        await self.stage.talk.turns.say(self.number, text)
        self.stage.voice.next = None

    async def asks(self, question: Question, share: float = 0.93, *, as_button: bool = False) -> None:
        """Let the citizen ask a question, in words of their own or by a button."""
        text = question.title if as_button else pick(question.wordings, self.number)
        await self.says(text, self.stage.understood.answer(question, self.region, share))

    async def walks(self, guide: Guide, answers: Mapping[str, str], most: int = 99) -> AsyncIterator[datetime]:
        """Let the citizen answer the steps of a guide or form, but not more than `most`."""
        stage, kept = self.stage, dict[str, str]()
        yield stage.after(0.5)
        step = walk(guide, kept).step
        told = stage.understood.step(guide, kept, step) if step is not None else None
        await self.says(pick(guide.wordings, self.number), told)
        while step is not None and len(kept) < most:
            yield stage.after(0.3)
            value, choice = answers[step.id], step.choice(answers[step.id])
            kept[step.id] = HIDDEN_PHONE if step.kind == PHONE else value
            then = walk(guide, kept).step
            told = stage.understood.step(guide, kept, then) if then is not None else stage.understood.end(guide, kept)
            await self.says(choice.title if choice is not None else value or SKIP, told)
            step = then

    async def leaves_message(self, *about: object) -> AsyncIterator[datetime]:
        """Let the citizen ask something out of hours, ask for a person, and leave a number."""
        yield self.stage.after(1)
        await self.asks(self.stage.question("", *about))
        yield self.stage.after(1)
        await self.says(PERSON)
        yield self.stage.after(1)
        await self.says(f"请回电 {self.stage.phone(*about)}")

    async def sends(self, name: str, data: bytes, sender: str = "citizen") -> None:
        """Let somebody send a file."""
        await self.stage.archive.attachments.keep(self.number, sender, name, stream(data))

    async def claimed(self, by: str) -> int:
        """Let a colleague take it over; returns the fence."""
        return await self.stage.talk.takeover.claim(self.number, by)

    async def told(self, by: str, fence: int, text: str, question: Question | None = None) -> None:
        """Let staff say something, with the approved answer to a question when there is one."""
        replies = self.stage.understood.answer(question, self.region, 1.0).replies if question is not None else ()
        text = "\n\n".join((text, *(reply.text for reply in replies)))
        once = f"demo-{fence}-{zlib.crc32(text.encode())}"
        known, basis = ((question.id,), replies[-1].basis) if question is not None else ((), ())
        await self.stage.talk.takeover.say(self.number, by, fence, text, once=once, knowledge=known, basis=basis)

    async def passed_on(self, by: str, fence: int, to: str, reason: str) -> None:
        """Let staff give it to a colleague, to a team, or back to the queue."""
        takeover, shown = self.stage.talk.takeover, {one["name"]: one["shown"] for one in self.stage.words["staff"]}
        if to == "queue":
            await takeover.put_back(self.number, by, fence)
        else:
            whom = To(team="", name=to, shown=shown[to]) if to in shown else To(team=to)
            await takeover.transfer(self.number, by, fence, whom, reason)

    async def ended(self, by: str = "", fence: int = 0, outcome: str = "", words: str = "") -> None:
        """Let the citizen end it, or staff with an outcome."""
        if by:
            await self.stage.talk.takeover.close(self.number, by, fence, outcome, words)
        else:
            await self.stage.talk.consultations.close(self.number)
        self.stage.closed.append(self.number)

    async def rated(self, *about: object, as_: str = "ratings") -> None:
        """Let the citizen rate it, by one of a list of demo.yml."""
        rating = pick(self.stage.words[as_], *about)
        scores = dict(zip(INDICATORS, rating["scores"], strict=True))
        await self.stage.talk.ratings.rate(self.number, scores, rating.get("words", ""))


async def stream(data: bytes) -> AsyncIterator[bytes]:
    """Give a file in one piece."""
    yield data
