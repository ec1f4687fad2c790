"""The staff's group hears of what is new in the queue and of what is overdue, once, and nothing of what citizens said."""

from __future__ import annotations

from datetime import timedelta

from tests.support import Office
from zhixun.desk.escalation import Escalation
from zhixun.group_news import GroupNews


class Group:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    async def queued(self, number: str, reason: str) -> None:
        self.told.append(("queued", number, reason))

    async def overdue(self, number: str, reason: str, minutes: int) -> None:
        self.told.append(("overdue", number, reason, minutes))


async def test_each_change_is_told_once_and_what_waited_before_the_start_is_not(office: Office) -> None:
    before, group = await office.open(), Group()
    await office.turns.say(before, "转人工")
    news = GroupNews(office.database, office.clock, group)
    assert await news.look() == 0
    number = await office.open()
    await office.turns.say(number, "转人工")
    assert [await news.look() for _ in range(3)] == [1, 0, 0]
    escalation = Escalation(office.database, office.journal, office.clock, office.site.limits, office.site.hours, office.woken.append)
    office.clock.turn_by(timedelta(minutes=45))
    assert await escalation.watch() == 2
    assert await news.look() == 2
    asked = "咨询人要求转人工"
    assert group.told == [("queued", number, asked), ("overdue", before, asked, 45), ("overdue", number, asked, 45)]


async def test_who_comes_back_into_the_queue_is_told_of_again(office: Office) -> None:
    group = Group()
    news = GroupNews(office.database, office.clock, group)
    await news.look()
    number = await office.open()
    await office.turns.say(number, "转人工")
    await news.look()
    await office.takeover.claim(number, "wang")
    await news.look()
    row = office.sql("SELECT fence FROM consultations WHERE number = ?", number)
    await office.takeover.put_back(number, "wang", int(str(row[0][0])))
    await news.look()
    assert [kind for kind, *_ in group.told] == ["queued", "queued"]
