"""What is going on at the end of the demonstration: who waits, who is being answered, and who talks with the program."""

from __future__ import annotations

from zhixun.demo_files import pdf
from zhixun.demo_past import CLERKS
from zhixun.demo_stage import Stage, Story, pick
from zhixun.knowledge.guides.model import GUIDE
from zhixun.messages import PERSON

__all__ = ["now"]

_CHANNEL = "web"
_WALK = f"{GUIDE}dispute-route"
"""The guide that somebody walks through before waiting, and another is in the middle of; left out where there is none."""


def now(stage: Stage) -> list[Story]:
    """Return the stories that have not ended."""
    return [
        _queued(stage, 47), _queued(stage, 4, guide=True), _queued(stage, 1.2, file=True), _assigned(stage, 9),
        _message(stage, 3, 1), _message(stage, 1, 2), _in_hand(stage, 24, CLERKS[0]), _in_hand(stage, 11, CLERKS[1]),
        _talking(stage, 6), _talking(stage, 2, guide=True),
    ]  # fmt: skip


async def _queued(stage: Stage, minutes: float, *, guide: bool = False, file: bool = False) -> Story:
    """Somebody waits, perhaps after a guide or with a file."""
    handed, chosen = stage.moments.before(minutes), stage.knowledge.guides.get(_WALK) if guide else None
    yield stage.moments.before(minutes + 8)
    case = await stage.open("queued", minutes, channel=_CHANNEL)
    if chosen is None:
        await case.asks(stage.question("商标", "queued", minutes))
    else:
        async for moment in case.walks(chosen, stage.filled(chosen, "queued")):
            yield min(moment, handed)
    if file:
        await case.sends(stage.words["letters"], pdf())
    yield handed
    await case.says(PERSON)
    await case.says(pick(stage.words["more"], minutes))


async def _assigned(stage: Stage, minutes: float) -> Story:
    """A consultation was passed on to a colleague, who has not taken it yet."""
    yield stage.moments.before(minutes + 2)
    case = await stage.open("assigned", channel=_CHANNEL)
    await case.asks(stage.question("专利", "assigned"))
    yield stage.moments.before(minutes)
    await case.says(PERSON)
    yield stage.moments.before(minutes - 1)
    fence = await case.claimed(CLERKS[1])
    await case.told(CLERKS[1], fence, pick(stage.words["greetings"], "assigned"))
    yield stage.moments.before(minutes / 2)
    await stage.casework.note(case.number, CLERKS[1], "涉及维权援助，请同事接着看。")
    await case.passed_on(CLERKS[1], fence, CLERKS[0], "涉及维权援助，请接着答。")


async def _message(stage: Stage, days: int, at: int) -> Story:
    """A message was left out of hours, and nobody has answered it yet."""
    yield stage.moments.clock(days, 21, 5 * at)
    case = await stage.open("message", at, channel=_CHANNEL)
    async for moment in case.leaves_message("message", at):
        yield moment


async def _in_hand(stage: Stage, minutes: float, by: str) -> Story:
    """A colleague is answering."""
    yield stage.moments.before(minutes)
    case, question = await stage.open("in hand", by, channel=_CHANNEL), stage.question("", "in hand", by)
    await case.asks(question)
    yield stage.moments.before(minutes * 0.8)
    await case.says(PERSON)
    yield stage.moments.before(minutes * 0.7)
    fence = await case.claimed(by)
    yield stage.moments.before(minutes * 0.6)
    further = pick(stage.understood.near(question) or [question], by)
    await case.says(pick(further.wordings, by))
    await case.told(by, fence, pick(stage.words["asides"], by), further)
    yield stage.moments.before(minutes * 0.1)
    await case.says(pick(stage.words["more"], by))


async def _talking(stage: Stage, minutes: float, *, guide: bool = False) -> Story:
    """Somebody talks with the program, perhaps in the middle of a guide."""
    yield stage.moments.until(minutes)
    case, chosen = await stage.open("talking", minutes, channel=_CHANNEL), stage.knowledge.guides.get(_WALK) if guide else None
    if chosen is None:
        await case.asks(stage.question("", "talking"))
        return
    async for moment in case.walks(chosen, stage.filled(chosen, "talking"), most=2):
        yield moment
