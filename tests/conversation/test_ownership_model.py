"""Ownership against a model: citizens, staff, keepers, crashes and restarts in any order, one at a time and at once.

The model says in a page what may come of an act. Acts that run at once must come out as in one of their orders. After each
step store and journal are compared with the model, and the journal with the promises (`tests/ownership.py`).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.conversation.hands import PATIENCE, restart
from tests.ownership import MOVES, Course, followed, stored
from tests.support import HOURS, IDLE, LEASE, Crash, EngineTurn, Office, Reply, office_in
from zhixun.archive.keys import load_signer
from zhixun.archive.verify import verify
from zhixun.clock import ZONE, stamp
from zhixun.desk.casework import Casework
from zhixun.desk.escalation import Escalation
from zhixun.errors import CitizenError
from zhixun.messages import To

STAFF = ("wang", "li", "zhao")
PLAIN, LOST, ASKS, CANCELS, PHONE = "异议期多久", "火星商标怎么办", "转人工", "取消排队", "13897123456"
MOST = 4
"""So many consultations at most."""


@dataclass(frozen=True)
class Act:
    """Something that somebody does; `claim` is the place of a claim among those of the consultation."""

    what: str
    number: str = ""
    name: str = ""
    claim: int = -1
    words: str = ""
    once: str = ""


@dataclass(frozen=True)
class Matter:
    """A consultation as the model knows it."""

    last: datetime
    state: str = "bot"
    holder: str = ""
    claims: int = 0
    lease: tuple[str, int, float] | None = None
    assigned: str = ""
    until: str = ""
    owed: bool = False
    turns: int = 0
    told: tuple[tuple[str, str], ...] = ()
    """The status of each message that was answered, by its id."""
    unfinished: tuple[tuple[str, str], ...] = ()
    """Id and words of each message that a crash left without a turn."""
    spoken: frozenset[str] = frozenset()


@dataclass(frozen=True)
class World:
    """All consultations, and the time."""

    matters: Mapping[str, Matter]
    moment: datetime
    tick: float

    def with_(self, number: str, **change: Any) -> World:
        return replace(self, matters={**self.matters, number: replace(self.matters[number], **change)})

    @property
    def waits_in(self) -> str:
        return "queued" if HOURS.is_open(self.moment) else "message_left"

    def after(self, act: Act) -> tuple[str, World]:
        """Return what comes of an act, and the world after it."""
        return getattr(self, f"_{act.what}")(act)

    # Of the citizen.

    def _ask(self, act: Act) -> tuple[str, World]:
        heard = self._hear(act)
        return heard if isinstance(heard, tuple) else heard._finish(act)

    def _hear(self, act: Act) -> World | tuple[str, World]:
        """Return the world in which the words are written, or what is answered at once."""
        matter = self.matters[act.number]
        told = dict(matter.told).get(act.once)
        if told is not None:
            return f"{_owner(matter.state)} {told}", self
        if matter.state == "closed":
            return "closed", self
        if act.once in dict(matter.unfinished):
            return self
        owed = matter.owed or (act.words == PHONE and matter.state != "bot")
        unfinished = (*matter.unfinished, (act.once, act.words))
        return self.with_(act.number, turns=matter.turns + 1, last=self.moment, owed=owed, unfinished=unfinished)

    def _finish(self, act: Act) -> tuple[str, World]:
        matter = self.matters[act.number]
        words = dict(matter.unfinished)[act.once]
        status, change = self._meant(matter, words)
        rest = tuple(one for one in matter.unfinished if one[0] != act.once)
        world = self.with_(act.number, **change, unfinished=rest, told=(*matter.told, (act.once, status)))
        return f"{_owner(world.matters[act.number].state)} {status}", world

    def _meant(self, matter: Matter, words: str) -> tuple[str, dict[str, Any]]:
        waits = matter.state in ("queued", "message_left")
        if waits and words == CANCELS:
            return "small_talk", {"state": "bot", "assigned": "", "until": "", "owed": False}
        if waits or matter.state == "staff":
            return "handoff", {}
        if words in (ASKS, LOST):
            new = self.waits_in
            return "handoff", {"state": new, "assigned": "", "until": "", "owed": matter.owed or new == "message_left"}
        return {CANCELS: "small_talk", PHONE: "withheld"}.get(words, "answered"), {}

    def _leave(self, act: Act) -> tuple[str, World]:
        if self.matters[act.number].state == "closed":
            return "ok", self
        return "ok", self._closed(act.number)

    def _closed(self, number: str, **change: Any) -> World:
        return self.with_(number, state="closed", **change)

    # Of staff.

    def _claim(self, act: Act) -> tuple[str, World]:
        matter = self.matters[act.number]
        if matter.state == "staff" and matter.holder == act.name:
            return f"claim {matter.claims - 1}", self._renewed(act.number)
        if matter.state == "staff":
            return "taken", self
        if matter.assigned not in ("", act.name) and matter.until > stamp(self.moment):
            return "assigned", self
        if matter.state == "closed":
            return "closed", self
        claims = matter.claims + 1
        world = self.with_(act.number, state="staff", holder=act.name, claims=claims, assigned="", until="")
        return f"claim {claims - 1}", world._renewed(act.number)

    def _renewed(self, number: str) -> World:
        matter = self.matters[number]
        return self.with_(number, lease=(matter.holder, matter.claims - 1, self.tick + LEASE.total_seconds()))

    def _holds(self, act: Act) -> bool:
        matter = self.matters[act.number]
        return (matter.state, matter.holder, matter.claims - 1) == ("staff", act.name, act.claim)

    def _renew(self, act: Act) -> tuple[str, World]:
        lease = self.matters[act.number].lease
        if lease is None or lease[:2] != (act.name, act.claim) or lease[2] < self.tick:
            return "not_held", self
        return "ok", self.with_(act.number, lease=(act.name, act.claim, self.tick + LEASE.total_seconds()))

    def _say(self, act: Act) -> tuple[str, World]:
        if not self._holds(act):
            return "not_held", self
        spoken = self.matters[act.number].spoken
        if act.once in spoken:
            return "said before", self
        return "said", self.with_(act.number, spoken=spoken | {act.once})._renewed(act.number)

    def _out_of_hand(self, act: Act, **change: Any) -> tuple[str, World]:
        return ("ok", self.with_(act.number, holder="", lease=None, **change)) if self._holds(act) else ("not_held", self)

    def _transfer(self, act: Act) -> tuple[str, World]:
        until = stamp(self.moment + PATIENCE) if act.words else ""
        return self._out_of_hand(act, state="queued", assigned=act.words, until=until)

    def _put_back(self, act: Act) -> tuple[str, World]:
        return self._out_of_hand(act, state="queued")

    def _give_back(self, act: Act) -> tuple[str, World]:
        return self._out_of_hand(act, state="bot", owed=False)

    def _close(self, act: Act) -> tuple[str, World]:
        return self._out_of_hand(act, state="closed", owed=False)

    # Of keepers, and of a start.

    def _keep(self, act: Act) -> tuple[str, World]:
        world = self
        for number, before in self.matters.items():
            matter = before
            if matter.state == "staff" and matter.lease is None:
                matter = replace(matter, lease=(matter.holder, matter.claims - 1, self.tick + LEASE.total_seconds()))
            if matter.lease is not None and matter.lease[2] < self.tick:
                gone = {"state": "queued", "holder": ""} if matter.state == "staff" else {}
                matter = replace(matter, lease=None, **gone)
            if before.state == "queued" and before.assigned and before.until < stamp(self.moment):
                matter = replace(matter, assigned="", until="")
            if before.state == "queued" and not before.assigned and self.waits_in == "message_left":
                matter = replace(matter, state="message_left", owed=True)
            world = replace(world, matters={**world.matters, number: matter})
        return "ok", world

    def _end_idle(self, act: Act) -> tuple[str, World]:
        world = self
        for number, matter in self.matters.items():
            if matter.state == "bot" and stamp(matter.last) < stamp(self.moment - IDLE):
                world = world._closed(number)
        return "ok", world

    def _note(self, act: Act) -> tuple[str, World]:
        """Whoever keeps a note, or watches the limits, needs no turn, and changes nothing of whose it is."""
        return "ok", self

    _escalate = _note

    def _finish_all(self, act: Act) -> tuple[str, World]:
        world = self
        for number, matter in self.matters.items():
            for once, _ in matter.unfinished if matter.state != "closed" else ():
                world = world._finish(Act("ask", number, once=once))[1]
        return "ok", world

    def restarted(self) -> World:
        world = self
        for number, matter in self.matters.items():
            lease = (matter.holder, matter.claims - 1, self.tick + LEASE.total_seconds())
            world = world.with_(number, lease=lease if matter.state == "staff" else None)
        return world


def _owner(state: str) -> str:
    return {"queued": "queue", "message_left": "queue"}.get(state, state)


class Wire(list[str]):
    """Where windows are woken: the last thing of every act, and so the place to die."""

    left = 0

    def append(self, number: str) -> None:
        super().append(number)
        self.left -= 1
        if self.left == 0:
            raise Crash


class Ownership(RuleBasedStateMachine):
    """The real conversation beside the model."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = Path(self.stack.enter_context(_folder()))
        self.office: Office = self.run(self.stack.enter_async_context(office_in(self.folder)))
        self.wire = self.office.woken = Wire()
        self.office.engine.answers[LOST] = EngineTurn("unknown", (Reply("没有找到。"),), handoff="unknown", parsed={"intent": "ask"})
        self.run(restart(self.office))
        office, site = self.office, self.office.site
        self.casework = Casework(office.database, office.journal, office.clock, seal=office.sealer.seal, wake=self.wire.append)
        self.escalation = Escalation(office.database, office.journal, office.clock, site.limits, site.hours, self.wire.append)
        self.world = World({}, self.office.clock.local(), self.office.ticks[-1])
        self.fences: dict[str, list[int]] = {}
        self.courses: dict[str, Course] = {}
        self.counted = 0

    def run(self, work: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await work

        return self.runner.run(awaited())

    def teardown(self) -> None:
        try:
            office = self.office
            # Nothing that was closed is unsealed, and every table is what its journal says.
            key = load_signer(office.folder / "keys").public_key()
            report = self.run(verify(office.journal, office.folder / "archive", key, pause=0))
            assert report.ok, report.text()
        finally:
            self.run(self.stack.aclose())
            self.runner.close()

    # What happens.

    @precondition(lambda self: len(self.world.matters) < MOST)
    @rule()
    def somebody_comes(self) -> None:
        number = self.run(self.office.open())
        self.world = replace(self.world, matters={**self.world.matters, number: Matter(self.world.moment)})
        self.fences[number] = []
        self.compare()

    @precondition(lambda self: self.world.matters)
    @rule(data=st.data())
    def one_acts(self, data: st.DataObject) -> None:
        self.at_once([self.some_act(data)])

    @precondition(lambda self: self.world.matters)
    @rule(data=st.data())
    def a_third_acts(self, data: st.DataObject) -> None:
        self.at_once([self.some_act(data)])

    @precondition(lambda self: self.world.matters)
    @rule(data=st.data())
    def another_acts(self, data: st.DataObject) -> None:
        self.at_once([self.some_act(data)])

    @precondition(lambda self: self.world.matters)
    @rule(data=st.data())
    def some_act_at_once(self, data: st.DataObject) -> None:
        acts = [self.some_act(data) for _ in range(data.draw(st.integers(2, 3)))]
        # Keepers go from one consultation to the next; two of them at once need not come out as one behind the other.
        keeper = data.draw(st.sampled_from(("", "", "keep", "end_idle", "finish_all", "escalate")))
        self.at_once([*acts, *([Act(keeper)] if keeper else [])])

    @rule(what=st.sampled_from(("keep", "keep", "end_idle", "finish_all", "escalate", "")))
    def a_keeper_comes_by(self, what: str) -> None:
        if what:
            self.at_once([Act(what)])
        else:
            self.start_again()

    @rule(seconds=st.sampled_from((1, 20, 59, 61)), minutes=st.sampled_from((0, 0, 0, 5, 14, 31)))
    def time_passes(self, seconds: int, minutes: int) -> None:
        self.pass_by(timedelta(minutes=minutes, seconds=seconds), seconds)

    @precondition(lambda self: any(matter.assigned for matter in self.world.matters.values()))
    @rule()
    def a_colleague_does_not_come(self) -> None:
        self.pass_by(PATIENCE + timedelta(seconds=1), 1)
        self.at_once([Act("keep")])

    @rule()
    def the_office_closes_or_opens(self) -> None:
        """At noon, in the evening, and in the morning, whichever comes next."""
        ahead = (self.world.moment.replace(minute=0, second=0) + timedelta(minutes=30 * half) for half in range(1, 200))
        change = next(moment for moment in ahead if HOURS.is_open(moment) != HOURS.is_open(self.world.moment))
        self.pass_by(change - self.world.moment, 1)
        self.at_once([Act("keep")])

    @precondition(lambda self: self.world.matters)
    @rule(data=st.data(), wakes=st.integers(1, 2))
    def it_dies_in_the_middle(self, data: st.DataObject, wakes: int) -> None:
        act = self.some_act(data)
        self.wire.left = wakes
        try:
            seen = self.run(self.do(act))
        except Crash:
            seen = None
        self.wire.left = 0
        # Whoever died after the first wake had written the citizen's words, and nothing behind them.
        half = act.what == "ask" and wakes == 1
        heard = self.world._hear(act) if half else self.world.after(act)
        told, world = heard if isinstance(heard, tuple) else ("", heard)
        assert seen is None or self.fits([act], [seen], [told]), (act, seen, told)
        self.world = world
        self.counted += 1
        self.start_again()

    # How.

    def start_again(self) -> None:
        self.run(restart(self.office))
        self.world = self.world.restarted()
        self.compare()

    def pass_by(self, span: timedelta, seconds: int) -> None:
        """Let time pass; leases are counted by `seconds`, so that holders may still hold when much of the day has gone."""
        if self.world.moment + span < datetime(2026, 12, 30, tzinfo=ZONE):  # there the calendar ends
            self.office.clock.turn_by(span)
            self.office.ticks.append(self.office.ticks[-1] + seconds)
            self.world = replace(self.world, moment=self.office.clock.local(), tick=self.office.ticks[-1])

    def some_act(self, data: st.DataObject) -> Act:
        """Make up what somebody tries next; what keeps a consultation going, and what is seldom possible, comes more often."""
        number = data.draw(st.sampled_from(sorted(self.world.matters)))
        matter = self.world.matters[number]
        fresh, old = f"m{matter.turns + 1}", f"m{max(matter.turns, 1)}"
        said = {"bot": (ASKS, ASKS, ASKS, LOST, PLAIN, CANCELS, PHONE), "staff": (PLAIN, PLAIN, CANCELS, PHONE), "closed": (PLAIN,)}
        words = said.get(matter.state, (CANCELS, CANCELS, PHONE, PLAIN, ASKS))
        found = [Act("ask", number, words=one, once=fresh) for one in words]
        found += [Act("ask", number, words=PLAIN, once=old), Act("note", number, "li")]
        found += [Act("leave", number)] * (2 if matter.state == "message_left" else matter.turns > 1)
        found += [Act("claim", number, name) for name in STAFF[: 3 if matter.state != "bot" else 1]]
        found += self.acts_of_holder(number, matter) if matter.state == "staff" else []
        # Pages that are still open, of claims that are over or of somebody else.
        stale = {(matter.holder or "wang", max(matter.claims - 2, 0)), ("zhao", matter.claims - 1)} if matter.claims else set()
        found += [Act(what, number, *one, once="s9") for one in sorted(stale) for what in ("say", "close", "renew")]
        return data.draw(st.sampled_from(found))

    @staticmethod
    def acts_of_holder(number: str, matter: Matter) -> list[Act]:
        held = (number, matter.holder, matter.claims - 1)
        found = [Act("say", *held, once=once) for once in (f"s{len(matter.spoken)}", f"s{len(matter.spoken)}", "s0")]
        found += [Act(what, *held) for what in ("renew", "put_back", "put_back", "give_back", "give_back")]
        found += [Act("close", *held)] * (2 * bool(matter.spoken))
        return found + [Act("transfer", *held, words=to) for to in ("", *STAFF) if to != matter.holder]

    async def do(self, act: Act) -> str:
        """Do it in earnest; returns what came of it in the model's words."""
        office, number = self.office, act.number
        held = (number, act.name, self.fences[number][act.claim] if act.claim >= 0 else 0) if number else ()
        ways: dict[str, Callable[[], Awaitable[Any]]] = {
            "ask": lambda: office.turns.say(number, act.words, act.once),
            "leave": lambda: office.consultations.close(number),
            "claim": lambda: office.takeover.claim(number, act.name),
            "renew": lambda: _later(office.takeover.renew, *held),
            "say": lambda: office.takeover.say(*held, "您好", once=act.once),
            "transfer": lambda: office.takeover.transfer(*held, To("" if act.words else "维权援助", act.words), "专业问题"),
            "put_back": lambda: office.takeover.put_back(*held),
            "give_back": lambda: office.takeover.give_back(*held),
            "close": lambda: office.takeover.close(*held, "answered", "已答复"),
            "note": lambda: self.casework.note(number, act.name, "备注"),
            "escalate": self.escalation.watch,
            "keep": office.takeover.keep,
            "end_idle": office.consultations.close_idle,
            "finish_all": office.turns.finish_interrupted,
        }
        try:
            done = await ways[act.what]()
        except CitizenError as error:
            return str(error.code)
        if act.what == "ask":
            return f"{done.owner} {done.status}"
        if act.what == "claim":
            return f"fence {done}"
        return ("said" if done else "said before") if act.what == "say" else "ok"

    def at_once(self, acts: Sequence[Act]) -> None:
        """Let all run at once: it must come out as in one of the orders."""

        async def all_of_them() -> list[str]:
            return await asyncio.gather(*(self.do(act) for act in acts))

        seen = self.run(all_of_them())
        outcomes = []
        for order in permutations(range(len(acts))):
            world, told = self.world, [""] * len(acts)
            for place in order:
                told[place], world = world.after(acts[place])
            outcomes.append((told, world))
        rows = self.rows()
        fitting = [world for told, world in outcomes if self.fits(acts, seen, told) and not self.differs(world, rows)]
        assert fitting, (acts, seen, [(told, self.differs(world, rows)) for told, world in outcomes])
        self.world = fitting[0]
        self.counted += len(acts)
        self.compare(rows)

    def fits(self, acts: Sequence[Act], seen: Sequence[str], told: Sequence[str]) -> bool:
        for act, what, wanted in zip(acts, seen, told, strict=True):
            if wanted.startswith("claim "):
                known, place = self.fences[act.number], int(wanted.removeprefix("claim "))
                fence = int(what.removeprefix("fence ")) if what.startswith("fence ") else 0
                # A claim that there was has its fence; a new one has a higher one than all before.
                if not (fence == known[place] if place < len(known) else fence > max(known, default=0)):
                    return False
            elif what != wanted:
                return False
        return True

    def rows(self) -> dict[str, sqlite3.Row]:
        with closing(sqlite3.connect(self.folder / "zhixun.db")) as store:
            store.row_factory = sqlite3.Row
            query = (
                "SELECT c.*, (SELECT MAX(through) FROM leaves l WHERE l.consultation = c.number) sealed, (SELECT COUNT(*) FROM tasks t "
                "WHERE t.consultation = c.number AND kind = 'callback' AND standing = 'open') owed FROM consultations c"
            )
            return {row["number"]: row for row in store.execute(query)}

    def differs(self, world: World, rows: Mapping[str, sqlite3.Row]) -> list[tuple[Any, ...]]:
        """Return in what the store and the memory differ from the model."""
        found: list[tuple[Any, ...]] = []
        for number, matter in world.matters.items():
            row = rows[number]
            is_held = matter.state == "staff"
            model = (matter.state, matter.holder if is_held else "", matter.assigned, matter.until, matter.turns, int(matter.owed))
            store = tuple(row[name] for name in ("state", "operator", "assigned", "assigned_until", "turns", "owed"))
            if matter.state == "closed":
                # Who had it last no longer matters, but it must be sealed to its last entry.
                model, store = (*model[:1], *model[4:], row["seq"]), (*store[:1], *store[4:], row["sealed"])
            if store != model:
                found.append((number, store, model))
            held = self.office.takeover.holder(number)
            if held != (matter.lease[0] if matter.lease else ""):
                found.append((number, "lease", held, matter.lease))
        return found

    def compare(self, rows: Mapping[str, sqlite3.Row] | None = None) -> None:
        """Compare store, memory and journal with the model, and the journal with the promises; learns the fences of new claims."""
        rows = rows or self.rows()
        assert self.differs(self.world, rows) == []
        for number, entries in stored(self.folder / "zhixun.db", list(self.world.matters)).items():
            course, matter, row = followed(number, entries), self.world.matters[number], rows[number]
            self.courses[number] = course
            assert (course.state, course.fence, course.seq) == (row["state"], row["fence"], row["seq"])
            assert course.holder == (f"staff:{row['operator']}" if row["state"] == "staff" else "")
            assert len(course.unfinished) == len(matter.unfinished)
            # Nobody waits where nobody looks.
            assert row["state"] != "message_left" or row["owed"] == 1
            fences = self.fences[number]
            fences += [row["fence"]] * (matter.claims - len(fences))
            assert fences == sorted(set(fences))
            assert len(fences) == matter.claims == sum(count for (_, new), count in course.moves.items() if new == "staff")


async def _later(act: Callable[..., None], *arguments: Any) -> None:
    act(*arguments)


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(dir=os.environ.get("PYTEST_DEBUG_TEMPROOT"))


def _steps(examples: int, each: int, *phases: Phase) -> dict[str, int]:
    """Run the machine; returns how many acts there were, and which steps from state to state they led to."""
    seen: Counter[str] = Counter()

    class Counted(Ownership):
        def teardown(self) -> None:
            seen["acts"] += self.counted
            for course in self.courses.values():
                seen.update({f"{old} → {new}": count for (old, new), count in course.moves.items()})
            super().teardown()

    # Each example is a store of its own, which takes its time on any machine.
    calm = settings(max_examples=examples, stateful_step_count=each, phases=phases, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Counted, settings=calm)
    return dict(seen)


def test_some_steps_in_any_order() -> None:
    """What fails here is told as it was found; the slow test takes the time to make it short."""
    assert _steps(5, 25, Phase.generate)["acts"] > 50


@pytest.mark.slow
def test_thousands_of_steps_in_any_order() -> None:
    seen = _steps(50, 60, Phase.generate, Phase.shrink)
    assert seen.pop("acts") > 1500
    # Nothing that can happen went untested.
    assert set(seen) == {f"{old} → {new}" for steps in MOVES.values() for old, new in steps}
