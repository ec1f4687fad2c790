"""How staff answer: each figure from what really happened, missing ones as missing, and a mean that gives nobody away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from tests.desk.staffroom import RecordingDaybook
from tests.support import HOURS, NIGHT, OPEN_MOMENT, Office
from zhixun.desk.coverage import Span
from zhixun.desk.quality import LEAST, MEASURES, Agreements, Figures, Quality, mean_of
from zhixun.messages import Event

DAY = Span(date(2026, 11, 20), date(2026, 11, 20))
WEEK = Span(date(2026, 11, 16), date(2026, 11, 29))
FIVE = {"professionalism": 5, "attitude": 3, "content": 4, "quality": 4, "satisfaction": 4}
NOTHING = Figures()


async def _queued(here: Office) -> str:
    number = await here.open()
    await here.turns.say(number, "转人工")
    return number


async def _served(here: Office, who: str, *, after: timedelta = timedelta(minutes=3)) -> str:
    """Have somebody answer twice after a while, and close."""
    number = await _queued(here)
    fence = await here.takeover.claim(number, who)
    here.clock.turn_by(after)
    for once in "12":
        await here.takeover.say(number, who, fence, "答", once=f"{number}{once}")
        here.clock.turn_by(timedelta(minutes=1))
    await here.takeover.close(number, who, fence, "answered", "已答复")
    return number


async def _figures(here: Office, *names: str, span: Span = DAY) -> Mapping[str, Figures]:
    return await Quality(here.database, HOURS).figures(names, span)


async def test_each_figure_is_what_happened(office: Office) -> None:
    first, second = await _served(office, "wang"), await _served(office, "wang", after=timedelta(minutes=6))
    await office.add(first, Event("rated", "citizen", {"scores": FIVE}))
    for mark in ("correct", "wrong"):
        await office.add(second, Event("reviewed", f"staff:{mark}", {"mark": mark, "second": False}, {"words": "看过"}))
    found = await _figures(office, "wang", "li")
    assert found["wang"] == Figures(taken=2, answered=2, minutes=4.5, reviewed=2, correct=50, ended=2, rated=1, rating=4)
    assert found["wang"].unrated == 1
    assert found["li"] == NOTHING


async def test_what_there_is_nothing_to_reckon_from_is_missing_and_no_zero(office: Office) -> None:
    await office.takeover.claim(await _queued(office), "wang")
    (found,) = (await _figures(office, "wang")).values()
    assert (found.taken, found.minutes, found.correct, found.rating) == (1, None, None, None)


async def test_minutes_are_working_minutes_from_the_last_time_a_person_was_asked_for(office: Office) -> None:
    office.clock.turn_to(NIGHT)
    await _served(office, "wang", after=timedelta(days=2, hours=11, minutes=30))
    assert (await _figures(office, "wang", span=WEEK))["wang"].minutes == 30
    office.clock.turn_to(OPEN_MOMENT + timedelta(days=4))
    number = await _queued(office)
    fence = await office.takeover.claim(number, "li")
    await office.takeover.say(number, "li", fence, "答", once="a")
    await office.takeover.give_back(number, "li", fence)
    office.clock.turn_by(timedelta(minutes=20))
    await office.turns.say(number, "转人工")
    office.clock.turn_by(timedelta(minutes=8))
    fence = await office.takeover.claim(number, "li")
    await office.takeover.say(number, "li", fence, "再答", once="b")
    found = (await _figures(office, "li", span=WEEK))["li"]
    assert (found.answered, found.minutes, found.taken) == (2, 4, 1)


async def test_a_span_leaves_out_what_lies_outside(office: Office) -> None:
    number = await _served(office, "wang")
    before = Span(date(2026, 11, 1), date(2026, 11, 19))
    assert (await _figures(office, "wang", span=before))["wang"] == NOTHING
    office.clock.turn_by(timedelta(days=7))
    await office.add(number, Event("reviewed", "staff:rev", {"mark": "correct", "second": False}, {"words": ""}))
    assert (await _figures(office, "wang"))["wang"].reviewed == 0
    assert (await _figures(office, "wang", span=WEEK))["wang"].reviewed == 1


@pytest.mark.parametrize(("subject", "rated"), [({}, 1), ({"subject": "staff"}, 1), ({"subject": "bot"}, 0)])
async def test_a_rating_of_the_program_is_nobody_s(office: Office, subject: dict[str, str], rated: int) -> None:
    await office.add(await _served(office, "wang"), Event("rated", "citizen", {"scores": FIVE, **subject}))
    found = (await _figures(office, "wang"))["wang"]
    assert (found.rated, found.unrated) == (rated, 1 - rated)


def _all(*values: float | None) -> dict[str, Figures]:
    return {f"p{place}": Figures(minutes=value) for place, value in enumerate(values)}


@pytest.mark.parametrize(
    ("values", "open_to", "mean"),
    [
        ((1, 2, 6), (), 3), ((1, 2), (), None), ((1, 2, None), (), None), ((), (), None),
        # With the figures of those who agree, and one's own, the mean would give away those of one or two others.
        ((1, 2, 6), ("p0",), None), ((1, 2, 6), ("p0", "p1"), None), ((1, 2, 6), ("p0", "p1", "p2"), 3),
        ((1, 2, 6, 3), ("p0",), 3), ((1, 2, 6, 3), ("p0", "p1"), None), ((1, 2, 6, None), ("p3",), 3),
    ],
)  # fmt: skip
def test_a_mean_is_of_three_at_least_and_gives_nobody_away(values: tuple[float, ...], open_to: tuple[str, ...], mean: float | None) -> None:
    assert mean_of(_all(*values), "minutes", open_to) == mean


def test_who_took_nothing_over_is_no_cover_for_who_did() -> None:
    assert mean_of({"a": Figures(taken=4), "b": NOTHING, "c": NOTHING}, "taken", ()) is None
    assert mean_of({"a": Figures(taken=4), "b": Figures(taken=1), "c": Figures(taken=1), "d": NOTHING}, "taken", ()) == 2


def test_what_is_reckoned_has_a_name() -> None:
    assert LEAST == 3
    assert all(hasattr(NOTHING, measure) for measure in MEASURES)


async def test_agreeing_and_taking_it_back_hold_at_once_and_are_noted_before(office: Office) -> None:
    daybook = RecordingDaybook()
    agreements = Agreements(office.database, office.clock, daybook)
    assert await agreements.all() == {}
    await agreements.set("wang", agrees=False)
    await agreements.set("wang", agrees=True)
    await agreements.set("wang", agrees=True)
    assert await agreements.all() == {"wang": "2026-11-20T02:00:00.000Z"}
    assert await agreements.since("wang") == "2026-11-20T02:00:00.000Z"
    await agreements.set("wang", agrees=False)
    assert await agreements.since("wang") == ""
    assert daybook.notes == [("figures_shown", "wang", {}), ("figures_hidden", "wang", {})]
