"""WeChat's door under whatever happens in whatever order: every word is answered or carried exactly once, and no count is exceeded."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.channels.wechat_town import FAN, Town
from tests.doubles.wechat import SEND, UNAVAILABLE

STEPS = 24


class Play:
    """Does things to the door, and keeps what has to be seen because of them."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town = town
        self.chance = random.Random(seed)
        self.due: list[str] = []
        self.sent: list[dict[str, str]] = []
        self.fence = 0
        self.count = self.touched = 0

    def steps(self) -> list[Callable[[], Awaitable[None]]]:
        return [self.say, self.say, self.say, self.touch, self.again, self.ask_person, self.staff, self.staff, self.staff,
                self.give_back, self.give_back, self.slow, self.wait, self.long_wait, self.void, self.busy]  # fmt: skip

    async def run(self) -> None:
        await self.say()
        for _ in range(STEPS):
            await self.chance.choice(self.steps())()
        self.town.office.engine.gate.set()
        await self.town.hall.settle()
        for _ in range(12):
            if not self.town.office.sql("SELECT 1 FROM outbox WHERE standing != 'done'"):
                return
            self.town.office.clock.turn_by(timedelta(minutes=11))
            await self.town.hall.settle()
            await self.say()
            await self.town.hall.settle()

    async def say(self, text: str = "") -> None:
        self.count += 1
        words = text or f"问题{self.count:03}号"
        fields = self.town.pusher.message(FAN, "text", Content=words)
        self.town.wechat.opened(FAN, "text")
        self.sent.append(fields)
        await self.town.pusher.deliver(FAN, fields)

    async def touch(self) -> None:
        self.count += 1
        self.touched += 1
        await self.town.pusher.event(FAN, "CLICK", EventKey=f"菜单{self.count:03}号")

    async def again(self) -> None:
        fields = self.chance.choice(self.sent)
        await self.town.pusher.attempt(FAN, *self.town.pusher.wrapped(FAN, fields))

    async def ask_person(self) -> None:
        await self.say("转人工")

    async def staff(self) -> None:
        number = await self.town.number()
        ((state,),) = self.town.office.sql("SELECT state FROM consultations WHERE number=?", number)
        if state in ("queued", "message_left"):
            self.fence = await self.town.office.takeover.claim(number, "wang")
        elif state != "staff":
            return
        self.count += 1
        text = f"人工{self.count:03}号"
        await self.town.office.takeover.say(number, "wang", self.fence, text, once=text)
        self.due.append(text)
        if self.chance.random() < 0.5:
            await self.town.hall.settle()

    async def give_back(self) -> None:
        number = await self.town.number()
        ((state,),) = self.town.office.sql("SELECT state FROM consultations WHERE number=?", number)
        if state == "staff":
            await self.town.office.takeover.give_back(number, "wang", self.fence)

    async def slow(self) -> None:
        gate = self.town.office.engine.gate
        if gate.is_set():
            gate.clear()
        else:
            gate.set()

    async def wait(self) -> None:
        self.town.office.clock.turn_by(timedelta(seconds=self.chance.choice([1, 30, 61])))
        if self.town.office.engine.gate.is_set():
            await self.town.hall.settle()

    async def long_wait(self) -> None:
        self.town.office.clock.turn_by(timedelta(hours=self.chance.choice([3, 47, 49])))

    async def void(self) -> None:
        self.town.wechat.desk.void()

    async def busy(self) -> None:
        self.town.wechat.faults[SEND].append(-1)


@pytest.mark.parametrize("seed", range(8))
async def test_every_word_is_kept_and_seen_exactly_once(hasty: Town, seed: int) -> None:
    play = Play(hasty, seed)
    await play.run()
    ((said,),) = hasty.office.sql("SELECT count(*) FROM journal WHERE kind='said' AND actor='citizen'")
    assert said == len(play.sent) + play.touched
    seen, asked = "\n".join(hasty.seen()), Counter(hasty.office.engine.texts)
    assert {text for text, times in asked.items() if times > 1} == set()
    assert {text: seen.count(f"答：{text}") for text in asked if seen.count(f"答：{text}") != 1} == {}
    assert {text: seen.count(text) for text in play.due if seen.count(text) != 1} == {}
    assert UNAVAILABLE not in seen
    assert hasty.wechat.refused == []
    assert asked
    assert not hasty.office.sql("SELECT 1 FROM outbox WHERE standing != 'done'")
