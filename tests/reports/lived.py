"""Two months of consultations lived through the real rooms, all of them ended and sealed, for reports to be held against."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tests.support import Office, answered, office_in, real_knowledge
from zhixun.archive.erase import erase
from zhixun.archive.index import Index
from zhixun.archive.words import Words
from zhixun.clock import ZONE
from zhixun.conversation.redact import clean
from zhixun.desk.casework import Casework
from zhixun.desk.entries import Draft, Entries
from zhixun.messages import EngineTurn, Event, Reply
from zhixun.names import INDICATORS
from zhixun.referral.slip import Draft as Slip

WORDS = Words(bytes(32))
FIRST, LAST = datetime(2026, 10, 1, 8, tzinfo=ZONE), datetime(2026, 11, 28, 18, tzinfo=ZONE)
STAFF = ("li", "ma")
STATUSES = ("answered", "answered", "clarify", "unknown", "out_of_scope", "degraded", "guide")
_FORM = {"who": "small", "policy": "support", "need": "talk", "matter": "想听政策", "industry": "farming", "district": "huangzhong",
         "consent": "yes", "name": "王芳", "unit": "青稞厂", "phone": "13897123456"}  # fmt: skip

QUESTIONS = 39


@dataclass
class Life:
    """What happens in an office."""

    office: Office
    rng: random.Random

    def __post_init__(self) -> None:
        here = self.office
        # So many however large the knowledge is, or each new question would draw another life.
        self.questions = sorted(real_knowledge().questions)[::14][:QUESTIONS]
        self.agency = next(one for one in real_knowledge().agencies.values() if not one.verified)
        self.casework = Casework(here.database, here.journal, here.clock, seal=here.sealer.seal, wake=here.woken.append)

        def cleaned(text: str) -> tuple[str, tuple[str, ...]]:
            return clean(text).text, clean(text).hidden

        self.entries = Entries(
            here.database, here.journal, here.clock, cleaned, here.book.take, seal=here.sealer.seal, wake=here.woken.append
        )  # fmt: skip

    def later(self, minutes: int) -> None:
        self.office.clock.turn_by(timedelta(minutes=minutes))

    async def one(self, moment: datetime) -> None:
        """Let somebody come at a moment, or later when another one is still being helped."""
        clock = self.office.clock
        clock.turn_to(max(moment, clock.local()))
        what = self.rng.choices((self._asks, self._is_helped, self._calls, self._applies), (10, 5, 2, 1))[0]
        number = await what()
        await self._afterwards(number)

    async def _turns(self) -> str:
        rng, here = self.rng, self.office
        channel = rng.choice(("web", "wechat", "api"))
        number = (await here.consultations.open(channel, rng.choice(("西宁市", "青海省")), consent=True))[1]
        for _ in range(rng.randint(1, 3)):
            status, question = rng.choice(STATUSES), rng.choice(self.questions)
            stages = [{"entity": "stage", "value": rng.choice(("驳回", "申请"))}] if rng.random() < 0.3 else []
            reply = Reply("答", knowledge=(question,) if status == "answered" else ())
            text = f"问{question}{status}{len(stages)}"
            here.engine.answers[text] = EngineTurn(status, (reply,), parsed={"intent": "ask", "confidence": 0.9, "entities": stages})
            await here.turns.say(number, text)
            self.later(1)
        return str(number)

    async def _asks(self) -> str:
        number = await self._turns()
        await self.office.consultations.close(number)
        return number

    async def _is_helped(self) -> str:
        """Somebody asks for a person, at the desk or out of hours; staff come soon, late, or a second time."""
        rng, here = self.rng, self.office
        number = await self._turns()
        for _ in range(rng.choice((1, 1, 1, 2))):
            await here.turns.say(number, "转人工")
            self.later(rng.choice((2, 4, 9, 30, 300)))
            by = rng.choice(STAFF)
            fence = await here.takeover.claim(number, by)
            if rng.random() < 0.9:
                self.later(rng.choice((0, 1, 3)))
                await here.takeover.say(number, by, fence, "您好", once=f"{number}{rng.random()}")
            self.later(rng.choice((5, 40, 40, 900)))
            again = rng.random() < 0.3
            if again:
                await here.takeover.give_back(number, by, fence)
            else:
                await here.takeover.close(number, by, fence, rng.choice(("answered", "no_reply", "visit")), "办好了")
                return number
        await here.consultations.close(number)
        return number

    async def _calls(self) -> str:
        person = self.rng.choice(("person", "small"))
        described = {"user_kind": {"person": "个人", "small": "中小微企业、个体户"}[person], "industry": self.rng.choice(("制造业", "教育"))}
        draft = Draft(self.rng.choice(("phone", "counter")), "西宁市", person, "商标怎么续展", "十年一次", described=described)
        return await self.entries.save(draft, self.rng.choice(STAFF), f"{self.rng.random()}")

    async def _applies(self) -> str:
        values = {**_FORM, "matter": f"想听政策{self.rng.random()}"}
        sent = await self.office.book.submit("policy", values, "西宁市", f"{self.rng.random()}")
        if self.rng.random() < 0.6:
            self.later(30)
            await self.office.book.move(sent.number, self.rng.choice(("accepted", "declined")), "staff:li", note="说明")
        return sent.consultation

    async def _afterwards(self, number: str) -> None:
        """Let it be rated, described, referred, followed up or erased; all of it stands in supplements."""
        rng, here = self.rng, self.office
        if rng.random() < 0.4:
            subject = rng.choice(({}, {"subject": "bot"}, {"subject": "staff"}))
            indicators = list(INDICATORS) if not subject else rng.sample(list(INDICATORS), rng.randint(1, 5))
            scores = {name: rng.randint(1, 5) for name in indicators}
            await here.add(number, Event("rated", "citizen", {"scores": scores, **subject}))
        if rng.random() < 0.3:
            large = {"user_kind": "大型企业", "industry": "采矿业", "district": "城东区"}
            told = rng.choice(({"user_kind": "个人"}, large, {"district": ""}))
            offered = here.site.described.offered
            await self.casework.describe(number, "li", told, offered)
        if rng.random() < 0.15:
            draft = Slip(self.agency.id, (("情况", "侵权"),), ("合同",), "请处理", consent=True, how="口头同意",
                         agency_name="某庭", agency_contact="0971-0000000")  # fmt: skip
            slip = await here.referrals.issue(number, draft, "staff:li")
            if rng.random() < 0.5:
                await here.referrals.move(slip.number, "withdrawn", "staff:li", "不用了")
        if rng.random() < 0.25:
            day = here.clock.today() + timedelta(days=rng.randint(0, 2))
            await self.casework.plan(number, "li", rng.choice(("other", "visit", "mention")), day.isoformat(), "问一问")
            if rng.random() < 0.7:
                (task,) = [one for one in await self.casework.tasks(number) if one.standing == "open" and one.kind != "callback"][:1]
                self.later(rng.choice((30, 30, 30, 60 * 24 * 3)))
                result = rng.choice(("done", "no_answer"))
                again = (here.clock.today() + timedelta(days=2)).isoformat() if result == "no_answer" else ""
                await self.casework.follow_up(number, int(task.id.rpartition("/")[2]), "li", result, "打过了", again)
        if rng.random() < 0.03:
            await erase(here.journal, here.sealer, number, "本人请求")


@asynccontextmanager
async def lived(folder: Path, count: int, seed: int = 11) -> AsyncIterator[Office]:
    """Give an office in which `count` consultations have happened and are all sealed and indexed."""
    rng = random.Random(seed)
    async with office_in(folder) as here:
        here.clock.turn_to(FIRST)
        life = Life(here, rng)
        here.engine.answers["转人工"] = answered("好")
        minutes = int((LAST - FIRST).total_seconds() // 60)
        for at in sorted(rng.randrange(minutes) for _ in range(count)):
            await life.one(FIRST + timedelta(minutes=at))
        await here.sealer.seal_pending()
        index = Index(here.journal, here.folder / "archive", real_knowledge().facets, WORDS)
        while await index.catch_up():
            pass
        yield here
